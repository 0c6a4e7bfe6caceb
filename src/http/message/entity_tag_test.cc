#include "http/message/entity_tag.h"

#include <gtest/gtest.h>

namespace trawl::http::entity_tag_test {
namespace {

TEST(EntityTag, IsMadeOfTheBytesAndTheCoding) {
  // Clients keep tags as long as they like: the same bytes have the same one for good.
  EXPECT_EQ(entity_tag("{}", ContentCoding::identity),
            "\"dc7048f8f8747f561349cde127705c16\"");
  EXPECT_EQ(entity_tag("{}", ContentCoding::gzip),
            "\"dc7048f8f8747f561349cde127705c16-gzip\"");
  EXPECT_EQ(entity_tag("{}", ContentCoding::zstd),
            "\"dc7048f8f8747f561349cde127705c16-zstd\"");
  EXPECT_NE(entity_tag("{} ", ContentCoding::identity),
            entity_tag("{}", ContentCoding::identity));
}

TEST(EntityTag, IsNamedStronglyWeaklyOrByAStar) {
  for (const char* list : {"\"a\"", "W/\"a\"", "*", " \"b\" , W/\"a\"", "\"x,\\\"\", \"a\"",
                           "nonsense, \"a\"", ",,\"a\"", "*, \"b\""}) {
    EXPECT_TRUE(names_tag(list, "\"a\"")) << list;
  }
  for (const char* list : {"", "a", "\"A\"", "\"ab\"", "W/", "w/\"a\"", "W/ \"a\"", "\"a",
                           "\"b, \"a\"", "**", "\"a\" \"a\"", "\"*\""}) {
    EXPECT_FALSE(names_tag(list, "\"a\"")) << list;
  }
}

}  // namespace
}  // namespace trawl::http::entity_tag_test
