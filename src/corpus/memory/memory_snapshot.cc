#include "corpus/memory/memory_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/field_path.h"
#include "base/json.h"
#include "base/text.h"
#include "corpus/vector_check.h"
#include "model/engine_fields.h"
#include "model/internal_fields.h"
#include "text/analyzer.h"

namespace trawl {
namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;
constexpr double kDetectedB = 0.6;  // Of features that detect languages.

// How often each word stands in a document, a field counting as often as it weighs.
struct WordCounts {
  std::map<std::string, double> words;
  double length = 0;
  // As Analyzer::analyze_document() returns them.
  std::vector<std::string_view> languages;
  // The same words by the field that they stand in, in the order of the fields; without
  // the weights.
  struct Field {
    std::string path;
    std::uint32_t weight = 1;
    std::map<std::string, std::uint64_t> words;
  };
  std::vector<Field> fields;
};

class WordCounter {
 public:
  explicit WordCounter(Analyzer& analyzer) : analyzer_(analyzer) {}

  WordCounts count(const Feature& feature, const json::object& fields) {
    WordCounts counts;
    texts_.clear();
    fields_.clear();
    made_.clear();
    if (feature.fields.empty()) {
      for (const auto& field : fields) {
        counts.fields.push_back({std::string(view(field.key())), 1, {}});
        add_strings(field.value(), counts.fields.size() - 1);
      }
    }
    for (const FeatureField& field : feature.fields) {
      counts.fields.push_back({field.path, field.weight, {}});
      find_values(fields, field.path).for_each([&](const json::value& value) {
        add_field(value, counts.fields.size() - 1);
      });
    }
    counts.languages = analyzer_.analyze_document(
        texts_, [&](std::size_t text, std::string_view word, std::uint32_t times) {
          WordCounts::Field& field = counts.fields[fields_[text]];
          field.words[std::string(word)] += times;
          counts.words[std::string(word)] += field.weight * times;
          counts.length += field.weight * times;
        });
    return counts;
  }

 private:
  void add_text(std::string_view text, std::size_t field) {
    texts_.push_back(text);
    fields_.push_back(field);
  }

  // Every string inside.
  void add_strings(const json::value& value, std::size_t field) {
    if (const auto* text = value.if_string()) add_text(view(*text), field);
    if (const auto* array = value.if_array()) {
      for (const auto& item : *array) add_strings(item, field);
    }
    if (const auto* object = value.if_object()) {
      for (const auto& one : *object) add_strings(one.value(), field);
    }
  }

  // A field that was named, numbers and booleans as well.
  void add_field(const json::value& value, std::size_t field) {
    if (const auto* array = value.if_array()) {
      for (const auto& item : *array) add_field(item, field);
    } else if (value.is_bool() || is_number(value)) {
      add_text(made_.emplace_back(to_json_text(value)), field);
    } else {
      add_strings(value, field);
    }
  }

  Analyzer& analyzer_;
  std::vector<std::string_view> texts_;
  std::vector<std::size_t> fields_;  // Of each text, its place.
  std::deque<std::string> made_;
};

Result<void> look(const Checkpoint& check) {
  return check ? check() : Result<void>();
}

double alike(const Feature& feature, const float* a, const float* b) {
  double product = 0;
  double squares_a = 0;
  double squares_b = 0;
  double distance = 0;
  for (std::uint32_t i = 0; i < feature.dimension; ++i) {
    const double x = a[i];
    const double y = b[i];
    product += x * y;
    squares_a += x * x;
    squares_b += y * y;
    distance += (x - y) * (x - y);
  }
  switch (feature.metric) {
    case Metric::cosine:
      return product / std::sqrt(squares_a * squares_b);
    case Metric::dot:
      return product;
    case Metric::l2:
      break;
  }
  return 1 / (1 + std::sqrt(distance));
}

// A query, and all that a score by it rests on: all documents, also those that a selection
// leaves out.
struct Statistics {
  std::map<std::string, double> query;
  std::vector<WordCounts> counts;  // Of each document.
  std::map<std::string, double> documents_with;
  double average_length = 1;
  double b = kB;

