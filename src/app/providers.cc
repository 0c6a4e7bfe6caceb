#include "app/providers.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "providers/embedding.h"
#include "providers/openai/embedder.h"
#include "providers/rerank/reranker.h"
#include "providers/reranking.h"

namespace trawl::app {
namespace {

constexpr std::size_t kEmbeddingBatch = 64;
constexpr std::size_t kRerankBatch = 1'000;
constexpr std::size_t kTeiBatch = 32;  // What it accepts unless it is told otherwise.

Error bad_key(const ProviderConfig& config, std::string_view what) {
  return make_error(ErrorCode::invalid, fmt::format("providers.{}.{}", config.name, what));
}

// The key where the configuration says that it is. No message repeats what it is or may be.
Result<std::string> read_key(const ProviderConfig& config, const Environment& environment) {
  std::string key;
  if (!config.key_env.empty()) {
    auto value = environment(config.key_env);
    if (!value) {
      return bad_key(config, "key_env names a variable that is not set for this server");
    }
    key = *std::move(value);
  } else if (!config.key_file.empty()) {
    const auto content = read_file(config.key_file);
    if (!content) {
      return bad_key(config, fmt::format("key_file: {}", content.error().message));
    }
    key = *content;
  } else {
    return key;
  }
  key = std::string(trim(key));
  const std::string_view where = config.key_env.empty() ? "key_file" : "key_env";
  if (key.empty()) return bad_key(config, fmt::format("{} holds no key", where));
  // Anything else could end the header that it is sent in.
  const auto is_visible = [](char c) { return c > ' ' && c < 127; };
  if (key.size() > 4'096 || !std::all_of(key.begin(), key.end(), is_visible)) {
    return bad_key(config, fmt::format("{} holds what cannot be a key: it is too long, or "
                                       "has characters other than visible ASCII",
                                       where));
  }
  return key;
}

RemoteOptions remote_options(const ProviderConfig& config, std::string key) {
  RemoteOptions remote;
  remote.name = config.name;
  remote.url = config.url;
  remote.key = std::move(key);
  remote.timeout = config.timeout;
  remote.concurrency = config.concurrency;
  remote.retry.retries_max = config.retries;
  remote.allow_private = config.allow_private;
  remote.ceilings = config.ceilings;
  return remote;
}

openai::EmbedderOptions embedder_options(const ProviderConfig& config,
                                         RemoteOptions remote) {
  openai::EmbedderOptions options;
  options.remote = std::move(remote);
  options.model = config.model;
  options.dimension = config.dimensions;
  options.request_dimension = config.request_dimensions;
  options.query_prefix = config.query_prefix;
  options.passage_prefix = config.passage_prefix;
  options.batch_max = config.batch > 0 ? config.batch : kEmbeddingBatch;
  options.base64 = config.base64;
  options.normalize = config.normalize;
  options.text_bytes_max = config.text_bytes_max;
  return options;
}

rerank::RerankerOptions reranker_options(const ProviderConfig& config,
                                         RemoteOptions remote) {
  rerank::RerankerOptions options;
  options.remote = std::move(remote);
  options.model = config.model;
  options.dialect = config.dialect;
  options.batch_max = config.dialect == rerank::Dialect::tei ? kTeiBatch : kRerankBatch;
  if (config.batch > 0) options.batch_max = config.batch;
  options.text_bytes_max = config.text_bytes_max;
  return options;
}

}  // namespace

Result<void> make_providers(const std::vector<ProviderConfig>& configs,
                            const Environment& environment, const AskContext& context,
                            ServerProviders& providers) {
  std::map<std::string, std::string> by_model;
  for (const ProviderConfig& config : configs) {
    TRAWL_ASSIGN(std::string key, read_key(config, environment));
    if (!key.empty() && !config.url.is_tls && !config.allow_private) {
      spdlog::warn("the key of the provider '{}' is sent without TLS; use https://",
                   config.name);
    }
    providers.policies.add(config.name, config.policy);
    RemoteOptions remote = remote_options(config, std::move(key));
    if (config.kind == ProviderConfig::Kind::rerank) {
      const auto reranker = std::make_shared<rerank::RemoteReranker>(
          reranker_options(config, std::move(remote)));
      providers.rerankers.add(config.name, reranker);
      // The first one is that of who names none.
      const auto recorded = std::make_shared<RerankingProvider>(reranker);
      if (providers.rerankers.names().size() == 1) {
        providers.recorded.add("rerank", recorded, config.name);
      }
      providers.recorded.add("rerank:" + config.name, recorded, config.name);
      continue;
    }
    const auto [other, is_first] = by_model.emplace(config.model, config.name);
    if (!is_first) {
      return make_error(
          ErrorCode::invalid,
          fmt::format("providers.{} and providers.{} both make vectors with the model "
                      "'{}', by whose name they are found; keep one of them",
                      other->second, config.name, truncate_text(config.model, 100)));
    }
    auto embedder =
        openai::OpenAiEmbedder::open(embedder_options(config, std::move(remote)), context);
    if (!embedder) {
      Error error = std::move(embedder).error();
      error.message = fmt::format(
          "providers.{}.dimensions is not set, and the provider could not be asked: {}; "
          "set it to start without asking",
          config.name, error.message);
      return error;
    }
    const std::shared_ptr<const Embedder> opened = *std::move(embedder);
    providers.embedders.add(opened);
  }
  return {};
}

void add_recorded_embedders(ServerProviders& providers) {
  for (const auto& embedder : providers.embedders.all()) {
    const EmbeddingModel& model = embedder->model();
    providers.recorded.add(embedding_key(model), embedding_provider(embedder),
                           embedder->is_local() ? std::string() : model.provider);
  }
}

}  // namespace trawl::app
