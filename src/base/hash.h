#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace trawl {

// Lower-case hexadecimal digests.
std::string sha1_hex(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);

// HMAC-SHA-256 as lower-case hexadecimal digits.
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

// SHA-256 of bytes that come piece by piece. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  std::string hex();  // Called once, last.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// XXH3, 64 bits, seed 0: tells whether two contents are equal; stays the same for ever. Not
// for secrets: who wants to can make two contents with one hash.
std::uint64_t content_hash(std::string_view bytes);
// The same of 128 bits, as 32 lower-case hexadecimal digits.
std::string content_hash_hex(std::string_view bytes);

// The first eight bytes of SHA-256: for binding and cache keys, not for secrets.
std::uint64_t hash64(std::string_view bytes);

// CRC-32 (ISO-HDLC, the polynomial of zlib), continued from an earlier value.
std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0);

// From the operating system's generator; without entropy the process ends. Thread-safe.
std::string random_bytes(std::size_t count);
std::string random_hex(std::size_t bytes);  // Two lower-case digits a byte.

std::string base64url_encode(std::string_view bytes);
// False when the text is not unpadded base64url in its one canonical form.
bool base64url_decode(std::string_view text, std::string& bytes);

}  // namespace trawl
