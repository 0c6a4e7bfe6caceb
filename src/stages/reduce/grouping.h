#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "corpus/snapshot.h"
#include "pipeline/candidate.h"

namespace trawl {

// The documents that share one value of a field.
struct Group {
  json::value key;                   // Null for documents without the field.
  std::vector<std::size_t> members;  // Positions in the list, in its order.
  std::optional<double> best_score;
};

// Groups in the order in which their first member appears.
Result<std::vector<Group>> group_by_field(const std::vector<Candidate>& candidates,
                                          std::string_view path, const Checkpoint& check);

// Best score first; members without a score come last, equals keep their order.
void order_members_by_score(std::vector<Group>& groups,
                            const std::vector<Candidate>& candidates);

enum class GroupOutput {
  first,    // the first member of every group
  all,      // one row a group: {group_key, count, documents}, score = the best of the group
  flatten,  // the members of the first group, then of the second, and so on
};

// The rows of these groups, with at most max_per_group members of each. `count` is the
// size of the whole group.
std::vector<Candidate> emit_groups(std::vector<Candidate>&& candidates,
                                   const std::vector<Group>& groups,
                                   std::size_t max_per_group, GroupOutput output);

}  // namespace trawl
