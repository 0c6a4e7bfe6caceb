#include "providers/openai/embedder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/json.h"
#include "providers/openai/embeddings_reply.h"

namespace trawl::openai {
namespace {

// Larger than any model's; bounds a reply whose dimension is not known yet.
constexpr std::size_t kDimensionMax = 16'384;
// Of a number in a reply, however it is written; and of all that is not numbers.
constexpr std::size_t kNumberBytes = 32;
constexpr std::size_t kFrameBytes = 1 << 20;

EmbeddingModel model_of(const EmbedderOptions& options) {
  EmbeddingModel model;
  model.provider = options.remote.name;
  model.name = options.model;
  model.dimension = options.dimension;
  model.normalized = options.normalize;
  model.query_prefix = options.query_prefix;
  model.passage_prefix = options.passage_prefix;
  return model;
}

// False for zeros, which have no direction.
bool normalize(std::span<float> vector) {
  double sum = 0;
  for (const float value : vector) sum += static_cast<double>(value) * value;
  if (!(sum > 0)) return false;
  const double scale = 1 / std::sqrt(sum);
  for (float& value : vector) value = static_cast<float>(value * scale);
  return true;
}

}  // namespace

OpenAiEmbedder::OpenAiEmbedder(EmbedderOptions options, const Clock& clock)
    : options_(std::move(options)),
      remote_(options_.remote, clock),
      model_(model_of(options_)) {}

Result<std::shared_ptr<const OpenAiEmbedder>> OpenAiEmbedder::open(
    EmbedderOptions options, const AskContext& context, const Clock& clock) {
  const std::shared_ptr<OpenAiEmbedder> embedder(
      new OpenAiEmbedder(std::move(options), clock));
  if (embedder->model_.dimension == 0) {
    const std::string word = "dimension";
    TRAWL_ASSIGN(const Embeddings asked,
                 embedder->embed({&word, 1}, EmbeddingTask::as_written, context));
    embedder->model_.dimension = static_cast<std::uint32_t>(asked.values.size());
  }
  return std::shared_ptr<const OpenAiEmbedder>(embedder);
}

Result<Embeddings> OpenAiEmbedder::embed(std::span<const std::string> texts,
                                         EmbeddingTask task,
                                         const AskContext& context) const {
  std::string_view prefix;
  if (task == EmbeddingTask::query) prefix = options_.query_prefix;
  if (task == EmbeddingTask::passage) prefix = options_.passage_prefix;
  Embeddings all;
  const std::size_t batch_max = std::max<std::size_t>(options_.batch_max, 1);
  while (!texts.empty()) {
    const std::size_t count = std::min(texts.size(), batch_max);
    TRAWL_ASSIGN(Embeddings batch, embed_batch(texts.first(count), prefix, context));
    if (all.values.empty()) {
      all.values = std::move(batch.values);
    } else {
      all.values.insert(all.values.end(), batch.values.begin(), batch.values.end());
    }
    all.tokens += batch.tokens;
    texts = texts.subspan(count);
  }
  return all;
}

Result<Embeddings> OpenAiEmbedder::embed_batch(std::span<const std::string> texts,
                                               std::string_view prefix,
                                               const AskContext& context) const {
  std::string body;
  std::size_t text_bytes = 0;
  JsonWriter writer(body);
  writer.begin_object().key("model").string(options_.model).key("input").begin_array();
  for (const std::string& text : texts) {
    std::string sent(prefix);
    sent += cut_text(text, options_.text_bytes_max);
    if (sent.empty()) sent = " ";
    text_bytes += sent.size();
    writer.string(sent);
  }
  writer.end_array().key("encoding_format").string(options_.base64 ? "base64" : "float");
  if (options_.request_dimension && options_.dimension > 0) {
    writer.key("dimensions").unsigned_integer(options_.dimension);
  }
  writer.end_object();

  const std::uint32_t dimension = model_.dimension;
  const std::size_t reply_bytes_max =
      kFrameBytes + texts.size() * kNumberBytes *
                        (dimension > 0 ? std::size_t{dimension} : kDimensionMax);
  TRAWL_ASSIGN(const std::string reply_body,
               remote_.post("/embeddings", std::move(body), reply_bytes_max, context));
  auto reply = read_embeddings_reply(reply_body, texts.size(), dimension);
  remote_.used(reply ? reply->tokens : 0, text_bytes);
  if (!reply) return remote_.wrong_answer(reply.error().message);
  for (std::size_t i = 0; options_.normalize && i < texts.size(); ++i) {
    const auto vector =
        std::span(reply->values).subspan(i * reply->dimension, reply->dimension);
    if (!normalize(vector)) {
      return remote_.wrong_answer(
          fmt::format("vector {} is all zeros, which cannot be normalized", i));
    }
  }
  return Embeddings{std::move(reply->values), reply->tokens};
}

}  // namespace trawl::openai
