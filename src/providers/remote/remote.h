#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "net/peer.h"
#include "net/url.h"
#include "providers/daily_ceiling.h"
#include "providers/provider.h"

namespace trawl {

// What all providers that are asked over HTTP have in common.
struct RemoteOptions {
  std::string name;  // In the configuration.
  net::Url url;      // Below which the paths of the protocol lie.
  std::string key;   // Sent as a bearer token; empty: none. Stands in no message.
  std::chrono::milliseconds timeout{30'000};
  std::size_t concurrency = 4;
  net::RetryPolicy retry;
  net::BreakerPolicy breaker;
  bool allow_private = false;
  DailyCeilings ceilings;
};

// Asks a provider over HTTP with JSON. Thread-safe.
class Remote {
 public:
  // The clock, of the daily ceilings, must outlive it.
  explicit Remote(RemoteOptions options, const Clock& clock = system_clock());

  // The JSON of a reply of 2xx to a POST, of at most so many bytes.
  //   timeout, cancelled, unavailable
  //   too_many_requests  a daily ceiling is reached
  //   invalid            it refuses what it was asked, with its own words
  Result<std::string> post(std::string_view path, std::string body,
                           std::size_t reply_bytes_max, const AskContext& context) const;

  // Counts the tokens of an answer; 0 are not known, and guessed from the bytes sent.
  void used(std::uint64_t tokens, std::size_t text_bytes) const;

  // "the provider 'x': " before what is wrong with an answer.
  Error wrong_answer(std::string_view what) const;

  bool is_local() const { return false; }
  const std::string& name() const { return options_.name; }
  DailyUse::Today today() const { return use_->today(); }

 private:
  Error refusal(const net::HttpReply& reply) const;
  std::string quote(std::string_view body) const;

  const RemoteOptions options_;
  const std::unique_ptr<DailyUse> use_;
  const net::Peer peer_;
};

// The message in a reply that is none of 2xx, in any of the forms that servers of these
// protocols use; the whole text where it is none of them.
std::string message_of_reply(std::string_view body);

// At most so many bytes of a text, cut between two characters.
std::string_view cut_text(std::string_view text, std::size_t bytes_max);

}  // namespace trawl
