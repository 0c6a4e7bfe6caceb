#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <toml++/impl/forward_declarations.h>

#include "base/result.h"
#include "net/url.h"
#include "providers/daily_ceiling.h"
#include "providers/policy.h"
#include "providers/rerank/rerank_reply.h"

namespace trawl::app {

// A table [providers.NAME] of the configuration. Defaults stand here and in
// docs/configuration.md.
struct ProviderConfig {
  enum class Kind { openai_embeddings, rerank };

  std::string name;
  Kind kind = Kind::openai_embeddings;
  net::Url url;
  std::string model;
  // Where the key is: in this variable, or in this file. At most one of them.
  std::string key_env;
  std::string key_file;
  std::chrono::milliseconds timeout{30'000};
  std::uint32_t concurrency = 4;
  std::uint32_t retries = 3;
  bool allow_private = false;
  ProviderPolicy policy;
  DailyCeilings ceilings;
  std::uint32_t text_bytes_max = 24'000;
  std::uint32_t batch = 0;  // 0: 64, of rerank 1000, of its dialect tei 32.

  // Of openai-embeddings.
  std::uint32_t dimensions = 0;  // 0: asked for at the start.
  bool request_dimensions = false;
  std::string query_prefix;
  std::string passage_prefix;
  bool base64 = true;
  bool normalize = true;

  // Of rerank.
  rerank::Dialect dialect = rerank::Dialect::cohere;
};

// Reads the table [providers], of which `path` is the file. No message has a key in it,
// should somebody write one where it does not belong.
//   invalid  an unknown setting, or one of another kind; a bad value; one that is missing
Result<void> read_providers(const toml::table& providers, const std::string& path,
                            std::vector<ProviderConfig>& list);

}  // namespace trawl::app
