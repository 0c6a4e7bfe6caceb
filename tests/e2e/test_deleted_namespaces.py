"""A namespace that is deleted takes its history along, and nothing comes after it."""

import http.client
import json
import os
import sqlite3
import threading
import time

import pytest

from conftest import BOOKS, KEY, Server, search
from test_long_runs import slow_pipeline


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("deleted") / "data").start()
    yield server
    assert server.stop() == 0, "".join(server.log)


def make(server, name):
    server.ok("POST", "/v1/namespaces", {"namespace_name": name})
    headers = {"X-Namespace": name}
    server.make_collection("books", BOOKS, headers=headers)
    return headers


def run(server, headers, text="whale"):
    reply = server.request("POST", "/v1/retrievers/execute", {
        "collection_identifiers": ["books"], "input_schema": {}, "stages": [search(text)],
        "inputs": {"query": text}}, headers=headers)
    assert reply.status == 200, reply


def delete(server, name):
    return server.request("DELETE", f"/v1/namespaces/{name}?force=true")


def ledger(server, sql):
    with sqlite3.connect(f"file:{server.data_dir}/ledger.db?mode=ro", uri=True) as connection:
        value = connection.execute(sql).fetchone()[0]
    connection.close()
    return value


def wait_until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Import:
    """An import whose body is sent piece by piece."""

    def __init__(self, server, path, headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.connection.putrequest("POST", path)
        for name, value in {**headers, "Authorization": f"Bearer {KEY}",
                            "Transfer-Encoding": "chunked"}.items():
            self.connection.putheader(name, value)
        self.connection.endheaders()

    def send(self, objects):
        text = "".join(json.dumps(one) + "\n" for one in objects).encode()
        self.connection.send(b"%x\r\n%s\r\n" % (len(text), text))

    def end(self):
        self.connection.send(b"0\r\n\r\n")
        response = self.connection.getresponse()
        text = response.read().decode()
        self.connection.close()
        return response.status, json.loads(text)


def message_of(reply):
    return reply.get("error", {}).get("message", "") or reply.get("message", "")


def past(n):
    return {"execution_id": f"exec_past_{n}", "status": "completed", "timestamp": 1760000000 + n,
            "query_summary": "plainly secret"}


def test_an_import_that_ends_later_is_refused(server):
    headers = make(server, "imported")
    done = Import(server, "/v1/retrievers/executions/import", headers)
    done.send(past(n) for n in range(600))  # More than one batch.
    wait_until(lambda: server.list({}, headers=headers).json["total"] == 500)
    assert delete(server, "imported").status == 200
    done.send(past(n) for n in range(600, 700))
    status, reply = done.end()
    assert status == 404, reply
    assert "was deleted" in message_of(reply), reply
    wait_until(lambda: ledger(server, "SELECT count(*) FROM executions") == 0)
    assert ledger(server, "SELECT count(*) FROM namespaces") == 0


def test_documents_that_come_later_are_refused(server):
    for what in ("/v1/namespaces/documents?force=true", "/v1/collections/books"):
        headers = make(server, "documents")
        done = Import(server, "/v1/collections/books/documents/import", headers)
        done.send([{"document_id": "first", "text": "comes"}])
        time.sleep(0.1)
        assert server.request("DELETE", what, headers=headers).status == 200
        status, reply = done.end()
        assert status == 404 and "collection" in message_of(reply), reply
        delete(server, "documents")


def run_and_delete(server, name):
    """A run whose namespace is deleted while it is under way; its reply."""
    headers = make(server, name)
    words = ["%05x" % (n * 2654435761 % 1048573) for n in range(3000)]
    server.make_collection("slow", [
        {"document_id": f"d{n}", "text": " ".join(words[n:n + 150] + words[:n % 150])}
        for n in range(1800)], headers=headers)
    replies = []

    def execute():
        replies.append(server.request("POST", "/v1/retrievers/execute", {
            "collection_identifiers": ["slow"], "input_schema": {}, "stages": slow_pipeline(),
            "inputs": {}}, headers=headers))

    thread = threading.Thread(target=execute)
    thread.start()
    wait_until(lambda: server.list({"status": "processing"}, headers=headers).json["total"] > 0)
    assert delete(server, name).status == 200
    thread.join()
    return replies[0]


def test_a_run_that_ends_later_is_refused(server):
    for attempt in range(5):
        reply = run_and_delete(server, f"running{attempt}")
        # On a slow machine it may still read documents, and end with them, before the rest of
        # the namespace goes.
        if reply.status == 404 or reply.json["status"] != "failed":
            break
    assert reply.status == 404, reply
    assert "was deleted" in message_of(reply.json), reply
    wait_until(lambda: ledger(server, "SELECT count(*) FROM executions") == 0)
    assert ledger(server, "SELECT count(*) FROM namespaces") == 0


def test_a_history_that_cannot_go_at_once_goes_later(data_dir):
    """The ledger fails while the namespace is deleted; it is deleted all the same."""
    server = Server(data_dir).start()
    headers = make(server, "stuck")
    run(server, headers)
    blocker = sqlite3.connect(os.path.join(data_dir, "ledger.db"), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    reply = delete(server, "stuck")  # Gives up waiting for the ledger after 5 s.
    blocker.execute("ROLLBACK")
    blocker.close()
    assert reply.status == 200, reply
    assert server.get("/v1/namespaces/stuck").status == 404
    assert ledger(server, "SELECT count(*) FROM executions") == 1
    assert server.logged("history of a deleted namespace")
    server.kill()
    server.start()
    wait_until(lambda: ledger(server, "SELECT count(*) FROM executions") == 0)
    assert ledger(server, "SELECT count(*) FROM namespaces") == 0
    # The next deletion of another would have done it as well: nothing is left to follow.
    assert server.stop() == 0
    with sqlite3.connect(os.path.join(data_dir, "corpus.db")) as corpus:
        assert corpus.execute("SELECT count(*) FROM deleted_namespaces").fetchone()[0] == 0
    corpus.close()


def test_a_history_without_a_namespace_is_not_removed_unasked(data_dir):
    """corpus.db may have been put back from another copy."""
    server = Server(data_dir).start()
    headers = make(server, "orphan")
    run(server, headers)
    assert server.stop() == 0
    with sqlite3.connect(os.path.join(data_dir, "corpus.db")) as corpus:
        corpus.execute("DELETE FROM namespaces WHERE name = 'orphan'")
    corpus.close()
    server.start()
    assert server.logged("doctor --repair")
    time.sleep(0.2)
    assert ledger(server, "SELECT count(*) FROM executions") == 1
    assert server.stop() == 0
