// Documents: create, get, patch, put, delete, list, batch update and delete.
#include "api/documents/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_set>

#include "api/documents/document_json.h"
#include "api/documents/document_list.h"
#include "api/documents/document_vectors.h"
#include "api/documents/document_views.h"
#include "api/documents/written_vectors.h"
#include "api/namespaces/namespaces.h"
#include "api/operate/metrics.h"
#include "api/wire/counted.h"
#include "api/wire/endpoint.h"
#include "api/wire/query_reader.h"
#include "api/wire/request_time.h"
#include "base/text.h"
#include "insight/asked_version.h"
#include "query/filter.h"

namespace trawl::api {
namespace {

constexpr std::size_t kBatchMax = 1000;

Result<Collection> collection_of(const Services& services, Call& call) {
  return services.catalog.find_collection(call.ns.id,
                                          call.request.path_parameter("collection"));
}

Error no_document(std::string_view id, const Collection& collection) {
  return make_error(ErrorCode::not_found,
                    fmt::format("the document '{}' does not exist in the collection '{}'",
                                truncate_text(id, 100), collection.name));
}

Result<json::object> shown_document(const Snapshot& snapshot, const Document& document,
                                    const ShownVectors& vectors) {
  json::object out = document_json(document, snapshot.collection());
  TRAWL_TRY(show_vectors(snapshot, document.ref, vectors, out));
  return out;
}

Result<json::object> get_document(const Services& services, const Collection& collection,
                                  const std::string& id, const ShownVectors& vectors) {
  TRAWL_ASSIGN(const auto snapshot, services.corpus.snapshot(collection.id));
  TRAWL_ASSIGN(const auto found, snapshot->get(id));
  if (!found) return no_document(id, collection);
  return shown_document(*snapshot, *found, vectors);
}

// As it was at a version of its collection.
Result<json::object> get_document_at(const Services& services, const Collection& collection,
                                     const std::string& id, std::uint64_t version,
                                     const ShownVectors& vectors) {
  TRAWL_ASSIGN(const auto snapshot, asked_version(services.catalog, services.corpus,
                                                  collection, version, "query.version"));
  TRAWL_ASSIGN(const auto found, snapshot->get(id));
  if (found) return shown_document(*snapshot, *found, vectors);
  return make_error(
      ErrorCode::not_found,
      fmt::format("the document '{}' is not in version {} of the collection '{}'",
                  truncate_text(id, 100), version, collection.name));
}

Result<ShownVectors> read_asked_vectors(const Call& call) {
  TRAWL_ASSIGN(const bool values,
               QueryReader(call.request).boolean("return_vectors", false));
  return asked_vectors(values, query_names(call.request, "return_vector_names"));
}

// What a reply with a document says besides of its write. Its other members are the
// client's own.
void add_written_vectors(const WrittenVectors& vectors, json::object& out) {
  json::object& internal = out["_internal"].get_object();
  internal["vectors"] = written_vectors_json(vectors);
  if (!vectors.reason) return;
  json::value& warnings = internal["warnings"];
  if (!warnings.is_array()) warnings = json::array();
  warnings.get_array().push_back(text_value(*vectors.reason));
}

// `_vectors` as it is now; nothing where the document is gone.
void show_arrived_vectors(const Services& services, const Collection& collection,
                          const std::string& id, json::object& out) {
  const auto snapshot = services.corpus.snapshot(collection.id);
  if (!snapshot) return;
  const auto found = (*snapshot)->get(id);
  if (found && *found) (void)show_vectors(**snapshot, (*found)->ref, {}, out);
}

Result<http::Response> create(const Services& services, Call& call) {
  TRAWL_ASSIGN(const bool waits, read_wait_for(call.request));
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const Collection collection, collection_of(services, call));
  TRAWL_ASSIGN(DocumentWrite wanted, read_document(body, collection, {}));
  TRAWL_TRY(services.reserved_names.check("document", wanted.document_id, "document_id"));
  Document stored;
  stored.fields = wanted.fields;
  json::array vector_names;
  for (const NamedVectors& one : wanted.vectors) {
    vector_names.push_back(text_value(one.feature_uri));
  }
  std::vector<DocumentWrite> one;
  one.push_back(std::move(wanted));
  TRAWL_ASSIGN(const auto outcomes,
               services.corpus.insert(collection.id, std::move(one), Atomic::yes));
  documents_written(services, collection, 1);
  // Not read again: not every engine finds at once what was just written.
  stored.document_id = outcomes.front().document_id;
  stored.created_at = outcomes.front().created_at;
  stored.updated_at = outcomes.front().updated_at;
  json::object out = document_json(stored, collection);
  if (!vector_names.empty()) out["_vectors"] = std::move(vector_names);
  if (const auto warnings = warn_of_left_out(body, collection); !warnings.empty()) {
    out["_internal"].get_object()["warnings"] =
        json::array(warnings.begin(), warnings.end());
  }
  if (waits) {
    add_written_vectors(wait_for_vectors(services, call.request, collection), out);
    show_arrived_vectors(services, collection, stored.document_id, out);
  }
  return json_response(std::move(out));
}

Result<http::Response> show(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Collection collection, collection_of(services, call));
  TRAWL_ASSIGN(const auto version, read_version(call.request));
  const std::string& id = call.request.path_parameter("document");
  TRAWL_ASSIGN(const ShownVectors vectors, read_asked_vectors(call));
  TRAWL_ASSIGN(json::object found,
               version ? get_document_at(services, collection, id, *version, vectors)
                       : get_document(services, collection, id, vectors));
  return detail_response(std::move(found));
}

