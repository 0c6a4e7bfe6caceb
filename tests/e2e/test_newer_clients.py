"""What the newest clients send and read, in plain HTTP (tests/clients runs the clients)."""

import urllib.parse

import pytest

from conftest import search, stage

LIST = "/v1/retrievers/executions/list"
DOCUMENTS = "/v1/collections/books/documents"


def ids(reply, key="documents"):
    return [row["document_id"] for row in reply[key]]


def located(reply):
    assert reply.status == 422, reply
    return reply.json["error"]["details"]["validation_errors"][0]["location"]


# --- lists -----------------------------------------------------------------------------


def test_a_cursor_has_three_names(library):
    for number in range(3):
        library.execute(["books"], [stage("limit", limit=1)], {"n": number})
    first = library.list({}, "?limit=1").json["pagination"]["next_cursor"]
    second = library.list({}, f"?limit=1&cursor={first}").json
    for name in ("next_cursor", "after"):
        same = library.list({}, f"?limit=1&{name}={first}").json
        assert same["results"] == second["results"]
        wrong = library.list({}, f"?offset=2&{name}={first}")
        assert located(wrong) == f"query.{name}"


def test_a_count_alone(library):
    library.execute(["books"], [stage("limit", limit=1)])
    total = library.list({}).json["total"]
    for query in ("", "?limit=3&offset=1", "?include_total=true"):
        counted = library.list({"count_only": True}, query).json
        assert counted["total"] == total and counted["results"] == []
        assert counted["pagination"]["has_next"] is False
        assert counted["pagination"]["next_cursor"] is None
    assert library.list({"count_only": False}).json["results"]
    assert library.list({"count_only": True, "error": "nowhere"}).json["total"] == 0
    assert located(library.list({"count_only": "yes"})) == "count_only"
    for path in ("export", "aggregate", "delete"):
        refused = library.post(f"/v1/retrievers/executions/{path}", {"count_only": True})
        assert located(refused) == "count_only"


def test_pages_of_objects_in_the_body(server):
    for name in ("alpha", "beta", "gamma"):
        server.make_collection(name)
    path = "/v1/collections/list"

    def names(body, query=""):
        reply = server.ok("POST", path + query, body)
        assert reply["total_count"] == 3
        return [row["collection_name"] for row in reply["results"]]

    down = {"sorts": [{"field": "document_count"},
                      {"field": "collection_name", "direction": "desc"}]}
    assert names(down) == ["gamma", "beta", "alpha"]
    assert names({**down, "limit": 1}, "?limit=3") == ["gamma"]
    assert names({**down, "page_size": 1, "page": 2}) == ["beta"]
    assert names({**down, "limit": 2, "offset": 1, "page": 9}) == ["beta", "alpha"]
    cursor = server.ok("POST", path, {"limit": 2})["pagination"]["next_cursor"]
    assert names({"limit": 2, "cursor": cursor}) == ["gamma"]
    assert located(server.post(path, {"limit": 0})) == "limit"
    assert located(server.post(path, {"sorts": ["name"]})) == "sorts[0]"
    assert located(server.post(path, {"sorts": [{}]})) == "sorts[0].field"
    assert located(server.post(path, {"cursor": cursor, "offset": 1})) == "cursor"
    found = server.ok("GET", "/v1/collections?search=amm")
    assert [row["collection_name"] for row in found["results"]] == ["gamma"]


# --- executing -------------------------------------------------------------------------


def execute(library, **body):
    reply = library.post("/v1/retrievers/execute", {
        "collection_identifiers": ["books"], "stages": [search("sea")], "inputs": {}, **body})
    assert reply.status == 200, reply
    return reply.json


@pytest.mark.parametrize("pagination, marker", [
    ({"method": "scroll", "limit": 1}, "scroll_id"), ({"scroll_ttl": 60, "limit": 1}, "scroll_id"),
    ({"method": "keyset", "limit": 1}, "after"), ({"limit": 1}, "cursor")])
