#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "query/filter.h"
#include "stages/definitions.h"
#include "stages/not_lost.h"
#include "stages/reduce/grouping.h"
#include "stages/sort/ordering.h"
#include "stages/ticker.h"
#include "stages/values.h"

namespace trawl {
namespace {

constexpr std::string_view kGroupBySchema = R"json({
  "type": "object",
  "properties": {
    "group_by_field": {
      "type": "string", "default": "source_object_id",
      "description": "Dotted path of the field to group by; documents without it make the group null. Of a list, a document belongs to the group of each item. Also read as field."
    },
    "max_per_group": {
      "type": "integer", "default": 10, "minimum": 1, "maximum": 1000,
      "description": "Documents kept of each group, best score first. Also read as docs_per_group."
    },
    "output_mode": {
      "type": "string", "enum": ["first", "all", "flatten"], "default": "all",
      "description": "first: one document per group. all: one row per group, {group_key, count, documents}. flatten: the documents, group by group."
    },
    "max_groups": {
      "type": ["integer", "null"], "default": null, "minimum": 1, "maximum": 10000,
      "description": "Groups kept; null for all."
    },
    "sort_groups_by": {
      "type": ["string", "null"], "enum": ["count", "field", "score", null], "default": null,
      "description": "Order of the groups: by size, by the value of the field, or by the best score. null: in the order in which they first appear."
    },
    "sort_order": {
      "type": "string", "enum": ["asc", "desc"], "default": "desc",
      "description": "Direction of sort_groups_by and of sort_docs_by."
    },
    "sort_docs_by": {
      "type": "string", "default": "score",
      "description": "Path of the field that orders the documents of a group; score means best first."
    },
    "exclude_null": {
      "type": "boolean", "default": false,
      "description": "Drops documents without the field instead of grouping them under null."
    }
  }
})json";

constexpr std::string_view kGroupByBounds[] = {"max_per_group", "docs_per_group",
                                               "max_groups", "exclude_null"};

enum class GroupOrder { appearance, count, field, score };

class GroupBy : public Stage {
 public:
  std::string field;
  std::size_t max_per_group = 10;
  GroupOutput output_mode = GroupOutput::all;
  std::optional<std::int64_t> max_groups;
  GroupOrder order = GroupOrder::appearance;
  bool descending = true;
  std::string documents_by;  // Empty for the score.
  bool exclude_null = false;

  StageTraits traits() const override { return {}; }
  FieldSet fields_read() const override {
    FieldSet fields({field});
    if (!documents_by.empty()) fields.add(documents_by);
    return fields;
  }
  FieldSet fields_needed() const override { return FieldSet({field}); }

  Result<StageOutput> run(CandidateList input, StageRun& run) const override {
    TRAWL_ASSIGN(std::vector<Group> groups, arrange(input, run.check));
    StageOutput output;
    std::vector<bool> grouped(input.size());
    for (const Group& group : groups) {
      for (const std::size_t member : group.members) grouped[member] = true;
    }
    const auto document_count = std::count(grouped.begin(), grouped.end(), true);
    output.metadata = {{"group_by_field", field},
                       {"total_groups", groups.size()},
                       {"total_documents", document_count}};
    if (max_groups && groups.size() > static_cast<std::size_t>(*max_groups)) {
      groups.resize(static_cast<std::size_t>(*max_groups));
    }
    output.metadata["returned_groups"] = groups.size();
    TRAWL_ASSIGN(output.candidates, emit_groups(std::move(input), groups, max_per_group,
                                                output_mode, run.check));
    return output;
  }

