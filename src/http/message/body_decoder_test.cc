#include "http/message/body_decoder.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <string>

namespace trawl::http::body_decoder_test {
namespace {

using State = BodyDecoder::State;

Framing chunked() {
  Framing framing;
  framing.chunked = true;
  return framing;
}

Framing of_length(std::uint64_t length) {
  Framing framing;
  framing.content_length = length;
  return framing;
}

struct Decoded {
  State state;
  std::string body;
  std::size_t used;
};

// In pieces of at most `piece` bytes.
Decoded decode(std::string_view input, const Framing& framing = chunked(),
               std::uint64_t bytes_max = 100, std::size_t piece = 1'000'000) {
  BodyDecoder decoder(framing, bytes_max);
  Decoded out{decoder.state(), "", 0};
  while (out.used < input.size() && decoder.state() == State::more) {
    out.used += decoder.decode(input.substr(out.used, piece),
                               [&](std::string_view bytes) { out.body += bytes; });
  }
  out.state = decoder.state();
  return out;
}

TEST(BodyDecoder, ReadsLengths) {
  EXPECT_EQ(decode("abc", Framing{}).state, State::complete);
  EXPECT_EQ(decode("abc", of_length(0)).used, 0U);
  EXPECT_EQ(decode("abc", of_length(2)).body, "ab");
  EXPECT_EQ(decode("abc", of_length(2)).used, 2U);
  EXPECT_EQ(decode("abc", of_length(4)).state, State::more);
}

TEST(BodyDecoder, ReadsChunksInPiecesOfAnySize) {
  const std::string input =
      "3\r\nabc\r\n00A;name=\"v\"\r\n0123456789\r\n0\r\nA: b\r\nC:\r\n\r\n";
  for (std::size_t piece = 1; piece <= input.size() + 4; ++piece) {
    const auto out = decode(input + "next", chunked(), 100, piece);
    EXPECT_EQ(out.state, State::complete);
    EXPECT_EQ(out.body, "abc0123456789");
    EXPECT_EQ(out.used, input.size());
  }
  EXPECT_EQ(decode("0\r\n\r\n").state, State::complete);
  EXPECT_EQ(decode("0\r\n\r").state, State::more);
}

TEST(BodyDecoder, RefusesEverythingElse) {
  for (const char* input :
       {"\r\n",        " 3\r\n",       "3 \r\n",     "+3\r\n",      "0x3\r\n",
        "-1\r\n",      "g\r\n",        ";\r\n",      "3\n",         "3\rx",
        "3;a\n",       "3\r\nabcd",    "3\r\nabc\n", "3\r\nabc\rx", "00000000000000000\r\n",
        "0\r\n\n",     "0\r\n: x",     "0\r\n x: y", "0\r\na b",    "0\r\na\r",
        "0\r\na: b\n", "0\r\na: \x01", "0\r\n\rx",   "3;\x7f"}) {
    EXPECT_EQ(decode(input).state, State::malformed) << input;
    EXPECT_EQ(decode(input, chunked(), 100, 1).state, State::malformed) << input;
  }
  EXPECT_EQ(decode("1;" + std::string(20'000, 'x')).state, State::malformed);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 3'000; ++i) trailers += "a: b\r\n";
  EXPECT_EQ(decode(trailers).state, State::malformed);
}

TEST(BodyDecoder, BoundsTheSumOfAllChunks) {
  EXPECT_EQ(decode("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", chunked(), 5).state,
            State::complete);
  EXPECT_EQ(decode("3\r\nabc\r\n3\r\n", chunked(), 5).state, State::too_large);
  EXPECT_EQ(decode("ffffffffffffffff\r\n", chunked(), 5).state, State::too_large);
  EXPECT_EQ(decode("2\r\nab\r\nffffffffffffffff\r\n", chunked(), ~0ULL).state,
            State::too_large);
}

TEST(BodyDecoder, UndoesEncoding) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 500; ++round) {
    std::string body;
    std::string input;
    for (unsigned n = random() % 6; n > 0; --n) {
      std::string chunk(1 + random() % 40, '\0');
      for (char& c : chunk) c = static_cast<char>(random());
      char size[16];
      std::snprintf(size, sizeof size, random() % 2 == 0 ? "%zx" : "%04zX", chunk.size());
      input += size + std::string(random() % 2 == 0 ? "\r\n" : ";x\r\n") + chunk + "\r\n";
      body += chunk;
    }
    input += "0\r\n\r\n";
    const auto out = decode(input, chunked(), 1'000, 1 + random() % 50);
    ASSERT_EQ(out.state, State::complete);
    EXPECT_EQ(out.body, body);
  }
}

}  // namespace
}  // namespace trawl::http::body_decoder_test
