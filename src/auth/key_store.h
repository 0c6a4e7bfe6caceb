#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/rate_limit.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/strong_id.h"

namespace trawl {

// What a key's requests weigh where several keys want the workers: one of 300 gets three
// times the time of one of 100.
inline constexpr std::uint32_t kKeyWeightMin = 1;
inline constexpr std::uint32_t kKeyWeightUsual = 100;
inline constexpr std::uint32_t kKeyWeightMax = 10'000;

// admin implies delete implies write implies read.
enum class Permission { read = 0, write = 1, remove = 2, admin = 3 };
// "read", "write", "delete", "admin"
std::string_view permission_name(Permission permission);
std::optional<Permission> parse_permission(std::string_view name);

struct ApiKey {
  KeyId id;
  std::string name;
  std::string user;  // E-mail address, or any name.
  std::string description;
  // The first 10 characters of the key, to recognise it by; of a key shorter than 30, which
  // they would give away, the first 3 and asterisks.
  std::string prefix;
  std::string hash;  // SHA-256 hex of the key; the key itself is never stored.
  std::vector<Permission> permissions;
  std::optional<NamespaceId> namespace_id;  // Confined to it; also its default namespace.
  TimeUs created_at = 0;
  std::optional<TimeUs> expires_at;
  std::optional<TimeUs> revoked_at;
  std::optional<RateLimit> rate_limit;  // Nothing: what the server gives to all keys.
  std::uint32_t weight = kKeyWeightUsual;
  // Where requests are counted, shared by all copies of the key; null: there is no limit.
  std::shared_ptr<TokenBucket> bucket;

  bool allows(Permission wanted) const;
  // "active", "revoked" or "expired"
  std::string_view status(TimeUs now) const;
};

// The API keys, in keys.db of the data directory. Looking one up is a hash-table read.
// Thread-safe.
class KeyStore {
 public:
  // Makes the file when it is missing. `default_limit` is for keys that have none of their
  // own.
  //   storage  the file cannot be opened, is damaged, or comes from a newer version
  static Result<std::unique_ptr<KeyStore>> open(const std::string& path,
                                                RateLimit default_limit = {});
  virtual ~KeyStore() = default;

  // No key was ever made; revoked ones count.
  virtual bool empty() const = 0;

  struct Created {
    ApiKey key;
    std::string secret;  // "sk_…": shown once
  };
  // `wanted` without id, prefix, hash, times and bucket. `secret` when the caller brings
  // its own.
  //   already_exists  an active key of that user has the name, or a key has the secret
  //   invalid         no name or permission, or a secret that is not 8 to 256 characters of
  //                   visible ASCII
  virtual Result<Created> create(ApiKey wanted, std::optional<std::string> secret = {}) = 0;

  // The key whose secret this is, in constant time over its bytes.
  //   unauthorized  unknown, expired or revoked; the message says which
  virtual Result<ApiKey> authenticate(std::string_view secret, TimeUs now) const = 0;

  virtual std::vector<ApiKey> list() const = 0;  // Oldest first, revoked ones too.
  // Changes what `change` sets of a key that is found as by revoke(): names, permissions,
  // its end, its weight and its limit, which then starts over. Whatever else it sets is
  // ignored.
  //   not_found
  //   already_exists, invalid  as in create(); or several active keys have the name
  //   and what `change` returns
  using Change = std::function<Result<void>(ApiKey&)>;
  virtual Result<ApiKey> update(std::string_view identifier, TimeUs now,
                                const Change& change) = 0;
  // By id, or by name where that is unique among active keys. One that is revoked already
  // stays as it was.
  //   not_found
  //   invalid  several active keys have the name
  virtual Result<ApiKey> revoke(std::string_view identifier, TimeUs now) = 0;

  // As Corpus::try_write.
  virtual Result<void> try_write() = 0;
};

}  // namespace trawl
