#include "corpus/store/sqlite_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <unordered_map>

#include "base/field_path.h"
#include "base/hash.h"
#include "base/json_members.h"
#include "base/text.h"
#include "base/work_limit.h"
#include "corpus/store/feature_text.h"
#include "corpus/vector_check.h"
#include "model/engine_fields.h"
#include "model/internal_fields.h"
#include "text/analyzer.h"

namespace trawl::store {
namespace {

// Rows read between two checks. Small enough that a budget is noticed within a few
// milliseconds, large enough that the check costs nothing.
constexpr std::size_t kChunkRows = 256;
// Likewise where it may end sooner.
constexpr std::size_t kTextRows = 32;

// Where fewer than one row in so many is wanted, looking up each beats reading past the
// others.
constexpr std::uint32_t kSparseFactor = 8;

}  // namespace

SqliteSnapshot::SqliteSnapshot(std::shared_ptr<SharedReaders> readers,
                               std::shared_ptr<const CollectionState> state,
                               std::shared_ptr<const Collection> definition,
                               std::shared_ptr<const VersionView> view)
    : readers_(std::move(readers)),
      state_(std::move(state)),
      whole_(std::move(definition)),
      definition_(whole_),
      view_(std::move(view)) {
  const auto& features = whole_->features;
  const auto serves = [&](const Feature& feature) { return feature.serves(version()); };
  if (std::all_of(features.begin(), features.end(), serves)) return;
  auto served = std::make_shared<Collection>(*whole_);
  std::erase_if(served->features, [&](const Feature& feature) { return !serves(feature); });
  definition_ = std::move(served);
}

Result<std::size_t> SqliteSnapshot::find_feature(const std::string& uri) const {
  // Those of the collection keep their places, whichever this version has.
  const auto& features = whole_->features;
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (features[i].uri == uri && features[i].serves(version())) return i;
  }
  std::vector<std::string_view> uris;
  for (const auto& feature : definition_->features) uris.push_back(feature.uri);
  return make_error(
      ErrorCode::not_found,
      fmt::format("collection '{}' has no feature '{}'{}", definition_->name,
                  truncate_text(uri, 200),
                  uris.empty() ? std::string("; it was made without features to search by")
                  : uris.size() == 1 ? fmt::format("; it has '{}'", uris.front())
                                     : did_you_mean(uri, uris)));
}

Result<std::uint32_t> SqliteSnapshot::seen_row(DocumentRef document) const {
  const auto row = state_->places().row_of(document);
  if (row && view_->sees(*row)) return *row;
  return make_error(ErrorCode::internal,
                    fmt::format("row {} is not part of version {} of collection '{}'",
                                document, view_->version, definition_->name));
}

Result<SearchResult> SqliteSnapshot::search(const SearchRequest& request,
                                            const Checkpoint& check) const {
  TRAWL_ASSIGN(const std::size_t feature, find_feature(request.feature_uri));
  if (whole_->features[feature].kind == Feature::Kind::dense) {
    return search_vectors(feature, request, check);
  }
  lexical::RowView view;
  view.row_end = view_->row_end;
  view.dead = view_->dead.get();
  TRAWL_ASSIGN(const Rows allowed, rows_of(request.within, check));
  view.allowed = allowed.get();
  TRAWL_ASSIGN(const lexical::SearchResult found,
               state_->words(feature).search(request.text, request.top_k, view, check));
  SearchResult result;
  result.hits.reserve(found.rows.size());
  for (const auto& row : found.rows) {
    result.hits.push_back({state_->places().place_of(row.row), row.score});
  }
  result.scanned_count = found.scanned_count;
  result.query_words = found.query_words;
  result.searched_words = std::min(found.query_words, lexical::kQueryWordsMax);
  return result;
}

dense::VectorView SqliteSnapshot::vector_view() const {
  return {view_->version, view_->row_end, view_->dead.get(), nullptr};
}

