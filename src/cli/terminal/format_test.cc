#include "cli/terminal/format.h"

#include <gtest/gtest.h>

#include "base/text.h"

#include <limits>

namespace trawl::cli::format_test {
namespace {

TEST(Format, CountsHaveThousandsSeparated) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(-1234567), "-1,234,567");
  EXPECT_EQ(format_count(-100), "-100");
  EXPECT_EQ(format_count(std::numeric_limits<std::int64_t>::min()),
            "-9,223,372,036,854,775,808");
}

TEST(Format, DurationsChooseTheirUnit) {
  EXPECT_EQ(format_duration_ms(0), "0.00 ms");
  EXPECT_EQ(format_duration_ms(0.4234), "0.42 ms");
  EXPECT_EQ(format_duration_ms(12.34), "12.3 ms");
  EXPECT_EQ(format_duration_ms(1234.5), "1.23 s");
  EXPECT_EQ(format_duration_ms(150'000), "2m 30s");
  EXPECT_EQ(format_duration_ms(7'500'000), "2h 05m");
  EXPECT_EQ(format_duration_ms(-1), "-");
  EXPECT_EQ(format_duration_ms(std::numeric_limits<double>::infinity()), "-");
  EXPECT_EQ(format_duration_ms(std::numeric_limits<double>::quiet_NaN()), "-");
}

TEST(Format, NumbersDropWhatSaysNothing) {
  EXPECT_EQ(format_number(1.50, 4), "1.5");
  EXPECT_EQ(format_number(2, 2), "2");
  EXPECT_EQ(format_number(100, 0), "100");
  EXPECT_EQ(format_number(-0.00001, 2), "0");
  EXPECT_EQ(format_number(std::numeric_limits<double>::quiet_NaN(), 2), "-");
}

TEST(Format, BytesChooseTheirUnit) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(3.5 * 1024 * 1024), "3.5 MiB");
}

TEST(Format, TextCannotSteerTheTerminal) {
  EXPECT_EQ(printable("a\033[2Jb\r\nc\td\x7f"), "a [2Jb  c d ");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "b"),
            "a b");  // U+009B introduces control sequences as well.
  EXPECT_EQ(printable("\xc2\xa0é日本"), "\xc2\xa0é日本");
}

TEST(Format, ValuesReadAsText) {
  const auto text = [](std::string_view source) { return plain_text(*parse_json(source)); };
  EXPECT_EQ(text("null"), "");
  EXPECT_EQ(text("true"), "yes");
  EXPECT_EQ(text("12"), "12");
  EXPECT_EQ(text("0.50"), "0.5");
  EXPECT_EQ(text("\"a b\""), "a b");
  EXPECT_EQ(text("[1, \"x\", null]"), "1, x, ");
  EXPECT_EQ(text("[{\"document_id\": \"vim\", \"score\": 1}, {\"document_id\": \"nano\"}]"),
            "vim, nano");
  EXPECT_EQ(text("{\"a\": [1]}"), "{\"a\":[1]}");
}

TEST(Format, CsvFieldsAreQuotedWhereTheyMustBe) {
  const auto field = [](std::string_view text) {
    std::string out;
    append_csv_field(out, text);
    return out;
  };
  EXPECT_EQ(field("plain"), "plain");
  EXPECT_EQ(field(""), "");
  EXPECT_EQ(field("a,b"), "\"a,b\"");
  EXPECT_EQ(field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(field("cr\r"), "\"cr\r\"");
  EXPECT_EQ(field(" padded"), "\" padded\"");
  EXPECT_EQ(csv_text(*parse_json("null")), "");
  EXPECT_EQ(csv_text(*parse_json("[\"a\",1]")), "[\"a\",1]");
  EXPECT_EQ(csv_text(*parse_json("\"t\"")), "t");
}

TEST(Format, OneIsSingular) {
  EXPECT_EQ(format_things(1, "document"), "1 document");
  EXPECT_EQ(format_things(0, "document"), "0 documents");
  EXPECT_EQ(format_things(2000, "document"), "2,000 documents");
  EXPECT_EQ(format_credits(1, 4), "1 credit");
  EXPECT_EQ(format_credits(1.00001, 4), "1 credit");
  EXPECT_EQ(format_credits(1.5, 4), "1.5 credits");
  EXPECT_EQ(format_credits(0, 4), "0 credits");
}

}  // namespace
}  // namespace trawl::cli::format_test
