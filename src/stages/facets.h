#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "pipeline/candidate.h"

namespace trawl {

struct FacetField {
  std::string key;           // Dotted path.
  std::uint32_t limit = 10;  // Values listed.
};

// Counts the values of fields over documents. An array counts once for each of its
// different items; objects, nulls and missing fields do not count.
class FacetCounter {
 public:
  explicit FacetCounter(std::vector<FacetField> fields);

  void add(const Candidate& candidate);
  // {key: [{value, count}]}, most frequent first, equal counts by value: false, true,
  // numbers, strings by their bytes.
  json::object result() const;

 private:
  struct Count {
    json::value value;
    std::uint64_t count = 0;
  };
  using Counts = std::unordered_map<std::string, Count>;

  std::vector<FacetField> fields_;
  std::vector<Counts> counts_;  // One for each field.
};

}  // namespace trawl
