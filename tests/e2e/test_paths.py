"""Paths of fields: what a filter reads, an update writes to the same place, or refuses."""

import pytest

from conftest import Server

COLLECTION = "/v1/collections/shapes"
DOCUMENTS = COLLECTION + "/documents"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("shapes") / "data").start()
    server.make_collection("shapes")
    yield server
    assert server.stop() == 0, "".join(server.log)


def made(server, name, fields):
    server.ok("POST", DOCUMENTS, {"document_id": name, **fields})
    return f"{DOCUMENTS}/{name}"


def fields(server, path):
    kept = server.ok("GET", path)
    return {key: value for key, value in kept.items()
            if key not in ("document_id", "collection_id", "_internal")}


def found(server, name, path, value):
    """Whether a filter of the list finds the document, and one of a pipeline likewise."""
    condition = {"field": path, "operator": "eq", "value": value}
    own = {"field": "document_id", "operator": "eq", "value": name}
    both = {"AND": [own, condition]}
    listed = server.ok("POST", DOCUMENTS + "/list", {"filters": both})
    read = {"stage_name": "read", "config": {
        "stage_id": "attribute_filter", "parameters": {"conditions": own}}}
    narrow = {"stage_name": "narrow", "config": {
        "stage_id": "attribute_filter", "parameters": {"conditions": condition}}}
    ran = server.execute(["shapes"], [read, narrow]).json
    counts = {listed["pagination"]["total"], len(ran["documents"])}
    assert len(counts) == 1, (listed, ran)
    return counts == {1}


WRITES = {
    "an item of a list": ({"tags": ["a", "b"]}, "tags.1", {"tags": ["a", "Z"]}),
    "inside an item": ({"l": [{"n": 1}, {"n": 2}]}, "l.1.n", {"l": [{"n": 1}, {"n": "Z"}]}),
    "a key with dots inside": ({"a": {"b.c": 1}}, "a.b.c", {"a": {"b.c": "Z"}}),
    "a key with dots outside": ({"a.b": {"c": 1}}, "a.b.c", {"a.b": {"c": "Z"}}),
    "beside it": ({"a.b": {"c": 1}}, "a.b.d", {"a.b": {"c": 1, "d": "Z"}}),
    "the one that is read of two": ({"a": {"b": {"c": 1}, "b.c": 2}}, "a.b.c",
                                    {"a": {"b": {"c": 1}, "b.c": "Z"}}),
    "new objects": ({"x": 1}, "a.b.c", {"x": 1, "a": {"b": {"c": "Z"}}}),
}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("case", WRITES)
def test_what_is_written_is_read(shapes, case, method):
    before, path, after = WRITES[case]
    name = f"{method}-{case}".replace(" ", "-")
    document = made(shapes, name, before)
    shapes.ok(method, document, {path: "Z"})
    assert fields(shapes, document) == after
    assert found(shapes, name, path, "Z")


IN_THE_WAY = {
    "number": ({"a": 5}, "a.b", "'a' is an integer"),
    "text": ({"a": {"b": "x"}}, "a.b.c", "'a.b' is a string"),
    "null": ({"a": None}, "a.b", "'a' is null"),
    "end-of-a-list": ({"a": [1, 2]}, "a.2", "'a' is a list of 2"),
    "before-a-list": ({"a": [1, 2]}, "a.-1", "'a' is a list of 2"),
    "huge": ({"a": [1, 2]}, "a.99999999999999999999", "'a' is a list of 2"),
    "zeros": ({"a": [1, 2]}, "a.01", "'a' is a list of 2"),
    "name-in-a-list": ({"a": [{"b": 1}]}, "a.b", "'a' is a list of 1"),
    "empty": ({"a": {}}, "a..b", "has an empty name"),
    "server": ({"a": 1}, "_internal.created_at", "is set by the server"),
    "twice": ({"c": 1}, "x", "write to the same place"),
}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("case", IN_THE_WAY)
def test_what_is_in_the_way_is_kept(shapes, case, method):
    before, path, message = IN_THE_WAY[case]
    document = made(shapes, f"kept-{method}-{case}", before)
    update = {"x": {"y": 1}, "x.y": 2} if case == "twice" else {"new": 1, path: "Z"}
    refused = shapes.request(method, document, update)
    assert refused.status == 422, refused
    assert message in refused.json["error"]["message"]
    place = refused.json["error"]["details"]["validation_errors"][0]["location"]
    assert place == ("x.y" if case == "twice" else path)
    assert fields(shapes, document) == before