Result<http::Response> change_one(const Services& services, Call& call,
                                  const Collection& collection, bool deep) {
  TRAWL_ASSIGN(const bool waits, read_wait_for(call.request));
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const DocumentUpdate update, read_update(body, collection, {}));
  TRAWL_ASSIGN(
      const Document changed,
      services.corpus.update(collection.id, call.request.path_parameter("document"),
                             [&](json::object& fields, std::vector<NamedVectors>& vectors) {
                               vectors = update.vectors;
                               return apply_update(update.fields, deep, {}, fields);
                             }));
  documents_written(services, collection, 1);
  json::object out = document_json(changed, collection);
  if (waits) {
    add_written_vectors(wait_for_vectors(services, call.request, collection), out);
  }
  if (has_dense_features(collection)) {
    // What others changed meanwhile is of another version, and not asked for.
    if (const auto snapshot = services.corpus.snapshot(collection.id)) {
      (void)show_vectors(**snapshot, changed.ref, {}, out);
    }
  }
  return json_response(std::move(out));
}

Result<http::Response> patch(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Collection collection, collection_of(services, call));
  return change_one(services, call, collection, true);
}

Result<http::Response> put(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Collection collection, collection_of(services, call));
  return change_one(services, call, collection, false);
}

Result<http::Response> remove(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Collection collection, collection_of(services, call));
  const std::vector<std::string> ids = {call.request.path_parameter("document")};
  TRAWL_ASSIGN(const auto removed, services.corpus.remove(collection.id, ids));
  if (removed.front().kind == DocumentOutcome::Kind::missing)
    return no_document(ids.front(), collection);
  services.metrics.documents_written(1);
  return deleted_response(fmt::format("the document '{}' was deleted", ids.front()));
}

Result<std::vector<std::string>> find_ids(const Services& services,
                                          const Collection& collection,
                                          const json::value* filters) {
  TRAWL_ASSIGN(const auto snapshot, services.corpus.snapshot(collection.id));
  TRAWL_ASSIGN(const Filter filter, compile_filter(filters, "filters"));
  std::vector<std::string> ids;
  TRAWL_TRY(scan_documents(*snapshot, Selection::of(filter), {}, {}, [&](Document&& found) {
    ids.push_back(std::move(found.document_id));
    return true;
  }));
  return ids;
}

// The ids that a filter selects now. Nothing has changed yet, so the search for them may be
// given up.
Result<std::vector<std::string>> ids_matching(const Services& services,
                                              const http::Request& request,
                                              const Collection& collection,
                                              const json::value* filters) {
  const RequestTime time(services, request);
  return bounded(time, [&] { return find_ids(services, collection, filters); });
}

// A filter without a condition matches everything, which nobody who changes or
// deletes by filter means; clients that drop the conditions they cannot express send just
// that.
Result<void> must_choose(const json::value& filters) {
  TRAWL_ASSIGN(const Filter filter, Filter::compile(filters, "filters"));
  if (auto vague = filter.vague_condition()) {
    return invalid_at("filters", std::move(*vague));
  }
  if (!filter.paths().empty() || !filter.matches(json::object())) return {};
  return invalid_at("filters",
                    "filters has no condition, so every document would match; name a "
                    "field, as in {\"status\": \"old\"}");
}

constexpr std::string_view kNoSuchDocument = "no such document";

json::object batch_row(const std::string& id, std::string_view failure) {
  json::object row{{"document_id", id}, {"success", failure.empty()}};
  if (!failure.empty()) {
    row["error"] = json::string_view(failure.data(), failure.size());
  }
  return row;
}

