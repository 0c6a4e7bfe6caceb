#include "base/base64.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace trawl {
namespace {

TEST(Base64, IsThatOfTheStandard) {
  // RFC 4648, section 10.
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_bytes("Zm8="), "fo");
  EXPECT_EQ(base64_bytes("Zm8"), "fo");
  EXPECT_EQ(base64_bytes(""), "");
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text :
       {"Z", "Zg=", "Zh==", "Zm9v!", "Zm 9v", "====", "Zg==Zg==", "-_==", "Zm9=vYg"}) {
    EXPECT_FALSE(base64_bytes(text)) << text;
  }
}

TEST(Base64, ReadsWhatItWrote) {
  const auto seed = static_cast<unsigned>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(rng() % 100, '\0');
    for (char& byte : bytes) byte = static_cast<char>(rng());
    EXPECT_EQ(base64_bytes(base64(bytes)), bytes);
  }
}

}  // namespace
}  // namespace trawl
