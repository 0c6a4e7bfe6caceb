#include "pipeline/external_calls.h"

#include <fmt/format.h>

#include <exception>

#include "base/clock.h"
#include "base/hash.h"

namespace trawl {

Result<std::string> ExternalCalls::ask(const Provider& provider,
                                       const std::string& question) {
  const Key key{provider.name(), sha256_hex(question)};
  {
    MutexLock lock(mutex_);
    const auto [at, first] = asked_.try_emplace(key);
    if (!first) {
      // The one who asks comes to an end: its provider keeps to the same deadline.
      while (!at->second.answer) answered_.wait(lock);
      return *at->second.answer;
    }
    at->second.place = calls_.size();
    ExternalCall& call = calls_.emplace_back();
    call.provider = key.first;
    call.request_sha256 = key.second;
    call.start_offset_us = monotonic_us() - run_began_us_;
  }
  Result<std::string> answer =
      make_error(ErrorCode::internal, "the question was not asked");
  const auto note = [&] {
    const MutexLock lock(mutex_);
    Asked& asked = asked_.at(key);
    ExternalCall& call = calls_[asked.place];
    call.duration_us = monotonic_us() - run_began_us_ - call.start_offset_us;
    if (answer) {
      call.answer_sha256 = sha256_hex(*answer);
      call.answer_bytes = static_cast<std::int64_t>(answer->size());
      call.answer_kept = room_.take(answer->size());
      if (call.answer_kept) call.answer = *answer;
    } else {
      call.error = answer.error().message;
      call.error_code = error_code_name(answer.error().code);
    }
    asked.answer = answer;
    answered_.notify_all();
  };
  try {
    answer = find_answer(provider, question, key);
  } catch (const std::exception& thrown) {
    // Those who wait for the answer must not wait for ever.
    answer = make_error(ErrorCode::internal,
                        fmt::format("the provider '{}' failed", key.first), thrown.what());
    note();
    throw;
  }
  note();
  return answer;
}

Result<std::string> ExternalCalls::find_answer(const Provider& provider,
                                               const std::string& question,
                                               const Key& key) const {
  if (source_ == Externals::fail) {
    return make_error(
        ErrorCode::unavailable,
        fmt::format("this replay asks nobody, so '{}' was not asked", key.first));
  }
  if (source_ == Externals::live) return provider.ask(question, context_);
  static const std::vector<ExternalCall> kNone;
  for (const ExternalCall& call : recorded_ == nullptr ? kNone : *recorded_) {
    if (call.provider != key.first || call.request_sha256 != key.second) continue;
    if (call.error) {
      return make_error(error_code_of(call.error_code.value_or("")), *call.error);
    }
    if (call.answer) return *call.answer;
    return make_error(
        ErrorCode::unavailable,
        fmt::format(
            "what '{}' answered then, {} bytes, was not kept; replay with externals "
            "live to ask it again",
            key.first, call.answer_bytes));
  }
  return make_error(ErrorCode::unavailable,
                    fmt::format("'{}' was not asked this then; replay with externals live "
                                "to ask it now",
                                key.first));
}

std::vector<ExternalCall> ExternalCalls::take() {
  const MutexLock lock(mutex_);
  return std::move(calls_);
}

}  // namespace trawl
