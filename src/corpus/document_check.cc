#include "corpus/document_check.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace trawl {
namespace {

constexpr std::size_t kDocumentIdCharsMax = 512;

bool nested_deeper_than(const json::value& value, std::size_t depth) {
  if (const auto* object = value.if_object()) {
    if (depth == 0) return true;
    for (const auto& field : *object) {
      if (nested_deeper_than(field.value(), depth - 1)) return true;
    }
  } else if (const auto* array = value.if_array()) {
    if (depth == 0) return true;
    for (const auto& item : *array) {
      if (nested_deeper_than(item, depth - 1)) return true;
    }
  }
  return false;
}

}  // namespace

Result<void> check_document_id(std::string_view document_id, std::string location) {
  if (document_id.empty()) {
    return invalid_at(
        std::move(location),
        "document_id is empty; use 1 to 512 characters, or leave it out for a new one");
  }
  if (!is_valid_utf8(document_id)) {
    return invalid_at(std::move(location), "document_id is not valid UTF-8; send UTF-8");
  }
  if (truncate_text(document_id, kDocumentIdCharsMax) != document_id) {
    return invalid_at(std::move(location),
                      fmt::format("document_id has more than {} characters; use fewer",
                                  kDocumentIdCharsMax));
  }
  for (std::size_t i = 0; i < document_id.size(); ++i) {
    const auto byte = static_cast<unsigned char>(document_id[i]);
    // U+0080 to U+009F, the second set of control characters, are C2 80 to C2 9F.
    const bool second_set =
        byte == 0xC2 && static_cast<unsigned char>(document_id[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || second_set) {
      return invalid_at(std::move(location),
                        fmt::format("document_id has a control character at byte {}; "
                                    "leave it out",
                                    i));
    }
  }
  return {};
}

Result<void> check_depth(const json::object& fields, std::string location) {
  for (const auto& field : fields) {
    if (nested_deeper_than(field.value(), kJsonDepthMax - 1)) {
      return invalid_at(
          std::move(location),
          fmt::format("'{}' is nested deeper than the {} levels a document may "
                      "have; flatten it",
                      truncate_text({field.key().data(), field.key().size()}, 64),
                      kJsonDepthMax));
    }
  }
  return {};
}

Result<void> check_document(std::string_view document_id, const json::object& fields,
                            const std::string& location) {
  TRAWL_TRY(check_document_id(document_id, location + ".document_id"));
  return check_depth(fields, location);
}

Error unknown_document(const Collection& collection, std::string_view document_id) {
  return make_error(ErrorCode::not_found,
                    fmt::format("there is no document '{}' in collection '{}'",
                                truncate_text(document_id, 128), collection.name));
}

Error document_taken(const Collection& collection, std::string_view document_id) {
  return make_error(
      ErrorCode::already_exists,
      fmt::format("there is a document '{}' in collection '{}' already; change "
                  "that one, or choose another document_id",
                  truncate_text(document_id, 128), collection.name));
}

}  // namespace trawl
