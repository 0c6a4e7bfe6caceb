// /v1/namespaces: create, list, get, patch, put, delete.
#include "api/namespaces/namespaces.h"

#include <fmt/format.h>

#include "api/namespaces/deleted_history.h"
#include "api/namespaces/namespace_access.h"
#include "api/namespaces/recording.h"
#include "api/namespaces/retention.h"
#include "api/namespaces/standalone.h"
#include "api/wire/endpoint.h"
#include "api/wire/names.h"
#include "api/wire/object_list.h"
#include "api/wire/query_reader.h"
#include "base/counted.h"
#include "base/text.h"

namespace trawl::api {
namespace {

constexpr std::string_view kNamespacesPath = "/v1/namespaces";
constexpr std::string_view kNamespacePath = "/v1/namespaces/{namespace}";
constexpr std::string_view kNamespacesSearched[] = {"namespace_name", "namespace_id",
                                                    "description"};
// What clients of the hosted product can read; a longer name would break their lists.
constexpr std::size_t kNameCharsMax = 64;
constexpr std::string_view kIndexTypes[] = {"keyword", "integer",  "float", "bool",
                                            "geo",     "datetime", "text",  "uuid"};

// Extractors and indexes are descriptions that clients read back; this server neither runs
// the former nor needs the latter, but what it stores must be what clients can parse.
Result<json::array> read_extractors(const json::array& sent) {
  json::array out;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::string location = fmt::format("feature_extractors[{}]", i);
    if (!sent[i].is_object()) return invalid_at(location, location + " is not an object");
    ObjectReader in(sent[i].get_object(), location);
    const std::string name = in.required_string({"feature_extractor_name", "name"});
    const std::string version = in.string({"version"}, "v1");
    const json::object* params = in.object({"params", "parameters"});
    TRAWL_TRY(in.status());
    json::object extractor{{"feature_extractor_name", name},
                           {"version", version},
                           {"feature_extractor_id", fmt::format("{}_{}", name, version)}};
    if (params != nullptr) extractor["params"] = *params;
    out.push_back(std::move(extractor));
  }
  return out;
}

Result<void> check_indexes(const json::array& sent) {
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::string location = fmt::format("payload_indexes[{}]", i);
    if (!sent[i].is_object()) return invalid_at(location, location + " is not an object");
    ObjectReader in(sent[i].get_object(), location);
    (void)in.required_string({"field_name"});
    const std::string type = in.required_string({"type"});
    if (in.ok() && std::find(std::begin(kIndexTypes), std::end(kIndexTypes), type) ==
                       std::end(kIndexTypes)) {
      in.fail("type",
              fmt::format("is '{}', an unknown index type{}", truncate_text(type, 64),
                          did_you_mean(type, kIndexTypes)));
    }
    TRAWL_TRY(in.status());
  }
  return {};
}

Result<void> must_be_allowed(const ApiKey& key, Permission permission,
                             std::string_view what) {
  if (key.allows(permission)) return {};
  return make_error(ErrorCode::forbidden,
                    fmt::format("this key lacks the permission '{}', which setting '{}' "
                                "needs; use one that has it",
                                permission_name(permission), what));
}

// Recording decides what nobody sees again, and retention deletes: writing is not enough.
// `ns` is null for a namespace that is being made.
Result<void> read_policies(const Services& services, ObjectReader& in, const ApiKey& key,
                           const Namespace* ns, json::object& definition) {
  if (const json::object* sent = in.object({kRecordingKey})) {
    TRAWL_TRY(must_be_allowed(key, Permission::admin, kRecordingKey));
    TRAWL_ASSIGN(const RecordingPolicy policy,
                 RecordingPolicy::parse(*sent, std::string(kRecordingKey)));
    definition["recording"] = policy.to_json();
  }
  if (const json::object* sent = in.object({kRetentionKey})) {
    TRAWL_TRY(must_be_allowed(key, Permission::remove, kRetentionKey));
    TRAWL_ASSIGN(const RetentionPolicy policy,
                 parse_retention(*sent, std::string(kRetentionKey)));
    TRAWL_TRY(check_statuses(services, ns, policy, kRetentionKey));
    definition["retention"] = retention_json(policy);
  }
  return {};
}

constexpr std::string_view kNoExpiry =
    "namespaces do not expire; leave it out, and delete the namespace when you no longer "
    "need it";
