#include "base/work_limit.h"

namespace trawl {

WorkLimit::WorkLimit(const Checkpoint& check) : check_(check), outer_(work_account.limit) {
  work_account.limit = this;
}

WorkLimit::~WorkLimit() {
  work_account.limit = outer_;
}

WorkUnlimited::WorkUnlimited() : outer_(work_account.limit) {
  work_account.limit = nullptr;
}

WorkUnlimited::~WorkUnlimited() {
  work_account.limit = outer_;
}

Result<void> check_work() {
  for (const WorkLimit* limit = work_account.limit; limit != nullptr;
       limit = limit->outer_) {
    if (!limit->check_) continue;
    if (auto wanted = limit->check_(); !wanted) return wanted;
  }
  return {};
}

void settle_work() {
  work_account.left = kWorkPerCheck;
  if (auto wanted = check_work(); !wanted) throw WorkStopped(std::move(wanted).error());
}

}  // namespace trawl
