"""Which values are the same, in filters, groups, facets, lists and figures."""

import json

import pytest

from conftest import stage

DOCUMENTS = [
    {"document_id": "text", "v": "1", "n": 5.0, "at": "2026-01-31T01:00:00+01:00", "list": []},
    {"document_id": "int", "v": 1, "n": 5, "at": "2026-01-31T00:00:00Z", "list": [1, 9]},
    {"document_id": "float", "v": 1.0, "n": "5", "at": "2026-01-31", "list": ["2026-03-01"]},
    {"document_id": "quoted", "v": "\"1\"", "n": "05", "at": "2026-02-01", "list": ["x", 3]},
    {"document_id": "null", "v": "null"},
    {"document_id": "none", "n": "five"},
]


@pytest.fixture(scope="module")
def values(library):
    library.make_collection("values", DOCUMENTS)
    return library


def listed(server, filters):
    reply = server.ok("POST", "/v1/collections/values/documents/list", {"filters": filters})
    return sorted(row["document_id"] for row in reply["results"])


def run(server, *stages):
    reply = server.execute(["values"], [stage("attribute_filter", "all", field="n",
                                              operator="ne", value=0), *stages])
    assert reply.status == 200 and reply.json["status"] == "completed", reply
    return reply.json


def test_distinct_counts_a_number_once(values):
    reply = values.ok("POST", "/v1/collections/values/documents/distinct", {"field": "v"})
    assert [(one["value"], one["count"]) for one in reply["values"]] == [
        (1, 2), ("\"1\"", 1), ("1", 1), ("null", 1)]
    assert reply["query_info"]["distinct_count"] == 4


def test_the_list_groups_a_number_once(values):
    reply = values.ok("POST", "/v1/collections/values/documents/list", {"group_by": "v"})
    assert [(group["group_key"], group["count"]) for group in reply["groups"]] == [
        ("1", 1), (1, 2), ("\"1\"", 1), ("null", 1), (None, 1)]


def test_no_group_of_an_aggregation_is_lost(values):
    reply = run(values, stage("aggregate", group_by="v",
                              aggregations=[{"function": "count", "alias": "n"}]))
    metadata = reply["stage_statistics"]["stages"]["aggregate"]["metadata"]
    assert metadata["aggregations"] == {
        "1": {"n": 2}, "\"1\"": {"n": 1}, "\"\\\"1\\\"\"": {"n": 1}, "null": {"n": 1},
        "\"null\"": {"n": 1}}


@pytest.mark.parametrize("filters, wanted", [
    ({"n": 5}, ["float", "int", "quoted", "text"]),
    ({"n": "5"}, ["float", "int", "text"]),
    ({"field": "n", "operator": "in", "value": [5]}, ["float", "int", "quoted", "text"]),
    ({"field": "n", "operator": "ne", "value": 5}, ["none", "null"]),
    ({"field": "n", "operator": "nin", "value": ["5"]}, ["none", "null", "quoted"]),
    ({"field": "n", "operator": "gte", "value": 5}, ["float", "int", "quoted", "text"]),
    ({"at": "2026-01-31"}, ["float", "int", "text"]),
    ({"field": "at", "operator": "in", "value": ["2026-01-30T23:00:00-01:00"]},
     ["float", "int", "text"]),
    ({"field": "list", "operator": "gte", "value": 3}, ["int", "quoted"]),
    ({"field": "list", "operator": "lt", "value": 3}, ["int"]),
    ({"field": "list", "operator": "gt", "value": "2026-02-01"}, ["float"]),
    ({"list": "3"}, ["quoted"]),
])
def test_filters_agree_on_what_is_equal(values, filters, wanted):
    assert listed(values, filters) == wanted


def test_operators_as_keys_are_refused_with_the_right_form(values):
    reply = values.post("/v1/collections/values/documents/list", {"filters": {"n": {"gte": 5}}})
    assert reply.status == 422
    assert '{"field":"n","operator":"gte","value":5}' in reply.json["error"]["message"]


def test_an_empty_label_is_not_a_missing_one(server):
    rows = []
    for i, labels in enumerate([{"team": ""}, {}, {"team": ""}, {"team": "a"}]):
        rows.append(json.dumps({
            "execution_id": f"exec_{i}", "status": "completed", "labels": labels,
            "timestamp": f"2026-01-0{i + 1}T00:00:00Z", "credits_used": 0.1,
            "stages": [], "inputs": "{}"}))
    server.ok("POST", "/v1/retrievers/executions/import", "\n".join(rows))
    reply = server.ok("POST", "/v1/retrievers/executions/aggregate", {"group_by": "label:team"})
    assert {row["label"]: row["count"] for row in reply["results"]} == {None: 1, "": 2, "a": 1}
    assert len(reply["results"]) == 3
