#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/collection.h"
#include "providers/provider.h"

namespace trawl {

// What a text is embedded for: models may put another prefix before each.
enum class EmbeddingTask { passage, query, as_written };

struct Embeddings {
  // One vector after the other, in the order of the texts; all finite.
  std::vector<float> values;
  std::uint64_t tokens = 0;  // That were read, where that is known.
};

// Makes vectors of texts. Thread-safe.
class Embedder {
 public:
  virtual ~Embedder() = default;

  virtual const EmbeddingModel& model() const = 0;
  // Whether texts stay on this machine, and no call waits for a network.
  virtual bool is_local() const = 0;
  // Most texts that one call should bring.
  virtual std::size_t batch_max() const = 0;
  // Whatever is too long for the model is cut.
  //   timeout, cancelled, unavailable, and what the model says of the texts
  virtual Result<Embeddings> embed(std::span<const std::string> texts, EmbeddingTask task,
                                   const AskContext& context) const = 0;
};

}  // namespace trawl
