#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sqlite/connection.h"

// Whether a history is what it says it is: every figure that is kept beside the rows is
// held against the rows themselves.
namespace trawl::sqlite {

struct CheckProblem {
  std::string part;     // records, contents, rollups, definitions, row groups, terms
  std::string message;  // What is wrong, and where.
  std::optional<std::int64_t> group = {};  // The row group whose columns it is about.
};

struct CheckOptions {
  // Reads every record, and every column of closed row groups.
  bool thorough = true;
  // Executions whose words are looked up in the index of terms, drawn at random.
  std::uint32_t samples = 200;
  std::uint64_t seed = 0;
  // Problems of one part that are listed; the rest are only counted.
  std::size_t problems_max = 20;
};

struct CheckReport {
  std::vector<CheckProblem> problems;
  std::uint64_t problem_count = 0;  // With those that are not listed.
  std::vector<std::string> notes;   // What was left out, and why.
  std::uint64_t executions = 0;
  std::uint64_t open_groups = 0;
  std::uint64_t closed_groups = 0;
  std::uint64_t pending_terms = 0;
  std::uint64_t samples = 0;
};

// What is being looked at, and how far that is.
using CheckProgress =
    std::function<void(std::string_view doing, std::uint64_t done, std::uint64_t total)>;

// Works while others write: each comparison is a read transaction of its own. Reads only.
// What cannot be read is a problem, not an error.
CheckReport check_ledger(Connection& connection, const CheckOptions& options,
                         const CheckProgress& progress);

// Whether the index of terms holds together. Nothing changes, but SQLite offers this to
// writers alone: no server may use the file meanwhile.
//   storage      it does not
Result<void> check_terms_index(Connection& writer);

// The executions of all namespaces that were not removed, as counted by the rollups.
Result<std::uint64_t> count_all_executions(Connection& connection);

}  // namespace trawl::sqlite
