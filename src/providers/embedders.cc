#include "providers/embedders.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/text.h"
#include "providers/models.h"

namespace trawl {
namespace {

// In what two models of one name differ.
std::string model_difference(const EmbeddingModel& made_by, const EmbeddingModel& here) {
  const auto differ = [](std::string_view what, const auto& theirs, const auto& ours) {
    return fmt::format("their {} is '{}', and here it is '{}'", what, theirs, ours);
  };
  if (made_by.provider != here.provider) {
    return differ("provider", made_by.provider, here.provider);
  }
  if (made_by.revision != here.revision) {
    return differ("revision", made_by.revision, here.revision);
  }
  if (made_by.dimension != here.dimension) {
    return differ("dimension", made_by.dimension, here.dimension);
  }
  if (made_by.normalized != here.normalized) {
    return differ("normalisation", made_by.normalized, here.normalized);
  }
  if (made_by.query_prefix != here.query_prefix) {
    return differ("prefix of queries", made_by.query_prefix, here.query_prefix);
  }
  return differ("prefix of passages", made_by.passage_prefix, here.passage_prefix);
}

}  // namespace

void Embedders::add(std::shared_ptr<const Embedder> embedder) {
  std::string name = embedder->model().name;
  by_model_.insert_or_assign(std::move(name), std::move(embedder));
}

Result<std::shared_ptr<const Embedder>> Embedders::find(std::string_view name) const {
  const auto found = by_model_.find(name);
  if (found != by_model_.end()) return found->second;
  if (find_known_model(name) != nullptr) {
    return make_error(
        ErrorCode::not_enabled,
        fmt::format("the model {} is not on this server; `trawl models fetch {}` brings "
                    "it, and then the server is to be started again (docs/models.md)",
                    name, name));
  }
  std::vector<std::string_view> names;
  for (const auto& [each, embedder] : by_model_) names.push_back(each);
  return make_error(
      ErrorCode::not_enabled,
      names.empty()
          ? fmt::format("'{}' names an embedding model, and this server has none; `trawl "
                        "models` lists what can be had (docs/models.md)",
                        name)
          : fmt::format("this server has no embedding model '{}'; it has {}{}", name,
                        fmt::join(names, ", "), did_you_mean(name, names)));
}

Result<std::shared_ptr<const Embedder>> Embedders::find(const EmbeddingModel& model) const {
  TRAWL_ASSIGN(auto embedder, find(model.name));
  if (embedder->model() == model) return embedder;
  return make_error(
      ErrorCode::not_enabled,
      fmt::format("these vectors were made by another {}: {}; vectors of the two cannot be "
                  "compared. Use the one that made them, or change the model of the "
                  "feature, which embeds its documents anew (docs/models.md)",
                  model.name, model_difference(model, embedder->model())));
}

std::vector<std::shared_ptr<const Embedder>> Embedders::all() const {
  std::vector<std::shared_ptr<const Embedder>> all;
  for (const auto& [name, embedder] : by_model_) all.push_back(embedder);
  return all;
}

std::optional<EmbeddingModel> Embedders::default_model() const {
  const auto found = by_model_.find(default_);
  if (found == by_model_.end()) return std::nullopt;
  return found->second->model();
}

}  // namespace trawl