// What became of each of some documents: nothing where it was changed, or why it was not.
using Outcomes = std::vector<std::string>;

// Of a list of ids in which a document may stand more than once.
struct Counts {
  std::size_t done = 0;
  std::size_t failed = 0;  // Of those that were not done in any of their places.
};
template <class IsDone>
Counts count_documents(const std::vector<std::string>& ids, const IsDone& is_done) {
  std::unordered_set<std::string_view> done;
  std::unordered_set<std::string_view> all;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    all.insert(ids[i]);
    if (is_done(i)) done.insert(ids[i]);
  }
  return {done.size(), all.size() - done.size()};
}

std::size_t count_changed(const Outcomes& outcomes) {
  return static_cast<std::size_t>(std::count(outcomes.begin(), outcomes.end(), ""));
}

// Changes many documents in one version. A document that does not take its update stays as
// it was, and keeps none of the others from being changed.
Result<Outcomes> update_each(
    const Services& services, const Collection& collection,
    const std::vector<std::string>& ids,
    const std::function<const DocumentUpdate&(std::size_t index)>& update) {
  Outcomes outcomes(ids.size());
  TRAWL_ASSIGN(
      const auto found,
      services.corpus.update_many(
          collection.id, ids,
          [&](std::size_t i, json::object& fields, std::vector<NamedVectors>& vectors) {
            const DocumentUpdate& wanted = update(i);
            // The change leaves the fields alone when it fails.
            if (const auto changed =
                    apply_update(wanted.fields, true, "update_data", fields)) {
              vectors = wanted.vectors;
            } else {
              outcomes[i] = changed.error().message;
            }
            return Result<void>();
          }));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!found[i]) outcomes[i] = kNoSuchDocument;
  }
  documents_written(services, collection, count_changed(outcomes));
  return outcomes;
}

json::object updated_json(const std::vector<std::string>& ids, const Outcomes& outcomes,
                          bool failures_only) {
  constexpr std::size_t kFailuresMax = 100;
  json::array rows;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (failures_only && (outcomes[i].empty() || rows.size() == kFailuresMax)) continue;
    rows.push_back(batch_row(ids[i], outcomes[i]));
  }
  const Counts counts =
      count_documents(ids, [&](std::size_t i) { return outcomes[i].empty(); });
  const std::size_t updated = counts.done;
  return {{"updated_count", updated},
          {"failed_count", counts.failed},
          {"results", std::move(rows)},
          {"message", counted_were(updated, "document") + " updated"}};
}

Result<json::object> update_matching(const Services& services, const Call& call,
                                     const Collection& collection,
                                     const json::value* filters, const json::object& sent) {
  TRAWL_ASSIGN(const DocumentUpdate update, read_update(sent, collection, "update_data"));
  TRAWL_ASSIGN(const auto ids, ids_matching(services, call.request, collection, filters));
  TRAWL_ASSIGN(const Outcomes outcomes,
               update_each(services, collection, ids,
                           [&](std::size_t) -> const DocumentUpdate& { return update; }));
  return updated_json(ids, outcomes, true);
}

// The reply to a change of many, with what became of their vectors where it waits for them.
http::Response updated_response(const Services& services, const Call& call,
                                const Collection& collection, bool waits,
                                json::object out) {
  if (waits) {
    const auto vectors = wait_for_vectors(services, call.request, collection);
    out["vectors"] = written_vectors_json(vectors);
    if (vectors.reason) out["warnings"] = json::array{text_value(*vectors.reason)};
  }
  return json_response(std::move(out));
}

