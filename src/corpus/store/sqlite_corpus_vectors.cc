#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "base/hash.h"
#include "base/mutex.h"
#include "base/text.h"
#include "catalog/definition_check.h"
#include "corpus/feature_texts.h"
#include "corpus/store/sqlite_corpus_impl.h"
#include "corpus/vector_check.h"
#include "runtime/waiting.h"

namespace trawl::store {
namespace {

// Documents whose texts are looked at in one go.
constexpr std::size_t kAwaitedReadMax = 4'096;

// 0 says that vectors were given.
std::uint64_t hash_of_text(std::string_view text) {
  return std::max<std::uint64_t>(hash64(text), 1);
}

// The feature that new vectors belong to: of those of one URI, the newest.
std::optional<std::size_t> newest_feature(const Collection& definition,
                                          std::string_view uri) {
  for (std::size_t i = definition.features.size(); i-- > 0;) {
    const Feature& feature = definition.features[i];
    if (feature.kind == Feature::Kind::dense && feature.until == Feature::kForever &&
        feature.uri == uri) {
      return i;
    }
  }
  return std::nullopt;
}

Error no_dense_feature(const Collection& definition, std::string_view uri) {
  std::vector<std::string_view> uris;
  for (const Feature& feature : definition.features) {
    if (feature.kind == Feature::Kind::dense) uris.push_back(feature.uri);
  }
  return make_error(
      ErrorCode::not_found,
      fmt::format("collection '{}' has no dense feature '{}'{}", definition.name,
                  truncate_text(uri, 200),
                  uris.empty()       ? std::string("; it has none at all")
                  : uris.size() == 1 ? fmt::format("; it has '{}'", uris.front())
                                     : did_you_mean(uri, uris)));
}

Result<std::size_t> find_newest(const Collection& definition, std::string_view uri) {
  const auto found = newest_feature(definition, uri);
  if (!found) return no_dense_feature(definition, uri);
  return *found;
}

}  // namespace

Result<std::vector<CollectionState::Arrival>> SqliteCorpus::given_vectors(
    const Collection& definition, std::vector<NamedVectors> vectors,
    const std::string& location) {
  std::vector<CollectionState::Arrival> out;
  for (NamedVectors& one : vectors) {
    const std::string place = fmt::format("{}.{}", location, one.feature_uri);
    const auto found = newest_feature(definition, one.feature_uri);
    if (!found) {
      return invalid_at(place, no_dense_feature(definition, one.feature_uri).message);
    }
    const Feature& feature = definition.features[*found];
    if (feature.model) {
      return invalid_at(place,
                        fmt::format("{}: the vectors of this feature are made by {}; "
                                    "leave them out, or use a feature without a "
                                    "model",
                                    place, feature.model->name));
    }
    TRAWL_TRY(check_vectors(one.values, feature.dimension, feature.metric, place));
    for (const auto& other : out) {
      if (other.feature != *found) continue;
      return invalid_at(place, fmt::format("{} is given twice; give several vectors as one "
                                           "list",
                                           place));
    }
    out.push_back({static_cast<std::uint32_t>(*found), 0, 0, std::move(one.values)});
  }
  return out;
}

Result<void> SqliteCorpus::carry_vectors(const CatalogEntries::CollectionEntry& entry,
                                         std::uint32_t before, Given given, NewRow& row) {
  const auto& features = entry.definition->features;
  for (const std::uint32_t i : entry.state->dense_features()) {
    if (i >= features.size() || features[i].until != Feature::kForever) continue;
    const bool is_there =
        std::any_of(row.vectors.begin(), row.vectors.end(),
                    [&](const auto& vectors) { return vectors.feature == i; });
    if (is_there || (!features[i].model && given == Given::lost)) continue;
    TRAWL_ASSIGN(auto known, read_vectors(*writer_, entry.state->key(i), before));
    if (!known) continue;
    if (features[i].model &&
        known->text_hash != hash_of_text(embedded_text(features[i], row.fields))) {
      continue;
    }
    row.vectors.push_back({i, 0, known->text_hash, std::move(known->values)});
  }
  return {};
}

std::optional<std::uint32_t> SqliteCorpus::first_awaited(const VersionView& view,
                                                         const Bitmap& settled) {
  for (std::uint32_t row = 0; row < view.row_end; row += 64) {
    std::uint64_t word = ~settled.word(row / 64);
    if (view.dead != nullptr) word &= ~view.dead->word(row / 64);
    if (view.row_end - row < 64) word &= (std::uint64_t{1} << (view.row_end - row)) - 1;
    if (word != 0) return row + static_cast<std::uint32_t>(std::countr_zero(word));
  }
  return std::nullopt;
}

std::uint64_t SqliteCorpus::count_awaited(const VersionView& view, const Bitmap& settled) {
  std::uint64_t settled_and_alive = 0;
  for (std::uint32_t row = 0; row < view.row_end; row += 64) {
    std::uint64_t word = settled.word(row / 64);
    if (view.dead != nullptr) word &= ~view.dead->word(row / 64);
    if (view.row_end - row < 64) word &= (std::uint64_t{1} << (view.row_end - row)) - 1;
    settled_and_alive += static_cast<std::uint64_t>(std::popcount(word));
  }
  return view.document_count - settled_and_alive;
}

Result<Collection> SqliteCorpus::add_feature(const NamespaceId& namespace_id,
                                             std::string_view identifier, Feature feature) {
  const Waiting waiting;  // For its turn to write, and the disk.
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(namespace_id, identifier));
  if (feature.kind != Feature::Kind::dense) {
    return invalid_at("feature.type",
                      "only dense features can be added to a collection that is there; for "
                      "others, create another collection and copy the documents");
  }
  TRAWL_TRY(check_dense(feature, "feature"));
  for (const Feature& other : entry.definition->features) {
    if (other.uri != feature.uri || other.until != Feature::kForever) continue;
    if (other.kind != Feature::Kind::dense) {
      return make_error(ErrorCode::already_exists,
                        fmt::format("'{}' is a feature of another type; choose another URI",
                                    feature.uri));
    }
    if (other.since == Feature::kForever) {
      return make_error(
          ErrorCode::already_exists,
          fmt::format("'{}' is being made already, and is not complete", feature.uri));
    }
    if (!feature.model) {
      return make_error(ErrorCode::already_exists,
                        fmt::format("collection '{}' has a feature '{}' already, whose "
                                    "vectors would be lost; choose another URI, or name "
                                    "the model that is to make them",
                                    entry.definition->name, feature.uri));
    }
  }
  const std::uint64_t next = entry.state->history().newest().version + 1;
  TRAWL_ASSIGN(const auto view, entry.state->history().view());
  const bool is_complete = !feature.model || view->document_count == 0;
  auto changed = std::make_shared<Collection>(*entry.definition);
  feature.since = is_complete ? next : Feature::kForever;
  feature.until = Feature::kForever;
  if (is_complete) {
    for (Feature& other : changed->features) {
      if (other.uri == feature.uri) other.until = std::min(other.until, next);
    }
  }
  changed->features.push_back(feature);
  changed->revision = entry.definition->revision + 1;
  changed->updated_at = now_after(entry.definition->updated_at);
  TRAWL_TRY(entry.state->add_feature(feature));
  Change change;
  change.definition = changed;
  if (auto committed = commit(entry, change); !committed) {
    entry.state->remove_last_feature();
    return committed.error();
  }
  return *changed;
}

