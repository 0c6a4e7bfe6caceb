#include "base/hash.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace trawl::hash_test {
namespace {

TEST(Hash, KnownDigests) {
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha256_hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash64("abc"), 0xba7816bf8f01cfeaULL);
  // RFC 4231, test case 2.
  EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hash, ContentHashesAreThoseOfXxh3) {
  EXPECT_EQ(content_hash(""), 0x2d06800538d394c2u);
  EXPECT_EQ(content_hash_hex(""), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, Crc32IsThatOfZlibAndContinues) {
  EXPECT_EQ(crc32(""), 0u);
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
  for (std::size_t cut = 0; cut <= 9; ++cut) {
    const std::string_view text = "123456789";
    EXPECT_EQ(crc32(text.substr(cut), crc32(text.substr(0, cut))), 0xCBF43926u);
  }
  const std::string_view longer = "The quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= longer.size(); ++cut) {
    EXPECT_EQ(crc32(longer.substr(cut), crc32(longer.substr(0, cut))), 0x414FA339u);
  }
}

TEST(Hash, Base64UrlKnownTexts) {
  const std::vector<std::pair<std::string, std::string>> cases = {{"", ""},
                                                                  {"f", "Zg"},
                                                                  {"fo", "Zm8"},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg"},
                                                                  {"fooba", "Zm9vYmE"},
                                                                  {"foobar", "Zm9vYmFy"},
                                                                  {"\xfb\xff", "-_8"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64url_encode(bytes), text);
    std::string back = "left over";
    EXPECT_TRUE(base64url_decode(text, back));
    EXPECT_EQ(back, bytes);
  }
}

// Goal: one text for one sequence of bytes. Method: every text of up to three digits that
// decodes is exactly what its bytes encode to.
TEST(Hash, Base64UrlHasOneFormOnly) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::size_t accepted = 0;
  const auto check = [&](const std::string& text) {
    std::string bytes;
    if (!base64url_decode(text, bytes)) return;
    ++accepted;
    ASSERT_EQ(base64url_encode(bytes), text);
  };
  for (const char a : kAlphabet) {
    check({a});
    for (const char b : kAlphabet) {
      check({a, b});
      for (const char c : kAlphabet) check({a, b, c});
    }
  }
  EXPECT_EQ(accepted, 256u + 256u * 256u);
}

TEST(Hash, Base64UrlRefusesForeignText) {
  std::string bytes;
  for (const std::string text :
       {"Zg==", "Z", "Zm9vY", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "Zh", "Zm9", "é"}) {
    EXPECT_FALSE(base64url_decode(text, bytes)) << text;
  }
  EXPECT_FALSE(base64url_decode(std::string_view("Zm\0v", 4), bytes));
}

TEST(Hash, Base64UrlRoundTrip) {
  const auto seed = testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (auto n = rng() % 40; n > 0; --n) bytes.push_back(static_cast<char>(rng()));
    std::string back;
    ASSERT_TRUE(base64url_decode(base64url_encode(bytes), back));
    EXPECT_EQ(back, bytes);
  }
}

TEST(Hash, RandomBytesDiffer) {
  EXPECT_EQ(random_bytes(0), "");
  EXPECT_EQ(random_bytes(32).size(), 32u);
  EXPECT_NE(random_bytes(32), random_bytes(32));
}

TEST(Sha256, TakesItsBytesInPieces) {
  Sha256 sha;
  sha.add("a");
  sha.add("");
  sha.add("bc");
  EXPECT_EQ(sha.hex(), sha256_hex("abc"));
  EXPECT_EQ(Sha256().hex(), sha256_hex(""));
}

}  // namespace
}  // namespace trawl::hash_test