  double norm(std::size_t i) const {
    return kK1 * (1 - b + b * counts[i].length / average_length);
  }
  TermScore score(std::size_t i, const std::string& word, double times) const {
    TermScore out;
    out.term = word;
    out.query_count = static_cast<std::uint32_t>(times);
    const auto with = documents_with.find(word);
    if (with == documents_with.end()) return out;
    const auto document_count = static_cast<double>(counts.size());
    out.documents = static_cast<std::uint64_t>(with->second);
    out.idf = std::log1p((document_count - with->second + 0.5) / (with->second + 0.5));
    out.weight = times * out.idf * (kK1 + 1);
    const auto found = counts[i].words.find(word);
    if (found == counts[i].words.end()) return out;
    out.tf = found->second;
    out.score = out.weight * out.tf / (out.tf + norm(i));
    return out;
  }
};

void expect_query(Analyzer& analyzer, const std::string& text,
                  const std::vector<WordCounts>& documents) {
  std::uint64_t english = 0;
  std::vector<LanguageCount> counts;
  for (const WordCounts& document : documents) {
    if (document.languages.empty()) ++english;
    for (const std::string_view language : document.languages)
      counts.push_back({language, 1});
  }
  analyzer.expect_query(text, documents.size(), english, counts);
}

Result<Statistics> prepare_scoring(const Collection& collection,
                                   const MemorySnapshot::Documents& documents,
                                   const SearchRequest& request, const Checkpoint& check) {
  const auto& features = collection.features;
  const auto feature =
      std::find_if(features.begin(), features.end(),
                   [&](const Feature& one) { return one.uri == request.feature_uri; });
  if (feature == features.end()) {
    std::string known;
    for (const Feature& one : features) known += fmt::format("; it has '{}'", one.uri);
    return make_error(ErrorCode::not_found,
                      fmt::format("collection '{}' has no feature '{}'{}", collection.name,
                                  truncate_text(request.feature_uri, 200), known));
  }
  TRAWL_ASSIGN(Analyzer analyzer, Analyzer::make(feature->language));
  Statistics statistics;
  WordCounter counter(analyzer);
  double total_length = 0;
  for (const Document& document : documents) {
    TRAWL_TRY(look(check));
    statistics.counts.push_back(counter.count(*feature, document.fields));
    total_length += statistics.counts.back().length;
    for (const auto& [word, frequency] : statistics.counts.back().words) {
      ++statistics.documents_with[word];
    }
  }
  if (total_length > 0) {
    statistics.average_length = total_length / static_cast<double>(documents.size());
  }
  if (analyzer.detects_language()) {
    statistics.b = kDetectedB;
    expect_query(analyzer, request.text, statistics.counts);
  }
  for (const std::string& word : analyzer.terms(request.text)) ++statistics.query[word];
  return statistics;
}

}  // namespace

MemorySnapshot::MemorySnapshot(std::shared_ptr<const Collection> collection,
                               std::uint64_t version,
                               std::shared_ptr<const Documents> documents,
                               std::shared_ptr<const AllVectors> vectors)
    : whole_(std::move(collection)),
      collection_(whole_),
      version_(version),
      documents_(std::move(documents)),
      vectors_(std::move(vectors)) {
  auto served = std::make_shared<Collection>(*whole_);
  std::erase_if(served->features,
                [&](const Feature& feature) { return !feature.serves(version_); });
  collection_ = std::move(served);
}