Result<std::vector<AwaitedVectors>> SqliteCorpus::awaited_vectors(
    const CollectionId& id, const std::string& feature_uri,
    std::optional<DocumentRef> after, std::size_t count) const {
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  TRAWL_ASSIGN(const std::size_t place, find_newest(*entry.definition, feature_uri));
  const CollectionState& state = *entry.state;
  const Feature& feature = entry.definition->features[place];
  std::vector<AwaitedVectors> out;
  if (!feature.model) return out;
  TRAWL_ASSIGN(auto connection, readers_->pool.lease());
  TRAWL_ASSIGN(const auto view, state.history().view());
  TRAWL_ASSIGN(const Bitmap settled,
               state.settled_rows(*connection, static_cast<std::uint32_t>(place)));
  std::uint32_t row = after ? state.places().rows_before(*after + 1) : 0;
  for (std::size_t read = 0; row < view->row_end && out.size() < count; ++row) {
    if (!view->sees(row) || settled.test(row)) continue;
    TRAWL_ASSIGN(const bool found,
                 visit_row(*connection, state.number(), state.places().place_of(row),
                           [&](const RawDocument& raw) -> Result<void> {
                             AwaitedVectors one;
                             one.document = raw.place;
                             // One that is damaged has no text, and keeps nobody waiting.
                             if (auto document = parse_document(raw)) {
                               one.text = embedded_text(feature, document->fields);
                             }
                             one.text_hash = hash_of_text(one.text);
                             out.push_back(std::move(one));
                             return {};
                           }));
    if (!found) continue;  // Removed meanwhile.
    TRAWL_ASSIGN(auto known,
                 find_vectors_of_text(*connection, state.key(place), out.back().text_hash));
    if (known) out.back().known = std::move(*known);
    if (++read == kAwaitedReadMax) break;
  }
  return out;
}

