#include "text/emoji.h"

#include <utf8proc.h>

#include <cstdint>

#include "base/work_limit.h"

namespace trawl {
namespace {

constexpr std::int32_t kJoiner = 0x200D;
constexpr std::int32_t kTextStyle = 0xFE0E;
constexpr std::int32_t kEmojiStyle = 0xFE0F;
constexpr std::int32_t kKeycap = 0x20E3;
constexpr std::int32_t kTagsEnd = 0xE007F;

struct Point {
  std::int32_t value = -1;  // -1 at the end, and where there is no UTF-8.
  std::size_t size = 0;
};

Point point_at(std::string_view text, std::size_t at) {
  Point point;
  if (at >= text.size()) return point;
  const auto size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                       static_cast<utf8proc_ssize_t>(text.size() - at), &point.value);
  if (size <= 0) return {};
  point.size = static_cast<std::size_t>(size);
  return point;
}

bool is_between(std::int32_t point, std::int32_t first, std::int32_t last) {
  return point >= first && point <= last;
}

bool is_pictographic(std::int32_t point) {
  // No property tells signs of this kind from others below.
  return point >= 0xA9 && utf8proc_get_property(point)->boundclass ==
                              UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

// Emoji by themselves; the others need a selector: bullets, arrows, signs of trade.
bool is_shown_as_emoji(std::int32_t point) {
  return point >= 0x2600
             ? point != 0x3030 && point != 0x303D
             : is_between(point, 0x231A, 0x2328) || is_between(point, 0x23CF, 0x23FA) ||
                   is_between(point, 0x25FD, 0x25FE);
}

bool is_tone(std::int32_t point) {
  return is_between(point, 0x1F3FB, 0x1F3FF);
}

bool is_flag_letter(std::int32_t point) {
  return is_between(point, 0x1F1E6, 0x1F1FF);
}

bool is_style(std::int32_t point) {
  return point == kTextStyle || point == kEmojiStyle;
}

bool is_keycap_base(char c) {
  return (c >= '0' && c <= '9') || c == '#' || c == '*';
}

// A sign with what belongs to it; nothing is joined yet. 0 where there is none.
std::size_t element_size(std::string_view text, std::size_t at, bool is_joined) {
  const Point base = point_at(text, at);
  if (is_tone(base.value)) return base.size;
  if (!is_pictographic(base.value)) return 0;
  std::size_t end = at + base.size;
  Point next = point_at(text, end);
  if (!is_joined && !is_shown_as_emoji(base.value) && next.value != kEmojiStyle) return 0;
  while (is_style(next.value) || is_tone(next.value) || next.value == kKeycap ||
         is_between(next.value, 0xE0020, kTagsEnd)) {
    count_work();
    end += next.size;
    next = point_at(text, end);
  }
  return end - at;
}

}  // namespace

bool is_keycap(std::string_view text) {
  Point point = point_at(text, 0);
  if (is_style(point.value)) point = point_at(text, point.size);
  return point.value == kKeycap;
}

std::size_t emoji_size(std::string_view text) {
  if (text.empty()) return 0;
  if (is_keycap_base(text.front())) {
    const std::string_view rest = text.substr(1);
    if (!is_keycap(rest)) return 0;
    const Point first = point_at(rest, 0);
    return 1 + first.size + (is_style(first.value) ? point_at(rest, first.size).size : 0);
  }
  const Point first = point_at(text, 0);
  if (is_flag_letter(first.value)) {
    const Point second = point_at(text, first.size);
    return first.size + (is_flag_letter(second.value) ? second.size : 0);
  }
  std::size_t end = element_size(text, 0, false);
  if (end == 0) return 0;
  while (true) {
    const Point joiner = point_at(text, end);
    if (joiner.value != kJoiner) return end;
    const std::size_t joined = element_size(text, end + joiner.size, true);
    if (joined == 0) return end;
    end += joiner.size + joined;
  }
}

std::string emoji_term(std::string_view emoji, bool with_tones) {
  std::string term;
  for (std::size_t at = 0; at < emoji.size();) {
    const Point point = point_at(emoji, at);
    const bool is_only_tone = point.size == emoji.size();
    const bool kept =
        !is_style(point.value) && (with_tones || is_only_tone || !is_tone(point.value));
    // The index of the history takes terms apart at an asterisk.
    if (point.value == '*') {
      term += "\u2217";
    } else if (kept) {
      term += emoji.substr(at, point.size);
    }
    at += point.size;
  }
  return term;
}

}  // namespace trawl
