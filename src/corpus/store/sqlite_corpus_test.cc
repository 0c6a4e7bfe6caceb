#include "corpus/store/sqlite_corpus.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <fstream>
#include <future>
#include <iterator>
#include <thread>
#include <vector>

#include "corpus/corpus_test_support.h"
#include "sqlite/connection.h"

namespace trawl::store::sqlite_corpus_test {
namespace {

using namespace test;

class SqliteCorpusTest : public testing::Test {
 protected:
  SqliteCorpusTest() {
    options_.directory = directory_.path();
    options_.clock = &clock_;
    reopen();
    id_ = make_collection(*corpus_);
  }

  void reopen() {
    corpus_.reset();
    corpus_ = open_corpus(options_).value();
  }

  std::shared_ptr<const Snapshot> snapshot(std::optional<std::uint64_t> version = {}) {
    return corpus_->snapshot(id_, version).value();
  }

  void put(const std::string& document_id, std::string_view fields) {
    std::vector<DocumentWrite> documents;
    documents.push_back({document_id, object_of(fields)});
    ASSERT_TRUE(corpus_->put(id_, std::move(documents), Atomic::yes));
  }

  std::size_t hits(const Snapshot& snapshot, const std::string& text) {
    SearchRequest request;
    request.feature_uri = kUri;
    request.text = text;
    return snapshot.search(request, {}).value().hits.size();
  }

  std::uint64_t removed_by_vacuum(TimeUs now, std::vector<VersionUse> in_use = {},
                                  std::uint64_t bytes_max = 0) {
    return corpus_->vacuum({now, in_use, bytes_max}).value().removed;
  }

  std::string sqlite_path() const { return directory_.path() + "/corpus.db"; }

