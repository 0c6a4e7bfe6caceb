#include "api/wire/paging.h"

#include <fmt/format.h>

#include "api/wire/query_reader.h"
#include "base/hash.h"
#include "base/text.h"

namespace trawl::api {
namespace {

// The parameter under the first of these names that was sent and is not empty.
std::optional<std::string_view> find(const http::Request& request,
                                     std::initializer_list<std::string_view> names,
                                     std::string_view& found) {
  for (const auto name : names) {
    const auto value = request.query_value(name);
    if (value && !value->empty()) {
      found = name;
      return value;
    }
  }
  return std::nullopt;
}

Result<std::int64_t> read_integer(std::string_view name, std::string_view text,
                                  std::int64_t min, std::int64_t max) {
  const std::string location = fmt::format("query.{}", name);
  std::int64_t value = 0;
  if (!parse_integer(text, value)) {
    return invalid_at(location, fmt::format("{} is '{}'; use a whole number, {} to {}",
                                            name, truncate_text(text, 64), min, max));
  }
  if (value < min || value > max) {
    return invalid_at(location,
                      fmt::format("{} is {}; use {} to {}", name, value, min, max));
  }
  return value;
}

}  // namespace

Result<ListQuery> parse_list_query(const http::Request& request,
                                   std::uint32_t limit_default) {
  ListQuery query;
  query.limit = limit_default;
  std::string_view name;
  // Both are checked; the last one that is there counts.
  for (const std::string_view alias : {"page_size", "limit"}) {
    if (const auto text = find(request, {alias}, name)) {
      TRAWL_ASSIGN(const auto limit, read_integer(name, *text, 1, kListLimitMax));
      query.limit = static_cast<std::uint32_t>(limit);
    }
  }
  const auto offset = find(request, {"offset"}, name);
  if (offset) {
    TRAWL_ASSIGN(const auto value, read_integer("offset", *offset, 0, kListOffsetMax));
    query.offset = static_cast<std::uint32_t>(value);
  }
  if (const auto text = find(request, {"page", "page_number"}, name)) {
    if (offset) {
      return invalid_at(fmt::format("query.{}", name),
                        fmt::format("{} and offset were both sent; use one of them", name));
    }
    const std::int64_t page_max = kListOffsetMax / query.limit + 1;
    TRAWL_ASSIGN(const auto page, read_integer(name, *text, 1, page_max));
    query.offset = static_cast<std::uint32_t>((page - 1) * query.limit);
  }
  if (const auto text = find(request, {"cursor", "next_cursor", "after"}, name)) {
    if (query.offset != 0) {
      return invalid_at(fmt::format("query.{}", name),
                        fmt::format("{} was sent together with offset {}; use one of them",
                                    name, query.offset));
    }
    query.cursor = std::string(*text);
  }
  TRAWL_ASSIGN(query.include_total, QueryReader(request).boolean("include_total", false));
  return query;
}

Result<void> read_page_keys(ObjectReader& in, ListQuery& query) {
  const auto limit = in.optional_integer({"limit", "page_size"}, 1, kListLimitMax);
  if (limit) query.limit = static_cast<std::uint32_t>(*limit);
  const auto offset = in.optional_integer({"offset"}, 0, kListOffsetMax);
  const auto page =
      in.optional_integer({"page", "page_number"}, 1, kListOffsetMax / query.limit + 1);
  if (offset || page) {
    query.offset = static_cast<std::uint32_t>(offset ? *offset : (*page - 1) * query.limit);
  }
  if (const auto cursor = in.optional_string({"cursor", "next_cursor", "after"})) {
    if (!cursor->empty()) query.cursor = *cursor;
  }
  if (in.has({"include_total"})) {
    query.include_total = in.boolean({"include_total"}, false);
  }
  if (query.cursor && query.offset != 0) {
    in.fail("cursor",
            fmt::format("was sent together with offset {}; use one of them", query.offset));
  }
  return in.status();
}

std::string pagination_json(const ListQuery& query, const PageFacts& facts) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  const auto optional_count = [&](std::string_view key, bool known, std::uint64_t value) {
    json.key(key);
    known ? json.unsigned_integer(value) : json.null();
  };
  const auto link = [&](std::string_view key, bool there, std::uint64_t offset) {
    json.key(key);
    there
        ? json.string(fmt::format("{}?limit={}&offset={}", facts.path, query.limit, offset))
        : json.null();
  };
  const bool by_offset = !query.cursor;
  const std::uint64_t next_offset = std::uint64_t{query.offset} + query.limit;
  optional_count("total", facts.show_total, facts.total);
  json.key("limit").unsigned_integer(query.limit);
  json.key("offset").unsigned_integer(query.offset);
  json.key("has_next").boolean(facts.has_next);
  optional_count("page", by_offset, query.offset / query.limit + 1);
  json.key("page_size").unsigned_integer(query.limit);
  optional_count("total_pages", facts.show_total,
                 (facts.total + query.limit - 1) / query.limit);
  link("next_page", by_offset && facts.has_next && next_offset <= kListOffsetMax,
       next_offset);
  link("previous_page", by_offset && query.offset > 0,
       query.offset > query.limit ? query.offset - query.limit : 0);
  json.key("next_cursor");
  facts.next_cursor ? json.string(*facts.next_cursor) : json.null();
  json.end_object();
  return out;
}

std::string offset_cursor(std::uint64_t offset) {
  return base64url_encode(fmt::format("offset:{}", offset));
}

Result<std::uint64_t> parse_offset_cursor(std::string_view cursor) {
  std::string text;
  std::int64_t offset = 0;
  constexpr std::string_view kPrefix = "offset:";
  if (!base64url_decode(cursor, text) || !text.starts_with(kPrefix) ||
      !parse_integer(std::string_view(text).substr(kPrefix.size()), offset) || offset < 0) {
    return invalid_at("cursor",
                      "the cursor is malformed; use next_cursor of the previous page "
                      "unchanged, or leave it out");
  }
  return static_cast<std::uint64_t>(offset);
}

}  // namespace trawl::api
