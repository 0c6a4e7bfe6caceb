"""Vectors that a model makes, seen from outside: writes that wait for them, and how far they are."""

import http.client
import json
import re
import threading
import time

import pytest

from conftest import KEY, Server
from test_providers import Provider, reply

MEANING = "trawl://dense@v1/text"
NOTES = "/v1/collections/notes"
DOCUMENTS = f"{NOTES}/documents"


class Model(Provider):
    """A provider of vectors that can be held up, and can fail."""

    def __init__(self):
        self.open = threading.Event()
        self.open.set()
        self.asked = threading.Event()
        self.is_down = False
        super().__init__(self.answer)

    def answer(self, handler, number):
        self.asked.set()
        self.open.wait(120)
        if self.is_down:
            reply(handler, 400, {"error": {"message": "the model is being moved"}})
        else:
            try:
                self.embed(handler, number)
            except BrokenPipeError:
                pass  # The server was stopped meanwhile.

    def end(self):
        self.open.set()
        super().end()


@pytest.fixture
def model():
    model = Model()
    yield model
    model.end()


@pytest.fixture
def start(tmp_path, model):
    """start(environment): a server whose collection `notes` has vectors of the model."""
    servers = []

    def begin(environment=None):
        config = tmp_path / "trawl.toml"
        config.write_text(f"""
[providers.ai]
kind = "openai-embeddings"
model = "m-1"
url = "http://127.0.0.1:{model.port}/v1"
allow_private = true
dimensions = 2
namespaces = ["*"]
""")
        server = Server(tmp_path / "data", ["--config", str(config)], environment)
        servers.append(server)
        server.start()
        server.make_collection("notes", features=["trawl://bm25@v1/text", "m-1"])
        return server

    yield begin
    for server in servers:
        if server.process is not None:
            assert server.stop() == 0, "".join(server.log)


def progress(server):
    """What the collection says of its vectors, shown and listed alike."""
    shown = server.ok("GET", NOTES)["features"]
    listed = server.ok("GET", "/v1/collections")["results"][0]["features"]
    assert [one["feature_uri"] for one in shown] == [one["feature_uri"] for one in listed]
    return shown[1]["progress"]


def until(condition, timeout=60):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def metric(server, name):
    found = re.search(rf"^{name} (\S+)$", server.get("/metrics").text, re.MULTILINE)
    return float(found.group(1))


COMPLETE = {"state": "complete", "awaited": 0, "reason": None}

# Every write that may leave documents without vectors, and where its reply says how they are.
WRITES = {
    "create": ("POST", f"{DOCUMENTS}?wait_for=vectors", {"document_id": "new", "text": "one"}),
    "patch": ("PATCH", f"{DOCUMENTS}/a?wait_for=vectors", {"text": "two"}),
    "put": ("PUT", f"{DOCUMENTS}/a?wait_for=vectors", {"text": "three"}),
    "patch anywhere": ("PATCH", "/v1/documents/a?wait_for=vectors", {"text": "four"}),
    "put anywhere": ("PUT", "/v1/documents/a?wait_for=vectors", {"text": "five"}),
    "import": ("POST", f"{DOCUMENTS}/import?wait_for=vectors", '{"text": "six"}\n{"text": "7"}\n'),
    "batch": ("POST", f"{DOCUMENTS}/batch", {
        "updates": [{"document_id": "a", "update_data": {"text": "eight"}}],
        "wait_for": "vectors"}),
    "batch by filter": ("POST", f"{DOCUMENTS}/batch", {
        "filters": {"document_id": "a"}, "update_data": {"text": "nine"}, "wait_for": "vectors"}),
    "bulk": ("PATCH", f"{DOCUMENTS}/bulk", {"update_data": {"text": "ten"}, "wait_for": "vectors"}),
    "upsert": ("POST", "/v1/namespaces/default/documents/upsert", {
        "collection_id": "notes", "wait_for": "vectors",
        "documents": [{"document_id": "up", "payload": {"text": "eleven"}}]}),
}


def vectors_and_warnings(answer):
    said = answer.get("_internal", answer)
    return said["vectors"], said.get("warnings", [])