  TempDirectory directory_;
  ManualClock clock_;
  CorpusOptions options_;
  std::unique_ptr<EmbeddedCorpus> corpus_;
  CollectionId id_;
};

// Method: the first is held at its first look until the others have looked, and these until
// the first one is done, so that who reads documents itself looks once for each chunk.
TEST_F(SqliteCorpusTest, AFilterThatSeveralNeedIsFoundOnce) {
  std::vector<DocumentWrite> documents;
  for (int i = 0; i < 5'000; ++i) {
    documents.push_back({fmt::format("d{}", i), {{"n", i}}});
  }
  ASSERT_TRUE(corpus_->put(id_, std::move(documents), Atomic::yes));
  const Filter filter = filter_of(R"({"field": "n", "operator": "lt", "value": 1000})");
  std::promise<void> others_wait;
  std::promise<void> first_done;
  const auto go_first = others_wait.get_future().share();
  const auto go_others = first_done.get_future().share();
  const auto find = [&](std::atomic<int>& looks, std::shared_future<void> go) {
    return std::async(std::launch::async, [&, go] {
      const Checkpoint check = [&looks, go]() -> Result<void> {
        if (++looks == 1) go.wait();
        return {};
      };
      return select_documents(*snapshot(), Selection::of(filter), check).value().size();
    });
  };
  const auto has_looked = [](const std::atomic<int>& looks) {
    while (looks == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  std::atomic<int> first_looks = 0;
  auto first = find(first_looks, go_first);
  has_looked(first_looks);
  std::vector<std::atomic<int>> looks(4);
  std::vector<std::future<std::size_t>> others;
  for (auto& each : looks) others.push_back(find(each, go_others));
  for (const auto& each : looks) has_looked(each);
  others_wait.set_value();
  EXPECT_EQ(first.get(), 1'000u);
  first_done.set_value();
  for (auto& each : others) EXPECT_EQ(each.get(), 1'000u);
  // Reading takes twenty, and handing on the rows found four.
  EXPECT_GE(first_looks, 20);
  for (const auto& each : looks) EXPECT_LT(each, 15);
}

TEST_F(SqliteCorpusTest, NamespacesAndCollectionsAreFoundByIdAndName) {
  Namespace wanted;
  wanted.name = "library";
  wanted.definition = object_of(R"({"description": "books", "n": 1.5})");
  const Namespace made = corpus_->create_namespace(wanted).value();
  EXPECT_EQ(made.id.str().substr(0, 3), "ns_");
  EXPECT_EQ(made.id.str().size(), 13u);
  EXPECT_EQ(made.created_at, clock_.now());

  Collection collection;
  collection.namespace_id = made.id;
  collection.name = "novels";
  collection.definition = object_of(R"({"metadata": {"shelf": 3}})");
  Feature feature;
  feature.uri = kUri;
  feature.fields = {{"title", 3}, {"body.text", 1}};
  feature.language = "english";
  collection.features.push_back(feature);
  const Collection stored = corpus_->create_collection(collection).value();
  EXPECT_EQ(stored.id.str().substr(0, 4), "col_");
  EXPECT_EQ(stored.id.str().size(), 14u);

  for (int pass = 0; pass < 2; ++pass) {
    for (const std::string& identifier : {made.id.str(), made.name}) {
      const Namespace found = corpus_->find_namespace(identifier).value();
      EXPECT_EQ(found.id, made.id);
      EXPECT_EQ(found.definition, wanted.definition);
      EXPECT_EQ(found.created_at, made.created_at);
    }
    for (const std::string& identifier : {stored.id.str(), stored.name}) {
      const Collection found = corpus_->find_collection(made.id, identifier).value();
      EXPECT_EQ(found.id, stored.id);
      EXPECT_EQ(found.namespace_id, made.id);
      EXPECT_EQ(found.definition, collection.definition);
      ASSERT_EQ(found.features.size(), 1u);
      EXPECT_EQ(found.features[0].uri, kUri);
      EXPECT_EQ(found.features[0].language, "english");
      ASSERT_EQ(found.features[0].fields.size(), 2u);
      EXPECT_EQ(found.features[0].fields[0].path, "title");
      EXPECT_EQ(found.features[0].fields[0].weight, 3u);
    }
    const auto all = corpus_->list_namespaces().value();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[1].id, made.id);
    EXPECT_EQ(corpus_->list_collections(made.id).value().size(), 1u);
    reopen();
  }
  // A collection of one namespace is not found from another.
  const auto others = corpus_->list_namespaces().value()[0].id;
  EXPECT_TRUE(corpus_->find_collection(others, stored.id.str()).has_error());
  EXPECT_TRUE(corpus_->find_collection(others, stored.name).has_error());
  EXPECT_TRUE(corpus_->ping());
}

TEST_F(SqliteCorpusTest, FeaturesThatAreAddedOutliveARestart) {
  Feature feature;
  feature.uri = "test://meaning@v1/text";
  feature.kind = Feature::Kind::dense;
  feature.dimension = 2;
  feature.model.emplace().name = "one";
  feature.model->dimension = 2;
  const auto add = [&] {
    const Collection& now = snapshot()->collection();
    ASSERT_TRUE(corpus_->add_feature(now.namespace_id, now.name, feature));
    reopen();
  };
  const auto embed = [&] {
    std::vector<ArrivedVectors> arrived;
    for (const auto& one : corpus_->awaited_vectors(id_, feature.uri, {}, 10).value()) {
      arrived.push_back({one.document, one.text_hash, {1, 2}});
    }
    ASSERT_TRUE(corpus_->put_vectors(id_, feature.uri, std::move(arrived)));
    reopen();
  };
  const auto progress = [&] { return corpus_->vector_progress(id_, feature.uri).value(); };
  put("a", R"({"text": "aaa"})");
  put("b", R"({"text": "bbb"})");
  add();
  EXPECT_EQ(progress().awaited, 2u);
  EXPECT_FALSE(progress().is_serving);
  EXPECT_EQ(snapshot()->collection().features.size(), 1u);
  embed();
  EXPECT_EQ(progress().with_vectors, 2u);
  EXPECT_TRUE(progress().is_serving);
  ASSERT_EQ(snapshot()->collection().features.size(), 2u);
  const std::uint64_t first = snapshot()->version();

  // Until another model has made its own, the vectors of the one before are searched.
  feature.model->name = "two";
  add();
  EXPECT_EQ(progress().awaited, 2u);
  EXPECT_EQ(snapshot()->collection().features.back().model->name, "one");
  embed();
  EXPECT_EQ(progress().with_vectors, 2u);
  ASSERT_EQ(snapshot()->collection().features.size(), 2u);
  EXPECT_EQ(snapshot()->collection().features.back().model->name, "two");
  EXPECT_EQ(snapshot(first)->collection().features.back().model->name, "one");
}

TEST_F(SqliteCorpusTest, UpdatesKeepWhatIsFixed) {
  const auto made = corpus_->list_namespaces().value()[0];
  clock_.advance(kMicrosPerSecond);
  const auto changed =
      corpus_->update_namespace(made.name, [](Namespace& it) -> Result<void> {
        it.id = NamespaceId("ns_forged");
        it.created_at = 1;
        it.name = "renamed";
        it.definition["note"] = "x";
        return {};
      });
  EXPECT_EQ(changed.value().id, made.id);
  EXPECT_EQ(changed->created_at, made.created_at);
  EXPECT_EQ(changed->updated_at, clock_.now());
  EXPECT_TRUE(corpus_->find_namespace(made.name).has_error());
  reopen();
  EXPECT_EQ(corpus_->find_namespace("renamed").value().definition.at("note"), "x");

  // The caller's error changes nothing.
  const auto refused =
      corpus_->update_namespace("renamed", [](Namespace& it) -> Result<void> {
        it.name = "again";
        return make_error(ErrorCode::invalid, "no");
      });
  EXPECT_EQ(refused.error().message, "no");
  EXPECT_TRUE(corpus_->find_namespace("renamed"));

  const auto features =
      corpus_->update_collection(made.id, "things", [](Collection& it) -> Result<void> {
        it.features[0].language = "german";
        return {};
      });
  ASSERT_TRUE(features.has_error());
  EXPECT_EQ(features.error().code, ErrorCode::invalid);
  EXPECT_EQ(features.error().location, "features");
  const auto renamed =
      corpus_->update_collection(made.id, "things", [](Collection& it) -> Result<void> {
        it.name = "items";
        return {};
      });
  EXPECT_EQ(renamed.value().id, id_);
  EXPECT_EQ(snapshot()->collection().name, "items");
  put("a", R"({"t": "still writable"})");
  EXPECT_EQ(hits(*snapshot(), "writable"), 1u);
}

TEST_F(SqliteCorpusTest, OddContentReadsBackTheSame) {
  const auto fields = object_of(
      R"({"":"empty","a.b":{"c":[]},"n":null,"big":18446744073709551615,"neg":-9007199254740993,
          "pi":3.141592653589793,"one":1.0,"text":"\u0000\u001f\ud83d\ude00 \"q\" \\ /","t":true})");
  std::vector<DocumentWrite> documents;
  documents.push_back({"odd", fields});
  documents.push_back({"empty", {}});
  ASSERT_TRUE(corpus_->put(id_, documents, Atomic::yes));
  reopen();
  EXPECT_EQ(snapshot()->get("odd").value()->fields, fields);
  EXPECT_TRUE(snapshot()->get("empty").value()->fields.empty());
  EXPECT_EQ(count_of(*snapshot(), filter_of(R"({"a.b.c": "x"})")), 0u);
}

TEST_F(SqliteCorpusTest, ADeletedCollectionIsGoneButItsSnapshotsAreSafe) {
  const auto space = corpus_->list_namespaces().value()[0].id;
  std::vector<DocumentWrite> documents;
  for (int i = 0; i < 5'000; ++i) {
    documents.push_back({fmt::format("d{}", i), object_of(R"({"t": "word"})")});
  }
  ASSERT_TRUE(corpus_->put(id_, std::move(documents), Atomic::yes));
  const auto held = snapshot();
  const std::string index = directory_.path() + "/index/" + id_.str();
  EXPECT_TRUE(std::filesystem::exists(index));
  ASSERT_TRUE(corpus_->delete_collection(space, "things"));
  EXPECT_FALSE(std::filesystem::exists(index));

  EXPECT_EQ(corpus_->snapshot(id_).error().code, ErrorCode::not_found);
  EXPECT_EQ(corpus_->put(id_, {}, Atomic::yes).error().code, ErrorCode::not_found);
  EXPECT_EQ(corpus_->delete_collection(space, "things").error().code, ErrorCode::not_found);
  EXPECT_EQ(hits(*held, "word"), 100u);
  EXPECT_EQ(held->get("d1").error().code, ErrorCode::not_found);
  EXPECT_EQ(fetch_documents(*held, std::vector<DocumentRef>{0}).error().code,
            ErrorCode::not_found);
  const auto scanned = scan_documents(*held, {}, {}, {}, [](Document&&) { return true; });
  ASSERT_TRUE(scanned.has_error());
  EXPECT_NE(scanned.error().message.find("was deleted"), std::string::npos);

  auto database = sqlite::Connection::open(sqlite_path()).value();
  for (const char* table :
       {"documents", "versions", "superseded", "dropped", "collections"}) {
    EXPECT_EQ(database->integer(fmt::format("SELECT count(*) FROM {}", table)).value(), 0);
  }
  // The name is free, and a number is never used again.
  Collection again;
  again.namespace_id = space;
  again.name = "things";
  id_ = corpus_->create_collection(again).value().id;
  EXPECT_EQ(snapshot()->document_count(), 0u);
  EXPECT_EQ(database->integer("SELECT number FROM collections").value(), 2);
}

TEST_F(SqliteCorpusTest, ADeletionThatWasCutShortIsFinishedAtOpen) {
  put("a", R"({"t": "x"})");
  corpus_.reset();
  {
    auto database = sqlite::Connection::open(sqlite_path()).value();
    ASSERT_TRUE(
        database->execute("INSERT INTO dropped SELECT number, collection_id FROM "
                          "collections; DELETE FROM collections"));
  }
  reopen();
  auto database = sqlite::Connection::open(sqlite_path()).value();
  EXPECT_EQ(database->integer("SELECT count(*) FROM documents").value(), 0);
  EXPECT_EQ(database->integer("SELECT count(*) FROM dropped").value(), 0);
  EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/index/" + id_.str()));
}

// Goal: vacuum keeps what a version in use sees, until that takes too much room, and then
// says when it went.
TEST_F(SqliteCorpusTest, VacuumKeepsWhatExecutionsMayBeRunAgainOver) {
  options_.keep_superseded_us = kMicrosPerHour;
  reopen();
  for (int i = 1; i <= 5; ++i) {  // Versions 1 to 5, a minute apart.
    put("a", fmt::format(R"({{"n": {}}})", i));
    clock_.advance(kMicrosPerMinute);
  }
  const std::string id = id_.str();
  clock_.advance(2 * kMicrosPerHour);
  // Of the uses the oldest counts, and those of other collections do not.
  const std::vector<VersionUse> in_use = {
      {id, 5, clock_.now()}, {id, 3, clock_.now()}, {"col_other", 1, clock_.now()}};
  EXPECT_EQ(removed_by_vacuum(clock_.now(), in_use), 2u);
  EXPECT_EQ(removed_by_vacuum(clock_.now(), in_use), 0u);
  EXPECT_EQ(corpus_->snapshot(id_, 2).error().code, ErrorCode::not_found);
  EXPECT_EQ(corpus_->snapshot(id_, 3).value()->get("a").value()->fields.at("n"), 3);
  KeptVersions kept = corpus_->kept_versions(id_).value();
  EXPECT_EQ(kept.oldest, 3u);
  EXPECT_EQ(kept.states, 2u);
  EXPECT_GT(kept.bytes, 2u * 7u);
  const VersionCut by_age{clock_.now(), 3, false};
  EXPECT_EQ(kept.last_cut, by_age);
  EXPECT_EQ(corpus_->cut_of(id_, 2).value(), by_age);
  EXPECT_EQ(corpus_->cut_of(id_, 3).value(), std::nullopt);

  // Room for one of two.
  clock_.advance(kMicrosPerMinute);
  EXPECT_EQ(removed_by_vacuum(clock_.now(), in_use, kept.bytes - 1), 1u);
  EXPECT_EQ(corpus_->snapshot(id_, 3).error().code, ErrorCode::not_found);
  EXPECT_EQ(corpus_->snapshot(id_, 4).value()->get("a").value()->fields.at("n"), 4);
  const VersionCut for_room{clock_.now(), 4, true};
  EXPECT_EQ(corpus_->cut_of(id_, 3).value(), for_room);
  EXPECT_EQ(corpus_->cut_of(id_, 1).value(), by_age);
  // Nothing is so urgent that it takes what was replaced just now.
  put("a", R"({"n": 6})");
  EXPECT_EQ(removed_by_vacuum(clock_.now(), in_use, 1), 1u);
  EXPECT_EQ(removed_by_vacuum(clock_.now(), in_use, 1), 0u);
  EXPECT_EQ(corpus_->kept_versions(id_).value().states, 1u);
  // It is known after a restart.
  reopen();
  EXPECT_EQ(corpus_->cut_of(id_, 3).value(), for_room);
  // Without a use, age alone decides.
  clock_.advance(2 * kMicrosPerHour);
  EXPECT_EQ(removed_by_vacuum(clock_.now()), 1u);
  EXPECT_EQ(corpus_->kept_versions(id_).value().oldest, 6u);
}

// Goal: once vacuum has taken a document, its words are in no file and no other document's
// score has changed; at once, after a restart, and where vacuum was interrupted.
TEST_F(SqliteCorpusTest, VacuumTakesWordsOffTheDisk) {
  options_.keep_superseded_us = kMicrosPerHour;
  options_.index_flush_rows = 8;
  reopen();
  const auto shown = [&](const std::string& word) {
    std::string out;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(directory_.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), {}};
      if (bytes.find(word) != std::string::npos) out += entry.path().string() + " ";
    }
    return out;
  };
  const auto scores = [&] {
    std::vector<double> all;
    SearchRequest request;
    request.feature_uri = kUri;
    request.text = "common";
    for (const auto& row : snapshot()->search(request, {}).value().hits) {
      all.push_back(row.score);
    }
    return all;
  };
  for (int i = 0; i < 30; ++i) {
    put("d" + std::to_string(i),
        i % 5 == 0 ? R"({"t": "common zebrafish )" + std::to_string(i) + "\"}"
                   : R"({"t": "common )" + std::to_string(i * i) + "\"}");
  }
  const std::vector<std::string> gone = {"d0", "d5", "d10", "d15", "d20"};
  ASSERT_TRUE(corpus_->remove(id_, gone));
  put("d25", R"({"t": "common okapi"})");
  EXPECT_NE(shown("zebrafish"), "");
  const auto before = scores();
  EXPECT_EQ(before.size(), 25u);
  clock_.advance(2 * kMicrosPerHour);
  EXPECT_EQ(removed_by_vacuum(clock_.now()), 6u);
  EXPECT_EQ(shown("zebrafish"), "");
  EXPECT_EQ(scores(), before);
  EXPECT_EQ(hits(*snapshot(), "okapi"), 1u);
  reopen();
  EXPECT_EQ(scores(), before);