constexpr std::string_view kNoSpending =
    "spending is not limited by namespace; leave it out, and send budget_limits with each "
    "execution";
constexpr std::pair<std::string_view, std::string_view> kRefused[] = {
    {"ttl_seconds", kNoExpiry},
    {"expires_at", kNoExpiry},
    {"spend_budget", kNoSpending},
    {"cost_cap_override", kNoSpending},
    {"trusted_issuers",
     "tokens of other issuers are not accepted; leave it out, and make API keys"}};

// What a client must not believe it has: an end to the namespace's life, other people's
// tokens. Descriptions of machines and money are ignored instead.
//   not_enabled  with the location of the value
Result<void> refuse_namespace_fields(ObjectReader& in) {
  for (const auto& [name, remedy] : kRefused) {
    const json::value* value = in.find({name});
    if (value == nullptr || (value->is_array() && value->get_array().empty())) continue;
    Error error = make_error(ErrorCode::not_enabled, fmt::format("{}: {}", name, remedy));
    error.location = name;
    return error;
  }
  return in.status();
}

constexpr std::string_view kManagedMode = "managed";

// Whether the namespace is to be one for vectors of the client's own: where it says so, and
// where it brings what only those have.
Result<bool> wants_standalone(ObjectReader& in, std::string_view path_mode) {
  const std::string mode =
      in.one_of<std::string>({"mode"}, std::string(path_mode),
                             {{kManagedMode, std::string(kManagedMode)},
                              {kStandaloneMode, std::string(kStandaloneMode)}});
  const json::array* configs = in.array({"vector_configs"});
  TRAWL_TRY(in.status());
  if (path_mode == kStandaloneMode) {
    if (mode != kStandaloneMode) {
      return invalid_at("mode",
                        "mode is 'managed', and this path makes namespaces for "
                        "vectors; use POST /v1/namespaces");
    }
    return true;
  }
  const bool has_configs = configs != nullptr && !configs->empty();
  if (has_configs && in.has({"mode"}) && mode == kManagedMode) {
    return invalid_at("vector_configs",
                      "vector_configs belongs to namespaces with \"mode\": \"standalone\"; "
                      "leave one of the two out");
  }
  return mode == kStandaloneMode || has_configs;
}

// What stays as it was made.
Result<void> must_stay(ObjectReader& in, const Namespace& ns) {
  const std::string mode(is_standalone(ns) ? kStandaloneMode : kManagedMode);
  if (in.string({"mode"}, mode) != mode) {
    in.fail("mode",
            fmt::format("cannot be changed from '{}'; create another namespace", mode));
  }
  const json::array* configs = in.array({"vector_configs"});
  const auto* before = ns.definition.if_contains("vector_configs");
  if (configs != nullptr && (before == nullptr ? !configs->empty() : *before != *configs)) {
    in.fail("vector_configs",
            "cannot be changed; POST /v1/collections/{collection}/features adds a feature "
            "to a collection");
  }
  return in.status();
}

// Reads what create, patch and put share into the definition; absent keys change nothing.
Result<void> read_definition(const Services& services, ObjectReader& in, const ApiKey& key,
                             const Namespace* ns, json::object& definition) {
  TRAWL_TRY(read_policies(services, in, key, ns, definition));
  if (const auto text = in.optional_string({"description"}))
    definition["description"] = *text;
  if (const auto* list = in.array({"feature_extractors"})) {
    TRAWL_ASSIGN(definition["feature_extractors"], read_extractors(*list));
  }
  if (const auto* list = in.array({"payload_indexes"})) {
    TRAWL_TRY(check_indexes(*list));
    definition["payload_indexes"] = *list;
  }
  if (in.has({"auto_create_indexes"})) {
    definition["auto_create_indexes"] = in.boolean({"auto_create_indexes"}, false);
  }
  if (in.has({"namespace_type"})) {
    definition["namespace_type"] =
        in.one_of<json::string>({"namespace_type"}, "standard",
                                {{"standard", "standard"}, {"marketplace", "marketplace"}});
  }
  return in.status();
}

