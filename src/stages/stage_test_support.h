#pragma once

// What the tests of the stages share: stages from JSON text, and a collection in memory.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/field_path.h"
#include "base/json.h"
#include "corpus/snapshot.h"
#include "pipeline/stage_registry.h"
#include "stages/register_stages.h"
#include "stages/values.h"

namespace trawl::stage_test {

inline const StageRegistry& registry() {
  static const StageRegistry* const filled = [] {
    auto* made = new StageRegistry;
    register_stages(*made);
    return made;
  }();
  return *filled;
}

inline json::value parse(std::string_view text) {
  return parse_json(text).value();
}

inline constexpr std::string_view kLocation = "stages[0].config.parameters";

// The error of reading parameters; an empty message where they are good.
inline Error read_error(
    std::string_view stage_id, std::string_view parameters,
    ObjectReader::Templates templates = ObjectReader::Templates::allowed) {
  const json::value value = parse(parameters);
  ObjectReader in(value.get_object(), std::string(kLocation), templates);
  const auto made = registry().find(stage_id, "stage_id").value()->make(in);
  if (!made) return made.error();
  if (!in.ok()) return in.error();
  return Error{ErrorCode::internal, "", "", ""};
}

// The keys that a stage does not know.
inline std::vector<std::string> unread_keys(std::string_view stage_id,
                                            std::string_view parameters) {
  const json::value value = parse(parameters);
  ObjectReader in(value.get_object(), std::string(kLocation));
  const auto made = registry().find(stage_id, "stage_id").value()->make(in);
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return in.unread();
}

inline std::unique_ptr<Stage> make_stage(std::string_view stage_id,
                                         std::string_view parameters) {
  const json::value value = parse(parameters);
  ObjectReader in(value.get_object(), std::string(kLocation));
  return registry().find(stage_id, "stage_id").value()->make(in).value();
}

// Runs a stage in the middle of a pipeline, over these documents.
inline StageOutput run_stage(std::string_view stage_id, std::string_view parameters,
                             std::vector<Candidate> input) {
  StageContext context;
  context.stage_index = 1;
  context.check = [] { return Result<void>(); };
  return make_stage(stage_id, parameters)->run(std::move(input), context).value();
}

inline Candidate candidate(std::string id, std::string_view fields,
                           std::optional<double> score = {}) {
  Candidate out;
  out.collection_id = "col_test";
  out.document_id = std::move(id);
  out.score = score;
  out.fields = std::make_shared<const json::object>(parse(fields).get_object());
  return out;
}

// "a b c": the document ids in order.
inline std::string ids(const std::vector<Candidate>& candidates) {
  std::string out;
  for (const Candidate& each : candidates) {
    if (!out.empty()) out += ' ';
    out += each.document_id.empty() ? "-" : each.document_id;
  }
  return out;
}

// The rows as canonical JSON, one per line.
inline std::string rows(const std::vector<Candidate>& candidates) {
  std::string out;
  for (const Candidate& each : candidates) {
    out += canonical_json(json::value(to_json(each))) + "\n";
  }
  return out;
}

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
    Document document;
    document.row = static_cast<std::uint32_t>(documents_.size());
    document.document_id = std::move(id);
    document.fields = parse(fields).get_object();
    documents_.push_back(std::move(document));
    return *this;
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
    for (const Feature& feature : collection_.features) {
      if (feature.uri != request.feature_uri) continue;
      for (const Document& document : documents_) {
        if (request.allowed && !request.allowed->test(document.row)) continue;
        const auto* text = find_path(document.fields, feature.fields.front().path);
        if (text == nullptr || !text->is_string()) continue;
        ++out.scanned_count;
        const int hits = count_hits(request.text, view(text->get_string()));
        if (hits > 0) out.rows.push_back({document.row, 0.1f * static_cast<float>(hits)});
      }
      std::stable_sort(out.rows.begin(), out.rows.end(),
                       [](const auto& a, const auto& b) { return a.score > b.score; });
      if (out.rows.size() > request.top_k) out.rows.resize(request.top_k);
      return out;
    }
    return make_error(ErrorCode::not_found, "no such feature");
  }

  Result<std::shared_ptr<const Bitmap>> matching(const Filter& filter,
                                                 const Checkpoint&) const override {
    auto rows = std::make_shared<Bitmap>(static_cast<std::uint32_t>(documents_.size()));
    for (const Document& document : documents_) {
      if (filter.matches(document.fields)) rows->set(document.row);
    }
    return std::shared_ptr<const Bitmap>(std::move(rows));
  }

  Result<void> scan(const Bitmap* allowed, const Checkpoint& check,
                    const std::function<bool(Document&&)>& visit) const override {
    for (const Document& document : documents_) {
      TRAWL_TRY(check());
      if (allowed != nullptr && !allowed->test(document.row)) continue;
      if (!visit(Document(document))) break;
    }
    return {};
  }

  Result<std::vector<Document>> fetch(
      std::span<const std::uint32_t> wanted) const override {
    std::vector<Document> out;
    for (const auto row : wanted) out.push_back(documents_.at(row));
    return out;
  }

  Result<std::optional<Document>> get(const std::string& document_id) const override {
    for (const Document& document : documents_) {
      if (document.document_id == document_id) return std::optional<Document>(document);
    }
    return std::optional<Document>();
  }

 private:
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
};

// Collections, and a context in which stages find them.
class FakeCorpus {
 public:
  // Part of the request unless `extra`.
  FakeSnapshot& add(std::string id, std::vector<std::string> fields, bool extra = false) {
    auto made = std::make_shared<FakeSnapshot>(std::move(id), std::move(fields));
    all_.push_back(made);
    if (!extra) of_request_.push_back(made);
    return *made;
  }

  StageContext context(std::size_t stage_index = 0) const {
    StageContext out;
    out.snapshots = of_request_;
    out.stage_index = stage_index;
    out.check = [] { return Result<void>(); };
    out.bind = [this](std::string_view name) -> Result<std::shared_ptr<const Snapshot>> {
      for (const auto& snapshot : all_) {
        if (snapshot->collection().name == name ||
            snapshot->collection().id.str() == name) {
          return snapshot;
        }
      }
      return make_error(ErrorCode::not_found, "no collection '" + std::string(name) + "'");
    };
    return out;
  }

  Result<StageOutput> run(std::string_view stage_id, std::string_view parameters,
                          std::vector<Candidate> input = {}, std::size_t index = 0) const {
    StageContext in = context(index);
    static std::int64_t seed = 0;
    in.seed = ++seed;  // Another for each run, as the runner's are.
    return make_stage(stage_id, parameters)->run(std::move(input), in);
  }

 private:
  std::vector<std::shared_ptr<const Snapshot>> of_request_;
  std::vector<std::shared_ptr<const Snapshot>> all_;
};

}  // namespace trawl::stage_test
