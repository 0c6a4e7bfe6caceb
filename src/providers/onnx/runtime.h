#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trawl::onnx {

// What a network says of one text: a vector for each token, one after the other.
struct HiddenState {
  std::vector<float> values;
  std::size_t tokens = 0;
  std::size_t dimension = 0;
};

// A network of the BERT family, ready to run. Thread-safe: several threads may run it at
// the same time, each with memory of its own.
class Session {
 public:
  virtual ~Session() = default;

  // Runs one text of one token or more. With the default of one thread, on the caller's.
  //   internal  the network does not take this, or gives something else
  virtual Result<HiddenState> run(std::span<const std::int64_t> tokens) const = 0;
};

// ONNX Runtime, loaded while the program runs, so that the program runs where it is not. Of
// its C interface only the functions that are used here are declared. Thread-safe.
class Runtime {
 public:
  // Loads the library of this file. It stays loaded until the process ends: it has state
  // that does not end before.
  //   not_enabled  it cannot be loaded, or is no ONNX Runtime that is new enough
  static Result<std::shared_ptr<const Runtime>> load(const std::string& file);
  virtual ~Runtime() = default;

  virtual const std::string& version() const = 0;  // "1.32.0"
  // The network in the bytes of an .onnx file, which are not needed afterwards. `threads`
  // run a part of it at the same time, 1 or more.
  //   invalid  this is no network that can be run
  virtual Result<std::unique_ptr<const Session>> open(std::string_view model,
                                                      std::uint32_t threads) const = 0;
};

}  // namespace trawl::onnx
