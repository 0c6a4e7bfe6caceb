#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "model/collection.h"
#include "providers/embedder.h"
#include "providers/remote/remote.h"

namespace trawl::openai {

struct EmbedderOptions {
  RemoteOptions remote;
  std::string model;
  std::uint32_t dimension = 0;  // 0: open() asks for it.
  // Asks for that dimension, of a model that can be shortened to it; others refuse it.
  bool request_dimension = false;
  std::string query_prefix;
  std::string passage_prefix;
  std::size_t batch_max = 64;           // Texts of one call.
  bool base64 = true;                   // Asked for; what is answered may be either.
  bool normalize = true;                // Makes the length of each vector 1.
  std::size_t text_bytes_max = 24'000;  // What is longer is cut.
};

// Makes vectors with POST URL/embeddings, as OpenAI, vLLM, TEI, Ollama and others answer it
// (platform.openai.com/docs/api-reference/embeddings). Thread-safe.
class OpenAiEmbedder final : public Embedder {
 public:
  // Where the dimension is not set, asks for it with a vector of one word; waits for that.
  // The clock, of the daily ceilings, must outlive it.
  //   errors of embed()
  static Result<std::shared_ptr<const OpenAiEmbedder>> open(
      EmbedderOptions options, const AskContext& context,
      const Clock& clock = system_clock());

  const EmbeddingModel& model() const override { return model_; }
  bool is_local() const override { return false; }
  std::size_t batch_max() const override { return options_.batch_max; }
  // More texts than a batch are asked for in several calls, one after the other. An empty
  // text, which servers refuse, is sent as a space.
  //   also  too_many_requests  a daily ceiling is reached
  //         invalid            the provider refuses the texts
  Result<Embeddings> embed(std::span<const std::string> texts, EmbeddingTask task,
                           const AskContext& context) const override;

 private:
  OpenAiEmbedder(EmbedderOptions options, const Clock& clock);

  Result<Embeddings> embed_batch(std::span<const std::string> texts,
                                 std::string_view prefix, const AskContext& context) const;

  const EmbedderOptions options_;
  const Remote remote_;
  EmbeddingModel model_;
};

}  // namespace trawl::openai
