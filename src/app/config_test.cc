#include "app/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include "app/models.h"
#include "pipeline/spending.h"
#include "pipeline/stage_registry.h"
#include "stages/register_stages.h"

namespace trawl::app::config_test {
namespace {

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() /
            ("trawl_config_test_" + std::to_string(::getpid()) + ".toml");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  void write(const std::string& text) { std::ofstream(path_) << text; }

  Result<Config> load(const std::map<std::string, std::string>& variables = {},
                      const Overrides& overrides = {}) {
    std::vector<std::string> names;
    for (const auto& pair : variables) names.push_back(pair.first);
    const auto environment = [&](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
    return load_config(std::filesystem::exists(path_) ? path_.string() : std::string(),
                       environment, names, overrides);
  }

  std::filesystem::path path_;
};

TEST_F(ConfigTest, Defaults) {
  const auto config = load();
  ASSERT_TRUE(config);
  EXPECT_EQ(config->http.host, "127.0.0.1");
  EXPECT_EQ(config->http.port, 8080);
}

TEST_F(ConfigTest, FlagsBeatVariablesBeatTheFileBeatDefaults) {
  write("listen = \"127.0.0.1:1\"\nlog_level = \"debug\"\n[http]\nbody_bytes_max = 5000\n");
  EXPECT_EQ(load()->http.port, 1);
  EXPECT_EQ(load()->http.body_bytes_max, 5000u);
  EXPECT_EQ(load({{"TRAWL_LISTEN", "127.0.0.1:2"}})->http.port, 2);
  Overrides flags;
  flags.listen = "127.0.0.1:3";
  const auto config = load({{"TRAWL_LISTEN", "127.0.0.1:2"}}, flags);
  EXPECT_EQ(config->http.port, 3);
  EXPECT_EQ(config->log_level, "debug");
}

TEST_F(ConfigTest, AnUnknownKeyNamesTheNearest) {
  write("[http]\nbody_byte_max = 5000\n");
  const auto config = load();
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("http.body_bytes_max"), std::string::npos);
}

TEST_F(ConfigTest, AnUnknownVariableIsIgnoredAndNamesTheNearest) {
  const auto config = load({{"TRAWL_LISTENN", "x"}});
  ASSERT_TRUE(config);
  ASSERT_EQ(config->warnings.size(), 1u);
  EXPECT_NE(config->warnings[0].find("TRAWL_LISTEN'"), std::string::npos)
      << config->warnings[0];
  EXPECT_TRUE(load({{"TRAWL_WORKERS", "7"}})->warnings.empty());
}

TEST_F(ConfigTest, TheModelOfNewFeaturesIsOneThatIsKnown) {
  EXPECT_EQ(load()->default_model, "all-MiniLM-L6-v2");
  EXPECT_EQ(models_directory(*load()), "trawl-data/models");
  write("[models]\ndefault = \"bge-small-en-v1.5\"\ndirectory = \"/srv/models\"\n");
  const auto config = load();
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->default_model, "bge-small-en-v1.5");
  EXPECT_EQ(models_directory(*config), "/srv/models");
  Overrides flags;
  flags.models_directory = "/other";
  EXPECT_EQ(models_directory(*load({{"TRAWL_MODELS_DIRECTORY", "/third"}}, flags)),
            "/other");
  write("[models]\ndefault = \"minilm\"\n");
  const auto unknown = load();
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("models.default is 'minilm'; use one of"),
            std::string::npos)
      << unknown.error().message;
  // One that a provider makes vectors with will do, and none at all.
  write(
      "[models]\ndefault = \"theirs\"\n[providers.other]\nkind = \"openai-embeddings\"\n"
      "url = \"https://models.example.com/v1\"\nmodel = \"theirs\"\n");
  EXPECT_TRUE(load()) << load().error().message;
  EXPECT_TRUE(load({{"TRAWL_MODELS_DEFAULT", "none"}}));
}

