#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/wordpiece.h"

// Any file is a tokenizer that gives tokens within its vocabulary, or an error with a
// message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tokenizer =
      trawl::WordPiece::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!tokenizer) {
    if (tokenizer.error().message.empty()) std::abort();
    return 0;
  }
  for (const auto token : tokenizer->encode("A b,c \u4E2D [MASK] \xFF caf\u00E9", 64)) {
    if (token < 0 || token >= static_cast<std::int64_t>(tokenizer->vocabulary_size())) {
      std::abort();
    }
  }
  return 0;
}