def test_a_write_waits_for_the_vectors(start, model):
    server = start()
    server.make_collection("notes2")
    server.ok("POST", DOCUMENTS, {"document_id": "a", "text": "zero"})
    for name, (method, path, body) in WRITES.items():
        vectors, warnings = vectors_and_warnings(server.ok(method, path, body))
        assert (vectors, warnings) == (COMPLETE, []), name
        now = progress(server)
        assert now["awaited"] == 0 and now["with_vectors"] == now["documents"], name
    # The reply has them already.
    made = server.ok("POST", f"{DOCUMENTS}?wait_for=vectors", {"text": "twelve"})
    assert made["_vectors"] == [MEANING]
    changed = server.ok("PATCH", f"{DOCUMENTS}/a?wait_for=vectors", {"text": "thirteen"})
    assert changed["_vectors"] == [MEANING]
    # Without being asked nobody says anything of it.
    assert "vectors" not in server.ok("POST", DOCUMENTS, {"text": "x"})["_internal"]
    assert "vectors" not in server.ok("POST", f"{DOCUMENTS}/import", '{"text": "y"}')


def test_where_no_model_makes_vectors_nobody_waits(start):
    server = start()
    server.make_collection("words", features=["trawl://bm25@v1/text"])
    answer = server.ok("POST", "/v1/collections/words/documents?wait_for=vectors", {"text": "x"})
    vectors, warnings = vectors_and_warnings(answer)
    assert vectors["state"] == "none" and vectors["awaited"] == 0
    assert "no feature whose vectors a model makes" in vectors["reason"]
    assert warnings == [vectors["reason"]]


def test_what_was_written_is_written_while_the_model_fails(start, model):
    server = start()
    model.is_down = True
    server.ok("POST", DOCUMENTS, {"document_id": "a", "text": "zero"})
    for name, (method, path, body) in WRITES.items():
        answer = server.ok(method, path, body)
        vectors, warnings = vectors_and_warnings(answer)
        assert vectors["state"] == "awaited" and vectors["awaited"] >= 1, name
        assert "the model is being moved" in vectors["reason"], name
        assert "the documents are stored" in vectors["reason"], name
        if name == "import":
            assert answer["imported_count"] == 2 and answer["failed_count"] == 0
            assert answer["message"] == f"2 documents were imported; {vectors['reason']}"
        else:
            assert warnings == [vectors["reason"]], name
    now = progress(server)
    assert now == {"documents": 5, "with_vectors": 0, "awaited": 5, "serving": True,
                   "paused": False, "error": now["error"]}
    assert "the model is being moved" in now["error"]
    assert metric(server, "trawl_embedding_failures_total") >= 1
    until(lambda: metric(server, "trawl_embedding_awaited") == 5)
    # It is tried again without anybody's doing.
    model.is_down = False
    until(lambda: progress(server)["awaited"] == 0)
    until(lambda: progress(server)["error"] is None)
    assert progress(server)["with_vectors"] == 5
    until(lambda: metric(server, "trawl_embedding_awaited") == 0)
    assert metric(server, "trawl_embedding_documents_total") == 5
    assert metric(server, "trawl_embedding_seconds_total") > 0


def test_nobody_waits_for_what_is_paused(start):
    server = start()
    assert server.ok("PATCH", NOTES, {"paused_features": [MEANING]})
    answer = server.ok("POST", f"{DOCUMENTS}?wait_for=vectors", {"text": "one"})
    assert answer["_internal"]["vectors"]["state"] == "awaited"
    assert "it is paused" in answer["_internal"]["vectors"]["reason"]
    now = progress(server)
    assert now["paused"] is True and now["awaited"] == 1 and now["error"] is None
    server.ok("PATCH", NOTES, {"paused_features": []})
    until(lambda: progress(server)["awaited"] == 0)
    # Of a text that was embedded before.
    server.ok("POST", f"{DOCUMENTS}?wait_for=vectors", {"text": "one"})
    assert metric(server, "trawl_embedding_reused_total") == 1


def test_the_wait_ends_with_the_time_of_a_request(start, model):
    server = start({"TRAWL_LIMITS_REQUEST_MS_MAX": "300"})
    model.open.clear()
    answer = server.ok("POST", f"{DOCUMENTS}/import?wait_for=vectors", '{"text": "one"}\n')
    assert answer["imported_count"] == 1
    assert answer["vectors"]["state"] == "awaited" and answer["vectors"]["awaited"] == 1
    assert "not there in time" in answer["vectors"]["reason"]
    model.open.set()
    until(lambda: progress(server)["awaited"] == 0)


