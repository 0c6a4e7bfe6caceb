"""What was acknowledged survives kill -9, and a restart tells the truth about the rest."""

import http.client
import json
import os
import random
import threading
import time

import pytest

from conftest import Server, search, stage

ROUNDS = int(os.environ.get("TRAWL_KILL_ROUNDS", "6"))


class Writer(threading.Thread):
    """Executes and writes documents until the server dies; remembers what was answered."""

    def __init__(self, server, number, round_number):
        super().__init__(daemon=True)
        self.server, self.prefix = server, f"r{round_number}w{number}"
        self.executions, self.documents = [], []

    def run(self):
        try:
            for n in range(100000):
                reply = self.server.execute(["notes"], [search("apple")], {"n": n}, skip_cache=True)
                if reply.status == 200:
                    self.executions.append(reply.json["execution_id"])
                name = f"{self.prefix}_{n}"
                reply = self.server.post("/v1/collections/notes/documents",
                                         {"document_id": name, "text": f"apple {name}"})
                if reply.status == 200:
                    self.documents.append(name)
        except (OSError, http.client.HTTPException, ValueError):
            pass  # The server is gone: that is the point.


def all_executions(server):
    rows, cursor = [], None
    while True:
        reply = server.list({}, "?limit=1000" + (f"&cursor={cursor}" if cursor else "")).json
        rows += reply["results"]
        cursor = reply["pagination"]["next_cursor"]
        if cursor is None:
            return rows, reply["total"]


def test_killed_again_and_again(data_dir):
    seed = int(os.environ.get("TRAWL_SEED", time.time_ns() % 1_000_000))
    print("seed", seed)
    rng = random.Random(seed)
    server = Server(data_dir).start()
    server.make_collection("notes", [{"document_id": "first", "text": "apple first"}])
    executions, documents = set(), {"first"}
    for round_number in range(ROUNDS):
        writers = [Writer(server, n, round_number) for n in range(8)]
        for writer in writers:
            writer.start()
        time.sleep(rng.uniform(0.05, 0.8))
        server.kill()
        for writer in writers:
            writer.join(30)
            executions.update(writer.executions)
            documents.update(writer.documents)
        server.start()
        rows, total = all_executions(server)
        seen = [row["execution_id"] for row in rows]
        assert len(seen) == len(set(seen)) == total, f"seed {seed}"
        assert executions <= set(seen), f"seed {seed}: lost {executions - set(seen)}"
        order = [(row["timestamp"], row["execution_id"]) for row in rows]
        assert order == sorted(order, reverse=True)
        counts = {status: server.list({"status": status}).json["total"]
                  for status in ("completed", "failed", "processing", "cancelled")}
        assert sum(counts.values()) == total
        assert counts["processing"] == 0
        for row in rows:
            if row["status"] == "failed":
                detail = server.ok("GET", f"/v1/retrievers/executions/{row['execution_id']}")
                assert detail["error"].startswith("interrupted")
        listed = server.ok("GET", "/v1/collections/notes")["document_count"]
        assert listed >= len(documents)
        for name in rng.sample(sorted(documents), min(25, len(documents))):
            assert server.get(f"/v1/collections/notes/documents/{name}").status == 200, name
            found = server.execute(["notes"], [search(name)]).json["documents"]
            assert found and found[0]["document_id"] == name, f"seed {seed}: {name}"
        executions.update(row["execution_id"] for row in all_executions(server)[0])
    assert server.stop() == 0
    assert len(executions) > 20


def test_a_half_sent_import_keeps_whole_batches(data_dir):
    import socket
    from conftest import KEY
    server = Server(data_dir).start()
    server.make_collection("notes")
    lines = b"".join(json.dumps({"document_id": f"d{i}", "text": "apple"}).encode() + b"\n"
                     for i in range(5000))
    head = (f"POST /v1/collections/notes/documents/import HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {KEY}\r\nContent-Length: {len(lines)}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head + lines[: len(lines) // 2])
        time.sleep(0.5)
    server.kill()
    server.start()
    try:
        count = server.ok("GET", "/v1/collections/notes")["document_count"]
        assert 0 <= count <= 2600
        found = server.execute(["notes"], [search("apple", top_k=1000, final_top_k=500)]).json
        assert len(found["documents"]) == min(500, count)
    finally:
        server.stop()


def test_a_second_server_on_the_same_directory_is_refused(server):
    second = Server(server.data_dir)
    with pytest.raises(RuntimeError) as refused:
        second.start()
    assert "in use by process" in str(refused.value)
    assert server.get("/livez", key=None).status == 200


def test_sigterm_lets_requests_finish(server):
    server.make_collection("notes", [{"document_id": str(i), "text": "apple pie " * 20}
                                     for i in range(3000)])
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(
        server.execute(["notes"], [search("apple"), stage("sort_attribute", field="text")],
                       skip_cache=True))) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.02)
    assert server.stop() == 0
    for thread in threads:
        thread.join(30)
    finished = [reply.json["execution_id"] for reply in replies if reply.status == 200]
    server.start()
    rows, _ = all_executions(server)
    assert set(finished) <= {row["execution_id"] for row in rows}


def mount_small_disk(path):
    os.makedirs(path)
    return os.system(f"mount -t tmpfs -o size=6m tmpfs '{path}' 2>/dev/null") == 0


def test_a_full_disk_is_reported_and_loses_nothing(data_dir):
    if not mount_small_disk(data_dir):
        pytest.skip("mounting a small disk needs root")
    try:
        server = Server(os.path.join(data_dir, "data")).start()
        server.make_collection("notes")
        stored, refused = [], None
        for n in range(3000):
            reply = server.post("/v1/collections/notes/documents",
                                {"document_id": f"d{n}", "text": "apple " * 2000})
            if reply.status != 200:
                refused = reply
                break
            stored.append(f"d{n}")
        assert refused is not None and refused.status == 500, refused
        assert refused.json["error"]["type"] == "StorageError"
        assert "full" in refused.json["error"]["message"]
        assert stored
        assert server.get("/livez", key=None).status == 200
        for name in (stored[0], stored[-1]):
            assert server.get(f"/v1/collections/notes/documents/{name}").status == 200
        server.kill()
        os.system(f"mount -o remount,size=64m '{data_dir}'")
        server.start()
        assert server.ok("GET", "/v1/collections/notes")["document_count"] == len(stored)
        assert server.execute(["notes"], [search("apple")]).status == 200
        assert server.stop() == 0
    finally:
        os.system(f"umount -l '{data_dir}'")
