#include "providers/onnx/built_in.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "providers/onnx/onnx_embedder.h"

namespace trawl::onnx {
namespace {

// How far the length of a vector may be from 1, and how much two runs may differ: not at
// all, but for rounding.
constexpr double kLengthTolerance = 1e-5;

Result<std::string> read_checked(const std::string& file, std::string_view sha256,
                                 std::string_view model) {
  TRAWL_ASSIGN(std::string bytes, read_file(file));
  const std::string found = sha256_hex(bytes);
  if (found == sha256) return bytes;
  return make_error(
      ErrorCode::invalid,
      fmt::format("{} is not the file of {} that is known here: its SHA-256 begins with "
                  "{}, not with {}; `trawl models fetch --force {}` fetches it again",
                  file, model, found.substr(0, 12), sha256.substr(0, 12), model));
}

// The smoke run: a wrong slot, or another library's idea of the network, is found here, and
// not in a user's answers.
Result<void> try_out(const OnnxEmbedder& embedder) {
  const std::string texts[] = {"a short text", "a short text"};
  TRAWL_ASSIGN(const Embeddings made,
               embedder.embed(texts, EmbeddingTask::passage, AskContext()));
  const std::size_t dimension = embedder.model().dimension;
  double squares = 0;
  bool is_same = made.values.size() == 2 * dimension;
  for (std::size_t i = 0; is_same && i < dimension; ++i) {
    squares += static_cast<double>(made.values[i]) * static_cast<double>(made.values[i]);
    is_same = made.values[i] == made.values[dimension + i];
  }
  if (is_same && std::abs(std::sqrt(squares) - 1) < kLengthTolerance) return {};
  return make_error(
      ErrorCode::not_enabled,
      fmt::format("the trial run of {} gave {} numbers of length {}, where twice the same "
                  "{} of length 1 were due; its ONNX Runtime does not fit",
                  embedder.model().name, made.values.size(), std::sqrt(squares),
                  dimension));
}

Result<std::shared_ptr<const Embedder>> load(const BuiltInOptions& options,
                                             const KnownModel& known) {
  const ModelPlaces places(options.directory);
  TRAWL_TRY(places.check(known));
  TRAWL_ASSIGN(const std::string library, places.runtime());
  TRAWL_ASSIGN(const auto runtime, Runtime::load(library));
  TRAWL_ASSIGN(const std::string tokenizer_json,
               read_checked(places.tokenizer(known), known.tokenizer_sha256, known.name));
  TRAWL_ASSIGN(WordPiece tokenizer, WordPiece::parse(tokenizer_json));
  // The session is made of the bytes that were checked, whatever the file is by then.
  TRAWL_ASSIGN(const std::string network,
               read_checked(places.network(known), known.model_sha256, known.name));
  TRAWL_ASSIGN(auto session, runtime->open(network, options.threads));
  auto embedder =
      std::make_shared<OnnxEmbedder>(known, std::move(tokenizer), std::move(session));
  TRAWL_TRY(try_out(*embedder));
  return std::shared_ptr<const Embedder>(std::move(embedder));
}

class LazyEmbedder final : public Embedder {
 public:
  LazyEmbedder(BuiltInOptions options, const KnownModel& known)
      : options_(std::move(options)), known_(known), model_(embedding_model(known)) {}

  const EmbeddingModel& model() const override { return model_; }
  bool is_local() const override { return true; }
  std::size_t batch_max() const override { return kLocalBatchMax; }
  Result<Embeddings> embed(std::span<const std::string> texts, EmbeddingTask task,
                           const AskContext& context) const override {
    TRAWL_ASSIGN(const auto embedder, loaded());
    return embedder->embed(texts, task, context);
  }

 private:
  Result<std::shared_ptr<const Embedder>> loaded() const {
    const MutexLock lock(mutex_);
    if (!loaded_) {
      const TimeUs start = monotonic_us();
      loaded_.emplace(load(options_, known_));
      if (*loaded_) {
        spdlog::info("the embedding model {} is loaded, in {} ms", known_.name,
                     (monotonic_us() - start) / 1000);
      } else {
        spdlog::error("the embedding model {} cannot be loaded: {} ({})", known_.name,
                      loaded_->error().message, loaded_->error().detail);
      }
    }
    if (*loaded_) return **loaded_;
    Error error = loaded_->error();
    error.code = ErrorCode::unavailable;
    return error;
  }

  const BuiltInOptions options_;
  const KnownModel& known_;  // Of the table, which is there for good.
  const EmbeddingModel model_;
  mutable Mutex mutex_;
  mutable std::optional<Result<std::shared_ptr<const Embedder>>> loaded_
      TRAWL_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::shared_ptr<const Embedder>> load_embedder(const BuiltInOptions& options,
                                                      std::string_view name) {
  TRAWL_ASSIGN(const KnownModel* known, known_model(name));
  return load(options, *known);
}

std::shared_ptr<const Embedder> make_lazy_embedder(BuiltInOptions options,
                                                   const KnownModel& known) {
  return std::make_shared<LazyEmbedder>(std::move(options), known);
}

}  // namespace trawl::onnx
