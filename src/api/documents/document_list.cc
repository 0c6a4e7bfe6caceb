#include "api/documents/document_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "api/documents/document_json.h"
#include "api/documents/document_vectors.h"
#include "api/wire/paging.h"
#include "api/wire/query_reader.h"
#include "api/wire/request_time.h"
#include "base/field_path.h"
#include "base/hash.h"
#include "base/split_list.h"
#include "base/text.h"
#include "insight/asked_version.h"
#include "query/filter.h"
#include "query/value_key.h"

namespace trawl::api {
namespace {

constexpr std::uint32_t kSearchRowsMax = 10'000;

struct DocumentListRequest {
  std::uint32_t limit = 20;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> asked_version;
  std::string version_location;          // Of that.
  std::optional<std::uint64_t> version;  // Of the walk that a cursor continues with.
  std::optional<std::string> cursor;
  std::string search;
  std::string sort_field;
  bool sort_descending = false;
  std::string group_by;
  std::vector<std::string> select;
  std::optional<json::value> filters;
  std::optional<std::int64_t> budget_ms;
  ShownVectors vectors;
  std::vector<std::string> warnings;
};

// What chooses and orders the documents of a list, so that a cursor of one list is not
// followed in another.
std::string binding_of(const DocumentListRequest& wanted, std::string_view path) {
  json::object chosen{{"search", text_value(wanted.search)},
                      {"sort", text_value(wanted.sort_field)},
                      {"descending", wanted.sort_descending},
                      {"group_by", text_value(wanted.group_by)},
                      {"path", text_value(path.substr(0, path.rfind("/documents")))}};
  if (wanted.filters) chosen["filters"] = *wanted.filters;
  return sha1_hex(canonical_json(chosen)).substr(0, 16);
}

// "documents:VERSION:OFFSET:BINDING"; older ones have no binding.
std::string encode_position(std::uint64_t version, std::uint64_t offset,
                            std::string_view binding) {
  return base64url_encode(fmt::format("documents:{}:{}:{}", version, offset, binding));
}

Result<void> decode_position(std::string_view cursor, std::string_view binding,
                             DocumentListRequest& wanted) {
  constexpr std::string_view kPrefix = "documents:";
  std::string text;
  std::int64_t version = 0, offset = 0;
  if (base64url_decode(cursor, text) && text.starts_with(kPrefix)) {
    std::string_view rest = std::string_view(text).substr(kPrefix.size());
    const auto colon = rest.find(':');
    const auto second = colon == std::string_view::npos ? colon : rest.find(':', colon + 1);
    if (second != std::string_view::npos) {
      if (rest.substr(second + 1) != binding) {
        return invalid_at("cursor",
                          "the cursor belongs to a list with other filters, search, sort, "
                          "group_by or collection; send the same ones, or leave it out");
      }
      rest = rest.substr(0, second);
    }
    if (colon != std::string_view::npos && parse_integer(rest.substr(0, colon), version) &&
        parse_integer(rest.substr(colon + 1), offset) && version >= 0 && offset >= 0) {
      wanted.version = static_cast<std::uint64_t>(version);
      wanted.offset = static_cast<std::uint64_t>(offset);
      return {};
    }
  }
  return invalid_at("cursor",
                    "the cursor is malformed; use next_cursor of the previous page "
                    "unchanged, or leave it out");
}

// A part of the list that clients with GET put into the query as JSON.
Result<std::optional<json::value>> json_parameter(const http::Request& request,
                                                  std::string_view name) {
  std::optional<json::value> out;
  const auto text = request.query_value(name);
  if (!text || text->empty()) return out;
  auto value = parse_sent_json(*text);
  if (!value || !value->is_object()) {
    return invalid_at(
        fmt::format("query.{}", name),
        fmt::format("{} is '{}'; use a JSON object", name, truncate_text(*text, 64)));
  }
  out = std::move(*value);
  return out;
}

Result<void> read_sort(ObjectReader in, DocumentListRequest& out) {
  out.sort_field = in.required_string({"field"});
  out.sort_descending =
      in.one_of<bool>({"direction"}, false, {{"asc", false}, {"desc", true}});
  return in.status();
}

// The same as a member of the body.
Result<void> check_query_sort(const json::object& order) {
  std::vector<std::string> none;
  auto checked = check_body(order, RequestShape(Query{}, sort_shape()), none);
  if (checked) return {};
  Error error = std::move(checked).error();
  error.location = "query.sort." + error.location;
  return error;
}

// "field", "field:desc", "-field" or "+field".
Result<void> read_sort_text(std::string_view text, const std::string& location,
                            DocumentListRequest& out) {
  json::object order;
  const auto colon = text.rfind(':');
  std::string_view field = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    order["direction"] = text_value(text.substr(colon + 1));
  } else if (field.starts_with('-') || field.starts_with('+')) {
    order["direction"] = field.front() == '-' ? "desc" : "asc";
    field.remove_prefix(1);
  }
  order["field"] = text_value(field);
  return read_sort(ObjectReader(order, location), out);
}

// The same, or {"field", "direction"} as JSON.
Result<void> read_query_sort(const http::Request& request, DocumentListRequest& out) {
  const auto text = request.query_value("sort");
  if (!text || text->empty()) return {};
  if (text->front() != '{') return read_sort_text(*text, "query.sort", out);
  TRAWL_ASSIGN(const auto parsed, json_parameter(request, "sort"));
  TRAWL_TRY(check_query_sort(parsed->get_object()));
  return read_sort(ObjectReader(parsed->get_object(), "query.sort"), out);
}

}  // namespace

