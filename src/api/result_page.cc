#include "api/result_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/paging.h"

namespace trawl::api {
namespace {

constexpr std::int64_t kPageMax = 500;

Result<ResultPage> read_pagination(ObjectReader in) {
  ResultPage page;
  const json::object& sent = in.source();
  std::string method = in.string({"method"});
  if (method.empty()) {
    if (sent.contains("page_size") || sent.contains("page_number")) {
      method = "offset";
    } else if (sent.contains("scroll_id") || sent.contains("scroll_ttl")) {
      method = "scroll";
    } else {
      method = sent.contains("after") ? "keyset" : "cursor";
    }
  }
  // What the method does not need is checked all the same.
  const auto page_size = in.optional_integer({"page_size"}, 1, kPageMax);
  const auto limit = in.optional_integer({"limit"}, 1, kPageMax);
  const auto number = in.integer({"page_number", "page"}, 1, 1, 1'000'000);
  const std::string cursor = in.string({"cursor"});
  if (method == "offset") {
    const auto size = page_size.value_or(limit.value_or(10));
    page = {ResultPage::Method::offset, static_cast<std::size_t>((number - 1) * size),
            static_cast<std::size_t>(size)};
  } else if (method == "cursor") {
    page.method = ResultPage::Method::cursor;
    page.count = static_cast<std::size_t>(limit.value_or(10));
    if (!cursor.empty()) {
      auto begin = parse_offset_cursor(cursor);
      if (!begin) {
        in.fail("cursor", begin.error().message);
      } else {
        page.begin = static_cast<std::size_t>(*begin);
      }
    }
  } else {
    in.fail("method", fmt::format("is '{}'; use offset or cursor", method));
  }
  TRAWL_TRY(in.status());
  return page;
}

}  // namespace

Result<ResultPage> parse_result_page(ObjectReader& body) {
  const json::object* pagination = body.object({"pagination"});
  const json::object* settings = body.object({"settings"});
  auto limit = body.optional_integer({"limit"}, 1, 10'000);
  TRAWL_TRY(body.status());
  if (pagination != nullptr) return read_pagination(body.child(*pagination, "pagination"));
  if (settings != nullptr) {
    ObjectReader in = body.child(*settings, "settings");
    if (!limit) limit = in.optional_integer({"limit"}, 1, 10'000);
    TRAWL_TRY(in.status());
  }
  ResultPage page;
  if (limit) page.count = static_cast<std::size_t>(*limit);
  return page;
}

std::string ResultPage::pagination_json(std::size_t total) const {
  const std::size_t size =
      method == Method::all ? std::min(count, std::max<std::size_t>(total, 1)) : count;
  const bool has_next = begin < total && count < total - begin;
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("total").unsigned_integer(total);
  out.key("limit").unsigned_integer(size);
  out.key("offset").unsigned_integer(begin);
  out.key("has_next").boolean(has_next);
  out.key("has_previous").boolean(begin > 0);
  out.key("page").unsigned_integer(begin / size + 1);
  out.key("page_size").unsigned_integer(size);
  out.key("total_pages").unsigned_integer((total + size - 1) / size);
  for (const auto key : {"cursor", "next_cursor"}) {
    out.key(key);
    has_next&& method == Method::cursor ? out.string(offset_cursor(begin + count))
                                        : out.null();
  }
  out.end_object();
  return text;
}

}  // namespace trawl::api
