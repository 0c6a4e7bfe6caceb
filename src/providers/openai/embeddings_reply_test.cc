#include "providers/openai/embeddings_reply.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace trawl::openai {
namespace {

std::string refusal(std::string_view body, std::size_t count, std::uint32_t dimension) {
  const auto reply = read_embeddings_reply(body, count, dimension);
  EXPECT_FALSE(reply) << body;
  if (!reply) {
    EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
  }
  return reply ? std::string() : reply.error().message;
}

TEST(EmbeddingsReply, IsReadInTheOrderOfTheTexts) {
  const auto reply = read_embeddings_reply(
      R"({"object":"list","data":[{"index":1,"embedding":[3,4.5]},
          {"index":0,"embedding":[-1e-3,2]}],
          "usage":{"prompt_tokens":3,"total_tokens":5}})",
      2, 0);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->dimension, 2u);
  EXPECT_EQ(reply->values, (std::vector<float>{-1e-3f, 2, 3, 4.5f}));
  EXPECT_EQ(reply->tokens, 5u);
}

// 0000803f 000000c0 0000003f is 1, -2, 0.5.
TEST(EmbeddingsReply, IsReadFromBase64) {
  const auto three = read_embeddings_reply(
      R"({"data":[{"index":0,"embedding":"AACAPwAAAMAAAAA/"}]})", 1, 3);
  ASSERT_TRUE(three) << three.error().message;
  EXPECT_EQ(three->values, (std::vector<float>{1, -2, 0.5f}));
  for (const char* two : {"AACAPwAAAMA=", "AACAPwAAAMA"}) {
    const auto reply = read_embeddings_reply(
        std::string(R"({"data":[{"index":0,"embedding":")") + two + "\"}]}", 1, 0);
    ASSERT_TRUE(reply) << two;
    EXPECT_EQ(reply->values, (std::vector<float>{1, -2}));
  }
  // Not of whole floats, of other characters, of none.
  for (const char* bad :
       {"AACAPwAAAM", "AACAPwAAAMAA", "AACA_w==", "AAC APw==", "A", "", "AACAPwAAAMA=x"}) {
    EXPECT_EQ(
        refusal(std::string(R"({"data":[{"index":0,"embedding":")") + bad + "\"}]}", 1, 0),
        "vector 0 is neither a list of numbers nor base64 of float32")
        << bad;
  }
  // 0000c07f is NaN, 0000807f infinity.
  for (const char* bad : {"AADAfw==", "AACAfw=="}) {
    EXPECT_EQ(
        refusal(std::string(R"({"data":[{"index":0,"embedding":")") + bad + "\"}]}", 1, 1),
        "vector 0 has a number that is not finite");
  }
}

TEST(EmbeddingsReply, IsRefusedWhereItIsOfOtherTexts) {
  EXPECT_EQ(refusal(R"({"data":[{"index":0,"embedding":[1]}]})", 2, 1),
            "it answered 1 vectors for 2 texts");
  EXPECT_EQ(refusal(R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})",
                    2, 1),
            "it answered index 0 twice");
  for (const char* index : {"2", "-1", "9223372036854775807", "-9223372036854775808"}) {
    EXPECT_EQ(refusal(std::string(R"({"data":[{"index":0,"embedding":[1]},{"index":)") +
                          index + R"(,"embedding":[1]}]})",
                      2, 1),
              std::string("it answered a vector with index ") + index + " for 2 texts");
  }
  EXPECT_EQ(refusal(R"({"data":[{"index":0,"embedding":[1,2,3]}]})", 1, 2),
            "vector 0 has 3 numbers, not 2; are its dimensions right?");
  EXPECT_EQ(
      refusal(R"({"data":[{"index":1,"embedding":[1,2]},{"index":0,"embedding":[1]}]})", 2,
              0),
      "vector 0 has 1 numbers, not 2; are its dimensions right?");
}

TEST(EmbeddingsReply, IsRefusedWhereItIsNone) {
  for (const char* body : {"",
                           "{",
                           "null",
                           "[]",
                           "{}",
                           "nonsense",
                           R"({"data":null})",
                           R"({"data":{}})",
                           R"({"data":[null]})",
                           R"({"data":[[]]})",
                           R"({"data":[{}]})",
                           R"({"data":[{"embedding":[1]}]})",
                           R"({"data":[{"index":0}]})",
                           R"({"data":[{"index":"0","embedding":[1]}]})",
                           R"({"data":[{"index":0.5,"embedding":[1]}]})",
                           R"({"data":[{"index":1e30,"embedding":[1]}]})",
                           R"({"data":[{"index":18446744073709551615,"embedding":[1]}]})",
                           R"({"data":[{"index":0,"embedding":[]}]})",
                           R"({"data":[{"index":0,"embedding":["1"]}]})",
                           R"({"data":[{"index":0,"embedding":[null]}]})",
                           R"({"data":[{"index":0,"embedding":[NaN]}]})",
                           R"({"data":[{"index":0,"embedding":[1e39]}]})",
                           R"({"data":[{"index":0,"embedding":[-1e300]}]})",
                           R"({"data":[{"index":0,"embedding":[1e999]}]})",
                           R"({"data":[{"index":0,"embedding":{"0":1}}]})"}) {
    EXPECT_FALSE(refusal(body, 1, 1).empty()) << body;
  }
}

TEST(EmbeddingsReply, TakesOddTokensForNone) {
  for (const char* usage : {"null", "{}", "5", R"({"total_tokens":-5})",
                            R"({"total_tokens":"5"})", R"({"total_tokens":1e30})"}) {
    const auto reply = read_embeddings_reply(
        std::string(R"({"data":[{"index":0,"embedding":[1]}],"usage":)") + usage + "}", 1,
        1);
    ASSERT_TRUE(reply) << usage;
    EXPECT_EQ(reply->tokens, 0u);
  }
}

}  // namespace
}  // namespace trawl::openai
