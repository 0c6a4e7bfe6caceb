#include "auth/key_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "base/hash.h"
#include "sqlite/connection.h"

namespace trawl::key_store_test {
namespace {

class KeyStoreTest : public testing::Test {
 protected:
  KeyStoreTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "trawl-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    directory_ = pattern;
    path_ = directory_ + "/keys.db";
    reopen();
  }
  ~KeyStoreTest() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  void reopen() {
    store_.reset();
    store_ = KeyStore::open(path_).value();
  }

  static ApiKey wanted(const std::string& name,
                       const std::string& user = "ann@example.org") {
    ApiKey key;
    key.name = name;
    key.user = user;
    key.permissions = {Permission::read};
    return key;
  }

  ErrorCode refusal(std::string_view secret, TimeUs now) {
    const auto result = store_->authenticate(secret, now);
    return result ? ErrorCode::internal : result.error().code;
  }

  std::string directory_;
  std::string path_;
  std::unique_ptr<KeyStore> store_;
  const TimeUs now_ = system_clock().now();
};

TEST_F(KeyStoreTest, AKeyOpensTheDoorAndSurvivesARestart) {
  EXPECT_TRUE(store_->empty());
  ApiKey key = wanted("laptop");
  key.description = "for tests";
  key.permissions = {Permission::write, Permission::read, Permission::write};
  key.namespace_id = NamespaceId("ns_1");
  key.expires_at = now_ + kMicrosPerDay;
  const auto created = store_->create(key).value();
  EXPECT_EQ(created.secret.size(), 43u);
  EXPECT_EQ(created.secret.substr(0, 3), "sk_");
  EXPECT_EQ(created.key.prefix, created.secret.substr(0, 10));
  EXPECT_EQ(created.key.hash, sha256_hex(created.secret));
  EXPECT_EQ(created.key.id.str().substr(0, 4), "key_");

  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_FALSE(store_->empty());
    const ApiKey found = store_->authenticate(created.secret, now_).value();
    EXPECT_EQ(found.id, created.key.id);
    EXPECT_EQ(found.name, "laptop");
    EXPECT_EQ(found.user, "ann@example.org");
    EXPECT_EQ(found.description, "for tests");
    EXPECT_EQ(found.permissions,
              (std::vector<Permission>{Permission::read, Permission::write}));
    EXPECT_EQ(found.namespace_id, key.namespace_id);
    EXPECT_EQ(found.expires_at, key.expires_at);
    EXPECT_EQ(found.created_at, created.key.created_at);
    EXPECT_EQ(found.prefix, created.key.prefix);
    EXPECT_FALSE(found.revoked_at);
    reopen();
  }
}

