#pragma once

#include <string>
#include <string_view>

#include "base/strong_id.h"

namespace trawl {

// An execution id as indexes hold it: the ids that this server makes in 16 bytes instead of
// 31 characters, any other as a zero byte and its text. The order of the keys' bytes is the
// order of executions of one instant: ids of other makers by their text, then ours. Keys
// are stored: never change them.
std::string execution_id_key(const ExecutionId& id);

// Whether it is the key of an id that this server made.
inline bool is_own_id_key(std::string_view key) {
  return !key.empty() && key.front() != '\0';
}

// The id of a key; empty for bytes that are not a key.
std::string execution_id_text(std::string_view key);

}  // namespace trawl
