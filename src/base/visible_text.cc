#include "base/visible_text.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace trawl {
namespace {

constexpr std::string_view kMark = "\xEF\xBF\xBD";  // U+FFFD

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

// Ranges of what is not seen, or moves what is.
constexpr std::pair<char32_t, char32_t> kUnseen[] = {
    {0x00AD, 0x00AD},    // soft hyphen
    {0x034F, 0x034F},    // combining grapheme joiner
    {0x061C, 0x061C},    // Arabic letter mark
    {0x115F, 0x1160},    // Hangul fillers
    {0x17B4, 0x17B5},    // Khmer inherent vowels
    {0x180B, 0x180F},    // Mongolian selectors and vowel separator
    {0x200B, 0x200F},    // without width; marks of direction
    {0x2028, 0x202E},    // line and paragraph separators; embeddings and overrides
    {0x2060, 0x206F},    // word joiner, invisible operators, isolates, deprecated controls
    {0x3164, 0x3164},    // Hangul filler
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFA0, 0xFFA0},    // Hangul filler, half width
    {0xFFF0, 0xFFFB},    // unassigned; annotations
    {0x1BCA0, 0x1BCA3},  // shorthand controls
    {0x1D173, 0x1D17A},  // musical controls
    {0xE0000, 0xE0FFF},  // tags, variation selectors
};

bool is_unseen(char32_t code) {
  return code >= 0xAD &&
         std::any_of(std::begin(kUnseen), std::end(kUnseen), [code](const auto& range) {
           return code >= range.first && code <= range.second;
         });
}

// Copies the text; `replace` writes what stands for a code point that must not be left.
template <class Replace>
std::string without_hidden(std::string_view text, const Replace& replace) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    utf8proc_int32_t code = 0;
    const auto count =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                         static_cast<utf8proc_ssize_t>(text.size()), &code);
    if (count <= 0) {
      out += kMark;
      text.remove_prefix(1);
      continue;
    }
    const auto bytes = static_cast<std::size_t>(count);
    const auto point = static_cast<char32_t>(code);
    if (is_control(point) || is_unseen(point)) {
      replace(out, point);
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

void append_unicode_escape(std::string& out, char32_t code) {
  auto units = std::back_inserter(out);
  const auto number = static_cast<std::uint32_t>(code);
  if (number < 0x10000) {
    fmt::format_to(units, "\\u{:04x}", number);
  } else {
    fmt::format_to(units, "\\u{:04x}\\u{:04x}", 0xD800 + ((number - 0x10000) >> 10),
                   0xDC00 + ((number - 0x10000) & 0x3FF));
  }
}

}  // namespace

std::string visible_text(std::string_view text) {
  return without_hidden(text, [](std::string& out, char32_t code) {
    out += is_control(code) ? std::string_view(" ") : kMark;
  });
}

std::string escaped_text(std::string_view text) {
  return without_hidden(text, [](std::string& out, char32_t code) {
    if (code == '\n') {
      out += "\\n";
    } else if (code == '\r') {
      out += "\\r";
    } else if (code == '\t') {
      out += "\\t";
    } else if (code < 0x80) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(code));
    } else {
      append_unicode_escape(out, code);
    }
  });
}

std::string escaped_json(std::string_view json) {
  return without_hidden(json, append_unicode_escape);
}

}  // namespace trawl
