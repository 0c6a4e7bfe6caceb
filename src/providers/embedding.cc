#include "providers/embedding.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/base64.h"
#include "base/json.h"
#include "base/object_reader.h"

namespace trawl {
namespace {

// Values go as they lie in memory.
static_assert(std::endian::native == std::endian::little);

constexpr std::pair<std::string_view, EmbeddingTask> kTasks[] = {
    {"passage", EmbeddingTask::passage},
    {"query", EmbeddingTask::query},
    {"as_written", EmbeddingTask::as_written}};

class EmbeddingProvider final : public Provider {
 public:
  explicit EmbeddingProvider(std::shared_ptr<const Embedder> embedder)
      : embedder_(std::move(embedder)), name_(embedding_key(embedder_->model())) {}

  std::string_view name() const override { return name_; }

  Result<std::string> ask(const std::string& question,
                          const AskContext& context) const override {
    TRAWL_ASSIGN(const json::value asked, parse_json(question));
    const auto* object = asked.if_object();
    if (object == nullptr) return bad_question();
    ObjectReader in(*object, "question");
    const std::vector<std::string> texts = in.strings({"texts"});
    const EmbeddingTask task = in.one_of({"task"}, EmbeddingTask::query,
                                         {{"passage", EmbeddingTask::passage},
                                          {"query", EmbeddingTask::query},
                                          {"as_written", EmbeddingTask::as_written}});
    if (!in.ok()) return bad_question();
    TRAWL_ASSIGN(const Embeddings made, embedder_->embed(texts, task, context));
    const std::uint32_t dimension = embedder_->model().dimension;
    if (made.values.size() != texts.size() * dimension) {
      return make_error(ErrorCode::internal,
                        fmt::format("{} made {} values for {} texts", name_,
                                    made.values.size(), texts.size()));
    }
    json::array vectors;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string_view bytes(
          reinterpret_cast<const char*>(made.values.data() + i * dimension),
          dimension * sizeof(float));
      vectors.emplace_back(base64(bytes));
    }
    return to_json_text(
        json::object{{"vectors", std::move(vectors)}, {"tokens", made.tokens}});
  }

 private:
  static Error bad_question() {
    return make_error(ErrorCode::internal, "the question of an embedding is malformed");
  }

  const std::shared_ptr<const Embedder> embedder_;
  const std::string name_;
};

Error bad_answer(std::string_view what) {
  return make_error(ErrorCode::unavailable,
                    fmt::format("the answer of the embedding model {}", what));
}

}  // namespace

std::string embedding_key(const EmbeddingModel& model) {
  std::string key = "embed:";
  if (!model.provider.empty()) key += model.provider + '/';
  key += model.name;
  if (!model.revision.empty()) key += '@' + model.revision;
  return key;
}

std::shared_ptr<const Provider> embedding_provider(
    std::shared_ptr<const Embedder> embedder) {
  return std::make_shared<EmbeddingProvider>(std::move(embedder));
}

std::string embedding_question(std::span<const std::string> texts, EmbeddingTask task) {
  json::array all;
  for (const std::string& text : texts) all.push_back(text_value(text));
  std::string_view name;
  for (const auto& [word, value] : kTasks) {
    if (value == task) name = word;
  }
  return to_json_text(json::object{{"task", name}, {"texts", std::move(all)}});
}

Result<std::vector<float>> read_embeddings(std::string_view answer, std::size_t count,
                                           std::uint32_t dimension) {
  const auto parsed = parse_json(answer);
  const auto* object = parsed ? parsed->if_object() : nullptr;
  const auto* vectors = object == nullptr ? nullptr : object->if_contains("vectors");
  if (vectors == nullptr || !vectors->is_array()) return bad_answer("has no vectors");
  const json::array& list = vectors->get_array();
  if (list.size() != count) {
    return bad_answer(fmt::format("has {} vectors for {} texts", list.size(), count));
  }
  std::vector<float> out;
  out.reserve(count * dimension);
  for (const json::value& one : list) {
    const auto* text = one.if_string();
    const auto bytes = text == nullptr ? std::nullopt : base64_bytes(view(*text));
    if (!bytes) return bad_answer("has a vector that is no base64");
    if (bytes->size() != dimension * sizeof(float)) {
      return bad_answer(fmt::format("has a vector of {} bytes; {} values take {}",
                                    bytes->size(), dimension, dimension * sizeof(float)));
    }
    const std::size_t at = out.size();
    out.resize(at + dimension);
    std::memcpy(out.data() + at, bytes->data(), bytes->size());
  }
  for (const float value : out) {
    if (!std::isfinite(value)) return bad_answer("has a value that is not finite");
  }
  return out;
}

}  // namespace trawl