TEST_F(KeyStoreTest, TheSecretIsNowhereOnDisk) {
  const auto created = store_->create(wanted("laptop")).value();
  for (const auto& file : std::filesystem::directory_iterator(directory_)) {
    std::ostringstream bytes;
    bytes << std::ifstream(file.path(), std::ios::binary).rdbuf();
    EXPECT_EQ(bytes.str().find(created.secret), std::string::npos) << file.path();
    struct stat status = {};
    ASSERT_EQ(stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << file.path();
  }
}

TEST_F(KeyStoreTest, RefusalsSayWhyAndNothingElse) {
  ApiKey short_lived = wanted("short");
  short_lived.expires_at = now_ + kMicrosPerHour;
  const auto expiring = store_->create(short_lived).value();
  const auto other = store_->create(wanted("other")).value();
  ASSERT_TRUE(store_->revoke("other", now_ + 1));

  EXPECT_TRUE(store_->authenticate(expiring.secret, now_ + kMicrosPerHour - 1));
  const auto expired = store_->authenticate(expiring.secret, now_ + kMicrosPerHour);
  ASSERT_TRUE(expired.has_error());
  EXPECT_EQ(expired.error().code, ErrorCode::unauthorized);
  EXPECT_NE(expired.error().message.find("expired"), std::string::npos);
  reopen();
  const auto revoked = store_->authenticate(other.secret, now_ + 2);
  ASSERT_TRUE(revoked.has_error());
  EXPECT_NE(revoked.error().message.find("revoked"), std::string::npos);
  std::string nearly = expiring.secret;
  nearly.back() = nearly.back() == 'x' ? 'y' : 'x';
  for (const std::string& secret : {nearly, std::string(), std::string(1 << 20, 'x'),
                                    expiring.key.hash, expiring.secret + " "}) {
    const auto unknown = store_->authenticate(secret, now_);
    ASSERT_TRUE(unknown.has_error());
    EXPECT_EQ(unknown.error().code, ErrorCode::unauthorized);
    EXPECT_NE(unknown.error().message.find("unknown API key"), std::string::npos);
    if (!secret.empty()) {
      EXPECT_EQ(unknown.error().message.find(secret), std::string::npos);
    }
  }
}

TEST_F(KeyStoreTest, NamesAreUniqueAmongTheActiveKeysOfAUser) {
  const auto first = store_->create(wanted("laptop")).value();
  const auto again = store_->create(wanted("laptop"));
  ASSERT_TRUE(again.has_error());
  EXPECT_EQ(again.error().code, ErrorCode::already_exists);
  const auto bobs = store_->create(wanted("laptop", "bob@example.org")).value();

  const auto ambiguous = store_->revoke("laptop", now_);
  ASSERT_TRUE(ambiguous.has_error());
  EXPECT_EQ(ambiguous.error().code, ErrorCode::invalid);
  EXPECT_NE(ambiguous.error().message.find(first.key.id.str()), std::string::npos);
  EXPECT_EQ(store_->revoke(first.key.id.str(), now_).value().revoked_at, now_);
  EXPECT_EQ(store_->revoke(first.key.id.str(), now_ + 5).value().revoked_at, now_);
  EXPECT_EQ(store_->revoke("laptop", now_).value().id, bobs.key.id);
  EXPECT_EQ(store_->revoke("laptop", now_).error().code, ErrorCode::not_found);
  EXPECT_TRUE(store_->create(wanted("laptop")));

  const auto all = store_->list();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].id, first.key.id);
  EXPECT_EQ(all[0].status(now_), "revoked");
  EXPECT_EQ(all[2].status(now_), "active");
  EXPECT_EQ(all[2].user, "ann@example.org");
}

TEST_F(KeyStoreTest, LimitsAreKeptAndCountedForEachKey) {
  ApiKey limited = wanted("limited");
  limited.rate_limit = RateLimit{60, 2};
  const auto created = store_->create(limited).value();
  const auto free = store_->create(wanted("free")).value();
  for (int pass = 0; pass < 2; ++pass) {
    const ApiKey found = store_->authenticate(created.secret, now_).value();
    EXPECT_EQ(found.rate_limit, (RateLimit{60, 2}));
    ASSERT_NE(found.bucket, nullptr);
    // Every request is given the same bucket.
    EXPECT_TRUE(found.bucket->take(0).allowed);
    EXPECT_TRUE(store_->authenticate(created.secret, now_).value().bucket->take(0).allowed);
    EXPECT_FALSE(found.bucket->take(0).allowed);
    const ApiKey other = store_->authenticate(free.secret, now_).value();
    EXPECT_EQ(other.bucket, nullptr);
    EXPECT_FALSE(other.rate_limit);
    reopen();
  }
}

TEST_F(KeyStoreTest, AKeyWithoutALimitHasTheServersUnlessItIsFreed) {
  store_.reset();
  store_ = KeyStore::open(path_, {30, 5}).value();
  ApiKey freed = wanted("freed");
  freed.rate_limit = RateLimit{0, 0};
  const auto plain = store_->create(wanted("plain")).value();
  const auto unlimited = store_->create(freed).value();
  for (int pass = 0; pass < 2; ++pass) {
    const ApiKey found = store_->authenticate(plain.secret, now_).value();
    ASSERT_NE(found.bucket, nullptr);
    EXPECT_EQ(found.bucket->limit(), (RateLimit{30, 5}));
    EXPECT_FALSE(found.rate_limit);
    EXPECT_EQ(store_->authenticate(unlimited.secret, now_).value().bucket, nullptr);
    store_.reset();
    store_ = KeyStore::open(path_, {30, 5}).value();
  }
}