  // The process dies after the rows were removed and before the words were.
  ASSERT_TRUE(corpus_->remove(id_, std::vector<std::string>{"d25"}));
  clock_.advance(2 * kMicrosPerHour);
  corpus_.reset();
  std::filesystem::copy(directory_.path() + "/index", directory_.path() + "/kept",
                        std::filesystem::copy_options::recursive);
  reopen();
  EXPECT_EQ(removed_by_vacuum(clock_.now()), 1u);
  corpus_.reset();
  std::filesystem::remove_all(directory_.path() + "/index");
  std::filesystem::rename(directory_.path() + "/kept", directory_.path() + "/index");
  {
    const auto database =
        sqlite::Connection::open(directory_.path() + "/corpus.db").value();
    ASSERT_TRUE(database->execute("INSERT INTO forgetting SELECT number FROM collections"));
  }
  reopen();
  EXPECT_NE(shown("okapi"), "");
  EXPECT_EQ(removed_by_vacuum(clock_.now()), 0u);
  EXPECT_EQ(shown("okapi"), "");
  EXPECT_EQ(scores().size(), 24u);
}

TEST_F(SqliteCorpusTest, VacuumRemovesWhatNoKeptVersionSees) {
  options_.keep_superseded_us = kMicrosPerHour;
  reopen();
  put("a", R"({"t": "first"})");  // version 1
  put("b", R"({"t": "other"})");  // version 2
  clock_.advance(kMicrosPerMinute);
  put("a", R"({"t": "second"})");  // version 3
  clock_.advance(kMicrosPerHour);
  ASSERT_TRUE(corpus_->remove(id_, std::vector<std::string>{"b"}));  // version 4
  const auto held = snapshot(2);
  EXPECT_EQ(removed_by_vacuum(clock_.now() - kMicrosPerMinute), 0u);
  EXPECT_EQ(snapshot(1)->get("a").value()->fields.at("t"), "first");

  // The first state of `a` was superseded an hour ago; `b` just now.
  EXPECT_EQ(removed_by_vacuum(clock_.now()), 1u);
  EXPECT_EQ(removed_by_vacuum(clock_.now()), 0u);
  for (int pass = 0; pass < 3; ++pass) {
    const auto old = corpus_->snapshot(id_, 2);
    ASSERT_TRUE(old.has_error());
    EXPECT_EQ(old.error().code, ErrorCode::not_found);
    EXPECT_NE(old.error().message.find("the oldest is 3"), std::string::npos);
    EXPECT_EQ(snapshot(3)->document_count(), 2u);
    EXPECT_EQ(snapshot(3)->get("a").value()->fields.at("t"), "second");
    EXPECT_EQ(snapshot(3)->get("a").value()->ref, 2u);
    EXPECT_EQ(hits(*snapshot(3), "other"), 1u);
    EXPECT_EQ(hits(*snapshot(3), "first"), 0u);
    EXPECT_EQ(snapshot(4)->document_count(), 1u);
    EXPECT_EQ(hits(*snapshot(4), "second"), 1u);
    EXPECT_EQ(hits(*snapshot(4), "other"), 0u);
    if (pass == 1) std::filesystem::remove_all(directory_.path() + "/index");
    reopen();
  }
  // A snapshot that was open all the time says what happened.
  const auto lost = held->get("a");
  ASSERT_TRUE(lost.has_error());
  EXPECT_TRUE(held->get("b").value());

  clock_.advance(2 * kMicrosPerHour);
  EXPECT_EQ(removed_by_vacuum(clock_.now()), 1u);
  EXPECT_TRUE(corpus_->snapshot(id_, 3).has_error());
  put("c", R"({"t": "third"})");
  EXPECT_EQ(snapshot()->get("c").value()->ref, 3u);
  EXPECT_EQ(snapshot()->document_count(), 2u);
}

