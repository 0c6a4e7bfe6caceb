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

Result<std::vector<Group>> group_by_field(const std::vector<Candidate>& candidates,
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
      const auto& score = candidates[i].score;
      if (score && (!group.best_score || *score > *group.best_score)) {
        group.best_score = score;
      }
    };
    json::value scratch;
    if (lists == ListGroups::whole) {
      add(present_value(candidates[i], path, scratch));
      continue;
    }
    bool any = false;
    candidates[i].values(path, scratch).for_each_item([&](const json::value& item) {
      if (item.is_null()) return;
      any = true;
      add(&item);
    });
    if (!any) add(nullptr);
  }
  return groups;
}

void order_members_by_score(std::vector<Group>& groups,
                            const std::vector<Candidate>& candidates) {
  const auto score = [&](std::size_t i) {
    return candidates[i].score.value_or(-std::numeric_limits<double>::infinity());
  };
  for (Group& group : groups) {
    std::stable_sort(group.members.begin(), group.members.end(),
                     [&](std::size_t a, std::size_t b) {
                       count_work();
                       return score(a) > score(b);
                     });
  }
}

std::vector<Candidate> emit_groups(const std::vector<Candidate>& candidates,
                                   const std::vector<Group>& groups,
                                   std::size_t max_per_group, GroupOutput output) {
  std::vector<Candidate> out;
  for (const Group& group : groups) {
    count_work(group.members.size() + 1);
    const std::size_t kept =
        std::min(output == GroupOutput::first ? 1 : max_per_group, group.members.size());
    if (output != GroupOutput::all) {
      for (std::size_t i = 0; i < kept; ++i) {
        out.push_back(candidates[group.members[i]]);
      }
      continue;
    }
    json::array documents;
    documents.reserve(kept);
    for (std::size_t i = 0; i < kept; ++i) {
      documents.push_back(to_json(candidates[group.members[i]]));
    }
    Candidate row;
    row.score = group.best_score;
    row.fields = std::make_shared<const json::object>(
        json::object{{"group_key", group.key},
                     {"count", group.members.size()},
                     {"documents", std::move(documents)}});
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace trawl
