#include "api/wire/object_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/wire/paging.h"
#include "base/field_path.h"
#include "base/object_reader.h"
#include "query/filter.h"

namespace trawl::api {
namespace {

constexpr std::uint32_t kObjectLimitDefault = 100;

Result<void> apply_sort(ObjectReader in, std::vector<json::object>& rows) {
  const std::string field = in.required_string({"field"});
  const bool descending =
      in.one_of<bool>({"direction"}, false, {{"asc", false}, {"desc", true}});
  TRAWL_TRY(in.status());
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const json::object& a, const json::object& b) {
                     const json::value* left = find_path(a, field);
                     const json::value* right = find_path(b, field);
                     const bool has_left = left != nullptr && !left->is_null();
                     const bool has_right = right != nullptr && !right->is_null();
                     if (!has_left || !has_right)
                       return has_left && !has_right;  // Missing ones last.
                     const int order = compare_values(*left, *right);
                     return descending ? order > 0 : order < 0;
                   });
  return {};
}

}  // namespace

Result<json::object> list_objects(const http::Request& request, const json::object& body,
                                  std::vector<json::object> rows,
                                  std::span<const std::string_view> searched) {
  TRAWL_ASSIGN(ListQuery query, parse_list_query(request, kObjectLimitDefault));
  ObjectReader in(body, {});
  TRAWL_TRY(read_page_keys(in, query));
  const bool case_sensitive = in.boolean({"case_sensitive"}, false);
  const std::string search =
      in.string({"search"}, request.query_value("search").value_or(""));
  const json::object* sort = in.object({"sort"});
  const json::array* sorts = in.array({"sorts"});
  const json::value* filters = in.find({"filters"});
  TRAWL_TRY(in.status());

  const auto keep = [&](const Filter& filter) {
    std::erase_if(rows, [&](const json::object& row) { return !filter.matches(row); });
  };
  if (filters != nullptr) {
    TRAWL_ASSIGN(const Filter filter,
                 Filter::compile(*filters, "filters",
                                 {.case_sensitive = case_sensitive, .templates = {}}));
    keep(filter);
  }
  if (!search.empty()) {
    json::array any;
    for (const auto field : searched) {
      any.push_back(json::object{{"field", json::string_view(field.data(), field.size())},
                                 {"operator", "contains"},
                                 {"value", search}});
    }
    TRAWL_ASSIGN(const Filter filter,
                 Filter::compile(json::object{{"OR", std::move(any)}}, "search",
                                 {.case_sensitive = case_sensitive, .templates = {}}));
    keep(filter);
  }
  // The first of several orders is the one that counts most, so it is applied last.
  for (std::size_t i = sorts == nullptr ? 0 : sorts->size(); i-- > 0;) {
    const json::value& one = (*sorts)[i];
    if (!one.is_object()) {
      return invalid_at(fmt::format("sorts[{}]", i),
                        fmt::format("sorts[{}] is of type {}; use {{\"field\", "
                                    "\"direction\"}}",
                                    i, type_name(one)));
    }
    TRAWL_TRY(apply_sort(in.child(one.get_object(), "sorts", i), rows));
  }
  if (sort != nullptr && !sort->empty()) {
    TRAWL_TRY(apply_sort(in.child(*sort, "sort"), rows));
  }

  std::uint64_t begin = query.offset;
  if (query.cursor) {
    auto position = parse_offset_cursor(*query.cursor);
    if (!position) return std::move(position).error();
    begin = *position;
  }
  PageFacts facts;
  facts.path = request.path;
  facts.total = rows.size();
  begin = std::min<std::uint64_t>(begin, rows.size());
  const std::uint64_t end = std::min<std::uint64_t>(begin + query.limit, rows.size());
  facts.has_next = end < rows.size();
  if (facts.has_next) facts.next_cursor = offset_cursor(end);
  json::array page;
  for (std::uint64_t i = begin; i < end; ++i) page.push_back(std::move(rows[i]));
  TRAWL_ASSIGN(json::value pagination, parse_json(pagination_json(query, facts)));
  return json::object{{"results", std::move(page)},
                      {"pagination", std::move(pagination)},
                      {"total_count", facts.total}};
}

}  // namespace trawl::api