// An add that fails half-way must leave nothing: neither on disk nor in memory.
TEST_F(SqliteCorpusTest, AFailedWriteLeavesNothing) {
  put("a", R"({"t": "before"})");
  auto database = sqlite::Connection::open(sqlite_path()).value();
  ASSERT_TRUE(
      database->execute("CREATE TRIGGER poison BEFORE INSERT ON documents WHEN "
                        "NEW.document_id = 'poison' BEGIN SELECT RAISE(ABORT, 'no'); "
                        "END"));
  std::vector<DocumentWrite> documents;
  documents.push_back({"a", object_of(R"({"t": "after"})")});
  documents.push_back({"b", object_of(R"({"t": "after"})")});
  documents.push_back({"poison", object_of(R"({"t": "after"})")});
  EXPECT_TRUE(corpus_->put(id_, documents, Atomic::yes).has_error());
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(snapshot()->version(), 1u);
    EXPECT_EQ(snapshot()->document_count(), 1u);
    EXPECT_EQ(snapshot()->get("a").value()->fields.at("t"), "before");
    EXPECT_EQ(hits(*snapshot(), "after"), 0u);
    if (pass == 0) reopen();
  }
  documents.pop_back();
  ASSERT_TRUE(corpus_->put(id_, documents, Atomic::yes));
  EXPECT_EQ(snapshot()->version(), 2u);
  EXPECT_EQ(hits(*snapshot(), "after"), 2u);
  EXPECT_EQ(hits(*snapshot(), "before"), 0u);
}

