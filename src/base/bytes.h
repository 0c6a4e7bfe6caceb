#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace trawl {

// Numbers as they are stored in files. They have the byte order of the machine, since most
// are read in place.
static_assert(std::endian::native == std::endian::little,
              "files are little-endian; a big-endian machine needs conversions here");

// Reads at any alignment; the caller checks that the bytes are there.
template <class T>
T load(const char* at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// The first eight bytes; where there are fewer, zeros follow.
inline std::uint64_t first_eight(std::string_view bytes) {
  const std::size_t size = bytes.size();
  const char* const at = bytes.data();
  if (size >= 8) return load<std::uint64_t>(at);
  // The second part may repeat bytes of the first.
  if (size >= 4) {
    return load<std::uint32_t>(at) | std::uint64_t{load<std::uint32_t>(at + size - 4)}
                                         << (8 * (size - 4));
  }
  if (size == 0) return 0;
  const auto byte = [&](std::size_t i) {
    return std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
  };
  return byte(0) | byte(size / 2) | byte(size - 1);
}

// Texts are in the order of these numbers where the numbers differ.
inline std::uint64_t order_of_beginning(std::string_view text) {
  return __builtin_bswap64(first_eight(text));
}

template <class T>
void append(std::string& out, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Takes a number off the front; false when too few bytes are left.
template <class T>
bool take(std::string_view& bytes, T& value) {
  if (bytes.size() < sizeof value) return false;
  value = load<T>(bytes.data());
  bytes.remove_prefix(sizeof value);
  return true;
}

}  // namespace trawl
