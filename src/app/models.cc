#include "app/models.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/hash.h"
#include "providers/models.h"
#include "providers/onnx/built_in.h"
#include "text/wordpiece.h"

namespace trawl::app {
namespace {

// Empty where the file is what it should be.
std::string problem_of(const std::string& file, std::string_view sha256) {
  const auto bytes = read_file(file);
  if (!bytes) return bytes.error().message;
  if (sha256_hex(*bytes) == sha256) return {};
  return fmt::format("{} is not the file that is known, by its SHA-256", file);
}

ModelState state_of(const ModelPlaces& places, const KnownModel& known) {
  ModelState state;
  state.kind = ModelState::Kind::model;
  state.name = known.name;
  state.summary = known.summary;
  state.licence = known.licence;
  state.source = known.source;
  state.artifact = known.artifact;
  state.download_bytes = known.archive_bytes;
  state.bytes = known.model_bytes;
  state.sha256 = known.model_sha256;
  state.dimension = known.dimension;
  state.tokens_max = known.tokens_max;
  std::error_code ignored;
  if (!std::filesystem::exists(places.folder(known), ignored)) return state;
  state.problem = problem_of(places.network(known), known.model_sha256);
  if (state.problem.empty()) {
    state.problem = problem_of(places.tokenizer(known), known.tokenizer_sha256);
  }
  state.state =
      state.problem.empty() ? ModelState::State::fetched : ModelState::State::damaged;
  return state;
}

}  // namespace

std::string models_directory(const Config& config) {
  return config.models_directory.empty() ? config.data_dir + "/models"
                                         : config.models_directory;
}

void add_built_in_models(const Config& config, Embedders& embedders) {
  const onnx::BuiltInOptions options{.directory = models_directory(config),
                                     .threads = config.model_threads};
  const ModelPlaces places(options.directory);
  embedders.set_default(config.default_model == kNoModel ? std::string()
                                                         : config.default_model);
  if (!places.runtime()) return;
  for (const KnownModel& known : known_models()) {
    if (!places.check(known)) continue;
    embedders.add(onnx::make_lazy_embedder(options, known));
  }
}

ModelState state_of_runtime(const ModelPlaces& places, const KnownRuntime& known) {
  ModelState state;
  state.kind = ModelState::Kind::runtime;
  state.name = known.name;
  state.version = known.version;
  state.summary = "runs the models";
  state.licence = known.licence;
  state.source = "https://onnxruntime.ai";
  state.artifact = fmt::format("{}=={}", known.name, known.version);
  state.download_bytes = known.archive_bytes;
  state.bytes = known.library_bytes;
  state.sha256 = known.library_sha256;
  const auto file = places.runtime();
  if (!file) return state;
  // Another version may do as well, as that of a distribution.
  state.problem =
      std::filesystem::path(*file).filename() == std::filesystem::path(known.library_name)
          ? problem_of(*file, known.library_sha256)
          : std::string();
  state.state =
      state.problem.empty() ? ModelState::State::fetched : ModelState::State::damaged;
  return state;
}

std::vector<ModelState> list_models(const std::string& directory) {
  const ModelPlaces places(directory);
  std::vector<ModelState> states;
  for (const KnownModel& known : known_models()) states.push_back(state_of(places, known));
  if (const KnownRuntime* runtime = known_runtime()) {
    states.push_back(state_of_runtime(places, *runtime));
  }
  return states;
}

Result<std::shared_ptr<const Embedder>> load_model(const std::string& directory,
                                                   std::string_view name,
                                                   std::uint32_t threads) {
  return onnx::load_embedder({.directory = directory, .threads = threads}, name);
}

Result<Tokenize> load_tokenizer(const std::string& directory, std::string_view name) {
  TRAWL_ASSIGN(const KnownModel* known, known_model(name));
  const ModelPlaces places(directory);
  TRAWL_TRY(places.check(*known));
  TRAWL_ASSIGN(const std::string file, read_file(places.tokenizer(*known)));
  TRAWL_ASSIGN(WordPiece tokenizer, WordPiece::parse(file));
  auto shared = std::make_shared<const WordPiece>(std::move(tokenizer));
  return Tokenize([shared, known](std::string_view text) {
    return shared->encode(text, known->tokens_max);
  });
}

}  // namespace trawl::app
