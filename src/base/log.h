#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace trawl {

// Makes the log write to standard error: one line per event, as text or as JSON with the
// keys time, level and message. What clients wrote needs no care in a message: in both
// forms it stays on the line, with control characters and marks of direction escaped. The
// functions are spdlog's own, and thread-safe: spdlog::info("listening on {}", …). `level`
// is the least that is written, by spdlog's name for it, such as "info"; any other word
// turns the log off.
enum class LogFormat { text, json };
void configure_log(LogFormat format, std::string_view level);

}  // namespace trawl