def test_every_method_walks_the_result(library, pagination, marker):
    seen = []
    while True:
        reply = execute(library, pagination=pagination)
        seen += ids(reply)
        page = reply["pagination"]
        following = page["scroll_id"] if marker == "scroll_id" else page["next_cursor"]
        assert page["has_next"] is (following is not None)
        if following is None:
            break
        pagination = {**pagination, marker: following}
    assert sorted(seen) == ["moby", "persuasion", "typee"]


@pytest.mark.parametrize("pagination, location", [
    ({"method": "scroll", "scroll_id": "x"}, "pagination.scroll_id"),
    ({"method": "scroll", "scroll_ttl": 5}, "pagination.scroll_ttl"),
    ({"method": "keyset", "after": {"year": 1}}, "pagination.after.cursor"),
    ({"method": "keyset", "after": {"cursor": "%"}}, "pagination.after.cursor"),
    ({"method": "keyset", "after": "x"}, "pagination.after"),
    ({"method": "spiral"}, "pagination.method")])
def test_a_wrong_marker_is_refused(library, pagination, location):
    refused = library.post("/v1/retrievers/execute", {
        "collection_identifiers": ["books"], "stages": [search("sea")],
        "pagination": pagination})
    assert located(refused) == location


def test_a_limit_is_a_page(library):
    one = execute(library, limit=2)
    assert len(ids(one)) == 2 and one["pagination"]["limit"] == 2
    two = execute(library, pagination={"limit": 2, "cursor": one["pagination"]["next_cursor"]})
    assert sorted(ids(one) + ids(two)) == ["moby", "persuasion", "typee"]
    assert len(ids(execute(library, page_size=1))) == 1
    assert len(ids(execute(library, page_size=1, limit=1))) == 1
    assert len(ids(execute(library, settings={"limit": 1}))) == 1
    refused = library.post("/v1/retrievers/execute", {
        "collection_identifiers": ["books"], "stages": [search("sea")], "limit": 1,
        "page_size": 2})
    assert located(refused) == "page_size"


def test_pre_filters_narrow_as_filters_do(library):
    for narrow in ({"filters": {"author": "Melville"}}, {"pre_filters": {"author": "Melville"}}):
        assert sorted(ids(execute(library, **narrow))) == ["moby", "typee"]
    both = execute(library, filters={"author": "Melville"}, pre_filters={"year": 1846})
    assert ids(both) == ["typee"] and both["warnings"] == []


def test_the_one_line_client_filters_its_search(library):
    search_stage = {"type": "feature_search", "query": "captain", "limit": 5,
                    "feature_extractor": {"type": "text"}, "collection_ids": ["books"]}
    reply = execute(library, collection_identifiers=[], stages=[
        {"type": "attribute_filter", "conditions": {"author": "Austen"}}, search_stage])
    assert ids(reply) == ["persuasion"]
    # The same stages written out are two stages, and a search starts over.
    two = execute(library, stages=[
        stage("attribute_filter", conditions={"author": "Austen"}), search("captain")])
    assert sorted(ids(two)) == ["moby", "persuasion"]
    assert any("replaced" in warning for warning in two["warnings"])


@pytest.mark.parametrize("name, is_idle", [("return_vectors", False),
                                           ("return_presigned_urls", True)])
def test_idle_flags_are_named(library, name, is_idle):
    path = "/v1/retrievers/execute"
    body = {"collection_identifiers": ["books"], "stages": [search("sea")]}
    for query, extra, warned in (("", {}, False), (f"?{name}=false", {name: False}, False),
                                 (f"?{name}=true", {}, is_idle), ("", {name: True}, is_idle)):
        reply = library.ok("POST", path + query, {**body, **extra})
        assert any(name in warning for warning in reply["warnings"]) is warned
    assert located(library.post(f"{path}?{name}=maybe", body)) == f"query.{name}"


BROKEN = stage("attribute_filter", "broken", field="title", operator="regex",
               value="{{INPUT.pattern}}")


