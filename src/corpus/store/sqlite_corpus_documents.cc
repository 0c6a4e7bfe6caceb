#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/hash.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "base/text.h"
#include "corpus/document_check.h"
#include "corpus/store/sqlite_corpus_impl.h"
#include "runtime/waiting.h"

namespace trawl::store {
namespace {

std::string shown(std::string_view document_id) {
  return truncate_text(document_id, 128);
}

std::string payload_text(const json::object& fields) {
  std::string text;
  append_json(text, fields);
  return text;
}

}  // namespace

Result<std::vector<DocumentOutcome>> SqliteCorpus::put(const CollectionId& id,
                                                       std::vector<DocumentWrite> documents,
                                                       Atomic atomic) {
  return write(id, std::move(documents), Existing::replaced, atomic);
}

Result<std::vector<DocumentOutcome>> SqliteCorpus::insert(
    const CollectionId& id, std::vector<DocumentWrite> documents, Atomic atomic) {
  return write(id, std::move(documents), Existing::refused, atomic);
}

Result<std::vector<DocumentOutcome>> SqliteCorpus::write(
    const CollectionId& id, std::vector<DocumentWrite> documents, Existing existing,
    Atomic atomic) {
  TRAWL_ASSIGN(const auto named, catalog_.find_collection(id));
  const TimeUs now = options_.clock->now();
  // All that can be done before the lock is.
  std::vector<DocumentOutcome> outcomes(documents.size());
  std::unordered_map<std::string_view, std::size_t> stored_as;  // Which one of an id is.
  std::vector<std::vector<CollectionState::Arrival>> given(documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    DocumentWrite& document = documents[i];
    if (document.document_id.empty()) document.document_id = make_sortable_id("doc_", now);
    outcomes[i].document_id = document.document_id;
    const std::string location = fmt::format("documents[{}]", i);
    auto fit = check_document(document.document_id, document.fields, location);
    if (fit && !document.vectors.empty()) {
      auto vectors = given_vectors(*named.definition, std::move(document.vectors),
                                   location + ".vectors");
      if (vectors) {
        given[i] = std::move(*vectors);
      } else {
        fit = std::move(vectors).error();
      }
    }
    if (fit && existing == Existing::refused && stored_as.count(document.document_id) > 0) {
      fit = document_taken(*named.definition, document.document_id);
    }
    if (!fit && atomic == Atomic::yes) return std::move(fit).error();
    if (!fit) {
      outcomes[i].error = std::move(fit).error();
    } else {
      stored_as[document.document_id] = i;
    }
  }
  Change change;
  std::vector<std::size_t> places;  // Of what is added.
  change.added.reserve(stored_as.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (outcomes[i].error || stored_as.at(documents[i].document_id) != i) continue;
    NewRow row;
    row.document_id = documents[i].document_id;
    row.payload = payload_text(documents[i].fields);
    row.fields = std::move(documents[i].fields);
    row.vectors = std::move(given[i]);
    change.added.push_back(std::move(row));
    places.push_back(i);
  }

  const Waiting waiting;  // For its turn to write, and the disk.
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  std::size_t kept = 0;
  for (std::size_t n = 0; n < places.size(); ++n) {
    NewRow& row = change.added[n];
    DocumentOutcome& outcome = outcomes[places[n]];
    TRAWL_ASSIGN(const auto living, find_living(*entry.state, row.document_id));
    if (living && existing == Existing::refused) {
      Error taken = document_taken(*entry.definition, row.document_id);
      if (atomic == Atomic::yes) return taken;
      outcome.error = std::move(taken);
      continue;
    }
    outcome.kind =
        living ? DocumentOutcome::Kind::replaced : DocumentOutcome::Kind::created;
    if (living) {
      row.created_at = outcome.created_at = living->created_at;
      change.superseded.push_back(living->place);
      TRAWL_TRY(carry_vectors(entry, living->place, Given::lost, row));
    }
    if (kept != n) change.added[kept] = std::move(row);
    ++kept;
  }
  change.added.resize(kept);
  if (change.added.empty()) return outcomes;
  TRAWL_ASSIGN(const auto version, commit(entry, change));
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    DocumentOutcome& outcome = outcomes[i];
    if (outcome.error) continue;
    outcome.kind = outcomes[stored_as.at(outcome.document_id)].kind;
    outcome.created_at = outcomes[stored_as.at(outcome.document_id)].created_at;
    if (outcome.kind == DocumentOutcome::Kind::created) {
      outcome.created_at = version.written_at;
    }
    outcome.updated_at = version.written_at;
  }
  return outcomes;
}

