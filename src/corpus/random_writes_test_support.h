#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "corpus/corpus.h"
#include "corpus/corpus_test_support.h"

// Random writes beside a model of what every version then holds.
namespace trawl::test {

inline constexpr const char* kWords[] = {"amber", "birch", "cedar",
                                         "delta", "ember", "frost"};

struct ModelDocument {
  json::object fields;
  TimeUs created_at = 0;
  TimeUs updated_at = 0;
  std::uint64_t arrival = 0;
};
using ModelVersion = std::map<std::string, ModelDocument>;

// What a corpus promises, as plainly as it can be written down: a map for every version.
class Model {
 public:
  Model() : versions_(1) {}
  const std::vector<ModelVersion>& versions() const { return versions_; }
  const ModelVersion& newest() const { return versions_.back(); }

  void store(ModelVersion& version, const std::string& id, json::object fields,
             TimeUs now) {
    ModelDocument& document = version[id];
    if (document.updated_at == 0) document.created_at = now;
    document.fields = std::move(fields);
    document.updated_at = now;
    document.arrival = ++arrivals_;
  }
  void push(ModelVersion version) { versions_.push_back(std::move(version)); }

 private:
  std::vector<ModelVersion> versions_;
  std::uint64_t arrivals_ = 0;
};

class RandomWrites {
 public:
  RandomWrites(std::mt19937& rng, Corpus& corpus, CollectionId id, ManualClock& clock)
      : rng_(rng), corpus_(&corpus), id_(std::move(id)), clock_(clock) {}

  void step() {
    clock_.advance(1 + static_cast<TimeUs>(pick(1'000'000)));
    switch (pick(6)) {
      case 0:
      case 1:
        return put();
      case 2:
        return insert();
      case 3:
        return update();
      case 4:
        return update_many();
      default:
        return remove();
    }
  }
  const Model& model() const { return model_; }
  // The corpus opened anew.
  void use(Corpus& corpus) { corpus_ = &corpus; }

 private:
  std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(rng_);
  }
  std::string some_id() { return "d" + std::to_string(pick(25)); }
  json::object some_fields() {
    json::object fields;
    std::string text;
    for (std::size_t n = pick(6) + 1; n > 0; --n) {
      text += kWords[pick(std::size(kWords))];
      text += ' ';
    }
    fields["text"] = text;
    fields["rank"] = static_cast<std::int64_t>(pick(10));
    return fields;
  }
  std::vector<DocumentWrite> some_writes() {
    std::vector<DocumentWrite> writes;
    for (std::size_t n = pick(4); n > 0; --n) writes.push_back({some_id(), some_fields()});
    return writes;
  }

  void put() {
    const auto writes = some_writes();
    ModelVersion next = model_.newest();
    // Of equal ids the last wins, and its place counts.
    for (std::size_t i = 0; i < writes.size(); ++i) {
      const bool last = std::none_of(
          writes.begin() + static_cast<std::ptrdiff_t>(i) + 1, writes.end(),
          [&](const auto& later) { return later.document_id == writes[i].document_id; });
      if (last) model_.store(next, writes[i].document_id, writes[i].fields, clock_.now());
    }
    const auto outcomes = corpus_->put(id_, writes, Atomic::yes).value();
    ASSERT_EQ(outcomes.size(), writes.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      EXPECT_EQ(outcomes[i].document_id, writes[i].document_id);
      const auto before = model_.newest().find(outcomes[i].document_id);
      const bool is_new = before == model_.newest().end();
      EXPECT_EQ(outcomes[i].kind,
                is_new ? DocumentOutcome::Kind::created : DocumentOutcome::Kind::replaced);
      EXPECT_EQ(outcomes[i].created_at, is_new ? clock_.now() : before->second.created_at);
      EXPECT_EQ(outcomes[i].updated_at, clock_.now());
    }
    if (!writes.empty()) model_.push(std::move(next));
  }

  void insert() {
    const auto writes = some_writes();
    ModelVersion next = model_.newest();
    bool taken = false;
    for (const auto& write : writes) {
      taken |= next.count(write.document_id) != 0;
      model_.store(next, write.document_id, write.fields, clock_.now());
    }
    const auto result = corpus_->insert(id_, writes, Atomic::yes);
    ASSERT_EQ(result.has_value(), !taken);
    if (taken) {
      EXPECT_EQ(result.error().code, ErrorCode::already_exists);
    } else if (!writes.empty()) {
      model_.push(std::move(next));
    }
  }

