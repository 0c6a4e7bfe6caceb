#include "auth/key_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "base/counted.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/mutex.h"
#include "base/text.h"
#include "sqlite/connection.h"

namespace trawl {
namespace {

constexpr const char* kSteps[] = {R"sql(
CREATE TABLE keys (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  key_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  user TEXT NOT NULL,
  description TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  permissions TEXT NOT NULL,
  namespace_id TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT;
)sql",
                                  R"sql(
ALTER TABLE keys ADD COLUMN requests_per_minute INTEGER;
ALTER TABLE keys ADD COLUMN burst INTEGER;
)sql",
                                  R"sql(
ALTER TABLE keys ADD COLUMN weight INTEGER NOT NULL DEFAULT 100;
)sql"};

constexpr std::size_t kIdRandomLength = 10;
constexpr std::size_t kSecretRandomLength = 40;
constexpr std::size_t kSecretBytesMin = 8;
constexpr std::size_t kSecretBytesMax = 256;
constexpr std::size_t kPrefixLength = 10;

constexpr std::array<std::string_view, 4> kPermissionNames = {"read", "write", "delete",
                                                              "admin"};

// What a list may show of a key. A short secret would be given away by its first ten
// characters, so of those fewer are shown.
std::string key_prefix(std::string_view secret) {
  constexpr std::size_t kShownWholeFrom = 3 * kPrefixLength;
  constexpr std::size_t kShownOfShort = 3;
  std::string prefix(
      secret.substr(0, secret.size() >= kShownWholeFrom ? kPrefixLength : kShownOfShort));
  prefix.resize(kPrefixLength, '*');
  return prefix;
}

Result<void> check_secret(std::string_view secret) {
  if (secret.size() < kSecretBytesMin || secret.size() > kSecretBytesMax) {
    return make_error(ErrorCode::invalid, fmt::format("the key has {}; use {} to {}",
                                                      counted(secret.size(), "character"),
                                                      kSecretBytesMin, kSecretBytesMax));
  }
  const bool visible = std::all_of(secret.begin(), secret.end(),
                                   [](char c) { return c > ' ' && c < '\x7F'; });
  if (!visible) {
    return make_error(
        ErrorCode::invalid,
        "the key has a character that is not visible ASCII; use letters, digits "
        "and punctuation without spaces");
  }
  return {};
}

// Of what callers may set.
Result<void> check_fields(const ApiKey& key) {
  if (key.name.empty()) {
    return invalid_at("name", "the name of the key is empty; give it a name");
  }
  if (key.permissions.empty()) {
    return invalid_at(
        "permissions",
        "the key has no permission; give it some of read, write, delete, admin");
  }
  for (const std::string* text : {&key.name, &key.user, &key.description}) {
    if (!is_valid_utf8(*text)) {
      return make_error(ErrorCode::invalid,
                        "a text of the key is not valid UTF-8; send UTF-8");
    }
  }
  return {};
}

void sort_permissions(ApiKey& key) {
  std::sort(key.permissions.begin(), key.permissions.end());
  key.permissions.erase(std::unique(key.permissions.begin(), key.permissions.end()),
                        key.permissions.end());
}

std::string permissions_text(const std::vector<Permission>& permissions) {
  std::string text;
  for (const Permission permission : permissions) {
    if (!text.empty()) text.push_back(',');
    text += permission_name(permission);
  }
  return text;
}

Result<std::vector<Permission>> read_permissions(std::string_view text) {
  std::vector<Permission> permissions;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto permission = parse_permission(text.substr(0, comma));
    if (!permission) {
      return make_error(ErrorCode::storage, "the stored keys are damaged",
                        fmt::format("permission '{}'", text.substr(0, comma)));
    }
    permissions.push_back(*permission);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return permissions;
}

std::optional<TimeUs> optional_time(const sqlite::Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.integer(column);
}

std::optional<std::int64_t> requests_of(const ApiKey& key) {
  if (!key.rate_limit) return std::nullopt;
  return key.rate_limit->requests_per_minute;
}

std::optional<std::int64_t> burst_of(const ApiKey& key) {
  if (!key.rate_limit) return std::nullopt;
  return key.rate_limit->burst;
}

class SqliteKeyStore final : public KeyStore {
 public:
  SqliteKeyStore(std::unique_ptr<sqlite::Connection> connection, RateLimit default_limit)
      : default_limit_(default_limit), connection_(std::move(connection)) {}

