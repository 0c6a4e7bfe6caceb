#include "model/execution_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

#include "base/clock.h"
#include "base/hash.h"
#include "base/object_reader.h"
#include "base/text.h"
#include "model/field_json.h"
#include "model/recorded_fields.h"

namespace trawl {
namespace {

// Ids and instants come without their quotes.
constexpr bool comes_bare(const RecordedField& field) {
  return field.kind == FieldKind::instant || field.name == "execution_id";
}

// What a row has before each of its values, and after the last.
struct RowFrame {
  std::array<char, 512> text{};
  std::array<std::size_t, kRowFields.size() + 2> begins{};

  std::string_view before(std::size_t field) const {
    return {text.data() + begins[field], begins[field + 1] - begins[field]};
  }
};
constexpr RowFrame kRowFrame = [] {
  RowFrame frame;
  std::size_t size = 0;
  const auto add = [&](std::string_view piece) {
    for (const char c : piece) frame.text[size++] = c;
  };
  for (std::size_t i = 0; i < kRowFields.size(); ++i) {
    frame.begins[i] = size;
    if (i > 0 && comes_bare(kRowFields[i - 1])) add("\"");
    add(i == 0 ? "{\"" : ",\"");
    add(kRowFields[i].name);
    add(comes_bare(kRowFields[i]) ? "\":\"" : "\":");
  }
  frame.begins[kRowFields.size()] = size;
  add("}");
  frame.begins[kRowFields.size() + 1] = size;
  return frame;
}();
static_assert(!comes_bare(kRowFields.back()));

Result<void> validate_word(std::string_view name, std::string_view text,
                           std::size_t chars_max) {
  const auto refuse = [&](std::string_view why) -> Error {
    return invalid_at(
        std::string(name),
        fmt::format("{} {}; use 1 to {} printable characters", name, why, chars_max));
  };
  if (text.empty()) return refuse("is empty");
  if (!is_valid_utf8(text)) return refuse("is not UTF-8");
  std::size_t chars = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool is_c1 =  // U+0080 to U+009F
        c == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c < 0x20 || c == 0x7F || is_c1) return refuse("holds a control character");
    if ((c & 0xC0) != 0x80) ++chars;
  }
  if (chars > chars_max) return refuse(fmt::format("has {} characters", chars));
  return {};
}

template <class Value>
bool is_empty(const Value& value) {
  return value == Value();
}

// The fields that are kept there, as the members of an object without its braces.
std::string kept_members(Kept kept, const Execution& execution,
                         std::vector<TextSpan>* values = nullptr) {
  std::string out;
  NotingWriter writer(out);
  for_each_kept([&](const auto& field) {
    if (field.kept == kept &&
        !(field.is(kSparse) && is_empty(value_of(field, execution)))) {
      writer.key(field.name);
      const auto write = [&] { write_value(writer, field, value_of(field, execution)); };
      field.kind == FieldKind::json ? writer.note(write) : write();
    }
  });
  if (values != nullptr) *values = writer.take_noted();
  return out;
}

// The numbers at the beginning of the values, and what follows them; false when there
// are fewer.
bool split_values(std::string_view values, std::span<std::string_view> numbers,
                  std::string_view& rest) {
  for (std::string_view& number : numbers) {
    const auto comma = values.find(',');
    if (comma == std::string_view::npos) return false;
    number = values.substr(0, comma);
    values.remove_prefix(comma + 1);
  }
  rest = values;
  return true;
}

Error damaged_values() {
  return make_error(ErrorCode::storage, "the stored data is damaged",
                    "the values of a row are not what they should be");
}

template <class Number>
bool read_text(std::string_view text, Number& number) {
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc() && read.ptr == end;
}

}  // namespace

Result<void> validate_summary(const ExecutionSummary& summary) {
  TRAWL_TRY(
      validate_word("execution_id", summary.execution_id.str(), kExecutionIdCharsMax));
  TRAWL_TRY(validate_word("status", summary.status, kStatusCharsMax));
  if (summary.timestamp < kTimeMin || summary.timestamp > kTimeMax) {
    return invalid_at(
        "timestamp", fmt::format("timestamp is {} microseconds since 1970; use the years 1 "
                                 "to 9999",
                                 summary.timestamp));
  }
  return {};
}

std::string execution_row_json(const ExecutionSummary& summary) {
  std::string out;
  out.reserve(512);
  JsonWriter writer(out);
  writer.begin_object();
  for_each_in_row([&](const auto& field) {
    write_value(writer.key(field.name), field, summary.*field.member);
  });
  writer.end_object();
  return out;
}

std::string row_values_json(const ExecutionSummary& summary) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_array();
  for_each_in_row([&](const auto& field) {
    if (field.is_number()) write_value(writer, field, summary.*field.member);
  });
  for_each_in_row([&](const auto& field) {
    if (field.kind == FieldKind::text) write_value(writer, field, summary.*field.member);
  });
  writer.end_array();
  return out.substr(1, out.size() - 2);
}

