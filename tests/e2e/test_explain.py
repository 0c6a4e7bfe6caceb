"""Why a document stands where it does: the parts of its score, added up once more here."""

import math
import os
import random
import struct
import subprocess

import pytest
from conftest import BINARY, KEY, search, stage

URI = "trawl://bm25@v1/text"
WORDS = ["whale", "ships", "sea", "captain", "island", "storm", "42"]


def explain(server, execution_id, document_id, **body):
    return server.ok("POST", f"/v1/retrievers/executions/{execution_id}/explain",
                     {"document_id": document_id, **body})


def as_float(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def expect_sums(bm25, score):
    """From the figures alone, in double precision, to the last bit."""
    total = 0.0
    length = bm25["length"]
    assert math.isclose(
        bm25["norm"], bm25["k1"] * (1 - bm25["b"] + bm25["b"] * length / bm25["average_length"]))
    for term in bm25["terms"]:
        assert term["weight"] == term["query_count"] * term["idf"] * (bm25["k1"] + 1)
        assert math.isclose(term["idf"], math.log1p(
            (bm25["documents"] - term["documents"] + 0.5) / (term["documents"] + 0.5)))
        assert term["score"] == term["weight"] * term["tf"] / (term["tf"] + bm25["norm"])
        assert term["tf"] == sum(f["boost"] * f["occurrences"] for f in term["fields"])
        shares = 0.0
        for field in term["fields"]:
            shares += field["score"]
        assert shares == term["score"]
        total += term["score"]
    assert bm25["sum"] == total
    assert as_float(total) == as_float(score) and bm25["score"] == score


@pytest.fixture(name="shelf")
def fixture_shelf(server):
    draw = random.Random(7)
    text = lambda most: " ".join(draw.choice(WORDS) for _ in range(draw.randint(0, most)))
    server.make_collection("shelf", [
        {"document_id": f"d{n}", "title": text(4), "text": text(25), "year": 1840 + n}
        for n in range(60)],
        features=[{"feature_uri": URI, "type": "bm25",
                   "fields": [{"path": "title", "weight": 3}, "text", "year"],
                   "language": "english"}])
    return draw


def test_the_parts_of_every_hit_add_up(server, shelf):
    reply = server.execute(["shelf"], [search("{{INPUT.query}}", name="find", final_top_k=40)],
                           {"query": "whales whales sea storm 42 1850"})
    # The documents of then count.
    for n in range(0, 60, 3):
        server.ok("DELETE", f"/v1/collections/shelf/documents/d{n}")
    hits = reply.json["documents"]
    assert len(hits) == 40
    for rank, hit in enumerate(hits, 1):
        answer = explain(server, reply.json["execution_id"], hit["document_id"])
        assert answer["outcome"] == "in_results" and answer["as_recorded"] is True
        assert answer["rank"] == rank and answer["score"] == hit["score"]
        [found] = answer["stages"][0]["evidence"]["searches"]
        assert found["part"] is None and found["rank"] == rank
        assert found["bm25"]["documents"] == 60
        assert found["bm25"]["terms"][0]["term"] in ("whale", "sea", "storm", "42", "1850")
        expect_sums(found["bm25"], hit["score"])
    # Nothing of this is in the history.
    assert server.list({}).json["total"] == 1


@pytest.mark.parametrize("fusion", ["convex", "rrf", "dbsf", "weighted", "max"])
def test_the_parts_of_a_fusion_add_up(server, shelf, fusion):
    stages = [search("whale storm", name="find", final_top_k=30, fusion=fusion),
              stage("sort_attribute", "old", field="year", direction="asc"),
              stage("limit", "few", limit=20)]
    searches = stages[0]["config"]["parameters"]["searches"]
    searches[0]["weight"] = 0.3
    searches.append({"feature_uri": URI, "query": "sea captain", "top_k": 12, "weight": 0.7})
    reply = server.execute(["shelf"], stages, {})
    execution = server.ok("GET", f"/v1/retrievers/executions/{reply.json['execution_id']}")
    fused = {each["document_id"]: (rank, each["score"]) for rank, each
             in enumerate(execution["stages"][0]["candidates"], 1)}
    both = 0
    for hit in reply.json["documents"]:
        answer = explain(server, reply.json["execution_id"], hit["document_id"])
        find, old, few = answer["stages"]
        assert (find["rank"], find["score"]) == fused[hit["document_id"]]
        assert old["evidence"]["values"] == [hit["year"]] and not few["scored"]
        parts = []
        for found in find["evidence"]["searches"]:
            if found["rank"] is None:
                assert found["part"] is None and found["missed"]["reason"] in (
                    "no_match", "below_top_k")
                continue
            expect_sums(found["bm25"], found["score"])
            how = found["normalisation"]
            assert found["part"] == {
                "convex": lambda f, h: h["weight"] * ((f["score"] - h["low"]) / (h["high"] - h["low"])),
                "rrf": lambda f, h: h["weight"] / (h["k"] + f["rank"]),
                "dbsf": lambda f, h: h["weight"] * ((f["score"] - h["mean"]) / h["deviation"]),
                "weighted": lambda f, h: h["weight"] * f["score"],
                "max": lambda f, _: f["score"]}[fusion](found, how)
            parts.append(found["part"])
        both += len(parts) == 2
        total = parts[0]
        for part in parts[1:]:
            total = max(total, part) if fusion == "max" else total + part
        assert total == find["score"] == find["evidence"]["score"]
    assert both > 0


def test_what_is_not_in_the_results_is_said_with_where_to_ask(server, shelf):
    reply = server.execute(["shelf"], [search("whale", name="find", final_top_k=3)], {})
    there = [each["document_id"] for each in reply.json["documents"]]
    missing = next(f"d{n}" for n in range(60) if f"d{n}" not in there)
    lost = explain(server, reply.json["execution_id"], missing)
    assert lost["outcome"] == "lost" and lost["rank"] is None
    assert "'find' did not hand it on; ask why" in lost["sentence"]
    assert lost["stages"][0]["rank"] is None and lost["stages"][0]["evidence"] == {}
    nowhere = explain(server, reply.json["execution_id"], "nowhere")
    assert nowhere["outcome"] == "not_in_collection" and "ask why" in nowhere["sentence"]
    # As of now it is another question.
    server.ok("DELETE", f"/v1/collections/shelf/documents/{there[0]}")
    now = explain(server, reply.json["execution_id"], there[1], as_of="now")
    assert now["rank"] == 1 and now["as_recorded"] is None


def test_errors_are_those_of_why(server, shelf):
    reply = server.execute(["shelf"], [search("whale", name="find")], {})
    path = f"/v1/retrievers/executions/{reply.json['execution_id']}/explain"
    for body, location in [({}, "document_id"), ({"document_id": 7}, "document_id"),
                           ({"document_id": "d1", "as_of": "once"}, "as_of"),
                           ({"document_id": "d1", "rank": 1}, "rank")]:
        refused = server.post(path, body)
        assert refused.status == 422, refused
        [error] = refused.json["error"]["details"]["validation_errors"]
        assert error["location"] == location
    assert server.post("/v1/retrievers/executions/exec_none/explain",
                       {"document_id": "d1"}).status == 404
    server.ok("POST", "/v1/namespaces", {"namespace_name": "other"})
    assert server.post(path, {"document_id": "d1"},
                       headers={"X-Namespace": "other"}).status == 404
    server.ok("DELETE", "/v1/collections/shelf")
    gone = server.post(path, {"document_id": "d1"})
    assert gone.status == 410 and gone.json["error"]["type"] == "GoneError", gone


def test_the_command_says_it_in_a_sentence_and_a_table(server, shelf):
    reply = server.execute(["shelf"], [search("whale sea", name="find", final_top_k=3)], {})
    first = reply.json["documents"][0]

    def run(document, *more):
        return subprocess.run(
            [BINARY, "explain", reply.json["execution_id"], document, "--url",
             f"http://127.0.0.1:{server.port}", *more],
            capture_output=True, text=True, timeout=60,
            env={"PATH": os.environ["PATH"], "TRAWL_API_KEY": KEY})

    done = run(first["document_id"], "-o", "table")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        f"'{first['document_id']}' is in the results at rank 1 of 3, with the score "), done.stdout
    assert "find: 'whale sea', rank 1 of " in done.stdout and "WHERE" in done.stdout
    # No terminal: JSON.
    assert run(first["document_id"]).stdout.startswith('{"sentence":')
    lost = run("d_none", "-o", "table")
    assert "Ask why: trawl why" in lost.stdout
