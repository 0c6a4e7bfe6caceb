#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/collection.h"

namespace trawl {

// What every corpus refuses, in the same words.

// 1 to 512 characters of UTF-8 without control characters.
//   invalid
Result<void> check_document_id(std::string_view document_id, std::string location);
// What is stored can be read again, so nesting has a limit.
//   invalid
Result<void> check_depth(const json::object& fields, std::string location);
// Both, of a document at this place of a call.
Result<void> check_document(std::string_view document_id, const json::object& fields,
                            const std::string& location);

Error unknown_document(const Collection& collection, std::string_view document_id);
Error document_taken(const Collection& collection, std::string_view document_id);

}  // namespace trawl
