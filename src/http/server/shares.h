#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/mutex.h"
#include "base/result.h"
#include "http/message/message.h"
#include "runtime/worker_pool.h"

namespace trawl::http {

// Something of which there is only so much, threads or memory, and which many accounts draw
// from: all of them together no more than there is, and each no more than its share, so
// that none can take what the others need. Thread-safe.
class Stock {
 public:
  Stock(std::uint64_t total_max, std::uint64_t account_max)
      : total_max_(total_max), account_max_(account_max) {}
  Stock(const Stock&) = delete;
  Stock& operator=(const Stock&) = delete;

  enum class [[nodiscard]] Taken{yes, account_has_its_share, none_left};
  Taken take(const std::string& account, std::uint64_t amount);
  // Whether take() would give it now.
  Taken probe(const std::string& account, std::uint64_t amount);
  void give_back(const std::string& account, std::uint64_t amount) noexcept;

  std::uint64_t taken() const;
  std::uint64_t total_max() const { return total_max_; }
  std::uint64_t account_max() const { return account_max_; }

 private:
  const std::uint64_t total_max_;
  const std::uint64_t account_max_;
  mutable Mutex mutex_;
  std::uint64_t taken_ TRAWL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, std::uint64_t> by_account_ TRAWL_GUARDED_BY(mutex_);
};

// What one request has taken; given back when it is destroyed. Not thread-safe.
class [[nodiscard]] Lease {
 public:
  Lease(std::shared_ptr<Stock> stock, std::string account)
      : stock_(std::move(stock)), account_(std::move(account)) {}
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  // Takes what is missing to `amount`; it never becomes less.
  Stock::Taken grow_to(std::uint64_t amount);
  const Stock& stock() const { return *stock_; }

 private:
  const std::shared_ptr<Stock> stock_;
  const std::string account_;
  std::uint64_t taken_ = 0;
};

// What a client is told that gets nothing: too_many_requests where its key has its share,
// unavailable where there is none left. `what` is "bytes of request bodies", "uploads".
Error share_error(Stock::Taken taken, const Stock& stock, std::string_view what);

// The reply, with Retry-After.
Response refusal(const Error& error, std::string_view request_id);

// Which requests are likely to take as long as this one: those of its account that differ
// from it in digits at most, such as times and pages. Of a long body the beginning counts.
std::uint64_t request_kind(const Request& request);

// Gives a request's task to the pool, as one of its account and kind.
//   as share_error()  the queue has no room for it
Result<void> submit_request(WorkerPool& workers, const Request& request,
                            std::function<void()> task);

}  // namespace trawl::http
