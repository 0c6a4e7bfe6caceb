#pragma once

#include <vector>

#include "app/config.h"
#include "app/provider_config.h"
#include "base/result.h"
#include "providers/embedders.h"
#include "providers/policy.h"
#include "providers/provider.h"
#include "providers/providers.h"
#include "providers/rerankers.h"

namespace trawl::app {

// What a server can ask outside of its stores. Filled at its start and immutable from then
// on, so it is thread-safe.
struct ServerProviders {
  Embedders embedders;
  Rerankers rerankers;
  ProviderPolicies policies;
  // Those that stages ask, whose answers are recorded: rerankers as "rerank:NAME", the
  // first as "rerank" too, and embedders by their keys (providers/embedding.h).
  Providers recorded;
};

// Makes the providers of the configuration, reads their keys, and adds them where those who
// ask them look. Asks those for the dimension of their vectors that do not say it, each
// until the deadline of the context. The environment gives the variables with keys.
//   invalid    two make vectors with models of one name; a key that cannot be read, or
//              could not be sent
//   errors of OpenAiEmbedder::open(), with the setting that makes it unnecessary
Result<void> make_providers(const std::vector<ProviderConfig>& configs,
                            const Environment& environment, const AskContext& context,
                            ServerProviders& providers);

// Lets stages ask all embedders that there are by now.
void add_recorded_embedders(ServerProviders& providers);

}  // namespace trawl::app