// A namespace carries policies that restrict what is kept, so that nothing unknown passes.
ObjectShape definition_shape() {
  using Others = ObjectShape::Others;
  // These two describe the hosted product, and are kept to be read back.
  static const ObjectShape kExtractor{
      {{"feature_extractor_name"},
       {"name", nullptr, Described::no},
       {"version"},
       {"params"},
       {"parameters", nullptr, Described::no},
       {"feature_extractor_id", nullptr, Described::no},
       {"input_mappings", nullptr, Described::no},
       {"field_passthrough", nullptr, Described::no},
       {"include_all_source_fields", nullptr, Described::no}},
      Others::warned};
  static const ObjectShape kIndex{{{"field_name"},
                                   {"type"},
                                   {"field_schema", nullptr, Described::no},
                                   {"is_protected", nullptr, Described::no}},
                                  Others::warned};
  static const ObjectShape kRecording = recording_shape();
  static const ObjectShape kRetention = retention_shape();
  ObjectShape shape{{{"namespace_name"},
                     {"name", nullptr, Described::no},
                     {"description"},
                     {"feature_extractors", &kExtractor},
                     {"payload_indexes", &kIndex},
                     {"auto_create_indexes"},
                     {"namespace_type"},
                     {kRecordingKey, &kRecording},
                     {kRetentionKey, &kRetention},
                     {"mode"},
                     {"vector_configs", &vector_configs_shape()}}};
  for (const auto& [name, remedy] : kRefused) {
    shape.members.push_back({name, nullptr, Described::no});
  }
  // Descriptions of machines, which change nothing here.
  for (const std::string_view name :
       {"scope", "features", "adaptive_indexing", "repair_vectors", "infrastructure",
        "tiering", "pinned"}) {
    shape.members.push_back({name, nullptr, Described::no});
  }
  return shape;
}

Result<json::object> namespace_json(const Services& services, const Namespace& ns) {
  json::object out{{"object", "namespace"},
                   {"namespace_id", ns.id.str()},
                   {"namespace_name", ns.name},
                   {"mode", "managed"},
                   {"namespace_ready", true}};
  out["recording"] = RecordingPolicy().to_json();
  out["retention"] = json::object();
  for (const auto& field : ns.definition) out[field.key()] = field.value();
  TRAWL_ASSIGN(const auto collections, services.catalog.list_collections(ns.id));
  std::uint64_t documents = 0;
  for (const auto& collection : collections) {
    // One that another request deletes meanwhile counts for nothing.
    if (auto snapshot = services.corpus.snapshot(collection.id)) {
      documents += (*snapshot)->document_count();
    }
  }
  out["collection_count"] = collections.size();
  out["document_count"] = documents;
  out["document_count_complete"] = true;
  out["created_at"] = format_time(ns.created_at);
  out["updated_at"] = format_time(ns.updated_at);
  return out;
}

Result<http::Response> reply_with(const Services& services, const Call& call,
                                  const Namespace& ns) {
  TRAWL_ASSIGN(json::object out, namespace_json(services, ns));
  add_warnings(out, call);
  return detail_response(std::move(out));
}

Result<void> must_manage_namespaces(const Call& call) {
  if (!call.key.namespace_id) return {};
  return make_error(
      ErrorCode::forbidden,
      "this key is confined to one namespace and can neither create, rename nor delete "
      "namespaces; use a key without a namespace");
}

// What only standalone namespaces can be asked for.
//   not_enabled  with the location of the value
Result<void> refuse_standalone_fields(ObjectReader& in) {
  constexpr std::pair<std::string_view, std::string_view> kFields[] = {
      {"storage", "documents are kept in the data directory of this server; leave it out"},
      {"config", "send retention as a member of its own, and leave the rest out"}};
  for (const auto& [name, remedy] : kFields) {
    const json::object* value = in.object({name});
    if (value == nullptr || value->empty()) continue;
    Error error = make_error(ErrorCode::not_enabled, fmt::format("{}: {}", name, remedy));
    error.location = name;
    return error;
  }
  return in.status();
}

