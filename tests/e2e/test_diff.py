"""What a diff cannot know, what it runs for that, and times beside those of the shapes."""

import os
import subprocess

import pytest
from conftest import BINARY, KEY, Server, search, stage


def diff(server, a, b, **body):
    return server.ok("POST", "/v1/retrievers/executions/diff", {"a": a, "b": b, **body})


@pytest.fixture(name="server")
def fixture_server(data_dir, tmp_path):
    """Its records keep five candidates of each stage."""
    config = tmp_path / "trawl.toml"
    config.write_text("[ledger]\nboundary_candidates_max = 5\n")
    server = Server(data_dir, ["--config", str(config)]).start()
    server.make_collection("books", [
        {"document_id": f"d{n}", "year": 1840 + n, "text": "whale " * (n + 1)}
        for n in range(20)],
        features=[{"feature_uri": "trawl://bm25@v1/text", "type": "bm25", "fields": ["text"]}])
    yield server
    assert server.stop() == 0, "".join(server.log)


def run(server, year):
    stages = [search("whale", name="find", final_top_k=20),
              stage("attribute_filter", "young", field="year", operator="gte",
                    value="{{INPUT.year}}"),
              stage("sort_attribute", "old", field="year", direction="asc")]
    return server.execute(["books"], stages, {"year": year}).json["execution_id"]


def test_it_says_what_it_cannot_know_and_runs_again_when_asked(server):
    a, b = run(server, 1840), run(server, 1842)
    told = diff(server, a, b)
    assert told["diverges"] == 1
    young = told["stages"][1]["candidates"]
    assert young["cut_short"] and (young["recorded_before"], young["count_before"]) == (5, 20)
    old = told["stages"][2]["candidates"]
    assert old["entered_count"] == 2 and old["left_count"] == 2
    assert "whether those that entered were in the first already" in old["unknown"]
    assert any(each.startswith("At the stage 'old', 5 of 20 documents were recorded of the "
                               "first and 5 of 18 of the second") for each in told["unknown"])
    assert "perhaps sooner, at 'find', behind what was recorded" in told["sentence"]
    assert told["a"]["replayed"] is False and told["times_sentence"] is None

    # The documents of then count, and nothing of this is in the history.
    server.ok("DELETE", "/v1/collections/books/documents/d7")
    whole = diff(server, a, b, truncated="replay")
    assert whole["unknown"] == [] and "sooner" not in whole["sentence"]
    assert whole["a"]["replayed"] is True and whole["b"]["replayed"] is True
    old = whole["stages"][2]["candidates"]
    assert not old["cut_short"] and old["unknown"] is None
    assert (old["entered_count"], old["left_count"], old["moved_count"]) == (0, 2, 18)
    assert server.list({"modes": ["adhoc", "replay", "fork"]}).json["total"] == 2
    same = diff(server, a, a, truncated="replay")
    assert same["sentence"] == "The two gave the same documents in the same order at every stage."

    server.ok("DELETE", "/v1/collections/books")
    gone = diff(server, a, b, truncated="replay")
    assert gone["a"]["replayed"] is False and "cannot be run again" in gone["unknown"][0]
    assert gone["stages"][2]["candidates"]["cut_short"]


def test_times_stand_beside_those_of_the_shape(server):
    ids = [run(server, 1840 + n) for n in range(8)]
    told = diff(server, ids[0], ids[-1], times=True)
    assert told["a"]["usual_ms"] is None  # None was before it.
    usual = told["b"]["usual_ms"]
    # The search of all but the first was remembered, and of one run only it was not.
    assert 0 < usual["p50"] <= usual["p99"]
    assert told["stages"][2]["b"]["usual_ms"]["p50"] > 0
    assert told["times_sentence"].startswith("The first took ")
    assert "of the shape of the first there are too few others" in told["times_sentence"]
    assert "its shape, of which half take at most" in told["times_sentence"]


@pytest.mark.parametrize("more,location", [
    ({"times": "yes please"}, "times"), ({"truncated": "guess"}, "truncated"),
    ({"replay": True}, "replay")])
def test_bad_questions_are_refused_with_their_place(server, more, location):
    a = run(server, 1840)
    reply = server.post("/v1/retrievers/executions/diff", {"a": a, "b": a, **more})
    assert reply.status == 422, reply
    [error] = reply.json["error"]["details"]["validation_errors"]
    assert error["location"] == location


def test_the_command_names_the_remedy(server):
    a, b = run(server, 1840), run(server, 1842)

    def command(*more):
        return subprocess.run(
            [BINARY, "diff", a, b, "--url", f"http://127.0.0.1:{server.port}", "-o", "table",
             *more], capture_output=True, text=True, timeout=60,
            env={"PATH": os.environ["PATH"], "TRAWL_API_KEY": KEY})

    told = command()
    assert told.returncode == 3, told.stderr
    assert f"Run them again for that: trawl diff {a} {b} --replay" in told.stdout
    assert "The first took " in told.stdout
    whole = command("--replay")
    assert whole.returncode == 3, whole.stderr
    assert "recorded of the first" not in whole.stdout
