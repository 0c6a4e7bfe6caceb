#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <xxhash.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "base/bytes.h"

namespace trawl {
namespace {

struct FreeDigest {
  void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Algorithm = std::unique_ptr<EVP_MD, FreeDigest>;

// Looked up once: OpenSSL 3 takes longer to find an algorithm by its name than to hash a
// key with it.
Algorithm fetch(const char* name) {
  Algorithm algorithm(EVP_MD_fetch(nullptr, name, nullptr));
  if (algorithm == nullptr) std::abort();  // OpenSSL without SHA: nothing could run safely.
  return algorithm;
}

const EVP_MD* sha1() {
  static const Algorithm algorithm = fetch("SHA1");
  return algorithm.get();
}

const EVP_MD* sha256() {
  static const Algorithm algorithm = fetch("SHA256");
  return algorithm.get();
}

std::string digest(const EVP_MD* algorithm, std::string_view bytes) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_DigestInit_ex2(context.get(), algorithm, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), out, &size) != 1) {
    std::abort();
  }
  return {reinterpret_cast<char*>(out), size};
}

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// What a byte does to the checksum, and what it does with up to seven more behind it: eight
// are looked up at a time ("slicing by 8", Kounavis and Berry, 2005).
constexpr auto kCrcTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
    tables[0][i] = crc;
  }
  for (std::size_t behind = 1; behind < tables.size(); ++behind) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t crc = tables[behind - 1][i];
      tables[behind][i] = tables[0][crc & 0xFF] ^ (crc >> 8);
    }
  }
  return tables;
}();

}  // namespace

std::string sha1_hex(std::string_view bytes) {
  return to_hex(digest(sha1(), bytes));
}
std::string sha256_hex(std::string_view bytes) {
  return to_hex(digest(sha256(), bytes));
}

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  if (EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1) std::abort();
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(state_->context);
}

void Sha256::add(std::string_view bytes) {
  if (EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) != 1) std::abort();
}

std::string Sha256::hex() {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(state_->context, out, &size) != 1) std::abort();
  return to_hex({reinterpret_cast<char*>(out), size});
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out,
           &size) == nullptr) {
    std::abort();  // As above.
  }
  return to_hex({reinterpret_cast<char*>(out), size});
}

std::uint64_t content_hash(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::string content_hash_hex(std::string_view bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  return to_hex({reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest});
}

std::uint64_t hash64(std::string_view bytes) {
  const std::string full = digest(sha256(), bytes);
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | static_cast<unsigned char>(full[i]);
  return value;
}

std::uint32_t crc32(std::string_view bytes, std::uint32_t crc) {
  crc = ~crc;
  while (bytes.size() >= 8) {
    const std::uint64_t next = load<std::uint64_t>(bytes.data()) ^ crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kCrcTables[7 - i][(next >> (8 * i)) & 0xFF];
    bytes.remove_prefix(8);
  }
  for (const unsigned char byte : bytes)
    crc = kCrcTables[0][(crc ^ byte) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) !=
      1) {
    std::abort();  // Without entropy neither keys nor ids may be made.
  }
  return bytes;
}

std::string random_hex(std::size_t bytes) {
  return to_hex(random_bytes(bytes));
}

std::string base64url_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const unsigned char byte : bytes) {
    bits = (bits << 8) | byte;
    for (count += 8; count >= 6; count -= 6)
      out.push_back(kAlphabet[(bits >> (count - 6)) & 63]);
  }
  if (count > 0) out.push_back(kAlphabet[(bits << (6 - count)) & 63]);
  return out;
}

bool base64url_decode(std::string_view text, std::string& bytes) {
  bytes.clear();
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return false;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 0xFF));
    }
  }
  // Left-over bits must be zero and fewer than a digit, or two texts would mean the same.
  return count < 6 && (bits & ((1u << count) - 1)) == 0;
}

}  // namespace trawl