  Result<Loss> explain_loss(const LostDocument& lost, StageRun& run) const override {
    if (!lost.position) return not_given();
    TRAWL_ASSIGN(const std::vector<Group> groups, arrange(lost.input, run.check));
    Loss out;
    // Of several groups that it is in, the one where it is nearest.
    std::optional<std::size_t> group_place;
    std::size_t place = 0;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const auto& members = groups[g].members;
      const auto found = std::find(members.begin(), members.end(), *lost.position);
      if (found == members.end()) continue;
      const auto at = static_cast<std::size_t>(found - members.begin());
      if (group_place && at >= place) continue;
      group_place = g;
      place = at;
    }
    if (!group_place) {
      out.reason = "without_group";
      out.sentence =
          fmt::format("it has no '{}', and documents without it are left out", field);
      out.evidence = {{"field", field}};
      out.changes.push_back(change_parameter("exclude_null", false));
      return out;
    }
    const Group& group = groups[*group_place];
    out.evidence = {{"field", field},
                    {"group", group.key},
                    {"group_rank", *group_place + 1},
                    {"rank_in_group", place + 1},
                    {"group_size", group.members.size()},
                    {"max_per_group", max_per_group}};
    const std::string name = truncate_text(value_text(group.key), 100);
    StageChange change;
    const bool beyond = max_groups && *group_place >= static_cast<std::size_t>(*max_groups);
    const std::size_t kept = output_mode == GroupOutput::first ? 1 : max_per_group;
    if (beyond) {
      out.reason = "beyond_group_count";
      out.sentence = fmt::format("its group '{}' is at rank {}, and {} groups are kept",
                                 name, *group_place + 1, *max_groups);
      out.evidence["max_groups"] = *max_groups;
      change = change_parameter("max_groups", *group_place + 1);
    } else if (place >= kept) {
      out.reason = "over_group_limit";
      out.sentence = fmt::format("it is at rank {} of the group '{}', of which {} {} kept",
                                 place + 1, name, kept, kept == 1 ? "is" : "are");
      if (output_mode != GroupOutput::first) {
        change = change_parameter("max_per_group", place + 1);
      }
    } else {
      out.reason = "in_row";
      out.sentence =
          fmt::format("documents became rows here, and it is in that of '{}'", name);
    }
    if (place >= kept && beyond) add(change, change_parameter("max_per_group", place + 1));
    // A document is one only where the groups are not rows.
    if (output_mode == GroupOutput::all ||
        (output_mode == GroupOutput::first && place > 0)) {
      if (place >= max_per_group && output_mode == GroupOutput::first) {
        add(change, change_parameter("max_per_group", place + 1));
      }
      add(change, change_parameter("output_mode", "flatten"));
    }
    if (!change.patch.empty()) out.changes.push_back(std::move(change));
    return out;
  }

 private:
  static void add(StageChange& change, StageChange more) {
    change.text += (change.text.empty() ? "" : ", ") + more.text;
    for (json::value& operation : more.patch) change.patch.push_back(std::move(operation));
  }

  // The groups in their order, each with its members in theirs.
  Result<std::vector<Group>> arrange(const CandidateList& input,
                                     const Checkpoint& check) const {
    TRAWL_ASSIGN(std::vector<Group> groups,
                 group_by_field(input, field, ListGroups::each_item, check));
    if (exclude_null) {
      std::erase_if(groups, [](const Group& group) { return group.key.is_null(); });
    }
    sort_groups(groups);
    order_members_by_score(groups, input);
    if (!documents_by.empty()) TRAWL_TRY(sort_documents(groups, input, check));
    return groups;
  }

  void sort_groups(std::vector<Group>& groups) const {
    if (order == GroupOrder::appearance) return;
    SortColumn column;
    for (const Group& group : groups) {
      json::value value;
      if (order == GroupOrder::count) value = group.members.size();
      if (order == GroupOrder::field) value = group.key;
      if (order == GroupOrder::score && group.best_score) value = *group.best_score;
      column.add(&value);
    }
    column.prepare();
    std::vector<Group> sorted;
    sorted.reserve(groups.size());
    for (const std::size_t i : sorted_order(column, descending, MissingPlace::last)) {
      sorted.push_back(std::move(groups[i]));
    }
    groups = std::move(sorted);
  }

  Result<void> sort_documents(std::vector<Group>& groups, const CandidateList& input,
                              const Checkpoint& check) const {
    Ticker ticker(check);
    for (Group& group : groups) {
      SortColumn column;
      for (const std::size_t member : group.members) {
        TRAWL_TRY(ticker.tick());
        json::value scratch;
        column.add(sort_value(input.values(member, documents_by, scratch), descending));
      }
      column.prepare();
      std::vector<std::size_t> sorted;
      sorted.reserve(group.members.size());
      for (const std::size_t i : sorted_order(column, descending, MissingPlace::last)) {
        sorted.push_back(group.members[i]);
      }
      group.members = std::move(sorted);
    }
    return {};
  }
};

Result<std::unique_ptr<Stage>> make_group_by(ObjectReader& in) {
  auto stage = std::make_unique<GroupBy>();
  stage->field = in.string({"group_by_field", "field"}, "source_object_id");
  if (stage->field.empty()) {
    const bool is_other = !in.has({"group_by_field"});
    in.fail(is_other ? "field" : "group_by_field", "is empty; give the path of a field");
  }
  stage->max_per_group = static_cast<std::size_t>(
      in.integer({"max_per_group", "docs_per_group"}, 10, 1, 1000));
  stage->output_mode = in.one_of({"output_mode"}, GroupOutput::all,
                                 {{"first", GroupOutput::first},
                                  {"all", GroupOutput::all},
                                  {"flatten", GroupOutput::flatten}});
  stage->max_groups = in.optional_integer({"max_groups"}, 1, 10'000);
  stage->order = in.one_of({"sort_groups_by"}, GroupOrder::appearance,
                           {{"count", GroupOrder::count},
                            {"field", GroupOrder::field},
                            {"score", GroupOrder::score}});
  stage->descending = in.one_of({"sort_order"}, true, {{"asc", false}, {"desc", true}});
  stage->documents_by = in.string({"sort_docs_by"});
  stage->exclude_null = in.boolean({"exclude_null"}, false);
  TRAWL_TRY(in.status());
  return std::unique_ptr<Stage>(std::move(stage));
}

}  // namespace

StageDefinition group_by_definition() {
  static constexpr std::string_view kShapeNames[] = {"group_by_field", "field",
                                                     "output_mode"};
  StageDefinition definition;
  definition.stage_id = "group_by";
  // The contract calls the category group; clients know only reduce.
  definition.category = "reduce";
  definition.description =
      "Gathers the documents by the exact value of a field. Groups come in the order in "
      "which "
      "they first appear, their documents best score first.";
  definition.icon = "group";
  definition.parameter_schema = kGroupBySchema;
  definition.make = make_group_by;
  definition.shape_names = kShapeNames;
  definition.bounds = kGroupByBounds;
  return definition;
}

}  // namespace trawl
