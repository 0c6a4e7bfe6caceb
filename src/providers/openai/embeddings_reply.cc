#include "providers/openai/embeddings_reply.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "base/base64.h"
#include "base/json.h"

namespace trawl::openai {
namespace {

Error wrong(std::string message) {
  return make_error(ErrorCode::unavailable, std::move(message));
}

// Nothing where the text is no base64 of whole floats.
std::optional<std::vector<float>> floats_of_base64(std::string_view text) {
  const auto bytes = base64_bytes(text);
  if (!bytes || bytes->size() % sizeof(float) != 0) return std::nullopt;
  std::vector<float> out(bytes->size() / sizeof(float));
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint32_t word = 0;
    for (std::size_t j = 4; j-- > 0;) {
      word = (word << 8) | static_cast<unsigned char>((*bytes)[4 * i + j]);
    }
    std::memcpy(&out[i], &word, sizeof word);
  }
  return out;
}

// Values of one embedding; infinite where a number is too large for a float.
std::optional<std::vector<float>> floats_of(const json::value& embedding) {
  if (embedding.is_string()) return floats_of_base64(view(embedding.get_string()));
  const json::array* const list = embedding.if_array();
  if (list == nullptr) return std::nullopt;
  std::vector<float> out;
  out.reserve(list->size());
  for (const json::value& number : *list) {
    if (!is_number(number)) return std::nullopt;
    const double value = as_double(number);
    constexpr double kMax = std::numeric_limits<float>::max();
    out.push_back(std::abs(value) <= kMax ? static_cast<float>(value)
                                          : std::numeric_limits<float>::infinity());
  }
  return out;
}

const json::value* member(const json::value& value, std::string_view name) {
  const json::object* const object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::uint64_t tokens_of(const json::value& reply) {
  const json::value* const usage = member(reply, "usage");
  if (usage == nullptr) return 0;
  for (const char* name : {"total_tokens", "prompt_tokens"}) {
    const json::value* const tokens = member(*usage, name);
    if (tokens != nullptr && tokens->is_int64() && tokens->get_int64() > 0) {
      return static_cast<std::uint64_t>(tokens->get_int64());
    }
  }
  return 0;
}

}  // namespace

Result<EmbeddingsReply> read_embeddings_reply(std::string_view body, std::size_t count,
                                              std::uint32_t dimension) {
  const auto reply = parse_json(body);
  if (!reply) return wrong("its reply is not JSON: " + reply.error().message);
  const json::value* const data_member = member(*reply, "data");
  const json::array* const data =
      data_member == nullptr ? nullptr : data_member->if_array();
  if (data == nullptr) return wrong("its reply has no list `data`");
  if (data->size() != count) {
    return wrong(fmt::format("it answered {} vectors for {} texts", data->size(), count));
  }
  EmbeddingsReply out;
  out.dimension = dimension;
  std::vector<bool> seen(count);
  for (const json::value& item : *data) {
    const json::value* const index_member = member(item, "index");
    const json::value* const embedding = member(item, "embedding");
    if (index_member == nullptr || !index_member->is_int64() || embedding == nullptr) {
      return wrong("a vector of its reply has no `index` or no `embedding`");
    }
    const std::int64_t index = index_member->get_int64();
    if (index < 0 || static_cast<std::uint64_t>(index) >= count) {
      return wrong(
          fmt::format("it answered a vector with index {} for {} texts", index, count));
    }
    const auto place = static_cast<std::size_t>(index);
    if (seen[place]) return wrong(fmt::format("it answered index {} twice", index));
    seen[place] = true;
    const auto values = floats_of(*embedding);
    if (!values || values->empty()) {
      return wrong(fmt::format(
          "vector {} is neither a list of numbers nor base64 of float32", index));
    }
    if (out.dimension == 0 && values->size() <= std::numeric_limits<std::uint32_t>::max()) {
      out.dimension = static_cast<std::uint32_t>(values->size());
    }
    if (values->size() != out.dimension) {
      return wrong(
          fmt::format("vector {} has {} numbers, not {}; are its dimensions right?", index,
                      values->size(), out.dimension));
    }
    for (const float value : *values) {
      if (!std::isfinite(value)) {
        return wrong(fmt::format("vector {} has a number that is not finite", index));
      }
    }
    if (out.values.empty()) out.values.resize(count * values->size());
    std::memcpy(out.values.data() + place * values->size(), values->data(),
                values->size() * sizeof(float));
  }
  out.tokens = tokens_of(*reply);
  return out;
}

}  // namespace trawl::openai
