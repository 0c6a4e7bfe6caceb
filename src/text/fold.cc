#include "text/fold.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "base/work_limit.h"

namespace trawl {
namespace {

constexpr int kCanonical = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
constexpr int kFolded = kCanonical | UTF8PROC_CASEFOLD;
constexpr int kCompatible = kFolded | UTF8PROC_COMPAT | UTF8PROC_IGNORE;

// Texts are folded in parts of about so many bytes, so that a long one can be given up.
constexpr std::size_t kPartBytes = 1 << 12;
// Putting marks into order takes the square of their number.
constexpr std::size_t kCombiningMax = 512;

constexpr std::int32_t kDotAbove = 0x307;
// Iota below, and where the letters that it is part of begin.
constexpr std::string_view kIotasBelow[] = {"\u0345", "\xE1\xBE", "\xE1\xBF"};
constexpr std::string_view kDotsAbove[] = {"\u0307", "\u0130"};

template <std::size_t Size>
bool holds_any(std::string_view text, const std::string_view (&parts)[Size]) {
  return std::any_of(std::begin(parts), std::end(parts), [&](std::string_view part) {
    return text.find(part) != std::string_view::npos;
  });
}

const utf8proc_uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

utf8proc_option_t options_of(int flags) {
  return static_cast<utf8proc_option_t>(flags);
}

bool is_mark(std::int32_t point) {
  const auto category = utf8proc_category(point);
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

// Whether the character may be joined with what stands before it, or changes places.
bool combines(std::int32_t point) {
  const auto* property = utf8proc_get_property(point);
  if (is_mark(point) || property->ignorable) return true;
  std::int32_t parts[32];
  int boundary = 0;
  const auto count =
      utf8proc_decompose_char(point, parts, 32, options_of(kCompatible), &boundary);
  if (count <= 0) return true;
  // The vowels and last consonants of Hangul are letters, but compose.
  const bool is_jamo = parts[0] >= 0x1160 && parts[0] <= 0x11FF;
  return is_jamo || is_mark(parts[0]) ||
         utf8proc_get_property(parts[0])->combining_class != 0;
}

// Marks that stand below come before the dot in normal order.
void drop_dots_of_i(std::vector<std::int32_t>& points) {
  std::size_t kept = 0;
  bool after_i = false;
  for (const std::int32_t point : points) {
    if (after_i && point == kDotAbove) continue;
    const auto above = utf8proc_get_property(point)->combining_class;
    after_i = point == 'i' || (after_i && above != 0 && above < 230);
    points[kept++] = point;
  }
  points.resize(kept);
}

// The code points of a part in normal order, folded, but not composed.
bool decompose(std::string_view part, int flags, std::vector<std::int32_t>& out) {
  const auto write = [&] {
    return utf8proc_decompose(bytes_of(part), static_cast<utf8proc_ssize_t>(part.size()),
                              out.data(), static_cast<utf8proc_ssize_t>(out.size()),
                              options_of(flags));
  };
  // Enough for nearly all; a few characters become many.
  out.resize(part.size() + 16);
  auto count = write();
  if (count > static_cast<utf8proc_ssize_t>(out.size())) {
    out.resize(static_cast<std::size_t>(count));
    count = write();
  }
  if (count < 0) return false;
  out.resize(static_cast<std::size_t>(count));
  if ((flags & UTF8PROC_CASEFOLD) != 0 && holds_any(part, kDotsAbove)) drop_dots_of_i(out);
  return true;
}

// Leaves nothing in the points.
void append_composed(std::vector<std::int32_t>& points, int flags, std::string& out) {
  const auto count = static_cast<utf8proc_ssize_t>(points.size());
  points.push_back(0);  // It ends the text with a zero.
  const auto size = utf8proc_reencode(points.data(), count, options_of(flags));
  if (size > 0) {
    out.append(reinterpret_cast<const char*>(points.data()),
               static_cast<std::size_t>(size));
  }
  points.clear();
}

// Iota below becomes a letter when it is folded, and would then stand before marks that
// belong before it; so its text is put into order first.
std::string in_order(std::string_view part) {
  constexpr int kOrdered = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
  std::vector<std::int32_t> points;
  std::string out;
  if (!decompose(part, kOrdered, points)) return std::string(part);
  append_composed(points, kOrdered, out);
  return out;
}

bool fold_part(std::string_view part, int flags, std::vector<std::int32_t>& out) {
  const bool has_iota = (flags & UTF8PROC_CASEFOLD) != 0 && holds_any(part, kIotasBelow);
  return has_iota ? decompose(in_order(part), flags, out) : decompose(part, flags, out);
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

// Nothing where the text is not UTF-8.
bool map_text(std::string_view text, int flags, std::string& out) {
  std::vector<std::int32_t> points;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = foldable_part(text, kPartBytes);
    count_work(size);
    if (!fold_part(text.substr(0, size), flags, points)) return false;
    append_composed(points, flags, out);
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace

std::string fold_case(std::string_view text) {
  count_work(text.size() / kBytesPerStep + 1);
  if (is_ascii(text)) return to_lower_ascii(text);
  std::string out;
  return map_text(text, kFolded, out) ? out : to_lower_ascii(text);
}

std::string compose_text(std::string_view text) {
  count_work(text.size() / kBytesPerStep + 1);
  std::string out;
  return !is_ascii(text) && map_text(text, kCanonical, out) ? out : std::string(text);
}

std::size_t foldable_part(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text.size();
  const auto continues = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  std::size_t at = bytes;
  while (continues(at)) ++at;
  for (std::size_t count = 0; at < text.size() && count < kCombiningMax; ++count) {
    std::int32_t point = 0;
    const auto size = utf8proc_iterate(
        bytes_of(text.substr(at)), static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    if (size > 0 && !combines(point)) break;
    at += size > 0 ? static_cast<std::size_t>(size) : 1;
  }
  return at;
}

bool fold_points(std::string_view part, FoldForm form, std::vector<std::int32_t>& out) {
  const int flags = form == FoldForm::canonical ? kFolded : kCompatible;
  if (!fold_part(part, flags, out)) return false;
  if (out.empty()) return true;
  const auto count = utf8proc_normalize_utf32(
      out.data(), static_cast<utf8proc_ssize_t>(out.size()), options_of(flags));
  if (count < 0) return false;
  out.resize(static_cast<std::size_t>(count));
  return true;
}

}  // namespace trawl