// Lets no file grow beyond a size, which SQLite sees as a disk that fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit wanted{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &wanted);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(SqliteCorpusTest, AFailingDiskIsAnErrorAndNothingIsLost) {
  put("a", R"({"t": "before"})");
  {
    const FileSizeLimit limit(2 << 20);
    std::vector<DocumentWrite> documents;
    json::object fields;
    fields["t"] = std::string(8 << 20, 'x');
    documents.push_back({"large", std::move(fields)});
    const auto result = corpus_->put(id_, std::move(documents), Atomic::yes);
    ASSERT_TRUE(result.has_error());
    EXPECT_EQ(result.error().code, ErrorCode::cannot_store) << result.error().detail;
    EXPECT_EQ(snapshot()->version(), 1u);
    EXPECT_FALSE(snapshot()->get("large").value());
    EXPECT_EQ(hits(*snapshot(), "before"), 1u);
  }
  put("b", R"({"t": "before and after"})");
  reopen();
  EXPECT_EQ(snapshot()->version(), 2u);
  EXPECT_EQ(hits(*snapshot(), "before"), 2u);
}

TEST_F(SqliteCorpusTest, AnIndexAheadOfTheStoreIsBuiltAnew) {
  put("a", R"({"t": "first"})");
  corpus_.reset();
  std::filesystem::copy(sqlite_path(), directory_.path() + "/copy.db");
  reopen();
  put("b", R"({"t": "second"})");
  corpus_.reset();
  for (const char* suffix : {"-wal", "-shm"})
    std::filesystem::remove(sqlite_path() + suffix);
  std::filesystem::rename(directory_.path() + "/copy.db", sqlite_path());
  reopen();
  put("c", R"({"t": "third"})");
  EXPECT_EQ(hits(*snapshot(), "first"), 1u);
  EXPECT_EQ(hits(*snapshot(), "second"), 0u);
  EXPECT_EQ(hits(*snapshot(), "third"), 1u);
}

TEST(OpenCorpus, SaysWhyItCannotOpen) {
  TempDirectory directory;
  CorpusOptions options;
  options.directory = directory.path() + "/file";
  std::ofstream(options.directory) << "x";
  EXPECT_EQ(open_corpus(options).error().code, ErrorCode::storage);

  options.directory = directory.path() + "/garbage";
  std::filesystem::create_directory(options.directory);
  std::ofstream(options.directory + "/corpus.db") << std::string(10'000, 'x');
  EXPECT_EQ(open_corpus(options).error().code, ErrorCode::storage);

  options.directory = directory.path() + "/newer";
  ASSERT_TRUE(open_corpus(options));
  {
    auto database = sqlite::Connection::open(options.directory + "/corpus.db").value();
    ASSERT_TRUE(database->execute("PRAGMA user_version=99"));
  }
  const auto newer = open_corpus(options);
  ASSERT_TRUE(newer.has_error());
  EXPECT_EQ(newer.error().code, ErrorCode::storage);
  EXPECT_NE(newer.error().message.find("newer version"), std::string::npos);
}

}  // namespace
}  // namespace trawl::store::sqlite_corpus_test
