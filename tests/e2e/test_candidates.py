"""Parts of a record: the candidates of its stages, a range of places at a time."""

import json

import pytest

from conftest import Server, stage

EXECUTIONS = "/v1/retrievers/executions"
DOCUMENTS = 30
KEPT = 20


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server that keeps 20 candidates of each stage."""
    environment = {"TRAWL_LEDGER_BOUNDARY_CANDIDATES_MAX": str(KEPT)}
    server = Server(tmp_path_factory.mktemp("candidates") / "data",
                    environment=environment).start()
    server.make_collection("books", [
        {"document_id": f"d{i:02}", "title": f"whale \"{i}\" ]}}", "year": 1800 + i}
        for i in range(DOCUMENTS)])
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def execution(served):
    reply = served.execute(["books"], [
        stage("attribute_filter", "some of/them", field="year", operator="gte", value=1805),
        stage("sort_attribute", "order", sort_field="year", order="desc")])
    assert reply.status == 200, reply
    return reply.json["execution_id"]


def detail(server, execution, query=""):
    return server.ok("GET", f"{EXECUTIONS}/{execution}{query}")


def test_a_record_is_shown_with_as_many_candidates_as_are_wanted(served, execution):
    whole = detail(served, execution)
    assert [len(one["candidates"]) for one in whole["stages"]] == [KEPT, KEPT]
    assert "candidates_total" not in whole["stages"][0] and "results_total" not in whole
    for begin, end in ((0, 0), (0, 1), (5, 9), (0, KEPT), (18, 100), (100, 200), (7, 7)):
        part = detail(served, execution, f"?candidates={begin}..{end}")
        assert part.pop("results_total") == len(whole["results"])
        assert part["results"] == whole["results"][begin:end]
        for one, full in zip(part["stages"], whole["stages"], strict=True):
            assert one.pop("candidates_total") == KEPT
            assert one["candidates"] == full["candidates"][begin:end]
            assert one["candidates_truncated"] is True
            assert {**one, "candidates": None} == {**full, "candidates": None}
        # All else is there, replayable too.
        assert {**part, "stages": None, "results": None} == \
            {**whole, "stages": None, "results": None}
    both = detail(served, execution, "?candidates=0..0&autopsy=true")
    assert "autopsy" in both and both["stages"][0]["candidates"] == []


@pytest.mark.parametrize("bad", ["1", "1..", "..5", "5..1", "-1..5", "0..-0", "a..b", "0..1..2",
                                 "0...5", "+0..5", " 0..5", "0..1e3", "0..99999999999",
                                 "0.0..5"])
def test_a_bad_range_is_refused(served, execution, bad):
    reply = served.get(f"{EXECUTIONS}/{execution}?candidates=" +
                       bad.replace("+", "%2B").replace(" ", "%20"))
    assert reply.status == 422, reply
    error = reply.json["error"]
    assert error["details"]["validation_errors"][0]["location"] == "query.candidates"
    assert bad in error["message"] and "0..100" in error["message"]


def test_the_candidates_of_a_stage_are_listed_in_parts(served, execution):
    whole = detail(served, execution)["stages"]
    for index, name in enumerate(("some%20of%2Fthem", "order")):
        for key in (name, str(index)):
            path = f"{EXECUTIONS}/{execution}/stages/{key}/candidates"
            found = []
            for offset in range(0, KEPT + 7, 7):
                page = served.ok("GET", f"{path}?offset={offset}&limit=7")
                found += page.pop("candidates")
                assert page == {"execution_id": execution, "stage_index": index,
                                "stage_name": whole[index]["stage_name"], "offset": offset,
                                "limit": 7, "candidates_total": KEPT,
                                "candidates_truncated": True}
            assert found == whole[index]["candidates"]
    path = f"{EXECUTIONS}/{execution}/stages/order/candidates"
    assert served.ok("GET", path)["limit"] == 100
    assert served.ok("GET", path + "?offset=1000")["candidates"] == []
    for query, place in (("limit=0", "limit"), ("limit=10001", "limit"), ("offset=-1", "offset"),
                         ("offset=x", "offset"), ("page=2", "page")):
        reply = served.get(f"{path}?{query}")
        assert reply.status == 422, reply
        assert f"query.{place}" in reply.text
    # As every record, it is read again only where it changed.
    tag = served.get(path).headers["etag"]
    assert served.get(path, headers={"If-None-Match": tag}).status == 304


def test_what_is_not_there_is_said(served, execution):
    reply = served.get(f"{EXECUTIONS}/{execution}/stages/ordre/candidates")
    assert reply.status == 404 and '"some of/them","order"' in reply.json["error"]["message"]
    assert served.get(f"{EXECUTIONS}/{execution}/stages/2/candidates").status == 404
    assert served.get(f"{EXECUTIONS}/exec_none/stages/0/candidates").status == 404
    assert served.get(f"{EXECUTIONS}/exec_none?candidates=0..1").status == 404
    row = {"execution_id": "bare", "status": "completed", "timestamp": "2026-01-31T10:00:00Z"}
    served.ok("POST", f"{EXECUTIONS}/import", json.dumps(row) + "\n")
    reply = served.get(f"{EXECUTIONS}/bare/stages/0/candidates")
    assert reply.status == 404 and "has no stages" in reply.json["error"]["message"]
    assert detail(served, "bare", "?candidates=0..5")["results_total"] == 0


def test_another_namespace_has_none_of_it(served, execution):
    served.ok("POST", "/v1/namespaces", {"namespace_name": "other"})
    for path in (f"{EXECUTIONS}/{execution}?candidates=0..1",
                 f"{EXECUTIONS}/{execution}/stages/0/candidates"):
        assert served.get(path, headers={"X-Namespace": "other"}).status == 404


def test_a_large_record_in_parts(served):
    """What a page sees first of 20 stages of 2,000 candidates is a small part of them."""
    stages = [{"stage_name": f"s{i}", "stage_id": "limit", "output_count": 3000,
               "candidates_truncated": True,
               "candidates": [{"document_id": f"doc {i} {place}", "collection_id": "c",
                               "score": 1 / (place + 1)} for place in range(2000)]}
              for i in range(20)]
    row = {"execution_id": "large", "status": "completed",
           "timestamp": "2026-01-31T11:00:00Z", "stages": stages}
    imported = served.ok("POST", f"{EXECUTIONS}/import", json.dumps(row) + "\n")
    assert imported["imported_count"] == 1, imported
    whole = served.get(f"{EXECUTIONS}/large")
    part = served.get(f"{EXECUTIONS}/large?candidates=0..10")
    assert len(part.text) * 100 < len(whole.text)
    assert [one["candidates_total"] for one in part.json["stages"]] == [2000] * 20
    page = served.ok("GET", f"{EXECUTIONS}/large/stages/s19/candidates?offset=1990&limit=100")
    assert [one["document_id"] for one in page["candidates"]] == \
        [f"doc 19 {place}" for place in range(1990, 2000)]
