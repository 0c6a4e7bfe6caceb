#include "runtime/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace trawl::thread_test {
namespace {

std::string own_name() {
  std::array<char, 16> name{};
  ::pthread_getname_np(::pthread_self(), name.data(), name.size());
  return name.data();
}

TEST(Thread, BearsItsNameAsFarAsTheSystemShowsIt) {
  std::string seen;
  start_thread("recorder", [&] { seen = own_name(); }).join();
  EXPECT_EQ(seen, "recorder");
  start_thread("longer than fifteen bytes", [&] { seen = own_name(); }).join();
  EXPECT_EQ(seen, "longer than fif");
}

TEST(Thread, IsJoinedByItsHandle) {
  std::atomic<int> ran = 0;
  {
    Thread first = start_thread("a", [&] { ++ran; });
    Thread second = std::move(first);
    EXPECT_FALSE(first.is_joinable());
    EXPECT_TRUE(second.is_joinable());
    second = start_thread("b", [&] { ++ran; });  // Waits for the one before.
    EXPECT_GE(ran, 1);
  }
  EXPECT_EQ(ran, 2);
  Thread none;
  none.join();
}

TEST(Thread, WhatIsThrownEndsTheThreadAlone) {
  start_thread("a defect", [] { throw std::runtime_error("a defect"); }).join();
  start_thread("no memory", [] { throw std::bad_alloc(); }).join();
  start_thread("a number", [] { throw 7; }).join();
}

TEST(Thread, LetsGoOfWhatItRan) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  start_thread("holder", [held = std::move(held)] {}).join();
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace trawl::thread_test
