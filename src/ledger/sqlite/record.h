#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/execution.h"

namespace trawl::sqlite {

// What `records` holds of an execution: ExecutionDetailParts::before and ::after,
// compressed by zstd with a dictionary of the words that all records share.
//   version (1 byte; written: 2) · bytes of `before` (4, little-endian) · zstd frame of
//   both
struct RecordParts {
  std::string before;
  std::string after;
};
std::string encode_record(const Execution& execution);
//   storage  the bytes are not what encode_record makes
Result<RecordParts> decode_record(std::string_view record);

// What records of a version, 1 or 2, are compressed with, and can only be read with.
std::string_view record_dictionary(std::size_t version);

}  // namespace trawl::sqlite
