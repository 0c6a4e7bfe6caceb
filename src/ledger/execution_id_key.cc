#include "ledger/execution_id_key.h"

#include "base/ids.h"

namespace trawl {
namespace {

constexpr std::size_t kOwnKeySize = 16;

}  // namespace

std::string execution_id_key(const ExecutionId& id) {
  // The zero byte marks text, so an id of ours whose time is before 2004 is kept as text.
  std::string key;
  if (decode_sortable_id(kExecutionIdPrefix, id.str(), key) && key.front() != '\0') {
    return key;
  }
  key.assign(1, '\0');
  key += id.str();
  return key;
}

std::string execution_id_text(std::string_view key) {
  if (key.empty()) return {};
  if (key.front() == '\0') return std::string(key.substr(1));
  if (key.size() != kOwnKeySize) return {};
  return encode_sortable_id(kExecutionIdPrefix, key);
}

}  // namespace trawl