def test_each_document_of_a_batch_has_its_outcome(shapes):
    made(shapes, "one", {"batch": 1, "a": {}})
    made(shapes, "two", {"batch": 1, "a": 5})
    made(shapes, "three", {"batch": 1})
    filters = {"batch": 1}
    reply = shapes.ok("POST", DOCUMENTS + "/batch", {"updates": [
        {"document_id": name, "update_data": {"a.b": 7, "seen": 1}}
        for name in ("one", "two", "none", "three")]})
    assert (reply["updated_count"], reply["failed_count"]) == (2, 2)
    assert [row["success"] for row in reply["results"]] == [True, False, False, True]
    assert "'a' is an integer" in reply["results"][1]["error"]
    for method, place in (("POST", "batch"), ("PATCH", "bulk")):
        reply = shapes.ok(method, f"{DOCUMENTS}/{place}",
                          {"filters": filters, "update_data": {"a.c": place, "b": place}})
        assert (reply["updated_count"], reply["failed_count"]) == (2, 1)
        assert [row["document_id"] for row in reply["results"]] == ["two"]
        assert fields(shapes, f"{DOCUMENTS}/two") == {"batch": 1, "a": 5}
        assert fields(shapes, f"{DOCUMENTS}/three") == {
            "batch": 1, "a": {"b": 7, "c": place}, "b": place, "seen": 1}
        # What no document could take refuses the request.
        refused = shapes.request(method, f"{DOCUMENTS}/{place}", {
            "filters": filters, "update_data": {"document_id.x": 1}})
        assert refused.status == 422


def test_select_keeps_what_it_names(shapes):
    made(shapes, "chosen", {"tags": ["a", "b"], "d.e": {"f": 1, "g": 2}, "n": {"m": 3}})

    def select(*paths):
        body = {"filters": {"document_id": "chosen"}, "select": list(paths)}
        row = shapes.ok("POST", DOCUMENTS + "/list", body)["results"][0]
        return {key: row[key] for key in row if key not in ("document_id", "collection_id")}

    assert select("tags", "tags.0") == {"tags": ["a", "b"]}
    assert select("tags.0", "tags") == {"tags": ["a", "b"]}
    assert select("tags.1") == {"tags": [None, "b"]}
    assert select("d.e.f", "n") == {"d.e": {"f": 1}, "n": {"m": 3}}


def test_paths_mean_the_same_to_sorts_groups_facets_and_values(shapes):
    server = shapes
    server.make_collection("mixed", [
        {"document_id": "1", "k.l": {"m": 2}, "t": ["y"]},
        {"document_id": "2", "k": {"l.m": 1}, "t": ["x"]},
        {"document_id": "3", "k": {"l": {"m": 3}}, "t": ["x"]}],
        features=[{"feature_uri": "trawl://bm25@v1/text", "fields": ["k.l.m"]}])
    path = "/v1/collections/mixed/documents"
    rows = server.ok("POST", path + "/list", {"sort": {"field": "k.l.m"}})["results"]
    assert [row["document_id"] for row in rows] == ["2", "1", "3"]
    groups = server.ok("POST", path + "/list", {"group_by": "t.0"})["groups"]
    assert {group["group_key"]: group["count"] for group in groups} == {"y": 1, "x": 2}
    values = server.ok("POST", path + "/distinct", {"field": "k.l.m"})["values"]
    assert sorted(row["value"] for row in values) == [1, 2, 3]
    assert server.ok("POST", path + "/distinct", {"field": "document_id"})["query_info"] == {
        "distinct_count": 3}
    for query in "123":
        ran = server.execute(["mixed"], [{"stage_name": "s", "config": {
            "stage_id": "feature_search", "parameters": {
                "query": query, "facets": ["k.l.m"]}}}]).json
        assert len(ran["documents"]) == 1, ran
        assert sorted(row["value"] for row in ran["facets"]["k.l.m"]) == [1, 2, 3]
    ran = server.execute(["mixed"], [
        {"type": "attribute_filter", "field": "k.l.m", "operator": "gte", "value": 2},
        {"type": "sort_attribute", "field": "k.l.m", "direction": "desc"}]).json
    assert [row["document_id"] for row in ran["documents"]] == ["3", "1"]


