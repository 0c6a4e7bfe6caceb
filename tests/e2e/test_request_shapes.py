"""What narrows or guards is never ignored: every route knows what it takes."""

import json
import os
import re
import sys
import urllib.parse

import pytest

from conftest import BOOKS, KEY, Server, search, stage

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "openapi"))

import description  # noqa: E402

EXECUTIONS = "/v1/retrievers/executions"
DOCUMENTS = "/v1/collections/books/documents"
KEYS = "/v1/organizations/users/me/api-keys"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One for the module; every test leaves the history and the books as they were."""
    server = Server(tmp_path_factory.mktemp("shapes") / "data").start()
    server.make_collection("books", BOOKS)
    server.ok("POST", "/v1/namespaces", {"namespace_name": "prod"})
    for number in range(3):
        assert server.execute(["books"], [search("sea")], {"n": number}).status == 200
    yield server
    assert server.stop() == 0, "".join(server.log)


def located(reply, status=422):
    assert reply.status == status, reply
    return reply.json["error"]["details"]["validation_errors"][0]["location"]


def message(reply):
    return reply.json["error"]["message"]


def history(server):
    return server.list({}).json["total"]


def ids(server):
    return [row["execution_id"] for row in server.list({}).json["results"]]


def camel_case(name):
    return re.sub("_(.)", lambda found: found[1].upper(), name)


def near_misses(name, known):
    """Other spellings of a name, as people and programs make them."""
    spellings = {camel_case(name), name.replace("_", "-"), name.upper()}
    if len(name) > 1:  # Of one letter, whatever is longer is near to everything.
        spellings |= {name[:-1] if name.endswith("s") else name + "s",
                      name[:-2] + name[-1] + name[-2]}
    return sorted(one for one in spellings - set(known) if one != name)


# --- every route of the description ------------------------------------------------------


@pytest.fixture(scope="module")
def operations(server):
    document = server.ok("GET", "/openapi.json", key=None)
    found = [one for one in description.operations(document) if one.path.startswith("/v1/")]
    assert len(found) > 40
    return document, found


def ask(server, operation, query="", body=None):
    return server.request(operation.method, operation.example_path() + query, body,
                          key=KEY if operation.needs_key else None)


def test_every_route_refuses_an_unknown_parameter(server, operations):
    wrong = []
    for operation in operations[1]:
        names = [one["name"] for one in operation.parameters if one["in"] == "query"]
        unknown = ["namespce", "dryrun", "zzz"]
        for name in names:
            unknown += near_misses(name, names + ["after", "next_cursor", "page_number"])
        for name in unknown:
            reply = ask(server, operation, f"?{name}=true")
            if reply.status != 422 or located(reply) != f"query.{name}":
                wrong.append(f"{operation} ?{name}: {reply}")
    assert not wrong, "\n".join(wrong)
    assert len(ids(server)) == 3


def members_of(document, schema):
    """The members of an object that takes no others, or only with a warning."""
    schema = description.resolve(document, schema)
    if schema.get("additionalProperties") is True:
        return []
    return list(schema.get("properties", ()))


def test_every_route_refuses_a_misspelt_member(server, operations):
    document, found = operations
    wrong, count = [], 0
    for operation in found:
        if operation.media_type != "application/json":
            continue
        members = members_of(document, operation.body_schema)
        for name in members:
            for spelling in near_misses(name, members):
                count += 1
                reply = ask(server, operation, body={spelling: None})
                if reply.status != 422 or located(reply) != spelling or (
                        "did you mean" not in message(reply)):
                    wrong.append(f"{operation} {spelling}: {reply}")
    assert not wrong, "\n".join(wrong)
    assert count > 500


def test_a_route_without_a_body_reads_none(server, operations):
    """{"dry_run": true} means something to whoever sends it."""
    wrong = []
    for operation in operations[1]:
        if operation.media_type is not None or operation.method == "GET":
            continue
        reply = ask(server, operation, body={"dry_run": True})
        if reply.status != 422:
            wrong.append(f"{operation}: {reply}")
    assert not wrong, "\n".join(wrong)
    assert located(server.get("/v1/collections/books/documents/count", body={"a": 1})) == "body"


# --- deleting ------------------------------------------------------------------------------


@pytest.mark.parametrize("query, place", [
    ("dryrun=true", "dryrun"), ("dryRun=true", "dryRun"), ("dry-run=true", "dry-run"),
    ("all=true&namespce=prod", "namespce"), ("dry_run=", "dry_run"), ("all=", "all"),
    ("dry_run=false&dry_run=true", "dry_run"), ("all=true&dry_run=true&dry_run=true", "dry_run"),
    ("namespace=", "namespace"), ("namespace=prod&namespace=default", "namespace"),
    ("status=failed&all=true", "status"), ("limit=1&all=true", "limit")])
def test_a_misspelt_guard_deletes_nothing(server, query, place):
    refused = server.post(f"{EXECUTIONS}/delete?{query}", {"status": "completed"})
    assert located(refused) == f"query.{place}"
    assert history(server) == 3


@pytest.mark.parametrize("body, place", [
    ({"dry_run": True}, "dry_run"), ({"all": True}, "all"), ({"limit": 1}, "limit"),
    ({"Status": "failed"}, "Status"), ({"namespace": "prod"}, "namespace")])
def test_what_belongs_into_the_query_deletes_nothing_in_the_body(server, body, place):
    refused = server.post(f"{EXECUTIONS}/delete", {"status": "completed", **body})
    assert located(refused) == place
    assert ("goes into the query" in message(refused)) == (
        place in ("dry_run", "all", "namespace"))
    assert history(server) == 3


def test_a_deletion_of_one_thing_has_no_dry_run(server):
    path = f"{EXECUTIONS}/{ids(server)[0]}"
    for asked in ("?dry_run=true", "?dryrun=1", "?namespce=prod", "?namespace="):
        assert located(server.request("DELETE", path + asked)).startswith("query.")
    for body in ({"dry_run": True}, {"force": False}, [], "dry_run=true"):
        assert located(server.request("DELETE", path, body)) == "body"
    for path in ("/v1/collections/books", f"{DOCUMENTS}/moby", "/v1/namespaces/prod",
                 f"{KEYS}/nobody"):
        assert located(server.request("DELETE", path + "?dry_run=true")) == "query.dry_run"
        assert located(server.request("DELETE", path, {"dry_run": True})) == "body"
    assert history(server) == 3
    assert server.get(f"{DOCUMENTS}/moby").status == 200
    assert server.get("/v1/namespaces/prod").status == 200


def test_a_namespace_is_named_once_or_consistently(server):
    prod = server.ok("GET", "/v1/namespaces/prod")["namespace_id"]
    list_path = EXECUTIONS + "/list"
    both = server.post(list_path + "?namespace=prod", {}, headers={"X-Namespace": "default"})
    assert located(both) == "query.namespace"
    delete = server.post(EXECUTIONS + "/delete?all=true&namespace=prod", {},
                         headers={"X-Namespace": "default"})
    assert located(delete) == "query.namespace" and history(server) == 3
    for name in ("prod", prod):
        same = server.post(f"{list_path}?namespace={name}", {}, headers={"X-Namespace": "prod"})
        assert same.status == 200 and same.json["total"] == 0
    assert server.ok("POST", list_path + "?namespace=prod", {})["total"] == 0
    empty = server.post(EXECUTIONS + "/delete?all=true", {}, headers={"X-Namespace": ""})
    assert located(empty) == "header.X-Namespace" and history(server) == 3
    other = server.get("/v1/collections?namespace_id=prod")
    assert located(other) == "query.namespace_id"
    assert server.get("/v1/collections?namespace_id=default").status == 200


def test_bulk_changes_need_their_filter(server):
    for body in ({"filter": {"author": "Austen"}}, {"where": {"author": "Austen"}},
                 {"document_ids": ["emma"]}, {"Filters": {"author": "Austen"}}):
        refused = server.request("PATCH", DOCUMENTS + "/bulk",
                                 {**body, "update_data": {"seen": 1}})
        assert located(refused) == next(iter(body))
        for method in ("POST", "DELETE"):
            refused = server.request(method, DOCUMENTS + "/batch", {
                **body, "filters": {"author": "Austen"}, "dry_run": True})
            assert refused.status == 422
    nested = server.post(DOCUMENTS + "/batch", {"updates": [
        {"document_id": "emma", "update_data": {"seen": 1}, "filters": {"year": 1}}]})
    assert located(nested) == "updates[0].filters"
    assert "seen" not in server.ok("GET", f"{DOCUMENTS}/emma")
    every = server.ok("PATCH", DOCUMENTS + "/bulk", {"update_data": {"n": 1}})
    assert every["updated_count"] == 5 and "applies to every document" in every["message"]


def test_retention_runs_as_it_is_stored(server):
    """A policy in the body of a run is not the one that is applied."""
    path = "/v1/namespaces/default/retention"
    assert located(server.post(path + "/run", {"max_age": "30d"})) == "body"
    assert located(server.post(path + "/run?dry_run=true")) == "query.dry_run"
    assert server.ok("POST", path + "/run", {})["run"]["total"] == 0


# --- listing -------------------------------------------------------------------------------


def test_a_list_says_where_things_go(server):
    asked = server.post(EXECUTIONS + "/list?status=failed", {})
    assert located(asked) == "query.status" and "goes into the body" in message(asked)
    for name in ("limit", "offset", "cursor", "page", "page_size", "after", "include_total"):
        sent = server.list({name: 5})
        assert located(sent) == name and f"goes into the query: ?{name}=" in message(sent)
    assert located(server.list({"sort": {"field": "timestamp", "dir": "asc"}})) == "sort.dir"
    assert located(server.list({"sort": {"field": "timestamp", "order": "asc"}})) == "sort.order"
    assert located(server.list({"cache_hit_rate": {"minimum": 1}})) == "cache_hit_rate.minimum"
    for path in ("/v1/collections/list", "/v1/namespaces/list", DOCUMENTS + "/list"):
        field = {"field": "year", "dir": "desc"}
        assert located(server.post(path, {"sort": field})) == "sort.dir"
        assert located(server.post(path, {"filter": {}})) == "filter"
        assert located(server.post(path, {"colour": 1})) == "colour"
        if path != DOCUMENTS + "/list":
            assert located(server.post(path, {"sorts": [field]})) == "sorts[0].dir"
    order = urllib.parse.quote(json.dumps({"field": "year", "dir": "desc"}))
    assert located(server.get(f"{DOCUMENTS}?sort={order}")) == "query.sort.dir"
    assert located(server.get(f"{DOCUMENTS}?filters=")) == "query.filters"
    assert located(server.get(f"{EXECUTIONS}/tail?status=&end_after_ms=0")) == "query.status"


def test_what_published_clients_send_is_taken(server):
    """Besides what the description has; tests/clients runs the clients themselves."""
    paging = "page_number=1&next_cursor=&after=&cursor=&limit=2"
    for method, path, body in (
            ("POST", f"/v1/collections/list?{paging}", {"include_system": False}),
            ("GET", f"/v1/collections?{paging}&search=&include_system=true", None),
            ("POST", f"/v1/namespaces/list?{paging}&view=full&include_system=false", {}),
            ("POST", f"{DOCUMENTS}/list?return_vectors=false", {
                "return_vector_names": ["a"], "expand": ["x"], "page_size": 2}),
            ("GET", f"{DOCUMENTS}?search=&sort=&return_presigned_urls=false", None),
            ("GET", f"{DOCUMENTS}/moby?return_vectors=true&expand=a&expand=b", None),
            ("GET", f"{KEYS}?include_session_keys=false", None),
            ("GET", "/v1/health?deep=true&metrics=true", None)):
        server.ok(method, path, body)
    warned = server.ok("GET", f"{DOCUMENTS}?return_presigned_urls=true")["warnings"]
    assert len(warned) == 1 and "return_presigned_urls" in warned[0]


# --- keys and policies ---------------------------------------------------------------------


@pytest.mark.parametrize("body, place", [
    ({"permission": ["read"]}, "permission"), ({"expiresAt": "2030-01-01"}, "expiresAt"),
    ({"expires": "2030-01-01"}, "expires"), ({"namespaceId": "prod"}, "namespaceId"),
    ({"namespaces": ["prod"]}, "namespaces"), ({"rate_limit": 5}, "rate_limit"),
    ({"read_only": True}, "read_only"), ({"role": "reader"}, "role"),
    ({"ttl": 60}, "ttl"), ({"collections": ["books"]}, "collections")])
def test_a_key_is_as_narrow_as_it_was_asked_for(server, body, place):
    refused = server.post(KEYS, {"name": "narrow", **body})
    assert located(refused) == place
    assert server.ok("GET", KEYS)["total"] == 0


@pytest.mark.parametrize("field", ["scopes", "allowed_origins"])
def test_what_cannot_narrow_a_key_is_refused(server, field):
    sent = {"name": "wide", field: ["x"]}
    refused = server.post(KEYS, sent)
    assert refused.status == 403 and refused.json["error"]["details"] == {"location": field}
    server.ok("POST", KEYS, {"name": "wide", field: []})
    assert server.request("PATCH", KEYS + "/wide", {field: ["x"]}).status == 403
    assert located(server.request("PATCH", KEYS + "/wide", {"permission": ["read"]})) == (
        "permission")
    assert located(server.request("PATCH", KEYS + "/wide", {"namespace_id": "prod"})) == (
        "namespace_id")
    server.ok("DELETE", KEYS + "/wide?force=true")


@pytest.mark.parametrize("name", ["namespace_id", "namespace", "namespace_name"])
def test_a_key_is_confined_by_any_name(server, name):
    prod = server.ok("GET", "/v1/namespaces/prod")["namespace_id"]
    made = server.ok("POST", KEYS, {"name": "confined", name: "prod"})
    assert made["namespace_id"] == prod
    server.ok("DELETE", KEYS + "/confined")
    assert server.post(KEYS, {"name": "lost", name: "nowhere"}).status == 404
    both = server.post(KEYS, {"name": "both", name: "prod", "namespace_id": "default",
                              "namespace": "prod"})
    assert both.status == 422 and server.ok("GET", KEYS)["total"] == 0


@pytest.mark.parametrize("body, place", [
    ({"recordings": {"mode": "summary"}}, "recordings"),
    ({"redact": [{"field": "a", "action": "drop"}]}, "redact"),
    ({"recording": {"modus": "summary"}}, "recording.modus"),
    ({"recording": {"redact": [{"field": "a", "action": "drop", "patern": "x"}]}},
     "recording.redact[0].patern"),
    ({"retentions": {"max_age": "1d"}}, "retentions"),
    ({"retention": {"maxAge": "1d"}}, "retention.maxAge"),
    ({"retention": {"by_status": {"faild": "90d"}}}, "retention.by_status.faild"),
    ({"retention": {"by_status": {"Failed": "90d"}}}, "retention.by_status.Failed"),
    ({"retention": {"by_status": {"errors": "90d"}}}, "retention.by_status.errors")])
def test_a_policy_protects_what_it_names(server, body, place):
    made = server.post("/v1/namespaces", {"namespace_name": "guarded", **body})
    assert located(made) == place
    for method in ("PATCH", "PUT"):
        assert located(server.request(method, "/v1/namespaces/prod", body)) == place
    assert server.get("/v1/namespaces/guarded").status == 404
    if "retention" in body:
        previewed = server.post("/v1/namespaces/prod/retention/preview", body["retention"])
        assert located(previewed) == place.removeprefix("retention.")


def test_an_age_is_for_a_status_that_there_may_be(server):
    """One that no import takes can have no age either."""
    line = {"execution_id": "exec_old", "status": "archived", "timestamp": "2026-01-01T00:00:00Z"}
    report = server.ok("POST", EXECUTIONS + "/import?namespace=prod", json.dumps(line))
    assert report["failed_count"] == 1, report
    body = {"retention": {"by_status": {"archived": "36500d"}}}
    refused = server.request("PATCH", "/v1/namespaces/prod", body)
    assert located(refused) == "retention.by_status.archived"
    body = {"retention": {"by_status": {"cancelled": "36500d"}}}
    assert server.ok("PATCH", "/v1/namespaces/prod", body)["retention"] == body["retention"]
    server.ok("PATCH", "/v1/namespaces/prod", {"retention": {}})


def test_a_namespace_does_not_end_or_save_by_itself(server):
    for field in ("expires_at", "spend_budget", "cost_cap_override"):
        refused = server.request("PATCH", "/v1/namespaces/prod", {field: "x"})
        assert refused.status == 403 and refused.json["error"]["details"]["location"] == field


# --- elsewhere -----------------------------------------------------------------------------


def test_other_members_are_named_in_the_reply(server):
    ran = server.execute(["books"], [search("sea")], colour=1, settings={"colour": 1})
    assert ran.status == 200
    assert [one for one in ran.json["warnings"] if "colour" in one] == [
        "unknown member 'colour' was ignored", "unknown member 'settings.colour' was ignored"]
    assert located(server.execute(["books"], [search("sea")], filter={"year": 1})) == "filter"
    assert located(server.execute(["books"], [search("sea")], budget_limits={
        "max_times_ms": 1})) == "budget_limits.max_times_ms"
    assert located(server.execute(["books"], [search("sea")], budget_limits={
        "max_euros": 1})) == "budget_limits.max_euros"
    made = server.ok("POST", "/v1/collections", {
        "collection_name": "noted", "schedule": None,
        "features": [{"feature_uri": "a://b@v1/c", "fields": ["title"], "colour": "x"}]})
    assert made["warnings"] == ["unknown member 'schedule' was ignored",
                                "unknown member 'features[0].colour' was ignored"]
    for body, place in (({"collection_nam": "x"}, "collection_nam"),
                        ({"collection_name": "abc", "features": [{"feild": 1}]},
                         "features[0].feild"),
                        ({"collection_name": "abc", "features": [
                            {"fields": [{"path": "a", "wieght": 2}]}]},
                         "features[0].fields[0].wieght")):
        assert located(server.post("/v1/collections", body)) == place
    changed = server.ok("PATCH", "/v1/collections/noted", {"colour": 1})
    assert changed["warnings"] == ["unknown member 'colour' was ignored"]
    assert "warnings" not in server.ok("GET", "/v1/collections/noted")
    server.ok("DELETE", "/v1/collections/noted")
    server.ok("DELETE", EXECUTIONS + "/" + ran.json["execution_id"])


@pytest.mark.parametrize("slip, place", [
    ({"aggregations": [{"function": "count", "alias": "n", "feild": "x"}]},
     "aggregations[0].feild"),
    ({"aggregations": [{"function": "count", "alias": "n", "filter": {"year": 1}}]},
     "aggregations[0].filter"),
    ({"aggregations": [{"function": "count", "alias": "n"}],
      "group_by": [{"field": "author", "name": "who"}]}, "group_by[0].name")])
def test_what_an_aggregate_is_made_of_is_known(server, slip, place):
    refused = server.execute(["books"], [search("sea"), stage("aggregate", **slip)])
    assert located(refused) == f"stages[1].config.parameters.{place}"


@pytest.mark.parametrize("slip", [
    {"final_topk": 5}, {"finalTopK": 5}, {"search": []}, {"minscore": 1}, {"facet": ["tags"]},
    {"fussion": "max"}, {"groupBy": "author"}, {"collection_identifier": ["books"]}])
def test_slips_in_the_parameters_of_a_stage_are_refused(server, slip):
    if "minscore" in slip:
        parameters = search("sea")["config"]["parameters"]
        parameters["searches"][0].update(slip)
        place = "searches[0].minscore"
    else:
        parameters = {**search("sea")["config"]["parameters"], **slip}
        place = next(iter(slip))
    refused = server.execute(["books"], [{"stage_name": "s", "config": {
        "stage_id": "feature_search", "parameters": parameters}}])
    assert located(refused) == f"stages[0].config.parameters.{place}"
    assert "did you mean" in message(refused)


def test_slips_beside_the_parameters_are_refused(server):
    for sent, place in (({"paramters": {}}, "config.paramters"), ({"stageId": "x"}, "config.stageId")):
        one = search("sea")
        one["config"].update(sent)
        assert located(server.execute(["books"], [one])) == f"stages[0].{place}"
    for name in ("on_errors", "onError", "stagename", "Config"):
        assert located(server.execute(["books"], [{**search("sea"), name: "skip"}])) == (
            f"stages[0].{name}")
    for slip, stage_id, parameters in (
            ("directon", "sort_attribute", {"field": "year"}), ("limt", "limit", {}),
            ("counts", "sample", {}), ("feilds", "deduplicate", {"fields": ["author"]}),
            ("max_per_groups", "group_by", {"field": "author"})):
        refused = server.execute(["books"], [search("sea"), stage(stage_id, **parameters,
                                                                  **{slip: 1})])
        assert located(refused) == f"stages[1].config.parameters.{slip}"


def test_a_misspelt_requirement_requires(server):
    for slip in ("requird", "Required", "defaults", "enums"):
        refused = server.post("/v1/retrievers/execute", {
            "collection_identifiers": ["books"], "stages": [search("sea")],
            "input_schema": {"query": {"type": "text", slip: True, "description": "x"}}})
        assert located(refused) == f"input_schema.query.{slip}"


# --- names that are verbs ------------------------------------------------------------------


def siblings(operations, parameter):
    """The words that stand where the parameter does, read from the description."""
    paths = {one.path for one in operations[1]}
    words = set()
    for path in paths:
        parts = path.split("/")
        if "{%s}" % parameter not in parts:
            continue
        place = parts.index("{%s}" % parameter)
        words |= {other.split("/")[place] for other in paths
                  if other.split("/")[:place] == parts[:place]
                  and len(other.split("/")) > place
                  and not other.split("/")[place].startswith("{")}
    return words


def test_names_that_are_verbs_are_refused(server, operations):
    words = siblings(operations, "document")
    assert words >= {"list", "count", "batch", "bulk", "distinct", "import", "batch-get"}
    for word in words:
        refused = server.post(DOCUMENTS, {"document_id": word})
        assert located(refused) == "document_id" and word in message(refused)
    lines = "\n".join(json.dumps({"document_id": word}) for word in sorted(words))
    report = server.ok("POST", DOCUMENTS + "/import", lines)
    assert (report["imported_count"], report["failed_count"]) == (0, len(words))

    words = siblings(operations, "execution_id")
    assert words >= {"list", "delete", "export", "tail", "import", "aggregate"}
    lines = [json.dumps({"execution_id": word, "status": "completed",
                         "timestamp": "2026-01-01T00:00:00Z"}) for word in sorted(words)]
    report = server.ok("POST", EXECUTIONS + "/import", "\n".join(lines))
    assert (report["imported_count"], report["failed_count"]) == (0, len(words))
    assert report["errors"][0]["line"] == 1 and history(server) == 3

    assert siblings(operations, "collection") == {"list"}
    assert siblings(operations, "namespace") == {"list", "standalone"}
    assert located(server.post("/v1/collections", {"collection_name": "list"})) == (
        "collection_name")
    assert located(server.request("PATCH", "/v1/collections/books",
                                  {"collection_name": "list"})) == "collection_name"
    assert located(server.post("/v1/namespaces", {"namespace_name": "list"})) == "namespace_name"
    assert located(server.request("PATCH", "/v1/namespaces/prod", {"namespace_name": "list"})) == (
        "namespace_name")
    # Words that are no siblings are names like any other.
    for word in ("tail", "stats", "documents"):
        server.ok("POST", DOCUMENTS, {"document_id": word})
        assert server.ok("GET", f"{DOCUMENTS}/{word}")["document_id"] == word
        server.ok("DELETE", f"{DOCUMENTS}/{word}")
    server.ok("POST", "/v1/namespaces", {"namespace_name": "stats"})
    server.ok("GET", "/v1/namespaces/stats/stats")
    server.ok("DELETE", "/v1/namespaces/stats")


STRANGE = ["a/b", "..", ".", "a%2Fb", "100%", "?x=1", "#", "ü – 漢", " a ", "a+b", "-",
           "x" * 128]


@pytest.mark.parametrize("name", STRANGE)
def test_every_stored_id_has_a_road(server, name):
    """By its path, percent-encoded, where clients leave that alone; by a body always."""
    line = json.dumps({"execution_id": name, "status": "completed",
                       "timestamp": "2026-01-01T00:00:00Z"})
    report = server.ok("POST", EXECUTIONS + "/import?namespace=prod", line)
    if report["imported_count"] == 1:
        one = f"{EXECUTIONS}/{urllib.parse.quote(name, safe='')}"
        assert server.ok("GET", one + "?namespace=prod")["execution_id"] == name
        found = server.ok("POST", EXECUTIONS + "/list?namespace=prod",
                          {"execution_ids": [name], "fields": ["execution_id", "stages"]})
        assert found["results"] == [{"execution_id": name, "stages": []}]
        done = server.ok("POST", EXECUTIONS + "/delete?namespace=prod", {"execution_ids": [name]})
        assert done["deleted_count"] == 1
    made = server.post(DOCUMENTS, {"document_id": name, "strange": True})
    if made.status == 200:
        one = f"{DOCUMENTS}/{urllib.parse.quote(name, safe='')}"
        assert server.ok("GET", one)["document_id"] == name
        server.ok("POST", DOCUMENTS + "/batch", {"updates": [
            {"document_id": name, "update_data": {"n": 2}}]})
        found = server.ok("POST", "/v1/documents/batch-get", {"document_ids": [name]})
        assert found["documents"][0]["n"] == 2
        done = server.ok("DELETE", DOCUMENTS + "/batch", {"document_ids": [name]})
        assert done["deleted_count"] == 1
    assert report["imported_count"] + (made.status == 200) > 0
