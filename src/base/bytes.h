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
