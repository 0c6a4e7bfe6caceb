#include "model/field_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/amount_sum.h"
#include "base/clock.h"

namespace trawl {
namespace {

constexpr std::int64_t kCountMax = std::numeric_limits<std::int64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Of an amount of credits; what is beyond them counts as the most there are.
std::int64_t to_micros(double credits) {
  constexpr double kMost = 9e12;
  return AmountSum::to_units(std::min(credits, kMost));
}

// Longer than any stage can run (31 years), and short enough that milliseconds in a double
// still tell one microsecond from the next.
constexpr double kStageMillisMax = 1e12;
constexpr std::int64_t kStageMicrosMax = 1'000'000'000'000'000;

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

void write_score(JsonWriter& out, std::optional<double> score) {
  if (score && std::isfinite(*score)) {
    write_number(out, *score);
  } else {
    out.null();
  }
}

void write_object(JsonWriter& out, const json::object& object) {
  std::string text;
  append_json(text, object);
  out.raw(text);
}

// Eight hexadecimal digits. Records have dozens, so they are written by hand.
void write_content_hash(JsonWriter& out, std::uint32_t hash) {
  char text[10] = {'"', 0, 0, 0, 0, 0, 0, 0, 0, '"'};
  for (int i = 8; i >= 1; --i, hash >>= 4) text[i] = "0123456789abcdef"[hash & 15];
  out.raw({text, sizeof text});
}

void write_search_parts(JsonWriter& out, const SearchParts& parts) {
  out.begin_array();
  for (const SearchPart& part : parts) {
    out.begin_object();
    out.key("search").unsigned_integer(part.search);
    out.key("rank").unsigned_integer(part.rank);
    write_score(out.key("score"), part.score);
    out.end_object();
  }
  out.end_array();
}

void write_scored_ids(JsonWriter& out, const std::vector<ScoredId>& ids) {
  out.begin_array();
  for (const auto& id : ids) {
    out.begin_object();
    out.key("document_id").string(id.document_id);
    out.key("collection_id").string(id.collection_id);
    if (id.content_hash) write_content_hash(out.key("content_hash"), *id.content_hash);
    write_score(out.key("score"), id.score);
    if (!id.searches.empty()) write_search_parts(out.key("searches"), id.searches);
    if (id.written) write_object(out.key("written"), *id.written);
    out.end_object();
  }
  out.end_array();
}

void write_external_calls(JsonWriter& out, const std::vector<ExternalCall>& calls) {
  out.begin_array();
  for (const ExternalCall& call : calls) {
    out.begin_object();
    out.key("provider").string(call.provider);
    out.key("request_sha256").string(call.request_sha256);
    write_optional(out.key("answer_sha256"), call.answer_sha256);
    write_count(out.key("answer_bytes"), call.answer_bytes);
    out.key("answer_kept").boolean(call.answer_kept);
    write_micros_as_millis(out.key("start_offset_ms"), call.start_offset_us);
    write_micros_as_millis(out.key("duration_ms"), call.duration_us);
    write_optional(out.key("error"), call.error);
    write_optional(out.key("error_code"), call.error_code);
    out.end_object();
  }
  out.end_array();
}

void write_stage(NotingWriter& out, const StageRecord& stage) {
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
  write_amount(out.key("credits_used"), AmountSum::to_amount(stage.credits_micro));
  write_optional(out.key("error"), stage.error);
  write_strings(out.key("warnings"), stage.warnings);
  out.key("metadata");
  out.note([&] { write_object(out, stage.metadata); });
  if (stage.parameters) {
    out.key("parameters");
    out.note([&] { write_object(out, *stage.parameters); });
  }
  if (stage.context) {
    out.key("context").begin_object();
    out.key("time_elapsed_ms").integer(stage.context->time_elapsed_ms);
    out.key("budget_remaining");
    const auto& left = stage.context->budget_remaining;
    left ? out.number(*left) : out.null();
    out.end_object();
  }
  if (stage.seed) out.key("seed").integer(*stage.seed);
  if (!stage.external_calls.empty()) {
    write_external_calls(out.key("external_calls"), stage.external_calls);
  }
  out.key("candidates");
  out.note([&] { write_scored_ids(out, stage.candidates); });
  out.key("candidates_truncated").boolean(stage.candidates_truncated);
  if (stage.written_truncated) out.key("written_truncated").boolean(true);
  out.end_object();
}

// --- reading ------------------------------------------------------------------------

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

std::optional<std::uint32_t> read_content_hash(ObjectReader& in) {
  const auto text = in.optional_string({"content_hash"});
  if (!text) return std::nullopt;
  std::uint32_t hash = 0;
  const auto end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, hash, 16);
  if (text->size() == 8 && read.ec == std::errc() && read.ptr == end) return hash;
  in.fail("content_hash", "is not of 8 hexadecimal digits");
  return std::nullopt;
}

SearchParts read_search_parts(ObjectReader& in) {
  SearchParts out;
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const json::array* items = in.array({"searches"});
  if (items == nullptr) return out;
  read_objects(in, "searches", *items, [&](ObjectReader& item) {
    SearchPart& part = out.emplace_back();
    part.search = static_cast<std::uint32_t>(item.integer({"search"}, 0, 0, kMost));
    part.rank = static_cast<std::uint32_t>(item.integer({"rank"}, 0, 0, kMost));
    part.score = item.number({"score"}, 0, -kInfinity, kInfinity);
  });
  return out;
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
    id.content_hash = read_content_hash(item);
    id.searches = read_search_parts(item);
    if (const json::object* written = item.object({"written"})) id.written = *written;
  });
  return out;
}

