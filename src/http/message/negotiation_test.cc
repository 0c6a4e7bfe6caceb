#include "http/message/negotiation.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <tuple>

#include "http/message/header_list.h"

namespace trawl::http::negotiation_test {
namespace {

AcceptedCodings codings_of(std::initializer_list<const char*> lines) {
  AcceptedCodings codings;
  for (const char* line : lines) codings.add(line);
  return codings;
}

std::string chosen(const char* line, bool worthwhile = true) {
  return std::string(coding_name(codings_of({line}).choose(worthwhile)));
}

bool wants_problem(const char* accept) {
  AcceptedErrors errors;
  errors.add(accept);
  return errors.wants_problem();
}

TEST(HeaderList, ElementsAreCutAtCommasOutsideOfQuotes) {
  std::string_view rest = R"( a , "b, \" c" ,,d)";
  EXPECT_EQ(take_element(rest), "a");
  EXPECT_EQ(take_element(rest), R"("b, \" c")");
  EXPECT_EQ(take_element(rest), "");
  EXPECT_EQ(take_element(rest), "d");
  EXPECT_TRUE(rest.empty());
  rest = R"("never closed, x)";
  EXPECT_EQ(take_element(rest), R"("never closed, x)");
  EXPECT_TRUE(rest.empty());
  rest = R"("\)";
  EXPECT_EQ(take_element(rest), R"("\)");
  EXPECT_TRUE(rest.empty());
}

TEST(HeaderList, WeightsAreThousandths) {
  for (const auto& [text, weight] : std::initializer_list<std::tuple<const char*, int>>{
           {"x", 1000},
           {"x;q=1", 1000},
           {"x;q=1.000", 1000},
           {"x;q=0", 0},
           {"x;q=0.", 0},
           {"x;q=0.5", 500},
           {"x ; Q = 0.25", 250},
           {"x;q=0.0019", 1},
           {"x;q=0.001;level=3", 1},
           {"x;level=3", 1000},
           {"x;q=7", 1000},
           // What cannot be read is best not sent.
           {"x;q=", 0},
           {"x;q=.5", 0},
           {"x;q=-1", 0},
           {"x;q=0,5", 0},
           {"x;q=0x1", 0},
           {"x;q=\"1\"", 0}}) {
    std::string_view rest = text;
    const Weighted read = parse_weighted(take_element(rest));
    EXPECT_EQ(read.name, "x") << text;
    EXPECT_EQ(read.weight, weight) << text;
  }
}

TEST(AcceptedCodings, WhoAsksForNothingGetsNothing) {
  EXPECT_FALSE(AcceptedCodings().any());
  EXPECT_EQ(AcceptedCodings().choose(true), ContentCoding::identity);
  for (const char* line : {"", "identity", "br", "deflate, br;q=1", "gzip;q=0", ", ,",
                           "identity;q=0", "*;q=0", "gzip;q=much", "zstandard, gzip2"}) {
    EXPECT_FALSE(codings_of({line}).any()) << line;
    EXPECT_EQ(chosen(line), "identity") << line;
    EXPECT_EQ(chosen(line, false), "identity") << line;
  }
}

TEST(AcceptedCodings, TheBestLikedOneIsChosenAndZstdAmongEquals) {
  EXPECT_EQ(chosen("gzip"), "gzip");
  EXPECT_EQ(chosen("X-GZip"), "gzip");
  EXPECT_EQ(chosen("zstd"), "zstd");
  EXPECT_EQ(chosen("gzip, deflate, br, zstd"), "zstd");
  EXPECT_EQ(chosen("gzip;q=0.9, zstd;q=0.8"), "gzip");
  EXPECT_EQ(chosen("zstd;q=0, *"), "gzip");
  EXPECT_EQ(chosen("gzip;q=0, *"), "identity");
  EXPECT_EQ(chosen("*"), "gzip");
  EXPECT_EQ(chosen("gzip;q=0, gzip"), "identity");  // The first counts.
  // Identity where it is liked better, and not where it is liked as well.
  EXPECT_EQ(chosen("gzip;q=0.5, identity"), "identity");
  EXPECT_EQ(chosen("gzip, identity"), "gzip");
  EXPECT_EQ(chosen("identity;q=0.5, *;q=0.1"), "identity");
}

TEST(AcceptedCodings, SmallBodiesAreCodedOnlyWhereTheyMayNotGoAsTheyAre) {
  EXPECT_EQ(chosen("gzip, zstd", false), "identity");
  EXPECT_EQ(chosen("gzip, identity;q=0", false), "gzip");
  EXPECT_EQ(chosen("zstd;q=0.1, *;q=0", false), "zstd");
  EXPECT_EQ(chosen("gzip, identity;q=0.1, *;q=0", false), "identity");
}

TEST(AcceptedCodings, LinesAddUp) {
  const AcceptedCodings codings = codings_of({"br", "identity;q=0", "gzip;q=0.3"});
  EXPECT_EQ(codings.choose(false), ContentCoding::gzip);
}

TEST(AcceptedErrors, OnlyItsOwnNameAsksForAProblem) {
  for (const char* accept :
       {"application/problem+json", "application/json, application/problem+json",
        "text/html, Application/Problem+JSON;charset=utf-8;q=0.1, */*"}) {
    EXPECT_TRUE(wants_problem(accept)) << accept;
  }
  for (const char* accept :
       {"", "*/*", "application/*", "application/json", "application/problem+json;q=0",
        "application/problem+xml", "application/problem+json;q=0.5, application/json"}) {
    EXPECT_FALSE(wants_problem(accept)) << accept;
  }
}

}  // namespace
}  // namespace trawl::http::negotiation_test
