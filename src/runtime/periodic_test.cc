#include "runtime/periodic.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <thread>

namespace trawl::periodic_test {
namespace {

TEST(Periodic, GoesOnAfterATaskThatThrows) {
  std::atomic<int> calls = 0;
  Periodic periodic(std::chrono::milliseconds(1), [&] {
    switch (++calls) {
      case 1:
        throw std::runtime_error("a defect");
      case 2:
        throw std::bad_alloc();
      case 3:
        throw 7;
      default:
        return;
    }
  });
  for (int i = 0; i < 20'000 && calls < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_GE(calls, 5);
}

}  // namespace
}  // namespace trawl::periodic_test
