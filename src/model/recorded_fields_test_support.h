#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "model/execution.h"
#include "model/recorded_fields.h"

// Executions in which one field of the table after the other has a value of its own.
namespace trawl::test {

inline void set_value(std::string& text, std::string_view of) {
  text = of;
}
inline void set_value(std::optional<std::string>& text, std::string_view of) {
  text = of;
}
template <class Tag>
void set_value(StrongId<Tag>& id, std::string_view of) {
  id = StrongId<Tag>(std::string(of));
}
inline void set_value(std::int64_t& number, std::string_view) {
  number = 7'000'000;
}
inline void set_value(double& number, std::string_view) {
  number = 7.25;
}
inline void set_value(std::optional<double>& number, std::string_view) {
  number = 0.25;
}
inline void set_value(bool& flag, std::string_view) {
  flag = true;
}
inline void set_value(std::optional<std::vector<std::string>>& words, std::string_view of) {
  words = {std::string(of), "another"};
}
inline void set_value(Labels& labels, std::string_view of) {
  labels = {{"label", std::string(of)}};
}
inline void set_value(std::vector<StageRecord>& stages, std::string_view of) {
  stages.resize(1);
  stages.front().stage_id = of;
}
inline void set_value(std::vector<ScoredId>& ids, std::string_view of) {
  ids.resize(1);
  ids.front().collection_id = "collection";
  ids.front().document_id = of;
  ids.front().score = 1.5;
}
inline void set_value(std::vector<CollectionVersion>& versions, std::string_view of) {
  versions = {{std::string(of), 3}};
}

// Sets a field, or what it is derived from, to "value of NAME", or a number.
template <class Member>
void set_field(const RecordedMember<Member>& field, Execution& execution) {
  const std::string text = "value of " + std::string(field.name);
  if constexpr (std::is_member_object_pointer_v<Member>) {
    if constexpr (std::is_same_v<Member, std::string Execution::*>) {
      if (field.kind == FieldKind::json) {
        value_of(field, execution) = "{\"value\":\"" + text + "\"}";
        return;
      }
    }
    set_value(value_of(field, execution), text);
  } else {
    set_value(execution.stages, text);
    set_value(execution.results, text);
  }
}

}  // namespace trawl::test
