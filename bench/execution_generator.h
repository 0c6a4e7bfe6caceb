#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/execution.h"

namespace trawl::bench {

// What a generated history looks like. Equal shapes give equal records, on every machine.
struct HistoryShape {
  std::uint64_t count = 100'000;  // Executions in the 90 days; more may follow.
  std::uint64_t seed = 1;
  std::uint32_t candidates = 10;                // Documents at each boundary; to 1000.
  std::vector<std::string> namespaces = {"a"};  // The first one has 85 of 100 executions.
};

// The history ends here, so that "the last 30 days" means the same in every run.
inline constexpr TimeUs kHistoryEnd = 1'767'225'600 * kMicrosPerSecond;  // 2026-01-01
inline constexpr TimeUs kHistoryLength = 90 * kMicrosPerDay;
inline constexpr TimeUs kHistoryStart = kHistoryEnd - kHistoryLength;

// Makes executions as a busy search service would leave them behind: 90 of 100 completed,
// 9 failed, 1 cancelled; few collections and words are common and most are rare (Zipf);
// about 200 pipelines of two to four stages; bursts of equal timestamps. The shape of one
// execution does not depend on any other, so they can be made in any order, and twice.
//
// Thread-safe once made.
class ExecutionGenerator {
 public:
  explicit ExecutionGenerator(HistoryShape shape);

  // Executions 0 to count - 1 fill the 90 days in order, but for the length of a burst;
  // later numbers go on at the same pace.
  Execution make(std::uint64_t number) const;

  // The parts of make(number) by which it is found.
  std::uint32_t namespace_of(std::uint64_t number) const;  // Index into the namespaces.
  TimeUs time_of(std::uint64_t number) const;
  ExecutionId id_of(std::uint64_t number) const;

  // Word `rank` of the vocabulary; 0 is the most common one. An execution's
  // texts have about sixteen words.
  const std::string& word(std::size_t rank) const { return words_.at(rank); }
  std::size_t word_count() const { return words_.size(); }

  const HistoryShape& shape() const { return shape_; }

 private:
  // Draws indices 0..n-1, index i with a weight of 1 / (i + 1)^exponent.
  class Zipf {
   public:
    Zipf(std::size_t n, double exponent);
    std::size_t draw(double uniform) const;  // 0 <= uniform < 1

   private:
    std::vector<double> cumulative_;
  };
  struct Stage {
    std::string_view name, id, type;
  };
  struct Pipeline {
    std::size_t collection = 0;
    std::vector<Stage> stages;
    std::string text, fingerprint, shape;
  };
  class Random;

  Random random_of(std::uint64_t number, std::uint64_t purpose) const;
  std::string make_query(Random& random) const;
  std::string make_inputs(Random& random, const std::string& query) const;
  std::string document_id(std::size_t collection, std::uint64_t rank) const;
  std::vector<ScoredId> find_documents(Random& random, std::size_t collection) const;
  void run_stages(Random& random, const Pipeline& pipeline, Execution& execution) const;
  Pipeline make_pipeline(std::size_t index) const;

  HistoryShape shape_;
  std::vector<std::string> words_;
  Zipf word_ranks_;
  Zipf collection_ranks_;
  Zipf pipeline_ranks_;
  Zipf document_ranks_;
  std::vector<std::string> collections_;
  std::vector<Pipeline> pipelines_;
};

}  // namespace trawl::bench
