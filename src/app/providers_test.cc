#include "app/providers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "net/net_server_test_support.h"

namespace trawl::app::providers_test {
namespace {

using test::NetServer;

class ProvidersTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() /
            ("trawl_providers_test_" + std::to_string(::getpid()) + ".toml");
    key_path_ = path_.string() + ".key";
  }
  void TearDown() override {
    std::filesystem::remove(path_);
    std::filesystem::remove(key_path_);
  }

  Result<Config> load(const std::string& text) {
    std::ofstream(path_) << text;
    return load_config(path_.string(), [](const std::string&) { return std::nullopt; }, {},
                       {});
  }
  std::string refusal(const std::string& text) {
    const auto config = load(text);
    EXPECT_FALSE(config) << text;
    return config ? std::string() : config.error().message;
  }

  Result<void> make(const std::string& text,
                    const std::map<std::string, std::string>& variables = {}) {
    TRAWL_ASSIGN(const Config config, load(text));
    const auto environment = [&](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
    providers_ = {};
    return make_providers(config.providers, environment, {}, providers_);
  }

  std::filesystem::path path_;
  std::string key_path_;
  ServerProviders providers_;
};

constexpr const char* kEmbeddings = R"(
[providers.ai]
kind = "openai-embeddings"
url = "https://api.example.com/v1"
model = "m-1"
)";

