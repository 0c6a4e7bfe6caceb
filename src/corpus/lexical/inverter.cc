#include "corpus/lexical/inverter.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/hash.h"
#include "corpus/lexical/segment_writer.h"

namespace trawl::lexical {
namespace {

constexpr std::size_t kTableSizeMin = 256;  // A power of two.

// Differs from process to process, so no text can be made to collide in the table.
std::uint64_t hash_seed() {
  static const std::uint64_t seed = load<std::uint64_t>(random_bytes(8).data()) | 1;
  return seed;
}

std::uint64_t mix(std::uint64_t a) {
  a ^= a >> 32;
  a *= 0x9E3779B97F4A7C15u;
  return a ^ (a >> 29);
}

// `order` is that of its beginning.
std::uint64_t hash_term(std::string_view term, std::uint64_t order, std::uint64_t seed) {
  std::uint64_t hash = seed ^ (term.size() * 0xD6E8FEB86659FD93u) ^ order;
  while (term.size() > 8) {
    term.remove_prefix(8);
    hash = mix(hash) * seed ^ first_eight(term);
  }
  return mix(mix(hash) * seed);
}

std::uint32_t saturated(std::uint64_t number) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(number, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

Inverter::Inverter(Analyzer& analyzer, std::uint32_t first_row)
    : analyzer_(analyzer), first_row_(first_row), row_(first_row), table_(kTableSizeMin) {}

void Inverter::add(const std::vector<WeightedText>& texts) {
  std::uint64_t length = 0;
  views_.clear();
  for (const auto& [text, weight] : texts)
    views_.push_back(weight == 0 ? std::string_view() : text);
  const auto languages = analyzer_.analyze_document(
      views_, [&](std::size_t text, std::string_view term, std::uint32_t times) {
        const std::uint64_t weight = std::uint64_t{texts[text].weight} * times;
        length += weight;
        count(term, weight);
      });
  // They are no words, and do not make the row longer.
  if (!languages.empty()) count(kLanguageMark, 1);
  for (const std::string_view language : languages) count(language_mark(language), 1);
  lengths_.push_back(saturated(length));
  ++row_;
}

void Inverter::count(std::string_view text, std::uint64_t times) {
  const std::uint32_t id = term_id(text);
  Term& term = terms_[id];
  if (term.count > 0 && term.row == row_) {
    auto& tf = postings_[term.slot].tf;
    tf = saturated(tf + times);
    return;
  }
  term.row = row_;
  term.slot = static_cast<std::uint32_t>(postings_.size());
  ++term.count;
  postings_.push_back({id, row_, saturated(times)});
}

std::uint32_t Inverter::term_id(std::string_view text) {
  const std::uint64_t order = order_of_beginning(text);
  const std::uint64_t hash = hash_term(text, order, hash_seed());
  const std::size_t mask = table_.size() - 1;
  std::size_t at = hash & mask;
  while (table_[at] != 0) {
    const Term& term = terms_[table_[at] - 1];
    if (term.hash == hash && term.text_size == text.size() && term.order == order &&
        (text.size() <= 8 || text_of(term) == text)) {
      return table_[at] - 1;
    }
    at = (at + 1) & mask;
  }
  const auto id = static_cast<std::uint32_t>(terms_.size());
  table_[at] = id + 1;
  terms_.push_back({hash, order, static_cast<std::uint32_t>(text_.size()),
                    static_cast<std::uint32_t>(text.size()), 0, 0, 0});
  text_.append(text);
  if (terms_.size() * 2 > table_.size()) grow();
  return id;
}

void Inverter::grow() {
  std::vector<std::uint32_t> larger(table_.size() * 2);
  const std::size_t mask = larger.size() - 1;
  for (std::uint32_t id = 0; id < terms_.size(); ++id) {
    std::size_t at = terms_[id].hash & mask;
    while (larger[at] != 0) at = (at + 1) & mask;
    larger[at] = id + 1;
  }
  table_ = std::move(larger);
}

Result<std::string> Inverter::finish(const SegmentOrigin& origin) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
  order.reserve(terms_.size());
  for (std::uint32_t id = 0; id < terms_.size(); ++id)
    order.emplace_back(terms_[id].order, id);
  std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first
                              : text_of(terms_[a.second]) < text_of(terms_[b.second]);
  });
  // Postings came by row; a counting sort by term keeps the rows of each in order.
  std::vector<std::size_t> begins(terms_.size());
  std::size_t total = 0;
  for (const auto& [beginning, id] : order) {
    begins[id] = total;
    total += terms_[id].count;
  }
  struct RowTf {
    std::uint32_t row;
    std::uint32_t tf;
  };
  std::vector<RowTf> sorted(total);
  std::vector<std::size_t> next = begins;
  for (const auto& posting : postings_) {
    sorted[next[posting.term]++] = {posting.row, posting.tf};
  }

  StringSink sink;
  // Most postings take less than two bytes.
  sink.reserve(lengths_.size() * sizeof(std::uint32_t) + text_.size() + total * 2 +
               terms_.size() * (sizeof(TermEntry) + sizeof(BlockHeader) + 2) +
               sizeof(SegmentFooter) + 64);
  SegmentWriter writer(sink, origin, first_row_, lengths_, kSegmentMagic, Checksum::none);
  for (const auto& [beginning, id] : order) {
    writer.begin_term(text_of(terms_[id]));
    for (std::size_t i = begins[id]; i < next[id]; ++i)
      writer.add(sorted[i].row, sorted[i].tf);
    TRAWL_TRY(writer.end_term());
  }
  TRAWL_TRY(writer.finish());
  return sink.take();
}

}  // namespace trawl::lexical
