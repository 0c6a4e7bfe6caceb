#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "text/analyzer.h"

// Any bytes give short, valid terms, and the same ones each time, with and without a
// stemmer, and to a document as to a query. The first byte chooses the language.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::string_view kLanguages[] = {
      "", "english", "german", "french", "arabic", "turkish", "russian", "auto"};
  if (size == 0) return 0;
  const auto language = kLanguages[data[0] % std::size(kLanguages)];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto analyzer = trawl::Analyzer::make(language).value();
  std::vector<std::string> stored;
  analyzer.analyze_document(std::span(&text, 1),
                            [&](std::size_t, std::string_view term, std::uint32_t times) {
                              if (times < 1 || times > 2) std::abort();
                              stored.emplace_back(term);
                            });
  // By the language that was found.
  const auto terms = analyzer.terms(text);
  if (terms != analyzer.terms(text)) std::abort();
  if (terms != stored) std::abort();
  auto another = trawl::Analyzer::make(language).value();
  another.analyze_document(std::span(&text, 1),
                           [](std::size_t, std::string_view, std::uint32_t) {});
  if (terms != another.terms(text)) std::abort();
  for (const auto& term : terms) {
    if (term.empty() || term.size() > trawl::kTermBytesMax) std::abort();
    if (!trawl::is_valid_utf8(term)) std::abort();
  }
  return 0;
}
