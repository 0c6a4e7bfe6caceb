#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace trawl::app {

struct DoctorReport {
  struct Problem {
    std::string file;
    std::string part;     // Of the file.
    std::string message;  // What is wrong, and where.
    std::string remedy;
  };
  struct Table {
    std::string name;  // Of a table or an index.
    std::uint64_t bytes = 0;
  };
  struct File {
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t log_bytes = 0;  // Of the write-ahead log next to it.
    std::uint64_t page_bytes = 0;
    std::uint64_t pages = 0;
    std::uint64_t free_pages = 0;
    std::vector<Table> tables;  // Largest first; empty where they were not measured.
  };

  bool server_running = false;
  std::vector<Problem> problems;
  std::uint64_t problem_count = 0;  // With those that are not listed.
  std::vector<std::string> notes;   // What was left out, and why.
  std::vector<File> files;
  std::uint64_t executions = 0;
  double bytes_per_execution = 0;  // Of ledger.db without its free pages; 0 without any.
  std::uint64_t open_groups = 0;
  std::uint64_t closed_groups = 0;
  std::uint64_t pending_terms = 0;
  // Replaced and deleted documents that are kept for older versions.
  std::uint64_t superseded_documents = 0;
  std::uint64_t superseded_bytes = 0;
  std::optional<TimeUs> oldest_version_at;  // When the oldest that they serve was written.
  std::optional<TimeUs> versions_cut_at;    // When some last went for want of room.
  std::uint64_t samples = 0;         // Executions that were looked up by their words.
  std::vector<std::string> repairs;  // What repair() did before.
};

// `total` is 0 where nobody knows.
using DoctorProgress =
    std::function<void(std::string_view doing, std::uint64_t done, std::uint64_t total)>;

// Checks a data directory, whether a server runs on it or not, and changes nothing in it.
// `quick` leaves out what reads every page and every record. What is wrong with the data is
// in the report, and not an error.
//   not_found  there is no data directory
Result<DoctorReport> examine(const std::string& data_dir, bool quick,
                             const DoctorProgress& progress);

// Rebuilds what the rows can tell, and removes history of namespaces that do not exist.
// Returns what was done, one sentence each; nothing where all was well.
//   not_found    there is no data directory
//   unavailable  a server runs on it
//   storage      a newer version of this program wrote it, a database lacks its log, or the
//                disk refused; what was committed before stays
Result<std::vector<std::string>> repair(const std::string& data_dir,
                                        const DoctorProgress& progress);

}  // namespace trawl::app
