#include "query/value_key.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "base/work_limit.h"
#include "text/fold.h"

namespace trawl {
namespace {

std::string_view name_of(const json::key_value_pair& field) {
  return {field.key().data(), field.key().size()};
}

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

void append_value_key(std::string& out, const json::value* value, CaseMode mode) {
  count_work(4);
  if (value == nullptr) {
    out += "null,";
  } else if (is_number(*value)) {
    append_number_key(out, *value);
    out.push_back(',');
  } else if (const auto* text = value->if_string()) {
    if (mode == CaseMode::folded) {
      append_json_string(out, fold_case(view(*text)));
    } else {
      append_json_string(out, view(*text));
    }
    out.push_back(',');
  } else if (const auto* array = value->if_array()) {
    out.push_back('[');
    for (const auto& item : *array) append_value_key(out, &item, mode);
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
      append_json_string(out, name_of(*field));
      append_value_key(out, &field->value(), mode);
    }
    out.push_back('}');
  } else {
    append_json(out, *value);
    out.push_back(',');
  }
}

std::string value_key(const json::value* value, CaseMode mode) {
  std::string out;
  append_value_key(out, value, mode);
  return out;
}

}  // namespace trawl
