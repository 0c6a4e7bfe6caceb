#include "ledger/sqlite/words.h"

#include <fmt/format.h>

#include "base/json.h"

namespace trawl::sqlite {
namespace {

// Lists of collections and names of stages are the clients' own: they may be many.
constexpr std::size_t kKnownMax = 20'000;

}  // namespace

Result<std::shared_ptr<const Word>> Words::find(Connection& connection,
                                                std::int64_t number) {
  {
    const std::shared_lock lock(mutex_);
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
  const std::unique_lock lock(mutex_);
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

}  // namespace trawl::sqlite
