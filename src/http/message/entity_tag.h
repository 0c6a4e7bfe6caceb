#pragma once

#include <string>
#include <string_view>

#include "http/message/negotiation.h"

namespace trawl::http {

// The strong entity tag of a body that is sent in this coding, with its quotes. Equal
// bodies have equal tags, in every process and version; each coding has a tag of its own,
// as its bytes are others (RFC 9110, 8.8.3.3).
std::string entity_tag(std::string_view body, ContentCoding coding);

// Whether an If-None-Match value names the tag, or everything by "*". The comparison is
// weak: W/"a" names "a". What is not a tag names nothing.
bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace trawl::http
