#include "api/console/packed_files.h"

#include <cstdint>
#include <stdexcept>
#include <utility>

#include "base/json.h"
#include "base/object_reader.h"
#include "http/message/entity_tag.h"

namespace trawl::api {
namespace {

[[noreturn]] void fail_pack(const std::string& what) {
  throw std::logic_error("the console's pack of files: " + what);
}

// The bytes that [offset, size] names.
std::string_view packed_bytes(const json::array* range, std::string_view bytes) {
  if (range == nullptr || range->size() != 2) fail_pack("a range is not [offset, size]");
  const auto offset = (*range)[0].to_number<std::size_t>();
  const auto size = (*range)[1].to_number<std::size_t>();
  if (offset > bytes.size() || size > bytes.size() - offset) {
    fail_pack("a range is outside of it");
  }
  return bytes.substr(offset, size);
}

}  // namespace

const PackedBody& PackedFile::in(http::ContentCoding coding) const {
  switch (coding) {
    case http::ContentCoding::gzip:
      return gzip;
    case http::ContentCoding::zstd:
      return zstd;
    case http::ContentCoding::identity:
      break;
  }
  return raw;
}

PackedFiles::PackedFiles(std::string_view pack) {
  if (pack.empty()) return;
  const auto end = pack.find('\n');
  if (end == pack.npos) fail_pack("it has no first line");
  const auto index = parse_json(pack.substr(0, end));
  if (!index || !index->is_object()) fail_pack("its first line is not a JSON object");
  const std::string_view bytes = pack.substr(end + 1);

  ObjectReader in(index->get_object(), "");
  const json::array* files = in.array({"files"});
  if (files == nullptr) fail_pack("it has no 'files'");
  for (const json::value& value : *files) {
    if (!value.is_object()) fail_pack("a file is not an object");
    ObjectReader file = in.child(value.get_object(), "files");
    const auto body = [&](std::string_view form, http::ContentCoding coding) {
      const std::string_view found = packed_bytes(file.array({form}), bytes);
      return PackedBody{.bytes = found, .etag = http::entity_tag(found, coding)};
    };
    const std::string name = file.required_string({"name"});
    PackedFile packed{.content_type = file.required_string({"content_type"}),
                      .is_hashed = file.boolean({"is_hashed"}, false),
                      .raw = body("raw", http::ContentCoding::identity),
                      .gzip = body("gzip", http::ContentCoding::gzip),
                      .zstd = body("zstd", http::ContentCoding::zstd)};
    if (!file.ok()) fail_pack(file.error().message);
    files_.emplace(name, std::move(packed));
  }
}

const PackedFile* PackedFiles::find(std::string_view name) const {
  const auto found = files_.find(name);
  return found == files_.end() ? nullptr : &found->second;
}

}  // namespace trawl::api
