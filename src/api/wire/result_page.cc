#include "api/wire/result_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/wire/paging.h"
#include "base/text.h"

namespace trawl::api {
namespace {

constexpr std::int64_t kPageMax = 500;
constexpr std::int64_t kScrollMax = 1000;
constexpr std::int64_t kLimitMax = 10'000;

// Where a page begins that continues from another; 0 without a marker.
std::size_t read_place(ObjectReader& in, std::string_view name) {
  const std::string cursor = in.string({name});
  if (cursor.empty()) return 0;
  const auto begin = parse_offset_cursor(cursor);
  if (begin) return static_cast<std::size_t>(*begin);
  in.fail(name, "is malformed; use that of the previous page unchanged, or leave it out");
  return 0;
}

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
  const auto limit =
      in.optional_integer({"limit"}, 1, method == "scroll" ? kScrollMax : kPageMax);
  const auto number = in.integer({"page_number", "page"}, 1, 1, 1'000'000);
  for (const std::string_view marker : {"cursor", "scroll_id"}) (void)in.string({marker});
  // Nothing is kept between two pages, so no time limit ends their walk.
  (void)in.integer({"scroll_ttl"}, 300, 60, 3600);
  const json::object* after = in.object({"after"});
  if (after != nullptr) {
    ObjectReader marker = in.child(*after, "after");
    (void)marker.string({"cursor"});
    TRAWL_TRY(marker.status());
  }
  if (method == "offset") {
    const auto size = page_size.value_or(limit.value_or(10));
    page = {ResultPage::Method::offset, static_cast<std::size_t>((number - 1) * size),
            static_cast<std::size_t>(size)};
  } else if (method == "cursor") {
    page.method = ResultPage::Method::cursor;
    page.count = static_cast<std::size_t>(limit.value_or(10));
    page.begin = read_place(in, "cursor");
  } else if (method == "scroll") {
    page.method = ResultPage::Method::scroll;
    page.count = static_cast<std::size_t>(limit.value_or(100));
    page.begin = read_place(in, "scroll_id");
  } else if (method == "keyset") {
    page.method = ResultPage::Method::keyset;
    page.count = static_cast<std::size_t>(limit.value_or(10));
    if (after != nullptr && !after->empty()) {
      ObjectReader marker = in.child(*after, "after");
      page.begin = read_place(marker, "cursor");
      if (page.begin == 0) marker.fail("cursor", "is required; use next_cursor unchanged");
      TRAWL_TRY(marker.status());
    }
  } else {
    in.fail("method", fmt::format("is '{}'; use offset, cursor, scroll or keyset",
                                  truncate_text(method, 64)));
  }
  TRAWL_TRY(in.status());
  return page;
}

}  // namespace

Result<ResultPage> parse_result_page(ObjectReader& body) {
  const json::object* pagination = body.object({"pagination"});
  const json::object* settings = body.object({"settings"});
  auto limit = body.optional_integer({"limit"}, 1, kLimitMax);
  const auto page_size = body.optional_integer({"page_size"}, 1, kLimitMax);
  TRAWL_TRY(body.status());
  if (limit && page_size && *limit != *page_size) {
    return invalid_at("page_size",
                      fmt::format("page_size is {} and limit is {}, which mean the same; "
                                  "send one of them",
                                  *page_size, *limit));
  }
  if (!limit) limit = page_size;
  if (pagination != nullptr) return read_pagination(body.child(*pagination, "pagination"));
  if (settings != nullptr) {
    ObjectReader in = body.child(*settings, "settings");
    if (!limit) limit = in.optional_integer({"limit"}, 1, kLimitMax);
    TRAWL_TRY(in.status());
  }
  ResultPage page;
  if (limit) {
    page.method = ResultPage::Method::cursor;
    page.count = static_cast<std::size_t>(*limit);
  }
  return page;
}

std::string ResultPage::pagination_json(std::size_t total) const {
  const std::size_t size =
      method == Method::all ? std::min(count, std::max<std::size_t>(total, 1)) : count;
  const bool has_next = begin < total && count < total - begin;
  std::string text;
  JsonWriter out(text);
  // A marker of the methods that have it; null at the end, and for the others.
  const auto marker = [&](std::string_view key, bool is_there) {
    out.key(key);
    is_there&& has_next ? out.string(offset_cursor(begin + count)) : out.null();
  };
  out.begin_object();
  out.key("total").unsigned_integer(total);
  out.key("limit").unsigned_integer(size);
  out.key("offset").unsigned_integer(begin);
  out.key("has_next").boolean(has_next);
  out.key("has_previous").boolean(begin > 0);
  out.key("page").unsigned_integer(begin / size + 1);
  out.key("page_size").unsigned_integer(size);
  out.key("total_pages").unsigned_integer((total + size - 1) / size);
  marker("cursor", method == Method::cursor);
  if (method == Method::keyset && has_next) {
    out.key("next_cursor").begin_object();
    marker("cursor", true);
    out.end_object();
  } else {
    marker("next_cursor", method == Method::cursor);
  }
  if (method == Method::scroll) marker("scroll_id", true);
  out.end_object();
  return text;
}

}  // namespace trawl::api