ORDERS = [
    {"document_id": "1", "score": 40, "items": [{"n": "ant", "p": 5}, {"n": "bee", "p": 1}],
     "tags": ["x", "y"], "text": "one"},
    {"document_id": "2", "score": 70, "items": [{"n": "bee", "p": 3}], "tags": ["y"],
     "text": "two two"},
    {"document_id": "3", "score": 10, "items": [], "tags": [], "text": "two"},
    {"document_id": "4", "items": {"n": "cow", "p": 9}, "text": "two"},
]


@pytest.fixture(scope="module")
def orders(shapes):
    shapes.make_collection("orders", ORDERS, features=[
        {"feature_uri": "trawl://bm25@v1/names", "fields": ["items.n"]},
        {"feature_uri": "trawl://bm25@v1/text", "fields": ["text"]}])
    return shapes


def stage(stage_id, **parameters):
    return {"stage_name": stage_id, "config": {"stage_id": stage_id, "parameters": parameters}}


READ = stage("attribute_filter", conditions={})


def ids(rows):
    return " ".join(row["document_id"] for row in rows)


THROUGH_LISTS = {
    "eq": ({"items.n": "bee"}, "1 2"),
    "ne": ({"field": "items.n", "operator": "ne", "value": "bee"}, "3 4"),
    "in": ({"field": "items.n", "operator": "in", "value": ["ant", "cow"]}, "1 4"),
    "nin": ({"field": "items.n", "operator": "nin", "value": ["ant", "cow"]}, "2 3"),
    "gt": ({"field": "items.p", "operator": "gt", "value": 2}, "1 2 4"),
    "lt": ({"field": "items.p", "operator": "lt", "value": 2}, "1"),
    "contains": ({"field": "items.n", "operator": "contains", "value": "e"}, "1 2"),
    "starts_with": ({"field": "items.n", "operator": "starts_with", "value": "be"}, "1 2"),
    "regex": ({"field": "items.n", "operator": "regex", "value": "^a"}, "1"),
    "text": ({"field": "items.n", "operator": "text", "value": "ant"}, "1"),
    "exists": ({"field": "items.n", "operator": "exists", "value": True}, "1 2 4"),
    "is_null": ({"field": "items.n", "operator": "is_null", "value": True}, "3"),
    "not": ({"NOT": [{"items.n": "bee"}]}, "3 4"),
    "an index": ({"items.0.n": "bee"}, "2"),
}


@pytest.mark.parametrize("case", THROUGH_LISTS)
def test_filters_look_into_lists_of_objects(orders, case):
    filters, expected = THROUGH_LISTS[case]
    path = "/v1/collections/orders/documents/list"
    assert ids(orders.ok("POST", path, {"filters": filters})["results"]) == expected
    for stages in ([stage("attribute_filter", conditions=filters)],
                   [READ, stage("attribute_filter", conditions=filters)],
                   [stage("feature_search", filters=filters)]):
        assert ids(orders.execute(["orders"], stages).json["documents"]) == expected


