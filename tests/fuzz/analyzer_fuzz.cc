#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "text/analyzer.h"

// Any bytes give short, valid terms, and the same ones each time, with and without a
// stemmer. The first byte chooses the language.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::string_view kLanguages[] = {"",       "english", "german", "french",
                                                    "arabic", "turkish", "russian"};
  if (size == 0) return 0;
  const auto language = kLanguages[data[0] % std::size(kLanguages)];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto analyzer = trawl::Analyzer::make(language).value();
  const auto terms = analyzer.terms(text);
  if (terms != analyzer.terms(text)) std::abort();
  if (terms != trawl::Analyzer::make(language).value().terms(text)) std::abort();
  for (const auto& term : terms) {
    if (term.empty() || term.size() > trawl::kTermBytesMax) std::abort();
    if (!trawl::is_valid_utf8(term)) std::abort();
  }
  return 0;
}
