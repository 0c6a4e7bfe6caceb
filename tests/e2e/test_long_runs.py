"""Executions that take a while: they are listed as they run, and end truthfully."""

import json
import random
import socket
import time

import pytest

from conftest import KEY, Server, stage


def slow_pipeline():
    """Compares every document's text with every other: seconds of work."""
    return [stage("attribute_filter", "all", field="text", operator="exists", value=True),
            stage("deduplicate", strategy="content", content_field="text",
                  similarity_threshold=0.9)]


@pytest.fixture
def slow(data_dir):
    server = Server(data_dir).start()
    # The same words in different orders: no two are alike, and none are told apart by what they
    # are made of. To compare all with each other takes ten seconds of a quick machine.
    rng = random.Random(1)
    words = ["%05x" % (n * 2654435761 % 1048573) for n in range(100)]
    server.make_collection("slow", [
        {"document_id": f"d{n}", "text": " ".join(rng.sample(words, len(words)))}
        for n in range(4000)])
    yield server
    if server.process is not None:
        server.kill()


def send_and_leave_open(server):
    body = json.dumps({"collection_identifiers": ["slow"], "stages": slow_pipeline(),
                       "inputs": {"query": "slow one"}})
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall((f"POST /v1/retrievers/execute HTTP/1.1\r\nHost: x\r\n"
                        f"Authorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
                        f"{body}").encode())
    return connection


def wait_for(server, status, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        rows = server.list({"status": status}).json["results"]
        if rows:
            return rows[0]
        time.sleep(0.02)
    raise AssertionError(f"no execution is {status}: {server.list({}).json}")


def test_a_running_execution_is_followed_by_its_tag(slow):
    """Who asks again with the tag is told of the end, and of nothing before it."""
    def ask(tag):
        return slow.get(path, headers={"If-None-Match": tag})

    with send_and_leave_open(slow):
        path = "/v1/retrievers/executions/" + wait_for(slow, "processing")["execution_id"]
        running = slow.get(path)
        assert running.json["status"] == "processing"
        tag = running.headers["etag"]
        assert ask(tag).status == 304
    wait_for(slow, "cancelled")
    ended = ask(tag)
    assert ended.status == 200 and ended.json["status"] == "cancelled"
    assert ended.headers["etag"] != tag
    assert ask(ended.headers["etag"]).status == 304


def test_a_running_execution_is_listed_and_an_interrupted_one_says_so(slow):
    with send_and_leave_open(slow):
        row = wait_for(slow, "processing")
        assert row["query_summary"] == "slow one"
        assert row["total_stages"] == 2
        slow.kill()
    slow.start()
    reply = slow.list({}).json
    assert [entry["status"] for entry in reply["results"]] == ["failed"]
    assert reply["total"] == 1
    assert slow.list({"status": "processing"}).json["total"] == 0
    detail = slow.ok("GET", f"/v1/retrievers/executions/{row['execution_id']}")
    assert detail["error"].startswith("interrupted")
    assert json.loads(detail["inputs"]) == {"query": "slow one"}


def test_a_client_that_leaves_cancels_its_run(slow):
    with send_and_leave_open(slow):
        wait_for(slow, "processing")
    row = wait_for(slow, "cancelled")
    detail = slow.ok("GET", f"/v1/retrievers/executions/{row['execution_id']}")
    assert detail["error"] == "cancelled: the client closed the connection"
    # Whichever stage it was in.
    assert detail["failed_stage"] == ["all", "deduplicate"][detail["stages_completed"]]
    # A server that stops is another cause, though it closes the connection as well.
    assert slow.stop() == 0
    slow.environment["TRAWL_HTTP_DRAIN_TIMEOUT_MS"] = "50"
    slow.start()
    with send_and_leave_open(slow):
        row = wait_for(slow, "processing")
        assert slow.stop() == 0
    slow.start()
    detail = slow.ok("GET", f"/v1/retrievers/executions/{row['execution_id']}")
    assert detail["status"] == "cancelled"
    assert detail["error"].startswith("cancelled: the server was stopping")


def test_a_time_budget_ends_a_long_stage(slow):
    result = slow.execute(["slow"], slow_pipeline(), budget_limits={"max_time_ms": 150}).json
    assert result["status"] == "failed"
    assert "max_time_ms" in result["error"]
    assert result["budget"]["time_used_ms"] < 5000


def test_others_are_served_meanwhile(slow):
    with send_and_leave_open(slow):
        wait_for(slow, "processing")
        assert slow.execute(["slow"], [stage("limit")]).status == 200
        assert slow.get("/livez", key=None).status == 200