def test_paths_pass_through_lists_wherever_a_field_is_named(orders):
    path = "/v1/collections/orders/documents"

    def listed(**body):
        return orders.ok("POST", path + "/list", body)

    def ran(*stages):
        return orders.execute(["orders"], list(stages)).json

    found = ran(stage("feature_search", query="bee", feature_uri="trawl://bm25@v1/names"))
    assert sorted(ids(found["documents"]).split()) == ["1", "2"]
    for direction, order in (("asc", "1 2 4 3"), ("desc", "4 1 2 3")):
        sort = {"field": "items.p", "direction": direction}
        assert ids(listed(sort=sort)["results"]) == order
        assert ids(ran(READ, stage("sort_attribute", **sort))["documents"]) == order
    expected = {"ant": 1, "bee": 2, "cow": 1}
    facets = ran(stage("feature_search", facets=["items.n"]))["facets"]["items.n"]
    assert {row["value"]: row["count"] for row in facets} == expected
    values = orders.ok("POST", path + "/distinct", {"field": "items.n"})["values"]
    assert {row["value"]: row["count"] for row in values} == expected
    for field, expected in (("items.n", {"ant": 1, "bee": 2, "cow": 1, None: 1}),
                            ("tags", {"x": 1, "y": 2, None: 2})):
        groups = listed(group_by=field)["groups"]
        assert {row["group_key"]: row["count"] for row in groups} == expected
        rows = ran(READ, stage("group_by", field=field))["documents"]
        assert {row["group_key"]: row["count"] for row in rows} == expected
        rows = ran(READ, stage("aggregate", group_by=[{"field": field, "alias": "k"}],
                               aggregations=[{"function": "count", "alias": "n"}]))
        assert {row["k"]: row["n"] for row in rows["documents"]} == expected
    rows = ran(READ, stage("aggregate", aggregations=[
        {"function": "sum", "field": "items.p", "alias": "s"}]))["documents"]
    assert rows[0]["s"] == 18
    row = listed(filters={"document_id": "1"}, select=["items.n"])["results"][0]
    assert row["items"] == [{"n": "ant"}, {"n": "bee"}]


def test_executions_are_found_by_inputs_inside_lists(orders):
    for name in ("pear", "plum"):
        orders.execute(["orders"], [READ], inputs={
            "basket": {"items": [{"n": "nut"}, {"n": name, "deep": [{"k": name}]}]}})

    def total(filters):
        return orders.ok("POST", "/v1/retrievers/executions/list?include_total=true",
                         {"filters": filters})["total"]

    assert total({"inputs.basket.items.n": "plum"}) == 1
    assert total({"inputs.basket.items.n": "nut"}) == 2
    assert total({"inputs.basket.items.deep.k": "pear"}) == 1
    assert total({"inputs.basket.items.0.n": "plum"}) == 0
    assert total({"field": "inputs.basket.items.n", "operator": "in",
                  "value": ["pear", "plum"]}) == 2
    assert total({"AND": [{"field": "inputs.basket.items.n", "operator": "exists",
                           "value": True},
                          {"field": "inputs.basket.items.n", "operator": "ne",
                           "value": "pear"}]}) == 1


def test_the_documents_own_score_counts_where_no_search_gave_one(orders):
    def ran(*stages):
        return orders.execute(["orders"], list(stages)).json

    for first in (READ, stage("feature_search", filters={})):
        reply = ran(first)
        assert [row["score"] for row in reply["documents"]] == [40, 70, 10, 0.0]
        assert reply["warnings"] == []
        high = {"field": "score", "operator": "gte", "value": 40}
        assert ids(ran(first, stage("attribute_filter", **high))["documents"]) == "1 2"
        sort = stage("sort_attribute", field="score", direction="desc")
        assert ids(ran(first, sort)["documents"]) == "2 1 3 4"
        assert ids(ran(first, stage("sort_relevance"))["documents"]) == "2 1 3 4"
        rows = ran(first, stage("aggregate", aggregations=[
            {"function": "max", "field": "score", "alias": "m"}]))["documents"]
        assert rows[0]["m"] == 70
        groups = ran(first, stage("group_by", field="score"))["documents"]
        assert [row["group_key"] for row in groups] == [40, 70, 10, None]
        kept = ran(first, stage("deduplicate", fields=["score"]))["documents"]
        assert len(kept) == 4
    facets = ran(stage("feature_search", facets=["score"]))["facets"]["score"]
    assert [row["value"] for row in facets] == [10, 40, 70]
    # A search gives its own.
    reply = ran(stage("feature_search", query="two", feature_uri="trawl://bm25@v1/text"))
    assert all(row["score"] < 10 for row in reply["documents"])
    assert [warning for warning in reply["warnings"] if "'score'" in warning]