Result<std::size_t> SqliteSnapshot::find_dense(const std::string& uri) const {
  TRAWL_ASSIGN(const std::size_t feature, find_feature(uri));
  if (whole_->features[feature].kind == Feature::Kind::dense) return feature;
  return make_error(ErrorCode::not_found,
                    fmt::format("the feature '{}' of collection '{}' has no vectors",
                                truncate_text(uri, 200), definition_->name));
}

Result<void> SqliteSnapshot::check_query(std::size_t feature,
                                         const SearchRequest& request) const {
  const Feature& searched = whole_->features[feature];
  return check_vectors(request.vectors, searched.dimension, searched.metric, "vectors");
}

Result<SearchResult> SqliteSnapshot::search_vectors(std::size_t feature,
                                                    const SearchRequest& request,
                                                    const Checkpoint& check) const {
  TRAWL_TRY(check_query(feature, request));
  TRAWL_ASSIGN(const Rows allowed, rows_of(request.within, check));
  dense::VectorView view = vector_view();
  view.allowed = allowed.get();
  TRAWL_ASSIGN(
      const dense::SearchResult found,
      state_->vectors(feature).search(request.vectors, request.top_k, view, check));
  SearchResult result;
  result.hits.reserve(found.rows.size());
  for (const auto& row : found.rows) {
    result.hits.push_back({state_->places().place_of(row.row), row.score});
  }
  result.scanned_count = found.scanned_count;
  return result;
}

Result<std::optional<float>> SqliteSnapshot::similarity(const SearchRequest& request,
                                                        DocumentRef document,
                                                        const Checkpoint&) const {
  TRAWL_ASSIGN(const std::size_t feature, find_dense(request.feature_uri));
  TRAWL_TRY(check_query(feature, request));
  TRAWL_ASSIGN(const std::uint32_t row, seen_row(document));
  return state_->vectors(feature).score(request.vectors, row, vector_view());
}

Result<std::vector<float>> SqliteSnapshot::vectors(const std::string& feature_uri,
                                                   DocumentRef document) const {
  TRAWL_ASSIGN(const std::size_t feature, find_dense(feature_uri));
  TRAWL_ASSIGN(const std::uint32_t row, seen_row(document));
  return state_->vectors(feature).vectors_of(row, view_->version);
}

Result<VectorShare> SqliteSnapshot::vector_share(const std::string& feature_uri) const {
  TRAWL_ASSIGN(const std::size_t feature, find_dense(feature_uri));
  return VectorShare{view_->document_count,
                     state_->vectors(feature).row_count(vector_view())};
}

Result<ScoreParts> SqliteSnapshot::explain(const SearchRequest& request,
                                           DocumentRef document,
                                           const Checkpoint& check) const {
  TRAWL_ASSIGN(const std::size_t place, find_feature(request.feature_uri));
  if (whole_->features[place].kind == Feature::Kind::dense) {
    return make_error(
        ErrorCode::not_found,
        fmt::format("the feature '{}' of collection '{}' has no words",
                    truncate_text(request.feature_uri, 200), definition_->name));
  }
  TRAWL_ASSIGN(const std::uint32_t row, seen_row(document));
  lexical::RowView view;
  view.row_end = view_->row_end;
  view.dead = view_->dead.get();
  TRAWL_ASSIGN(const lexical::TakenApart apart,
               state_->words(place).take_apart(request.text, row, view, check));
  ScoreParts out;
  out.k1 = lexical::kBm25K1;
  out.b = apart.b;
  out.documents = apart.row_count;
  out.average_length = apart.average_length;
  out.length = apart.length;
  out.norm = apart.norm;
  out.sum = apart.sum;
  out.score = apart.score;
  for (const lexical::ScoredTerm& term : apart.terms) {
    out.terms.push_back({term.text,
                         term.query_count,
                         term.row_count,
                         term.idf,
                         term.weight,
                         static_cast<double>(term.tf),
                         term.score,
                         {}});
  }
  // The index knows how often a term occurs, but not where: that is read anew.
  const Feature& feature = whole_->features[place];
  TRAWL_ASSIGN(Analyzer analyzer, Analyzer::make(feature.language));
  TRAWL_ASSIGN(const std::vector<Document> read,
               fetch_documents(*this, {&document, 1}, check));
  std::unordered_map<std::string_view, TermScore*> wanted;
  for (TermScore& term : out.terms) wanted.emplace(term.term, &term);
  std::deque<std::string> made;
  const std::vector<FieldTexts> fields =
      collect_field_texts(feature, read.front().fields, made);
  std::vector<std::string_view> texts;
  std::vector<std::size_t> field_of;  // Each text.
  for (std::size_t field = 0; field < fields.size(); ++field) {
    for (const lexical::WeightedText& text : fields[field].texts) {
      texts.push_back(text.text);
      field_of.push_back(field);
    }
  }
  std::vector<std::unordered_map<TermScore*, std::uint64_t>> counts(fields.size());
  analyzer.analyze_document(
      texts, [&](std::size_t text, std::string_view term, std::uint32_t times) {
        if (const auto found = wanted.find(term); found != wanted.end()) {
          counts[field_of[text]][found->second] += times;
        }
      });
  for (std::size_t field = 0; field < fields.size(); ++field) {
    for (const auto& [term, count] : counts[field]) {
      term->fields.push_back({fields[field].path, fields[field].weight, count, 0});
    }
  }
  for (TermScore& term : out.terms) share_among_fields(term);
  return out;
}

