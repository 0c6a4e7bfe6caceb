#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/collection.h"
#include "providers/embedder.h"

namespace trawl {

// What a server can make vectors with, by the names of its models. Filled at its start and
// immutable from then on, so it is thread-safe.
class Embedders {
 public:
  // A model has one embedder; a second one takes its place.
  void add(std::shared_ptr<const Embedder> embedder);
  // What new features are embedded with where they name no model. Of a model that is not
  // there either, so that the error says what is missing; empty for none.
  void set_default(std::string name) { default_ = std::move(name); }

  //   not_enabled  there is no such model; the message names those there are, and the way
  //                to this one where it is known
  Result<std::shared_ptr<const Embedder>> find(std::string_view name) const;
  // The one whose vectors can be compared with those that `model` made.
  //   not_enabled  there is none; or the one of this name differs, and the message says in
  //                what
  Result<std::shared_ptr<const Embedder>> find(const EmbeddingModel& model) const;
  // All of them, by their names.
  std::vector<std::shared_ptr<const Embedder>> all() const;
  // Nothing where the default is not there.
  std::optional<EmbeddingModel> default_model() const;
  const std::string& default_name() const { return default_; }

 private:
  std::map<std::string, std::shared_ptr<const Embedder>, std::less<>> by_model_;
  std::string default_;
};

}  // namespace trawl
