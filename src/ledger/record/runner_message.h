#pragma once

#include <string_view>

namespace trawl {

// How the messages begin in which the runner of a pipeline, and not a stage, says why an
// execution ended. Nothing in them comes from inputs, so they are recorded where what a
// stage says is not. A stage must not begin a message so.
namespace runner_message {

inline constexpr std::string_view kBudgetExhausted = "budget exhausted";
inline constexpr std::string_view kCancelled = "cancelled: ";
inline constexpr std::string_view kInterrupted = "interrupted: ";
inline constexpr std::string_view kOutOfMemory = "out of memory in stage ";
inline constexpr std::string_view kUnexpected = "unexpected failure of stage ";

}  // namespace runner_message

inline bool is_runner_message(std::string_view message) {
  for (const std::string_view beginning :
       {runner_message::kBudgetExhausted, runner_message::kCancelled,
        runner_message::kInterrupted, runner_message::kOutOfMemory,
        runner_message::kUnexpected}) {
    if (message.starts_with(beginning)) return true;
  }
  return false;
}

}  // namespace trawl
