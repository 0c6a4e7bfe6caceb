#include "cli/commands/execution_filter_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/split_list.h"
#include "base/text.h"
#include "cli/commands/checks.h"
#include "cli/commands/value.h"
#include "cli/context.h"
#include "cli/terminal/time_text.h"
#include "model/execution.h"
#include "model/mode_kind.h"
#include "model/recorded_fields.h"

namespace trawl::cli {
namespace {

struct ExecutionFilterFlagsArguments {
  std::map<std::string, std::string> texts;  // By the key of the body.
  std::vector<std::string> statuses;
  std::vector<std::string> modes;
  std::vector<std::string> collections;
  std::vector<std::string> labels;
  std::map<std::string, std::string> durations;  // Likewise.
  std::string where;
  bool since_event = false;
};

// Flags whose value is the key's value as it stands.
struct TextFlag {
  const char* flag;
  std::string_view key;
  const char* type;
  const char* help;
};
constexpr TextFlag kTextFlags[] = {
    {"--since", "start_time", "TIME",
     "Started at this time or later: 9:00, today, monday, 2026-01-31, -15m, 7d"},
    {"--until", "end_time", "TIME",
     "Started at this time or before; of a day, a minute or a second: its end"},
    {"--query", "query", "WORDS", "Words, \"phrases\" or prefix* of the query and inputs"},
    {"--error", "error", "WORDS", "The same, in the error"},
    {"--error-kind", "error_kind", "TEXT",
     "Failed like this error, but for quoted parts, ids and numbers"},
    {"--stage", "stage_id", "STAGE", "Ran this stage, such as feature_search"},
    {"--failed-stage", "failed_stage", "NAME", "Failed in the stage of this name"},
    {"--returned-document", "returned_document", "ID", "Returned the document of this id"},
};

bool has_flag(std::string_view key) {
  return std::any_of(std::begin(kTextFlags), std::end(kTextFlags),
                     [&](const TextFlag& flag) { return flag.key == key; });
}

// Of a recorded field that no flag here is for.
std::string flag_of(std::string_view field) {
  std::string flag = fmt::format("--{}", field);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

struct DurationFlag {
  const char* flag;
  const char* key;
  const char* help;
};
constexpr DurationFlag kDurationFlags[] = {
    {"--min-duration", "min_duration_ms", "Took at least: 250 (ms), 1.5s, 2m"},
    {"--max-duration", "max_duration_ms", "Took at most"},
    {"--budget", "budget_ms", "How long the server may search where no index helps [2s]"},
};

json::array list_value(const std::vector<std::string>& items) {
  json::array out;
  for (const auto& item : items) out.push_back(text_value(item));
  return out;
}

// A whole number stays one, since the server takes budget_ms as an integer.
json::value number_value(double number) {
  if (std::trunc(number) == number && number < 9e15) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

// The server finds nothing for a status that it never heard of, since imported history may
// hold any word; so one that looks misspelt is refused here.
Outcome<void> check_status(std::string_view word) {
  static constexpr std::string_view kKnown[] = {status::kProcessing, status::kCompleted,
                                                status::kFailed, status::kCancelled};
  if (std::find(std::begin(kKnown), std::end(kKnown), word) != std::end(kKnown)) return {};
  static constexpr std::pair<std::string_view, std::string_view> kOtherWords[] = {
      {"active", status::kProcessing},  {"canceled", status::kCancelled},
      {"done", status::kCompleted},     {"error", status::kFailed},
      {"errors", status::kFailed},      {"failure", status::kFailed},
      {"finished", status::kCompleted}, {"interrupted", status::kFailed},
      {"ok", status::kCompleted},       {"pending", status::kProcessing},
      {"running", status::kProcessing}, {"started", status::kProcessing},
      {"success", status::kCompleted},  {"succeeded", status::kCompleted}};
  auto near = did_you_mean(word, {std::begin(kKnown), std::end(kKnown)});
  for (const auto& [other, ours] : kOtherWords) {
    if (other == word) near = fmt::format(" (did you mean '{}'?)", ours);
  }
  if (near.empty()) return {};
  return usage_failure(
      fmt::format("--status is '{}'{}; if imported history spells it that way, use --where "
                  "'{{\"status\": \"{}\"}}'",
                  word, near, word));
}

// No time is as long and has these characters (base64url) alone.
bool is_event_id(std::string_view text) {
  return text.size() >= 40 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

// A condition that nothing can meet is a mistake, such as two values that were swapped.
Outcome<void> check_ranges(const ExecutionFilterFlagsArguments& arguments,
                           const json::object& body, TimeUs now) {
  if (number_at(body, "min_duration_ms") > number_at(body, "max_duration_ms", 1e300)) {
    return usage_failure(fmt::format(
        "--min-duration is '{}' and --max-duration '{}', which is less; swap the two",
        arguments.durations.at("min_duration_ms"),
        arguments.durations.at("max_duration_ms")));
  }
  const auto instant = [&](const char* key) -> std::optional<TimeUs> {
    const std::string text = text_at(body, key);
    if (text.starts_with('-')) {
      const auto span = read_span(std::string_view(text).substr(1));
      return span ? std::optional(now - *span) : std::nullopt;
    }
    const auto time = parse_time(text);
    return time ? std::optional(*time) : std::nullopt;
  };
  const auto begin = instant("start_time");
  const auto end = instant("end_time");
  if (!begin || !end || *begin <= *end) return {};
  return usage_failure(
      fmt::format("--since is '{}' and --until '{}', which is before it; swap the two",
                  arguments.texts.at("start_time"), arguments.texts.at("end_time")));
}

// Hashes are named by their first digits too, as commits are.
void take_prefixes(json::object& body) {
  constexpr std::size_t kPrefixMin = 4;
  for (const auto& [key, digits] : {std::pair<std::string_view, std::size_t>{"shape", 64},
                                    {"fingerprint", 64},
                                    {"inputs_hash", 40}}) {
    const std::string text = text_at(body, key);
    const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!is_hex || text.size() < kPrefixMin || text.size() >= digits) continue;
    body.erase({key.data(), key.size()});
    json::value condition = json::object{{"field", text_value(key)},
                                         {"operator", "starts_with"},
                                         {"value", text_value(text)}};
    auto* filters = body.if_contains("filters");
    body["filters"] =
        filters == nullptr
            ? std::move(condition)
            : json::value(json::object{{"AND", json::array{*filters, condition}}});
  }
}

// What `status=failed` is as a filter, or an example.
std::string filter_like(std::string_view text) {
  const auto equals = text.find('=');
  const auto name = trim(text.substr(0, equals));
  const bool is_name =
      !name.empty() &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.") == std::string_view::npos;
  if (equals == std::string_view::npos || !is_name) {
    return R"('{"field": "duration_ms", "operator": "gt", "value": 500}')";
  }
  return fmt::format(R"('{{"{}": {}}}')", name,
                     to_json_text(text_value(trim(text.substr(equals + 1)))));
}

// "all" stands for every kind.
Outcome<json::array> mode_list(const std::vector<std::string>& sent) {
  json::array modes;
  for (const auto& words : sent) {
    for (const std::string_view word : split_list(words)) {
      std::vector<std::string_view> known{"all"};
      bool found = word == "all";
      for (ModeKind kind = 0; kind < kModeKinds; ++kind) {
        known.push_back(mode_kind_name(kind));
        if (word != "all" && word != known.back()) continue;
        modes.emplace_back(known.back());
        found = true;
      }
      if (found) continue;
      return usage_failure(fmt::format("--mode is '{}'{}; use one of {}", word,
                                       did_you_mean(word, known), fmt::join(known, ", ")));
    }
  }
  return modes;
}

Outcome<json::object> make_body(const ExecutionFilterFlagsArguments& arguments) {
  json::object body;
  const auto set_text = [&](std::string_view key) {
    const auto found = arguments.texts.find(std::string(key));
    if (found != arguments.texts.end()) body[found->first] = text_value(found->second);
  };
  std::vector<std::string> statuses;
  for (const auto& words : arguments.statuses) {
    const auto listed = split_list(words);
    // To look for none of them would be to look for all.
    if (listed.empty()) {
      return usage_failure(
          fmt::format("--status is '{}', which names none; use one such as failed", words));
    }
    for (const std::string_view word : listed) {
      TRAWL_TRY(check_status(word));
      statuses.emplace_back(word);
    }
  }
  if (statuses.size() == 1) body["status"] = statuses.front();
  if (statuses.size() > 1) body["statuses"] = list_value(statuses);
  if (!arguments.modes.empty()) {
    TRAWL_ASSIGN(body["modes"], mode_list(arguments.modes));
  }
  for (const auto& flag : kTextFlags) set_text(flag.key);
  for (const auto& field : kRecordedFields) {
    if (field.is(kCondition)) set_text(field.filter_name);
  }
  const TimeUs now = system_clock().now();
  for (const auto& [flag, key, end] : {std::tuple<std::string_view, const char*, TimeEnd>{
                                           "--since", "start_time", TimeEnd::begin},
                                       {"--until", "end_time", TimeEnd::end}}) {
    const auto found = arguments.texts.find(key);
    if (found == arguments.texts.end()) continue;
    if (end == TimeEnd::begin && arguments.since_event && is_event_id(found->second)) {
      body[key] = found->second;
      continue;
    }
    TRAWL_ASSIGN(const std::string time, read_time(flag, found->second, now, end));
    body[key] = time;
  }
  set_text("returned");
  if (!arguments.collections.empty()) {
    body["collection_ids"] = list_value(arguments.collections);
  }
  for (const auto& flag : kDurationFlags) {
    const auto found = arguments.durations.find(flag.key);
    if (found == arguments.durations.end()) continue;
    TRAWL_ASSIGN(const double duration_ms, parse_duration_ms(flag.flag, found->second));
    if (duration_ms == 0 && flag.key == std::string_view("budget_ms")) {
      return usage_failure(
          fmt::format("--budget is '{}', in which nothing can be searched; use a time such "
                      "as 500ms, or "
                      "leave it out",
                      found->second));
    }
    body[flag.key] = number_value(duration_ms);
  }
  TRAWL_TRY(check_ranges(arguments, body, now));
  if (!arguments.labels.empty()) {
    json::object labels;
    for (const auto& text : arguments.labels) {
      TRAWL_ASSIGN(const auto label, parse_label(text));
      labels[label.first] = text_value(label.second);
    }
    body["labels"] = std::move(labels);
  }
  if (!arguments.where.empty()) {
    auto filters = parse_json(arguments.where);
    if (!filters || !filters->is_object()) {
      return usage_failure(fmt::format(
          "--where is '{}', which is not a JSON object; use a filter such as {}",
          truncate_text(arguments.where, 64), filter_like(arguments.where)));
    }
    body["filters"] = std::move(*filters);
  }
  take_prefixes(body);
  return body;
}

}  // namespace

Outcome<double> parse_duration_ms(std::string_view flag, std::string_view text) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"", 1}};
  for (const auto& [unit, factor] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = parse_json(text.substr(0, text.size() - unit.size()));
    if (!number || !is_number(*number) || as_double(*number) < 0) break;
    return as_double(*number) * factor;
  }
  if (const auto span = read_span(text)) return static_cast<double>(*span) / 1e3;
  return usage_failure(fmt::format(
      "{} is '{}'; use milliseconds, or a number with the unit ms, s, m or h", flag, text));
}