Result<http::Response> batch_update(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const Collection collection, collection_of(services, call));
  ObjectReader in(body, {});
  const json::array* updates = in.array({"updates"});
  const json::value* filters = in.find({"filters"});
  const json::object* update_data = in.object({"update_data"});
  const bool waits = read_wait_for(in);
  TRAWL_TRY(in.status());
  const bool by_filter = filters != nullptr || update_data != nullptr;
  if ((updates != nullptr) == by_filter) {
    return invalid_at("updates", "send either updates, or filters with update_data");
  }
  if (by_filter) {
    if (filters == nullptr || update_data == nullptr) {
      return invalid_at("filters", "filters and update_data belong together; send both");
    }
    TRAWL_TRY(must_choose(*filters));
    TRAWL_ASSIGN(json::object changed,
                 update_matching(services, call, collection, filters, *update_data));
    return updated_response(services, call, collection, waits, std::move(changed));
  }
  if (updates->empty() || updates->size() > kBatchMax) {
    return invalid_at("updates", fmt::format("updates has {} entries; use 1 to {}",
                                             updates->size(), kBatchMax));
  }
  std::vector<std::string> ids;
  std::vector<DocumentUpdate> changes;
  for (std::size_t i = 0; i < updates->size(); ++i) {
    const std::string location = fmt::format("updates[{}]", i);
    if (!(*updates)[i].is_object())
      return invalid_at(location, location + " is not an object");
    ObjectReader one((*updates)[i].get_object(), location);
    ids.push_back(one.required_string({"document_id"}));
    const json::object* sent = one.object({"update_data"});
    if (one.ok() && sent == nullptr) one.fail("update_data", "is required");
    TRAWL_TRY(one.status());
    TRAWL_ASSIGN(DocumentUpdate update,
                 read_update(*sent, collection, location + ".update_data"));
    changes.push_back(std::move(update));
  }
  TRAWL_ASSIGN(
      const Outcomes outcomes,
      update_each(services, collection, ids,
                  [&](std::size_t i) -> const DocumentUpdate& { return changes[i]; }));
  return updated_response(services, call, collection, waits,
                          updated_json(ids, outcomes, false));
}

Result<http::Response> batch_delete(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const Collection collection, collection_of(services, call));
  ObjectReader in(body, {});
  const json::array* listed = in.array({"document_ids"});
  std::vector<std::string> ids = in.strings({"document_ids"});
  const json::value* filters = in.find({"filters"});
  TRAWL_TRY(in.status());
  if ((listed != nullptr) == (filters != nullptr)) {
    return invalid_at("document_ids", "send either document_ids or filters");
  }
  if (listed != nullptr && (ids.empty() || ids.size() > kBatchMax)) {
    return invalid_at(
        "document_ids",
        fmt::format("document_ids has {} entries; use 1 to {}", ids.size(), kBatchMax));
  }
  if (filters != nullptr) {
    TRAWL_TRY(must_choose(*filters));
    TRAWL_ASSIGN(ids, ids_matching(services, call.request, collection, filters));
  }
  TRAWL_ASSIGN(const auto removed, services.corpus.remove(collection.id, ids));
  const auto was_removed = [&](std::size_t i) {
    return removed[i].kind == DocumentOutcome::Kind::removed;
  };
  json::array rows;
  if (listed != nullptr) {
    for (std::size_t i = 0; i < ids.size(); ++i)
      rows.push_back(batch_row(ids[i], was_removed(i) ? "" : kNoSuchDocument));
  }
  const Counts counts = count_documents(ids, was_removed);
  const std::size_t count = counts.done;
  services.metrics.documents_written(count);
  return json_response(
      json::object{{"deleted_count", count},
                   {"failed_count", counts.failed},
                   {"results", std::move(rows)},
                   {"message", counted_were(count, "document") + " deleted"}});
}

Result<http::Response> bulk_update(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const Collection collection, collection_of(services, call));
  ObjectReader in(body, {});
  const json::value* filters = in.find({"filters"});
  const json::object* update_data = in.object({"update_data"});
  const bool waits = read_wait_for(in);
  if (in.ok() && update_data == nullptr) in.fail("update_data", "is required");
  TRAWL_TRY(in.status());
  // Here none, or {}, does mean all.
  const auto* object = filters == nullptr ? nullptr : filters->if_object();
  if (filters != nullptr && (object == nullptr || !object->empty())) {
    TRAWL_TRY(must_choose(*filters));
  }
  TRAWL_ASSIGN(json::object changed,
               update_matching(services, call, collection, filters, *update_data));
  const bool is_narrowed = object == nullptr ? filters != nullptr : !object->empty();
  if (!is_narrowed) {
    changed["message"] =
        fmt::format("{}; no filters were sent, so this applies to every document",
                    std::string_view(view(changed["message"].get_string())));
  }
  return updated_response(services, call, collection, waits, std::move(changed));
}

// The collection that holds a document, for the routes that do not name one.
Result<Collection> collection_holding(const Services& services, Call& call) {
  const std::string& id = call.request.path_parameter("document");
  TRAWL_ASSIGN(const auto collections, services.catalog.list_collections(call.ns.id));
  for (const auto& collection : collections) {
    auto snapshot = services.corpus.snapshot(collection.id);
    if (!snapshot) continue;
    TRAWL_ASSIGN(const auto found, (*snapshot)->get(id));
    if (found) return collection;
  }
  return make_error(ErrorCode::not_found,
                    fmt::format("the document '{}' does not exist in the namespace '{}'",
                                truncate_text(id, 100), call.ns.name));
}

