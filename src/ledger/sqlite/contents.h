#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/sqlite/record.h"
#include "sqlite/connection.h"

// What several records have in common, stored once in a namespace under its SHA-256:
// `contents` has how many places of records it is in, `content_data` the bytes, and
// `record_contents` says which contents a record has.
namespace trawl::sqlite {

// The writing half, within the caller's write transactions. Not thread-safe.
class Contents {
 public:
  // By how much the uses of a content change.
  using Uses = std::map<std::int64_t, std::int64_t>;

  // Makes them those of a record that has none yet.
  Result<void> put(Connection& connection, std::int64_t ns, std::int64_t seq,
                   std::span<const NewContent> contents, Uses& uses);
  // Takes its contents from a record, or only its cut-outs.
  enum class Which { all, cut_outs };
  Result<void> release(Connection& connection, std::int64_t seq, Which which, Uses& uses);
  // Applies what the calls of a transaction changed; what nothing uses any more is deleted.
  Result<void> apply(Connection& connection, const Uses& uses);
  // Forgets the numbers that it knows, after a rollback or a delete.
  void forget() { known_.clear(); }

 private:
  Result<std::int64_t> number_of(Connection& connection, std::int64_t ns,
                                 const NewContent& content);

  static constexpr std::size_t kKnownMax = 10'000;
  std::unordered_map<std::string, std::int64_t> known_;  // By namespace and digest.
};

// What decode_record() wants beside the record, within the caller's read transaction. A
// content that is not there is left out.
//   storage  one cannot be unpacked
Result<std::vector<std::string>> read_cut_outs(Connection& connection, std::int64_t seq);

// The answers that its external calls got, each once, within the same.
//   storage  one is missing, or is not what was stored
Result<std::vector<Content>> read_answers(Connection& connection, std::int64_t seq);

}  // namespace trawl::sqlite
