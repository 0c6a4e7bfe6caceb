#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "history.h"

// The commands of ledger_bench, one file each. They report on standard output.
namespace trawl::bench {

struct FillOptions {
  std::string directory;
  HistoryShape shape;
  std::size_t batch = 64;  // Executions in a commit, as the recorder's.
};
// Fills a folder without a ledger with a generated history: how fast, and how large.
Result<void> fill(const FillOptions& options);

struct ReadOptions {
  std::string directory;
  std::string sqlite;    // File of the plain SQLite peer; empty: without.
  std::string postgres;  // Connection to the PostgreSQL peer; empty: without.
  int rounds = 5;
  std::string only;      // One question alone; empty: all.
  double seconds = 0.1;  // For one question to one store in one round, about.
};
// Asks every store every question, round by round.
Result<void> read(const ReadOptions& options);

struct RecordOptions {
  std::string directory;
  int writers = 1;  // Executions that wait for their record at the same time.
  double seconds = 2;
  // Leaves so many executions running and works until it is killed.
  int leave_running = 0;
};
// Records through the Recorder as fast as it goes, with a list now and then.
Result<void> record(const RecordOptions& options);

struct OpenOptions {
  std::string directory;
  bool cold = false;  // Asks the system to forget the file first.
};
// How long it takes until the first list is answered.
Result<void> open_history(const OpenOptions& options);

// Serves the file's bytes in reply to every POST /, with the server's own HTTP, until
// SIGTERM or SIGINT.
Result<void> serve_bytes(const std::string& path);

// The questions that read() asks, `count` of each kind, to be asked in another way.
Result<void> print_questions(const std::string& directory, std::size_t count);

}  // namespace trawl::bench