TEST_F(KeyStoreTest, KeysAreChangedAndKeepWhoTheyAre) {
  const auto created = store_->create(wanted("laptop")).value();
  const auto other = store_->create(wanted("other")).value();
  const auto changed =
      store_
          ->update(created.key.id.str(), now_,
                   [](ApiKey& key) -> Result<void> {
                     key.name = "desktop";
                     key.description = "moved";
                     key.permissions = {Permission::write, Permission::read};
                     key.rate_limit = RateLimit{10, 0};
                     // None of these may be changed.
                     key.id = KeyId("key_x");
                     key.user = "eve";
                     key.hash = "h";
                     key.prefix = "p";
                     key.created_at = 1;
                     key.revoked_at = 1;
                     key.namespace_id = NamespaceId("ns_x");
                     return {};
                   })
          .value();
  EXPECT_EQ(changed.name, "desktop");
  for (int pass = 0; pass < 2; ++pass) {
    const ApiKey found = store_->authenticate(created.secret, now_).value();
    EXPECT_EQ(found.id, created.key.id);
    EXPECT_EQ(found.user, "ann@example.org");
    EXPECT_EQ(found.prefix, created.key.prefix);
    EXPECT_EQ(found.created_at, created.key.created_at);
    EXPECT_FALSE(found.namespace_id);
    EXPECT_EQ(found.name, "desktop");
    EXPECT_EQ(found.description, "moved");
    EXPECT_EQ(found.permissions,
              (std::vector<Permission>{Permission::read, Permission::write}));
    EXPECT_EQ(found.rate_limit, (RateLimit{10, 0}));
    reopen();
  }
  const auto refusal = [&](std::string_view identifier, const KeyStore::Change& change) {
    const auto result = store_->update(identifier, now_, change);
    return result ? ErrorCode::internal : result.error().code;
  };
  const auto nothing = [](ApiKey&) { return Result<void>(); };
  const auto rename = [](std::string name) {
    return [name](ApiKey& key) {
      key.name = name;
      return Result<void>();
    };
  };
  EXPECT_EQ(refusal("laptop", nothing), ErrorCode::not_found);
  EXPECT_EQ(refusal("desktop", rename("other")), ErrorCode::already_exists);
  EXPECT_EQ(refusal("desktop", rename("desktop")), ErrorCode::internal);  // It is allowed.
  EXPECT_EQ(refusal("desktop", rename("")), ErrorCode::invalid);
  EXPECT_EQ(refusal("desktop",
                    [](ApiKey&) -> Result<void> {
                      return make_error(ErrorCode::forbidden, "no");
                    }),
            ErrorCode::forbidden);
  EXPECT_EQ(store_->authenticate(created.secret, now_).value().name, "desktop");
}

TEST_F(KeyStoreTest, OnlyANewLimitBeginsAnew) {
  ApiKey limited = wanted("limited");
  limited.rate_limit = RateLimit{60, 1};
  const auto created = store_->create(limited).value();
  const auto bucket = [&] {
    return store_->authenticate(created.secret, now_).value().bucket;
  };
  const auto before = bucket();
  const auto set = [&](std::optional<RateLimit> limit) {
    ASSERT_TRUE(store_->update("limited", now_, [&](ApiKey& key) -> Result<void> {
      key.description += "x";
      key.rate_limit = limit;
      return {};
    }));
  };
  set(RateLimit{60, 1});
  EXPECT_EQ(bucket(), before);
  set(RateLimit{60, 2});
  EXPECT_NE(bucket(), before);
  set(std::nullopt);
  EXPECT_EQ(bucket(), nullptr);
}

TEST_F(KeyStoreTest, FilesOfTheFirstVersionAreTakenOver) {
  const auto created = store_->create(wanted("laptop")).value();
  store_.reset();
  {
    auto database = sqlite::Connection::open(path_).value();
    ASSERT_TRUE(database->execute("ALTER TABLE keys DROP COLUMN requests_per_minute"));
    ASSERT_TRUE(database->execute("ALTER TABLE keys DROP COLUMN burst"));
    ASSERT_TRUE(database->execute("ALTER TABLE keys DROP COLUMN weight"));
    ASSERT_TRUE(database->execute("PRAGMA user_version=1"));
  }
  reopen();
  const ApiKey found = store_->authenticate(created.secret, now_).value();
  EXPECT_EQ(found.name, "laptop");
  EXPECT_EQ(found.bucket, nullptr);
  EXPECT_EQ(found.weight, kKeyWeightUsual);
}

TEST_F(KeyStoreTest, WeightsAreStored) {
  ApiKey heavier = wanted("heavier");
  heavier.weight = 300;
  const auto created = store_->create(heavier).value();
  EXPECT_EQ(created.key.weight, 300u);
  EXPECT_EQ(store_->create(wanted("usual")).value().key.weight, kKeyWeightUsual);
  reopen();
  EXPECT_EQ(store_->authenticate(created.secret, now_)->weight, 300u);
  const auto lighter = [](ApiKey& key) -> Result<void> {
    key.weight = 7;
    return {};
  };
  EXPECT_EQ(store_->update("heavier", now_, lighter)->weight, 7u);
  reopen();
  EXPECT_EQ(store_->authenticate(created.secret, now_)->weight, 7u);
}

