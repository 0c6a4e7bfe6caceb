#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "pipeline/candidate_list.h"

namespace trawl {

struct FacetField {
  std::string key;           // Dotted path.
  std::uint32_t limit = 10;  // Values listed, 1..1000.
};

// Different values of one facet that are counted; later ones are left out.
inline constexpr std::size_t kFacetValuesMax = 100'000;

// Counts the values of fields over documents. An array, or a path that passes through one,
// counts once for each of its different items; objects, nulls and missing fields do not
// count. Counts its work (base/work_limit.h). Not thread-safe.
class FacetCounter {
 public:
  explicit FacetCounter(std::vector<FacetField> fields);

  // What it reads of documents.
  FieldSet fields_read() const;
  void add(const CandidateList& candidates, std::size_t place);
  // {key: [{value, count}]}, most frequent first, equal counts by value: false, true,
  // numbers, strings by their bytes.
  json::object result() const;
  // The facets of which nothing was counted.
  std::vector<std::string> uncounted() const;
  // The facets that had more than kFacetValuesMax values.
  std::vector<std::string> cut() const;

 private:
  struct Count {
    json::value value;
    std::uint64_t count = 0;
  };
  using Counts = std::unordered_map<std::string, Count>;

  std::vector<FacetField> fields_;
  std::vector<Counts> counts_;  // One for each field, as the next.
  std::vector<bool> cut_;
};

}  // namespace trawl
