#include "ledger/cursor.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <vector>

#include "base/golden_test_support.h"
#include "base/hash.h"

namespace trawl::cursor_test {
namespace {

const NamespaceId kNamespace("ns_default");
constexpr std::string_view kFilter = R"({"status":"failed"})";

Cursor golden_cursor() {
  Cursor cursor;
  cursor.start_time = 1'769'767'200'000'000;
  cursor.end_time = -1;
  cursor.after = {1'769'853'600'123'456, ExecutionId("exec_01JD3ZK8V9Q4T6W2X5Y7B0C1DE")};
  return cursor;
}

std::string message_of(const Result<Cursor>& cursor) {
  return cursor ? "accepted" : cursor.error().message;
}

Cursor random_cursor(std::mt19937_64& random) {
  std::uniform_int_distribution<TimeUs> time(kTimeMin, kTimeMax);
  Cursor cursor;
  if (random() % 2 == 0) cursor.start_time = time(random);
  if (random() % 2 == 0) cursor.end_time = time(random);
  std::string id;
  for (auto n = random() % 200 + 1; n > 0; --n) id += random() % 3 == 0 ? "漢" : "x";
  if (random() % 8 == 0) id.clear();
  cursor.after = {time(random), ExecutionId(id)};
  if (random() % 2 == 0) cursor.after.value = static_cast<double>(random()) / 3.0;
  return cursor;
}

// Every part of a cursor is in one of them and missing in another.
std::vector<Cursor> golden_cursors() {
  Cursor by_value;
  by_value.end_time = 1'769'940'000'000'000;
  by_value.after = {1'769'853'600'123'456, ExecutionId("run-7 — été")};
  by_value.after.value = 1389.43;
  Cursor between;
  between.start_time = 1'769'767'200'000'000;
  between.after = {1'769'853'600'123'456, ExecutionId("")};
  return {golden_cursor(), by_value, between};
}

// Cursors live in clients for days: these bytes may only change with the version.
TEST(Cursor, BytesAreAsEver) {
  std::string today;
  for (const Cursor& cursor : golden_cursors()) {
    if (!today.empty()) today += '\n';
    today += encode_cursor(kNamespace, kFilter, cursor);
  }
  std::istringstream lines(test::golden_text("cursor.txt", today));
  EXPECT_EQ(today, lines.str());
  for (const Cursor& cursor : golden_cursors()) {
    std::string golden;
    ASSERT_TRUE(std::getline(lines, golden));
    EXPECT_EQ(decode_cursor(kNamespace, kFilter, golden).value(), cursor);
  }
}

TEST(Cursor, BytesAreWhatTheHeaderSays) {
  Cursor cursor;
  cursor.after = {-2, ExecutionId("e1")};
  std::string bytes;
  ASSERT_TRUE(base64url_decode(encode_cursor(NamespaceId("n"), "{}", cursor), bytes));
  ASSERT_EQ(bytes.size(), 1u + 8 + 1 + 8 + 2 + 4);
  EXPECT_EQ(bytes[0], 1);
  const std::uint64_t binding = hash64(std::string_view("n\0{}", 4));
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(static_cast<unsigned char>(bytes[1 + i]), (binding >> (56 - 8 * i)) & 0xFF);
  }
  EXPECT_EQ(bytes[9], 0);
  EXPECT_EQ(bytes.substr(10, 8), "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE");
  EXPECT_EQ(bytes.substr(18, 2), "e1");
}

TEST(Cursor, ComesBackEqual) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    const Cursor cursor = random_cursor(random);
    const std::string text = encode_cursor(kNamespace, kFilter, cursor);
    const auto again = decode_cursor(kNamespace, kFilter, text);
    ASSERT_TRUE(again) << text << ": " << message_of(again);
    EXPECT_EQ(*again, cursor);
  }
}

TEST(Cursor, ServesOneNamespaceAndOneFilter) {
  const std::string text = encode_cursor(kNamespace, kFilter, golden_cursor());
  for (const auto& other : {decode_cursor(NamespaceId("ns_other"), kFilter, text),
                            decode_cursor(kNamespace, "{}", text)}) {
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::invalid);
    EXPECT_EQ(other.error().location, "cursor");
    EXPECT_NE(message_of(other).find("another namespace or under another filter"),
              std::string::npos);
  }
  // The border between the two is part of what is bound.
  const std::string joined = encode_cursor(NamespaceId("ab"), "c", golden_cursor());
  EXPECT_FALSE(decode_cursor(NamespaceId("a"), "bc", joined));
}

TEST(Cursor, NoCharacterCanBeChanged) {
  const std::string text = encode_cursor(kNamespace, kFilter, golden_cursor());
  std::mt19937_64 random(2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : std::string("AZaz09-_=+/ \n")) {
      std::string changed = text;
      changed[i] = c;
      if (changed != text) {
        EXPECT_FALSE(decode_cursor(kNamespace, kFilter, changed)) << changed;
      }
    }
    EXPECT_FALSE(decode_cursor(kNamespace, kFilter, text.substr(0, i)));
  }
  EXPECT_FALSE(decode_cursor(kNamespace, kFilter, text + "A"));
  EXPECT_FALSE(decode_cursor(kNamespace, kFilter, text + "="));
}

// A checksum is not a secret: each field is checked as if the checksum were not there.
TEST(Cursor, ForgedFieldsAreRefused) {
  std::string bytes;
  ASSERT_TRUE(base64url_decode(encode_cursor(kNamespace, kFilter, golden_cursor()), bytes));
  bytes.resize(bytes.size() - 4);
  const auto forge = [](std::string forged) {
    const std::uint32_t sum = crc32(forged);
    for (int shift = 24; shift >= 0; shift -= 8) {
      forged.push_back(static_cast<char>(sum >> shift & 0xFF));
    }
    return message_of(decode_cursor(kNamespace, kFilter, base64url_encode(forged)));
  };
  EXPECT_EQ(forge(bytes), "accepted");
  std::string other = bytes;
  other[0] = 2;
  EXPECT_NE(forge(other).find("another version"), std::string::npos);
  other = bytes;
  other[9] = 16 + 3;
  EXPECT_NE(forge(other).find("unknown flags"), std::string::npos);
  other = bytes;
  other[10] = 0x7F;  // Start in the year 290,000.
  EXPECT_NE(forge(other).find("outside the years"), std::string::npos);
  other = bytes;
  other[26] = static_cast<char>(0x80);  // The place itself, long before the year 1.
  EXPECT_NE(forge(other).find("outside the years"), std::string::npos);
  other = bytes;
  other.back() = static_cast<char>(0xC3);
  EXPECT_NE(forge(other).find("names no execution"), std::string::npos);
  for (std::size_t size = 0; size <= 34; ++size) {
    EXPECT_NE(forge(bytes.substr(0, size)), "accepted") << size;
  }
  EXPECT_NE(forge(bytes + std::string(800, 'x')), "accepted");
}

TEST(Cursor, AnyBytesAreAnsweredWithAnError) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 120, '\0');
    for (char& c : text) c = static_cast<char>(random());
    EXPECT_FALSE(decode_cursor(kNamespace, kFilter, text));
    EXPECT_FALSE(decode_cursor(kNamespace, kFilter, base64url_encode(text)));
  }
  EXPECT_FALSE(decode_cursor(kNamespace, kFilter, std::string(10'000'000, 'A')));
}

}  // namespace
}  // namespace trawl::cursor_test
