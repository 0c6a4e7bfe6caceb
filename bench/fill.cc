#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "commands.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "measure.h"
#include "sqlite/connection.h"

namespace trawl::bench {
namespace {

struct Batch {
  std::vector<LedgerWrite> writes;
  std::uint64_t input_bytes = 0;
};

Batch make_batch(const Ledger& ledger, const ExecutionGenerator& generator,
                 std::uint64_t begin, std::uint64_t end) {
  Batch out;
  for (std::uint64_t number = begin; number < end; ++number) {
    out.writes.push_back({LedgerWrite::Kind::finished, generator.make(number)});
    ledger.prepare(out.writes.back());
    out.input_bytes += out.writes.back().execution.inputs.value_or("").size();
  }
  return out;
}

// Bytes of every file of the ledger: the database and its log.
std::uint64_t bytes_on_disk(const std::string& directory) {
  std::uint64_t out = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename().string().starts_with("ledger")) out += entry.file_size();
  }
  return out;
}

// What each table and index takes, where SQLite was built to know.
json::object bytes_by_table(const std::string& path) {
  json::object out;
  auto connection = sqlite::Connection::open(path);
  if (!connection) return out;
  const auto page_size = (*connection)->integer("PRAGMA page_size");
  // Of an aggregate, pageno is the number of pages. (Its pgsize has 32 bits.)
  auto select = (*connection)
                    ->prepare(
                        "SELECT name, pageno FROM dbstat WHERE aggregate = TRUE ORDER BY "
                        "pageno DESC");
  if (!page_size || !select) return out;
  while (true) {
    const auto found = select->step();
    if (!found || !*found) return out;
    out[select->string(0)] = select->integer(1) * *page_size;
  }
}

}  // namespace

Result<void> fill(const FillOptions& options) {
  History history{options.directory, options.shape};
  history.next = options.shape.count;
  std::filesystem::create_directories(options.directory);
  if (std::filesystem::exists(history.ledger_path() + "-wal") ||
      bytes_on_disk(options.directory) > 1'000'000) {
    return make_error(ErrorCode::already_exists,
                      fmt::format("{} holds a history already; remove it or name another "
                                  "folder",
                                  options.directory));
  }
  const ExecutionGenerator generator(options.shape);
  TRAWL_ASSIGN(auto ledger, open_sqlite_ledger(history.ledger_path()));
  TRAWL_TRY(ledger->recover());

  // As the recorder's second thread does.
  std::atomic<bool> filled{false};
  std::thread maintainer([&] {
    while (!filled) {
      const bool more = ledger->maintain();
      std::this_thread::sleep_for(std::chrono::milliseconds(more ? 1 : 100));
    }
  });

  const std::uint64_t count = options.shape.count;
  std::uint64_t input_bytes = 0;
  double commit_us = 0;
  Result<void> outcome;
  const auto start = Stopwatch::now();
  auto next_progress = start + std::chrono::seconds(10);
  // The next batch is made while this one is written.
  const auto prepare = [&](std::uint64_t begin) {
    return std::async(std::launch::async, make_batch, std::cref(*ledger),
                      std::cref(generator), begin,
                      std::min<std::uint64_t>(begin + options.batch, count));
  };
  auto coming = prepare(0);
  for (std::uint64_t begin = 0; begin < count; begin += options.batch) {
    Batch batch = coming.get();
    coming = prepare(std::min<std::uint64_t>(begin + options.batch, count));
    input_bytes += batch.input_bytes;
    const auto before = Stopwatch::now();
    if (auto written = ledger->append(batch.writes); !written) {
      outcome = std::move(written).error();
      break;
    }
    commit_us += micros_since(before);
    if (Stopwatch::now() >= next_progress) {
      next_progress += std::chrono::seconds(10);
      progress(fmt::format("  {} of {} executions, {:.0f}/s", begin, count,
                           static_cast<double>(begin) / micros_since(start) * 1e6));
    }
  }
  const double total_us = micros_since(start);
  coming.wait();
  filled = true;
  maintainer.join();
  TRAWL_TRY(std::move(outcome));
  const auto end = Stopwatch::now();
  while (ledger->maintain()) {
  }
  const double index_us = micros_since(end);
  ledger.reset();  // The last connection moves the rest of the log into the file.
  TRAWL_TRY(save_history(history));

  const auto per_execution = [&](std::uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(count);
  };
  const std::uint64_t bytes = bytes_on_disk(options.directory);
  emit({{"bench", "fill"},
        {"count", count},
        {"seconds", total_us / 1e6},
        {"seconds_to_index", index_us / 1e6},
        {"per_second", static_cast<double>(count) / total_us * 1e6},
        {"per_second_in_commit", static_cast<double>(count) / commit_us * 1e6},
        {"bytes", bytes},
        {"bytes_per_execution", per_execution(bytes)},
        {"input_bytes_per_execution", per_execution(input_bytes)},
        {"bytes_beyond_inputs", per_execution(bytes) - per_execution(input_bytes)},
        {"tables", bytes_by_table(history.ledger_path())}});
  return {};
}

}  // namespace trawl::bench
