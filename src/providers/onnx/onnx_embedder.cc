#include "providers/onnx/onnx_embedder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace trawl::onnx {
namespace {

// So much of a digest tells files apart that nobody made alike on purpose; all of it is
// checked when the file is read.
constexpr std::size_t kRevisionDigits = 12;

Result<void> may_go_on(const AskContext& context, std::size_t done, std::size_t of) {
  switch (context.stop.reason()) {
    case StopReason::none:
      break;
    case StopReason::client_left:
      return make_error(ErrorCode::cancelled, "nobody waits for the vectors any longer");
    case StopReason::server_stopping:
      return make_error(ErrorCode::cancelled, "the server is stopping");
  }
  if (!context.deadline.passed()) return {};
  return make_error(
      ErrorCode::timeout,
      fmt::format("the time was over when {} of {} texts had vectors; give it "
                  "more, or fewer texts",
                  done, of));
}

}  // namespace

EmbeddingModel embedding_model(const KnownModel& known) {
  return {.provider = std::string(kBuiltInProvider),
          .name = std::string(known.name),
          // All that decides on a vector, and could be chosen otherwise.
          .revision = fmt::format("{}-{}-{}", known.model_sha256.substr(0, kRevisionDigits),
                                  known.pooling == Pooling::mean ? "mean" : "first",
                                  known.tokens_max),
          .dimension = known.dimension,
          .normalized = true,
          .query_prefix = std::string(known.query_prefix),
          .passage_prefix = ""};
}

void append_pooled(const HiddenState& state, Pooling pooling, std::vector<float>& out) {
  const std::size_t dimension = state.dimension;
  std::vector<double> sums(dimension, 0);
  const std::size_t rows = pooling == Pooling::mean ? state.tokens : 1;
  for (std::size_t row = 0; row < rows; ++row) {
    const float* values = state.values.data() + row * dimension;
    for (std::size_t i = 0; i < dimension; ++i) sums[i] += static_cast<double>(values[i]);
  }
  // The length takes care of the number of tokens, too.
  double squares = 0;
  for (const double sum : sums) squares += sum * sum;
  const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (const double sum : sums) out.push_back(static_cast<float>(sum * scale));
}

OnnxEmbedder::OnnxEmbedder(const KnownModel& known, WordPiece tokenizer,
                           std::unique_ptr<const Session> session)
    : known_(known),
      model_(embedding_model(known)),
      tokenizer_(std::move(tokenizer)),
      session_(std::move(session)) {}

std::vector<std::int64_t> OnnxEmbedder::tokens(std::string_view text,
                                               EmbeddingTask task) const {
  const std::string& prefix = model_.query_prefix;
  if (task != EmbeddingTask::query || prefix.empty()) {
    return tokenizer_.encode(text, known_.tokens_max);
  }
  std::string prefixed = prefix;
  prefixed += text;
  return tokenizer_.encode(prefixed, known_.tokens_max);
}

Result<Embeddings> OnnxEmbedder::embed(std::span<const std::string> texts,
                                       EmbeddingTask task,
                                       const AskContext& context) const {
  Embeddings embeddings;
  embeddings.values.reserve(texts.size() * known_.dimension);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    TRAWL_TRY(may_go_on(context, i, texts.size()));
    const auto ids = tokens(texts[i], task);
    embeddings.tokens += ids.size();
    TRAWL_ASSIGN(const HiddenState state, session_->run(ids));
    if (state.dimension != known_.dimension) {
      return make_error(ErrorCode::internal,
                        fmt::format("{} gives vectors of {} numbers, not of {}",
                                    known_.name, state.dimension, known_.dimension));
    }
    append_pooled(state, known_.pooling, embeddings.values);
  }
  const bool is_finite = std::all_of(embeddings.values.begin(), embeddings.values.end(),
                                     [](float value) { return std::isfinite(value); });
  if (!is_finite) {
    return make_error(ErrorCode::internal,
                      fmt::format("{} gives numbers that are not finite", known_.name));
  }
  return embeddings;
}

}  // namespace trawl::onnx