  Result<void> load();

  bool empty() const override {
    const SharedLock lock(mutex_);
    return keys_.empty();
  }
  Result<Created> create(ApiKey wanted, std::optional<std::string> secret) override;
  Result<ApiKey> authenticate(std::string_view secret, TimeUs now) const override;
  std::vector<ApiKey> list() const override {
    const SharedLock lock(mutex_);
    return keys_;
  }
  Result<ApiKey> update(std::string_view identifier, TimeUs now,
                        const Change& change) override;
  Result<ApiKey> revoke(std::string_view identifier, TimeUs now) override;
  Result<void> try_write() override {
    const MutexLock write_lock(write_mutex_);
    return connection_->try_write();
  }

 private:
  struct Found {
    std::size_t place = 0;  // In keys_.
    ApiKey key;
  };
  // The key that revoke() is to revoke.
  Result<Found> find(std::string_view identifier, TimeUs now) const
      TRAWL_REQUIRES(write_mutex_);
  Result<void> check_name_is_free(const ApiKey& key, TimeUs now) const
      TRAWL_REQUIRES(write_mutex_);
  bool has_hash(const std::string& hash) const TRAWL_REQUIRES(write_mutex_);
  Result<void> insert(const ApiKey& key) TRAWL_REQUIRES(write_mutex_);
  std::shared_ptr<TokenBucket> make_bucket(const ApiKey& key) const;

  const RateLimit default_limit_;
  // Taken first, by anyone who writes; it holds off no reader while the disk works.
  Mutex write_mutex_;
  const std::unique_ptr<sqlite::Connection> connection_ TRAWL_PT_GUARDED_BY(write_mutex_);
  mutable SharedMutex mutex_;
  std::vector<ApiKey> keys_ TRAWL_GUARDED_BY(mutex_);  // Oldest first.
  std::unordered_map<std::string, std::size_t> by_hash_ TRAWL_GUARDED_BY(mutex_);
};

Result<void> SqliteKeyStore::load() {
  const MutexLock write_lock(write_mutex_);
  const ExclusiveLock lock(mutex_);
  TRAWL_ASSIGN(auto rows,
               connection_->prepare(
                   "SELECT key_id, name, user, description, prefix, hash, permissions, "
                   "namespace_id, created_at, expires_at, revoked_at, "
                   "requests_per_minute, burst, weight FROM keys "
                   "ORDER BY number"));
  while (true) {
    TRAWL_ASSIGN(const bool more, rows.step());
    if (!more) return {};
    ApiKey key;
    key.id = KeyId(rows.string(0));
    key.name = rows.string(1);
    key.user = rows.string(2);
    key.description = rows.string(3);
    key.prefix = rows.string(4);
    key.hash = rows.string(5);
    TRAWL_ASSIGN(key.permissions, read_permissions(rows.text(6)));
    if (auto id = rows.optional_string(7)) key.namespace_id = NamespaceId(std::move(*id));
    key.created_at = rows.integer(8);
    key.expires_at = optional_time(rows, 9);
    key.revoked_at = optional_time(rows, 10);
    if (!rows.is_null(11)) {
      const auto stored = [&rows](int column) {
        return static_cast<std::uint32_t>(
            std::clamp<std::int64_t>(rows.integer(column), 0, kRequestsPerMinuteMax));
      };
      key.rate_limit = RateLimit{stored(11), stored(12)};
    }
    key.weight = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(rows.integer(13), kKeyWeightMin, kKeyWeightMax));
    key.bucket = make_bucket(key);
    by_hash_[key.hash] = keys_.size();
    keys_.push_back(std::move(key));
  }
}

