#include "app/provider_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include <toml++/toml.h>

#include "base/text.h"
#include "net/address_rules.h"

namespace trawl::app {
namespace {

using Kind = ProviderConfig::Kind;

bool is_word(std::string_view text, std::string_view punctuation) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           punctuation.find(c) != std::string_view::npos;
  });
}

// Reads the settings of one table, and keeps the first error, as ObjectReader does.
class ProviderTable {
 public:
  ProviderTable(const toml::table& table, std::string where)
      : table_(table), where_(std::move(where)) {}

  void text(std::string_view key, std::string& target) {
    if (const toml::node* const node = find(key)) {
      const auto value = node->value_exact<std::string>();
      if (!value) return fail(key, "is not a text; put it between quotes");
      target = *value;
    }
  }
  void boolean(std::string_view key, bool& target) {
    if (const toml::node* const node = find(key)) {
      const auto value = node->value_exact<bool>();
      if (!value) return fail(key, "is neither true nor false");
      target = *value;
    }
  }
  template <class Number>
  void integer(std::string_view key, Number& target, std::int64_t min, std::int64_t max) {
    if (const toml::node* const node = find(key)) {
      const auto value = node->value_exact<std::int64_t>();
      if (!value || *value < min || *value > max) {
        return fail(key, fmt::format("is not a whole number from {} to {}", min, max));
      }
      target = static_cast<Number>(*value);
    }
  }
  void seconds(std::string_view key, std::chrono::milliseconds& target) {
    if (const toml::node* const node = find(key)) {
      const auto value = node->value<double>();
      if (!value || !(*value >= 0.001 && *value <= 3'600)) {
        return fail(key, "is not a number of seconds from 0.001 to 3600");
      }
      target = std::chrono::milliseconds(std::llround(*value * 1'000));
    }
  }
  template <class Value>
  void one_of(std::string_view key, Value& target,
              std::initializer_list<std::pair<std::string_view, Value>> words) {
    std::string word;
    text(key, word);
    if (word.empty() && !table_.contains(key)) return;
    std::string known;
    for (const auto& [each, value] : words) {
      if (word == each) {
        target = value;
        return;
      }
      if (!known.empty()) known += " or ";
      known += each;
    }
    fail(key, fmt::format("is '{}'; use {}", truncate_text(word, 100), known));
  }
  void texts(std::string_view key, std::vector<std::string>& target) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    const toml::array* const list = node->as_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      const auto value = list->get(i)->value_exact<std::string>();
      if (!value || value->empty()) return fail(key, "has an element that is not a name");
      target.push_back(*value);
    }
    if (list == nullptr) fail(key, "is not a list, such as [\"default\"]");
  }
  bool has(std::string_view key) const { return table_.contains(key); }

  void fail(std::string_view key, std::string_view what) {
    if (!error_) {
      error_ = make_error(ErrorCode::invalid, fmt::format("{}.{} {}", where_, key, what));
    }
  }
  // The first error, or that of a key that nobody asked for.
  Result<void> finish(std::string_view kind) {
    if (error_) return *error_;
    for (const auto& [key, node] : table_) {
      if (std::find(asked_.begin(), asked_.end(), key.str()) != asked_.end()) continue;
      if (key.str() == "key" || key.str() == "api_key") {
        fail(key.str(),
             "is no setting, since keys do not stand in this file: name the variable that "
             "holds it with key_env, or its file with key_file");
      } else {
        fail(truncate_text(key.str(), 100),
             fmt::format("is an unknown setting of the kind {}{}; docs/configuration.md "
                         "lists them",
                         kind, did_you_mean(key.str(), asked_)));
      }
      return *error_;
    }
    return {};
  }

 private:
  const toml::node* find(std::string_view key) {
    asked_.push_back(key);
    return table_.get(key);
  }

  const toml::table& table_;
  const std::string where_;
  std::vector<std::string_view> asked_;
  std::optional<Error> error_;
};

void read_url(ProviderTable& in, ProviderConfig& config) {
  std::string text;
  in.text("url", text);
  if (!in.has("url")) return in.fail("url", "is missing; it is where the provider answers");
  auto url = net::parse_url(text);
  if (!url) return in.fail("url", "is wrong: " + url.error().message);
  config.url = *std::move(url);
}

// An address that is refused for sure is one to be told of now, not at the first question.
void check_address(ProviderTable& in, const ProviderConfig& config) {
  auto kind = net::kind_of_address(config.url.host);
  if (config.url.host == "localhost") kind = net::AddressKind::loopback;
  if (!kind) return;
  const net::AddressRules rules{.allow_private = config.allow_private};
  if (rules.allow(*kind)) return;
  in.fail("url",
          fmt::format("is {}, which is not connected to{}", net::description_of(*kind),
                      net::AddressRules{.allow_private = true}.allow(*kind)
                          ? " unless allow_private = true"
                          : ""));
}

// Messages do not repeat what is written here: it may be the key itself.
void read_key(ProviderTable& in, ProviderConfig& config) {
  in.text("key_env", config.key_env);
  in.text("key_file", config.key_file);
  if (in.has("key_env") && in.has("key_file")) {
    in.fail("key_env", "and key_file are both set; use one of them");
  } else if (in.has("key_env") &&
             (config.key_env.empty() || !is_word(config.key_env, "_"))) {
    in.fail("key_env", "is not the name of a variable, such as OPENAI_API_KEY");
  } else if (in.has("key_file") && config.key_file.empty()) {
    in.fail("key_file", "is empty; it is the path of a file that holds the key");
  }
}

void read_namespaces(ProviderTable& in, ProviderConfig& config) {
  std::vector<std::string> names;
  in.texts("namespaces", names);
  for (std::string& name : names) {
    if (name == "*") {
      config.policy.all = true;
    } else {
      config.policy.namespaces.insert(std::move(name));
    }
  }
}

void read_embeddings(ProviderTable& in, ProviderConfig& config) {
  in.integer("dimensions", config.dimensions, 1, 16'384);
  in.boolean("request_dimensions", config.request_dimensions);
  if (config.request_dimensions && config.dimensions == 0) {
    in.fail("request_dimensions", "is true, but dimensions, which it asks for, is not set");
  }
  in.text("query_prefix", config.query_prefix);
  in.text("passage_prefix", config.passage_prefix);
  in.one_of<bool>("encoding", config.base64, {{"base64", true}, {"float", false}});
  in.boolean("normalize", config.normalize);
}

}  // namespace

Result<void> read_providers(const toml::table& providers, const std::string& path,
                            std::vector<ProviderConfig>& list) {
  constexpr std::int64_t kMany = std::numeric_limits<std::int64_t>::max();
  for (const auto& [key, node] : providers) {
    ProviderConfig config;
    config.name = key.str();
    if (config.name.empty() || config.name.size() > 64 || !is_word(config.name, "-_.")) {
      return make_error(
          ErrorCode::invalid,
          fmt::format("{}: '{}' cannot be the name of a provider; use up to 64 letters, "
                      "digits, '-', '_' and '.'",
                      path, truncate_text(config.name, 100)));
    }
    const std::string where = fmt::format("{}: providers.{}", path, config.name);
    const toml::table* const table = node.as_table();
    if (table == nullptr) {
      return make_error(
          ErrorCode::invalid,
          fmt::format("{} is not a table; use [providers.{}]", where, config.name));
    }
    ProviderTable in(*table, where);
    if (!in.has("kind")) in.fail("kind", "is missing; use openai-embeddings or rerank");
    in.one_of<Kind>(
        "kind", config.kind,
        {{"openai-embeddings", Kind::openai_embeddings}, {"rerank", Kind::rerank}});
    const bool is_rerank = config.kind == Kind::rerank;
    if (is_rerank) {
      in.one_of<rerank::Dialect>(
          "dialect", config.dialect,
          {{"cohere", rerank::Dialect::cohere}, {"tei", rerank::Dialect::tei}});
    } else {
      read_embeddings(in, config);
    }
    read_url(in, config);
    in.text("model", config.model);
    if (config.model.empty() && config.dialect != rerank::Dialect::tei) {
      in.fail("model", "is missing; it is what the provider calls the model");
    }
    read_key(in, config);
    in.seconds("timeout_seconds", config.timeout);
    in.integer("concurrency", config.concurrency, 1, 1'000);
    in.integer("retries", config.retries, 0, 20);
    in.boolean("allow_private", config.allow_private);
    read_namespaces(in, config);
    in.integer("calls_per_day", config.ceilings.calls, 0, kMany);
    in.integer("tokens_per_day", config.ceilings.tokens, 0, kMany);
    in.integer("text_bytes_max", config.text_bytes_max, 1, 1 << 24);
    in.integer("batch", config.batch, 1, 10'000);
    check_address(in, config);
    TRAWL_TRY(in.finish(is_rerank ? "rerank" : "openai-embeddings"));
    list.push_back(std::move(config));
  }
  return {};
}

}  // namespace trawl::app
