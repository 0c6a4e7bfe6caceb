#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace trawl {

// Writes to standard error: one line an event, as text or as JSON with the keys time,
// level and message. What clients wrote needs no care in a message: in both forms it stays
// on the line, with control characters and marks of direction escaped. The functions are
// spdlog's own: spdlog::info("listening on {}", …).
enum class LogFormat { text, json };
void configure_log(LogFormat format, std::string_view level);

}  // namespace trawl