Result<void> SqliteCorpus::put_vectors(const CollectionId& id,
                                       const std::string& feature_uri,
                                       std::vector<ArrivedVectors> arrived) {
  const Waiting waiting;  // For its turn to write, and the disk.
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  TRAWL_ASSIGN(const std::size_t place, find_newest(*entry.definition, feature_uri));
  CollectionState& state = *entry.state;
  const Feature& feature = entry.definition->features[place];
  TRAWL_ASSIGN(const auto view, state.history().view());
  TRAWL_ASSIGN(const Bitmap settled,
               state.settled_rows(*writer_, static_cast<std::uint32_t>(place)));
  std::sort(arrived.begin(), arrived.end(),
            [](const auto& a, const auto& b) { return a.document < b.document; });
  Change change;
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    ArrivedVectors& one = arrived[i];
    if (!one.values.empty()) {
      TRAWL_TRY(check_vectors(one.values, feature.dimension, feature.metric,
                              fmt::format("vectors[{}]", i)));
    }
    const auto row = state.places().row_of(one.document);
    if (!row || !view->sees(*row) || settled.test(*row)) continue;
    if (!change.arrived.empty() && change.arrived.back().place == one.document) continue;
    change.arrived.push_back({static_cast<std::uint32_t>(place), one.document,
                              one.text_hash, std::move(one.values)});
  }
  const std::uint64_t awaited = count_awaited(*view, settled) - change.arrived.size();
  if (awaited == 0 && feature.since == Feature::kForever) {
    const std::uint64_t next = view->version + 1;
    auto changed = std::make_shared<Collection>(*entry.definition);
    for (Feature& other : changed->features) {
      if (other.uri == feature.uri) other.until = std::min(other.until, next);
    }
    changed->features[place].since = next;
    changed->features[place].until = Feature::kForever;
    changed->revision = entry.definition->revision + 1;
    changed->updated_at = now_after(entry.definition->updated_at);
    change.definition = std::move(changed);
  }
  if (change.arrived.empty() && change.definition == nullptr) return {};
  if (auto committed = commit(entry, change); !committed) return committed.error();
  return {};
}

Result<VectorProgress> SqliteCorpus::vector_progress(const CollectionId& id,
                                                     const std::string& feature_uri) const {
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  TRAWL_ASSIGN(const std::size_t place, find_newest(*entry.definition, feature_uri));
  const Feature& feature = entry.definition->features[place];
  TRAWL_ASSIGN(auto connection, readers_->pool.lease());
  TRAWL_ASSIGN(const auto view, entry.state->history().view());
  VectorProgress progress;
  progress.documents = view->document_count;
  progress.is_serving = feature.serves(view->version);
  progress.with_vectors = entry.state->vectors(place).row_count(
      {view->version, view->row_end, view->dead.get(), nullptr});
  const auto& places = entry.state->places();
  if (view->row_end > 0) progress.newest = places.place_of(view->row_end - 1);
  if (!feature.model) return progress;
  TRAWL_ASSIGN(const Bitmap settled,
               entry.state->settled_rows(*connection, static_cast<std::uint32_t>(place)));
  progress.awaited = count_awaited(*view, settled);
  if (const auto row = first_awaited(*view, settled)) {
    progress.first_awaited = places.place_of(*row);
  }
  return progress;
}

}  // namespace trawl::store
