#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/config.h"
#include "base/result.h"

namespace trawl::app {

// A running server: every part, built in order and stopped in the reverse order.
class Instance {
 public:
  // Locks the data directory, opens the stores, recovers the ledger, makes the first key
  // and the namespace `default` where they are missing, and listens. `first_key` is the
  // administrator's key to use on the first start; without it one is generated.
  //   unavailable   another process has the data directory, or the address is taken
  //   storage       the data directory cannot be used, a newer version wrote it, or a file
  //                 lacks its log
  //   cannot_store  the disk is full, and something that is missing has to be made
  //   invalid       `first_key` cannot be a key
  //   errors of make_providers()
  // Throws std::logic_error where the routes and their description differ.
  static Result<std::unique_ptr<Instance>> start(
      const Config& config, const std::optional<std::string>& first_key);
  virtual ~Instance() = default;

  virtual std::uint16_t port() const = 0;
  // The key that start() generated, to be shown once.
  virtual const std::optional<std::string>& generated_key() const = 0;
  // Answers what is inside, refuses what comes, and makes all of it durable; waits for
  // http.drain_timeout_ms at most for the answers. Idempotent.
  virtual void stop() = 0;
};

}  // namespace trawl::app
