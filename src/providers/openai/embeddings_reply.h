#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trawl::openai {

struct EmbeddingsReply {
  std::uint32_t dimension = 0;
  std::vector<float> values;  // One vector after the other, in the order of the texts.
  std::uint64_t tokens = 0;   // 0 where the reply does not say.
};

// Reads the reply of POST /v1/embeddings to `count` texts, at least one, in any order:
//
//   {"data": [{"index": 0, "embedding": …}, …], "usage": {"total_tokens": …}}
//
// An embedding is a list of numbers, or base64 of little-endian float32, whichever was
// asked for: some servers know only one of them. All have one dimension, that of
// `dimension` unless this is 0.
//   unavailable  it is none, or of other texts: an index that is missing, doubled or out of
//                range; another dimension; a number that is no finite float32
Result<EmbeddingsReply> read_embeddings_reply(std::string_view body, std::size_t count,
                                              std::uint32_t dimension);

}  // namespace trawl::openai
