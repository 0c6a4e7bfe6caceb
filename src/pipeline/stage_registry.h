#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/stage.h"

namespace trawl {

// The stages that this server offers, in the order they were added. Filled once at start;
// reading is thread-safe. Texts of a definition must outlive it.
class StageRegistry {
 public:
  void add(const StageDefinition& definition);
  // A stage of the contract that this server does not offer yet.
  void add_not_enabled(std::string_view stage_id);

  // The stage of that id, or with that alias.
  //   not_enabled  known to the contract, not offered here
  //   invalid      no such stage; the message has the nearest name
  Result<const StageDefinition*> find(std::string_view stage_id,
                                      std::string_view location) const;
  // The stage of that id itself, not of an alias; null where there is none.
  const StageDefinition* find_exactly(std::string_view stage_id) const;
  // The first stage that does nothing but to read collections through a filter; null where
  // there is none.
  const StageDefinition* plain_reader() const;
  const std::vector<StageDefinition>& definitions() const { return definitions_; }

 private:
  std::vector<StageDefinition> definitions_;
  std::vector<std::string> not_enabled_;
};

}  // namespace trawl
