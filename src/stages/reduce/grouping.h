#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/work_limit.h"
#include "pipeline/candidate_list.h"

namespace trawl {

// The documents that share one value of a field.
struct Group {
  json::value key;                   // Null for documents without the field.
  std::vector<std::size_t> members;  // Positions in the list, in its order.
  std::optional<double> best_score;
};

// Where a field is a list, or a path passes through one: whether a document belongs to the
// group of each different item, or to one group by the whole list.
enum class ListGroups { each_item, whole };

// Groups in the order in which their first member appears. Items that are null make no
// group; a document without any other belongs to the group null. Fails with what `check`
// says.
Result<std::vector<Group>> group_by_field(const CandidateList& candidates,
                                          std::string_view path, ListGroups lists,
                                          const Checkpoint& check);

// Best score first; members without a score come last, equals keep their order.
void order_members_by_score(std::vector<Group>& groups, const CandidateList& candidates);

enum class GroupOutput {
  first,    // the first member of every group
  all,      // one row a group: {group_key, count, documents}, score = the best of the group
  flatten,  // the members of the first group, then of the second, and so on
};

// The rows of these groups, with at most max_per_group members of each. `count` is the
// size of the whole group. A document of several groups is there in each. Loads whole
// documents where rows hold them.
//   errors of CandidateList::load()
Result<CandidateList> emit_groups(CandidateList candidates,
                                  const std::vector<Group>& groups,
                                  std::size_t max_per_group, GroupOutput output,
                                  const Checkpoint& check);

}  // namespace trawl
