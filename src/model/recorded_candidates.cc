#include "model/recorded_candidates.h"

#include <algorithm>

#include "base/json.h"
#include "base/json_scan.h"
#include "base/text.h"

namespace trawl {
namespace {

Error damaged_record() {
  return make_error(ErrorCode::storage, "the stored data is damaged",
                    "the JSON of a record is not what it should be");
}

// The items of a list that are in the range, joined by commas, and how many it has.
struct CutList {
  std::string items;
  std::size_t total = 0;
};
Result<CutList> cut_list(std::string_view list, PlaceRange range) {
  CutList out;
  const char* begin = nullptr;
  const char* end = nullptr;
  JsonScan items(list);
  while (const auto item = items.next()) {
    if (out.total >= range.begin && out.total < range.end) {
      if (begin == nullptr) begin = item->value.data();
      end = item->value.data() + item->value.size();
    }
    ++out.total;
  }
  if (items.damaged()) return damaged_record();
  if (begin != nullptr) out.items.assign(begin, end);
  return out;
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  if (out.back() != '{') out += ',';
  out.append("\"").append(key).append("\":").append(value);
}

// An object with the list `name` cut, and NAME_total behind it.
Result<std::string> with_cut_list(std::string_view object, std::string_view name,
                                  PlaceRange range) {
  std::string out = "{";
  JsonScan members(object);
  while (const auto member = members.next()) {
    if (member->key != name) {
      append_member(out, member->key, member->value);
      continue;
    }
    TRAWL_ASSIGN(const CutList list, cut_list(member->value, range));
    append_member(out, name, "[" + list.items + "]");
    append_member(out, std::string(name) + "_total", std::to_string(list.total));
  }
  if (members.damaged()) return damaged_record();
  out += '}';
  return out;
}

Result<std::string> with_cut_stages(std::string_view stages, PlaceRange range) {
  std::string out = "[";
  JsonScan items(stages);
  while (const auto stage = items.next()) {
    if (out.size() > 1) out += ',';
    TRAWL_ASSIGN(const std::string cut, with_cut_list(stage->value, "candidates", range));
    out += cut;
  }
  if (items.damaged()) return damaged_record();
  out += ']';
  return out;
}

// The value of a member; empty where the object has none of that name.
Result<std::string_view> member_of(std::string_view object, std::string_view name) {
  JsonScan members(object);
  while (const auto member = members.next()) {
    if (member->key == name) return member->value;
  }
  if (members.damaged()) return damaged_record();
  return std::string_view();
}

}  // namespace

Result<std::string> with_candidates(std::string_view detail, PlaceRange range) {
  std::string out = "{";
  JsonScan members(detail);
  while (const auto member = members.next()) {
    if (member->key == "stages") {
      TRAWL_ASSIGN(const std::string stages, with_cut_stages(member->value, range));
      append_member(out, "stages", stages);
    } else if (member->key == "results") {
      TRAWL_ASSIGN(const CutList list, cut_list(member->value, range));
      append_member(out, "results", "[" + list.items + "]");
      append_member(out, "results_total", std::to_string(list.total));
    } else {
      append_member(out, member->key, member->value);
    }
  }
  if (members.damaged()) return damaged_record();
  out += '}';
  return out;
}

Result<FoundStage> stage_candidates(std::string_view detail, std::string_view stage,
                                    PlaceRange range) {
  FoundStage out;
  TRAWL_ASSIGN(const std::string_view stages, member_of(detail, "stages"));
  if (stages.empty()) return out;
  std::int64_t number = -1;
  if (!parse_integer(stage, number)) number = -1;
  std::string wanted_name;
  append_json_string(wanted_name, stage);
  std::string_view found;
  bool is_named = false;
  std::size_t index = 0;
  JsonScan items(stages);
  for (; const auto item = items.next(); ++index) {
    TRAWL_ASSIGN(const std::string_view name, member_of(item->value, "stage_name"));
    if (index > 0) out.names += ',';
    out.names += name;
    const bool is_this = name == wanted_name && !is_named;
    if (!is_this && (is_named || number != static_cast<std::int64_t>(index))) continue;
    is_named = is_this;
    found = item->value;
    out.stage.emplace();
    out.stage->stage_index = index;
    out.stage->stage_name = name;
  }
  if (items.damaged()) return damaged_record();
  if (!out.stage) return out;
  TRAWL_ASSIGN(const std::string_view candidates, member_of(found, "candidates"));
  TRAWL_ASSIGN(const std::string_view truncated, member_of(found, "candidates_truncated"));
  if (!candidates.empty()) {
    TRAWL_ASSIGN(CutList list, cut_list(candidates, range));
    out.stage->candidates = std::move(list.items);
    out.stage->total = list.total;
  }
  out.stage->truncated = truncated == "true";
  return out;
}

}  // namespace trawl
