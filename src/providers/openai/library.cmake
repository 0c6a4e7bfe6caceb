trawl_library(providers_openai FOLDER providers/openai
  DEPENDS trawl_providers_remote trawl_providers trawl_net)
