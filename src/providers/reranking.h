#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/provider.h"
#include "providers/reranker.h"

namespace trawl {

// What a reranker is asked and answers, as the bytes of a Provider: JSON, so that a record
// can be read. Equal questions have equal bytes, and scores come back to the last bit.

struct RerankQuestion {
  std::string query;
  std::vector<std::string> texts;
};

// {"query": …, "texts": […]}
std::string encode_rerank_question(const std::string& query,
                                   std::span<const std::string> texts);
//   bad_request, invalid  it is none
Result<RerankQuestion> decode_rerank_question(std::string_view question);

// {"scores": […], "tokens": n}
std::string encode_rerank_answer(const RerankScores& scores);
// `count` is how many texts were asked about. A record may have been changed since it was
// made, so that all of it is checked.
//   bad_request, invalid  it is none, or of another number of texts
Result<RerankScores> decode_rerank_answer(std::string_view answer, std::size_t count);

// A reranker as a provider, whose answers are recorded and given again in a replay: what
// asks it encodes the question and decodes the answer. Thread-safe.
class RerankingProvider final : public Provider {
 public:
  explicit RerankingProvider(std::shared_ptr<const Reranker> reranker)
      : reranker_(std::move(reranker)) {}

  std::string_view name() const override { return reranker_->name(); }
  //   errors of Reranker::rerank() and of decode_rerank_question()
  Result<std::string> ask(const std::string& question,
                          const AskContext& context) const override;

 private:
  const std::shared_ptr<const Reranker> reranker_;
};

}  // namespace trawl