Result<Namespace> create_wanted(const Services& services, Call& call,
                                std::string_view path_mode) {
  TRAWL_TRY(must_manage_namespaces(call));
  TRAWL_ASSIGN(const json::object body, read_body(call));
  ObjectReader in(body, {});
  Namespace wanted;
  // Who makes standalone ones names them by id alone.
  wanted.name = path_mode == kStandaloneMode && !in.has({"namespace_name", "name"})
                    ? read_name(in, {"namespace_id"}, 1, kNameCharsMax)
                    : read_name(in, {"namespace_name", "name"}, 1, kNameCharsMax);
  TRAWL_TRY(in.status());
  TRAWL_ASSIGN(const bool standalone, wants_standalone(in, path_mode));
  TRAWL_TRY(refuse_standalone_fields(in));
  TRAWL_TRY(services.reserved_names.check("namespace", wanted.name, "namespace_name"));
  TRAWL_TRY(refuse_namespace_fields(in));
  // One that repeats the name is as good as the name, which may stand for the id anywhere.
  const auto wanted_id = in.optional_string({"namespace_id"});
  TRAWL_TRY(in.status());
  if (wanted_id && *wanted_id != wanted.name) {
    Error error = make_error(
        ErrorCode::not_enabled,
        fmt::format("namespace_id is '{}', but the server chooses namespace ids; leave it "
                    "out, and use the name wherever an id is expected",
                    truncate_text(*wanted_id, 64)));
    error.location = "namespace_id";
    return error;
  }
  wanted.definition = {{"namespace_type", "standard"},
                       {"description", nullptr},
                       {"feature_extractors", json::array()},
                       {"payload_indexes", json::array()},
                       {"auto_create_indexes", false}};
  TRAWL_TRY(read_definition(services, in, call.key, nullptr, wanted.definition));
  if (standalone) {
    if (!services.corpus.traits().vectors) {
      return make_error(ErrorCode::not_enabled,
                        "the corpus of this server keeps no vectors; POST /v1/namespaces "
                        "makes a namespace for text");
    }
    TRAWL_TRY(read_vector_configs(in, wanted.definition));
  }
  TRAWL_ASSIGN(Namespace created, services.catalog.create_namespace(std::move(wanted)));
  // So that it can be searched before it has a document.
  if (standalone) TRAWL_TRY(default_collection(services, created));
  return created;
}

Result<http::Response> create_namespace(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Namespace created, create_wanted(services, call, kManagedMode));
  return reply_with(services, call, created);
}

Result<http::Response> create_standalone(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Namespace created, create_wanted(services, call, kStandaloneMode));
  TRAWL_ASSIGN(json::object out, namespace_json(services, created));
  // Where clients look for whether it is ready.
  out["status"] = "active";
  out["tiering"] = "auto";
  add_warnings(out, call);
  return json_response(std::move(out));
}

Result<http::Response> change_namespace(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const Namespace found, namespace_of_path(services, call));
  TRAWL_ASSIGN(
      const Namespace changed,
      services.catalog.update_namespace(found.id.str(), [&](Namespace& ns) -> Result<void> {
        ObjectReader in(body, {});
        if (in.has({"namespace_name", "name"})) {
          const std::string name =
              read_name(in, {"namespace_name", "name"}, 1, kNameCharsMax);
          if (in.ok() && ns.name == kDefaultNamespace && name != kDefaultNamespace) {
            return make_error(ErrorCode::bad_request,
                              "the namespace 'default' serves requests that name none and "
                              "keeps its name; create another one");
          }
          if (in.ok() && name != ns.name) {
            // Whether a name is free, and who follows on one that was given up, is no
            // business of a key that must not know of the others.
            TRAWL_TRY(must_manage_namespaces(call));
            TRAWL_TRY(services.reserved_names.check("namespace", name, "namespace_name"));
          }
          ns.name = name;
        }
        TRAWL_TRY(refuse_namespace_fields(in));
        TRAWL_TRY(must_stay(in, ns));
        return read_definition(services, in, call.key, &found, ns.definition);
      }));
  return reply_with(services, call, changed);
}

Result<http::Response> show_namespace(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Namespace found, namespace_of_path(services, call));
  return reply_with(services, call, found);
}

// The counts alone, as clients ask for them beside a list.
Result<http::Response> show_stats(const Services& services, Call& call) {
  TRAWL_ASSIGN(const Namespace found, namespace_of_path(services, call));
  TRAWL_ASSIGN(const json::object all, namespace_json(services, found));
  json::object out;
  for (const auto* key :
       {"namespace_id", "document_count", "document_count_complete", "collection_count"}) {
    out[key] = all.at(key);
  }
  // Nothing is taken in through buckets here.
  out["bucket_count"] = 0;
  out["object_count"] = 0;
  return json_response(std::move(out));
}