std::int64_t read_millis_as_micros(ObjectReader& in, std::string_view name) {
  return std::llround(in.number({name}, 0, 0, kStageMillisMax) * 1000.0);
}

std::vector<ExternalCall> read_external_calls(ObjectReader& in) {
  std::vector<ExternalCall> out;
  const json::array* items = in.array({"external_calls"});
  if (items == nullptr) return out;
  read_objects(in, "external_calls", *items, [&](ObjectReader& item) {
    ExternalCall& call = out.emplace_back();
    call.provider = item.string({"provider"});
    call.request_sha256 = item.string({"request_sha256"});
    call.answer_sha256 = item.optional_string({"answer_sha256"});
    call.answer_bytes = item.integer({"answer_bytes"}, 0, 0, kCountMax);
    call.answer_kept = item.boolean({"answer_kept"}, false);
    call.start_offset_us = read_millis_as_micros(item, "start_offset_ms");
    call.duration_us = read_millis_as_micros(item, "duration_ms");
    call.error = item.optional_string({"error"});
    call.error_code = item.optional_string({"error_code"});
  });
  return out;
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
    stage.credits_micro = to_micros(item.number({"credits_used"}, 0, 0, kInfinity));
    stage.error = item.optional_string({"error"});
    stage.warnings = item.strings({"warnings"});
    if (const json::object* metadata = item.object({"metadata"}))
      stage.metadata = *metadata;
    if (const json::object* filled = item.object({"parameters"}))
      stage.parameters = *filled;
    if (const json::object* seen = item.object({"context"})) {
      ObjectReader context = item.child(*seen, "context");
      stage.context.emplace();
      stage.context->time_elapsed_ms =
          context.integer({"time_elapsed_ms"}, 0, 0, kCountMax);
      stage.context->budget_remaining =
          context.optional_number({"budget_remaining"}, -kInfinity, kInfinity);
      if (!context.ok()) item.fail(context.error());
    }
    stage.seed = item.optional_integer({"seed"}, std::numeric_limits<std::int64_t>::min(),
                                       kCountMax);
    stage.external_calls = read_external_calls(item);
    stage.candidates = read_scored_ids(item, "candidates");
    stage.candidates_truncated = item.boolean({"candidates_truncated"}, false);
    stage.written_truncated = item.boolean({"written_truncated"}, false);
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

// A string is kept byte for byte, an object or an array as compact JSON.
std::optional<std::string> read_json_text(ObjectReader& in, std::string_view name) {
  const json::value* value = in.find({name});
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return std::string(view(value->get_string()));
  if (value->is_object() || value->is_array()) return to_json_text(*value);
  in.fail(name, fmt::format("is of type {}; use a string that holds JSON, or an object",
                            type_name(*value)));
  return std::nullopt;
}

}  // namespace

// --- writing ------------------------------------------------------------------------

void write_value(JsonWriter& out, const RecordedField& field, const std::string& text) {
  if (field.kind == FieldKind::word) {
    out.string(text);
  } else if (field.kind == FieldKind::json && !text.empty()) {
    out.raw(text);
  } else {
    write_known(out, text);
  }
}

