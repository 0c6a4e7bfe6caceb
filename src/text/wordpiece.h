#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trawl {

// Splits texts into the tokens that a model of the BERT family reads: words into the
// longest pieces that its vocabulary has, from the left (Schuster and Nakajima 2012; Devlin
// et al. 2018). The same tokens as those of the library `tokenizers` of Hugging Face for a
// tokenizer.json with BertNormalizer, BertPreTokenizer, WordPiece and one token before and
// one behind the text; what the file says of cutting and padding is not followed.
//
// Immutable, and so thread-safe.
class WordPiece {
 public:
  //   invalid  not such a file; the message says what is missing or not known here
  static Result<WordPiece> parse(std::string_view tokenizer_json);
  WordPiece(WordPiece&&) noexcept;
  WordPiece& operator=(WordPiece&&) noexcept;
  ~WordPiece();

  // The tokens of a text between those that begin and end it, at most `tokens_max` (2 or
  // more) with these; the rest of a long text is not looked at. Any bytes will do: what is
  // not UTF-8 counts as U+FFFD.
  std::vector<std::int64_t> encode(std::string_view text, std::size_t tokens_max) const;

  std::size_t vocabulary_size() const;  // 1 + the greatest token.

 private:
  struct Rules;
  class Reader;
  explicit WordPiece(std::unique_ptr<const Rules> rules);

  std::unique_ptr<const Rules> rules_;
};

}  // namespace trawl
