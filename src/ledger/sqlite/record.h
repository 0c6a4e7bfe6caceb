#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/sqlite/recent_contents.h"
#include "ledger/sqlite/sights.h"
#include "model/execution.h"

namespace trawl::sqlite {

// What `records` holds of an execution: ExecutionDetailParts::before and ::after,
// compressed by zstd with a dictionary of the words that all records share. Version 2:
//   version (1 byte) · bytes of `before` (4, little-endian) · zstd frame of both
// Version 3 leaves values out that other records have too, its cut-outs, which are kept
// once as contents (contents.h):
//   version (1 byte) · bytes of `before` (4, little-endian) · how many cut-outs (4) · for
//   each, at which byte of what is in the frame it belongs (4) · zstd frame of the rest
struct RecordParts {
  std::string before;
  std::string after;
};

// A content of a record, to be stored once in the namespace.
struct NewContent {
  // In `record_contents`: of a cut-out, which of them, from 0 up; of an answer of an
  // external call, from -1 down.
  std::int64_t place = 0;
  std::string digest;  // content_digest()
  std::string data;    // pack_content(); empty: made when it is stored, of `recent`.
  // One that came lately has been stored, as a rule, and need not be packed again.
  std::shared_ptr<const RecentContents::Content> recent;
};
struct EncodedRecord {
  std::string record;
  std::vector<NewContent> contents;
};

// Values shorter than this stay in the record, where compressing all in one costs less than
// a row for the content, a row for the place, and counting uses. Of the mixed load of
// `ledger_bench record` an execution takes 844 bytes and 176,000 instructions of the
// writer; with 384 here, 1,077 and 209,000.
inline constexpr std::size_t kCutOutMin = 1536;

// What was encoded lately. Namespaces share no sights; of the contents they share what
// hashing them gave, and nothing that shows. Thread-safe.
struct SeenValues {
  Sights sights;
  RecentContents contents;
  std::size_t cut_out_min = kCutOutMin;  // Bytes.
};

// What is among the sights is cut out, since it came before and so may come again; what is
// not is added to them, and stays in the record, which has the best of compressing it all
// in one. Null: nothing is cut out. kept_answers() are contents, too, and not in the
// record.
EncodedRecord encode_record(const Execution& execution, SeenValues* seen = nullptr);

// How many cut-outs decode_record() wants of it.
std::size_t count_cut_outs(std::string_view record);
// The cut-outs in their order.
//   storage  the bytes are not what encode_record makes, or a cut-out is missing
Result<RecordParts> decode_record(std::string_view record,
                                  std::span<const std::string> cut_outs = {});

// SHA-256, 32 bytes.
std::string content_digest(std::string_view bytes);
// What `contents` holds of some bytes: version of the dictionary (1 byte) · zstd frame.
std::string pack_content(std::string_view bytes);
// Likewise, made now where it was not made before.
std::string packed(const NewContent& content);
//   storage  the bytes are not what pack_content makes
Result<std::string> unpack_content(std::string_view data);

// What records of a version, 1 or 2, are compressed with, and can only be read with. Those
// of version 3 have the dictionary of version 2.
std::string_view record_dictionary(std::size_t version);

}  // namespace trawl::sqlite
