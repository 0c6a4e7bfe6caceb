#include "stages/reduce/grouping.h"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>

#include "base/work_limit.h"
#include "query/value_key.h"
#include "stages/ticker.h"
#include "stages/values.h"

namespace trawl {

Result<std::vector<Group>> group_by_field(const CandidateList& candidates,
                                          std::string_view path, ListGroups lists,
                                          const Checkpoint& check) {
  Ticker ticker(check);
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> by_key;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    TRAWL_TRY(ticker.tick());
    const auto add = [&](const json::value* value) {
      const auto [found, is_new] = by_key.try_emplace(value_key(value), groups.size());
      if (is_new) {
        groups.emplace_back();
        if (value != nullptr) groups.back().key = *value;
      }
      Group& group = groups[found->second];
      // Its items come one after the other, so an equal one was the last to be added.
      if (!group.members.empty() && group.members.back() == i) return;
      group.members.push_back(i);
      const auto score = candidates.score(i);
      if (score && (!group.best_score || *score > *group.best_score)) {
        group.best_score = score;
      }
    };
    json::value scratch;
    if (lists == ListGroups::whole) {
      add(present_value(candidates, i, path, scratch));
      continue;
    }
    bool any = false;
    candidates.values(i, path, scratch).for_each_item([&](const json::value& item) {
      if (item.is_null()) return;
      any = true;
      add(&item);
    });
    if (!any) add(nullptr);
  }
  return groups;
}

void order_members_by_score(std::vector<Group>& groups, const CandidateList& candidates) {
  const auto score = [&](std::size_t i) {
    return candidates.score(i).value_or(-std::numeric_limits<double>::infinity());
  };
  for (Group& group : groups) {
    std::stable_sort(group.members.begin(), group.members.end(),
                     [&](std::size_t a, std::size_t b) {
                       count_work();
                       return score(a) > score(b);
                     });
  }
}

Result<CandidateList> emit_groups(CandidateList candidates,
                                  const std::vector<Group>& groups,
                                  std::size_t max_per_group, GroupOutput output,
                                  const Checkpoint& check) {
  CandidateList::Positions kept;
  std::vector<std::size_t> counts;  // Of `kept`, for each group.
  for (const Group& group : groups) {
    count_work(group.members.size() + 1);
    const std::size_t count =
        std::min(output == GroupOutput::first ? 1 : max_per_group, group.members.size());
    kept.insert(kept.end(), group.members.begin(),
                group.members.begin() + static_cast<std::ptrdiff_t>(count));
    counts.push_back(count);
  }
  if (output != GroupOutput::all) return candidates.picked(kept);
  TRAWL_TRY(candidates.load(FieldSet::all(), kept, check));
  CandidateList out;
  auto next = kept.begin();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    json::array documents;
    documents.reserve(counts[g]);
    for (std::size_t i = 0; i < counts[g]; ++i) {
      documents.push_back(candidates.to_json(*next++));
    }
    out.add_row(json::object{{"group_key", groups[g].key},
                             {"count", groups[g].members.size()},
                             {"documents", std::move(documents)}},
                groups[g].best_score);
  }
  return out;
}

}  // namespace trawl