Result<SearchResult> MemorySnapshot::search(const SearchRequest& request,
                                            const Checkpoint& check) const {
  if (const auto dense = find_dense(request.feature_uri)) {
    return search_vectors(*dense, request, check);
  }
  TRAWL_ASSIGN(const Statistics statistics,
               prepare_scoring(*collection_, *documents_, request, check));
  SearchResult result;
  result.query_words = result.searched_words = statistics.query.size();
  for (std::size_t i = 0; i < documents_->size(); ++i) {
    const Document& document = (*documents_)[i];
    if (!passes(document, request.within)) continue;
    double score = 0;
    for (const auto& [word, times] : statistics.query) {
      const TermScore term = statistics.score(i, word, times);
      if (term.tf > 0) ++result.scanned_count;
      score += term.score;
    }
    if (score > 0) result.hits.push_back({document.ref, static_cast<float>(score)});
  }
  std::stable_sort(
      result.hits.begin(), result.hits.end(),
      [](const SearchHit& a, const SearchHit& b) { return a.score > b.score; });
  if (result.hits.size() > request.top_k) result.hits.resize(request.top_k);
  return result;
}

Result<std::size_t> MemorySnapshot::find_dense(const std::string& uri) const {
  for (std::size_t i = 0; i < whole_->features.size(); ++i) {
    const Feature& feature = whole_->features[i];
    if (feature.kind == Feature::Kind::dense && feature.uri == uri &&
        feature.serves(version_)) {
      return i;
    }
  }
  return make_error(ErrorCode::not_found,
                    fmt::format("collection '{}' has no dense feature '{}'", whole_->name,
                                truncate_text(uri, 200)));
}

Result<SearchResult> MemorySnapshot::search_vectors(std::size_t feature,
                                                    const SearchRequest& request,
                                                    const Checkpoint& check) const {
  const Feature& searched = whole_->features[feature];
  TRAWL_TRY(check_vectors(request.vectors, searched.dimension, searched.metric, "vectors"));
  SearchResult result;
  for (const Document& document : *documents_) {
    TRAWL_TRY(look(check));
    if (!passes(document, request.within)) continue;
    TRAWL_ASSIGN(const auto score, similarity(request, document.ref, check));
    if (!score) continue;
    ++result.scanned_count;
    result.hits.push_back({document.ref, *score});
  }
  std::stable_sort(
      result.hits.begin(), result.hits.end(),
      [](const SearchHit& a, const SearchHit& b) { return a.score > b.score; });
  if (result.hits.size() > request.top_k) result.hits.resize(request.top_k);
  return result;
}

Result<std::optional<float>> MemorySnapshot::similarity(const SearchRequest& request,
                                                        DocumentRef document,
                                                        const Checkpoint&) const {
  TRAWL_ASSIGN(const std::size_t place, find_dense(request.feature_uri));
  const Feature& feature = whole_->features[place];
  TRAWL_TRY(check_vectors(request.vectors, feature.dimension, feature.metric, "vectors"));
  const auto found = vectors_->find({place, document});
  if (found == vectors_->end() || found->second.values.empty()) {
    return std::optional<float>();
  }
  const std::vector<float>& values = found->second.values;
  double sum = 0;
  for (std::size_t q = 0; q < request.vectors.size(); q += feature.dimension) {
    double best = -std::numeric_limits<double>::infinity();
    for (std::size_t v = 0; v < values.size(); v += feature.dimension) {
      best = std::max(best, alike(feature, &request.vectors[q], &values[v]));
    }
    sum += best;
  }
  return std::optional(static_cast<float>(sum));
}

Result<std::vector<float>> MemorySnapshot::vectors(const std::string& feature_uri,
                                                   DocumentRef document) const {
  TRAWL_ASSIGN(const std::size_t place, find_dense(feature_uri));
  const auto found = vectors_->find({place, document});
  return found == vectors_->end() ? std::vector<float>() : found->second.values;
}

Result<VectorShare> MemorySnapshot::vector_share(const std::string& feature_uri) const {
  TRAWL_ASSIGN(const std::size_t place, find_dense(feature_uri));
  VectorShare share;
  share.documents = documents_->size();
  for (const Document& document : *documents_) {
    const auto found = vectors_->find({place, document.ref});
    if (found != vectors_->end() && !found->second.values.empty()) ++share.with_vectors;
  }
  return share;
}

