#include "cli/commands/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kValueCharsMax = 64;

std::string shown(const std::string& value) {
  return fmt::format("'{}'", truncate_text(value, kValueCharsMax));
}

}  // namespace

CLI::Validator not_empty() {
  return CLI::Validator(
      [](std::string& text) {
        return text.empty() ? std::string("is empty; give it a value, or leave it out")
                            : std::string();
      },
      "");
}

CLI::Validator whole_number(std::int64_t min, std::int64_t max) {
  return CLI::Validator(
      [min, max](std::string& text) -> std::string {
        std::int64_t number = 0;
        if (parse_integer(text, number) && number >= min && number <= max) return {};
        return fmt::format("is {}; use a whole number from {}{}", shown(text), min,
                           max >= kNoMax ? std::string(" up") : fmt::format(" to {}", max));
      },
      "");
}

CLI::Validator one_of(std::vector<std::string_view> words) {
  return CLI::Validator(
      [words = std::move(words)](std::string& text) -> std::string {
        if (std::find(words.begin(), words.end(), text) != words.end()) return {};
        return fmt::format("is {}{}; use one of {}", shown(text), did_you_mean(text, words),
                           fmt::join(words, ", "));
      },
      "");
}

}  // namespace trawl::cli
