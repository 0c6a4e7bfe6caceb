#include "cli/commands/collection_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace trawl::cli {
namespace {

// Of one request, which has as many rows.
constexpr std::size_t kIdsAsked = 100;

}  // namespace

CollectionNames names_of_collections(Context& context,
                                     const std::vector<std::string>& ids) {
  CollectionNames names;
  for (std::size_t begin = 0; begin < ids.size(); begin += kIdsAsked) {
    json::array wanted;
    for (std::size_t i = begin; i < std::min(ids.size(), begin + kIdsAsked); ++i)
      wanted.push_back(text_value(ids[i]));
    const json::value body = {
        {"filters",
         {{"field", "collection_id"}, {"operator", "in"}, {"value", std::move(wanted)}}}};
    const auto reply = context.call(
        "POST",
        with_query(path({"v1", "collections", "list"}),
                   {{"limit", std::to_string(kIdsAsked)}, {"include_total", "false"}}),
        &body);
    // The names are a help, and no reason to fail.
    if (!reply) return names;
    const auto* found = array_at(*reply, "results");
    if (found == nullptr) return names;
    for (const auto& one : *found) {
      const auto* collection = one.if_object();
      if (collection == nullptr) continue;
      names[text_at(*collection, "collection_id")] =
          text_at(*collection, "collection_name");
    }
  }
  return names;
}

std::string named_collection(const CollectionNames& names, const std::string& id) {
  const auto found = names.find(id);
  return found == names.end() || found->second == id
             ? id
             : fmt::format("{} ({})", found->second, id);
}

}  // namespace trawl::cli
