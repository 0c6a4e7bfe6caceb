#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corpus/lexical/lexical_index.h"
#include "corpus/lexical/segment.h"
#include "text/analyzer.h"

namespace trawl::lexical {

// Turns rows of text into the bytes of one segment, without a checksum. Not thread-safe.
class Inverter {
 public:
  // The first row to come. The analyzer outlives the inverter.
  Inverter(Analyzer& analyzer, std::uint32_t first_row);

  // The row that follows the last.
  void add(const std::vector<WeightedText>& texts);

  //   storage  the segment would exceed what its format can address
  Result<std::string> finish(const SegmentOrigin& origin);

 private:
  struct Term {
    std::uint64_t hash;
    std::uint64_t order;  // Of its beginning.
    std::uint32_t text_offset;
    std::uint32_t text_size;
    std::uint32_t row;   // The last one that has the term,
    std::uint32_t slot;  // and where in postings_ it is counted.
    std::uint32_t count;
  };
  struct Posting {
    std::uint32_t term;
    std::uint32_t row;
    std::uint32_t tf;
  };

  std::uint32_t term_id(std::string_view text);
  void count(std::string_view text, std::uint64_t times);
  void grow();
  std::string_view text_of(const Term& term) const {
    return std::string_view(text_).substr(term.text_offset, term.text_size);
  }

  Analyzer& analyzer_;
  std::uint32_t first_row_;
  std::uint32_t row_;
  std::string text_;  // Of all terms, end to end.
  std::vector<Term> terms_;
  std::vector<std::uint32_t> table_;  // Open addressing: 1 + the term's place, or 0.
  std::vector<Posting> postings_;
  std::vector<std::uint32_t> lengths_;
  std::vector<std::string_view> views_;  // Of the texts of a row.
};

}  // namespace trawl::lexical
