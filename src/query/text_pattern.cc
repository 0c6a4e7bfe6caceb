#include "query/text_pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "base/work_limit.h"
#include "query/pattern_error.h"

namespace trawl {
namespace {

constexpr std::int64_t kRegexMemory = 1 << 20;  // bytes, for one pattern and its states
constexpr std::size_t kPatternShownMax = 64;    // characters of a pattern in a message

// Whether some part may repeat without end. Says yes where a star is only quoted: that
// costs a limit, never an answer.
bool may_loop(std::string_view pattern) {
  return pattern.find_first_of("*+") != std::string_view::npos ||
         pattern.find(",}") != std::string_view::npos;
}

}  // namespace

Result<TextPattern> TextPattern::compile(std::string_view pattern, Case mode) {
  if (pattern.size() > kPatternBytesMax) {
    return make_error(ErrorCode::invalid,
                      fmt::format("is a regular expression of {} bytes; use at most {}",
                                  pattern.size(), kPatternBytesMax));
  }
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kRegexMemory);
  options.set_case_sensitive(mode == Case::sensitive);
  TextPattern out;
  out.regex_ = std::make_shared<const re2::RE2>(
      re2::StringPiece(pattern.data(), pattern.size()), options);
  const re2::RE2& regex = *out.regex_;
  const bool too_large = regex.error_code() == re2::RE2::ErrorPatternTooLarge;
  if (!regex.ok() && !too_large) {
    return make_error(
        ErrorCode::invalid,
        fmt::format("'{}' is not a valid regular expression: {}",
                    truncate_text(pattern, kPatternShownMax), pattern_error(regex)));
  }
  const auto program = static_cast<std::size_t>(std::max(regex.ProgramSize(), 1));
  if (too_large || program > kPatternProgramMax) {
    return make_error(
        ErrorCode::invalid,
        fmt::format(
            "'{}' is too large a regular expression: it compiles to {} instructions, and "
            "at most {} are allowed; lower its repetition counts, or "
            "use smaller classes than \\pL",
            truncate_text(pattern, kPatternShownMax),
            too_large ? "far more" : fmt::to_string(program), kPatternProgramMax));
  }
  out.program_ = program;
  // A program without loops reads at most one byte with each of its instructions.
  out.match_bytes_max_ = may_loop(pattern) ? 0 : program;
  return out;
}

std::size_t TextPattern::text_bytes_max() const {
  return kPatternWorkMax / program_;
}

std::size_t TextPattern::stretch() const {
  // A quarter of what is allowed at once, so the clock is looked at more often, unless
  // most of it would be overlap.
  return std::max(kPatternWorkMax / 4 / program_, 2 * match_bytes_max_);
}

bool TextPattern::is_found_in(std::string_view text) const {
  const auto search = [&](std::size_t begin, std::size_t end) {
    // The slowest search of all that is allowed at once is followed by a look at the clock,
    // and so is each of four quarters of it.
    count_work(program_ * (end - begin) / (kPatternWorkMax / 4 / kWorkPerCheck) + 1);
    return regex_->Match(re2::StringPiece(text.data(), text.size()), begin, end,
                         re2::RE2::UNANCHORED, nullptr, 0);
  };
  const std::size_t overlap = match_bytes_max_;
  const bool in_stretches = overlap > 0 && 2 * overlap <= text_bytes_max();
  if (text.size() <= (in_stretches ? stretch() : text_bytes_max())) {
    return search(0, text.size());
  }
  if (!in_stretches) {
    throw WorkStopped(make_error(
        ErrorCode::invalid,
        fmt::format("a regular expression of {} instructions searches texts of up to {} "
                    "bytes, and this one has {}; use a smaller expression, without * and "
                    "+, or the operator contains",
                    program_, text_bytes_max(), text.size())));
  }
  // A match that ends behind a stretch is no longer than the overlap, so the next one has
  // it.
  for (std::size_t begin = 0;; begin += stretch() - overlap) {
    const std::size_t end = std::min(begin + stretch(), text.size());
    if (search(begin, end)) return true;
    if (end == text.size()) return false;
  }
}

bool contains_text(std::string_view text, std::string_view part) {
  if (part.empty()) return true;
  // memmem is linear in both, which find() is not: a long part of one letter would be
  // compared in vain at every place of a text of that letter.
  constexpr std::size_t kStretch = 1 << 18;
  const std::size_t stretch = std::max(kStretch, part.size());
  for (std::size_t begin = 0; begin + part.size() <= text.size(); begin += stretch) {
    const std::size_t size = std::min(stretch + part.size() - 1, text.size() - begin);
    count_work((size + part.size()) / kBytesPerStep * 4 + 1);
    if (memmem(text.data() + begin, size, part.data(), part.size()) != nullptr) return true;
  }
  return false;
}

}  // namespace trawl