  void update() {
    const std::string id = some_id();
    const auto fields = some_fields();
    const auto result =
        corpus_->update(id_, id, [&](json::object& stored, auto&) -> Result<void> {
          stored["text"] = fields.at("text");
          return {};
        });
    ModelVersion next = model_.newest();
    ASSERT_EQ(result.has_value(), next.count(id) != 0);
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::not_found);
      return;
    }
    json::object changed = next[id].fields;
    changed["text"] = fields.at("text");
    EXPECT_EQ(result->fields, changed);
    if (changed == next[id].fields) return;
    model_.store(next, id, changed, clock_.now());
    EXPECT_EQ(result->created_at, next[id].created_at);
    EXPECT_EQ(result->updated_at, clock_.now());
    model_.push(std::move(next));
  }

  void update_many() {
    std::vector<std::string> ids;
    for (std::size_t n = pick(5); n > 0; --n) ids.push_back(some_id());
    const bool fails = pick(5) == 0;
    ModelVersion next = model_.newest();
    std::vector<std::string> order;
    std::vector<bool> found;
    for (const auto& id : ids) {
      const auto place = next.find(id);
      found.push_back(place != next.end());
      if (place == next.end()) continue;
      auto& rank = place->second.fields["rank"];
      rank = rank.to_number<std::int64_t>() + 1;
      if (std::count(order.begin(), order.end(), id) == 0) order.push_back(id);
    }
    const auto result = corpus_->update_many(
        id_, ids, [&](std::size_t, json::object& stored, auto&) -> Result<void> {
          if (fails) return make_error(ErrorCode::invalid, "not this one");
          stored["rank"] = stored.at("rank").to_number<std::int64_t>() + 1;
          return {};
        });
    if (fails && !order.empty()) {
      ASSERT_TRUE(result.has_error());
      EXPECT_EQ(result.error().message, "not this one");
      return;
    }
    EXPECT_EQ(result.value(), found);
    if (order.empty()) return;
    for (const auto& id : order) model_.store(next, id, next[id].fields, clock_.now());
    model_.push(std::move(next));
  }

  void remove() {
    std::vector<std::string> ids;
    for (std::size_t n = pick(4); n > 0; --n) ids.push_back(some_id());
    ModelVersion next = model_.newest();
    std::vector<bool> found;
    for (const auto& id : ids) found.push_back(model_.newest().count(id) != 0);
    for (const auto& id : ids) next.erase(id);
    const auto outcomes = corpus_->remove(id_, ids).value();
    ASSERT_EQ(outcomes.size(), ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(outcomes[i].document_id, ids[i]);
      EXPECT_EQ(outcomes[i].kind,
                found[i] ? DocumentOutcome::Kind::removed : DocumentOutcome::Kind::missing);
    }
    if (next.size() != model_.newest().size()) model_.push(std::move(next));
  }

  std::mt19937& rng_;
  Corpus* corpus_;
  const CollectionId id_;
  ManualClock& clock_;
  Model model_;
};

inline std::vector<std::string> ids_by_arrival(const ModelVersion& expected) {
  std::vector<std::pair<std::uint64_t, std::string>> order;
  for (const auto& [id, document] : expected) order.emplace_back(document.arrival, id);
  std::sort(order.begin(), order.end());
  std::vector<std::string> ids;
  for (auto& [arrival, id] : order) ids.push_back(std::move(id));
  return ids;
}

inline void expect_equal(const Document& found, const std::string& id,
                         const ModelDocument& expected) {
  EXPECT_EQ(found.document_id, id);
  EXPECT_EQ(found.fields, expected.fields);
  EXPECT_EQ(found.created_at, expected.created_at);
  EXPECT_EQ(found.updated_at, expected.updated_at);
}

inline std::vector<std::string> ids_within(const Snapshot& snapshot,
                                           const Selection& within) {
  std::vector<std::string> ids;
  EXPECT_TRUE(scan_documents(snapshot, within, {}, {}, [&](Document&& document) {
    ids.push_back(document.document_id);
    return true;
  }));
  return ids;
}

