#include "corpus/memory/memory_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "base/field_path.h"
#include "base/json.h"
#include "base/text.h"
#include "model/engine_fields.h"
#include "model/internal_fields.h"
#include "text/analyzer.h"

namespace trawl {
namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;

// How often each word stands in a document, a field counting as often as it weighs.
struct WordCounts {
  std::map<std::string, double> words;
  double length = 0;
};

class WordCounter {
 public:
  explicit WordCounter(Analyzer& analyzer) : analyzer_(analyzer) {}

  WordCounts count(const Feature& feature, const json::object& fields) {
    counts_ = {};
    if (feature.fields.empty()) {
      for (const auto& field : fields) add_strings(field.value(), 1);
    }
    for (const FeatureField& field : feature.fields) {
      find_values(fields, field.path).for_each([&](const json::value& value) {
        add_field(value, field.weight);
      });
    }
    return std::move(counts_);
  }

 private:
  void add_text(std::string_view text, double weight) {
    analyzer_.analyze(text, [&](std::string_view word) {
      counts_.words[std::string(word)] += weight;
      counts_.length += weight;
    });
  }

  // Every string inside.
  void add_strings(const json::value& value, double weight) {
    if (const auto* text = value.if_string()) add_text(view(*text), weight);
    if (const auto* array = value.if_array()) {
      for (const auto& item : *array) add_strings(item, weight);
    }
    if (const auto* object = value.if_object()) {
      for (const auto& field : *object) add_strings(field.value(), weight);
    }
  }

  // Of a field that was named, numbers and booleans as well.
  void add_field(const json::value& value, double weight) {
    if (const auto* array = value.if_array()) {
      for (const auto& item : *array) add_field(item, weight);
    } else if (value.is_bool() || is_number(value)) {
      add_text(to_json_text(value), weight);
    } else {
      add_strings(value, weight);
    }
  }

  Analyzer& analyzer_;
  WordCounts counts_;
};

Result<void> look(const Checkpoint& check) {
  return check ? check() : Result<void>();
}

}  // namespace

MemorySnapshot::MemorySnapshot(std::shared_ptr<const Collection> collection,
                               std::uint64_t version,
                               std::shared_ptr<const Documents> documents)
    : collection_(std::move(collection)),
      version_(version),
      documents_(std::move(documents)) {}

Result<SearchResult> MemorySnapshot::search(const SearchRequest& request,
                                            const Checkpoint& check) const {
  const auto& features = collection_->features;
  const auto feature =
      std::find_if(features.begin(), features.end(),
                   [&](const Feature& one) { return one.uri == request.feature_uri; });
  if (feature == features.end()) {
    std::string known;
    for (const Feature& one : features) known += fmt::format("; it has '{}'", one.uri);
    return make_error(
        ErrorCode::not_found,
        fmt::format("collection '{}' has no feature '{}'{}", collection_->name,
                    truncate_text(request.feature_uri, 200), known));
  }
  TRAWL_ASSIGN(Analyzer analyzer, Analyzer::make(feature->language));
  std::map<std::string, double> query;
  for (const std::string& word : analyzer.terms(request.text)) ++query[word];

  // All documents make the statistics, also those that the selection leaves out.
  WordCounter counter(analyzer);
  std::vector<WordCounts> counts;
  double total_length = 0;
  std::map<std::string, double> documents_with;
  for (const Document& document : *documents_) {
    TRAWL_TRY(look(check));
    counts.push_back(counter.count(*feature, document.fields));
    total_length += counts.back().length;
    for (const auto& [word, frequency] : counts.back().words) ++documents_with[word];
  }
  const auto document_count = static_cast<double>(documents_->size());
  const double average = total_length > 0 ? total_length / document_count : 1;

  SearchResult result;
  result.query_words = result.searched_words = query.size();
  for (std::size_t i = 0; i < documents_->size(); ++i) {
    const Document& document = (*documents_)[i];
    if (!passes(document, request.within)) continue;
    double score = 0;
    for (const auto& [word, times] : query) {
      const auto found = counts[i].words.find(word);
      if (found == counts[i].words.end()) continue;
      ++result.scanned_count;
      const double with = documents_with.at(word);
      const double idf = std::log1p((document_count - with + 0.5) / (with + 0.5));
      const double tf = found->second;
      const double norm = kK1 * (1 - kB + kB * counts[i].length / average);
      score += times * idf * (kK1 + 1) * tf / (tf + norm);
    }
    if (score > 0) result.hits.push_back({document.ref, static_cast<float>(score)});
  }
  std::stable_sort(
      result.hits.begin(), result.hits.end(),
      [](const SearchHit& a, const SearchHit& b) { return a.score > b.score; });
  if (result.hits.size() > request.top_k) result.hits.resize(request.top_k);
  return result;
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
    if (found == documents_->end()) {
      return make_error(ErrorCode::internal,
                        fmt::format("document {} is not part of version {} of '{}'",
                                    documents[place], version_, collection_->name));
    }
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
