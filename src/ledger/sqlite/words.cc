#include "ledger/sqlite/words.h"

#include <fmt/format.h>

#include "base/json.h"
#include "ledger/sqlite/row_group.h"

namespace trawl::sqlite {
namespace {

// Lists of collections and names of stages are the clients' own: they may be many.
constexpr std::size_t kKnownMax = 20'000;

// The columns of an execution that hold words; `shape` comes from its definition.
constexpr IntColumn kWordColumns[] = {
    IntColumn::status,      IntColumn::mode,   IntColumn::failed_stage, IntColumn::caller,
    IntColumn::collections, IntColumn::stages, IntColumn::shape};

}  // namespace

Result<std::shared_ptr<const Word>> Words::find(Connection& connection,
                                                std::int64_t number) {
  {
    const SharedLock lock(mutex_);
    if (const auto known = known_.find(number); known != known_.end()) return known->second;
  }
  TRAWL_ASSIGN(auto select, connection.prepare("SELECT text FROM words WHERE word = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(number).step());
  if (!found) {
    return make_error(ErrorCode::storage, "the stored data is damaged",
                      fmt::format("a row names the word {}, which is not there", number));
  }
  auto word = std::make_shared<Word>();
  word->text = select.string(0);
  append_json_string(word->json, word->text);
  const ExclusiveLock lock(mutex_);
  if (known_.size() >= kKnownMax) known_.clear();
  return known_.emplace(number, std::move(word)).first->second;
}

Result<std::optional<std::int64_t>> Words::number_of(Connection& connection,
                                                     std::string_view text) {
  TRAWL_ASSIGN(auto select, connection.prepare("SELECT word FROM words WHERE text = ?"));
  TRAWL_ASSIGN(const bool found, select.bind(text).step());
  std::optional<std::int64_t> number;
  if (found) number = select.integer(0);
  return number;
}

Result<std::vector<bool>> words_in_use(Connection& connection) {
  TRAWL_ASSIGN(const std::int64_t greatest,
               connection.integer("SELECT coalesce(max(word), 0) FROM words"));
  std::vector<bool> used(static_cast<std::size_t>(greatest) + 1);
  const auto mark = [&](std::int64_t word) {
    if (word > 0 && word <= greatest) used[static_cast<std::size_t>(word)] = true;
  };
  // Columns where there are some, which hold the same as the rows in far fewer bytes.
  TRAWL_ASSIGN(const auto places, read_groups(connection, kTimeMin, kTimeMax));
  for (const GroupPlace& place : places) {
    TRAWL_ASSIGN(RowGroup group, read_group(connection, place));
    for (const IntColumn column : kWordColumns) {
      TRAWL_ASSIGN(const auto* words, group.integers(column));
      for (const std::int64_t word : *words) mark(word);
    }
  }
  for (const std::string_view sql :
       {"SELECT shape FROM definitions WHERE shape IS NOT NULL",
        "SELECT DISTINCT status FROM rollups WHERE unit = 0"}) {
    TRAWL_ASSIGN(auto rows, connection.prepare(sql));
    while (true) {
      TRAWL_ASSIGN(const bool found, rows.step());
      if (!found) break;
      mark(rows.integer(0));
    }
  }
  return used;
}

}  // namespace trawl::sqlite
