// Short answers about documents: how many, which values a field has, these ones.
#include "api/documents/document_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "api/documents/document_json.h"
#include "api/documents/document_vectors.h"
#include "base/text.h"
#include "query/filter.h"
#include "query/value_key.h"

namespace trawl::api {
namespace {

constexpr std::size_t kBatchGetMax = 1000;
constexpr std::int64_t kDistinctMax = 10'000;
// Different values that are held in memory while they are counted.
constexpr std::size_t kDistinctHeldMax = 1'000'000;

struct DistinctValue {
  json::value value;
  std::uint64_t count = 0;
};

using DistinctValues = std::unordered_map<std::string, DistinctValue>;  // By value_key().

void count_value(const json::value& value, DistinctValues& values) {
  if (value.is_null()) return;
  DistinctValue& entry = values[value_key(&value)];
  if (entry.count++ == 0) entry.value = value;
}

void count_field(const Document& document, const Collection& collection,
                 const std::string& field, DistinctValues& values) {
  json::value scratch;
  const PathValues found = document_values(document, collection, field, scratch);
  const json::value* one = found.one();
  if (one != nullptr && !one->is_array()) return count_value(*one, values);
  std::set<std::string> seen;
  found.for_each_item([&](const json::value& item) {
    if (seen.insert(value_key(&item)).second) count_value(item, values);
  });
}

}  // namespace

Result<http::Response> count_documents(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Collection collection,
               services.catalog.find_collection(call.ns.id,
                                                call.request.path_parameter("collection")));
  TRAWL_ASSIGN(const auto snapshot, services.corpus.snapshot(collection.id));
  return json_response(json::object{{"collection_id", collection.id.str()},
                                    {"count", snapshot->document_count()}});
}

Result<http::Response> list_distinct_values(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  ObjectReader in(body, {});
  const std::string field = in.required_string({"field"});
  const auto limit = in.integer({"limit"}, kDistinctMax, 1, kDistinctMax);
  const json::value* sent = in.find({"filters"});
  TRAWL_TRY(in.status());
  TRAWL_ASSIGN(
      const Filter filter,
      Filter::compile(sent == nullptr ? json::value(json::object()) : *sent, "filters"));
  TRAWL_ASSIGN(const Collection collection,
               services.catalog.find_collection(call.ns.id,
                                                call.request.path_parameter("collection")));
  TRAWL_ASSIGN(const auto snapshot, services.corpus.snapshot(collection.id));
  DistinctValues values;
  TRAWL_TRY(scan_documents(*snapshot, Selection::of(filter), FieldSet({field}), {},
                           [&](Document&& document) {
                             count_field(document, collection, field, values);
                             return values.size() <= kDistinctHeldMax;
                           }));
  if (values.size() > kDistinctHeldMax) {
    return invalid_at("field", fmt::format("'{}' has more than {} different values; narrow "
                                           "the documents with filters",
                                           truncate_text(field, 64), kDistinctHeldMax));
  }

  std::vector<std::pair<const std::string*, const DistinctValue*>> ordered;
  for (const auto& [key, value] : values) ordered.emplace_back(&key, &value);
  std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    if (a.second->count != b.second->count) return a.second->count > b.second->count;
    const int order = compare_values(a.second->value, b.second->value);
    // One instant in two spellings is two values.
    return order != 0 ? order < 0 : *a.first < *b.first;
  });
  if (ordered.size() > static_cast<std::size_t>(limit)) {
    ordered.resize(static_cast<std::size_t>(limit));
  }
  json::array list;
  for (const auto& [key, one] : ordered) {
    list.push_back(json::object{{"value", one->value}, {"count", one->count}});
  }
  json::object out{{"field", field}, {"values", std::move(list)}};
  out["total_distinct"] = ordered.size();
  out["query_info"] = json::object{{"distinct_count", values.size()}};
  return json_response(std::move(out));
}

Result<http::Response> get_documents(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  ObjectReader in(body, {});
  const auto ids = in.strings({"document_ids"});
  (void)in.boolean({"return_presigned_urls"}, false);
  const ShownVectors vectors{in.boolean({"return_vectors"}, false)};
  TRAWL_TRY(in.status());
  if (ids.empty() || ids.size() > kBatchGetMax) {
    return invalid_at(
        "document_ids",
        fmt::format("document_ids has {} entries; use 1 to {}", ids.size(), kBatchGetMax));
  }
  TRAWL_ASSIGN(const auto collections, services.catalog.list_collections(call.ns.id));
  std::vector<std::shared_ptr<const Snapshot>> snapshots;
  for (const auto& collection : collections) {
    // One that another request deletes meanwhile has no documents.
    if (auto snapshot = services.corpus.snapshot(collection.id)) {
      snapshots.push_back(std::move(*snapshot));
    }
  }
  json::array documents;
  json::array missing;
  for (const auto& id : ids) {
    bool found = false;
    for (const auto& snapshot : snapshots) {
      TRAWL_ASSIGN(const auto document, snapshot->get(id));
      if (!document) continue;
      json::object shown = document_json(*document, snapshot->collection());
      TRAWL_TRY(show_vectors(*snapshot, document->ref, vectors, shown));
      documents.push_back(std::move(shown));
      found = true;
      break;
    }
    if (!found) missing.push_back(json::value(id));
  }
  return json_response(
      json::object{{"documents", std::move(documents)}, {"not_found", std::move(missing)}});
}

}  // namespace trawl::api
