#include "pipeline/template/filled_parameters.h"

#include <fmt/format.h>

#include <algorithm>

namespace trawl {
namespace {

// Follows a place through both values, as far as the pipeline says itself what is there.
Result<void> check(std::string_view place, const json::value& written,
                   const json::value& filled, const std::string& location) {
  if (place.empty()) {
    // An object that was written as one may have been filled in inside.
    if (written.is_object() || !filled.is_object()) return {};
    return invalid_at(location,
                      fmt::format("{} is filled in with an object, and takes a text from a "
                                  "template; name the member that is the text, as in "
                                  "{{{{INPUT.query.text}}}}",
                                  location));
  }
  if (place.starts_with("[]")) {
    const auto* from = written.if_array();
    const auto* to = filled.if_array();
    if (from == nullptr || to == nullptr) return {};
    place.remove_prefix(place.starts_with("[].") ? 3 : 2);
    for (std::size_t i = 0; i < std::min(from->size(), to->size()); ++i) {
      TRAWL_TRY(check(place, (*from)[i], (*to)[i], fmt::format("{}[{}]", location, i)));
    }
    return {};
  }
  const auto* from = written.if_object();
  const auto* to = filled.if_object();
  if (from == nullptr || to == nullptr) return {};
  const std::size_t end = std::min(place.find_first_of(".["), place.size());
  const json::string_view name(place.data(), end);
  const auto* inner = from->if_contains(name);
  const auto* inner_filled = to->if_contains(name);
  if (inner == nullptr || inner_filled == nullptr) return {};
  place.remove_prefix(end < place.size() && place[end] == '.' ? end + 1 : end);
  return check(place, *inner, *inner_filled,
               fmt::format("{}.{}", location, std::string_view(name.data(), name.size())));
}

}  // namespace

Result<void> check_filled(std::span<const std::string_view> text_places,
                          const json::object& written, const json::object& filled,
                          const std::string& location) {
  if (text_places.empty() || written == filled) return {};
  const json::value from(written);
  const json::value to(filled);
  for (const std::string_view place : text_places) {
    TRAWL_TRY(check(place, from, to, location));
  }
  return {};
}

}  // namespace trawl
