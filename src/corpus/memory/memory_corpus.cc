#include "corpus/memory/memory_corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/ids.h"
#include "base/json.h"
#include "catalog/definition_check.h"
#include "corpus/document_check.h"

namespace trawl {
namespace {

const Document* find_document(const MemorySnapshot::Documents& documents,
                              std::string_view document_id) {
  for (const Document& document : documents) {
    if (document.document_id == document_id) return &document;
  }
  return nullptr;
}

}  // namespace

Result<MemoryCorpus::Kept> MemoryCorpus::find_kept(const CollectionId& id) const {
  const MutexLock lock(mutex_);
  for (const Kept& kept : collections_) {
    if (kept.definition->id == id) return kept;
  }
  return unknown_name("collection", id.str(), {});
}

Result<std::shared_ptr<const Snapshot>> MemoryCorpus::snapshot(
    const CollectionId& id, std::optional<std::uint64_t> version) const {
  TRAWL_ASSIGN(const Kept kept, find_kept(id));
  const std::uint64_t wanted = version.value_or(kept.versions.size() - 1);
  if (wanted >= kept.versions.size()) {
    return make_error(
        ErrorCode::not_found,
        fmt::format("collection '{}': there is no version {}; the newest is {}",
                    kept.definition->name, wanted, kept.versions.size() - 1));
  }
  return std::shared_ptr<const Snapshot>(std::make_shared<MemorySnapshot>(
      kept.definition, wanted, kept.versions[wanted], kept.vectors[wanted]));
}

Result<TimeUs> MemoryCorpus::version_time(const CollectionId& id,
                                          std::uint64_t version) const {
  TRAWL_ASSIGN(const Kept kept, find_kept(id));
  if (version >= kept.versions.size()) {
    return make_error(ErrorCode::not_found, fmt::format("there is no version {}", version));
  }
  return version == 0 ? kept.definition->created_at : kept.times[version];
}

Result<std::uint64_t> MemoryCorpus::version_at(const CollectionId& id, TimeUs time) const {
  TRAWL_ASSIGN(const Kept kept, find_kept(id));
  for (std::uint64_t version = kept.versions.size(); version-- > 0;) {
    const TimeUs written = version == 0 ? kept.definition->created_at : kept.times[version];
    if (written <= time) return version;
  }
  return make_error(ErrorCode::not_found,
                    fmt::format("no version of {} is kept", format_time(time)));
}

Result<MemoryCorpus::Draft> MemoryCorpus::begin(const CollectionId& id) const {
  Draft draft;
  TRAWL_ASSIGN(draft.kept, find_kept(id));
  draft.documents = *draft.kept.versions.back();
  draft.vectors = *draft.kept.vectors.back();
  // Versions stay in the order of their times when the clock steps back.
  draft.now = std::max(clock_.now(), draft.kept.written_at);
  return draft;
}

void MemoryCorpus::place(Draft& draft, const std::string& document_id, json::object fields,
                         Given given) const {
  Document document;
  document.ref = draft.kept.next_ref++;
  document.document_id = document_id;
  document.created_at = document.updated_at = draft.now;
  if (const Document* before = find_document(*draft.kept.versions.back(), document_id)) {
    document.created_at = before->created_at;
  }
  std::string text;
  append_json(text, fields);
  document.content_hash = content_hash(text);
  document.fields = std::move(fields);
  if (const Document* before = find_document(draft.documents, document_id)) {
    carry_vectors(draft, *before, document, given);
  }
  std::erase_if(draft.documents,
                [&](const Document& one) { return one.document_id == document_id; });
  draft.documents.push_back(std::move(document));
}

void MemoryCorpus::commit(const CollectionId& id, Draft draft) {
  const MutexLock lock(mutex_);
  for (Kept& kept : collections_) {
    if (kept.definition->id != id) continue;
    kept.definition = draft.kept.definition;
    kept.versions.push_back(std::make_shared<const Documents>(std::move(draft.documents)));
    kept.vectors.push_back(std::make_shared<const AllVectors>(std::move(draft.vectors)));
    kept.next_ref = draft.kept.next_ref;
    kept.written_at = draft.now;
    kept.times.resize(kept.versions.size() - 1);  // The first is there from the beginning.
    kept.times.push_back(draft.now);
  }
}

Result<std::vector<DocumentOutcome>> MemoryCorpus::put(const CollectionId& id,
                                                       std::vector<DocumentWrite> documents,
                                                       Atomic atomic) {
  return write(id, std::move(documents), Existing::replaced, atomic);
}

Result<std::vector<DocumentOutcome>> MemoryCorpus::insert(
    const CollectionId& id, std::vector<DocumentWrite> documents, Atomic atomic) {
  return write(id, std::move(documents), Existing::refused, atomic);
}

Result<std::vector<DocumentOutcome>> MemoryCorpus::write(
    const CollectionId& id, std::vector<DocumentWrite> documents, Existing existing,
    Atomic atomic) {
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(Draft draft, begin(id));
  const auto before = draft.kept.versions.back();
  std::vector<DocumentOutcome> outcomes(documents.size());
  bool is_changed = false;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    DocumentOutcome& outcome = outcomes[i];
    DocumentWrite& document = documents[i];
    if (document.document_id.empty()) {
      document.document_id = make_sortable_id("doc_", draft.now);
    }
    outcome.document_id = document.document_id;
    const std::string location = fmt::format("documents[{}]", i);
    auto fit = check_document(document.document_id, document.fields, location);
    AllVectors given;
    if (fit) {
      auto read =
          given_vectors(*draft.kept.definition, document.vectors, location + ".vectors");
      if (read) {
        given = std::move(*read);
      } else {
        fit = std::move(read).error();
      }
    }
    if (fit && existing == Existing::refused &&
        find_document(draft.documents, document.document_id) != nullptr) {
      fit = document_taken(*draft.kept.definition, document.document_id);
    }
    if (!fit && atomic == Atomic::yes) return std::move(fit).error();
    if (!fit) {
      outcome.error = std::move(fit).error();
      continue;
    }
    place(draft, document.document_id, std::move(document.fields), Given::lost);
    for (auto& [key, vectors] : given) {
      draft.vectors[{key.first, draft.documents.back().ref}] = std::move(vectors);
    }
    const bool is_new = find_document(*before, document.document_id) == nullptr;
    outcome.kind =
        is_new ? DocumentOutcome::Kind::created : DocumentOutcome::Kind::replaced;
    outcome.created_at = draft.documents.back().created_at;
    outcome.updated_at = draft.now;
    is_changed = true;
  }
  if (is_changed) commit(id, std::move(draft));
  return outcomes;
}

