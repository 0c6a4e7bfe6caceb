#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "ledger/ledger.h"
#include "ledger/ledger_test_data.h"

// What every ledger promises is tested with each backend: ledger_contract_test.cc names
// them and has the life of an execution; pages, totals and removal have a file each.
namespace trawl::test {

struct LedgerBackend {
  std::string name;
  std::function<std::unique_ptr<Ledger>(const ScratchDirectory&)> open;
  std::function<void(Ledger&)> maintain = {};  // A step of its upkeep, if it has one.
};

class LedgerContract : public testing::TestWithParam<LedgerBackend> {
 protected:
  static inline const NamespaceId kNs{"ns_a"};
  static inline const NamespaceId kOther{"ns_b"};

  std::uint64_t seed() const {
    return static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  }

  void maintain() {
    if (GetParam().maintain) GetParam().maintain(ledger_);
  }

  ScratchDirectory directory_;
  std::unique_ptr<Ledger> owned_ = GetParam().open(directory_);
  Ledger& ledger_ = *owned_;
};

}  // namespace trawl::test
