#include "api/namespaces/recording.h"

#include <gtest/gtest.h>

#include <map>

namespace trawl::api::recording_test {
namespace {

// Namespaces, and nothing else.
class Namespaces final : public Catalog {
 public:
  std::map<std::string, Namespace> all;
  bool fails = false;
  mutable int read = 0;  // How often a definition was.

  Result<Namespace> find_namespace(std::string_view identifier) const override {
    if (fails) return make_error(ErrorCode::storage, "the disk refused");
    const auto found = all.find(std::string(identifier));
    if (found == all.end()) return nothing();
    ++read;
    return found->second;
  }
  Result<std::uint64_t> namespace_revision(const NamespaceId& id) const override {
    if (fails) return make_error(ErrorCode::storage, "the disk refused");
    const auto found = all.find(id.str());
    if (found == all.end()) return nothing();
    return found->second.revision;
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

 private:
  static Error nothing() { return make_error(ErrorCode::not_found, "there is none"); }
};

const NamespaceId kNs("ns_a");

Namespace with_recording(std::string_view definition, std::uint64_t revision = 1) {
  Namespace ns;
  ns.revision = revision;
  ns.id = kNs;
  if (!definition.empty()) ns.definition["recording"] = parse_json(definition).value();
  return ns;
}

TEST(RecordingPolicies, NobodyKnowsThePolicyOfANamespaceThatWasNeverSeen) {
  Namespaces catalog;
  EXPECT_EQ(RecordingPolicies(catalog, "key").find(kNs), nullptr);
  catalog.all["ns_a"] = with_recording(R"({"mode":"summary"})");
  catalog.fails = true;
  EXPECT_EQ(RecordingPolicies(catalog, "key").find(kNs), nullptr);
}

TEST(RecordingPolicies, OneThatWasSeenOutlastsItsNamespace) {
  for (const char* definition : {"", R"({"mode":"summary"})"}) {
    Namespaces catalog;
    catalog.all["ns_a"] = with_recording(definition);
    const RecordingPolicies policies(catalog, "key");
    const auto before = policies.find(kNs);
    ASSERT_NE(before, nullptr);
    const bool is_summary = before->mode() == RecordingMode::summary;
    EXPECT_EQ(is_summary, *definition != '\0');
    catalog.all.clear();
    EXPECT_EQ(policies.find(kNs), before);
    catalog.fails = true;
    EXPECT_EQ(policies.find(kNs), before);
  }
}

TEST(RecordingPolicies, AChangeIsSeenAtOnceAndDamageIsNoPolicy) {
  Namespaces catalog;
  catalog.all["ns_a"] = with_recording(R"({"mode":"summary"})");
  const RecordingPolicies policies(catalog, "key");
  EXPECT_EQ(policies.find(kNs)->mode(), RecordingMode::summary);
  catalog.all["ns_a"] = with_recording("", 2);
  EXPECT_EQ(policies.find(kNs)->mode(), RecordingMode::full);
  std::uint64_t revision = 2;
  for (const char* damaged : {R"({"mode":"sumary"})", "[]", "\"full\""}) {
    catalog.all["ns_a"] = with_recording(damaged, ++revision);
    EXPECT_EQ(policies.find(kNs), nullptr) << damaged;
  }
  catalog.all["ns_a"] = with_recording(R"({"mode":"summary"})", ++revision);
  EXPECT_EQ(policies.find(kNs)->mode(), RecordingMode::summary);
}

// Goal: what one execution costs does not depend on the size of a definition.
TEST(RecordingPolicies, ADefinitionIsReadOnceForEachRevision) {
  Namespaces catalog;
  const RecordingPolicies policies(catalog, "key");
  int expected = 0;
  for (const char* definition : {"", R"({"mode":"summary"})", "[]", R"({"mode":"full"})"}) {
    catalog.all["ns_a"] =
        with_recording(definition, static_cast<std::uint64_t>(++expected));
    const auto first = policies.find(kNs);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(policies.find(kNs), first);
    EXPECT_EQ(catalog.read, expected) << definition;
  }
}

// Goal: a policy that is tried does what it would do if a namespace had it, hashes too.
TEST(RecordingPolicies, OneThatIsTriedIsAppliedAsIfItWereSet) {
  constexpr const char* kDefinition =
      R"({"redact":[{"field":"user","action":"hash"},{"pattern":"\\d+","action":"hash"}]})";
  Namespaces catalog;
  catalog.all["ns_a"] = with_recording(kDefinition);
  const RecordingPolicies policies(catalog, "key");
  const auto recorded = [](const RecordingPolicy& policy) {
    Execution execution;
    execution.inputs = R"({"user":"ada","query":"order 1234","place":"sea"})";
    policy.apply(execution);
    return *execution.inputs;
  };
  const json::object definition = parse_json(kDefinition).value().get_object();
  const auto tried = policies.compile(definition, "policy");
  ASSERT_TRUE(tried);
  const std::string kept = recorded(**tried);
  EXPECT_EQ(kept, recorded(*policies.find(kNs)));
  EXPECT_EQ(kept.find("ada"), std::string::npos) << kept;
  EXPECT_EQ(kept.find("1234"), std::string::npos) << kept;
  EXPECT_NE(kept.find("sea"), std::string::npos) << kept;
  EXPECT_NE(kept, recorded(**RecordingPolicies(catalog, "other").compile(definition, "")));
  const auto refused = policies.compile({{"mode", "sumary"}}, "policy");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().location, "policy.mode");
}

}  // namespace
}  // namespace trawl::api::recording_test