Result<SqliteSnapshot::Rows> SqliteSnapshot::rows_of(const Selection& within,
                                                     const Checkpoint& check) const {
  std::shared_ptr<Bitmap> several;
  for (const Selection::AllOf& filters : within.any_of) {
    Rows rows;
    for (const Filter* filter : filters) {
      TRAWL_ASSIGN(Rows passing, matching(*filter, check));
      if (rows == nullptr) {
        rows = std::move(passing);
        continue;
      }
      auto both = std::make_shared<Bitmap>(view_->row_end);
      rows->for_each([&](std::uint32_t row) {
        if (passing->test(row)) both->set(row);
      });
      rows = std::move(both);
    }
    if (rows == nullptr) return rows;
    if (within.any_of.size() == 1) return rows;
    if (several == nullptr) several = std::make_shared<Bitmap>(view_->row_end);
    rows->for_each([&](std::uint32_t row) { several->set(row); });
  }
  if (several == nullptr) several = std::make_shared<Bitmap>(view_->row_end);
  return Rows(std::move(several));
}

Result<SqliteSnapshot::Rows> SqliteSnapshot::matching(const Filter& filter,
                                                      const Checkpoint& check) const {
  const auto find = [&] {
    return readers_->filters.find(state_->rows_id(), filter.fingerprint(), view_->version);
  };
  while (true) {
    auto known = find();
    if (known && known->version == view_->version) return known->matches;
    // Of those who have as far to go.
    TRAWL_ASSIGN(auto joined,
                 readers_->filtering.join(
                     fmt::format("{}:{}:{}", state_->rows_id(), known ? known->row_end : 0,
                                 filter.fingerprint()),
                     check));
    if (joined.value != nullptr) {
      if (joined.value->version == view_->version) return joined.value->matches;
      continue;  // Of another version: a part of the way, perhaps.
    }
    // Another may have come there first, between the look and the lead.
    known = find();
    if (known && known->version == view_->version) {
      joined.lead.publish(std::make_shared<const FilterCache::Entry>(*known));
      return known->matches;
    }
    TRAWL_ASSIGN(Rows matches, find_matching(filter, known, [&]() -> Result<void> {
                   joined.lead.go_on();
                   return check ? check() : Result<void>();
                 }));
    const FilterCache::Entry entry{view_->version, view_->row_end, matches};
    readers_->filters.store(state_->rows_id(), filter.fingerprint(), entry);
    joined.lead.publish(std::make_shared<const FilterCache::Entry>(entry));
    return matches;
  }
}

