#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/stage.h"

namespace trawl {

// A stage that does something with each document by itself, such as to ask a network about
// it. How many at once, in which order they are handed on, when it ends early and what
// becomes of a document that fails is the same for all of these, and is decided here.
class PerItemStage : public Stage {
 public:
  // What becomes of a document for which item() fails.
  enum class OnError {
    raise,   // The stage fails.
    remove,  // It is left out.
    skip,    // It is handed on as it came.
  };

  // What one document is made into.
  struct ItemOutput {
    json::object fields;          // Written over those it has.
    std::optional<double> score;  // Where it gets another.
    bool dropped = false;
    std::uint64_t scanned_count = 0;
    std::vector<std::string>
        warnings;  // Those that several items have in common are told once.
  };

  StageTraits traits() const final;
  Result<StageOutput> run(CandidateList input, StageRun& run) const final;

 protected:
  // Deterministic, and network; the other traits are those of every such stage.
  struct ItemTraits {
    bool deterministic = true;
    bool network = false;
  };
  virtual ItemTraits item_traits() const = 0;
  // How many items may be under way at once; at least 1.
  virtual std::size_t at_once() const { return 1; }
  virtual OnError on_error() const { return OnError::raise; }
  // The document at this place of the input. Where at_once() is more than one it is called
  // from several threads, in no order. An error that ends the run, since nobody wants it
  // any more or nothing is left to spend, ends the stage whatever on_error() says.
  virtual Result<ItemOutput> item(const CandidateList& input, std::size_t position,
                                  StageRun& run) const = 0;
};

}  // namespace trawl
