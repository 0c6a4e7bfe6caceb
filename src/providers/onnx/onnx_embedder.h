#pragma once

#include <memory>

#include "base/result.h"
#include "providers/embedder.h"
#include "providers/models.h"
#include "providers/onnx/runtime.h"
#include "text/wordpiece.h"

namespace trawl::onnx {

// Texts are run one by one, so that a call with more of them is not quicker, only longer.
inline constexpr std::size_t kLocalBatchMax = 16;

// What the vectors of a model that runs here are told apart by.
EmbeddingModel embedding_model(const KnownModel& known);

// Makes vectors of length 1 with a network that runs in this process, on the thread that
// asks. Each text is run by itself: an int8 network has one scale for all numbers of a
// step, so that what else is in a batch, and even padding, would change its vector (ADR
// 22).
class OnnxEmbedder final : public Embedder {
 public:
  OnnxEmbedder(const KnownModel& known, WordPiece tokenizer,
               std::unique_ptr<const Session> session);

  const EmbeddingModel& model() const override { return model_; }
  bool is_local() const override { return true; }
  std::size_t batch_max() const override { return kLocalBatchMax; }
  Result<Embeddings> embed(std::span<const std::string> texts, EmbeddingTask task,
                           const AskContext& context) const override;

  // The tokens that the network is given for a text.
  std::vector<std::int64_t> tokens(std::string_view text, EmbeddingTask task) const;

 private:
  const KnownModel& known_;
  const EmbeddingModel model_;
  const WordPiece tokenizer_;
  const std::unique_ptr<const Session> session_;
};

// Appends the one vector of the vectors of the tokens, of length 1; of zeros, zeros.
void append_pooled(const HiddenState& state, Pooling pooling, std::vector<float>& out);

}  // namespace trawl::onnx
