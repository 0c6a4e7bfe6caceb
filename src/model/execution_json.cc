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

namespace trawl {
namespace {

constexpr std::int64_t kCountMax = std::numeric_limits<std::int64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Longer than any stage can run (31 years), and short enough that milliseconds in a double
// still tell one microsecond from the next.
constexpr double kStageMillisMax = 1e12;
constexpr std::int64_t kStageMicrosMax = 1'000'000'000'000'000;

constexpr std::size_t kRowNumbers = 7;  // Before the summary in row_values_json().

// What we store may hold a request body of the allowed depth inside a few levels of ours.
constexpr std::size_t kStoredDepthMax = kJsonDepthMax + 16;

// --- writing ------------------------------------------------------------------------

// A whole number without its fraction: 12 rather than 12.0.
void write_number(JsonWriter& out, double number) {
  constexpr double kWholeMax = 9e15;
  if (std::abs(number) < kWholeMax && std::trunc(number) == number) {
    out.integer(static_cast<std::int64_t>(number));
  } else {
    out.number(number);
  }
}

void write_amount(JsonWriter& out, double amount) {
  if (amount == kInfinity) amount = std::numeric_limits<double>::max();
  write_number(out, amount > 0 ? amount : 0);  // NaN is not greater than 0 either.
}

void write_count(JsonWriter& out, std::int64_t count) {
  out.integer(std::max<std::int64_t>(count, 0));
}

void write_micros_as_millis(JsonWriter& out, std::int64_t micros) {
  const auto kept = std::clamp<std::int64_t>(micros, 0, kStageMicrosMax);
  write_number(out, static_cast<double>(kept) / 1000.0);
}

void write_optional(JsonWriter& out, const std::optional<std::string>& text) {
  if (text) {
    out.string(*text);
  } else {
    out.null();
  }
}

// Null for a text that is not known.
void write_known(JsonWriter& out, std::string_view text) {
  if (text.empty()) {
    out.null();
  } else {
    out.string(text);
  }
}

void write_strings(JsonWriter& out, const std::vector<std::string>& items) {
  out.begin_array();
  for (const auto& item : items) out.string(item);
  out.end_array();
}

void write_rate(JsonWriter& out, std::optional<double> rate) {
  if (rate && !std::isnan(*rate)) {
    write_number(out, std::clamp(*rate, 0.0, 1.0));
  } else {
    out.null();
  }
}

void write_summary(JsonWriter& out, const ExecutionSummary& summary) {
  out.key("execution_id").string(summary.execution_id.str());
  out.key("execution_mode").string(summary.execution_mode);
  out.key("status").string(summary.status);
  out.key("timestamp")
      .string(format_time(std::clamp(summary.timestamp, kTimeMin, kTimeMax)));
  write_amount(out.key("duration_ms"), summary.duration_ms);
  write_amount(out.key("credits_used"), summary.credits_used);
  write_count(out.key("total_processed"), summary.total_processed);
  write_count(out.key("total_returned"), summary.total_returned);
  write_rate(out.key("cache_hit_rate"), summary.cache_hit_rate);
  write_optional(out.key("query_summary"), summary.query_summary);
  write_count(out.key("stages_completed"), summary.stages_completed);
  write_count(out.key("total_stages"), summary.total_stages);
  out.key("collection_ids");
  if (summary.collection_ids) {
    write_strings(out, *summary.collection_ids);
  } else {
    out.null();
  }
}

void write_score(JsonWriter& out, std::optional<double> score) {
  if (score && std::isfinite(*score)) {
    write_number(out, *score);
  } else {
    out.null();
  }
}

void write_scored_ids(JsonWriter& out, const std::vector<ScoredId>& ids) {
  out.begin_array();
  for (const auto& id : ids) {
    out.begin_object();
    out.key("document_id").string(id.document_id);
    out.key("collection_id").string(id.collection_id);
    write_score(out.key("score"), id.score);
    out.end_object();
  }
  out.end_array();
}

void write_stage(JsonWriter& out, const StageRecord& stage) {
  out.begin_object();
  out.key("stage_name").string(stage.stage_name);
  out.key("stage_id").string(stage.stage_id);
  out.key("stage_type").string(stage.stage_type);
  write_micros_as_millis(out.key("start_offset_ms"), stage.start_offset_us);
  write_micros_as_millis(out.key("duration_ms"), stage.duration_us);
  write_count(out.key("input_count"), stage.input_count);
  write_count(out.key("output_count"), stage.output_count);
  write_count(out.key("scanned_count"), stage.scanned_count);
  out.key("cache_hit").boolean(stage.cache_hit);
  write_amount(out.key("credits_used"), stage.credits_used);
  write_optional(out.key("error"), stage.error);
  write_strings(out.key("warnings"), stage.warnings);
  std::string metadata;
  append_json(metadata, stage.metadata);
  out.key("metadata").raw(metadata);
  write_scored_ids(out.key("candidates"), stage.candidates);
  out.key("candidates_truncated").boolean(stage.candidates_truncated);
  out.end_object();
}

void write_stages(JsonWriter& out, const std::vector<StageRecord>& stages) {
  out.begin_array();
  for (const auto& stage : stages) write_stage(out, stage);
  out.end_array();
}

void write_collection_versions(JsonWriter& out,
                               const std::vector<CollectionVersion>& versions) {
  out.begin_array();
  for (const auto& version : versions) {
    out.begin_object();
    out.key("collection_id").string(version.collection_id);
    out.key("version").unsigned_integer(version.version);
    out.end_object();
  }
  out.end_array();
}

void write_labels(JsonWriter& out, const Labels& labels) {
  out.begin_object();
  for (const auto& [name, value] : labels) out.key(name).string(value);
  out.end_object();
}

// --- reading ------------------------------------------------------------------------

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

// Runs `read` over the items of an array of objects, each with a reader of its own.
template <class Read>
void read_objects(ObjectReader& in, std::string_view name, const json::array& items,
                  Read&& read) {
  for (std::size_t i = 0; i < items.size() && in.ok(); ++i) {
    if (!items[i].is_object()) {
      const std::string item = fmt::format("{}[{}]", name, i);
      in.fail(item, fmt::format("is of type {}; use an object", type_name(items[i])));
      return;
    }
    ObjectReader child = in.child(items[i].get_object(), name, i);
    read(child);
    if (!child.ok()) in.fail(child.error());
  }
}

std::vector<ScoredId> read_scored_ids(ObjectReader& in, std::string_view name) {
  std::vector<ScoredId> out;
  const json::array* items = in.array({name});
  if (items == nullptr) return out;
  out.reserve(items->size());
  read_objects(in, name, *items, [&](ObjectReader& item) {
    ScoredId& id = out.emplace_back();
    id.document_id = item.string({"document_id"});
    id.collection_id = item.string({"collection_id"});
    id.score = item.optional_number({"score"}, -kInfinity, kInfinity);
  });
  return out;
}

std::int64_t read_millis_as_micros(ObjectReader& in, std::string_view name) {
  return std::llround(in.number({name}, 0, 0, kStageMillisMax) * 1000.0);
}

std::vector<StageRecord> read_stages(ObjectReader& in, std::string_view name) {
  std::vector<StageRecord> out;
  const json::array* items = in.array({name});
  if (items == nullptr) return out;
  out.reserve(items->size());
  read_objects(in, name, *items, [&](ObjectReader& item) {
    StageRecord& stage = out.emplace_back();
    stage.stage_name = item.string({"stage_name"});
    stage.stage_id = item.string({"stage_id"});
    stage.stage_type = item.string({"stage_type"});
    stage.start_offset_us = read_millis_as_micros(item, "start_offset_ms");
    stage.duration_us = read_millis_as_micros(item, "duration_ms");
    stage.input_count = item.integer({"input_count"}, 0, 0, kCountMax);
    stage.output_count = item.integer({"output_count"}, 0, 0, kCountMax);
    stage.scanned_count = item.integer({"scanned_count"}, 0, 0, kCountMax);
    stage.cache_hit = item.boolean({"cache_hit"}, false);
    stage.credits_used = item.number({"credits_used"}, 0, 0, kInfinity);
    stage.error = item.optional_string({"error"});
    stage.warnings = item.strings({"warnings"});
    if (const json::object* metadata = item.object({"metadata"}))
      stage.metadata = *metadata;
    stage.candidates = read_scored_ids(item, "candidates");
    stage.candidates_truncated = item.boolean({"candidates_truncated"}, false);
  });
  return out;
}

std::vector<CollectionVersion> read_collection_versions(ObjectReader& in,
                                                        std::string_view name) {
  std::vector<CollectionVersion> out;
  const json::array* items = in.array({name});
  if (items == nullptr) return out;
  read_objects(in, name, *items, [&](ObjectReader& item) {
    CollectionVersion& version = out.emplace_back();
    version.collection_id = item.string({"collection_id"});
    version.version =
        static_cast<std::uint64_t>(item.integer({"version"}, 0, 0, kCountMax));
  });
  return out;
}

Labels read_labels(ObjectReader& in, std::string_view name) {
  Labels out;
  const json::object* object = in.object({name});
  if (object == nullptr) return out;
  ObjectReader labels = in.child(*object, name);
  for (const auto& field : *object) {
    const std::string_view label(field.key().data(), field.key().size());
    if (field.value().is_string()) {
      out.emplace_back(label, view(field.value().get_string()));
    } else {
      labels.fail(label,
                  fmt::format("is of type {}; use a string", type_name(field.value())));
    }
  }
  if (!labels.ok()) in.fail(labels.error());
  return out;
}

// Seconds or milliseconds: 10^11 seconds lie in the year 5138, as milliseconds in 1973.
Result<TimeUs> time_from_number(const json::value& value) {
  constexpr double kSecondsMax = 1e11;
  const double number = as_double(value);
  const bool seconds = std::abs(number) < kSecondsMax;
  const double micros = number * (seconds ? 1e6 : 1e3);
  // As a double kTimeMax is rounded up, to the first instant of the year 10000.
  if (!(micros >= static_cast<double>(kTimeMin) &&
        micros < static_cast<double>(kTimeMax))) {
    return make_error(ErrorCode::invalid,
                      fmt::format("{} is outside the years 1 to 9999; use seconds or "
                                  "milliseconds since 1970, or RFC 3339",
                                  to_json_text(value)));
  }
  // Integers stay exact; a double has fewer digits than microseconds in the far future.
  const TimeUs time = value.is_int64() ? value.get_int64() * (seconds ? 1'000'000 : 1'000)
                                       : std::llround(micros);
  return std::clamp(time, kTimeMin, kTimeMax);
}

TimeUs read_timestamp(ObjectReader& in) {
  const json::value* value = in.find({"timestamp", "created_at"});
  if (value == nullptr) {
    in.fail("timestamp", "is required; use RFC 3339, such as 2026-01-31T10:00:00Z");
    return 0;
  }
  if (!value->is_string() && !is_number(*value)) {
    in.fail("timestamp", fmt::format("is of type {}; use RFC 3339 text, or seconds or "
                                     "milliseconds since 1970",
                                     type_name(*value)));
    return 0;
  }
  auto time =
      value->is_string() ? parse_time(view(value->get_string())) : time_from_number(*value);
  if (!time) {
    Error error = std::move(time).error();
    error.location = in.location_of("timestamp");
    error.message = error.location + " " + error.message;
    in.fail(std::move(error));
    return 0;
  }
  return *time;
}

ExecutionSummary read_summary(ObjectReader& in) {
  ExecutionSummary summary;
  summary.execution_id = ExecutionId(in.required_string({"execution_id"}));
  summary.execution_mode = in.string({"execution_mode"}, "adhoc");
  summary.status = in.required_string({"status"});
  summary.timestamp = read_timestamp(in);
  summary.duration_ms = in.number({"duration_ms"}, 0, 0, kInfinity);
  summary.credits_used = in.number({"credits_used"}, 0, 0, kInfinity);
  summary.total_processed = in.integer({"total_processed"}, 0, 0, kCountMax);
  summary.total_returned = in.integer({"total_returned"}, 0, 0, kCountMax);
  summary.cache_hit_rate = in.optional_number({"cache_hit_rate"}, 0, 1);
  summary.query_summary = in.optional_string({"query_summary"});
  summary.stages_completed = in.integer({"stages_completed"}, 0, 0, kCountMax);
  summary.total_stages = in.integer({"total_stages"}, 0, 0, kCountMax);
  if (in.has({"collection_ids"})) summary.collection_ids = in.strings({"collection_ids"});
  return summary;
}

std::optional<std::string> read_inputs(ObjectReader& in) {
  const json::value* value = in.find({"inputs"});
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(view(value->get_string()));
  if (value->is_object() || value->is_array()) return to_json_text(*value);
  in.fail("inputs", fmt::format("is of type {}; use a string that holds JSON, or an object",
                                type_name(*value)));
  return std::nullopt;
}

// The members of an object that has some.
std::string without_braces(std::string object) {
  object.pop_back();
  object.erase(0, 1);
  return object;
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
  write_summary(writer, summary);
  writer.end_object();
  return out;
}

std::string row_values_json(const ExecutionSummary& summary) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_array();
  write_amount(writer, summary.duration_ms);
  write_amount(writer, summary.credits_used);
  write_count(writer, summary.total_processed);
  write_count(writer, summary.total_returned);
  write_rate(writer, summary.cache_hit_rate);
  write_count(writer, summary.stages_completed);
  write_count(writer, summary.total_stages);
  write_optional(writer, summary.query_summary);
  writer.end_array();
  return out.substr(1, out.size() - 2);
}

Result<void> append_row_json(std::string& out, const ExecutionRowParts& parts) {
  std::array<std::string_view, kRowNumbers> numbers;
  std::string_view query_summary;
  if (!split_values(parts.values, numbers, query_summary)) return damaged_values();
  using namespace std::string_view_literals;
  const std::string time = format_time(std::clamp(parts.timestamp, kTimeMin, kTimeMax));
  // Their sizes first, so the text grows once; pages are made of nothing else.
  const std::string_view pieces[] = {R"({"execution_id":")"sv,
                                     parts.execution_id,
                                     R"(","execution_mode":)"sv,
                                     parts.execution_mode,
                                     R"(,"status":)"sv,
                                     parts.status,
                                     R"(,"timestamp":")"sv,
                                     time,
                                     R"(","duration_ms":)"sv,
                                     numbers[0],
                                     R"(,"credits_used":)"sv,
                                     numbers[1],
                                     R"(,"total_processed":)"sv,
                                     numbers[2],
                                     R"(,"total_returned":)"sv,
                                     numbers[3],
                                     R"(,"cache_hit_rate":)"sv,
                                     numbers[4],
                                     R"(,"query_summary":)"sv,
                                     query_summary,
                                     R"(,"stages_completed":)"sv,
                                     numbers[5],
                                     R"(,"total_stages":)"sv,
                                     numbers[6],
                                     R"(,"collection_ids":)"sv,
                                     parts.collection_ids,
                                     "}"sv};
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  const std::size_t begin = out.size();
  out.resize(begin + size);
  char* at = out.data() + begin;
  for (const std::string_view piece : pieces) {
    std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  }
  return {};
}

