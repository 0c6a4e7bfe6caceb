#include "base/visible_text.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace trawl::visible_text_test {
namespace {

std::string utf8(char32_t code) {
  std::string out;
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (code >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
  }
  out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  return out;
}

TEST(VisibleText, NothingThatSteersOrHidesIsLeft) {
  std::vector<char32_t> hidden = {0x7F,   0xAD,   0x61C,  0x180E,
                                  0x2028, 0x2029, 0xFEFF, 0xE0041};
  for (char32_t code = 0; code < 0x20; ++code) hidden.push_back(code);
  for (char32_t code = 0x80; code < 0xA0; ++code) hidden.push_back(code);
  for (char32_t code = 0x200B; code <= 0x200F; ++code) hidden.push_back(code);
  for (char32_t code = 0x202A; code <= 0x202E; ++code) hidden.push_back(code);
  for (char32_t code = 0x2060; code <= 0x206F; ++code) hidden.push_back(code);
  for (const char32_t code : hidden) {
    const std::string character = utf8(code);
    const std::string text = "a" + character + "b";
    EXPECT_EQ(visible_text(text).find(character), std::string::npos)
        << static_cast<std::uint32_t>(code);
    EXPECT_EQ(escaped_text(text).find(character), std::string::npos)
        << static_cast<std::uint32_t>(code);
    std::string sent;
    append_json_string(sent, text);
    const std::string shown = escaped_json(sent);
    EXPECT_EQ(shown.find(character), std::string::npos) << static_cast<std::uint32_t>(code);
    EXPECT_EQ(parse_json(shown).value(), parse_json(sent).value())
        << static_cast<std::uint32_t>(code);
  }
  EXPECT_EQ(visible_text("a\x9b"
                         "31m"),
            "a\xEF\xBF\xBD"
            "31m");
  EXPECT_EQ(escaped_text("x\r\n2026 info: forged\x1b[2J\xe2\x80\xae"),
            "x\\r\\n2026 info: forged\\x1b[2J\\u202e");
}

TEST(VisibleText, OtherTextStays) {
  for (const std::string text : {"", "plain", "é日本 👩 привет שלום", "\\n", "a\xc2\xa0z"}) {
    EXPECT_EQ(visible_text(text), text);
    EXPECT_EQ(escaped_text(text), text);
  }
}

}  // namespace
}  // namespace trawl::visible_text_test
