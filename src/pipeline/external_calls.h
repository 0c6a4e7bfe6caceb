#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "model/execution.h"
#include "providers/provider.h"

namespace trawl {

// Where a replay takes what providers answered.
enum class Externals {
  recorded,  // From the record; what is not there is an error.
  live,      // From the providers, as a new run would.
  fail,      // Nowhere: every question is an error.
};

// How much of the answers of a run is kept. Shared by its stages. Thread-safe.
class AnswerRoom {
 public:
  AnswerRoom(std::size_t one_max, std::size_t all_max)
      : one_max_(one_max), left_(all_max) {}
  // Whether an answer of that size is kept, which takes its room.
  bool take(std::size_t bytes) {
    if (bytes > one_max_) return false;
    const MutexLock lock(mutex_);
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }

 private:
  const std::size_t one_max_;
  mutable Mutex mutex_;
  std::size_t left_ TRAWL_GUARDED_BY(mutex_);
};

// What one stage of a run asks of providers, each answer noted for the record. Thread-safe.
class ExternalCalls {
 public:
  // `recorded` are the calls of the same stage in the run that is replayed, with their
  // answers; null where it had none, and outside of replays, which are `live`. It and
  // `room` must outlive this.
  ExternalCalls(AskContext context, std::int64_t run_began_us, AnswerRoom& room,
                Externals source, const std::vector<ExternalCall>* recorded)
      : context_(std::move(context)),
        run_began_us_(run_began_us),
        room_(room),
        source_(source),
        recorded_(recorded) {}

  // The answer of a provider. Within a stage the same question is asked once: who asks it
  // again waits for the first answer and is given it, so that a replay, which knows
  // questions and answers, gives each asker what the run gave it.
  //   errors of Provider::ask(); in a replay also
  //   unavailable  the answer was not recorded, or questions are to fail
  Result<std::string> ask(const Provider& provider, const std::string& question);

  // What was asked, in the order of its beginning.
  std::vector<ExternalCall> take();

 private:
  struct Asked {
    std::size_t place = 0;  // In calls_.
    std::optional<Result<std::string>> answer;
  };
  using Key = std::pair<std::string, std::string>;  // Provider, SHA-256 of the question.

  Result<std::string> find_answer(const Provider& provider, const std::string& question,
                                  const Key& key) const;

  const AskContext context_;
  const std::int64_t run_began_us_;
  AnswerRoom& room_;
  const Externals source_;
  const std::vector<ExternalCall>* const recorded_;
  Mutex mutex_;
  CondVar answered_;
  std::map<Key, Asked> asked_ TRAWL_GUARDED_BY(mutex_);
  std::vector<ExternalCall> calls_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl
