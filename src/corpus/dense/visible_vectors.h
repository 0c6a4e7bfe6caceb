#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "corpus/dense/dense_index.h"
#include "corpus/dense/vector_part.h"

namespace trawl::dense {

// Those of the vectors of some parts that a search looks at; of a row all or none.
class VisibleVectors {
 public:
  // Those in rows that the view sees and allows; its version is not looked at.
  VisibleVectors(std::span<const VectorPart> parts, const VectorView& view);

  std::uint64_t count() const;
  std::uint64_t row_count() const;
  // Of one part, 64 vectors a word, the first in the lowest bit.
  std::span<const std::uint64_t> words(std::size_t part) const { return words_[part]; }

  void clear();
  // Lets the row be seen that one of its vectors is of.
  void add_row(std::size_t part, std::uint32_t vector);

 private:
  const std::span<const VectorPart> parts_;
  std::vector<std::vector<std::uint64_t>> words_;
};

// Calls visit(vectors, count) for the set bits in order: the numbers of kBatch of them, of
// fewer at the end; and before that ahead(vector) for each where bits are far apart.
template <class Ahead, class Visit>
void for_each_batch(std::span<const std::uint64_t> words, Ahead&& ahead, Visit&& visit) {
  constexpr std::size_t kWordsAtOnce = 16;
  std::uint32_t vectors[kWordsAtOnce * 64 + kBatch];
  std::size_t count = 0;
  for (std::size_t w = 0; w < words.size() || count > 0;) {
    bool is_sparse = false;
    while (w < words.size() && count <= (kWordsAtOnce - 1) * 64 + kBatch) {
      const auto first = static_cast<std::uint32_t>(w * 64);
      std::uint64_t word = words[w++];
      if (word == ~std::uint64_t{0}) {
        for (std::uint32_t i = 0; i < 64; ++i) vectors[count + i] = first + i;
        count += 64;
        continue;
      }
      is_sparse = true;
      for (; word != 0; word &= word - 1) {
        vectors[count++] = first + static_cast<std::uint32_t>(std::countr_zero(word));
      }
    }
    const bool is_end = w >= words.size();
    std::size_t done = 0;
    while (count - done >= kBatch || (is_end && done < count)) {
      const std::size_t own = std::min(kBatch, count - done);
      if (is_sparse) {
        const std::size_t next_end = std::min(done + own + kBatch, count);
        for (std::size_t i = done + own; i < next_end; ++i) ahead(vectors[i]);
      }
      visit(vectors + done, own);
      done += own;
    }
    std::copy(vectors + done, vectors + count, vectors);
    count -= done;
  }
}

}  // namespace trawl::dense
