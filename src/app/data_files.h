#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"

namespace trawl::app {

// What a data directory holds, apart from folders and files that are made when missing.
inline constexpr const char* kLedgerFile = "ledger.db";
inline constexpr const char* kCorpusFile = "corpus.db";
inline constexpr const char* kKeysFile = "keys.db";
// Missing before the first start of a version that has it.
inline constexpr const char* kJobsFile = "jobs.db";
inline constexpr const char* kRecordingKeyFile = "recording.key";
inline constexpr std::size_t kRecordingKeyBytes = 32;

// For tools that must not make one where there is none.
//   not_found  the directory or one of its databases is missing
Result<void> check_data_directory(const std::string& directory);

// Called before any of the files is changed.
//   storage  one was written by a newer version of this program
Result<void> refuse_newer_files(const std::string& directory);

// Whether a name within a data directory is one that the server gives.
bool is_data_file(const std::string& name);

// Those databases of a data directory that were copied without their log, each with what to
// say of it. Ask before anything opens them.
std::vector<std::string> find_missing_logs(const std::string& directory);

// Takes everybody else's rights away from the files of a data directory, and from the
// directory, if nothing but those files is in it. Tells the log what it did and could not.
void make_data_private(const std::string& directory);

}  // namespace trawl::app
