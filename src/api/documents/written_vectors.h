#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/services.h"
#include "api/wire/request_shape.h"
#include "base/json.h"
#include "base/object_reader.h"
#include "http/message/message.h"
#include "model/collection.h"

namespace trawl::api {

// What writes of documents have to do with the vectors that a model makes of them.

// `wait_for` of a write: its reply comes when the documents that the collection had behind
// it have their vectors, or will not have them soon. In the query where the body is
// documents, else in the body.
inline constexpr QueryParameter kWaitForParameter{"wait_for"};
inline constexpr BodyMember kWaitForMember{"wait_for"};
//   invalid  it is anything but "vectors"
Result<bool> read_wait_for(const http::Request& request);
bool read_wait_for(ObjectReader& in);

// To be called after each commit: counts what was written, and has its vectors made.
void documents_written(const Services& services, const Collection& collection,
                       std::uint64_t count);

// How the vectors of a collection came along while its write waited for them. The write
// has happened: that they are not there is no error, which clients would answer by writing
// once more.
struct WrittenVectors {
  bool has_model = false;  // Of a feature of the collection.
  std::uint64_t awaited = 0;
  std::optional<std::string> reason = {};  // Why some are still awaited.
};
// Waits, without a slot of the workers, for as long as a request may compute
// (limits.request_ms_max), while its client is there.
WrittenVectors wait_for_vectors(const Services& services, const http::Request& request,
                                const Collection& collection);
// {"state", "awaited", "reason"}
json::object written_vectors_json(const WrittenVectors& vectors);

}  // namespace trawl::api
