"""Why a document is, or is not, in the results of an execution."""

import os
import subprocess

import pytest
from conftest import BINARY, KEY, search, stage


def why(server, execution_id, document_id, **body):
    return server.ok("POST", f"/v1/retrievers/executions/{execution_id}/why",
                     {"document_id": document_id, **body})


@pytest.fixture(name="ran")
def fixture_ran(server):
    server.make_collection("books", [
        {"document_id": f"d{n}", "year": 1840 + n,
         "text": "whale" if n % 2 == 0 else "whale ship ship"} for n in range(20)],
        features=[{"feature_uri": "trawl://bm25@v1/text", "type": "bm25", "fields": ["text"]}])
    stages = [search("{{INPUT.query}}", name="find", final_top_k=8),
              stage("attribute_filter", "old", field="year", operator="gte",
                    value="{{INPUT.year}}"),
              stage("limit", "few", limit=3)]
    stages[0]["config"]["parameters"]["searches"][0]["top_k"] = 8
    reply = server.execute(["books"], stages, {"query": "ship", "year": 1846})
    return reply.json["execution_id"]


def test_each_stage_answers_for_itself(server, ran):
    there = why(server, ran, "d7")
    assert there["outcome"] == "in_results" and there["rank"] == 1
    assert there["answered_by"] == "record" and there["lost_at"] is None

    filtered = why(server, ran, "d1")
    assert filtered["outcome"] == "lost" and filtered["answered_by"] == "run"
    assert filtered["lost_at"]["stage_name"] == "old"
    assert filtered["lost_at"]["reason"] == "filtered"
    assert filtered["lost_at"]["evidence"]["found"] == 1841
    assert filtered["nearest_change"]["reaches_results"] is True
    # What is proposed is what a replay does.
    replay = server.ok("POST", f"/v1/retrievers/executions/{ran}/replay",
                       {"set": filtered["nearest_change"]["set"], "record": False})
    assert "d1" in [each["document_id"] for each in replay["execution"]["results"]]

    beyond = why(server, ran, "d13")
    assert beyond["lost_at"]["reason"] == "beyond_limit"
    assert beyond["boundaries"][1]["rank"] == 4 and beyond["boundaries"][2]["rank"] is None
    assert beyond["nearest_change"]["text"] == "limit: 4"

    unreached = why(server, ran, "d19")
    assert unreached["lost_at"]["reason"] == "below_top_k"
    assert unreached["lost_at"]["evidence"]["rank"] == 10
    assert unreached["nearest_change"]["reaches_results"] is False
    assert unreached["nearest_change"]["next"]["stage_name"] == "few"

    wordless = why(server, ran, "d2")
    assert wordless["lost_at"]["reason"] == "no_match"
    assert wordless["lost_at"]["evidence"]["lacking_words"] == ["ship"]
    # Nothing of this is in the history.
    assert server.list({}).json["total"] == 1


def test_the_documents_of_then_count(server, ran):
    server.ok("DELETE", "/v1/collections/books/documents/d1")
    server.ok("POST", "/v1/collections/books/documents", {"document_id": "new", "year": 1900})
    assert why(server, ran, "d1")["lost_at"]["reason"] == "filtered"
    new = why(server, ran, "new")
    assert new["outcome"] == "not_in_collection"
    assert new["lost_at"]["reason"] == "not_yet" and "since version" in new["sentence"]
    later = server.execute(["books"], [search(name="find")], {"query": "ship"}).json
    gone = why(server, later["execution_id"], "d1")
    assert gone["lost_at"]["reason"] == "deleted"
    assert gone["lost_at"]["evidence"]["deleted_at"].startswith("20")
    assert why(server, ran, "nowhere")["lost_at"]["reason"] == "never"


def test_many_at_once(server, ran):
    reply = server.ok("POST", f"/v1/retrievers/executions/{ran}/why", {
        "documents": [{"document_id": f"d{n}"} for n in range(20)]})
    outcomes = [answer["outcome"] for answer in reply["answers"]]
    assert outcomes.count("in_results") == 3 and outcomes.count("lost") == 17


@pytest.mark.parametrize("body,location", [
    ({}, "document_id"),
    ({"document_id": 7}, "document_id"),
    ({"documents": []}, "documents"),
    ({"documents": ["d1"]}, "documents[0]"),
    ({"documents": [{"document": "d1"}]}, "documents[0].document"),
    ({"documents": [{"document_id": "a"}] * 101}, "documents"),
    ({"document_id": "a", "documents": [{"document_id": "a"}]}, "documents"),
])
def test_bad_questions_are_refused_with_their_place(server, ran, body, location):
    reply = server.post(f"/v1/retrievers/executions/{ran}/why", body)
    assert reply.status == 422, reply
    [error] = reply.json["error"]["details"]["validation_errors"]
    assert error["location"] == location


def test_other_namespaces_see_nothing(server, ran):
    server.ok("POST", "/v1/namespaces", {"namespace_name": "other"})
    reply = server.post(f"/v1/retrievers/executions/{ran}/why", {"document_id": "d1"},
                        headers={"X-Namespace": "other"})
    assert reply.status == 404, reply


def test_the_command_says_it_in_a_sentence(server, ran):
    done = subprocess.run(
        [BINARY, "why", ran, "d13", "--url", f"http://127.0.0.1:{server.port}", "-o", "table"],
        capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "TRAWL_API_KEY": KEY})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "'d13' was lost at the stage 'few' (limit): it is at rank 4, and only those up to 3 "
        "are kept. With limit: 4 it reaches the results.\n")
    assert "Try it: trawl replay" in done.stdout