Result<SqliteSnapshot::Rows> SqliteSnapshot::find_matching(
    const Filter& filter, const std::optional<FilterCache::Entry>& known,
    const Checkpoint& check) const {
  auto matches = std::make_shared<Bitmap>(view_->row_end);
  std::uint32_t begin = 0;
  if (known) {
    begin = known->row_end;
    known->matches->for_each([&](std::uint32_t row) {
      if (view_->sees(row)) matches->set(row);
    });
  }
  // What the server says of a document is found like fields, before the fields.
  std::vector<std::string> paths;
  for (const auto& path : filter.paths()) {
    if (path != engine_field::kDocumentId && path != engine_field::kCollectionId &&
        !is_internal_path(path)) {
      paths.push_back(path);
    }
  }
  const JsonMembers wanted(paths);
  const json::value collection_id(definition_->id.str());
  json::value document_id;
  InternalFields internal;
  internal.collection_id = definition_->id.str();
  internal.namespace_id = definition_->namespace_id.str();
  json::value internal_scratch;
  json::object fields;
  const Filter::Lookup lookup = [&](std::string_view path) -> PathValues {
    if (path == engine_field::kDocumentId) return &document_id;
    if (path == engine_field::kCollectionId) return &collection_id;
    if (is_internal_path(path)) return internal_value(internal, path, internal_scratch);
    return find_values(fields, path);
  };
  TRAWL_TRY(visit_living(begin, check, [&](const RawDocument& raw) -> Result<void> {
    count_work(raw.payload.size() / kBytesPerStep + 8);
    TRAWL_ASSIGN(fields, wanted.read(raw.payload));
    document_id.emplace_string().assign(raw.document_id.data(), raw.document_id.size());
    internal.document_id = raw.document_id;
    internal.created_at = raw.created_at;
    internal.updated_at = raw.updated_at;
    if (filter.matches(lookup)) matches->set(state_->places().row_of(raw.place).value());
    return {};
  }));
  return Rows(std::move(matches));
}

Result<void> SqliteSnapshot::scan(const Selection& within, const Checkpoint& check,
                                  const VisitRefs& visit) const {
  TRAWL_ASSIGN(const Rows allowed, rows_of(within, check));
  TRAWL_TRY(check_kept());
  std::vector<DocumentRef> found;
  found.reserve(kChunkRows);
  for (std::uint32_t row = 0; row < view_->row_end; ++row) {
    count_work();
    if (view_->sees(row) && (allowed == nullptr || allowed->test(row))) {
      found.push_back(state_->places().place_of(row));
    }
    if (found.size() == kChunkRows || (row + 1 == view_->row_end && !found.empty())) {
      if (!visit(found)) return {};
      found.clear();
      if (check) TRAWL_TRY(check());
    }
  }
  return {};
}

Result<void> SqliteSnapshot::fetch(std::span<const DocumentRef> documents,
                                   const FieldSet& fields, const Checkpoint& check,
                                   const VisitDocument& visit) const {
  const JsonMembers wanted(fields.paths());
  std::size_t place = 0;
  return visit_all(documents, check, [&](const RawDocument& raw) -> Result<void> {
    count_work(raw.payload.size() / kBytesPerStep + 8);
    Document document;
    if (fields.is_all()) {
      TRAWL_ASSIGN(document, parse_document(raw));
    } else {
      TRAWL_ASSIGN(document.fields, wanted.read(raw.payload));
      document.ref = raw.place;
      document.document_id = raw.document_id;
      document.created_at = raw.created_at;
      document.updated_at = raw.updated_at;
      document.content_hash = content_hash(raw.payload);
    }
    visit(place++, std::move(document));
    return {};
  });
}

Result<void> SqliteSnapshot::fetch_text(std::span<const DocumentRef> documents,
                                        const Checkpoint& check,
                                        const VisitText& visit) const {
  std::size_t place = 0;
  bool more = true;
  for (std::size_t begin = 0; more && begin < documents.size(); begin += kTextRows) {
    const std::size_t count = std::min(kTextRows, documents.size() - begin);
    TRAWL_TRY(visit_all(documents.subspan(begin, count), check,
                        [&](const RawDocument& raw) -> Result<void> {
                          count_work(raw.payload.size() / kBytesPerStep + 8);
                          if (more) more = visit(place++, raw.document_id, raw.payload);
                          return {};
                        }));
    if (check) TRAWL_TRY(check());
  }
  return {};
}

