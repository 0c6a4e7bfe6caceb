#include "stages/values.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/work_limit.h"

namespace trawl {

const json::value* present_value(const CandidateList& candidates, std::size_t i,
                                 std::string_view path, json::value& scratch) {
  const json::value* value = candidates.find(i, path, scratch);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<double> number_at(const CandidateList& candidates, std::size_t i,
                                std::string_view path, bool greatest) {
  json::value scratch;
  std::optional<double> best;
  candidates.values(i, path, scratch).for_each([&](const json::value& value) {
    if (!is_number(value)) return;
    const double number = as_double(value);
    if (!best || (greatest ? number > *best : number < *best)) best = number;
  });
  return best;
}

std::string value_text(const json::value& value) {
  if (const auto* text = value.if_string()) {
    count_work(text->size() / kBytesPerStep);
    return std::string(view(*text));
  }
  return to_json_text(value);
}

double shortest_double(float value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  double out = value;
  std::from_chars(buffer, end, out);
  return out;
}

std::vector<std::size_t> order_by_score(const CandidateList& candidates) {
  std::vector<std::size_t> order(candidates.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto score = [&](std::size_t i) {
    return candidates.score(i).value_or(-std::numeric_limits<double>::infinity());
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    count_work();
    return score(a) > score(b);
  });
  return order;
}

}  // namespace trawl
