#include <gtest/gtest.h>

#include "cli/terminal/progress.h"

namespace trawl::cli::progress_test {
namespace {

TEST(Progress, LineHasShareRateAndTimeLeft) {
  ProgressState state;
  state.bytes = 50 * 1024 * 1024;
  state.bytes_total = 100 * 1024 * 1024;
  state.lines = 12345;
  state.elapsed_us = 5'000'000;
  EXPECT_EQ(progress_line("importing documents", state, 200),
            "importing documents [████████████            ]  50%  12,345 lines  50.0 MiB"
            "  10.0 MiB/s  ETA 0:05");
  state.bytes_total.reset();
  state.sent = true;
  EXPECT_EQ(progress_line("importing", state, 200),
            "importing 12,345 lines  50.0 MiB  sent; the server is finishing (0:05)");
  EXPECT_EQ(progress_line("importing", state, 12), "importing 1…");
}

TEST(Progress, BarsFillByEighths) {
  EXPECT_EQ(bar(0, 4), "    ");
  EXPECT_EQ(bar(1, 4), "████");
  EXPECT_EQ(bar(0.5, 4), "██  ");
  EXPECT_EQ(bar(1.0 / 32, 4), "▏   ");
  EXPECT_EQ(bar(7, 4), "████");
  EXPECT_EQ(bar(-1, 4), "    ");
}

}  // namespace
}  // namespace trawl::cli::progress_test
