#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "providers/provider.h"

namespace trawl {

struct RerankScores {
  std::vector<double> scores;  // One for each text, in their order; finite.
  std::uint64_t tokens = 0;    // That were read, where that is known.
};

// Says how well texts answer a query. Thread-safe.
class Reranker {
 public:
  virtual ~Reranker() = default;

  // Names it in records, with its model: equal names give scores that can be compared.
  virtual std::string_view name() const = 0;
  virtual bool is_local() const = 0;
  //   timeout, cancelled, unavailable, and what the model says of the texts
  virtual Result<RerankScores> rerank(const std::string& query,
                                      std::span<const std::string> texts,
                                      const AskContext& context) const = 0;
};

}  // namespace trawl
