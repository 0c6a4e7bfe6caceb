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
