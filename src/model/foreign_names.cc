#include "model/foreign_names.h"

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "model/recorded_fields.h"

namespace trawl {
namespace {

const std::unordered_set<std::string_view>& known_names() {
  static const std::unordered_set<std::string_view> kNames(detail_field_names().begin(),
                                                           detail_field_names().end());
  return kNames;
}

// In other programs, written as plain_name() makes them.
const std::unordered_map<std::string_view, std::string_view>& other_words() {
  static const std::unordered_map<std::string_view, std::string_view> kWords = {
      {"at", "timestamp"},
      {"cost", "credits_used"},
      {"costs", "credits_used"},
      {"created_at", "timestamp"},
      {"credits", "credits_used"},
      {"date", "timestamp"},
      {"duration", "duration_ms"},
      {"elapsed", "duration_ms"},
      {"elapsed_ms", "duration_ms"},
      {"error_message", "error"},
      {"exception", "error"},
      {"hits", "total_returned"},
      {"id", "execution_id"},
      {"input", "inputs"},
      {"latency", "duration_ms"},
      {"latency_ms", "duration_ms"},
      {"message", "error"},
      {"query", "query_summary"},
      {"result_count", "total_returned"},
      {"run_id", "execution_id"},
      {"start", "timestamp"},
      {"start_time", "timestamp"},
      {"started_at", "timestamp"},
      {"state", "status"},
      {"tags", "labels"},
      {"time", "timestamp"},
      {"took", "duration_ms"},
      {"took_ms", "duration_ms"},
      {"total_hits", "total_returned"},
      {"ts", "timestamp"},
  };
  return kWords;
}

// What the detail of an execution says besides, which is true of its own server alone.
bool is_said_of_details(std::string_view name) {
  return name == "replayable" || name == "not_replayable";
}

// startTime and Start-Time as start_time.
std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      if (!out.empty() && out.back() != '_') out.push_back('_');
      out.push_back(static_cast<char>(c - 'A' + 'a'));
    } else {
      out.push_back(c == '-' || c == ' ' ? '_' : c);
    }
  }
  return out;
}

std::string_view meant_by(std::string_view name) {
  const std::string plain = plain_name(name);
  if (const auto known = known_names().find(plain); known != known_names().end()) {
    return *known;
  }
  if (const auto other = other_words().find(plain); other != other_words().end()) {
    return other->second;
  }
  return nearest_name(plain, detail_field_names());
}

}  // namespace

std::vector<ForeignName> foreign_names(const json::object& row) {
  std::vector<ForeignName> out;
  for (const auto& member : row) {
    const std::string_view name = key_of(member);
    if (known_names().contains(name) || is_said_of_details(name)) continue;
    // One that has the field as well may say more beside it.
    const std::string_view field = name.size() > 64 ? std::string_view() : meant_by(name);
    out.push_back({name, row.contains(field) ? std::string_view() : field});
  }
  return out;
}

}  // namespace trawl
