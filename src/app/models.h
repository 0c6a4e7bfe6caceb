#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "providers/embedder.h"
#include "providers/embedders.h"

namespace trawl::app {

// Where a server with this configuration has its models.
std::string models_directory(const Config& config);

// Adds the models that the directory has, each loaded when it is first used, and the name
// of the default. Quick: only names and sizes of files are looked at.
void add_built_in_models(const Config& config, Embedders& embedders);

// A model, or the library that runs them, as it is in a directory.
struct ModelState {
  enum class Kind { model, runtime };
  enum class State { fetched, missing, damaged };

  Kind kind = Kind::model;
  State state = State::missing;
  std::string name;
  std::string version;  // Of the library.
  std::string summary;
  std::string licence;
  std::string source;
  std::string artifact;  // What it is fetched by.
  std::uint64_t download_bytes = 0;
  std::uint64_t bytes = 0;
  std::string sha256;  // Of the network or the library.
  std::uint32_t dimension = 0;
  std::uint32_t tokens_max = 0;
  std::string problem;  // What is damaged.
};

// All that are known, the library last; their files are read, for their digests.
std::vector<ModelState> list_models(const std::string& directory);

struct FetchRequest {
  std::string directory;
  std::vector<std::string> names;  // Of models; the library comes with them.
  // Where archives are taken from instead of the installed clients of their registries: a
  // folder with them, or a directory of models, or the URL of such a folder.
  std::string from;
  bool force = false;  // Also what is there.
};

// Called now and then with what is being done, and how long it has taken.
using FetchProgress = std::function<void(std::string_view doing)>;
// Called before something is fetched.
using FetchNotice = std::function<void(const ModelState& part)>;

struct FetchedPart {
  std::string name;
  bool was_there = false;
  std::uint64_t download_bytes = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
};

// Fetches models and the library into the directory, each as a whole or not at all: it is
// checked against its digest, unpacked beside its place and then moved there.
//   not_found    a model is not known; --from has no such archive
//   invalid      what came is not what is known, by its digest
//   unavailable  the client is not installed, failed, or took too long; the message says
//                what can be done
//   storage      the directory cannot be written
Result<std::vector<FetchedPart>> fetch_models(const FetchRequest& request,
                                              const FetchNotice& notice,
                                              const FetchProgress& progress);

// Loads a model, for commands that try it.
Result<std::shared_ptr<const Embedder>> load_model(const std::string& directory,
                                                   std::string_view name,
                                                   std::uint32_t threads);

// The tokens that a model is given for a text.
//   as load_model(), but the library and the network are not needed
using Tokenize = std::function<std::vector<std::int64_t>(std::string_view text)>;
Result<Tokenize> load_tokenizer(const std::string& directory, std::string_view name);

}  // namespace trawl::app
