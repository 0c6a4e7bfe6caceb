#include "stages/reduce/facets.h"

#include <algorithm>
#include <unordered_set>

#include "base/work_limit.h"
#include "query/value_key.h"
#include "stages/values.h"

namespace trawl {
namespace {

int type_rank(const json::value& value) {
  return value.is_bool() ? 0 : value.is_string() ? 2 : 1;
}

// Before, among values that are a boolean, a number or a string each.
bool value_before(const json::value& a, const json::value& b) {
  if (type_rank(a) != type_rank(b)) return type_rank(a) < type_rank(b);
  if (a.is_bool()) return !a.get_bool() && b.get_bool();
  if (a.is_string()) return a.get_string() < b.get_string();
  return compare_numbers(a, b) < 0;
}

bool is_countable(const json::value& value) {
  return value.is_bool() || value.is_string() || is_number(value);
}

}  // namespace

FacetCounter::FacetCounter(std::vector<FacetField> fields)
    : fields_(std::move(fields)), counts_(fields_.size()), cut_(fields_.size()) {}

FieldSet FacetCounter::fields_read() const {
  FieldSet fields;
  for (const FacetField& field : fields_) fields.add(field.key);
  return fields;
}

void FacetCounter::add(const CandidateList& candidates, std::size_t place) {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    json::value scratch;
    const PathValues values = candidates.values(place, fields_[i].key, scratch);
    if (values.empty()) continue;
    const auto count = [&](std::string key, const json::value& item) {
      if (counts_[i].size() >= kFacetValuesMax && !counts_[i].contains(key)) {
        cut_[i] = true;
        return;
      }
      Count& entry = counts_[i][std::move(key)];
      if (entry.count++ == 0) entry.value = item;
    };
    const json::value* one = values.one();
    if (one != nullptr && !one->is_array()) {
      if (is_countable(*one)) count(value_key(one), *one);
      continue;
    }
    std::unordered_set<std::string> seen;
    values.for_each_item([&](const json::value& item) {
      if (!is_countable(item)) return;
      std::string key = value_key(&item);
      if (seen.insert(key).second) count(std::move(key), item);
    });
  }
}

std::vector<std::string> FacetCounter::uncounted() const {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (counts_[i].empty()) keys.push_back(fields_[i].key);
  }
  return keys;
}

std::vector<std::string> FacetCounter::cut() const {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (cut_[i]) keys.push_back(fields_[i].key);
  }
  return keys;
}

json::object FacetCounter::result() const {
  json::object out;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    std::vector<const Count*> found;
    found.reserve(counts_[i].size());
    for (const auto& entry : counts_[i]) found.push_back(&entry.second);
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                         fields_[i].limit, found.size()));
    std::partial_sort(found.begin(), end, found.end(), [](const Count* a, const Count* b) {
      count_work();
      return a->count != b->count ? a->count > b->count : value_before(a->value, b->value);
    });
    json::array listed;
    for (auto at = found.begin(); at != end; ++at) {
      listed.push_back(json::object{{"value", (*at)->value}, {"count", (*at)->count}});
    }
    out[fields_[i].key] = std::move(listed);
  }
  return out;
}

}  // namespace trawl
