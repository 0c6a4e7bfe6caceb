#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "commands.h"
#include "ledger/record/recorder.h"
#include "ledger/rendered.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "measure.h"

namespace trawl::bench {
namespace {

constexpr std::size_t kTemplates = 2'000;
constexpr int kDriversMax = 4;
constexpr auto kListPause = std::chrono::milliseconds(5);

// What the disk takes to keep 4 KiB: the price that group commit shares.
double fsync_p50_us(const std::string& directory) {
  const std::string path = directory + "/fsync.probe";
  const int file = open(path.c_str(), O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return 0;
  const std::string page(4096, 'x');
  Latencies latencies;
  for (int i = 0; i < 200; ++i) {
    const auto before = Stopwatch::now();
    const bool written = pwrite(file, page.data(), page.size(), (i % 16) * 4096) == 4096;
    if (!written || fdatasync(file) != 0) break;
    latencies.add(micros_since(before));
  }
  close(file);
  unlink(path.c_str());
  return latencies.at(0.5);
}

// Executions to record. Making one takes longer than recording it should, so they
// are copies of a few with ids and times of their own.
class Source {
 public:
  Source(const ExecutionGenerator& generator, std::uint64_t next)
      : generator_(generator), next_(next) {
    for (std::size_t i = 0; i < kTemplates; ++i) {
      templates_.push_back(generator.make(next + i));
    }
  }
  Execution take() {
    const std::uint64_t number = next_++;
    Execution execution = templates_[number % templates_.size()];
    execution.summary.timestamp = generator_.time_of(number);
    execution.summary.execution_id = generator_.id_of(number);
    return execution;
  }
  std::uint64_t next() const { return next_; }

 private:
  const ExecutionGenerator& generator_;
  std::vector<Execution> templates_;
  std::atomic<std::uint64_t> next_;
};

// Drives a fixed number of executions that are under way at a time. A few threads do it
// for all of them, as the server's workers do.
class Load {
 public:
  Load(Recorder& recorder, Source& source, int writers)
      : recorder_(recorder), source_(source), idle_(writers) {}

  // Until `stop` is true and what was begun has ended.
  void run(const std::atomic<bool>& stop, int writers) {
    std::vector<std::thread> drivers;
    for (int i = 0; i < std::min(writers, kDriversMax); ++i) {
      drivers.emplace_back([&] {
        while (take_writer(stop)) begin_one();
      });
    }
    for (auto& driver : drivers) driver.join();
    recorder_.flush();
  }

  std::uint64_t acknowledged() const { return acknowledged_; }
  std::uint64_t refused() const { return refused_; }
  Latencies latencies;  // From finish() to its Done. Read it after run().

 private:
  bool take_writer(const std::atomic<bool>& stop) {
    std::unique_lock lock(mutex_);
    // Nobody announces the stop.
    while (idle_ == 0 && !stop) ready_.wait_for(lock, std::chrono::milliseconds(10));
    if (stop) return false;
    --idle_;
    return true;
  }

  void begin_one() {
    auto ticket = recorder_.admit();
    Execution execution = source_.take();
    if (!ticket) {
      give_back();
      return;
    }
    // The start knows nothing of the stages yet.
    Execution started;
    started.namespace_id = execution.namespace_id;
    started.summary.execution_id = execution.summary.execution_id;
    started.summary.timestamp = execution.summary.timestamp;
    started.pipeline = execution.pipeline;
    started.inputs = execution.inputs;
    recorder_.start(*ticket, std::move(started));
    const auto before = Stopwatch::now();
    recorder_.finish(std::move(*ticket), std::move(execution),
                     [this, before](const AppendOutcome& recorded) {
                       const double us = micros_since(before);
                       // All on the writer's thread.
                       if (recorded && *recorded == Appended::written) {
                         ++acknowledged_;
                         latencies.add(us);
                       } else {
                         ++refused_;
                       }
                       give_back();
                     });
  }

  void give_back() {
    {
      const std::lock_guard lock(mutex_);
      ++idle_;
    }
    ready_.notify_one();
  }

  Recorder& recorder_;
  Source& source_;
  std::mutex mutex_;
  std::condition_variable ready_;
  int idle_;  // Writers that wait for nothing. Guarded by mutex_.
  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<std::uint64_t> refused_{0};
};

// Lists the first page now and then until told to stop.
Latencies list_until(const Ledger& ledger, const NamespaceId& ns,
                     const std::atomic<bool>& stop) {
  ExecutionFilter filter;
  filter.namespace_id = ns;
  Latencies latencies;
  while (!stop) {
    const auto before = Stopwatch::now();
    must(list_json(ledger, filter, {}));
    latencies.add(micros_since(before));
    std::this_thread::sleep_for(kListPause);
  }
  return latencies;
}

void sleep_seconds(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace

Result<void> record(const RecordOptions& options) {
  TRAWL_ASSIGN(History history, load_history(options.directory));
  const ExecutionGenerator generator(history.shape);
  Source source(generator, history.next);
  // However this ends, the next run uses other ids.
  history.next += 1'000'000;
  TRAWL_TRY(save_history(history));

  TRAWL_ASSIGN(auto ledger, open_sqlite_ledger(history.ledger_path()));
  TRAWL_TRY(ledger->recover());
  std::vector<LedgerWrite> running;
  for (int i = 0; i < options.leave_running; ++i) {
    running.push_back({LedgerWrite::Kind::started, source.take()});
  }
  if (!running.empty()) TRAWL_TRY(ledger->append(running));

  const double fsync_us = fsync_p50_us(options.directory);
  const NamespaceId ns(history.shape.namespaces.front());
  std::atomic<bool> stop{false};
  Latencies list_idle, list_busy;
  std::thread lister([&] { list_idle = list_until(*ledger, ns, stop); });
  sleep_seconds(std::min(1.0, options.seconds / 2));
  stop = true;
  lister.join();

  stop = false;
  Recorder recorder(*ledger, {});
  Load load(recorder, source, options.writers);
  const auto start = Stopwatch::now();
  std::thread driver([&] { load.run(stop, options.writers); });
  lister = std::thread([&] { list_busy = list_until(*ledger, ns, stop); });
  do {
    sleep_seconds(options.seconds);
  } while (options.leave_running > 0);
  stop = true;
  driver.join();
  const double seconds = micros_since(start) / 1e6;
  lister.join();
  const auto metrics = recorder.metrics();
  recorder.stop();

  const auto acknowledged = static_cast<double>(load.acknowledged());
  json::object report{
      {"bench", "record"},
      {"writers", options.writers},
      {"seconds", seconds},
      {"acknowledged", load.acknowledged()},
      {"refused", load.refused()},
      {"per_second", acknowledged / seconds},
      {"commits", metrics.commits},
      {"commits_per_execution",
       acknowledged > 0 ? static_cast<double>(metrics.commits) / acknowledged : 0},
      {"fsync_p50_us", fsync_us}};
  load.latencies.report(report);
  list_idle.report(report, "list_idle_");
  list_busy.report(report, "list_busy_");
  emit(report);
  history.next = source.next();
  return save_history(history);
}

Result<void> open_history(const OpenOptions& options) {
  TRAWL_ASSIGN(const History history, load_history(options.directory));
  if (options.cold) {
    for (const char* suffix : {"", "-wal"}) {
      const int file = open((history.ledger_path() + suffix).c_str(), O_RDONLY | O_CLOEXEC);
      if (file < 0) continue;
      (void)fdatasync(file);
      (void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
      close(file);
    }
  }
  const auto start = Stopwatch::now();
  TRAWL_ASSIGN(auto ledger, open_sqlite_ledger(history.ledger_path()));
  const double open_us = micros_since(start);
  TRAWL_ASSIGN(const std::uint64_t interrupted, ledger->recover());
  const double recover_us = micros_since(start) - open_us;
  ExecutionFilter filter;
  filter.namespace_id = NamespaceId(history.shape.namespaces.front());
  TRAWL_TRY(list_json(*ledger, filter, {}));
  emit({{"bench", "open"},
        {"cold", options.cold},
        {"interrupted", interrupted},
        {"open_ms", open_us / 1000},
        {"recover_ms", recover_us / 1000},
        {"until_first_list_ms", micros_since(start) / 1000}});
  return {};
}

}  // namespace trawl::bench
