#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/disk_faults_test_support.h"
#include "ledger/sqlite/faulty_disk_test_support.h"
#include "ledger/sqlite/sqlite_ledger.h"

namespace trawl::power_cuts_test {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;
using test::commit;
using test::DiskFaults;
using test::Executions;
using test::FaultyDisk;
using test::finished;
using test::History;
using test::imported;
using test::judge;
using test::kBig;
using test::patience;
using test::prune;
using test::recover;
using test::remove_failed;
using test::remove_namespace;
using test::started;
using test::Step;
using test::write_old_ledger;

// One after the other, as far as they succeed.
Step both(const Step& first, const Step& second) {
  return {first.name + " and " + second.name,
          [first, second](Ledger& ledger) -> Result<void> {
            TRAWL_TRY(first.run(ledger));
            return second.run(ledger);
          }};
}

struct Loss {
  std::uint64_t cuts = 0;
  std::uint64_t acknowledged = 0;  // Calls, in all lives.
  std::uint64_t bad = 0;           // Cuts after which something was lost or damaged.
  std::string first;               // What, the first time.
};

// Lives a random life in `directory` until the power is cut, and puts what is left of the
// files into `remains`.
void live_until_the_cut(const std::string& directory, const std::string& remains,
                        History& history, Executions& make, std::mt19937_64& random,
                        FaultyDisk::Durability durability) {
  const std::string path = directory + "/ledger.db";
  FaultyDisk disk(durability);
  // Often early, where files are made and logs begin.
  const std::uint64_t cut = 1 + random() % (random() % 3 == 0 ? 150 : 1'500);
  disk.cut_power_at(cut);
  if (random() % 4 == 0) {
    const std::uint64_t fault = 1 + random() % cut;
    disk.fail(fault, fault);
  }
  // On a thread of its own in every second life, as in the server.
  const bool two_threads = random() % 2 == 0;
  std::deque<Execution> running;
  while (!disk.power_is_cut()) {
    auto ledger = open_sqlite_ledger(path);
    if (!ledger) continue;  // For a single failure; a cut ends the loop.
    // A recovery without room on the disk, which this ledger's next commit does first.
    std::optional<Step> late;
    std::atomic<bool> stop = false;
    std::thread maintainer;
    if (two_threads) {
      maintainer = std::thread([&] {
        while (!stop) {
          (*ledger)->maintain();
          std::this_thread::yield();
        }
      });
    }
    for (auto n = 1 + random() % 60; n > 0 && !disk.power_is_cut(); --n) {
      Step step;
      switch (random() % 16) {
        case 0:
          step = remove_failed(static_cast<std::uint32_t>(1 + random() % 5));
          break;
        case 1:
          step = prune(10 + random() % 40, static_cast<std::uint32_t>(1 + random() % 20));
          break;
        case 2:
          step = random() % 4 == 0 ? remove_namespace(kBig) : recover();
          break;
        case 3:
        case 4:
          if (!two_threads) {
            for (auto turns = random() % 5; turns > 0; --turns) (*ledger)->maintain();
          }
          continue;
        default: {
          std::vector<LedgerWrite> writes;
          for (auto size = 1 + random() % (random() % 4 == 0 ? 20 : 3); size > 0; --size) {
            const auto kind = random() % 4;
            if (kind == 0) {
              running.push_back(make.next());
              writes.push_back(started(running.back()));
            } else if (kind == 1 && !running.empty()) {
              writes.push_back(finished(running.front()));
              running.pop_front();
            } else {
              writes.push_back(kind == 2 ? imported(make.next()) : finished(make.next()));
            }
          }
          step = commit(std::move(writes));
        }
      }
      const auto before = disk.operations();
      const bool commits = step.name.starts_with("commit");
      const bool recovers = step.name == "recover";
      const auto done = step.run(**ledger);
      const bool wrote = disk.operations() > before && !two_threads;
      if (late && commits) {
        if (done) {
          history.acknowledge(*std::exchange(late, std::nullopt), wrote);
        } else {
          history.refuse(both(*late, step));
        }
      }
      if (recovers) {
        const bool is_full = !done && done.error().code == ErrorCode::cannot_store;
        late = is_full ? std::optional(step) : std::nullopt;
      }
      if (done) {
        history.acknowledge(std::move(step), wrote);
      } else {
        history.refuse(std::move(step));
      }
    }
    stop = true;
    if (maintainer.joinable()) maintainer.join();
    // Sometimes the power goes just when all is calm; otherwise this is a clean stop.
    if (random() % 4 == 0) disk.cut_power_at(disk.operations());
    ledger = make_error(ErrorCode::internal, "closed");
  }
  disk.write_remains(random, remains);
  // The index of the log is shared memory: after a power cut it holds anything.
  if (random() % 2 == 0) {
    std::ofstream(remains + "/ledger.db-shm", std::ios::binary) << make.noise(32'768);
  }
}

// Cuts the power again and again; each history goes through up to three cuts, some of them
// while it recovers from the one before.
Loss cut_power(std::mt19937_64& random, std::chrono::milliseconds time,
               FaultyDisk::Durability durability) {
  const auto until = steady_clock::now() + time;
  Loss loss;
  const test::ScratchDirectory old;
  fs::create_directory(old.file("data"));
  History old_history;
  Executions make(random());
  write_old_ledger(old.file("data"), old_history, make);
  while (steady_clock::now() < until || loss.cuts < 15) {
    const test::ScratchDirectory directory;
    std::string data = directory.file("0");
    History history;
    if (random() % 4 == 0) {
      fs::copy(old.file("data"), data);
      history = old_history;
    } else {
      fs::create_directory(data);
    }
    for (int i = 1; i <= 3; ++i) {
      const std::string remains = directory.file(std::to_string(i));
      fs::create_directory(remains);
      ++loss.cuts;
      std::string wrong;
      try {
        live_until_the_cut(data, remains, history, make, random, durability);
        wrong = judge(remains, history);
      } catch (const std::exception& thrown) {
        // What an earlier cut damaged may be noticed at any call.
        wrong = fmt::format("a call failed: {}", thrown.what());
      }
      if (!wrong.empty()) {
        if (loss.bad == 0) loss.first = wrong;
        ++loss.bad;
        break;
      }
      data = remains;
    }
    loss.acknowledged += history.size();
  }
  return loss;
}

TEST_F(DiskFaults, PowerCutsLoseNothingThatWasAcknowledged) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  const Loss loss = cut_power(random, patience(15), FaultyDisk::Durability::full);
  std::cout << loss.cuts << " power cuts after " << loss.acknowledged << " calls\n";
  EXPECT_EQ(loss.bad, 0u) << loss.first;
  EXPECT_GT(loss.cuts, 10u);
  EXPECT_GT(loss.acknowledged, loss.cuts);
}

// Goal: the test above would notice a ledger that does not wait for the disk. Method: skip
// the syncs that SQLite leaves out with synchronous=NORMAL, and with OFF.
TEST_F(DiskFaults, PowerCutsAreNoticedWhereSyncsAreSkipped) {
  SCOPED_TRACE(fmt::format("seed {}", seed()));
  std::mt19937_64 random(seed());
  for (const auto durability :
       {FaultyDisk::Durability::main_file, FaultyDisk::Durability::none}) {
    const Loss loss = cut_power(random, std::chrono::seconds(2), durability);
    std::cout << loss.bad << " of " << loss.cuts
              << " power cuts lost something: " << loss.first.substr(0, 100) << '\n';
    EXPECT_GT(loss.bad, 0u);
  }
}

}  // namespace
}  // namespace trawl::power_cuts_test