Result<Document> SqliteCorpus::update(const CollectionId& id,
                                      const std::string& document_id,
                                      const ChangeDocument& change) {
  // As update_many, but for one, which the caller wants to see.
  const Waiting waiting;  // For its turn to write, and the disk.
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  TRAWL_ASSIGN(auto document, read_living(*entry.state, document_id));
  if (!document) return unknown_document(*entry.definition, document_id);
  const json::object before = document->fields;
  std::vector<NamedVectors> vectors;
  TRAWL_TRY(change(document->fields, vectors));
  if (document->fields == before && vectors.empty()) return std::move(*document);
  TRAWL_TRY(check_depth(document->fields, "document"));
  Change made;
  made.superseded.push_back(document->ref);
  NewRow& row = made.added.emplace_back();
  row.document_id = document_id;
  row.payload = payload_text(document->fields);
  row.fields = document->fields;
  row.created_at = document->created_at;
  TRAWL_ASSIGN(row.vectors,
               given_vectors(*entry.definition, std::move(vectors), "vectors"));
  TRAWL_TRY(carry_vectors(entry, document->ref, Given::kept, row));
  TRAWL_ASSIGN(const auto version, commit(entry, made));
  document->ref = entry.state->places().place_of(version.row_end - 1);
  document->updated_at = version.written_at;
  document->content_hash = content_hash(row.payload);
  return std::move(*document);
}

Result<std::vector<bool>> SqliteCorpus::update_many(
    const CollectionId& id, std::span<const std::string> document_ids,
    const ChangeDocuments& change) {
  const Waiting waiting;  // For its turn to write, and the disk.
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  // An id that is given twice is changed twice and stored once.
  struct Changed {
    Document document;
    json::object before;
    std::vector<CollectionState::Arrival> vectors;
  };
  std::vector<Changed> all;
  std::unordered_map<std::string_view, std::size_t> by_id;
  std::vector<bool> found(document_ids.size());
  for (std::size_t i = 0; i < document_ids.size(); ++i) {
    auto place = by_id.find(document_ids[i]);
    if (place == by_id.end()) {
      TRAWL_ASSIGN(auto document, read_living(*entry.state, document_ids[i]));
      if (!document) continue;
      json::object before = document->fields;
      all.push_back({std::move(*document), std::move(before), {}});
      place = by_id.emplace(document_ids[i], all.size() - 1).first;
    }
    found[i] = true;
    Changed& changed = all[place->second];
    std::vector<NamedVectors> vectors;
    TRAWL_TRY(change(i, changed.document.fields, vectors));
    const std::string location = fmt::format("updates[{}]", i);
    TRAWL_TRY(check_depth(changed.document.fields, location));
    TRAWL_ASSIGN(auto given, given_vectors(*entry.definition, std::move(vectors),
                                           location + ".vectors"));
    for (CollectionState::Arrival& one : given) {
      std::erase_if(changed.vectors, [&](const CollectionState::Arrival& earlier) {
        return earlier.feature == one.feature;
      });
      changed.vectors.push_back(std::move(one));
    }
  }
  Change made;
  for (Changed& changed : all) {
    if (changed.document.fields == changed.before && changed.vectors.empty()) continue;
    made.superseded.push_back(changed.document.ref);
    NewRow& row = made.added.emplace_back();
    row.document_id = std::move(changed.document.document_id);
    row.payload = payload_text(changed.document.fields);
    row.fields = std::move(changed.document.fields);
    row.created_at = changed.document.created_at;
    row.vectors = std::move(changed.vectors);
    TRAWL_TRY(carry_vectors(entry, changed.document.ref, Given::kept, row));
  }
  if (!made.added.empty()) {
    if (auto committed = commit(entry, made); !committed) return committed.error();
  }
  return found;
}

Result<std::vector<DocumentOutcome>> SqliteCorpus::remove(
    const CollectionId& id, std::span<const std::string> document_ids) {
  const Waiting waiting;  // For its turn to write, and the disk.
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(const auto entry, catalog_.find_collection(id));
  Change change;
  std::vector<DocumentOutcome> outcomes(document_ids.size());
  for (std::size_t i = 0; i < document_ids.size(); ++i) {
    TRAWL_ASSIGN(const auto living, find_living(*entry.state, document_ids[i]));
    outcomes[i].document_id = document_ids[i];
    outcomes[i].kind =
        living ? DocumentOutcome::Kind::removed : DocumentOutcome::Kind::missing;
    if (!living) continue;
    change.superseded.push_back(living->place);
  }
  if (!change.superseded.empty()) {
    if (auto committed = commit(entry, change); !committed) return committed.error();
  }
  return outcomes;
}

Result<std::optional<FoundRow>> SqliteCorpus::find_living(const CollectionState& state,
                                                          std::string_view document_id) {
  const std::uint32_t end = state.places().place_of(state.history().newest().row_end);
  TRAWL_ASSIGN(auto found, find_row(*writer_, state.number(), end, document_id));
  if (!found) return found;
  const auto row = state.places().row_of(found->place);
  if (!row || state.history().is_dead(*row)) found.reset();
  return found;
}

