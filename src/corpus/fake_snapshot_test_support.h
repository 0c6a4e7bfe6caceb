#pragma once

#include <algorithm>
#include <atomic>
#include <iterator>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/field_path.h"
#include "base/hash.h"
#include "base/json.h"
#include "corpus/snapshot.h"

namespace trawl::test {

// A collection in memory. A feature "mem://words@v1/FIELD" ranks by how often the words of
// the query stand in FIELD.
class FakeSnapshot : public Snapshot {
 public:
  FakeSnapshot(std::string id, std::vector<std::string> fields) {
    collection_.id = CollectionId("col_" + id);
    collection_.name = std::move(id);
    for (const auto& field : fields) {
      Feature feature;
      feature.uri = "mem://words@v1/" + field;
      feature.fields.push_back({field, 1});
      collection_.features.push_back(std::move(feature));
    }
  }

  FakeSnapshot& add(std::string id, std::string_view fields) {
    return add(std::move(id), parse_json(fields).value().get_object());
  }
  FakeSnapshot& add(std::string id, json::object fields) {
    Document document;
    document.ref = static_cast<DocumentRef>(documents_.size());
    document.document_id = std::move(id);
    document.content_hash = content_hash(to_json_text(json::value(fields)));
    document.fields = std::move(fields);
    documents_.push_back(std::move(document));
    return *this;
  }

  // How many documents were fetched with all fields ("all"), some of them or only the ids.
  std::size_t fetched(std::string_view what) const {
    return what == "all" ? fetched_all_ : what == "some" ? fetched_some_ : fetched_ids_;
  }

  const Collection& collection() const override { return collection_; }
  std::uint64_t version() const override { return 1; }
  std::uint64_t document_count() const override { return documents_.size(); }

  Result<SearchResult> search(const SearchRequest& request,
                              const Checkpoint&) const override {
    SearchResult out;
    std::istringstream words(request.text);
    out.query_words = static_cast<std::size_t>(
        std::distance(std::istream_iterator<std::string>(words), {}));
    out.searched_words = out.query_words;
    for (const Feature& feature : collection_.features) {
      if (feature.uri != request.feature_uri) continue;
      for (const Document& document : documents_) {
        if (!passes(document, request.within)) continue;
        const auto* text = find_path(document.fields, feature.fields.front().path);
        if (text == nullptr || !text->is_string()) continue;
        ++out.scanned_count;
        const int hits = count_hits(request.text, view(text->get_string()));
        if (hits > 0) out.hits.push_back({document.ref, 0.1f * static_cast<float>(hits)});
      }
      std::stable_sort(out.hits.begin(), out.hits.end(),
                       [](const auto& a, const auto& b) { return a.score > b.score; });
      if (out.hits.size() > request.top_k) out.hits.resize(request.top_k);
      return out;
    }
    return make_error(ErrorCode::not_found, "no such feature");
  }

  Result<void> scan(const Selection& within, const Checkpoint& check,
                    const VisitRefs& visit) const override {
    for (const Document& document : documents_) {
      if (check) TRAWL_TRY(check());
      if (!passes(document, within)) continue;
      if (!visit({&document.ref, 1})) break;
    }
    return {};
  }

  // Only what is asked for, so that a stage that forgets to say what it reads is found.
  Result<void> fetch(std::span<const DocumentRef> wanted, const FieldSet& fields,
                     const Checkpoint&, const VisitDocument& visit) const override {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ++(fields.is_all() ? fetched_all_ : fields.empty() ? fetched_ids_ : fetched_some_);
      Document document = documents_.at(wanted[i]);
      if (!fields.is_all()) {
        json::object kept;
        for (const auto& field : document.fields) {
          const std::string_view name(field.key().data(), field.key().size());
          const bool is_read =
              std::any_of(fields.paths().begin(), fields.paths().end(),
                          [&](const auto& path) { return begins_path(name, path); });
          if (is_read) kept[field.key()] = field.value();
        }
        document.fields = std::move(kept);
      }
      visit(i, std::move(document));
    }
    return {};
  }

  Result<std::optional<Document>> get(const std::string& document_id) const override {
    for (const Document& document : documents_) {
      if (document.document_id == document_id) return std::optional<Document>(document);
    }
    return std::optional<Document>();
  }

 private:
  static bool passes(const Document& document, const Selection& within) {
    return std::any_of(
        within.any_of.begin(), within.any_of.end(), [&](const Selection::AllOf& filters) {
          return std::all_of(filters.begin(), filters.end(), [&](const Filter* filter) {
            return filter->matches(document.fields);
          });
        });
  }

  static int count_hits(const std::string& query, std::string_view text) {
    int hits = 0;
    std::istringstream query_words(query);
    for (std::string wanted; query_words >> wanted;) {
      std::istringstream words{std::string(text)};
      for (std::string word; words >> word;) hits += word == wanted ? 1 : 0;
    }
    return hits;
  }

  Collection collection_;
  std::vector<Document> documents_;
  mutable std::atomic<std::size_t> fetched_all_ = 0;
  mutable std::atomic<std::size_t> fetched_some_ = 0;
  mutable std::atomic<std::size_t> fetched_ids_ = 0;
};

}  // namespace trawl::test
