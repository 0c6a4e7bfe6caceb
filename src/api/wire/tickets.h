#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "base/result.h"

namespace trawl::api {

// What is handed out under names that nobody can guess (256 random bits), each good once
// and for a short time. In memory alone, so that a restart voids them all; of the names
// only digests are kept. Thread-safe.
template <class Thing>
class Tickets {
 public:
  // At most `per_owner_max` of one owner that are neither used nor expired.
  Tickets(std::size_t per_owner_max, TimeUs lifetime_us)
      : per_owner_max_(per_owner_max), lifetime_us_(lifetime_us) {}

  struct Issued {
    std::string name;  // 43 characters of base64url.
    TimeUs expires_at = 0;
  };
  //   too_many_requests  the owner has as many as it may
  Result<Issued> issue(const std::string& owner, Thing thing, TimeUs now) {
    Issued out{base64url_encode(random_bytes(kNameBytes)), now + lifetime_us_};
    auto kept = std::make_shared<const Thing>(std::move(thing));
    const MutexLock lock(mutex_);
    forget_expired(now);
    std::size_t count = 0;
    TimeUs next = out.expires_at;
    for (const auto& [digest, ticket] : tickets_) {
      if (ticket.owner != owner) continue;
      ++count;
      next = std::min(next, ticket.expires_at);
    }
    if (count >= per_owner_max_) {
      return make_error(
          ErrorCode::too_many_requests,
          fmt::format("this key has {} tickets that were not used yet, which is the most; "
                      "use one of them, or try again in {} s",
                      count, (next - now + kMicrosPerSecond - 1) / kMicrosPerSecond));
    }
    tickets_.emplace(sha256_hex(out.name), Ticket{owner, out.expires_at, std::move(kept)});
    return out;
  }

  // Null where it is unknown, used or expired.
  std::shared_ptr<const Thing> find(std::string_view name, TimeUs now) const {
    const MutexLock lock(mutex_);
    const auto found = tickets_.find(sha256_hex(name));
    if (found == tickets_.end() || found->second.expires_at <= now) return nullptr;
    return found->second.thing;
  }

  // Uses it up: of several at once one is told true.
  bool use(std::string_view name, TimeUs now) {
    const MutexLock lock(mutex_);
    const auto found = tickets_.find(sha256_hex(name));
    if (found == tickets_.end()) return false;
    const bool is_good = found->second.expires_at > now;
    tickets_.erase(found);
    return is_good;
  }

 private:
  static constexpr std::size_t kNameBytes = 32;

  struct Ticket {
    std::string owner;
    TimeUs expires_at = 0;
    std::shared_ptr<const Thing> thing;
  };

  void forget_expired(TimeUs now) TRAWL_REQUIRES(mutex_) {
    for (auto at = tickets_.begin(); at != tickets_.end();) {
      at = at->second.expires_at <= now ? tickets_.erase(at) : std::next(at);
    }
  }

  const std::size_t per_owner_max_;
  const TimeUs lifetime_us_;
  mutable Mutex mutex_;
  std::map<std::string, Ticket> tickets_ TRAWL_GUARDED_BY(mutex_);  // By SHA-256.
};

}  // namespace trawl::api