Result<ScoreParts> MemorySnapshot::explain(const SearchRequest& request,
                                           DocumentRef document,
                                           const Checkpoint& check) const {
  TRAWL_ASSIGN(const Statistics statistics,
               prepare_scoring(*collection_, *documents_, request, check));
  const auto found = std::find_if(documents_->begin(), documents_->end(),
                                  [&](const Document& one) { return one.ref == document; });
  if (found == documents_->end()) return not_here(document);
  const auto i = static_cast<std::size_t>(found - documents_->begin());
  ScoreParts out;
  out.k1 = kK1;
  out.b = statistics.b;
  out.documents = documents_->size();
  out.average_length = statistics.average_length;
  out.length = statistics.counts[i].length;
  out.norm = statistics.norm(i);
  for (const auto& [word, times] : statistics.query) {
    out.terms.push_back(statistics.score(i, word, times));
    out.sum += out.terms.back().score;
  }
  out.score = static_cast<float>(out.sum);
  for (const WordCounts::Field& field : statistics.counts[i].fields) {
    for (TermScore& term : out.terms) {
      const auto here = field.words.find(term.term);
      if (here == field.words.end()) continue;
      term.fields.push_back({field.path, field.weight, here->second, 0});
    }
  }
  for (TermScore& term : out.terms) share_among_fields(term);
  return out;
}

Result<void> MemorySnapshot::scan(const Selection& within, const Checkpoint& check,
                                  const VisitRefs& visit) const {
  for (const Document& document : *documents_) {
    TRAWL_TRY(look(check));
    if (!passes(document, within)) continue;
    if (!visit({&document.ref, 1})) break;
  }
  return {};
}

Result<void> MemorySnapshot::fetch(std::span<const DocumentRef> documents,
                                   const FieldSet& /*fields*/, const Checkpoint& check,
                                   const VisitDocument& visit) const {
  for (std::size_t place = 0; place < documents.size(); ++place) {
    TRAWL_TRY(look(check));
    const auto found = std::find_if(
        documents_->begin(), documents_->end(),
        [&](const Document& document) { return document.ref == documents[place]; });
    if (found == documents_->end()) return not_here(documents[place]);
    visit(place, Document(*found));
  }
  return {};
}

Result<std::optional<Document>> MemorySnapshot::get(const std::string& document_id) const {
  for (const Document& document : *documents_) {
    if (document.document_id == document_id) return std::optional<Document>(document);
  }
  return std::optional<Document>();
}

Error MemorySnapshot::not_here(DocumentRef document) const {
  return make_error(ErrorCode::internal,
                    fmt::format("document {} is not part of version {} of '{}'", document,
                                version_, collection_->name));
}

bool MemorySnapshot::passes(const Document& document, const Selection& within) const {
  const json::value document_id(document.document_id);
  const json::value collection_id(collection_->id.str());
  InternalFields internal;
  internal.document_id = document.document_id;
  internal.collection_id = collection_->id.str();
  internal.namespace_id = collection_->namespace_id.str();
  internal.created_at = document.created_at;
  internal.updated_at = document.updated_at;
  json::value scratch;
  const Filter::Lookup lookup = [&](std::string_view path) -> PathValues {
    if (path == engine_field::kDocumentId) return &document_id;
    if (path == engine_field::kCollectionId) return &collection_id;
    if (is_internal_path(path)) return internal_value(internal, path, scratch);
    return find_values(document.fields, path);
  };
  return std::any_of(
      within.any_of.begin(), within.any_of.end(), [&](const Selection::AllOf& filters) {
        return std::all_of(filters.begin(), filters.end(),
                           [&](const Filter* filter) { return filter->matches(lookup); });
      });
}

}  // namespace trawl
