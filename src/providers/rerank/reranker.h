#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "providers/remote/remote.h"
#include "providers/rerank/rerank_reply.h"
#include "providers/reranker.h"

namespace trawl::rerank {

struct RerankerOptions {
  RemoteOptions remote;
  std::string model;  // Of the cohere dialect; TEI has one model.
  Dialect dialect = Dialect::cohere;
  // Texts of one call; more are asked about in several, one after the other. Each text is
  // scored for itself by most models, so that this changes no score of theirs.
  std::size_t batch_max = 1'000;
  std::size_t text_bytes_max = 24'000;  // What is longer is cut.
};

// Asks with POST URL/rerank, as Cohere, Jina, vLLM and TEI answer it. Thread-safe.
class RemoteReranker final : public Reranker {
 public:
  explicit RemoteReranker(RerankerOptions options, const Clock& clock = system_clock());

  // "NAME:MODEL", or the name alone where no model is set.
  std::string_view name() const override { return name_; }
  bool is_local() const override { return false; }
  //   also  too_many_requests  a daily ceiling is reached
  //         invalid            the provider refuses the texts
  Result<RerankScores> rerank(const std::string& query, std::span<const std::string> texts,
                              const AskContext& context) const override;

 private:
  Result<RerankScores> rerank_batch(std::string_view query,
                                    std::span<const std::string> texts,
                                    const AskContext& context) const;

  const RerankerOptions options_;
  const std::string name_;
  const Remote remote_;
};

}  // namespace trawl::rerank
