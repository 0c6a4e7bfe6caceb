#include "base/csv.h"

#include <gtest/gtest.h>

namespace trawl::csv_test {
namespace {

TEST(CsvCell, NoTextIsAFormula) {
  for (const std::string text : {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1",
                                 "＝1", "'=1", "''-1", "=HYPERLINK(\"http://x\")"}) {
    const std::string cell = csv_cell(text, CsvTexts::safe);
    EXPECT_EQ(cell, "'" + text);
    EXPECT_EQ(csv_text_of_cell(cell), text);
    EXPECT_EQ(csv_cell(text, CsvTexts::raw), text);
  }
  for (const std::string text : {"", "a", "'", "'a", "1-1", "a=b", " =1", "{\"a\":1}"}) {
    EXPECT_EQ(csv_cell(text, CsvTexts::safe), text);
    EXPECT_EQ(csv_text_of_cell(text), text);
  }
}

}  // namespace
}  // namespace trawl::csv_test
