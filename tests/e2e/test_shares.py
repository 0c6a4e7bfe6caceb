"""One key's heavy requests do not hold up another's, nor its own short ones."""

import http.client
import json
import threading

import pytest

from conftest import Server
from test_stalls import is_sanitized

DOCUMENTS = 20_000
EVERY = {"type": "attribute_filter", "field": "n", "operator": "gte", "value": 0}
HEAVY = {"collection_identifiers": ["docs"], "skip_cache": True,
         "stages": [EVERY, {"type": "group_by", "field": "n"}, {"type": "limit", "limit": 1}]}
LIGHT = {"collection_identifiers": ["docs"],
         "stages": [{"type": "feature_search", "query": "word7", "top_k": 3}]}


def start(tmp_path, **settings):
    server = Server(tmp_path / "data", environment={
        "TRAWL_LIMITS_REQUEST_MS_MAX": "0",
        **{f"TRAWL_{name.upper()}": str(value) for name, value in settings.items()}}).start()
    lines = "\n".join(json.dumps({"document_id": f"d{i}", "n": i, "text": f"word{i} " * 20})
                      for i in range(DOCUMENTS))
    server.ok("POST", "/v1/collections", {"collection_name": "docs"})
    report = server.ok("POST", "/v1/collections/docs/documents/import", lines, timeout=300)
    assert report["failed_count"] == 0
    keys = [server.ok("POST", "/v1/organizations/users/a@example.com/api-keys",
                      {"name": name})["key"] for name in ("heavy", "light")]
    return server, *keys


class Heavy:
    """So many heavy pipelines of a key at once."""

    def __init__(self, server, key, count):
        self.replies = []
        self.threads = [threading.Thread(target=self.run, args=(server, key))
                        for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self, server, key):
        self.replies.append(server.post("/v1/retrievers/execute", HEAVY, key=key, timeout=600))

    def end(self):
        for thread in self.threads:
            thread.join()


def answered_meanwhile(server, heavy_key, light_key):
    """How many of twelve heavy pipelines ended while three light ones were answered."""
    heavy = Heavy(server, heavy_key, 12)
    while "trawl_workers_set_aside 0" in server.get("/metrics").text:
        assert len(heavy.replies) < 12
    before = len(heavy.replies)
    for _ in range(3):
        reply = server.post("/v1/retrievers/execute", LIGHT, key=light_key, timeout=300)
        assert reply.json["status"] == "completed"
    ended = len(heavy.replies) - before
    heavy.end()
    assert all(reply.json["status"] == "completed" for reply in heavy.replies)
    return ended


def test_another_key_does_not_wait_for_heavy_pipelines(tmp_path):
    """Method: twelve heavy pipelines of one key on two workers; when another key's searches
    have been answered, one after another, most of those are still under way."""
    server, heavy_key, light_key = start(tmp_path, workers=2, long_workers=1)
    assert answered_meanwhile(server, heavy_key, light_key) <= 6
    assert server.stop() == 0


@pytest.mark.skipif(is_sanitized(), reason="no request is a short one there")
def test_short_requests_do_not_wait_for_long_ones_of_their_key(tmp_path):
    server, heavy_key, _ = start(tmp_path, workers=2, long_workers=1)
    assert answered_meanwhile(server, heavy_key, heavy_key) <= 6
    assert server.stop() == 0


def test_a_key_has_its_share_of_the_queue(tmp_path):
    server, heavy_key, light_key = start(tmp_path, workers=1, queue_per_key_max=2)
    heavy = Heavy(server, heavy_key, 12)
    heavy.end()
    refused = [reply for reply in heavy.replies if reply.status != 200]
    assert refused and len(refused) < 12
    for reply in refused:
        assert reply.status == 429
        assert reply.headers["retry-after"] == "1"
        assert "requests that wait for a worker" in reply.json["error"]["message"]
    assert server.post("/v1/retrievers/execute", LIGHT, key=light_key).status == 200
    assert server.stop() == 0


def test_streams_wait_for_clients_without_a_worker(tmp_path):
    """Method: a tail to which nothing happens and an import that does not come, then heavy
    pipelines that need the one worker."""
    server, heavy_key, light_key = start(tmp_path, workers=1, long_workers=1)
    streams = []
    for method, path in (("GET", "/v1/retrievers/executions/tail"),
                         ("POST", "/v1/collections/docs/documents/import")):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.putrequest(method, path)
        connection.putheader("Authorization", f"Bearer {light_key}")
        if method == "POST":
            connection.putheader("Content-Length", "1000")
        connection.endheaders()
        streams.append(connection)
    heavy = Heavy(server, heavy_key, 2)
    heavy.end()
    assert [reply.json["status"] for reply in heavy.replies] == ["completed"] * 2
    for connection in streams:
        connection.close()
    assert server.stop() == 0
