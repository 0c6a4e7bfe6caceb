#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trawl {

// The model of a server that names none.
inline constexpr std::string_view kDefaultModel = "all-MiniLM-L6-v2";
// What EmbeddingModel::provider is for the models that run in this process.
inline constexpr std::string_view kBuiltInProvider = "built-in";

// How the vectors of a text's tokens become one.
enum class Pooling { mean, first };

// A model that can be fetched and run here.
struct KnownModel {
  std::string_view name;
  std::string_view summary;   // One line: what it is good for.
  std::string_view licence;   // SPDX, of the weights.
  std::string_view source;    // Where the weights come from, for notices.
  std::string_view artifact;  // Maven: group:name:version.
  std::uint64_t archive_bytes;
  std::string_view archive_sha256;
  std::string_view entry;            // Of the network within the archive,
  std::string_view tokenizer_entry;  // and of its words.
  std::uint64_t model_bytes;
  std::string_view model_sha256;
  std::string_view tokenizer_sha256;
  std::uint32_t dimension;
  Pooling pooling;
  std::uint32_t tokens_max;  // With those that begin and end the text; the rest is cut.
  std::string_view query_prefix;
};

// The table of them, the default first.
std::span<const KnownModel> known_models();
// nullptr where it is not known.
const KnownModel* find_known_model(std::string_view name);
//   not_found  it is not known; the message names those that are
Result<const KnownModel*> known_model(std::string_view name);

// The library that runs them, as it can be fetched for one kind of machine.
struct KnownRuntime {
  std::string_view name;  // "onnxruntime"
  std::string_view version;
  std::string_view architecture;  // As uname calls it.
  std::string_view licence;       // SPDX
  std::string_view platform;      // Of the wheel in the Python package index.
  std::uint64_t archive_bytes;
  std::string_view archive_sha256;
  std::string_view entry;          // Of the library within the wheel,
  std::string_view licence_entry;  // of its licence,
  std::string_view notices_entry;  // and of those of what is in it.
  std::string_view library_name;   // Of its file, as it is stored.
  std::uint64_t library_bytes;
  std::string_view library_sha256;
};

// That for this machine; nullptr where there is none.
const KnownRuntime* known_runtime();

// Where things lie within a directory of models: NAME/model.onnx, NAME/tokenizer.json,
// NAME/source.json, which says where both come from, and onnxruntime/libonnxruntime.so.*.
class ModelPlaces {
 public:
  explicit ModelPlaces(std::string directory) : directory_(std::move(directory)) {}

  const std::string& directory() const { return directory_; }
  std::string folder(const KnownModel& model) const;
  std::string network(const KnownModel& model) const;
  std::string tokenizer(const KnownModel& model) const;
  std::string runtime_folder() const;

  // Whether both files of a model are there; what is in them is not looked at.
  //   not_enabled  one is missing, or has another size; the message has the remedy
  Result<void> check(const KnownModel& model) const;
  // The file of the library: libonnxruntime.so, or what comes last of those with a version.
  //   not_enabled  there is none; the message has the remedy
  Result<std::string> runtime() const;

 private:
  std::string directory_;
};

}  // namespace trawl
