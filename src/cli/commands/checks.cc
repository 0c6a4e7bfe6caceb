#include "cli/commands/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace trawl::cli {
namespace {

constexpr std::size_t kValueCharsMax = 64;
constexpr std::int64_t kBytesMax = std::int64_t{1} << 60;

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

CLI::Validator byte_count() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
            {"kib", std::int64_t{1} << 10},
            {"mib", std::int64_t{1} << 20},
            {"gib", std::int64_t{1} << 30},
            {"tib", std::int64_t{1} << 40},
            {"kb", 1'000},
            {"mb", 1'000'000},
            {"gb", 1'000'000'000},
            {"tb", 1'000'000'000'000},
            {"k", 1'000},
            {"m", 1'000'000},
            {"g", 1'000'000'000},
            {"t", 1'000'000'000'000},
            {"b", 1},
            {"", 1}};
        const std::string lower = to_lower_ascii(trim(text));
        for (const auto& [unit, factor] : kUnits) {
          if (!lower.ends_with(unit)) continue;
          std::int64_t number = 0;
          const auto digits = std::string_view(lower).substr(0, lower.size() - unit.size());
          if (!parse_integer(trim(digits), number) || number < 1 ||
              number > kBytesMax / factor) {
            break;
          }
          text = std::to_string(number * factor);
          return {};
        }
        return fmt::format(
            "is {}; use a number of bytes, or one with a unit such as 500MB or "
            "2GiB",
            shown(text));
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
