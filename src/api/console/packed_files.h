#pragma once

#include <map>
#include <string>
#include <string_view>

#include "http/message/negotiation.h"

namespace trawl::api {

// A file in the form that a client takes.
struct PackedBody {
  std::string_view bytes;
  std::string etag;  // Strong, with its quotes; each form has its own.
};

struct PackedFile {
  std::string content_type;
  bool is_hashed = false;  // What it holds never changes under its name.
  PackedBody raw;
  PackedBody gzip;
  PackedBody zstd;

  const PackedBody& in(http::ContentCoding coding) const;
};

// Files by their names, as cmake/pack_files.py packs them. Immutable once made.
class PackedFiles {
 public:
  // An empty pack has no files. The pack has to last as long as this. Throws
  // std::logic_error where it is none: it is part of the program.
  explicit PackedFiles(std::string_view pack);

  bool empty() const { return files_.empty(); }
  // Null where there is none of that name.
  const PackedFile* find(std::string_view name) const;

 private:
  std::map<std::string, PackedFile, std::less<>> files_;
};

}  // namespace trawl::api