Result<KeyStore::Created> SqliteKeyStore::create(ApiKey wanted,
                                                 std::optional<std::string> secret) {
  TRAWL_TRY(check_fields(wanted));
  if (secret) TRAWL_TRY(check_secret(*secret));
  Created created;
  created.secret = secret ? std::move(*secret) : make_random_id("sk_", kSecretRandomLength);
  created.key = std::move(wanted);
  ApiKey& key = created.key;
  key.id = KeyId(make_random_id("key_", kIdRandomLength));
  key.prefix = key_prefix(created.secret);
  key.hash = sha256_hex(created.secret);
  key.revoked_at.reset();
  sort_permissions(key);
  key.bucket = make_bucket(key);

  const MutexLock write_lock(write_mutex_);
  key.created_at = system_clock().now();
  TRAWL_TRY(check_name_is_free(key, key.created_at));
  if (has_hash(key.hash)) {
    return make_error(ErrorCode::already_exists,
                      "this key is in use, or was before it was revoked; choose another");
  }
  TRAWL_TRY(insert(key));
  const ExclusiveLock lock(mutex_);
  by_hash_[key.hash] = keys_.size();
  keys_.push_back(key);
  return created;
}

bool SqliteKeyStore::has_hash(const std::string& hash) const {
  const SharedLock lock(mutex_);
  return by_hash_.contains(hash);
}

Result<void> SqliteKeyStore::check_name_is_free(const ApiKey& key, TimeUs now) const {
  const SharedLock lock(mutex_);
  for (const ApiKey& other : keys_) {
    if (other.user != key.user || other.name != key.name || other.id == key.id ||
        other.status(now) != "active") {
      continue;
    }
    return make_error(
        ErrorCode::already_exists,
        fmt::format("'{}' has an active key '{}' already; revoke it, or choose "
                    "another name",
                    truncate_text(key.user, 128), truncate_text(key.name, 128)));
  }
  return {};
}

std::shared_ptr<TokenBucket> SqliteKeyStore::make_bucket(const ApiKey& key) const {
  const RateLimit limit = key.rate_limit.value_or(default_limit_);
  return limit.requests_per_minute == 0 ? nullptr : std::make_shared<TokenBucket>(limit);
}

