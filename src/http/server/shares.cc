#include "http/server/shares.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "base/hash.h"

namespace trawl::http {

Stock::Taken Stock::take(const std::string& account, std::uint64_t amount) {
  const MutexLock lock(mutex_);
  std::uint64_t& mine = by_account_[account];
  Taken taken = Taken::yes;
  if (amount > account_max_ || mine > account_max_ - amount) {
    taken = Taken::account_has_its_share;
  } else if (amount > total_max_ || taken_ > total_max_ - amount) {
    taken = Taken::none_left;
  } else {
    mine += amount;
    taken_ += amount;
  }
  if (mine == 0) by_account_.erase(account);
  return taken;
}

Stock::Taken Stock::probe(const std::string& account, std::uint64_t amount) {
  const Taken taken = take(account, amount);
  if (taken == Taken::yes) give_back(account, amount);
  return taken;
}

void Stock::give_back(const std::string& account, std::uint64_t amount) noexcept {
  if (amount == 0) return;
  const MutexLock lock(mutex_);
  const auto mine = by_account_.find(account);
  taken_ -= amount;
  mine->second -= amount;
  if (mine->second == 0) by_account_.erase(mine);
}

std::uint64_t Stock::taken() const {
  const MutexLock lock(mutex_);
  return taken_;
}

Lease::~Lease() {
  stock_->give_back(account_, taken_);
}

Stock::Taken Lease::grow_to(std::uint64_t amount) {
  if (amount <= taken_) return Stock::Taken::yes;
  const Stock::Taken taken = stock_->take(account_, amount - taken_);
  if (taken == Stock::Taken::yes) taken_ = amount;
  return taken;
}

namespace {

Error none_left_error(std::uint64_t total_max, std::string_view what) {
  return make_error(
      ErrorCode::unavailable,
      fmt::format(
          "the server has as many {} under way as it allows ({}); try again shortly", what,
          total_max));
}

Error share_taken_error(std::uint64_t account_max, std::string_view what) {
  Error error = make_error(
      ErrorCode::too_many_requests,
      fmt::format(
          "this key has as many {} under way as one key is allowed ({}); wait until some "
          "have ended",
          what, account_max));
  error.facts = fmt::format(
      R"({{"limit":{},"retry_after":1,"retry_after_seconds":1,"retryable":true}})",
      account_max);
  return error;
}

}  // namespace

Error share_error(Stock::Taken taken, const Stock& stock, std::string_view what) {
  return taken == Stock::Taken::none_left ? none_left_error(stock.total_max(), what)
                                          : share_taken_error(stock.account_max(), what);
}

Response refusal(const Error& error, std::string_view request_id) {
  Response response = error_response(error, request_id);
  if (error.code == ErrorCode::too_many_requests) {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

std::uint64_t request_kind(const Request& request) {
  constexpr std::size_t kBodyBytes = 16'384;
  const std::string_view body = std::string_view(request.body).substr(0, kBodyBytes);
  std::string kind;
  kind.reserve(request.account.size() + request.method.size() + request.target.size() +
               body.size() + 3);
  const auto add = [&](std::string_view text) {
    // Written where it belongs or, of a digit, written over: a copy without a branch.
    std::size_t end = kind.size();
    kind.resize(end + text.size());
    for (const char c : text) {
      kind[end] = c;
      end += c < '0' || c > '9';
    }
    kind.resize(end);
  };
  kind.append(request.account).append(1, '\0').append(request.method).append(1, ' ');
  add(request.target);
  kind.append(1, '\0');
  add(body);
  return content_hash(kind);
}

Result<void> submit_request(WorkerPool& workers, const Request& request,
                            std::function<void()> task) {
  constexpr std::string_view kWhat = "requests that wait for a worker";
  switch (workers.submit_for(request.account, std::move(task), request_kind(request))) {
    case WorkerPool::Submitted::yes:
      break;
    case WorkerPool::Submitted::queue_full:
      return none_left_error(workers.options().queue_max, kWhat);
    case WorkerPool::Submitted::account_has_its_share:
      return share_taken_error(workers.options().account_queue_max, kWhat);
  }
  return {};
}

}  // namespace trawl::http
