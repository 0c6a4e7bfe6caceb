#include "http/message/content_encoder.h"

#include "base/text.h"

namespace trawl::http {

ContentEncoder::ContentEncoder(ContentCoding coding) {
  if (coding == ContentCoding::gzip) gzip_.emplace(kGzipFastLevel);
  if (coding == ContentCoding::zstd) zstd_.emplace();
}

void ContentEncoder::add(std::string_view bytes, std::string& out) {
  if (gzip_) {
    gzip_->add(bytes, out);
  } else if (zstd_) {
    zstd_->add(bytes, out);
  } else {
    out.append(bytes);
  }
}

void ContentEncoder::finish(std::string& out) {
  if (gzip_) gzip_->finish(out);
  if (zstd_) zstd_->finish(out);
}

std::string encode_content(ContentCoding coding, std::string_view body) {
  switch (coding) {
    case ContentCoding::identity:
      break;
    case ContentCoding::gzip:
      return gzip_compress(body);
    case ContentCoding::zstd:
      return zstd_compress(body);
  }
  return std::string(body);
}

bool is_compressible(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (type.starts_with("text/")) return type != "text/event-stream";
  return type == "application/json" || type == "application/x-ndjson" ||
         type == "application/javascript" || type.ends_with("+json");
}

}  // namespace trawl::http
