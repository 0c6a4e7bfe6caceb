#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/gzip.h"
#include "base/result.h"
#include "base/zstd.h"
#include "http/message/body_limit.h"
#include "http/message/message.h"
#include "http/message/negotiation.h"

namespace trawl::http {

// What a 415 says in Accept-Encoding.
inline constexpr std::string_view kReadCodings = "gzip, zstd, identity";

// How a request says that its body is packed (Content-Encoding, of any number of lines).
//   unsupported_coding  by something that is not read here, or more than once
Result<ContentCoding> content_coding(const std::vector<Header>& headers);

// Unpacks a body piece by piece, in constant memory. Not thread-safe.
class ContentDecoder {
 public:
  // A body may unpack to so much in any case, and beyond that to so many times its own
  // size. Texts reach a tenth of that; more is made to exhaust anyone who unpacks it.
  static constexpr std::uint64_t kFreeBytes = 1024 * 1024;
  static constexpr std::uint64_t kRatioMax = 200;

  explicit ContentDecoder(ContentCoding coding);

  // Takes bytes off the front of `bytes` and appends to `out` what they are, at most
  // `room`. Where it appends `room`, more may be had without any further bytes.
  //   bad_request  it is not what it claims to be, or is damaged
  //   too_large    it unpacks to too many times its size
  Result<void> read(std::string_view& bytes, std::string& out, std::size_t room);
  // Called once, behind the last byte.
  //   bad_request  it ends too early
  Result<void> finish() const;

 private:
  const ContentCoding coding_;
  std::optional<GzipReader> gzip_;
  std::optional<ZstdReader> zstd_;
  std::uint64_t read_ = 0;
  std::uint64_t made_ = 0;
};

// A whole body. `grow` is asked before the result takes up more memory, with all that it
// will take up.
//   too_large  it unpacks to more than the limit
//   and those of ContentDecoder and of `grow`
using Grow = std::function<Result<void>(std::size_t bytes)>;
Result<std::string> decode_content(ContentCoding coding, std::string_view body,
                                   const BodyLimit& limit, const Grow& grow);

// Unpacks a body while it arrives.
class DecodingReader : public BodyReader {
 public:
  DecodingReader(ContentCoding coding, std::shared_ptr<BodyReader> packed)
      : packed_(std::move(packed)), decoder_(coding) {}
  Result<std::string> read() override;

 private:
  const std::shared_ptr<BodyReader> packed_;
  ContentDecoder decoder_;
  std::string piece_;
  std::string_view rest_;  // Of piece_.
  bool may_have_more_ = false;
};

}  // namespace trawl::http
