// What people type to find executions by their words. No text is an error, what was
// understood can be said, and a phrase finds itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ledger/text_query.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto query = trawl::TextQuery::parse(text);
  if (query.matches_nothing() || query.matches_everything()) {
    if (query.matches({}) != query.matches_everything()) std::abort();
    return 0;
  }
  if (query.normalized().empty()) std::abort();
  if (!(trawl::TextQuery::parse(text) == query)) std::abort();
  std::vector<std::vector<std::string>> values;
  for (const auto& phrase : query.phrases()) values.push_back(phrase.terms);
  if (!query.matches(values)) std::abort();
  if (query.matches({})) std::abort();
  return 0;
}