void write_value(JsonWriter& out, const RecordedField&,
                 const std::optional<std::string>& text) {
  write_optional(out, text);
}

void write_value(JsonWriter& out, const RecordedField& field, const ExecutionId& id) {
  write_value(out, field, id.str());
}

void write_value(JsonWriter& out, const RecordedField& field, const NamespaceId& id) {
  write_value(out, field, id.str());
}

void write_value(JsonWriter& out, const RecordedField& field, std::int64_t number) {
  if (field.kind == FieldKind::instant) {
    out.string(format_time(std::clamp(number, kTimeMin, kTimeMax)));
  } else {
    write_count(out, number);
  }
}

void write_value(JsonWriter& out, const RecordedField&, double number) {
  write_amount(out, number);
}

void write_value(JsonWriter& out, const RecordedField&, std::optional<double> number) {
  write_rate(out, number);
}

void write_value(JsonWriter& out, const RecordedField&, bool flag) {
  out.boolean(flag);
}

void write_value(JsonWriter& out, const RecordedField&,
                 const std::vector<std::string>& words) {
  write_strings(out, words);
}

void write_value(JsonWriter& out, const RecordedField&,
                 const std::optional<std::vector<std::string>>& words) {
  if (words) {
    write_strings(out, *words);
  } else {
    out.null();
  }
}

void write_value(JsonWriter& out, const RecordedField&, const Labels& labels) {
  out.begin_object();
  for (const auto& [name, value] : labels) out.key(name).string(value);
  out.end_object();
}

void write_value(NotingWriter& out, const RecordedField&,
                 const std::vector<StageRecord>& stages) {
  out.begin_array();
  for (const auto& stage : stages) write_stage(out, stage);
  out.end_array();
}

void write_value(NotingWriter& out, const RecordedField&,
                 const std::vector<ScoredId>& ids) {
  out.note([&] { write_scored_ids(out, ids); });
}

void write_value(JsonWriter& out, const RecordedField&,
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

// --- reading ------------------------------------------------------------------------

void read_value(ObjectReader& in, const RecordedField& field, std::string& text) {
  if (field.kind == FieldKind::json) {
    if (in.object({field.name}) != nullptr) text = canonical_json(*in.find({field.name}));
  } else if (field.is(kRequired)) {
    text = in.required_string({field.name});
  } else {
    text = in.string({field.name}, text);
  }
}

void read_value(ObjectReader& in, const RecordedField& field,
                std::optional<std::string>& text) {
  text = field.kind == FieldKind::json ? read_json_text(in, field.name)
                                       : in.optional_string({field.name});
}

void read_value(ObjectReader& in, const RecordedField& field, ExecutionId& id) {
  std::string text;
  read_value(in, field, text);
  id = ExecutionId(std::move(text));
}

void read_value(ObjectReader& in, const RecordedField& field, NamespaceId& id) {
  std::string text;
  read_value(in, field, text);
  id = NamespaceId(std::move(text));
}

void read_value(ObjectReader& in, const RecordedField& field, std::int64_t& number) {
  number = field.kind == FieldKind::instant
               ? read_timestamp(in)
               : in.integer({field.name}, number, 0, kCountMax);
}

void read_value(ObjectReader& in, const RecordedField& field, double& number) {
  number = in.number({field.name}, number, 0, kInfinity);
}

void read_value(ObjectReader& in, const RecordedField& field,
                std::optional<double>& number) {
  number = in.optional_number({field.name}, 0, 1);
}

void read_value(ObjectReader& in, const RecordedField& field, bool& flag) {
  flag = in.boolean({field.name}, flag);
}

void read_value(ObjectReader& in, const RecordedField& field,
                std::optional<std::vector<std::string>>& words) {
  if (in.has({field.name})) words = in.strings({field.name});
}

void read_value(ObjectReader& in, const RecordedField& field, Labels& labels) {
  labels = read_labels(in, field.name);
}

void read_value(ObjectReader& in, const RecordedField& field,
                std::vector<StageRecord>& stages) {
  stages = read_stages(in, field.name);
}

void read_value(ObjectReader& in, const RecordedField& field, std::vector<ScoredId>& ids) {
  ids = read_scored_ids(in, field.name);
}

void read_value(ObjectReader& in, const RecordedField& field,
                std::vector<CollectionVersion>& versions) {
  versions = read_collection_versions(in, field.name);
}

}  // namespace trawl