std::vector<std::string> query_names(const http::Request& request, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& [key, value] : request.query) {
    if (key != name) continue;
    for (const std::string_view one : split_list(value)) names.emplace_back(one);
  }
  return names;
}

namespace {

// What means nothing to this server, and what it must not be silent about.
Result<void> read_rest(const http::Request& request, ObjectReader& in,
                       DocumentListRequest& out) {
  if (in.has({"partition"})) {
    Error error = make_error(ErrorCode::not_enabled,
                             "partition: this server does not divide lists; leave it "
                             "out, and follow next_cursor");
    error.location = "partition";
    return error;
  }
  for (const std::string_view name : {"return_presigned_urls", "return_url"}) {
    TRAWL_ASSIGN(const bool in_query, QueryReader(request).boolean(name, false));
    if (in.boolean({name}, false) || in_query) {
      out.warnings.push_back(
          fmt::format("'{}' has no effect: this server keeps no files", name));
    }
  }
  TRAWL_ASSIGN(const bool vectors, QueryReader(request).boolean("return_vectors", false));
  // Or true, for the names, which are there anyway.
  const json::value* listed = in.find({"return_vector_names"});
  std::vector<std::string> names;
  if (listed != nullptr && !listed->is_bool()) names = in.strings({"return_vector_names"});
  out.vectors =
      asked_vectors(in.boolean({"return_vectors"}, false) || vectors, std::move(names));
  (void)in.boolean({"include_total"}, false);  // The total is always there.
  if (in.has({"expand"})) {
    out.warnings.emplace_back(
        "'expand' has no effect: documents are not embedded in each other");
  }
  return in.status();
}

Result<DocumentListRequest> read_list_request(const http::Request& request,
                                              const json::object& body) {
  TRAWL_ASSIGN(const ListQuery query, parse_list_query(request));
  ObjectReader in(body, {});
  DocumentListRequest out;
  out.limit =
      static_cast<std::uint32_t>(in.integer({"limit", "page_size"}, query.limit, 1, 1000));
  out.offset =
      static_cast<std::uint64_t>(in.integer({"offset"}, query.offset, 0, 1'000'000'000));
  if (const auto page = in.optional_integer({"page", "page_number"}, 1, 1'000'000)) {
    out.offset = static_cast<std::uint64_t>(*page - 1) * out.limit;
  }
  out.cursor = in.optional_string({"cursor", "next_cursor", "after"});
  if (!out.cursor) out.cursor = query.cursor;
  if (out.cursor && out.cursor->empty()) out.cursor.reset();
  const auto search = request.query_value("search");
  out.search = in.string({"search", "query"},
                         search ? *search : request.query_value("query").value_or(""));
  if (const json::value* sort = in.find({"sort"}); sort != nullptr && sort->is_string()) {
    TRAWL_TRY(read_sort_text(view(sort->get_string()), "sort", out));
  } else if (const json::object* order = in.object({"sort"});
             order != nullptr && !order->empty()) {
    TRAWL_TRY(read_sort(in.child(*order, "sort"), out));
  } else {
    TRAWL_TRY(read_query_sort(request, out));
  }
  const json::value* group_by = in.find({"group_by"});
  if (group_by != nullptr && group_by->is_object()) {
    ObjectReader one = in.child(group_by->get_object(), "group_by");
    out.group_by = one.required_string({"field"});
    TRAWL_TRY(one.status());
  } else {
    out.group_by = in.string({"group_by"}, request.query_value("group_by").value_or(""));
  }
  out.select = in.strings({"select"});
  if (!in.has({"select"})) out.select = query_names(request, "select");
  out.budget_ms = in.optional_integer({"budget_ms"}, 1, 60'000);
  if (!out.budget_ms) {
    TRAWL_ASSIGN(const auto budget, QueryReader(request).count("budget_ms", 1, 60'000));
    if (budget) out.budget_ms = static_cast<std::int64_t>(*budget);
  }
  if (const json::value* filters = in.find({"filters"})) {
    out.filters = *filters;
  } else {
    TRAWL_ASSIGN(out.filters, json_parameter(request, "filters"));
  }
  if (const auto version =
          in.optional_integer({"version"}, 0, std::numeric_limits<std::int64_t>::max())) {
    out.asked_version = static_cast<std::uint64_t>(*version);
    out.version_location = "version";
  } else {
    TRAWL_ASSIGN(out.asked_version, read_version(request));
    out.version_location = "query.version";
  }
  TRAWL_TRY(read_rest(request, in, out));
  if (out.cursor) {
    if (out.offset != 0) {
      return invalid_at("cursor",
                        fmt::format("cursor was sent together with offset {}; use one "
                                    "of them",
                                    out.offset));
    }
    TRAWL_TRY(decode_position(*out.cursor, binding_of(out, request.path), out));
    if (out.asked_version && out.asked_version != out.version) {
      return invalid_at(out.version_location,
                        fmt::format("version is {}, and the cursor belongs to a list of "
                                    "version {}; send the same one, or leave it out",
                                    *out.asked_version, *out.version));
    }
  }
  return out;
}

// In the order of the search: best first.
Result<std::vector<DocumentRef>> search_documents(const Snapshot& snapshot,
                                                  const DocumentListRequest& wanted,
                                                  const Selection& within,
                                                  std::vector<std::string>& warnings) {
  const auto& features = snapshot.collection().features;
  const auto words = std::find_if(features.begin(), features.end(), [](const Feature& one) {
    return one.kind == Feature::Kind::bm25;
  });
  if (words == features.end()) {
    return invalid_at("search",
                      "this collection has no feature to search words by; use filters");
  }
  SearchRequest request;
  request.feature_uri = words->uri;
  request.text = wanted.search;
  request.top_k = kSearchRowsMax;
  request.within = within;
  TRAWL_ASSIGN(const SearchResult found, snapshot.search(request, {}));
  if (found.query_words == 0) {
    warnings.push_back(wordless_warning("search", wanted.search));
  } else if (found.query_words > found.searched_words) {
    warnings.push_back(
        fmt::format("search has {} different words, and only the first {} were searched "
                    "for; use fewer",
                    found.query_words, found.searched_words));
  }
  std::vector<DocumentRef> documents;
  documents.reserve(found.hits.size());
  for (const SearchHit& hit : found.hits) documents.push_back(hit.document);
  return documents;
}

Result<void> sort_documents(const Snapshot& snapshot, const DocumentListRequest& wanted,
                            std::vector<DocumentRef>& documents) {
  std::vector<std::pair<std::optional<json::value>, DocumentRef>> keyed;
  keyed.reserve(documents.size());
  const FieldSet fields({wanted.sort_field});
  TRAWL_TRY(snapshot.fetch(documents, fields, {}, [&](std::size_t, Document&& document) {
    json::value scratch;
    const json::value* value = sort_value(
        document_values(document, snapshot.collection(), wanted.sort_field, scratch),
        wanted.sort_descending);
    keyed.emplace_back(value != nullptr ? std::optional(*value) : std::nullopt,
                       document.ref);
  }));
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    if (!a.first || !b.first) return a.first.has_value() && !b.first.has_value();
    const int order = compare_values(*a.first, *b.first);
    return wanted.sort_descending ? order > 0 : order < 0;
  });
  for (std::size_t i = 0; i < documents.size(); ++i) documents[i] = keyed[i].second;
  return {};
}

json::object project(json::object&& document, const std::vector<std::string>& select) {
  if (select.empty()) return document;
  // Copies of the same document, so no two paths can be in each other's way.
  json::object out{{"document_id", document["document_id"]},
                   {"collection_id", document["collection_id"]}};
  for (const auto& path : select) copy_path(document, path, out);
  return out;
}

struct DocumentGroup {
  json::value key;
  std::uint64_t count = 0;
  std::vector<DocumentRef> documents;
  std::optional<DocumentRef> last;
};

// Groups in the order in which their first document comes.
Result<std::vector<DocumentGroup>> group_documents(
    const Snapshot& snapshot, const DocumentListRequest& wanted,
    const std::vector<DocumentRef>& documents) {
  constexpr std::size_t kDocumentsPerGroupMax = 100;
  std::vector<DocumentGroup> groups;
  std::unordered_map<std::string, std::size_t> index;
  const FieldSet fields({wanted.group_by});
  TRAWL_TRY(snapshot.fetch(documents, fields, {}, [&](std::size_t, Document&& document) {
    const auto add = [&](const json::value& key) {
      const auto [entry, added] = index.try_emplace(value_key(&key), groups.size());
      if (added) groups.push_back({key, 0, {}, {}});
      DocumentGroup& group = groups[entry->second];
      // Equal items of a list count once.
      if (group.last == document.ref) return;
      group.last = document.ref;
      ++group.count;
      if (group.documents.size() < kDocumentsPerGroupMax) {
        group.documents.push_back(document.ref);
      }
    };
    json::value scratch;
    bool any = false;
    document_values(document, snapshot.collection(), wanted.group_by, scratch)
        .for_each_item([&](const json::value& item) {
          if (item.is_null()) return;
          any = true;
          add(item);
        });
    if (!any) add(json::value());
  }));
  return groups;
}

Result<json::array> documents_of(const Snapshot& snapshot,
                                 std::span<const DocumentRef> refs,
                                 const DocumentListRequest& wanted) {
  TRAWL_ASSIGN(const auto documents, fetch_documents(snapshot, refs));
  json::array out;
  for (const auto& document : documents) {
    json::object shown =
        project(document_json(document, snapshot.collection()), wanted.select);
    if (wanted.select.empty() || wanted.vectors.values) {
      TRAWL_TRY(show_vectors(snapshot, document.ref, wanted.vectors, shown));
    }
    out.push_back(std::move(shown));
  }
  return out;
}

}  // namespace

Result<Filter> compile_filter(const json::value* filters, const std::string& location) {
  return Filter::compile(filters == nullptr ? json::value(json::object()) : *filters,
                         location);
}

Result<std::optional<std::uint64_t>> read_version(const http::Request& request) {
  return QueryReader(request).count("version", 0, std::numeric_limits<std::int64_t>::max());
}

RequestShape document_list_shape(Described query) {
  static const ObjectShape kGroup{{{"field"}}};
  return {paging_query() + Query{{"filters", query},
                                 {"search", query, true},
                                 {"query", Described::no, true},
                                 {"sort", query, true},
                                 {"group_by", query},
                                 {"select", query, false, true},
                                 {"version", query},
                                 {"budget_ms", query},
                                 {"return_presigned_urls", Described::no},
                                 {"return_vectors", query}},
          ObjectShape{{{"filters"},
                       {"search"},
                       {"query", nullptr, Described::no},
                       {"sort", &sort_shape()},
                       {"group_by", &kGroup},
                       {"select"},
                       {"version"},
                       {"budget_ms"},
                       {"limit"},
                       {"page_size", nullptr, Described::no},
                       {"offset"},
                       {"cursor"},
                       {"next_cursor", nullptr, Described::no},
                       {"after", nullptr, Described::no},
                       {"page"},
                       {"page_number", nullptr, Described::no},
                       {"include_total"},
                       {"return_presigned_urls"},
                       {"return_url"},
                       {"return_vectors"},
                       {"return_vector_names", nullptr, Described::no},
                       {"expand", nullptr, Described::no},
                       {"partition"}}}};
}

namespace {

Result<std::shared_ptr<const Snapshot>> snapshot_of(const Services& services,
                                                    const Collection& collection,
                                                    const DocumentListRequest& wanted) {
  if (wanted.asked_version) {
    return asked_version(services.catalog, services.corpus, collection,
                         *wanted.asked_version, wanted.version_location);
  }
  // A corpus without versions continues a walk in what there is now.
  const bool continues = wanted.version && services.corpus.traits().versions;
  return services.corpus.snapshot(collection.id, continues ? wanted.version : std::nullopt);
}

Result<http::Response> list_wanted(const Services& services, const Call& call,
                                   const DocumentListRequest& wanted) {
  TRAWL_ASSIGN(const Collection collection,
               services.catalog.find_collection(call.ns.id,
                                                call.request.path_parameter("collection")));
  TRAWL_ASSIGN(const auto snapshot, snapshot_of(services, collection, wanted));
  std::vector<std::string> warnings = wanted.warnings;
  TRAWL_ASSIGN(const Filter filter,
               compile_filter(wanted.filters ? &*wanted.filters : nullptr, "filters"));
  for (auto& warning : filter.warnings()) warnings.push_back(std::move(warning));
  const Selection within = Selection::of(filter);
  std::vector<DocumentRef> documents;
  if (wanted.search.empty()) {
    TRAWL_ASSIGN(documents, select_documents(*snapshot, within));
  } else {
    TRAWL_ASSIGN(documents, search_documents(*snapshot, wanted, within, warnings));
  }
  if (!wanted.sort_field.empty()) TRAWL_TRY(sort_documents(*snapshot, wanted, documents));

  std::vector<DocumentGroup> groups;
  std::uint64_t total = documents.size();
  if (!wanted.group_by.empty()) {
    TRAWL_ASSIGN(groups, group_documents(*snapshot, wanted, documents));
    total = groups.size();
  }
  const std::uint64_t begin = std::min<std::uint64_t>(wanted.offset, total);
  const std::uint64_t end = std::min<std::uint64_t>(begin + wanted.limit, total);
  PageFacts facts;
  facts.path = call.request.path;
  facts.total = total;
  facts.has_next = end < total;
  if (facts.has_next) {
    facts.next_cursor =
        encode_position(snapshot->version(), end, binding_of(wanted, call.request.path));
  }
  ListQuery shown;
  shown.limit = wanted.limit;
  shown.offset =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted.offset, UINT32_MAX));
  shown.cursor = wanted.cursor;
  TRAWL_ASSIGN(json::value pagination, parse_json(pagination_json(shown, facts)));

  json::object out;
  if (wanted.group_by.empty()) {
    TRAWL_ASSIGN(
        out["results"],
        documents_of(*snapshot, std::span(documents).subspan(begin, end - begin), wanted));
  } else {
    json::array list;
    for (std::uint64_t i = begin; i < end; ++i) {
      TRAWL_ASSIGN(json::array members,
                   documents_of(*snapshot, groups[i].documents, wanted));
      list.push_back(json::object{{"group_key", groups[i].key},
                                  {"documents", std::move(members)},
                                  {"count", groups[i].count}});
    }
    out["groups"] = std::move(list);
    out["group_by_field"] = wanted.group_by;
  }
  out["pagination"] = std::move(pagination);
  out["total_documents"] = documents.size();
  out["stats"] = json::object{{"total_documents", documents.size()}};
  if (!warnings.empty()) {
    out["warnings"] = json::array(warnings.begin(), warnings.end());
  }
  return json_response(std::move(out));
}

}  // namespace

Result<http::Response> list_documents(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const DocumentListRequest wanted, read_list_request(call.request, body));
  const RequestTime time(services, call.request, wanted.budget_ms, "budget_ms");
  return bounded(time, [&] { return list_wanted(services, call, wanted); });
}

}  // namespace trawl::api
