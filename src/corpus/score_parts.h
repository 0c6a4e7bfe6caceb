#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace trawl {

// What a field of a document has of what a term adds to its score. A term adds less and
// less the more often it occurs, in whichever field, so that a field adds nothing by
// itself: its share is as its share of the occurrences.
struct FieldShare {
  std::string path;         // As the feature names it, or a field at the top level.
  std::uint32_t boost = 1;  // The term counts so many times where it occurs here.
  std::uint64_t occurrences = 0;
  double score = 0;
};

// What one term of a query adds to the score of a document.
struct TermScore {
  std::string term;                // As it is indexed: folded, stemmed.
  std::uint32_t query_count = 0;   // How often the query has it.
  std::uint64_t documents = 0;     // That have it, of this version.
  double idf = 0;                  // 0 where none has it, as all that follows.
  double weight = 0;               // query_count * idf * (k1 + 1)
  double tf = 0;                   // Occurrences in the document, by their boosts.
  double score = 0;                // weight * tf / (tf + norm)
  std::vector<FieldShare> fields;  // Those in which it occurs, in the order of the feature.
};

// The score of a document by BM25, taken apart. All is of the version, whatever a selection
// lets through. The scores of the terms, added in their order as doubles and rounded to
// float at the end, are the score of a search to the last bit; so are the shares of the
// fields, added in their order, that of their term.
struct ScoreParts {
  double k1 = 0;
  double b = 0;
  std::uint64_t documents = 0;
  double average_length = 0;  // In terms, by their boosts.
  double length = 0;          // Of this document, likewise.
  double norm = 0;            // k1 * (1 - b) + k1 * b / average_length * length
  std::vector<TermScore> terms;
  double sum = 0;   // Of the terms.
  float score = 0;  // As a search gives it; 0: no search finds it.
};

// Divides what the term adds among its fields, by what they have of tf: occurrences times
// boost. The last one gets what is left, so that they add up.
void share_among_fields(TermScore& term);

}  // namespace trawl
