#include "ledger/sqlite/record_check.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/work_limit.h"
#include "ledger/sqlite/rows.h"

namespace trawl::sqlite {
namespace {

// About what one look into the table costs in steps of work.
constexpr std::size_t kRecordSteps = 500;

// Characters that stand for themselves in any JSON, whoever wrote it.
bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '/';
}

// What a JSON text holds wherever it has this string: with its quotes where it needs no
// escape, else its longest part that needs none.
std::string mark_of(std::string_view text) {
  std::string_view longest;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && is_plain(text[end])) ++end;
    if (end - begin > longest.size()) longest = text.substr(begin, end - begin);
    begin = end + 1;
  }
  if (longest.size() < text.size()) return std::string(longest);
  std::string quoted = "\"";
  quoted += text;
  quoted += '"';
  return quoted;
}

}  // namespace

RecordCheck::RecordCheck(Connection& connection, Words& words,
                         const ExecutionFilter& filter, const Budget& budget)
    : connection_(connection), words_(words), filter_(filter), budget_(budget) {
  if (filter.returned_document) mark_ = mark_of(filter.returned_document->document_id);
}

Result<std::optional<bool>> RecordCheck::matches(std::int64_t seq) const {
  count_work(kRecordSteps);
  if (!mark_.empty()) {
    TRAWL_ASSIGN(const bool has_mark, record_holds(connection_, seq, mark_));
    if (!has_mark) return std::optional(false);
  }
  TRAWL_ASSIGN(const Execution execution, read_execution(connection_, words_, seq));
  return budget_.in_time([&] { return Result<bool>(trawl::matches(filter_, execution)); });
}

}  // namespace trawl::sqlite
