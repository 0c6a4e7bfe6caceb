trawl_library(providers_rerank FOLDER providers/rerank
  DEPENDS trawl_providers_remote trawl_providers trawl_net)
