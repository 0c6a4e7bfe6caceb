#include "http/message/entity_tag.h"

#include "base/hash.h"
#include "http/message/header_list.h"

namespace trawl::http {

std::string entity_tag(std::string_view body, ContentCoding coding) {
  std::string tag = "\"" + content_hash_hex(body);
  if (coding != ContentCoding::identity) tag.append("-").append(coding_name(coding));
  return tag + '"';
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  while (!if_none_match.empty()) {
    std::string_view element = take_element(if_none_match);
    if (element == "*") return true;
    if (element.starts_with("W/")) element.remove_prefix(2);
    if (element == tag) return true;
  }
  return false;
}

}  // namespace trawl::http
