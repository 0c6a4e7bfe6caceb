"""Sums, histograms and credits are what one gets by adding on paper."""

import pytest

from conftest import stage

NUMBERS = {
    "tenths": [0.1] * 10,
    "mixed": [0.1, 0.2],
    "far": [1e308, 1e308, -1e308],
    "beyond": [1e308, 1e308],
    "whole": [9007199254740993, 1, 1],
    "unsigned": [9223372036854775807, 1],
}
SUMS = {"tenths": 1.0, "mixed": 0.3, "far": 1e308, "beyond": None, "whole": 9007199254740995,
        "unsigned": 9223372036854775808}


@pytest.fixture(scope="module")
def numbers(library):
    library.make_collection("numbers", [
        {"document_id": f"{kind}{i}", "kind": kind, "n": number}
        for kind, list_ in NUMBERS.items() for i, number in enumerate(list_)])
    return library


def aggregate(server, kind, *operations):
    reply = server.execute(["numbers"], [
        stage("attribute_filter", "of_kind", field="kind", operator="eq", value=kind),
        stage("aggregate", aggregations=list(operations))])
    assert reply.status == 200 and reply.json["status"] == "completed", reply
    return reply.json


@pytest.mark.parametrize("kind", NUMBERS)
def test_sums(numbers, kind):
    reply = aggregate(numbers, kind, {"function": "sum", "field": "n", "alias": "s"})
    assert reply["documents"][0]["s"] == SUMS[kind]
    assert any("too large" in text for text in reply["warnings"]) == (kind == "beyond")


def test_histograms(numbers):
    def buckets(kind, interval):
        reply = aggregate(numbers, kind, {"function": "histogram", "field": "n", "alias": "h",
                                          "interval": interval})
        return [(one["key"], one["count"]) for one in reply["documents"][0]["h"]["buckets"]]

    assert buckets("mixed", 0.1) == [(0.1, 1), (0.2, 1)]
    assert buckets("whole", 1) == [(1, 2), (9007199254740993, 1)]
    reply = numbers.execute(["numbers"], [
        stage("attribute_filter", field="n", operator="exists", value=True),
        stage("aggregate", aggregations=[{"function": "histogram", "field": "n", "alias": "h",
                                          "interval": 1e-300}])])
    assert reply.status == 422 and "1e-300" in reply.json["error"]["message"]


def test_credits_are_whole_millionths(server):
    server.make_collection("few", [{"document_id": f"d{i}", "n": i} for i in range(7)])
    limits = [stage("limit", f"l{i}", limit=7) for i in range(9)]
    stages = [stage("attribute_filter", "all", field="n", operator="gte", value=0), *limits]
    reply = server.execute(["few"], stages, budget_limits={"max_credits": 2},
                           skip_cache=True).json
    assert reply["status"] == "completed", reply
    assert reply["budget"]["credits_used"] == 1.0063
    assert reply["budget"]["credits_remaining"] == 0.9937
    for _ in range(9):
        server.execute(["few"], stages, skip_cache=True)
    figures = server.ok("POST", "/v1/retrievers/executions/aggregate", {})
    assert figures["total"]["credits_used"]["total"] == 10.063
