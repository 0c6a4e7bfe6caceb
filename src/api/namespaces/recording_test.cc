#include "api/namespaces/recording.h"

#include <gtest/gtest.h>

#include <map>

namespace trawl::api::recording_test {
namespace {

// Namespaces, and nothing else.
class Namespaces final : public Corpus {
 public:
  std::map<std::string, Namespace> all;
  bool fails = false;

  Result<Namespace> find_namespace(std::string_view identifier) const override {
    if (fails) return make_error(ErrorCode::storage, "the disk refused");
    const auto found = all.find(std::string(identifier));
    if (found == all.end()) return nothing();
    return found->second;
  }
  Result<Namespace> create_namespace(Namespace) override { return nothing(); }
  Result<std::vector<Namespace>> list_namespaces() const override { return nothing(); }
  Result<Namespace> update_namespace(
      std::string_view, const std::function<Result<void>(Namespace&)>&) override {
    return nothing();
  }
  Result<void> delete_namespace(std::string_view) override { return nothing(); }
  Result<std::vector<NamespaceId>> deleted_namespaces() const override { return nothing(); }
  Result<void> forget_deleted_namespace(const NamespaceId&) override { return nothing(); }
  Result<Collection> create_collection(Collection) override { return nothing(); }
  Result<Collection> find_collection(const NamespaceId&, std::string_view) const override {
    return nothing();
  }
  Result<std::vector<Collection>> list_collections(const NamespaceId&) const override {
    return nothing();
  }
  Result<Collection> update_collection(
      const NamespaceId&, std::string_view,
      const std::function<Result<void>(Collection&)>&) override {
    return nothing();
  }
  Result<void> delete_collection(const NamespaceId&, std::string_view) override {
    return nothing();
  }
  Result<std::shared_ptr<const Snapshot>> snapshot(
      const CollectionId&, std::optional<std::uint64_t>) const override {
    return nothing();
  }
  Result<std::vector<std::string>> put(const CollectionId&,
                                       std::vector<DocumentWrite>) override {
    return nothing();
  }
  Result<std::vector<std::string>> insert(const CollectionId&,
                                          std::vector<DocumentWrite>) override {
    return nothing();
  }
  Result<Document> update(const CollectionId&, const std::string&,
                          const std::function<Result<void>(json::object&)>&) override {
    return nothing();
  }
  Result<std::vector<bool>> update_many(
      const CollectionId&, std::span<const std::string>,
      const std::function<Result<void>(std::size_t, json::object&)>&) override {
    return nothing();
  }
  Result<std::vector<bool>> remove(const CollectionId&,
                                   std::span<const std::string>) override {
    return nothing();
  }
  Result<void> ping() const override { return {}; }

 private:
  static Error nothing() { return make_error(ErrorCode::not_found, "there is none"); }
};

const NamespaceId kNs("ns_a");

Namespace with_recording(std::string_view definition) {
  Namespace ns;
  ns.id = kNs;
  if (!definition.empty()) ns.definition["recording"] = parse_json(definition).value();
  return ns;
}

TEST(RecordingPolicies, NobodyKnowsThePolicyOfANamespaceThatWasNeverSeen) {
  Namespaces corpus;
  EXPECT_EQ(RecordingPolicies(corpus, "key").find(kNs), nullptr);
  corpus.all["ns_a"] = with_recording(R"({"mode":"summary"})");
  corpus.fails = true;
  EXPECT_EQ(RecordingPolicies(corpus, "key").find(kNs), nullptr);
}

TEST(RecordingPolicies, OneThatWasSeenOutlastsItsNamespace) {
  for (const char* definition : {"", R"({"mode":"summary"})"}) {
    Namespaces corpus;
    corpus.all["ns_a"] = with_recording(definition);
    const RecordingPolicies policies(corpus, "key");
    const auto before = policies.find(kNs);
    ASSERT_NE(before, nullptr);
    const bool is_summary = before->mode() == RecordingMode::summary;
    EXPECT_EQ(is_summary, *definition != '\0');
    corpus.all.clear();
    EXPECT_EQ(policies.find(kNs), before);
    corpus.fails = true;
    EXPECT_EQ(policies.find(kNs), before);
  }
}

TEST(RecordingPolicies, AChangeIsSeenAtOnceAndDamageIsNoPolicy) {
  Namespaces corpus;
  corpus.all["ns_a"] = with_recording(R"({"mode":"summary"})");
  const RecordingPolicies policies(corpus, "key");
  EXPECT_EQ(policies.find(kNs)->mode(), RecordingMode::summary);
  corpus.all["ns_a"] = with_recording("");
  EXPECT_EQ(policies.find(kNs)->mode(), RecordingMode::full);
  for (const char* damaged : {R"({"mode":"sumary"})", "[]", "\"full\""}) {
    corpus.all["ns_a"] = with_recording(damaged);
    EXPECT_EQ(policies.find(kNs), nullptr) << damaged;
  }
}

}  // namespace
}  // namespace trawl::api::recording_test