Result<void> append_row_json(std::string& out, const ExecutionRowParts& parts) {
  std::array<std::string_view, kRowNumberFields.size()> numbers;
  std::string_view query_summary;
  if (!split_values(parts.values, numbers, query_summary)) return damaged_values();
  const std::string time = format_time(std::clamp(parts.timestamp, kTimeMin, kTimeMax));
  std::array<std::string_view, kRowFields.size()> values;
  values[recorded_index("execution_id")] = parts.execution_id;
  values[recorded_index("execution_mode")] = parts.execution_mode;
  values[recorded_index("status")] = parts.status;
  values[recorded_index("timestamp")] = time;
  values[recorded_index("query_summary")] = query_summary;
  values[recorded_index("collection_ids")] = parts.collection_ids;
  const std::string_view* number = numbers.data();
  for (std::size_t i = 0; i < kRowFields.size(); ++i) {
    if (kRowFields[i].is_number()) values[i] = *number++;
  }
  // Their sizes first, so the text grows once; pages are made of nothing else.
  std::size_t size = kRowFrame.begins.back();
  for (const std::string_view value : values) size += value.size();
  const std::size_t begin = out.size();
  out.resize(begin + size);
  char* at = out.data() + begin;
  const auto put = [&at](std::string_view piece) {
    std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  };
  for (std::size_t i = 0; i < kRowFields.size(); ++i) {
    put(kRowFrame.before(i));
    put(values[i]);
  }
  put(kRowFrame.before(kRowFields.size()));
  return {};
}

Result<ExecutionRowNumbers> parse_row_numbers(std::string_view values) {
  std::array<std::string_view, kRowNumberFields.size()> texts;
  std::string_view query_summary;
  if (!split_values(values, texts, query_summary)) return damaged_values();
  ExecutionRowNumbers numbers;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const FieldKind kind = kRowNumberFields[i].kind;
    if (kind == FieldKind::rate && texts[i] == "null") {
      numbers[i].amount = std::numeric_limits<double>::quiet_NaN();
    } else if (kind == FieldKind::count ? !read_text(texts[i], numbers[i].count)
                                        : !read_text(texts[i], numbers[i].amount)) {
      return damaged_values();
    }
  }
  return numbers;
}

std::string pipeline_members_json(const Execution& execution) {
  return kept_members(Kept::definition, execution);
}

ExecutionDetailParts execution_detail_parts(const Execution& execution) {
  ExecutionDetailParts parts;
  parts.before = kept_members(Kept::head, execution, &parts.before_values);
  parts.pipeline = pipeline_members_json(execution);
  parts.after = kept_members(Kept::record, execution, &parts.after_values);
  return parts;
}

std::string join_detail_json(std::string_view row, std::string_view before,
                             std::string_view pipeline, std::string_view after) {
  std::string out;
  out.reserve(row.size() + before.size() + pipeline.size() + after.size() + 3);
  out += row.substr(0, row.size() - 1);
  for (const std::string_view members : {before, pipeline, after}) {
    out += ',';
    out += members;
  }
  out += '}';
  return out;
}

std::string execution_detail_json(const Execution& execution) {
  const ExecutionDetailParts parts = execution_detail_parts(execution);
  return join_detail_json(execution_row_json(execution.summary), parts.before,
                          parts.pipeline, parts.after);
}

Result<Execution> parse_execution(const json::value& value) {
  if (!value.is_object()) {
    return make_error(
        ErrorCode::invalid,
        fmt::format("an execution is a JSON object; this is of type {}", type_name(value)));
  }
  ObjectReader in(value.get_object(), "");
  Execution execution;
  for_each_kept(
      [&](const auto& field) { read_value(in, field, value_of(field, execution)); });
  if (execution.inputs && !value.get_object().contains("inputs_hash")) {
    execution.inputs_hash = hash_inputs(*execution.inputs);
  }
  if (!in.ok()) return in.error();
  TRAWL_TRY(validate_summary(execution.summary));
  return execution;
}

Result<Execution> parse_stored_execution(std::string_view text) {
  const auto value = parse_json(text, kRecordDepthMax);
  auto execution = value ? parse_execution(*value) : Result<Execution>(value.error());
  if (execution) return execution;
  const Error& error = execution.error();
  // No client sent this: it was read back from where it had been found good.
  if (error.code != ErrorCode::bad_request && error.code != ErrorCode::invalid) {
    return error;
  }
  return make_error(ErrorCode::storage, "the stored data is damaged",
                    fmt::format("an execution cannot be read: {}", error.message));
}

std::string hash_inputs(std::string_view inputs) {
  const auto value = parse_json(inputs);
  return sha1_hex(value ? canonical_json(*value) : std::string(inputs));
}

std::string hash_inputs(const json::object& inputs) {
  return sha1_hex(canonical_json(inputs));
}

}  // namespace trawl