Result<std::optional<Document>> SqliteCorpus::read_living(const CollectionState& state,
                                                          std::string_view document_id) {
  std::optional<Document> document;
  TRAWL_ASSIGN(const auto living, find_living(state, document_id));
  if (!living) return document;
  TRAWL_ASSIGN(const bool stored, visit_row(*writer_, state.number(), living->place,
                                            [&](const RawDocument& raw) -> Result<void> {
                                              TRAWL_ASSIGN(document, parse_document(raw));
                                              return {};
                                            }));
  if (!stored) {
    return make_error(ErrorCode::internal,
                      fmt::format("document '{}' is no longer stored", shown(document_id)));
  }
  return document;
}

Result<VersionHistory::Version> SqliteCorpus::commit(
    const CatalogEntries::CollectionEntry& entry, Change& change) {
  CollectionState& state = *entry.state;
  const VersionHistory::Version before = state.history().newest();
  // The largest number stays free: ranges name the end of the places.
  constexpr std::uint32_t kPlacesMax = std::numeric_limits<std::uint32_t>::max() - 1;
  const std::uint32_t first_place = state.places().place_of(before.row_end);
  if (change.added.size() > kPlacesMax - first_place) {
    return make_error(
        ErrorCode::storage,
        fmt::format("collection '{}' has stored as many states of documents as "
                    "it can; copy its documents to a new collection",
                    entry.definition->name));
  }
  // An id that was given twice is removed once.
  std::sort(change.superseded.begin(), change.superseded.end());
  change.superseded.erase(std::unique(change.superseded.begin(), change.superseded.end()),
                          change.superseded.end());

  VersionHistory::Version next;
  next.version = before.version + 1;
  next.row_end = before.row_end + static_cast<std::uint32_t>(change.added.size());
  // Versions stay in the order of their times when the clock steps back.
  next.written_at = now_after(before.written_at);
  for (std::size_t i = 0; i < change.added.size(); ++i) {
    for (CollectionState::Arrival& vectors : change.added[i].vectors) {
      vectors.place = first_place + static_cast<std::uint32_t>(i);
      change.arrived.push_back(std::move(vectors));
    }
  }
  TRAWL_TRY(commit_tables(state, change, first_place, next));

  // Stored. Anyone who sees the version from here on must find its documents by search.
  std::vector<const json::object*> documents;
  documents.reserve(change.added.size());
  for (const NewRow& row : change.added) documents.push_back(&row.fields);
  state.index_documents(*writer_, before.row_end, documents);
  std::vector<std::uint32_t> superseded;
  superseded.reserve(change.superseded.size());
  for (const std::uint32_t place : change.superseded) {
    superseded.push_back(state.places().row_of(place).value());  // It was alive.
  }
  state.index_arrivals(*writer_, next.version, change.arrived);
  // Before the version is there: whoever sees it sees the features that it serves.
  if (change.definition != nullptr) {
    catalog_.put(CatalogEntries::CollectionEntry{entry.state, change.definition});
  }
  state.history().append(next, superseded);
  return next;
}

Result<void> SqliteCorpus::commit_tables(const CollectionState& state, const Change& change,
                                         std::uint32_t first_place,
                                         const VersionHistory::Version& next) {
  TRAWL_ASSIGN(auto transaction,
               sqlite::Transaction::begin(*writer_, sqlite::Transaction::Kind::write));
  RawDocument document;
  document.place = first_place;
  for (const NewRow& row : change.added) {
    document.document_id = row.document_id;
    document.created_at = row.created_at.value_or(next.written_at);
    document.updated_at = next.written_at;
    document.payload = row.payload;
    TRAWL_TRY(insert_row(*writer_, state.number(), document));
    ++document.place;
  }
  for (const std::uint32_t place : change.superseded) {
    TRAWL_ASSIGN(auto insert,
                 writer_->prepare("INSERT INTO superseded (collection, version, "
                                  "place) VALUES (?, ?, ?)"));
    TRAWL_TRY(insert.bind(state.number(), next.version, place).run());
  }
  TRAWL_ASSIGN(auto insert,
               writer_->prepare("INSERT INTO versions (collection, version, row_end, "
                                "written_at) VALUES (?, ?, ?, ?)"));
  TRAWL_TRY(
      insert.bind(state.number(), next.version, document.place, next.written_at).run());
  for (const CollectionState::Arrival& vectors : change.arrived) {
    TRAWL_TRY(insert_vectors(*writer_, state.key(vectors.feature), vectors.place,
                             next.version, vectors.text_hash, vectors.values));
  }
  if (change.definition != nullptr) {
    TRAWL_TRY(store_collection(*writer_, state.number(), *change.definition));
  }
  return transaction.commit();
}

}  // namespace trawl::store