def test_a_stage_that_may_be_skipped(library):
    def run(**fields):
        return execute(library, inputs={"pattern": "("}, stages=[
            search("sea"), {**BROKEN, **fields}, stage("limit", limit=2)])

    for fields in ({}, {"on_error": "error"}, {"on_error": None}):
        failed = run(**fields)
        assert failed["status"] == "failed" and failed["failed_stage"] == "broken"
        assert failed["degraded"] == []
    passed = run(on_error="skip")
    assert passed["status"] == "completed" and len(ids(passed)) == 2
    assert [row["stage"] for row in passed["degraded"]] == ["broken"]
    assert set(passed["degraded"][0]) == {"resource", "id", "reason", "next_step", "stage"}
    assert any("broken: failed and was skipped" in text for text in passed["warnings"])
    statistics = passed["stage_statistics"]["stages"]["broken"]
    assert statistics["error"] and statistics["output_count"] == 3
    detail = library.ok("GET", f"/v1/retrievers/executions/{passed['execution_id']}")
    assert (detail["stages_completed"], detail["total_stages"]) == (2, 3)
    assert detail["error"] is None and detail["pipeline"]["stages"][1]["on_error"] == "skip"


def test_what_ends_a_run_is_never_skipped(library):
    ended = execute(library, budget_limits={"max_credits": 0}, stages=[
        {**search("never asked before"), "on_error": "skip"}])
    assert ended["status"] == "failed" and "budget" in ended["error"]
    refused = library.post("/v1/retrievers/execute", {
        "collection_identifiers": ["books"], "stages": [{**search("a"), "on_error": "cry"}]})
    assert located(refused) == "stages[0].on_error"


def test_unknown_keys_of_a_stage_are_named(library):
    sent = {**search("sea"), "output_alias": "found"}
    sent["config"] = {**sent["config"], "colour": 1}
    warnings = execute(library, stages=[sent])["warnings"]
    for place in ("stages[0].output_alias", "stages[0].config.colour"):
        assert any(warning.startswith(place) for warning in warnings), warnings


# --- documents ---------------------------------------------------------------------------


def test_documents_by_get(library):
    def get(**query):
        return library.get(f"{DOCUMENTS}?{urllib.parse.urlencode(query)}")

    sea = {"filters": '{"tags": "sea"}', "limit": 2}
    page = get(**sea, sort="year:desc").json
    assert ids(page, "results") == ["moby", "typee"]
    rest = get(**sea, sort='{"field": "year", "direction": "desc"}',
               after=page["pagination"]["next_cursor"]).json
    assert ids(rest, "results") == ["persuasion"]
    assert ids(get(search="whale").json, "results") == ["moby"]
    for name, value, place in (("filters", "[]", "query.filters"),
                               ("filters", "{", "query.filters"),
                               ("sort", "{", "query.sort"), ("sort", "{}", "query.sort.field"),
                               ("sort", "year:down", "query.sort.direction")):
        assert located(get(**{name: value})) == place
    # The body counts before the query.
    both = library.ok("POST", DOCUMENTS + "/list?search=whale", {"search": "marriages"})
    assert ids(both, "results") == ["emma"]


def test_document_lists_name_what_they_ignore(library):
    path = DOCUMENTS + "/list"
    assert "warnings" not in library.ok("POST", path, {"include_total": True,
                                                       "return_vectors": False})
    warned = library.ok("POST", path, {"return_url": True, "expand": ["author"]})
    assert [next(word for word in ("return_url", "expand") if word in warning)
            for warning in warned["warnings"]] == ["return_url", "expand"]
    grouped = library.ok("POST", path, {"group_by": {"field": "author"}})
    assert {group["group_key"] for group in grouped["groups"]} == {"Melville", "Austen",
                                                                  "Stoker"}
    refused = library.post(path, {"partition": {"index": 0, "count": 2}})
    assert refused.status == 403
    assert refused.json["error"]["type"] == "NotEnabledError"


