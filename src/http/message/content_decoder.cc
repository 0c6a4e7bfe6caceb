#include "http/message/content_decoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/message/head.h"
#include "http/message/header_list.h"

namespace trawl::http {
namespace {

constexpr std::size_t kStepBytes = 64 * 1024;
constexpr std::size_t kPieceBytesMax = 256 * 1024;  // As BodyReader promises.
constexpr std::size_t kPieceBytesMin = 4 * 1024;
constexpr std::size_t kLikelyRatio = 8;  // Of texts.

Error not_read(std::string_view coding) {
  return make_error(ErrorCode::unsupported_coding,
                    fmt::format("the Content-Encoding '{}' is not supported by this "
                                "server; use gzip or zstd, or send the body uncompressed",
                                truncate_text(coding, 50)));
}

}  // namespace

Result<ContentCoding> content_coding(const std::vector<Header>& headers) {
  ContentCoding found = ContentCoding::identity;
  for (const auto& [name, value] : headers) {
    if (!equals_ignoring_case(name, "Content-Encoding")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view element = take_element(rest);
      if (element.empty() || equals_ignoring_case(element, "identity")) continue;
      const bool is_gzip =
          equals_ignoring_case(element, "gzip") || equals_ignoring_case(element, "x-gzip");
      if (!is_gzip && !equals_ignoring_case(element, "zstd")) return not_read(element);
      if (found != ContentCoding::identity) {
        return make_error(ErrorCode::unsupported_coding,
                          "the body is compressed more than once (Content-Encoding); "
                          "compress it once, with gzip or zstd");
      }
      found = is_gzip ? ContentCoding::gzip : ContentCoding::zstd;
    }
  }
  return found;
}

ContentDecoder::ContentDecoder(ContentCoding coding) : coding_(coding) {
  if (coding == ContentCoding::gzip) gzip_.emplace();
  if (coding == ContentCoding::zstd) zstd_.emplace();
}

Result<void> ContentDecoder::read(std::string_view& bytes, std::string& out,
                                  std::size_t room) {
  const std::size_t given = bytes.size();
  const std::size_t before = out.size();
  bool good = true;
  if (gzip_) {
    good = gzip_->read(bytes, out, room);
  } else if (zstd_) {
    good = zstd_->read(bytes, out, room);
  } else {
    const std::size_t size = std::min(room, bytes.size());
    out.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  if (!good) {
    return make_error(
        ErrorCode::bad_request,
        fmt::format("the body is not valid {}, as its Content-Encoding says{}",
                    coding_name(coding_),
                    zstd_ ? " (with a window of 8 MiB at most)" : ""));
  }
  read_ += given - bytes.size();
  made_ += out.size() - before;
  if (coding_ != ContentCoding::identity && made_ > kFreeBytes &&
      made_ / kRatioMax > read_) {
    return make_error(
        ErrorCode::too_large,
        fmt::format("the body decompresses to more than {} times its size; send it "
                    "without a Content-Encoding",
                    kRatioMax));
  }
  return {};
}

Result<void> ContentDecoder::finish() const {
  if ((gzip_ && !gzip_->at_end()) || (zstd_ && !zstd_->at_end())) {
    return make_error(
        ErrorCode::bad_request,
        fmt::format("the body ends in the middle of its {} data", coding_name(coding_)));
  }
  return {};
}

Result<std::string> decode_content(ContentCoding coding, std::string_view body,
                                   const BodyLimit& limit, const Grow& grow) {
  ContentDecoder decoder(coding);
  std::string out;
  std::size_t made = kStepBytes;
  while (!body.empty() || made == kStepBytes) {
    const std::size_t needed = out.size() + kStepBytes;
    if (needed > out.capacity()) {
      const std::size_t capacity = std::max(needed, 2 * out.capacity());
      TRAWL_TRY(grow(capacity));
      out.reserve(capacity);
    }
    const std::size_t before = out.size();
    TRAWL_TRY(decoder.read(body, out, kStepBytes));
    made = out.size() - before;
    if (out.size() > limit.bytes_max) {
      return make_error(
          ErrorCode::too_large,
          fmt::format("the body decompresses to too many bytes; at most {} are accepted",
                      describe(limit)));
    }
  }
  TRAWL_TRY(decoder.finish());
  return out;
}

Result<std::string> DecodingReader::read() {
  std::string out;
  while (true) {
    if (!rest_.empty() || may_have_more_) {
      // A client that sends byte by byte costs no large piece for each.
      const std::size_t room =
          std::clamp(rest_.size() * kLikelyRatio, kPieceBytesMin, kPieceBytesMax);
      TRAWL_TRY(decoder_.read(rest_, out, room));
      may_have_more_ = out.size() == room;
      if (!out.empty()) return out;
      continue;
    }
    TRAWL_ASSIGN(piece_, packed_->read());
    rest_ = piece_;
    if (piece_.empty()) {
      TRAWL_TRY(decoder_.finish());
      return out;
    }
  }
}

}  // namespace trawl::http
