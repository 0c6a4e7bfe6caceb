"""What was deleted leaves the files of the data directory, while the server runs."""

import json
import os
import time

from conftest import BOOKS, Server, search, stage

# A word for each place where text is kept.
SECRETS = ["zebrafish", "quagga", "pangolin", "okapi", "axolotl", "kinkajou"]


def shown(data_dir):
    found = set()
    for at, _, files in os.walk(data_dir):
        for name in files:
            with open(os.path.join(at, name), "rb") as file:
                content = file.read()
            found |= {(secret, name) for secret in SECRETS if secret.encode() in content}
    return found


def wait_until_forgotten(data_dir, seconds=30):
    deadline = time.monotonic() + seconds
    while shown(data_dir):
        assert time.monotonic() < deadline, shown(data_dir)
        time.sleep(0.1)


def test_deleted_executions_leave_the_disk(data_dir):
    server = Server(data_dir).start()
    server.make_collection("books", BOOKS)
    for n in range(30):
        assert server.execute(["books"], [search()], {"query": f"sea {n}"}).status == 200
    reply = server.execute(
        ["books"], [search(name="quagga"), stage("limit", "pangolin", limit=3)],
        {"query": "zebrafish", "note": "okapi"}, labels={"team": "axolotl"})
    assert reply.status == 200, reply
    report = server.ok("POST", "/v1/retrievers/executions/import", json.dumps(
        {"execution_id": "exec_odd", "status": "failed", "execution_mode": "kinkajou",
         "timestamp": 1760000000,
         "query_summary": "quagga", "error": "pangolin", "failed_stage": "okapi"}))
    assert report["imported_count"] == 1, report
    time.sleep(1.5)  # They are indexed.
    assert shown(data_dir)
    server.ok("DELETE", "/v1/retrievers/executions/exec_odd")
    server.ok("POST", "/v1/retrievers/executions/delete", {"query": "zebrafish"})
    assert server.list({}).json["total"] == 30
    wait_until_forgotten(data_dir)
    assert server.list({"query": "sea"}).json["total"] == 30
    assert server.stop() == 0
    assert not shown(data_dir)


def test_a_deleted_namespace_leaves_the_disk(data_dir):
    server = Server(data_dir).start()
    headers = {"X-Namespace": "axolotl"}
    server.ok("POST", "/v1/namespaces", {"namespace_name": "axolotl"})
    server.make_collection("pangolin", [{"document_id": "okapi", "text": "zebrafish at sea"}],
                           headers=headers)
    reply = server.request("POST", "/v1/retrievers/execute", {
        "collection_identifiers": ["pangolin"], "input_schema": {}, "stages": [search()],
        "inputs": {"query": "quagga"}}, headers=headers)
    assert reply.status == 200, reply
    server.ok("DELETE", "/v1/namespaces/axolotl?force=true")
    wait_until_forgotten(data_dir)
    assert server.stop() == 0