def test_documents_are_counted(library):
    assert library.ok("GET", DOCUMENTS + "/count")["count"] == 5
    values = library.ok("POST", DOCUMENTS + "/distinct", {"field": "tags"})
    assert [(row["value"], row["count"]) for row in values["values"]] == [
        ("sea", 3), ("love", 2), ("island", 1), ("whale", 1)]
    assert values["total_distinct"] == 4
    cut = library.ok("POST", DOCUMENTS + "/distinct",
                     {"field": "tags", "limit": 1, "filters": {"author": "Austen"}})
    assert cut["values"] == [{"value": "love", "count": 2}]
    assert (cut["total_distinct"], cut["query_info"]) == (1, {"distinct_count": 2})
    assert library.ok("POST", DOCUMENTS + "/distinct", {"field": "no.where"})["values"] == []
    assert located(library.post(DOCUMENTS + "/distinct", {})) == "field"
    assert located(library.post(DOCUMENTS + "/distinct", {"field": "a", "limit": 0})) == "limit"
    assert library.get("/v1/collections/nowhere/documents/count").status == 404


def test_documents_by_their_ids(server):
    server.make_collection("one", [{"document_id": "a"}, {"document_id": "b"}])
    server.make_collection("two", [{"document_id": "c"}])
    server.ok("POST", "/v1/namespaces", {"namespace_name": "elsewhere"})
    server.make_collection("three", [{"document_id": "d"}],
                           headers={"X-Namespace": "elsewhere"})
    path = "/v1/documents/batch-get"
    found = server.ok("POST", path, {"document_ids": ["c", "d", "a", "c"]})
    assert ids(found) == ["c", "a", "c"] and found["not_found"] == ["d"]
    assert located(server.post(path, {"document_ids": []})) == "document_ids"
    assert located(server.post(path, {"document_ids": ["x"] * 1001})) == "document_ids"


def test_a_filter_without_a_condition_changes_nothing(server):
    server.make_collection("books", [{"document_id": "a"}, {"document_id": "b"}])
    batch = DOCUMENTS + "/batch"
    for filters in ({}, {"case_sensitive": False}, {"AND": []}, {"NOT": []}):
        assert located(server.request("DELETE", batch, {"filters": filters})) == "filters"
        assert located(server.post(batch, {"filters": filters, "update_data": {"x": 1}})) == (
            "filters")
        if filters:
            refused = server.request("PATCH", DOCUMENTS + "/bulk",
                                     {"filters": filters, "update_data": {"x": 1}})
            assert located(refused) == "filters"
    for body in ({}, {"filters": {}}, {"filters": None}):
        done = server.ok("PATCH", DOCUMENTS + "/bulk", {**body, "update_data": {"x": 1}})
        assert done["updated_count"] == 2


# --- namespaces and collections ------------------------------------------------------------


def test_names_that_clients_can_read(server):
    """The newest client cannot parse a list with a longer name in it."""
    path = "/v1/namespaces"
    server.ok("POST", path, {"namespace_name": "n" * 64})
    assert located(server.post(path, {"namespace_name": "n" * 65})) == "namespace_name"
    made = server.ok("POST", path, {"namespace_name": "same", "namespace_id": "same"})
    assert made["namespace_ready"] is True and made["object"] == "namespace"
    refused = server.post(path, {"namespace_name": "one", "namespace_id": "other"})
    assert refused.json["error"]["type"] == "NotEnabledError"


@pytest.mark.parametrize("field, value", [("ttl_seconds", 60),
                                          ("trusted_issuers", [{"issuer": "x"}])])
def test_a_namespace_does_not_take_what_it_cannot_keep(server, field, value):
    for reply in (server.post("/v1/namespaces", {"namespace_name": "new", field: value}),
                  server.request("PATCH", "/v1/namespaces/default", {field: value})):
        assert reply.status == 403, reply
        assert reply.json["error"]["type"] == "NotEnabledError"
        assert reply.json["error"]["details"]["location"] == field
    assert server.get("/v1/namespaces/new").status == 404
    assert server.request("PATCH", "/v1/namespaces/default",
                          {"mode": "managed", "vector_configs": []}).status == 200


