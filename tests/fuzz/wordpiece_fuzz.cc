#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/wordpiece.h"

namespace {

// A small vocabulary with letters of several scripts, and all that a tokenizer does to a
// text.
constexpr std::string_view kTokenizer = R"({
  "added_tokens": [{"id": 4, "content": "[MASK]"}],
  "normalizer": {"type": "BertNormalizer"},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "TemplateProcessing", "single": [
    {"SpecialToken": {"id": "[CLS]"}}, {"Sequence": {"id": "A"}},
    {"SpecialToken": {"id": "[SEP]"}}]},
  "model": {"type": "WordPiece", "max_input_chars_per_word": 12, "vocab": {
    "[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "##a": 5, "ab": 6, "##bc": 7, "e": 8,
    "##e": 9, ",": 10, "中": 11, "ᄀ": 12, "##ᅡ": 13, "и": 14, "[": 15, "i": 16}}})";

}  // namespace

// Any bytes give tokens of the vocabulary, no more than were asked for, and the same each
// time. The first byte says how many.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto tokenizer = trawl::WordPiece::parse(kTokenizer).value();
  if (size == 0) return 0;
  const std::size_t most = std::size_t{2} + data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto tokens = tokenizer.encode(text, most);
  if (tokens.size() < 2 || tokens.size() > most) std::abort();
  if (tokens.front() != 1 || tokens.back() != 2) std::abort();
  for (const auto token : tokens) {
    if (token < 0 || token >= static_cast<std::int64_t>(tokenizer.vocabulary_size())) {
      std::abort();
    }
  }
  if (tokens != tokenizer.encode(text, most)) std::abort();
  return 0;
}