def test_who_waits_holds_nobody_up_and_may_leave(start, model):
    server = start({"TRAWL_WORKERS": "1"})
    model.open.clear()
    waiting = []
    for number in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("POST", f"{DOCUMENTS}?wait_for=vectors",
                           json.dumps({"document_id": f"d{number}", "text": "one"}),
                           {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
        waiting.append(connection)
    # The only worker is free.
    until(lambda: server.ok("GET", NOTES)["document_count"] == 3)
    until(lambda: metric(server, "trawl_workers_waiting") == 3)
    assert model.asked.wait(60)
    assert progress(server)["awaited"] == 3
    # Who hangs up is not waited for.
    waiting.pop().close()
    until(lambda: metric(server, "trawl_workers_waiting") == 2)
    # A server that stops answers those who are left, and has what they wrote.
    stopped = []
    thread = threading.Thread(target=lambda: stopped.append(server.stop()))
    thread.start()
    for connection in waiting:
        answer = json.loads(connection.getresponse().read())
        assert "is stopping" in answer["_internal"]["vectors"]["reason"]
        connection.close()
    thread.join(60)
    assert stopped == [0]
    model.open.set()
    server.start()
    until(lambda: progress(server)["awaited"] == 0)
    assert progress(server)["with_vectors"] == 3


def test_a_feature_that_is_added_outlives_the_server(start, model):
    server = start()
    words, path = "trawl://bm25@v1/text", "/v1/collections/words"
    server.make_collection("words", [{"text": "one"}, {"text": "two"}], features=[words])
    model.open.clear()
    added = {"type": "dense", "model": "m-1", "fields": ["text"]}
    assert server.ok("POST", f"{path}/features", added)["features"][1]["serving"] is False
    for _ in range(2):
        server.stop()
        server.start()
        feature = server.ok("GET", path)["features"][1]
        assert feature["serving"] is False and feature["progress"]["awaited"] == 2, feature
        assert feature["fields"] == [{"path": "text", "weight": 1}]
    model.open.set()
    until(lambda: server.ok("GET", path)["features"][1]["serving"])
    server.kill()
    server.start()
    feature = server.ok("GET", path)["features"][1]
    assert feature["serving"] is True and feature["progress"]["with_vectors"] == 2, feature


def test_nothing_else_can_be_waited_for(start):
    server = start()
    server.ok("POST", f"{DOCUMENTS}?wait_for=vectors", {"document_id": "a", "text": "zero"})
    before = server.ok("GET", NOTES)["version"]
    for name, (method, path, body) in WRITES.items():
        if "wait_for" in path:
            path, place = path.replace("=vectors", "=vector"), "query.wait_for"
        else:
            body, place = {**body, "wait_for": "vector"}, "wait_for"
        refused = server.request(method, path, body)
        assert refused.status == 422, (name, refused)
        error, = refused.json["error"]["details"]["validation_errors"]
        assert error["location"] == place and "did you mean 'vectors'?" in error["message"], error
    assert server.ok("GET", NOTES)["version"] == before


def test_vectors_that_a_model_makes_cannot_be_given(start):
    server = start()
    uri = server.ok("GET", NOTES)["features"][1]["feature_uri"]
    own = {"document_id": "own", "text": "a", "vectors": {uri: [1, 0]}}
    refused = server.post(f"{NOTES}/documents", own)
    assert refused.status == 422 and "made by m-1" in refused.json["error"]["message"], refused
    # Of an import for its line alone.
    report = server.ok("POST", f"{NOTES}/documents/import", "\n".join(map(json.dumps, [
        own, {"document_id": "field", "text": "b", "vectors": {"x": [3]}}])))
    assert (report["imported_count"], report["failed_count"]) == (1, 1), report
    assert f"vectors.{uri}" in json.dumps(report["errors"])
    assert server.request("PATCH", f"{NOTES}/documents/field",
                          {"vectors": {uri: [1, 0]}}).status == 422
    assert server.get(f"{NOTES}/documents/own").status == 404
    # What is called so and names no such feature is a field; what was read can be sent back.
    assert server.ok("GET", f"{NOTES}/documents/field")["vectors"] == {"x": [3]}
    made = server.ok("POST", f"{NOTES}/documents?wait_for=vectors",
                     {"document_id": "made", "text": "c"})
    assert made["_internal"]["vectors"]["state"] == "complete", made
    read = server.ok("GET", f"{NOTES}/documents/made?return_vectors=true")
    assert list(read["vectors"]) == [uri]
    read.pop("_internal", None)
    assert server.ok("POST", f"{NOTES}/documents", {**read, "document_id": "copy"})["text"] == "c"