def test_counts_of_a_namespace(server):
    server.make_collection("books", [{"document_id": "a"}])
    stats = server.ok("GET", "/v1/namespaces/default/stats")
    assert stats["document_count"] == 1 and stats["collection_count"] == 1
    assert stats["document_count_complete"] is True


def test_sources_that_only_newer_clients_know(server):
    for kind in ("direct_upsert", "signals", "none"):
        made = server.ok("POST", "/v1/collections",
                         {"collection_name": kind, "source": {"type": kind}})
        assert made["source"] == {"type": "bucket", "bucket_ids": ["bkt_manual"]}


def test_features_by_their_uris(server):
    path = "/v1/collections"
    made = server.ok("POST", path, {"collection_name": "keyed", "features": ["a://b@v1/c"]})
    assert [row["feature_uri"] for row in made["features"]] == ["a://b@v1/c"]
    refused = server.post(path, {"collection_name": "faces", "features": ["faces"]})
    assert refused.status == 403 and refused.json["error"]["details"] == {
        "location": "features[0]"}
    assert located(server.post(path, {"collection_name": "seven", "features": [7]})) == (
        "features[0]")


# --- what is not offered -------------------------------------------------------------------


NOT_OFFERED = [
    ("POST", "/v1/retrievers"), ("GET", "/v1/retrievers"), ("POST", "/v1/retrievers/list"),
    ("GET", "/v1/retrievers/ret_1"), ("DELETE", "/v1/retrievers/ret_1"),
    ("POST", "/v1/retrievers/ret_1/execute"),
    ("POST", "/v1/retrievers/ret_1/execute/explain"),
    ("GET", "/v1/retrievers/ret_1/executions/exec_1"), ("POST", "/v1/buckets/list"),
    ("GET", "/v1/buckets/b/batches/c/failed-documents"), ("POST", "/v1/taxonomies"),
    ("POST", "/v1/clusters/c/execute"), ("POST", "/v1/alerts/list"), ("GET", "/v1/tasks/t"),
    ("POST", "/v1/documents/search"), ("POST", "/v1/documents/list"),
    ("POST", "/v1/documents/list/batch"), ("POST", DOCUMENTS + "/aggregate"),
    ("POST", "/v1/collections/books/clone"),
    ("POST", "/v1/namespaces/default/clone"), ("POST", "/v1/namespaces/default/promote"),
    ("GET", "/v1/analytics/retrievers/adhoc/signals"),
    ("POST", "/v1/organizations/users/me/api-keys/k/rotate"),
]


@pytest.mark.parametrize("method, path", NOT_OFFERED)
def test_what_is_not_offered_says_what_to_do(library, method, path):
    reply = library.request(method, path, {} if method == "POST" else None)
    assert reply.status == 403, reply
    assert reply.json["error"]["type"] == "NotEnabledError"
    assert "this server does not offer" in reply.json["error"]["message"]
    assert library.request(method, path, key=None).status == 401


def test_what_is_served_is_not_hidden(library):
    """A thing may be called as a part of the API is."""
    for name in ("aggregate", "search"):
        library.ok("POST", DOCUMENTS, {"document_id": name})
        library.ok("GET", f"{DOCUMENTS}/{name}")
        library.ok("GET", f"/v1/documents/{name}")
        library.ok("DELETE", f"{DOCUMENTS}/{name}")
    assert library.get("/v1/retrievers/executions/list").status == 405
    assert library.post("/v1/retrievers/stages").status == 405
    assert library.get("/v1/nowhere").status == 404


def test_health_with_its_parts(server):
    deep = server.ok("GET", "/v1/health/deep?deep=true&metrics=true", key=None)
    assert deep["status"] == "OK" and deep["data"]["metadata"] is True


def test_slow_queries_say_how_many_they_are(library):
    reply = library.ok("GET", "/v1/analytics/namespaces/queries/slow?limit=1")
    assert reply["returned_count"] == len(reply["slow_queries"])
    assert reply["total_is_exact"] is True
