#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "catalog/definition_check.h"
#include "corpus/feature_texts.h"
#include "corpus/memory/memory_corpus.h"
#include "corpus/vector_check.h"

namespace trawl {

Result<std::size_t> MemoryCorpus::find_newest(const Collection& definition,
                                              std::string_view uri) const {
  for (std::size_t i = definition.features.size(); i-- > 0;) {
    const Feature& feature = definition.features[i];
    if (feature.kind == Feature::Kind::dense && feature.until == Feature::kForever &&
        feature.uri == uri) {
      return i;
    }
  }
  return make_error(ErrorCode::not_found,
                    fmt::format("collection '{}' has no dense feature '{}'",
                                definition.name, truncate_text(uri, 200)));
}

Result<MemoryCorpus::AllVectors> MemoryCorpus::given_vectors(
    const Collection& definition, std::span<const NamedVectors> vectors,
    const std::string& location) {
  AllVectors out;
  for (const NamedVectors& one : vectors) {
    const std::string place = fmt::format("{}.{}", location, one.feature_uri);
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < definition.features.size(); ++i) {
      const Feature& feature = definition.features[i];
      if (feature.kind == Feature::Kind::dense && feature.uri == one.feature_uri &&
          feature.until == Feature::kForever) {
        found = i;
      }
    }
    if (!found) return invalid_at(place, place + " is no dense feature");
    const Feature& feature = definition.features[*found];
    if (feature.model) return invalid_at(place, place + " is made by a model");
    TRAWL_TRY(check_vectors(one.values, feature.dimension, feature.metric, place));
    if (!out.try_emplace({*found, 0}, MemorySnapshot::Vectors{one.values, {}}).second) {
      return invalid_at(place, place + " is given twice");
    }
  }
  return out;
}

void MemoryCorpus::carry_vectors(Draft& draft, const Document& before,
                                 const Document& after, Given given) {
  const auto& features = draft.kept.definition->features;
  for (std::size_t i = 0; i < features.size(); ++i) {
    const auto known = draft.vectors.find({i, before.ref});
    if (known == draft.vectors.end()) continue;
    const auto& text = known->second.text;
    const bool stays =
        text ? *text == embedded_text(features[i], after.fields) : given == Given::kept;
    if (stays) draft.vectors[{i, after.ref}] = known->second;
  }
}

Result<Collection> MemoryCorpus::add_feature(const NamespaceId& namespace_id,
                                             std::string_view identifier, Feature feature) {
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(const Collection before, find_collection(namespace_id, identifier));
  if (feature.kind != Feature::Kind::dense) {
    return invalid_at("feature.type", "only dense features can be added");
  }
  TRAWL_TRY(check_dense(feature, "feature"));
  TRAWL_ASSIGN(Draft draft, begin(before.id));
  const std::uint64_t next = draft.kept.versions.size();
  const bool is_complete = !feature.model || draft.documents.empty();
  Collection changed = before;
  for (Feature& other : changed.features) {
    if (other.uri != feature.uri || other.until != Feature::kForever) continue;
    if (other.kind != Feature::Kind::dense || other.since == Feature::kForever ||
        !feature.model) {
      return make_error(ErrorCode::already_exists, "the URI is taken");
    }
    if (is_complete) other.until = next;
  }
  feature.since = is_complete ? next : Feature::kForever;
  feature.until = Feature::kForever;
  changed.features.push_back(feature);
  ++changed.revision;
  draft.kept.definition = std::make_shared<const Collection>(changed);
  commit(before.id, std::move(draft));
  return changed;
}

Result<std::vector<AwaitedVectors>> MemoryCorpus::awaited_vectors(
    const CollectionId& id, const std::string& feature_uri,
    std::optional<DocumentRef> after, std::size_t count) const {
  TRAWL_ASSIGN(const Kept kept, find_kept(id));
  TRAWL_ASSIGN(const std::size_t place, find_newest(*kept.definition, feature_uri));
  const Feature& feature = kept.definition->features[place];
  std::vector<AwaitedVectors> out;
  if (!feature.model) return out;
  for (const Document& document : *kept.versions.back()) {
    if (out.size() == count) break;
    if (after && document.ref <= *after) continue;
    if (kept.vectors.back()->contains({place, document.ref})) continue;
    AwaitedVectors one;
    one.document = document.ref;
    one.text = embedded_text(feature, document.fields);
    one.text_hash = hash64(one.text);
    for (const auto& [key, vectors] : *kept.vectors.back()) {
      if (key.first == place && vectors.text == one.text) one.known = vectors.values;
    }
    out.push_back(std::move(one));
  }
  return out;
}

Result<void> MemoryCorpus::put_vectors(const CollectionId& id,
                                       const std::string& feature_uri,
                                       std::vector<ArrivedVectors> arrived) {
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(Draft draft, begin(id));
  TRAWL_ASSIGN(const std::size_t place, find_newest(*draft.kept.definition, feature_uri));
  const Feature& feature = draft.kept.definition->features[place];
  std::size_t added = 0;
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    ArrivedVectors& one = arrived[i];
    if (!one.values.empty()) {
      TRAWL_TRY(check_vectors(one.values, feature.dimension, feature.metric,
                              fmt::format("vectors[{}]", i)));
    }
    for (const Document& document : draft.documents) {
      if (document.ref != one.document) continue;
      MemorySnapshot::Vectors vectors{std::move(one.values),
                                      embedded_text(feature, document.fields)};
      added += draft.vectors.try_emplace({place, document.ref}, std::move(vectors)).second;
    }
  }
  std::size_t awaited = 0;
  for (const Document& document : draft.documents) {
    if (!draft.vectors.contains({place, document.ref})) ++awaited;
  }
  const bool completes = awaited == 0 && feature.since == Feature::kForever;
  if (completes) {
    const std::uint64_t next = draft.kept.versions.size();
    Collection changed = *draft.kept.definition;
    for (Feature& other : changed.features) {
      if (other.uri == feature_uri) other.until = std::min(other.until, next);
    }
    changed.features[place].since = next;
    changed.features[place].until = Feature::kForever;
    ++changed.revision;
    draft.kept.definition = std::make_shared<const Collection>(std::move(changed));
  }
  if (added > 0 || completes) commit(id, std::move(draft));
  return {};
}

Result<VectorProgress> MemoryCorpus::vector_progress(const CollectionId& id,
                                                     const std::string& feature_uri) const {
  TRAWL_ASSIGN(const Kept kept, find_kept(id));
  TRAWL_ASSIGN(const std::size_t place, find_newest(*kept.definition, feature_uri));
  const Feature& feature = kept.definition->features[place];
  VectorProgress progress;
  progress.documents = kept.versions.back()->size();
  progress.is_serving = feature.serves(kept.versions.size() - 1);
  for (const Document& document : *kept.versions.back()) {
    const auto found = kept.vectors.back()->find({place, document.ref});
    progress.newest = std::max(progress.newest, std::optional(document.ref));
    if (found == kept.vectors.back()->end()) {
      if (!feature.model) continue;
      ++progress.awaited;
      const DocumentRef first = progress.first_awaited.value_or(document.ref);
      progress.first_awaited = std::min(first, document.ref);
    } else if (!found->second.values.empty()) {
      ++progress.with_vectors;
    }
  }
  return progress;
}

}  // namespace trawl
