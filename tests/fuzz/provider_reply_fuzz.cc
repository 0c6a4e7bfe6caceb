// What a provider answers cannot crash anything, and what is taken for an answer is one:
// finite numbers, as many as were asked for.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "providers/openai/embeddings_reply.h"
#include "providers/remote/remote.h"
#include "providers/rerank/rerank_reply.h"
#include "providers/reranking.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// How many texts, how many dimensions, and a reply.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t count = 1 + data[0] % 4;
  const std::uint32_t dimension = data[1] % 4;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (const auto reply = trawl::openai::read_embeddings_reply(body, count, dimension)) {
    require(reply->dimension > 0 && (dimension == 0 || reply->dimension == dimension));
    require(reply->values.size() == count * reply->dimension);
    for (const float value : reply->values) require(std::isfinite(value));
  }
  for (const auto dialect : {trawl::rerank::Dialect::cohere, trawl::rerank::Dialect::tei}) {
    const auto reply = trawl::rerank::read_rerank_reply(body, dialect, count);
    if (!reply) continue;
    require(reply->scores.size() == count);
    for (const double score : reply->scores) require(std::isfinite(score));
  }
  (void)trawl::decode_rerank_answer(body, count);
  (void)trawl::message_of_reply(body);
  return 0;
}
