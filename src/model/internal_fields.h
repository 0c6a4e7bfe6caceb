#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/json.h"

namespace trawl {

// What the server keeps of a document beside its fields; documents show it as _internal.
struct InternalFields {
  std::string_view document_id;
  std::string_view collection_id;
  std::string_view namespace_id;  // Empty where it is not known.
  TimeUs created_at = 0;
  TimeUs updated_at = 0;
};

json::object internal_json(const InternalFields& internal);

// Whether a path leads there, so that no field of a document is meant: "_internal" or
// "_internal.created_at".
bool is_internal_path(std::string_view path);

// The value at such a path, written to `scratch`; null where there is none.
const json::value* internal_value(const InternalFields& internal, std::string_view path,
                                  json::value& scratch);

}  // namespace trawl
