"""What descends from other executions is listed where somebody asks for it."""

import json
import os
import subprocess
import urllib.parse

import pytest
from conftest import BINARY, KEY, search, stage

LIST = "/v1/retrievers/executions/list"


def cli(server, *arguments):
    return subprocess.run(
        [BINARY, *arguments, "--url", f"http://127.0.0.1:{server.port}"],
        capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "TRAWL_API_KEY": KEY})


@pytest.fixture(name="history")
def fixture_history(server):
    """Three executions, two replays of the first, and one that was imported."""
    server.make_collection("books", [{"document_id": str(n), "text": "whale"}
                                     for n in range(5)])
    ids = [server.execute(["books"], [search(), stage("limit", limit=n)],
                          {"query": "whale"}).json["execution_id"] for n in (1, 2, 3)]
    replays = [server.ok("POST", f"/v1/retrievers/executions/{ids[0]}/replay")["execution_id"]
               for _ in range(2)]
    server.ok("POST", "/v1/retrievers/executions/import", json.dumps(
        {"execution_id": "exec_of_elsewhere", "execution_mode": "saved", "status": "completed",
         "timestamp": "2026-01-01T00:00:00Z"}))
    return ids, replays


def listed(server, body=None):
    reply = server.ok("POST", LIST, body or {})
    assert reply["total"] == len(reply["results"])
    return {row["execution_id"] for row in reply["results"]}


def test_lists_leave_replays_out_unless_they_are_asked_for(server, history):
    ids, replays = history
    own, all_of_them = {*ids, "exec_of_elsewhere"}, {*ids, *replays, "exec_of_elsewhere"}
    assert listed(server) == own
    assert listed(server, {"status": "completed"}) == own
    assert listed(server, {"modes": ["adhoc"]}) == own
    assert listed(server, {"modes": "replay"}) == set(replays)
    assert listed(server, {"modes": ["replay", "adhoc", "fork"]}) == all_of_them
    assert listed(server, {"modes": ["fork"]}) == set()
    assert listed(server, {"modes": ["replay"], "start_time": "-1h"}) == set(replays)
    assert listed(server, {"modes": ["replay"], "query": "whale"}) == set(replays)
    assert listed(server, {"query": "whale"}) == set(ids)
    # Who says which executions are meant means them whatever their mode.
    assert listed(server, {"execution_ids": [replays[0], ids[1]]}) == {replays[0], ids[1]}
    assert listed(server, {"parent_execution_id": ids[0]}) == set(replays)
    assert listed(server, {"filters": {"execution_mode": "replay"}}) == set(replays)
    assert listed(server, {"filters": {"relation": "replay"}}) == set(replays)
    assert listed(server, {"parent_execution_id": ids[0], "modes": ["adhoc"]}) == set()
    for execution_id in replays:
        assert server.ok("GET", f"/v1/retrievers/executions/{execution_id}")[
            "execution_mode"] == "replay"


def test_everything_with_conditions_knows_modes(server, history):
    ids, replays = history

    def total(body):
        return server.ok("POST", "/v1/retrievers/executions/aggregate", body)["total"]["count"]
    assert total({}) == len(ids) + 1
    assert total({"modes": ["replay"]}) == len(replays)
    assert total({"modes": ["replay", "adhoc"], "group_by": "shape"}) == len(ids + replays) + 1
    export = "/v1/retrievers/executions/export"

    def exported(body):
        rows = map(json.loads, server.request("POST", export, body).text.splitlines())
        return {row["execution_id"] for row in rows if "execution_id" in row}
    assert exported({}) == {*ids, "exec_of_elsewhere"}
    assert exported({"modes": ["replay"]}) == set(replays)
    tail = "/v1/retrievers/executions/tail?end_after_ms=0&since=-1h"
    told = server.request("GET", tail).text
    assert ids[0] in told and replays[0] not in told
    told = server.request("GET", tail + "&modes=replay,fork").text
    assert ids[0] not in told and replays[0] in told
    asked = urllib.parse.quote('{"modes": ["replay", "adhoc"]}')
    told = server.request("GET", f"{tail}&filter={asked}").text
    assert ids[0] in told and replays[0] in told
    performance = server.ok("GET", "/v1/analytics/retrievers/adhoc/performance")
    assert sum(bucket["count"] for bucket in performance["metrics"]) == len(ids)


def test_unknown_modes_are_refused_with_their_place(server):
    for body, location in (({"modes": ["adhoc", "repaly"]}, "modes[1]"),
                           ({"modes": []}, "modes"), ({"modes": {"a": 1}}, "modes")):
        reply = server.post(LIST, body)
        assert reply.status == 422, reply
        assert location in reply.text
    assert "did you mean 'replay'" in server.post(LIST, {"modes": ["repaly"]}).text


def test_deleting_takes_replays_too(server, history):
    ids, replays = history
    path = "/v1/retrievers/executions/delete"
    assert server.post(path, {}).status == 422
    assert server.ok("POST", path, {"modes": ["fork"]})["deleted_count"] == 0
    assert server.ok("POST", path, {"query": "whale", "modes": ["adhoc"]})[
        "deleted_count"] == len(ids)
    assert server.ok("POST", path, {"query": "whale"})["deleted_count"] == len(replays)
    assert listed(server, {"modes": ["replay", "adhoc"]}) == {"exec_of_elsewhere"}


def test_the_command_has_a_flag(server, history):
    ids, replays = history
    done = cli(server, "-o", "ndjson", "executions", "list", "--mode", "replay")
    assert done.returncode == 0, done
    assert {json.loads(line)["execution_id"]
            for line in done.stdout.splitlines()} == set(replays)
    done = cli(server, "-o", "ndjson", "executions", "list", "--mode", "all")
    assert len(done.stdout.splitlines()) == len(ids + replays) + 1
    done = cli(server, "executions", "list", "--mode", "repaly")
    assert done.returncode == 2 and "did you mean 'replay'" in done.stderr
