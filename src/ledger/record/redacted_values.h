#pragma once

#include <bitset>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace trawl {

// A part of a text that has to go, and what stands there instead.
struct TextCut {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string replacement;
};

// Makes the cuts, given in any order. Where cuts with different replacements overlap, "***"
// replaces all that they cover. False when there are none.
bool apply_cuts(std::string& text, std::vector<TextCut>& cuts);

// Texts that may not be recorded, and a search for them in the texts that may quote them.
// Add all, then seal, then search; not thread-safe before it is sealed.
class RedactedValues {
 public:
  // Shorter ones stand in too many places by chance.
  static constexpr std::size_t kValueBytesMin = 4;

  // Beside the value itself, the ways in which a text quotes it: on one line, as JSON, in
  // a URL, in HTML and in base64. Values shorter than kValueBytesMin are passed over.
  void add(std::string_view value, std::string_view replacement);
  void seal();

  bool empty() const { return pieces_.empty(); }
  // There are more than can be looked for; what may quote them must go as a whole.
  bool overflowed() const { return overflowed_; }

  // Adds a cut wherever one of the values stands in the text, whole, or its beginning
  // followed by an ellipsis; the case of ASCII letters does not count. Takes O(text) where
  // values have different beginnings.
  void find_in(std::string_view quoting, std::vector<TextCut>& cuts) const;

 private:
  // A value, or one of the pieces of a long one, so a comparison costs little
  // whatever a client sends.
  struct Piece {
    std::string text;  // In lower case.
    std::string replacement;
  };
  static constexpr std::size_t kPieceBytesMax = 256;
  static constexpr std::size_t kPiecesMax = 16'384;

  void add_pieces(std::string_view value, std::string_view replacement);

  struct Added {
    std::string text;  // As it was added.
    std::string replacement;
  };
  std::unordered_map<std::string, Added> added_;  // By their text in lower case.
  std::vector<Piece> pieces_;                     // Sorted by text.
  std::bitset<65'536> beginnings_;                // Hashes of the first four bytes of each.
  bool overflowed_ = false;
};

}  // namespace trawl
