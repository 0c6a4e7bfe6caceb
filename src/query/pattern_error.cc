#include "query/pattern_error.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <string_view>

#include "base/text.h"

namespace trawl {

std::string pattern_error(const re2::RE2& regex) {
  constexpr std::size_t kPartShownMax = 64;  // characters
  const std::string& argument = regex.error_arg();
  const std::string part = "'" + truncate_text(argument, kPartShownMax) + "'";
  switch (regex.error_code()) {
    case re2::RE2::ErrorMissingParen:
      // It says so of (?=a) as well, which it takes for an option without an end.
      if (argument.starts_with("(?")) break;
      return "a '(' has no ')'; write '\\(' for the character";
    case re2::RE2::ErrorUnexpectedParen:
      return "a ')' has no '('; write '\\)' for the character";
    case re2::RE2::ErrorMissingBracket:
      return "a '[' has no ']'; write '\\[' for the character";
    case re2::RE2::ErrorTrailingBackslash:
      return "it ends in a '\\'; write '\\\\' for the character";
    case re2::RE2::ErrorBadEscape:
      return fmt::format("there is no escape {}; without the backslash it is the character",
                         part);
    case re2::RE2::ErrorBadCharClass:
    case re2::RE2::ErrorBadCharRange:
      return fmt::format("{} is no range or class of characters", part);
    case re2::RE2::ErrorRepeatArgument:
      return fmt::format(
          "{} has nothing before it to repeat; write a backslash before it "
          "for the character",
          part);
    case re2::RE2::ErrorRepeatOp:
      return fmt::format("{} repeats what is repeated; use one of them", part);
    case re2::RE2::ErrorRepeatSize:
      return fmt::format("{} repeats too often; use at most 1000 repetitions", part);
    case re2::RE2::ErrorBadUTF8:
      return "it is not UTF-8";
    default:
      break;
  }
  return fmt::format(
      "{} is not offered; the syntax is that of RE2, without look-around "
      "and back-references",
      part);
}

}  // namespace trawl