Result<Document> MemoryCorpus::update(const CollectionId& id,
                                      const std::string& document_id,
                                      const ChangeDocument& change) {
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(Draft draft, begin(id));
  const Document* found = find_document(draft.documents, document_id);
  if (found == nullptr) return unknown_document(*draft.kept.definition, document_id);
  const Document before = *found;
  json::object fields = before.fields;
  std::vector<NamedVectors> vectors;
  TRAWL_TRY(change(fields, vectors));
  if (fields == before.fields && vectors.empty()) return before;
  TRAWL_TRY(check_depth(fields, "document"));
  TRAWL_ASSIGN(AllVectors given, given_vectors(*draft.kept.definition, vectors, "vectors"));
  place(draft, document_id, std::move(fields), Given::kept);
  for (auto& [key, one] : given) {
    draft.vectors[{key.first, draft.documents.back().ref}] = std::move(one);
  }
  Document changed = draft.documents.back();
  commit(id, std::move(draft));
  return changed;
}

Result<std::vector<bool>> MemoryCorpus::update_many(
    const CollectionId& id, std::span<const std::string> document_ids,
    const ChangeDocuments& change) {
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(Draft draft, begin(id));
  Documents changed;  // Each once, in the order in which they were first named.
  std::map<std::string, AllVectors> vectors_of;
  std::vector<bool> was_there(document_ids.size());
  for (std::size_t i = 0; i < document_ids.size(); ++i) {
    const Document* stored = find_document(draft.documents, document_ids[i]);
    if (stored == nullptr) continue;
    was_there[i] = true;
    auto one = std::find_if(changed.begin(), changed.end(), [&](const Document& document) {
      return document.document_id == document_ids[i];
    });
    if (one == changed.end()) one = changed.insert(changed.end(), *stored);
    std::vector<NamedVectors> vectors;
    TRAWL_TRY(change(i, one->fields, vectors));
    const std::string location = fmt::format("updates[{}]", i);
    TRAWL_TRY(check_depth(one->fields, location));
    TRAWL_ASSIGN(AllVectors given,
                 given_vectors(*draft.kept.definition, vectors, location + ".vectors"));
    for (auto& [key, values] : given) {
      vectors_of[document_ids[i]].insert_or_assign(key, std::move(values));
    }
  }
  bool is_changed = false;
  for (Document& document : changed) {
    const Document* before = find_document(draft.documents, document.document_id);
    const auto given = vectors_of.find(document.document_id);
    if (before->fields == document.fields && given == vectors_of.end()) continue;
    place(draft, document.document_id, std::move(document.fields), Given::kept);
    if (given != vectors_of.end()) {
      for (auto& [key, values] : given->second) {
        draft.vectors[{key.first, draft.documents.back().ref}] = std::move(values);
      }
    }
    is_changed = true;
  }
  if (is_changed) commit(id, std::move(draft));
  return was_there;
}

Result<std::vector<DocumentOutcome>> MemoryCorpus::remove(
    const CollectionId& id, std::span<const std::string> document_ids) {
  const MutexLock lock(write_mutex_);
  TRAWL_ASSIGN(Draft draft, begin(id));
  const auto before = draft.kept.versions.back();
  std::vector<DocumentOutcome> outcomes(document_ids.size());
  for (std::size_t i = 0; i < document_ids.size(); ++i) {
    const bool is_there = find_document(*before, document_ids[i]) != nullptr;
    outcomes[i].document_id = document_ids[i];
    outcomes[i].kind =
        is_there ? DocumentOutcome::Kind::removed : DocumentOutcome::Kind::missing;
    std::erase_if(draft.documents, [&](const Document& document) {
      return document.document_id == document_ids[i];
    });
  }
  if (draft.documents.size() < before->size()) commit(id, std::move(draft));
  return outcomes;
}

}  // namespace trawl
