#include "base/result.h"

#include <gtest/gtest.h>

#include <set>

namespace trawl {
namespace {

TEST(Result, EveryErrorCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  constexpr int kLast = static_cast<int>(ErrorCode::cannot_store);
  for (int i = 0; i <= kLast; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_EQ(error_code_of(error_code_name(code)), code) << i;
    names.insert(error_code_name(code));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kLast) + 1);
  EXPECT_EQ(error_code_of("no such name"), ErrorCode::internal);
}

}  // namespace
}  // namespace trawl
