#include "pipeline/boundary_record.h"

#include <gtest/gtest.h>

#include <string>

namespace trawl::boundary_record_test {
namespace {

TEST(BoundaryRecord, SaysWhereItLeavesOutWhatAStageWrote) {
  CandidateList rows;
  for (int i = 0; i < 3; ++i) rows.add_row({{"text", std::string(30, 'x')}});
  const auto record_with_room = [&](std::size_t bytes) {
    StageRecord record;
    record.candidates = scored_ids(rows, 10);
    note_origins(CandidateList(), rows, bytes, record);
    return record;
  };
  const StageRecord all = record_with_room(1000);
  EXPECT_FALSE(all.written_truncated);
  EXPECT_TRUE(all.candidates[2].written);
  const StageRecord some = record_with_room(100);
  EXPECT_TRUE(some.written_truncated);
  EXPECT_TRUE(some.candidates[1].written);
  EXPECT_FALSE(some.candidates[2].written);
}

}  // namespace
}  // namespace trawl::boundary_record_test