TEST_F(KeyStoreTest, SecretsThatAreBroughtAreChecked) {
  for (const std::string& secret :
       {std::string("1234567"), std::string(257, 'x'), std::string("with space"),
        std::string("t\xC3\xB6psecret"), std::string("line\nbreak"),
        std::string("nul\0nul\0", 8)}) {
    const auto result = store_->create(wanted("k"), secret);
    ASSERT_TRUE(result.has_error()) << secret;
    EXPECT_EQ(result.error().code, ErrorCode::invalid);
  }
  const auto shortest = store_->create(wanted("a"), std::string("12345678")).value();
  EXPECT_EQ(shortest.secret, "12345678");
  EXPECT_EQ(shortest.key.prefix, "123*******");
  const auto longest = store_->create(wanted("b"), std::string(256, '~')).value();
  EXPECT_EQ(longest.key.prefix, std::string(10, '~'));
  EXPECT_EQ(store_->authenticate("12345678", now_).value().name, "a");
  EXPECT_EQ(store_->create(wanted("c"), std::string("12345678")).error().code,
            ErrorCode::already_exists);
  ASSERT_TRUE(store_->revoke("a", now_));
  EXPECT_EQ(store_->create(wanted("c"), std::string("12345678")).error().code,
            ErrorCode::already_exists);
}

TEST_F(KeyStoreTest, KeysWithoutNameOrPermissionAreRefused) {
  EXPECT_EQ(store_->create(wanted("")).error().code, ErrorCode::invalid);
  ApiKey powerless = wanted("k");
  powerless.permissions.clear();
  EXPECT_EQ(store_->create(powerless).error().location, "permissions");
  EXPECT_EQ(store_->create(wanted("bad \xFF")).error().code, ErrorCode::invalid);
  EXPECT_TRUE(store_->empty());
}

TEST(Permissions, EachImpliesTheLesser) {
  const std::vector<Permission> order = {Permission::read, Permission::write,
                                         Permission::remove, Permission::admin};
  for (std::size_t has = 0; has < order.size(); ++has) {
    ApiKey key;
    EXPECT_FALSE(key.allows(order[has]));
    key.permissions = {order[has]};
    for (std::size_t wanted = 0; wanted < order.size(); ++wanted) {
      EXPECT_EQ(key.allows(order[wanted]), wanted <= has);
    }
    EXPECT_EQ(parse_permission(permission_name(order[has])), order[has]);
  }
  EXPECT_EQ(permission_name(Permission::remove), "delete");
  EXPECT_FALSE(parse_permission("Read"));
  EXPECT_FALSE(parse_permission(""));
}

TEST_F(KeyStoreTest, ManyThreadsMayAskWhileKeysAreMade) {
  const auto first = store_->create(wanted("first")).value();
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        ASSERT_EQ(store_->authenticate(first.secret, now_).value().id, first.key.id);
        ASSERT_FALSE(store_->list().empty());
        std::this_thread::yield();
      }
    });
  }
  std::set<std::string> secrets;
  for (int i = 0; i < 20; ++i) {
    const auto created = store_->create(wanted("key" + std::to_string(i))).value();
    secrets.insert(created.secret);
    ASSERT_EQ(refusal(created.secret, now_), ErrorCode::internal);
    ASSERT_TRUE(store_->revoke(created.key.id.str(), now_));
    ASSERT_EQ(refusal(created.secret, now_), ErrorCode::unauthorized);
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(secrets.size(), 20u);
}

TEST_F(KeyStoreTest, NewerFilesAndFoldersThatAreMissingAreRefused) {
  store_.reset();
  {
    auto database = sqlite::Connection::open(path_).value();
    ASSERT_TRUE(database->execute("PRAGMA user_version=4"));
  }
  const auto newer = KeyStore::open(path_);
  ASSERT_TRUE(newer.has_error());
  EXPECT_EQ(newer.error().code, ErrorCode::storage);
  EXPECT_NE(newer.error().message.find("newer version"), std::string::npos);
  EXPECT_EQ(KeyStore::open(directory_ + "/missing/keys.db").error().code,
            ErrorCode::storage);
}

}  // namespace
}  // namespace trawl::key_store_test