Result<ExecutionRowNumbers> parse_row_numbers(std::string_view values) {
  std::array<std::string_view, kRowNumbers> numbers;
  std::string_view query_summary;
  ExecutionRowNumbers out;
  if (!split_values(values, numbers, query_summary) ||
      !read_text(numbers[0], out.duration_ms) || !read_text(numbers[1], out.credits_used) ||
      !read_text(numbers[2], out.total_processed) ||
      !read_text(numbers[3], out.total_returned) ||
      (numbers[4] != "null" && !read_text(numbers[4], out.cache_hit_rate.emplace())) ||
      !read_text(numbers[5], out.stages_completed) ||
      !read_text(numbers[6], out.total_stages)) {
    return damaged_values();
  }
  return out;
}

std::string pipeline_members_json(std::string_view pipeline, std::string_view fingerprint,
                                  std::string_view shape) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  writer.key("pipeline");
  if (pipeline.empty()) {
    writer.null();
  } else {
    writer.raw(pipeline);
  }
  write_known(writer.key("fingerprint"), fingerprint);
  write_known(writer.key("shape"), shape);
  writer.end_object();
  return without_braces(std::move(out));
}

ExecutionDetailParts execution_detail_parts(const Execution& execution) {
  ExecutionDetailParts parts;
  {
    JsonWriter writer(parts.before);
    writer.begin_object();
    write_optional(writer.key("inputs"), execution.inputs);
    write_optional(writer.key("inputs_hash"), execution.inputs_hash);
    writer.end_object();
  }
  {
    JsonWriter writer(parts.after);
    writer.begin_object();
    write_stages(writer.key("stages"), execution.stages);
    write_scored_ids(writer.key("results"), execution.results);
    write_collection_versions(writer.key("collection_versions"),
                              execution.collection_versions);
    write_optional(writer.key("error"), execution.error);
    write_optional(writer.key("failed_stage"), execution.failed_stage);
    write_known(writer.key("namespace_id"), execution.namespace_id.str());
    write_labels(writer.key("labels"), execution.labels);
    write_known(writer.key("caller_key_id"), execution.caller_key_id);
    write_known(writer.key("client"), execution.client);
    write_known(writer.key("request_id"), execution.request_id);
    write_known(writer.key("trace_id"), execution.trace_id);
    writer.end_object();
  }
  parts.before = without_braces(std::move(parts.before));
  parts.pipeline =
      pipeline_members_json(execution.pipeline, execution.fingerprint, execution.shape);
  parts.after = without_braces(std::move(parts.after));
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
  execution.summary = read_summary(in);
  execution.inputs = read_inputs(in);
  execution.inputs_hash = in.optional_string({"inputs_hash"});
  if (execution.inputs && !value.get_object().contains("inputs_hash")) {
    execution.inputs_hash = hash_inputs(*execution.inputs);
  }
  if (in.object({"pipeline"}) != nullptr) {
    execution.pipeline = canonical_json(*in.find({"pipeline"}));
  }
  execution.fingerprint = in.string({"fingerprint"});
  execution.shape = in.string({"shape"});
  execution.stages = read_stages(in, "stages");
  execution.results = read_scored_ids(in, "results");
  execution.collection_versions = read_collection_versions(in, "collection_versions");
  execution.error = in.optional_string({"error"});
  execution.failed_stage = in.optional_string({"failed_stage"});
  execution.namespace_id = NamespaceId(in.string({"namespace_id"}));
  execution.labels = read_labels(in, "labels");
  execution.caller_key_id = in.string({"caller_key_id"});
  execution.client = in.string({"client"});
  execution.request_id = in.string({"request_id"});
  execution.trace_id = in.string({"trace_id"});
  if (!in.ok()) return in.error();
  TRAWL_TRY(validate_summary(execution.summary));
  return execution;
}

Result<Execution> parse_stored_execution(std::string_view text) {
  TRAWL_ASSIGN(const json::value value, parse_json(text, kStoredDepthMax));
  return parse_execution(value);
}

std::string hash_inputs(std::string_view inputs) {
  const auto value = parse_json(inputs);
  return sha1_hex(value ? canonical_json(*value) : std::string(inputs));
}

std::string hash_inputs(const json::object& inputs) {
  return sha1_hex(canonical_json(inputs));
}

}  // namespace trawl
