#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace trawl::lexical {

// Segments are read in place, from a mapped file, so they have the byte order of the
// machine.
static_assert(
    std::endian::native == std::endian::little,
    "segment files are little-endian; a big-endian machine needs conversions here");

// Reads at any alignment; the caller checks that the bytes are there.
template <class T>
T load(const char* at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class T>
void append(std::string& out, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace trawl::lexical