Result<void> SqliteKeyStore::insert(const ApiKey& key) {
  TRAWL_ASSIGN(auto statement,
               connection_->prepare(
                   "INSERT INTO keys (key_id, name, user, description, prefix, hash, "
                   "permissions, namespace_id, created_at, expires_at, "
                   "requests_per_minute, burst, weight) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  const std::string permissions = permissions_text(key.permissions);
  std::optional<std::string> namespace_id;
  if (key.namespace_id) namespace_id = key.namespace_id->str();
  return statement
      .bind(key.id.str(), key.name, key.user, key.description, key.prefix, key.hash,
            permissions, namespace_id, key.created_at, key.expires_at, requests_of(key),
            burst_of(key), static_cast<std::int64_t>(key.weight))
      .run();
}

Result<ApiKey> SqliteKeyStore::update(std::string_view identifier, TimeUs now,
                                      const Change& change) {
  const MutexLock write_lock(write_mutex_);
  TRAWL_ASSIGN(const Found found, find(identifier, now));
  const ApiKey& before = found.key;
  ApiKey key = before;
  TRAWL_TRY(change(key));
  key.id = before.id;
  key.user = before.user;
  key.prefix = before.prefix;
  key.hash = before.hash;
  key.namespace_id = before.namespace_id;
  key.created_at = before.created_at;
  key.revoked_at = before.revoked_at;
  TRAWL_TRY(check_fields(key));
  sort_permissions(key);
  // A key that has ended may keep a name that is in use again.
  if (key.status(now) == "active") TRAWL_TRY(check_name_is_free(key, now));
  key.bucket = key.rate_limit == before.rate_limit ? before.bucket : make_bucket(key);
  TRAWL_ASSIGN(
      auto statement,
      connection_->prepare("UPDATE keys SET name = ?, description = ?, permissions = ?, "
                           "expires_at = ?, requests_per_minute = ?, burst = ?, weight = ? "
                           "WHERE key_id = ?"));
  const std::string permissions = permissions_text(key.permissions);
  TRAWL_TRY(statement
                .bind(key.name, key.description, permissions, key.expires_at,
                      requests_of(key), burst_of(key),
                      static_cast<std::int64_t>(key.weight), key.id.str())
                .run());
  const ExclusiveLock lock(mutex_);
  keys_[found.place] = key;
  return key;
}

Result<ApiKey> SqliteKeyStore::authenticate(std::string_view secret, TimeUs now) const {
  // Only hashes are compared: how long that takes says nothing about any secret.
  const std::string hash = sha256_hex(secret);
  const SharedLock lock(mutex_);
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) {
    return make_error(
        ErrorCode::unauthorized,
        "unknown API key; check that it was copied completely, or create one");
  }
  const ApiKey& key = keys_[found->second];
  if (key.revoked_at) {
    return make_error(ErrorCode::unauthorized,
                      fmt::format("this API key was revoked at {}; use another",
                                  format_time(*key.revoked_at)));
  }
  if (key.expires_at && *key.expires_at <= now) {
    return make_error(ErrorCode::unauthorized,
                      fmt::format("this API key expired at {}; make a new one",
                                  format_time(*key.expires_at)));
  }
  return key;
}

Result<SqliteKeyStore::Found> SqliteKeyStore::find(std::string_view identifier,
                                                   TimeUs now) const {
  const SharedLock lock(mutex_);
  std::vector<std::size_t> named;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].id.str() == identifier) return Found{i, keys_[i]};
    if (keys_[i].name == identifier && keys_[i].status(now) == "active") named.push_back(i);
  }
  if (named.size() == 1) return Found{named.front(), keys_[named.front()]};
  if (named.empty()) {
    return make_error(ErrorCode::not_found,
                      fmt::format("there is no active key '{}'; name one by its id or name",
                                  truncate_text(identifier, 128)));
  }
  return make_error(
      ErrorCode::invalid,
      fmt::format("{} active keys are named '{}'; name one by its id, such as {}",
                  named.size(), truncate_text(identifier, 128),
                  keys_[named.front()].id.str()));
}

Result<ApiKey> SqliteKeyStore::revoke(std::string_view identifier, TimeUs now) {
  const MutexLock write_lock(write_mutex_);
  TRAWL_ASSIGN(Found found, find(identifier, now));
  ApiKey& key = found.key;
  if (key.revoked_at) return key;
  TRAWL_ASSIGN(auto statement,
               connection_->prepare("UPDATE keys SET revoked_at = ? WHERE key_id = ?"));
  TRAWL_TRY(statement.bind(now, key.id.str()).run());
  key.revoked_at = now;
  const ExclusiveLock lock(mutex_);
  keys_[found.place] = key;
  return key;
}

}  // namespace

std::string_view permission_name(Permission permission) {
  return kPermissionNames[static_cast<std::size_t>(permission)];
}

std::optional<Permission> parse_permission(std::string_view name) {
  for (std::size_t i = 0; i < kPermissionNames.size(); ++i) {
    if (kPermissionNames[i] == name) return static_cast<Permission>(i);
  }
  return std::nullopt;
}

bool ApiKey::allows(Permission wanted) const {
  return std::any_of(permissions.begin(), permissions.end(),
                     [&](Permission has) { return has >= wanted; });
}

std::string_view ApiKey::status(TimeUs now) const {
  if (revoked_at) return "revoked";
  return expires_at && *expires_at <= now ? "expired" : "active";
}

Result<std::unique_ptr<KeyStore>> KeyStore::open(const std::string& path,
                                                 RateLimit default_limit) {
  sqlite::OpenOptions options;
  options.owner = true;
  TRAWL_ASSIGN(auto connection, sqlite::Connection::open(path, options));
  TRAWL_TRY(sqlite::migrate(*connection, kSteps, path));
  auto store = std::make_unique<SqliteKeyStore>(std::move(connection), default_limit);
  TRAWL_TRY(store->load());
  return std::unique_ptr<KeyStore>(std::move(store));
}

}  // namespace trawl