TEST_F(ConfigTest, AddressesOfServicesAreNoValues) {
  const auto config = load({{"TRAWL_PORT", "tcp://10.0.0.1:80"},
                            {"TRAWL_SERVICE_HOST", "10.0.0.1"},
                            {"TRAWL_WORKERS", "tcp://10.0.0.1:80"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->workers, 0u);
  EXPECT_EQ(config->waiting_max, 1000u);
  ASSERT_EQ(config->warnings.size(), 1u);
  EXPECT_NE(config->warnings[0].find("TRAWL_WORKERS"), std::string::npos);
  EXPECT_FALSE(load({{"TRAWL_WORKERS", "10.0.0.1"}}));
}

TEST_F(ConfigTest, VariablesOfTheClientAreNoSettings) {
  EXPECT_TRUE(load({{"TRAWL_API_KEY", "sk_x"},
                    {"TRAWL_URL", "http://x"},
                    {"TRAWL_NAMESPACE", "n"},
                    {"HOME", "/"}}));
}

TEST_F(ConfigTest, ValuesAreChecked) {
  for (const char* text :
       {"workers = -1", "workers = \"many\"", "log_format = \"xml\"",
        "listen = \"nowhere\"", "listen = \"h:99999\"", "[http]\nbody_bytes_max = 1.5",
        "workers = [1]", "workers = {}", "[prices.limit]\nbase = -1",
        "[prices.limit]\nbas = 1", "[prices]\nlimit = 1", "not toml",
        "keep_superseded_days = nan"}) {
    write(text);
    const auto config = load();
    EXPECT_FALSE(config) << text;
    if (!config) {
      EXPECT_FALSE(config.error().message.empty());
    }
  }
}

TEST_F(ConfigTest, AnUnknownEngineIsRefusedWithThoseThereAre) {
  EXPECT_EQ(load()->ledger_engine, kEmbedded);
  EXPECT_EQ(load({{"TRAWL_CORPUS_ENGINE", "embedded"}})->corpus_engine, kEmbedded);
  for (const std::string store : {"ledger", "corpus"}) {
    write("[" + store + "]\nengine = \"nosuch\"\n");
    const auto config = load();
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().message.find(store + ".engine is 'nosuch'; use embedded"),
              std::string::npos)
        << config.error().message;
  }
}

TEST_F(ConfigTest, OriginsAreAListOrOneTextAndAreBroughtIntoOneForm) {
  EXPECT_TRUE(load()->http.cors_origins.empty());
  const std::vector<std::string> two = {"https://a.example", "http://localhost:5173"};
  write("[http]\ncors_origins = [\"https://A.example:443\", \"http://localhost:5173\"]\n");
  EXPECT_EQ(load()->http.cors_origins, two);
  EXPECT_EQ(load({{"TRAWL_HTTP_CORS_ORIGINS", "*"}})->http.cors_origins,
            std::vector<std::string>{"*"});
  write("[http]\ncors_origins = \"https://a.example , http://localhost:5173\"\n");
  EXPECT_EQ(load()->http.cors_origins, two);
  write("[http]\ncors_origins = []\n");
  EXPECT_TRUE(load()->http.cors_origins.empty());
  for (const char* value : {"\"a.example\"", "\"https://a.example/\"", "\"null\"", "[1]",
                            "[\"*\", \"x\"]", "\"https://a.example,,b\""}) {
    write(std::string("[http]\ncors_origins = ") + value + "\n");
    const auto config = load();
    ASSERT_FALSE(config) << value;
    EXPECT_NE(config.error().message.find("https://app.example.com"), std::string::npos);
  }
}

TEST_F(ConfigTest, KeysHaveNoLimitUnlessOneIsSet) {
  EXPECT_EQ(load()->key_limit, RateLimit{});
  write("[keys]\nrequests_per_minute = 60\nburst = 10\n");
  EXPECT_EQ(load()->key_limit, (RateLimit{60, 10}));
  EXPECT_FALSE(load({{"TRAWL_KEYS_BURST", "-1"}}));
}

TEST_F(ConfigTest, Prices) {
  write("[prices.limit]\nbase = 5\nper_document = 0.5\n[prices.default]\nbase = 7\n");
  const auto config = load();
  ASSERT_TRUE(config) << config.error().message;
  StageRegistry stages;
  register_stages(stages);
  const auto cost = [&](std::string_view stage_id) {
    return config->run.prices.cost(*stages.find_exactly(stage_id), 4);
  };
  EXPECT_EQ(cost("limit"), to_micro_credits(7));
  EXPECT_EQ(cost("sample"), to_micro_credits(7));
  EXPECT_EQ(cost("feature_search"), to_micro_credits(1));  // A price of its own.
}

TEST_F(ConfigTest, ListenTakesNamesAndIPv6) {
  std::string host;
  std::uint16_t port = 0;
  ASSERT_TRUE(parse_listen("[::1]:90", host, port));
  EXPECT_EQ(host, "::1");
  EXPECT_EQ(port, 90);
  ASSERT_TRUE(parse_listen(":0", host, port));
  EXPECT_EQ(host, "127.0.0.1");
  EXPECT_FALSE(parse_listen("localhost", host, port));
  EXPECT_FALSE(parse_listen("localhost:", host, port));
}

}  // namespace
}  // namespace trawl::app::config_test
