#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/failure.h"

namespace trawl::cli {

using Query = std::vector<std::pair<std::string, std::string>>;

// Percent-encodes everything but the unreserved characters of RFC 3986, so the
// result is one path segment or one query value.
std::string percent_encode(std::string_view text);

// "/v1/collections/" + the encoded segment, and so on: path({"v1", "collections", name}).
std::string path(const std::vector<std::string_view>& segments);

// Appends ?a=b&c=d; nothing for an empty query.
std::string with_query(std::string path, const Query& query);

// The address without a trailing slash and without a trailing /v1 (which the paths bring
// themselves); http:// is put before an address that names no scheme.
//   usage  another scheme than http and https, no host, or a query in it
Outcome<std::string> normalise_base_url(std::string_view text);

// True for localhost, 127.x.x.x and [::1]: no proxy can serve these.
bool is_loopback(std::string_view base_url);

}  // namespace trawl::cli