TEST_F(ProvidersTest, AreReadFromTheFile) {
  const auto config = load(R"(
[providers.ai]
kind = "openai-embeddings"
url = "http://127.0.0.1:9000/v1"
model = "m-1"
key_env = "AI_KEY"
dimensions = 1024
request_dimensions = true
query_prefix = "query: "
passage_prefix = "passage: "
batch = 16
encoding = "float"
normalize = false
timeout_seconds = 2.5
concurrency = 2
retries = 0
allow_private = true
namespaces = ["default", "other"]
calls_per_day = 1000
tokens_per_day = 2000000
text_bytes_max = 2000

[providers.r-1]
kind = "rerank"
url = "https://tei.example.com"
dialect = "tei"
namespaces = ["*"]
)");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->providers.size(), 2u);
  const ProviderConfig& ai = config->providers[0];
  EXPECT_EQ(ai.name, "ai");
  EXPECT_EQ(ai.kind, ProviderConfig::Kind::openai_embeddings);
  EXPECT_EQ(ai.url.with("/x"), "http://127.0.0.1:9000/v1/x");
  EXPECT_EQ(ai.model, "m-1");
  EXPECT_EQ(ai.key_env, "AI_KEY");
  EXPECT_EQ(ai.dimensions, 1024u);
  EXPECT_TRUE(ai.request_dimensions);
  EXPECT_EQ(ai.query_prefix, "query: ");
  EXPECT_EQ(ai.passage_prefix, "passage: ");
  EXPECT_EQ(ai.batch, 16u);
  EXPECT_FALSE(ai.base64);
  EXPECT_FALSE(ai.normalize);
  EXPECT_EQ(ai.timeout, std::chrono::milliseconds(2'500));
  EXPECT_EQ(ai.concurrency, 2u);
  EXPECT_EQ(ai.retries, 0u);
  EXPECT_TRUE(ai.allow_private);
  EXPECT_TRUE(ai.policy.may_receive("other"));
  EXPECT_FALSE(ai.policy.may_receive("third"));
  EXPECT_EQ(ai.ceilings.calls, 1'000u);
  EXPECT_EQ(ai.ceilings.tokens, 2'000'000u);
  EXPECT_EQ(ai.text_bytes_max, 2'000u);
  const ProviderConfig& tei = config->providers[1];
  EXPECT_EQ(tei.kind, ProviderConfig::Kind::rerank);
  EXPECT_EQ(tei.dialect, rerank::Dialect::tei);
  EXPECT_TRUE(tei.policy.may_receive("third"));
}

TEST_F(ProvidersTest, NeedLittle) {
  const auto config = load(kEmbeddings);
  ASSERT_TRUE(config) << config.error().message;
  const ProviderConfig& ai = config->providers.at(0);
  EXPECT_FALSE(ai.policy.may_receive("default"));
  EXPECT_FALSE(ai.allow_private);
  EXPECT_TRUE(ai.base64);
  EXPECT_TRUE(ai.normalize);
  EXPECT_EQ(ai.retries, 3u);
}

TEST_F(ProvidersTest, RefuseBadSettingsByName) {
  const std::string in_file = path_.string() + ": providers.ai.";
  const struct {
    const char* line;
    const char* said;
  } kCases[] = {
      {"dimension = 5",
       "dimension is an unknown setting of the kind openai-embeddings (did you mean "
       "'dimensions'?); docs/configuration.md lists them"},
      {"dialect = \"tei\"",
       "dialect is an unknown setting of the kind openai-embeddings; "
       "docs/configuration.md lists them"},
      {"dimensions = 0", "dimensions is not a whole number from 1 to 16384"},
      {"dimensions = 1.5", "dimensions is not a whole number from 1 to 16384"},
      {"request_dimensions = true",
       "request_dimensions is true, but dimensions, which it asks for, is not set"},
      {"batch = \"8\"", "batch is not a whole number from 1 to 10000"},
      {"encoding = \"hex\"", "encoding is 'hex'; use base64 or float"},
      {"encoding = 5", "encoding is not a text; put it between quotes"},
      {"normalize = 1", "normalize is neither true nor false"},
      {"timeout_seconds = 0",
       "timeout_seconds is not a number of seconds from 0.001 to 3600"},
      {"timeout_seconds = nan",
       "timeout_seconds is not a number of seconds from 0.001 to 3600"},
      {"concurrency = 0", "concurrency is not a whole number from 1 to 1000"},
      {"retries = 21", "retries is not a whole number from 0 to 20"},
      {"namespaces = \"default\"", "namespaces is not a list, such as [\"default\"]"},
      {"namespaces = [\"a\", 5]", "namespaces has an element that is not a name"},
      {"calls_per_day = -1",
       "calls_per_day is not a whole number from 0 to 9223372036854775807"},
      {"key_env = \"A\"\nkey_file = \"b\"",
       "key_env and key_file are both set; use one of them"},
      {"key_file = \"\"", "key_file is empty; it is the path of a file that holds the key"},
  };
  for (const auto& each : kCases) {
    EXPECT_EQ(refusal(std::string(kEmbeddings) + each.line + "\n"), in_file + each.said);
  }
  EXPECT_EQ(
      refusal("[providers.ai]\nkind = \"chat\"\nurl = \"https://e.com\"\nmodel = \"m\""),
      in_file + "kind is 'chat'; use openai-embeddings or rerank");
  EXPECT_EQ(refusal("[providers.ai]\nurl = \"https://e.com\"\nmodel = \"m\""),
            in_file + "kind is missing; use openai-embeddings or rerank");
  EXPECT_EQ(refusal("[providers.ai]\nkind = \"rerank\"\nmodel = \"m\""),
            in_file + "url is missing; it is where the provider answers");
  EXPECT_EQ(refusal("[providers.ai]\nkind = \"rerank\"\nurl = \"https://e.com\""),
            in_file + "model is missing; it is what the provider calls the model");
  EXPECT_NE(refusal("[providers.ai]\nkind = \"rerank\"\nurl = \"e.com\"\nmodel = \"m\"")
                .find("providers.ai.url is wrong: the URL 'e.com' has no scheme"),
            std::string::npos);
  EXPECT_NE(refusal("[providers]\nai = 5").find("providers.ai is not a table"),
            std::string::npos);
  EXPECT_NE(refusal("[providers.\"a b\"]\nkind = \"rerank\"").find("'a b' cannot be"),
            std::string::npos);
}

TEST_F(ProvidersTest, RefuseAddressesThatAreRefusedForSure) {
  for (const char* host : {"127.0.0.1:80", "localhost", "[::1]", "10.0.0.1"}) {
    const std::string said =
        refusal("[providers.ai]\nkind = \"rerank\"\nmodel = \"m\"\nurl = \"http://" +
                std::string(host) + "\"\n");
    EXPECT_NE(said.find("which is not connected to unless allow_private = true"),
              std::string::npos)
        << said;
  }
  EXPECT_TRUE(refusal("[providers.ai]\nkind = \"rerank\"\nmodel = \"m\"\nallow_private = "
                      "true\nurl = \"http://169.254.169.254\"\n")
                  .ends_with("url is a link-local address, which is not connected to"));
}

// Whoever writes a key where it does not belong finds it in no message.
TEST_F(ProvidersTest, DoNotRepeatAKey) {
  constexpr std::string_view kSecret = "sk-very-secret-0123";
  for (const char* line :
       {"key = \"sk-very-secret-0123\"", "api_key = \"sk-very-secret-0123\"",
        "key_env = \"sk-very-secret-0123\"",
        "url = \"https://sk-very-secret-0123@example.com\""}) {
    const std::string start = std::string(line).starts_with("url")
                                  ? "[providers.ai]\nkind = \"rerank\"\n"
                                  : std::string(kEmbeddings);
    const std::string said = refusal(start + line + "\n");
    EXPECT_FALSE(said.empty());
    EXPECT_EQ(said.find(kSecret), std::string::npos) << said;
  }
  // A name that could be one, which is not set.
  const auto made =
      make(std::string(kEmbeddings) + "dimensions = 3\nkey_env = \"sk_0123\"");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message,
            "providers.ai.key_env names a variable that is not set for this server");
}

TEST_F(ProvidersTest, AreMadeWithTheirKeys) {
  std::string head;
  NetServer server([&](const test::Exchange& exchange) {
    head = exchange.head;
    return exchange.reply(200, R"({"data":[{"index":0,"embedding":[3,4]}]})");
  });
  const std::string at_server = fmt::format(
      "[providers.ai]\nkind = \"openai-embeddings\"\nurl = \"{}/v1\"\nmodel = \"m-1\"\n"
      "allow_private = true\nnamespaces = [\"a\"]\n",
      server.url());
  ASSERT_TRUE(make(at_server + "key_env = \"AI_KEY\"", {{"AI_KEY", "key-of-env"}}));
  EXPECT_NE(head.find("Authorization: Bearer key-of-env\r\n"), std::string::npos);
  const auto embedder = providers_.embedders.find("m-1");
  ASSERT_TRUE(embedder);
  EXPECT_EQ((*embedder)->model().dimension, 2u);
  EXPECT_EQ((*embedder)->model().provider, "ai");
  EXPECT_TRUE(providers_.policies.may_receive("ai", "a"));
  EXPECT_FALSE(providers_.policies.may_receive("ai", "b"));

  std::ofstream(key_path_) << "key-of-file\n";
  ASSERT_TRUE(make(at_server + "key_file = \"" + key_path_ + "\""));
  EXPECT_NE(head.find("Authorization: Bearer key-of-file\r\n"), std::string::npos);
  for (const char* bad : {"", "\n", "two\nlines", "a b", "\xc3\xa4"}) {
    std::ofstream(key_path_) << bad;
    const auto made = make(at_server + "key_file = \"" + key_path_ + "\"");
    ASSERT_FALSE(made) << bad;
    EXPECT_TRUE(made.error().message.starts_with("providers.ai.key_file holds "));
  }
  std::filesystem::remove(key_path_);
  const auto missing = make(at_server + "key_file = \"" + key_path_ + "\"");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find(key_path_), std::string::npos);
}

TEST_F(ProvidersTest, SayWhichSettingIsMissingWhereNobodyAnswers) {
  std::string url;
  {
    NetServer gone([](const test::Exchange&) { return false; });
    url = gone.url();
  }
  const std::string nowhere = fmt::format(
      "[providers.ai]\nkind = \"openai-embeddings\"\nurl = \"{}\"\nmodel = \"m-1\"\n"
      "allow_private = true\nretries = 0\n",
      url);
  const auto made = make(nowhere);
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().message.starts_with(
      "providers.ai.dimensions is not set, and the provider could not be asked: the "
      "provider 'ai': it cannot be reached"))
      << made.error().message;
  EXPECT_TRUE(make(nowhere + "dimensions = 3\n"));
}

TEST_F(ProvidersTest, RefuseTwoOfOneModel) {
  const auto made = make(
      "[providers.a]\nkind = \"openai-embeddings\"\nurl = \"https://e.com\"\nmodel = "
      "\"m\"\n"
      "dimensions = 3\n[providers.b]\nkind = \"openai-embeddings\"\n"
      "url = \"https://f.com\"\nmodel = \"m\"\ndimensions = 3\n");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message,
            "providers.a and providers.b both make vectors with the model 'm', by whose "
            "name they are found; keep one of them");
}

TEST_F(ProvidersTest, AddRerankersByTheirNames) {
  ASSERT_TRUE(
      make("[providers.r]\nkind = \"rerank\"\nurl = \"https://e.com/v2\"\n"
           "model = \"rank-1\"\n"));
  ASSERT_TRUE(providers_.rerankers.find("r"));
  EXPECT_EQ((*providers_.rerankers.find("r"))->name(), "r:rank-1");
  // Stages ask the one that they name, or the first.
  for (const char* name : {"rerank:r", "rerank"}) {
    const auto found = providers_.recorded.find(name);
    ASSERT_TRUE(found) << name;
    EXPECT_EQ((*found)->name(), "r:rank-1");
    EXPECT_EQ(providers_.recorded.asks(name), "r");
  }
  EXPECT_FALSE(providers_.policies.may_receive("r", "default"));
}

}  // namespace
}  // namespace trawl::app::providers_test