MakeFilterBody add_filter_flags(CLI::App& command, bool since_event) {
  auto arguments = std::make_shared<ExecutionFilterFlagsArguments>();
  arguments->since_event = since_event;
  const auto add_text = [&](const std::string& flag, std::string_view key,
                            std::string_view help) {
    return command
        .add_option_function<std::string>(
            flag,
            [arguments, key = std::string(key)](const std::string& text) {
              arguments->texts[key] = text;
            },
            std::string(help))
        ->check(not_empty());
  };
  const auto add_list = [&](const char* flag, std::vector<std::string>& into,
                            const char* help) {
    return command.add_option(flag, into, help)
        ->check(not_empty())
        ->allow_extra_args(false);
  };
  for (const auto& flag : kTextFlags) {
    add_text(flag.flag, flag.key, flag.help)->type_name(flag.type);
  }
  for (const auto& field : kRecordedFields) {
    if (!field.is(kCondition) || has_flag(field.filter_name)) continue;
    const bool is_hash = field.filter_name == "shape" ||
                         field.filter_name == "fingerprint" ||
                         field.filter_name == "inputs_hash";
    add_text(flag_of(field.filter_name), field.filter_name,
             fmt::format("{}{}", field.description,
                         is_hash ? "; or its first digits, at least 4" : ""))
        ->type_name(is_hash ? "HASH" : "TEXT");
  }
  add_list("--status", arguments->statuses,
           "completed, failed, cancelled or processing; several as in failed,cancelled")
      ->type_name("STATUS");
  add_list("--mode", arguments->modes,
           "adhoc, replay, fork or all; several as in adhoc,replay (default: adhoc)")
      ->type_name("MODE");
  add_list("--collection", arguments->collections,
           "Searched this collection; repeat for any of several")
      ->type_name("ID");
  for (const auto& flag : kDurationFlags) {
    command
        .add_option_function<std::string>(
            flag.flag,
            [arguments, key = flag.key](const std::string& text) {
              arguments->durations[key] = text;
            },
            flag.help)
        ->type_name("TIME");
  }
  add_text("--returned", "returned", "zero or nonzero results")
      ->check(one_of({"zero", "nonzero"}))
      ->type_name("COUNT");
  add_list("--label", arguments->labels,
           "Has this label; one each, repeat for several at once")
      ->type_name("NAME=VALUE");
  command
      .add_option("--where", arguments->where,
                  "A filter over every field, as JSON: {\"caller\": \"key_1\"}")
      ->check(not_empty())
      ->type_name("JSON");
  return [arguments] { return make_body(*arguments); };
}

}  // namespace trawl::cli
