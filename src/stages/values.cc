#include "stages/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/work_limit.h"

namespace trawl {
namespace {

void append_number_key(std::string& out, const json::value& value) {
  if (value.is_int64()) {
    out += std::to_string(value.get_int64());
    return;
  }
  if (value.is_uint64()) {
    out += std::to_string(value.get_uint64());
    return;
  }
  const double number = value.get_double();
  if (std::trunc(number) == number) {
    // The bounds are powers of two, so the comparisons are exact.
    if (number >= -0x1p63 && number < 0x1p63) {
      out += std::to_string(static_cast<std::int64_t>(number));
      return;
    }
    if (number >= 0x1p63 && number < 0x1p64) {
      out += std::to_string(static_cast<std::uint64_t>(number));
      return;
    }
  }
  append_json_number(out, number);
}

}  // namespace

const json::value* present_value(const Candidate& candidate, std::string_view path,
                                 json::value& scratch) {
  const json::value* value = candidate.find(path, scratch);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<double> number_at(const Candidate& candidate, std::string_view path) {
  json::value scratch;
  const json::value* value = candidate.find(path, scratch);
  if (value == nullptr || !is_number(*value)) return std::nullopt;
  return as_double(*value);
}

void append_value_key(std::string& out, const json::value* value) {
  count_work(4);
  if (value == nullptr) {
    out += "null";
  } else if (is_number(*value)) {
    append_number_key(out, *value);
  } else if (const auto* array = value->if_array()) {
    out.push_back('[');
    for (const auto& item : *array) {
      append_value_key(out, &item);
      out.push_back(',');
    }
    out.push_back(']');
  } else if (const auto* object = value->if_object()) {
    std::vector<const json::key_value_pair*> fields;
    fields.reserve(object->size());
    for (const auto& field : *object) fields.push_back(&field);
    std::sort(fields.begin(), fields.end(), [](const auto* a, const auto* b) {
      count_work();
      return a->key() < b->key();
    });
    out.push_back('{');
    for (const auto* field : fields) {
      append_json_string(out, {field->key().data(), field->key().size()});
      out.push_back(':');
      append_value_key(out, &field->value());
      out.push_back(',');
    }
    out.push_back('}');
  } else {
    append_json(out, *value);
  }
}

std::string value_key(const json::value* value) {
  std::string out;
  append_value_key(out, value);
  return out;
}

std::string value_text(const json::value& value) {
  if (const auto* text = value.if_string()) {
    count_work(text->size() / kBytesPerStep);
    return std::string(view(*text));
  }
  return to_json_text(value);
}

std::vector<std::size_t> order_by_score(const std::vector<Candidate>& candidates) {
  std::vector<std::size_t> order(candidates.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto score = [&](std::size_t i) {
    return candidates[i].score.value_or(-std::numeric_limits<double>::infinity());
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    count_work();
    return score(a) > score(b);
  });
  return order;
}

std::vector<Candidate> pick(std::vector<Candidate>&& candidates,
                            const std::vector<std::size_t>& order) {
  std::vector<Candidate> out;
  out.reserve(order.size());
  for (const std::size_t i : order) {
    count_work(4);
    out.push_back(std::move(candidates[i]));
  }
  return out;
}

}  // namespace trawl
