#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "providers/reranker.h"

namespace trawl::rerank {

enum class Dialect {
  cohere,  // {"results": [{"index": 0, "relevance_score": 0.9}, …]}: Cohere, Jina, vLLM.
  tei,     // [{"index": 0, "score": 0.9}, …]: Text Embeddings Inference.
};

// Reads the reply of POST /rerank about `count` texts, in any order.
//   unavailable  it is none, or of other texts: an index that is missing, doubled or out of
//                range; a score that is no finite number
Result<RerankScores> read_rerank_reply(std::string_view body, Dialect dialect,
                                       std::size_t count);

}  // namespace trawl::rerank
