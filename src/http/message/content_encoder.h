#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/gzip.h"
#include "base/zstd.h"
#include "http/message/negotiation.h"

namespace trawl::http {

// Packs a body that is made piece by piece. Not thread-safe.
class ContentEncoder {
 public:
  explicit ContentEncoder(ContentCoding coding);

  // Appends to `out` what is ready to be sent.
  void add(std::string_view bytes, std::string& out);
  void finish(std::string& out);  // Called once, last.

 private:
  std::optional<GzipWriter> gzip_;
  std::optional<ZstdWriter> zstd_;
};

// A whole body.
std::string encode_content(ContentCoding coding, std::string_view body);

// Whether bodies of this Content-Type get smaller: texts and JSON do. Event streams are
// texts, but each event has to arrive by itself.
bool is_compressible(std::string_view content_type);

}  // namespace trawl::http