Result<http::Response> list_namespaces(const Services& services, Call& call) {
  TRAWL_ASSIGN(const json::object body, read_body(call));
  TRAWL_ASSIGN(const auto all, services.catalog.list_namespaces());
  std::vector<json::object> rows;
  for (const auto& ns : all) {
    if (!may_enter(call.key, ns.id)) continue;
    TRAWL_ASSIGN(json::object row, namespace_json(services, ns));
    rows.push_back(std::move(row));
  }
  TRAWL_ASSIGN(json::object out,
               list_objects(call.request, body, std::move(rows), kNamespacesSearched));
  return json_response(std::move(out));
}

// What was collected for months must not go with one careless request.
Result<void> must_be_empty(const Services& services, const Namespace& ns) {
  TRAWL_ASSIGN(const auto collections, services.catalog.list_collections(ns.id));
  ExecutionFilter all;
  all.namespace_id = ns.id;
  ExecutionPageRequest first;
  first.limit = 1;
  TRAWL_ASSIGN(const ExecutionPage page, services.ledger.list(all, first));
  if (collections.empty() && page.total == 0) return {};
  return make_error(ErrorCode::bad_request,
                    fmt::format("the namespace '{}' holds {} and {}; "
                                "send ?force=true to delete them with it",
                                ns.name, counted(collections.size(), "collection"),
                                counted(page.total, "execution")));
}

Result<http::Response> remove_namespace(const Services& services, Call& call) {
  TRAWL_TRY(must_manage_namespaces(call));
  TRAWL_ASSIGN(const Namespace found, namespace_of_path(services, call));
  // Without it the bare request of a new user would have nowhere to go.
  if (found.name == kDefaultNamespace) {
    return make_error(
        ErrorCode::bad_request,
        "the namespace 'default' serves requests that name none and cannot be "
        "deleted; delete its collections instead");
  }
  TRAWL_ASSIGN(const bool force, QueryReader(call.request).boolean("force", false));
  if (!force) TRAWL_TRY(must_be_empty(services, found));
  TRAWL_TRY(services.catalog.delete_namespace(found.id.str()));
  // From here on it is deleted, whatever happens to its history: nobody can reach that, and
  // it goes as soon as the disk allows.
  remove_deleted_histories(services.catalog, services.ledger);
  services.replay_jobs.forget_deleted_namespaces();
  return deleted_response(fmt::format("the namespace '{}' was deleted", found.name));
}

}  // namespace

Result<Namespace> namespace_of_path(const Services& services, const Call& call) {
  return enter_namespace(services, call.key, call.request.path_parameter("namespace"));
}

void add_namespace_routes(http::Router& router, const Services& services) {
  const auto route = [&](std::string method, std::string_view path, Permission permission,
                         RequestShape shape,
                         Result<http::Response> (*handle)(const Services&, Call&)) {
    router.add(
        {std::move(method), std::string(path), http::RunOn::worker, http::Body::buffered,
         endpoint(services, permission, Scope::whole_server, std::move(shape),
                  [&services, handle](Call& call) { return handle(services, call); })});
  };
  // There are no namespaces of the system, and one view of the others.
  const RequestShape listed(paging_query() + Query{{"search", Described::no, true},
                                                   {"include_system", Described::no},
                                                   {"view", Described::no}},
                            object_list_shape());
  const ObjectShape fields = definition_shape();
  const RequestShape changed(Query{}, fields);
  route("POST", kNamespacesPath, Permission::write,
        RequestShape(Query{}, fields.with({{"namespace_id", nullptr, Described::no},
                                           {"storage", nullptr, Described::no},
                                           {"config", nullptr, Described::no}})),
        create_namespace);
  route("POST", "/v1/namespaces/standalone", Permission::write,
        RequestShape(Query{}, fields.with({{"namespace_id"},
                                           {"storage", nullptr, Described::no},
                                           {"config", nullptr, Described::no}})),
        create_standalone);
  route("GET", kNamespacesPath, Permission::read, listed, list_namespaces);
  route("POST", "/v1/namespaces/list", Permission::read, listed, list_namespaces);
  route("GET", kNamespacePath, Permission::read, {}, show_namespace);
  route("GET", std::string(kNamespacePath) + "/stats", Permission::read, {}, show_stats);
  route("PATCH", kNamespacePath, Permission::write, changed, change_namespace);
  route("PUT", kNamespacePath, Permission::write, changed, change_namespace);
  route("DELETE", kNamespacePath, Permission::remove, Query{{"force"}}, remove_namespace);
}

}  // namespace trawl::api
