#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "sqlite/connection.h"

namespace trawl::sqlite {

// A text of the table `words`, and the same as a JSON string.
struct Word {
  std::string text;
  std::string json;
};

// Remembers words by their number for all readers. A number never gets another text, so
// what was read once stays true. Thread-safe.
class Words {
 public:
  // Within the caller's read transaction.
  //   storage  there is no such word
  Result<std::shared_ptr<const Word>> find(Connection& connection, std::int64_t number);

  // The number of a text, or nothing when no execution ever had it.
  static Result<std::optional<std::int64_t>> number_of(Connection& connection,
                                                       std::string_view text);

 private:
  SharedMutex mutex_;
  std::unordered_map<std::int64_t, std::shared_ptr<const Word>> known_
      TRAWL_GUARDED_BY(mutex_);
};

// Of each number whether anything that is stored names it, up to the greatest there is.
// Within the caller's read transaction.
Result<std::vector<bool>> words_in_use(Connection& connection);

}  // namespace trawl::sqlite