Result<void> SqliteSnapshot::visit_all(std::span<const DocumentRef> documents,
                                       const Checkpoint& check, const Visit& visit) const {
  for (const DocumentRef place : documents) {
    TRAWL_TRY(seen_row(place));
  }
  TRAWL_ASSIGN(auto connection, readers_->pool.lease());
  for (std::size_t begin = 0; begin < documents.size(); begin += kChunkRows) {
    if (begin > 0 && check) TRAWL_TRY(check());
    const std::size_t count = std::min(kChunkRows, documents.size() - begin);
    TRAWL_TRY(visit_chunk(*connection, documents.subspan(begin, count), visit));
  }
  return {};
}

Result<std::optional<Document>> SqliteSnapshot::get(const std::string& document_id) const {
  std::optional<Document> document;
  TRAWL_ASSIGN(auto connection, readers_->pool.lease());
  TRAWL_ASSIGN(const auto found,
               find_row(*connection, state_->number(),
                        state_->places().place_of(view_->row_end), document_id));
  const auto row = found ? state_->places().row_of(found->place) : std::nullopt;
  if (row && view_->sees(*row)) {
    TRAWL_ASSIGN(const bool kept, visit_row(*connection, state_->number(), found->place,
                                            [&](const RawDocument& raw) -> Result<void> {
                                              TRAWL_ASSIGN(document, parse_document(raw));
                                              return {};
                                            }));
    if (!kept) return missing_row(found->place);
  } else {
    // Not to be found because it is gone, or because it never was?
    TRAWL_TRY(check_kept());
  }
  return document;
}

Result<void> SqliteSnapshot::visit_living(std::uint32_t begin, const Checkpoint& check,
                                          const Visit& visit) const {
  TRAWL_ASSIGN(auto connection, readers_->pool.lease());
  std::vector<DocumentRef> places;
  places.reserve(kChunkRows);
  for (std::uint32_t row = begin; row < view_->row_end; ++row) {
    count_work();
    if (view_->sees(row)) places.push_back(state_->places().place_of(row));
    if (places.size() == kChunkRows || (row + 1 == view_->row_end && !places.empty())) {
      TRAWL_TRY(visit_chunk(*connection, places, visit));
      places.clear();
      if (check) TRAWL_TRY(check());
    }
  }
  return {};
}

Result<void> SqliteSnapshot::visit_chunk(sqlite::Connection& connection,
                                         std::span<const DocumentRef> places,
                                         const Visit& visit) const {
  TRAWL_ASSIGN(auto transaction,
               sqlite::Transaction::begin(connection, sqlite::Transaction::Kind::read));
  const bool in_order = std::adjacent_find(places.begin(), places.end(),
                                           std::greater_equal<>()) == places.end();
  // Places that are gone cost nothing to read past.
  const auto rows = [&](DocumentRef place) { return state_->places().rows_before(place); };
  if (!in_order ||
      (rows(places.back()) - rows(places.front())) / kSparseFactor >= places.size()) {
    for (const DocumentRef place : places) {
      TRAWL_ASSIGN(const bool found, visit_row(connection, state_->number(), place, visit));
      if (!found) return missing_row(place);
    }
    return {};
  }
  auto next = places.begin();
  TRAWL_TRY(visit_rows(connection, state_->number(), places.front(), places.back() + 1,
                       [&](const RawDocument& raw) -> Result<void> {
                         if (raw.place < *next) return {};
                         if (raw.place > *next) return missing_row(*next);
                         ++next;
                         return visit(raw);
                       }));
  if (next != places.end()) return missing_row(*next);
  return {};
}

Result<void> SqliteSnapshot::check_kept() const {
  if (state_->dropped()) {
    return make_error(ErrorCode::not_found,
                      fmt::format("collection '{}' was deleted", definition_->name));
  }
  return state_->check_kept(view_->version);
}

Error SqliteSnapshot::missing_row(DocumentRef place) const {
  if (const auto kept = check_kept(); !kept) return kept.error();
  return make_error(ErrorCode::internal,
                    fmt::format("row {} of collection '{}' is no longer stored", place,
                                definition_->name));
}

}  // namespace trawl::store
