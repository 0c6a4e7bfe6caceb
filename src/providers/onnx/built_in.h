#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "providers/embedder.h"
#include "providers/models.h"

namespace trawl::onnx {

// Where the models lie (providers/models.h: ModelPlaces), and how they run.
struct BuiltInOptions {
  std::string directory;
  // That run one text at the same time. Several texts at a time, each on the thread that
  // asks, make better use of a processor.
  std::uint32_t threads = 1;
};

// A known model of the directory, ready: its files are those of the table by their digests,
// and it has made a vector of a short text, which also shows that the functions of the
// library are where they are taken to be. Takes some tenths of a second.
//   not_found    there is no known model of this name
//   not_enabled  it is not in the directory, or the library is not or cannot be loaded
//   invalid      a file is not what it should be
Result<std::shared_ptr<const Embedder>> load_embedder(const BuiltInOptions& options,
                                                      std::string_view name);

// The same, loaded when it is first asked for vectors, by whoever asks; another one who
// asks meanwhile waits. What load_embedder() fails with, each call of embed() then gives,
// as `unavailable`.
std::shared_ptr<const Embedder> make_lazy_embedder(BuiltInOptions options,
                                                   const KnownModel& known);

}  // namespace trawl::onnx
