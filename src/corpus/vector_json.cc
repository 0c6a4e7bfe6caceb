#include "corpus/vector_json.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <string_view>

#include "base/base64.h"
#include "base/text.h"

namespace trawl {
namespace {

constexpr std::string_view kVectorForms =
    "use a list of numbers, a list of such lists, or the base64 of float32 numbers in "
    "little endian";

Result<void> append_numbers(const json::array& sent, std::uint32_t dimension,
                            const std::string& location, std::vector<float>& out) {
  if (sent.size() != dimension) {
    return invalid_at(location, fmt::format("{} has {} numbers; the feature has {} "
                                            "dimensions, so use as many",
                                            location, sent.size(), dimension));
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    if (!is_number(sent[i])) {
      const std::string place = fmt::format("{}[{}]", location, i);
      return invalid_at(
          place, fmt::format("{} is of type {}; use a number", place, type_name(sent[i])));
    }
    // What is too large for a float32 becomes infinite, and is refused as that.
    out.push_back(static_cast<float>(as_double(sent[i])));
  }
  return {};
}

Result<std::vector<float>> decode_numbers(std::string_view sent, std::uint32_t dimension,
                                          const std::string& location) {
  const auto bytes = base64_bytes(sent);
  if (!bytes) {
    return invalid_at(location, fmt::format("{} is '{}', which is not base64; {}", location,
                                            truncate_text(sent, 32), kVectorForms));
  }
  if (bytes->empty() || bytes->size() % (sizeof(float) * dimension) != 0) {
    return invalid_at(location, fmt::format("{} has {} bytes; the feature has {} "
                                            "dimensions, so use {}, or a multiple of that",
                                            location, bytes->size(), dimension,
                                            sizeof(float) * dimension));
  }
  std::vector<float> out(bytes->size() / sizeof(float));
  std::memcpy(out.data(), bytes->data(), bytes->size());
  if constexpr (std::endian::native == std::endian::big) {
    for (float& value : out) {
      value = std::bit_cast<float>(__builtin_bswap32(std::bit_cast<std::uint32_t>(value)));
    }
  }
  return out;
}

double shortest_double(float value) {
  // The double nearest to it prints as what a float32 cannot hold: 0.10000000149011612.
  char text[32];
  char* end = fmt::format_to(text, "{}", value);
  double out = value;
  std::from_chars(text, end, out);
  return static_cast<float>(out) == value ? out : static_cast<double>(value);
}

}  // namespace

Result<std::vector<float>> parse_vectors(const json::value& sent, std::uint32_t dimension,
                                         const std::string& location) {
  if (const auto* text = sent.if_string()) {
    return decode_numbers(view(*text), dimension, location);
  }
  const auto* list = sent.if_array();
  if (list == nullptr) {
    return invalid_at(location, fmt::format("{} is of type {}; {}", location,
                                            type_name(sent), kVectorForms));
  }
  std::vector<float> out;
  if (list->empty() || !list->front().is_array()) {
    out.reserve(dimension);
    TRAWL_TRY(append_numbers(*list, dimension, location, out));
    return out;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string place = fmt::format("{}[{}]", location, i);
    const auto* one = (*list)[i].if_array();
    if (one == nullptr) {
      return invalid_at(place, fmt::format("{} is of type {}; use a list of numbers, as "
                                           "before it",
                                           place, type_name((*list)[i])));
    }
    TRAWL_TRY(append_numbers(*one, dimension, place, out));
  }
  return out;
}

json::value vectors_json(std::span<const float> values, std::uint32_t dimension) {
  json::array out;
  if (values.size() == dimension) {
    out.reserve(dimension);
    for (const float value : values) out.push_back(shortest_double(value));
    return out;
  }
  for (std::size_t i = 0; i + dimension <= values.size(); i += dimension) {
    out.push_back(vectors_json(values.subspan(i, dimension), dimension));
  }
  return out;
}

}  // namespace trawl