inline void expect_same_reads(const Snapshot& snapshot, const ModelVersion& expected) {
  EXPECT_EQ(snapshot.document_count(), expected.size());
  const auto order = ids_by_arrival(expected);
  std::vector<DocumentRef> rows;
  std::vector<std::string> ids;
  ASSERT_TRUE(scan_documents(snapshot, {}, FieldSet::all(), {}, [&](Document&& document) {
    expect_equal(document, document.document_id, expected.at(document.document_id));
    rows.push_back(document.ref);
    ids.push_back(std::move(document.document_id));
    return true;
  }));
  EXPECT_EQ(ids, order);
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));

  std::reverse(rows.begin(), rows.end());
  const auto fetched = fetch_documents(snapshot, rows).value();
  ASSERT_EQ(fetched.size(), order.size());
  for (std::size_t i = 0; i < fetched.size(); ++i) {
    const std::string& id = order[order.size() - 1 - i];
    EXPECT_EQ(fetched[i].ref, rows[i]);
    expect_equal(fetched[i], id, expected.at(id));
  }
  for (int i = 0; i < 25; ++i) {
    const std::string id = "d" + std::to_string(i);
    const auto got = snapshot.get(id).value();
    const auto place = expected.find(id);
    ASSERT_EQ(got.has_value(), place != expected.end()) << id;
    if (got) expect_equal(*got, id, place->second);
  }
  for (const char* text :
       {R"({"field": "rank", "operator": "lt", "value": 4})",
        R"({"field": "document_id", "value": "d7"})",
        R"({"field": "text", "operator": "contains", "value": "cedar"})"}) {
    const Filter filter = filter_of(text);
    std::vector<std::string> matching;
    for (const auto& id : order) {
      json::object fields = expected.at(id).fields;
      fields["document_id"] = id;
      if (filter.matches(fields)) matching.push_back(id);
    }
    EXPECT_EQ(ids_within(snapshot, Selection::of(filter)), matching) << text;
  }
  for (const char* word : kWords) {
    std::set<std::string> containing;
    for (const auto& [id, document] : expected) {
      if (document.fields.at("text").as_string().find(word) != json::string::npos) {
        containing.insert(id);
      }
    }
    SearchRequest request;
    request.feature_uri = kUri;
    request.text = word;
    const auto result = snapshot.search(request, {}).value();
    std::vector<DocumentRef> hits;
    for (const auto& hit : result.hits) hits.push_back(hit.document);
    std::set<std::string> found;
    for (const auto& document : fetch_documents(snapshot, hits).value()) {
      found.insert(document.document_id);
    }
    EXPECT_EQ(found, containing) << word;
    EXPECT_EQ(hits.size(), containing.size()) << word;
  }
}

inline void expect_same_history(const Corpus& corpus, const CollectionId& id,
                                const Model& model) {
  const std::uint64_t newest = model.versions().size() - 1;
  EXPECT_EQ(corpus.snapshot(id).value()->version(), newest);
  for (std::uint64_t version = 0; version <= newest; ++version) {
    SCOPED_TRACE("version " + std::to_string(version));
    const auto snapshot = corpus.snapshot(id, version).value();
    EXPECT_EQ(snapshot->version(), version);
    expect_same_reads(*snapshot, model.versions()[version]);
    if (testing::Test::HasFailure()) return;
  }
  const auto future = corpus.snapshot(id, newest + 1);
  ASSERT_TRUE(future.has_error());
  EXPECT_EQ(future.error().code, ErrorCode::not_found);
}

inline std::vector<std::pair<std::string, float>> ranking(const Snapshot& snapshot,
                                                          const std::string& text) {
  SearchRequest request;
  request.feature_uri = kUri;
  request.text = text;
  const auto result = snapshot.search(request, {}).value();
  std::vector<std::pair<std::string, float>> ranked;
  for (const auto& hit : result.hits) {
    const std::vector<DocumentRef> one = {hit.document};
    ranked.emplace_back(fetch_documents(snapshot, one).value()[0].document_id, hit.score);
  }
  return ranked;
}

}  // namespace trawl::test
