#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/mode_kind.h"
#include "sqlite/connection.h"

// What lists of some modes leave out of a history in which executions descend from others.
// Within the caller's read transaction.
namespace trawl::sqlite {

// How the rows of some kinds of mode are told by the word of their mode. Plain data.
struct ModeWords {
  // Where `are_wanted`, rows of these modes alone; else all but these.
  bool are_wanted = false;
  std::vector<std::int64_t> words;

  bool takes(std::int64_t mode) const {
    for (const std::int64_t word : words) {
      if (word == mode) return are_wanted;
    }
    return !are_wanted;
  }
  bool takes_all() const { return !are_wanted && words.empty(); }
  bool takes_none() const { return are_wanted && words.empty(); }
};

// `descended` is that of the namespace: false where nothing in it ever was of another kind
// than kOwnMode.
Result<ModeWords> mode_words(Connection& connection, ModeKinds wanted, bool descended);

// As count_executions(), of those kinds of mode alone.
Result<std::uint64_t> count_executions(Connection& connection, std::int64_t ns,
                                       ModeKinds wanted, bool descended,
                                       std::int64_t status, TimeUs start, TimeUs end);

}  // namespace trawl::sqlite
