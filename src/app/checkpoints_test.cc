#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "app/backup.h"
#include "app/data_files.h"
#include "app/doctor.h"
#include "auth/key_store.h"
#include "base/file.h"
#include "corpus/store/sqlite_corpus.h"
#include "ledger/ledger_test_data.h"
#include "ledger/sqlite/sqlite_ledger.h"
#include "sqlite/lock_watch_test_support.h"

namespace trawl::app::checkpoints_test {
namespace {

// Goal: backups and examinations of a directory that is written to neither move a log while
// a commit runs, nor commit anything.
// Method: all of them at once in one process, watched where they take their locks.
TEST(Checkpoints, BackupAndDoctorExcludeThemToo) {
  test::ScratchDirectory directory;
  const std::string data = directory.file("data");
  const test::LockWatch watch;
  {
    const auto lock = DirectoryLock::acquire(data).value();
    const auto keys = KeyStore::open(data + "/" + kKeysFile).value();
    CorpusOptions options;
    options.directory = data;
    const auto corpus = open_corpus(std::move(options)).value();
    const auto ledger = open_sqlite_ledger(data + "/" + kLedgerFile).value();
    Namespace wanted;
    wanted.name = "main";
    const NamespaceId ns = corpus->create_namespace(std::move(wanted)).value().id;
    Collection notes;
    notes.name = "notes";
    notes.namespace_id = ns;
    const CollectionId collection = corpus->create_collection(std::move(notes)).value().id;

    std::atomic<bool> done = false;
    std::thread recording([&] {
      for (int i = 0; !done; ++i) {
        EXPECT_TRUE(test::append(*ledger, {test::finished(test::make_execution(
                                              ns, "e" + std::to_string(i), i))}));
      }
    });
    std::thread upkeep([&] {
      while (!done) ledger->maintain();
    });
    std::thread storing([&] {
      const json::object fields{{"text", std::string(20'000, 'x')}};
      for (int i = 0; !done; ++i) {
        DocumentWrite document;
        document.document_id = std::to_string(i % 50);
        document.fields = fields;
        std::vector<DocumentWrite> documents;
        documents.push_back(std::move(document));
        EXPECT_TRUE(corpus->put(collection, std::move(documents), Atomic::yes));
        EXPECT_TRUE(keys->try_write());
      }
    });
    for (int i = 0; i < 3 || watch.counts(data + "/" + kLedgerFile).checkpoints < 20; ++i) {
      const std::string target = directory.file("backup" + std::to_string(i));
      const auto report = back_up(data, target, false, nullptr);
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_TRUE(find_missing_logs(target).empty());
      const auto found = examine(data, true, nullptr);
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_TRUE(found->server_running);
    }
    done = true;
    for (std::thread* thread : {&recording, &upkeep, &storing}) thread->join();
  }
  for (const char* name : {kLedgerFile, kCorpusFile, kKeysFile}) {
    const auto counts = watch.counts(data + "/" + name);
    EXPECT_GT(counts.checkpoints, 0) << name;
    EXPECT_GT(counts.commits, 0) << name;
    EXPECT_EQ(counts.overlaps, 0) << name;
  }
}

}  // namespace
}  // namespace trawl::app::checkpoints_test
