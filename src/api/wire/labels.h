#pragma once

#include "base/object_reader.h"
#include "http/message/message.h"
#include "model/execution_json.h"

namespace trawl::api {

inline constexpr std::size_t kLabelsMax = 16;
inline constexpr std::size_t kLabelKeyBytesMax = 64;
inline constexpr std::size_t kLabelValueCharsMax = 256;

// The labels of one execution, sorted by key: those of the header X-Trawl-Labels
// (key=value, comma-separated, values percent-encoded) and those of `labels` in the body,
// which win. A key is 1 to 64 of A-Z a-z 0-9 _ . -; a value up to 256 characters, none of
// them a control character.
//   invalid  with the location labels.KEY or header.X-Trawl-Labels
Result<Labels> read_labels(const http::Request& request, ObjectReader& body);

}  // namespace trawl::api
