"""Going on from a stage of an execution through other stages."""

import json
import os
import subprocess

import pytest
from conftest import BINARY, KEY, Server, search, stage

FEW = stage("limit", "few", limit=3)


def fork(server, execution_id, from_stage, stages, **body):
    return server.ok("POST", f"/v1/retrievers/executions/{execution_id}/fork",
                     {"from_stage": from_stage, "stages": stages, **body})


def detail(server, execution_id):
    return server.ok("GET", f"/v1/retrievers/executions/{execution_id}")


def run_books(server):
    server.make_collection("books", [
        {"document_id": f"d{n}", "year": 1840 + n,
         "text": "whale" if n % 2 == 0 else "whale ship ship"} for n in range(20)],
        features=[{"feature_uri": "trawl://bm25@v1/text", "type": "bm25", "fields": ["text"]}])
    stages = [search("{{INPUT.query}}", name="find", final_top_k=12),
              stage("attribute_filter", "old", field="year", operator="gte", value=1843)]
    return server.execute(["books"], stages, {"query": "ship whale"}).json["execution_id"]


@pytest.fixture(name="ran")
def fixture_ran(server):
    return run_books(server)


def test_a_recorded_boundary_is_not_run_again(server, ran):
    # Of today there would be others.
    server.ok("POST", "/v1/collections/books/documents",
              {"document_id": "new", "year": 1999, "text": "ship ship ship"})
    made = fork(server, ran, "find",
                [stage("sort_attribute", "young", field="year", direction="desc"), FEW])
    assert made["boundary"] == "recorded" and made["why_replayed"] is None
    assert made["from_stage"] == {"stage_name": "find", "stage_index": 0}
    assert made["sentence"] == \
        "From the 12 documents of the stage 'find', as they were recorded, 2 stages made 3."
    assert [each["document_id"] for each in made["results"]] == ["d19", "d17", "d15"]
    record = detail(server, made["execution_id"])
    assert record["execution_mode"] == "fork" and record["relation"] == "fork"
    assert record["parent_execution_id"] == ran
    kept, young, few = record["stages"]
    assert kept["cache_hit"] is True and kept["credits_used"] == 0
    assert kept["candidates"] == detail(server, ran)["stages"][0]["candidates"]
    assert not young["cache_hit"] and few["output_count"] == 3
    assert record["credits_used"] == young["credits_used"] + few["credits_used"]
    # It is an execution like any other: it can be replayed, explained, compared.
    replay = server.ok("POST", f"/v1/retrievers/executions/{made['execution_id']}/replay", {})
    assert replay["identical"] is True, replay["sentence"]
    diff = server.ok("POST", "/v1/retrievers/executions/diff",
                     {"a": ran, "b": made["execution_id"]})
    assert diff["diverges"] == 1
    # The list shows it to who asks.
    assert server.list({}).json["total"] == 1
    assert server.list({"modes": ["fork"]}).json["total"] == 1


def test_what_was_not_recorded_is_replayed_over_the_documents_of_then(data_dir, tmp_path):
    config = tmp_path / "trawl.toml"
    config.write_text("[ledger]\nboundary_candidates_max = 5\n")
    server = Server(data_dir, ["--config", str(config)]).start()
    ran = run_books(server)
    server.ok("DELETE", "/v1/collections/books/documents/d19")
    made = fork(server, ran, 0, [FEW])
    assert made["boundary"] == "replayed"
    assert made["why_replayed"] == "5 of 12 documents were recorded"
    assert "had to be run again (5 of 12 documents were recorded)" in made["sentence"]
    record = detail(server, made["execution_id"])
    assert record["stages"][0]["cache_hit"] is False and record["stages"][0]["credits_used"] > 0
    whole = fork(server, ran, 0, [stage("limit", "all", limit=12)], record=False)
    assert "d19" in [each["document_id"] for each in whole["results"]]
    assert whole["execution_id"] is None and whole["execution"]["stages"]
    assert server.stop() == 0


def test_as_of_now_the_stages_that_stay_run_over_the_documents_of_now(server, ran):
    server.ok("POST", "/v1/collections/books/documents",
              {"document_id": "new", "year": 1999, "text": "ship ship ship"})
    made = fork(server, ran, "find", [FEW], as_of="now")
    assert made["boundary"] == "replayed"
    assert made["results"][0]["document_id"] == "new"


def test_a_stage_that_fails_is_recorded(server, ran):
    made = fork(server, ran, "find", [stage("attribute_filter", "bad", field="year",
                                            operator="regex", value="{{INPUT.query}}("), FEW])
    assert made["execution"]["status"] == "failed" and made["results"] == []
    assert "it ended as failed at the stage 'bad'" in made["sentence"]
    assert detail(server, made["execution_id"])["failed_stage"] == "bad"


@pytest.mark.parametrize("body,location", [
    ({}, "from_stage"),
    ({"from_stage": "find"}, "stages"),
    ({"from_stage": "find", "stages": []}, "stages"),
    ({"from_stage": "few", "stages": [FEW]}, "from_stage"),
    ({"from_stage": 2, "stages": [FEW]}, "from_stage"),
    ({"from_stage": -1, "stages": [FEW]}, "from_stage"),
    ({"from_stage": 1.5, "stages": [FEW]}, "from_stage"),
    ({"from_stage": {"name": "find"}, "stages": [FEW]}, "from_stage"),
    ({"from_stage": "find", "stages": [FEW, stage("limit", "x", limit="many")]},
     "stages[1].config.parameters.limit"),
    ({"from_stage": "find", "stages": [FEW], "as_of": "once"}, "as_of"),
    ({"from_stage": "find", "stages": [FEW], "inputs": {}}, "inputs"),
])
def test_bad_forks_are_refused_with_their_place(server, ran, body, location):
    reply = server.post(f"/v1/retrievers/executions/{ran}/fork", body)
    assert reply.status == 422, reply
    [error] = reply.json["error"]["details"]["validation_errors"]
    assert error["location"] == location
    assert server.list({"modes": ["fork"]}).json["total"] == 0


def test_what_is_gone_is_gone(server, ran):
    body = {"from_stage": "find", "stages": [FEW]}
    assert server.post("/v1/retrievers/executions/exec_none/fork", body).status == 404
    server.ok("POST", "/v1/namespaces", {"namespace_name": "other"})
    assert server.post(f"/v1/retrievers/executions/{ran}/fork", body,
                       headers={"X-Namespace": "other"}).status == 404
    server.ok("DELETE", "/v1/collections/books")
    gone = server.post(f"/v1/retrievers/executions/{ran}/fork", body)
    assert gone.status == 410 and gone.json["error"]["type"] == "GoneError", gone


def test_the_command_says_it_in_a_sentence(server, ran, tmp_path):
    stages = tmp_path / "stages.json"
    stages.write_text(json.dumps([FEW]))
    command = [BINARY, "fork", ran, "--from-stage", "find", "--stages", str(stages),
               "--url", f"http://127.0.0.1:{server.port}", "-o", "table"]
    environment = {"PATH": os.environ["PATH"], "TRAWL_API_KEY": KEY}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "From the 12 documents of the stage 'find', as they were recorded, 1 stage made 3.\n")
    assert f"is a fork of {ran}" in done.stdout and "trawl diff" in done.stdout
    stages.write_text("{}")
    bad = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert bad.returncode == 2 and 'nor has one as "stages"' in bad.stderr