Result<http::Response> show_anywhere(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Collection collection, collection_holding(services, call));
  TRAWL_ASSIGN(const ShownVectors vectors, read_asked_vectors(call));
  TRAWL_ASSIGN(
      json::object found,
      get_document(services, collection, call.request.path_parameter("document"), vectors));
  return detail_response(std::move(found));
}

// The namespace is that of the path.
Result<http::Response> show_in_namespace(const Services& services, Call& call) {
  TRAWL_ASSIGN(call.ns, namespace_of_path(services, call));
  return show_anywhere(services, call);
}

Result<http::Response> patch_anywhere(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Collection collection, collection_holding(services, call));
  return change_one(services, call, collection, true);
}

Result<http::Response> put_anywhere(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Collection collection, collection_holding(services, call));
  return change_one(services, call, collection, false);
}

}  // namespace

void add_document_routes(http::Router& router, const Services& services) {
  const auto route = [&](std::string method, std::string path, Permission permission,
                         RequestShape shape,
                         Result<http::Response> (*handle)(const Services&, Call&)) {
    router.add(
        {std::move(method), std::move(path), http::RunOn::worker, http::Body::buffered,
         endpoint(services, permission, Scope::in_namespace, std::move(shape),
                  [&services, handle](Call& call) { return handle(services, call); })});
  };
  using Others = ObjectShape::Others;
  // All but these are the fields of the document, whatever they are called.
  const Query waiting = {kWaitForParameter};
  const RequestShape made(
      waiting, ObjectShape{{{"document_id"}, {"vectors"}, {"_vectors"}}, Others::data});
  const RequestShape changed(
      waiting,
      ObjectShape{
          {{"document_id"}, {"collection_id"}, {"_internal"}, {"vectors"}, {"_vectors"}},
          Others::data});
  // This server keeps no files, and expands nothing.
  const Query shown = {{"return_vectors"},
                       {"return_presigned_urls", Described::no},
                       {"return_vector_names", Described::no, false, true},
                       {"expand", Described::no, false, true}};
  static const ObjectShape kUpdate{{{"document_id"}, {"update_data"}}};
  const std::string all = "/v1/collections/{collection}/documents";
  route("POST", all, Permission::write, made, create);
  route("GET", all, Permission::read, document_list_shape(Described::yes), list_documents);
  route("POST", all + "/list", Permission::read, document_list_shape(Described::no),
        list_documents);
  route("GET", all + "/count", Permission::read, {}, count_documents);
  route("POST", all + "/distinct", Permission::read,
        RequestShape(Query{}, ObjectShape{{{"field"}, {"filters"}, {"limit"}}}),
        list_distinct_values);
  route("POST", all + "/batch", Permission::write,
        RequestShape(
            Query{},
            ObjectShape{
                {{"updates", &kUpdate}, {"filters"}, {"update_data"}, kWaitForMember}}),
        batch_update);
  // The newest client may say why, and nothing keeps it.
  route(
      "DELETE", all + "/batch", Permission::remove,
      RequestShape(
          Query{},
          ObjectShape{{{"document_ids"}, {"filters"}, {"reason", nullptr, Described::no}}}),
      batch_delete);
  route("PATCH", all + "/bulk", Permission::write,
        RequestShape(Query{}, ObjectShape{{{"filters"}, {"update_data"}, kWaitForMember}}),
        bulk_update);
  route("GET", all + "/{document}", Permission::read, shown + Query{{"version"}}, show);
  route("PATCH", all + "/{document}", Permission::write, changed, patch);
  route("PUT", all + "/{document}", Permission::write, changed, put);
  route("DELETE", all + "/{document}", Permission::remove, {}, remove);
  route("POST", "/v1/documents/batch-get", Permission::read,
        RequestShape(
            Query{},
            ObjectShape{{{"document_ids"}, {"return_vectors"}, {"return_presigned_urls"}}}),
        get_documents);
  router.add(
      {"GET", "/v1/namespaces/{namespace}/documents/{document}", http::RunOn::worker,
       http::Body::buffered,
       endpoint(services, Permission::read, Scope::whole_server, shown,
                [&services](Call& call) { return show_in_namespace(services, call); })});
  const std::string anywhere = "/v1/documents/{document}";
  route("GET", anywhere, Permission::read, shown, show_anywhere);
  route("PATCH", anywhere, Permission::write, changed, patch_anywhere);
  route("PUT", anywhere, Permission::write, changed, put_anywhere);
}

}  // namespace trawl::api
