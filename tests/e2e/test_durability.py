"""What was acknowledged survives kill -9, and a restart tells the truth about the rest."""

import http.client
import json
import os
import random
import re
import threading
import time
import uuid

import pytest

from conftest import KEY, Server, search, stage
from test_long_runs import slow_pipeline

ROUNDS = int(os.environ.get("TRAWL_KILL_ROUNDS", "6"))
# Of test_killed_a_hundred_times; the tests of a sanitized server ask for fewer.
KILLS = int(os.environ.get("TRAWL_KILLS", "100"))


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


class Recording(threading.Thread):
    """Makes history over one connection until the server dies: executions that are over at
    once, long ones, imports whose times tie and lie back, and deletions. Notes what was
    acknowledged."""

    def __init__(self, server, number, round_number):
        super().__init__(daemon=True)
        self.port, self.number = server.port, number
        self.name = f"r{round_number:03d}w{number:02d}"
        self.recorded, self.deleted, self.refused = set(), set(), []
        self.maybe_deleted = None

    def send(self, connection, method, path, body):
        connection.request(method, path, body, {"Authorization": f"Bearer {KEY}",
                                                "Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            self.refused.append((response.status, text[:300]))
            return None
        return json.loads(text)

    def execute(self, connection, n):
        slow = self.number == 0
        body = {"collection_identifiers": ["slow"] if slow else [],
                "stages": slow_pipeline() if slow else [stage("limit")],
                "inputs": {"n": f"{self.name}_{n}"}, "skip_cache": True}
        reply = self.send(connection, "POST", "/v1/retrievers/execute", json.dumps(body))
        if reply:
            self.recorded.add(reply["execution_id"])

    def import_some(self, connection, n):
        # Three instants in the past for all of them, so that order is up to the ids.
        rows = [{"execution_id": f"{self.name}_{n}_{i}", "status": "imported",
                 "timestamp": 1_700_000_000 - i % 3} for i in range(8)]
        reply = self.send(connection, "POST", "/v1/retrievers/executions/import",
                          "\n".join(json.dumps(row) for row in rows))
        if reply and reply["imported_count"] == len(rows):
            self.recorded.update(row["execution_id"] for row in rows)

    def delete_one(self, connection):
        self.maybe_deleted = min(self.recorded)
        self.recorded.remove(self.maybe_deleted)
        if self.send(connection, "DELETE",
                     f"/v1/retrievers/executions/{self.maybe_deleted}", None):
            self.deleted.add(self.maybe_deleted)
        self.maybe_deleted = None

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            for n in range(1_000_000):
                if self.number in (1, 2, 3):
                    self.import_some(connection, n)
                else:
                    self.execute(connection, n)
                if self.number == 4 and n % 3 == 2 and self.recorded:
                    self.delete_one(connection)
        except (OSError, http.client.HTTPException, ValueError):
            pass  # The server is gone: that is the point.
        finally:
            connection.close()


def list_key(row):
    """Newest first; at one instant our own ids come before those of others."""
    ours = re.fullmatch("exec_[0-9A-HJKMNP-TV-Z]{26}", row["execution_id"]) is not None
    return row["timestamp"], ours, row["execution_id"]


def check_history(server, recorded, deleted, fresh, rng, context):
    rows, total = all_executions(server)
    seen = {row["execution_id"]: row for row in rows}
    assert len(rows) == len(seen) == total, context
    assert recorded <= seen.keys(), (context, "lost", recorded - seen.keys())
    assert not deleted & seen.keys(), (context, "came back", deleted & seen.keys())
    assert rows == sorted(rows, key=list_key, reverse=True), context
    counts = {}
    for row in rows:
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    for status in ("completed", "failed", "processing", "cancelled", "imported"):
        assert server.list({"status": status}, "?limit=1").json["total"] == \
            counts.get(status, 0), (context, status)
    assert "processing" not in counts, context
    # By id, each one of this round, what a crash interrupted, and some of long ago.
    asked = fresh | set(rng.sample(sorted(recorded), min(20, len(recorded))))
    interrupted = {name for name, row in seen.items() if row["status"] == "failed"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for name in asked | set(rng.sample(sorted(interrupted), min(40, len(interrupted)))):
        connection.request("GET", f"/v1/retrievers/executions/{name}",
                           headers={"Authorization": f"Bearer {KEY}"})
        response = connection.getresponse()
        detail = json.loads(response.read())
        assert response.status == 200, (context, name, detail)
        assert {key: detail[key] for key in seen[name]} == seen[name], (context, name)
        if name in interrupted:
            assert detail["error"].startswith("interrupted"), (context, detail)
    connection.close()
    return seen.keys(), len(interrupted)


def test_killed_a_hundred_times(data_dir):
    seed = int(os.environ.get("TRAWL_SEED", time.time_ns() % 1_000_000))
    print("seed", seed)
    rng = random.Random(seed)
    server = Server(data_dir).start()
    words = ["%05x" % (n * 2654435761 % 1048573) for n in range(3000)]
    server.make_collection("slow", [{"document_id": f"d{n}", "text": " ".join(words[n:n + 100])}
                                    for n in range(1000)])
    recorded, deleted, interrupted = set(), set(), 0
    for kill in range(KILLS):
        context = f"seed {seed}, kill {kill}"
        writers = [Recording(server, number, kill) for number in range(16)]
        for writer in writers:
            writer.start()
        time.sleep(rng.uniform(0.01, 0.6))
        server.kill()
        fresh = set()
        for writer in writers:
            writer.join(60)
            assert not writer.refused, (context, writer.refused[:3])
            fresh |= writer.recorded
            deleted |= writer.deleted
        recorded |= fresh
        # Sometimes again while it starts.
        if rng.random() < 0.2:
            timer = threading.Timer(rng.uniform(0.005, 0.06),
                                    lambda: server.process and server.process.kill())
            timer.start()
            try:
                server.start()
            except RuntimeError:
                pass
            timer.join()
            server.process.kill()  # Where the timer was before the process.
            server.process.wait()
        server.start()
        listed, interrupted = check_history(server, recorded, deleted, fresh, rng, context)
        # What was not acknowledged may be there; from now on it has to stay.
        recorded |= listed
    print(f"{KILLS} kills, {len(recorded)} executions, {interrupted} of them interrupted, "
          f"{len(deleted)} deleted")
    assert server.stop() == 0
    assert len(recorded) > 20 * KILLS
    assert interrupted > 0 and deleted


def test_a_half_sent_import_keeps_whole_batches(data_dir):
    import socket
    server = Server(data_dir).start()
    server.make_collection("notes")
    lines = b"".join(json.dumps({"document_id": f"d{i}", "text": "apple"}).encode() + b"\n"
                     for i in range(5000))
    head = (f"POST /v1/collections/notes/documents/import HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {KEY}\r\nContent-Length: {len(lines)}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        # Two batches and a half.
        connection.sendall(head + lines[: len(lines) // 2])
        deadline = time.monotonic() + 60
        while server.ok("GET", "/v1/collections/notes")["document_count"] < 2000:
            assert time.monotonic() < deadline, "what has arrived is not stored"
            time.sleep(0.02)
        time.sleep(0.1)  # Long enough for a part of a batch to be stored, if it ever is.
    server.kill()
    server.start()
    try:
        count = server.ok("GET", "/v1/collections/notes")["document_count"]
        assert count == 2000
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
    """What is under way when the signal comes is answered and recorded, not cut off."""
    server.make_collection("notes", [{"document_id": str(i), "text": "apple pie " * 20}
                                     for i in range(3000)])
    replies, other = [], []

    def ask_again_and_again():
        while True:
            sent = time.monotonic()
            try:
                reply = server.execute(
                    ["notes"], [search("apple", top_k=1000, final_top_k=500),
                                stage("sort_attribute", field="text")], skip_cache=True)
            except ConnectionRefusedError:
                return  # It listens no more.
            except (OSError, http.client.HTTPException) as error:
                other.append((sent, error))
                return
            replies.append((sent, time.monotonic(), reply))
            if reply.status != 200:
                return

    threads = [threading.Thread(target=ask_again_and_again) for _ in range(8)]
    for thread in threads:
        thread.start()
    while len(replies) < 8:
        time.sleep(0.005)
    signalled = time.monotonic()
    assert server.stop() == 0
    for thread in threads:
        thread.join(60)
    assert {reply.status for _, _, reply in replies} <= {200, 503}, replies
    in_flight = [reply.json["execution_id"] for sent, answered, reply in replies
                 if sent < signalled < answered and reply.status == 200]
    assert in_flight, "nothing was under way"
    # A connection that nobody had taken yet may be closed; no request that was under way is,
    # as one that was sent a second before must have been.
    assert not [error for sent, error in other if sent < signalled - 1], other
    finished = {reply.json["execution_id"] for _, _, reply in replies if reply.status == 200}
    server.start()
    rows, _ = all_executions(server)
    recorded = {row["execution_id"]: row["status"] for row in rows}
    assert finished <= recorded.keys()
    assert {recorded[name] for name in finished} == {"completed"}


def mount_small_disk(path, size="6m"):
    os.makedirs(path)
    return os.system(f"mount -t tmpfs -o size={size} tmpfs '{path}' 2>/dev/null") == 0


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
        assert refused is not None and refused.status == 507, refused
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


def fill_disk(path):
    """Leaves no room at all; removing the file gives it back."""
    with open(path, "ab", buffering=0) as ballast:
        for size in (1 << 20, 1 << 16, 1 << 12):
            try:
                while ballast.write(b"x" * size) == size:
                    pass
            except OSError:
                pass


def check_lists(server, recorded):
    """Every way to read the history finds what was recorded, and nothing else."""
    rows, total = all_executions(server)
    assert {row["execution_id"] for row in rows} == recorded
    assert total == len(rows) == len(recorded)
    for body in ({"query": "apple"}, {"min_duration_ms": 0}, {"returned": "zero"},
                 {"query": "appl*", "filters": {"field": "total_stages", "operator": "lte",
                                                "value": 9}}):
        reply = server.list({**body, "budget_ms": 60_000}, "?limit=1")
        assert reply.status == 200, reply
        assert reply.json["total"] == len(recorded), body
    for name in (min(recorded), max(recorded)):
        assert server.get(f"/v1/retrievers/executions/{name}").status == 200


def test_a_full_disk_stops_recording_and_upkeep_but_not_reading(data_dir):
    if not mount_small_disk(data_dir, "24m"):
        pytest.skip("mounting a small disk needs root")
    ballast = os.path.join(data_dir, "ballast")
    try:
        server = Server(os.path.join(data_dir, "data")).start()
        # More than a row group, which waits to be closed and indexed when the disk is full.
        rows = [{"execution_id": f"old_{n}", "status": "completed", "query_summary": "apple",
                 "timestamp": 1_700_000_000 + n, "total_stages": 1} for n in range(4_500)]
        report = server.ok("POST", "/v1/retrievers/executions/import",
                           "\n".join(json.dumps(row) for row in rows))
        assert report["imported_count"] == len(rows), report
        recorded = {row["execution_id"] for row in rows}
        fill_disk(ballast)
        tried, refused, failed_upkeep = 0, 0, False
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (refused >= 20 and failed_upkeep):
            tried += 1
            if tried % 20 == 0:
                # Something new to index, in case that upkeep was faster than the ballast.
                os.remove(ballast)
            noise = "".join(uuid.uuid4().hex for _ in range(500))
            reply = server.execute([], [stage("limit")], {"query": f"apple {noise}"},
                                   skip_cache=True)
            if reply.status == 200:
                recorded.add(reply.json["execution_id"])
            else:
                assert reply.status == 507, reply
                assert reply.json["error"]["type"] == "StorageError", reply
                assert "the disk is full" in reply.json["error"]["message"], reply
                refused += 1
                time.sleep(0.02)
            fill_disk(ballast)
            failed_upkeep = any("maintenance of the history failed" in line
                                for line in server.log)
        assert refused >= 20 and failed_upkeep, (refused, failed_upkeep)
        check_lists(server, recorded)
        # The same server continues when there is room again.
        os.remove(ballast)
        for n in range(20):
            reply = server.execute([], [stage("limit")], {"query": f"apple {n}"}, skip_cache=True)
            assert reply.status == 200, reply
            recorded.add(reply.json["execution_id"])
        log_size = len(server.log)
        time.sleep(2.5)  # For two rounds of upkeep.
        assert not any("failed" in line for line in server.log[log_size:]), server.log
        check_lists(server, recorded)
        server.kill()
        server.start()
        check_lists(server, recorded)
        assert server.stop() == 0
    finally:
        os.system(f"umount -l '{data_dir}'")
