"""A server whose disk is full, or may not be written, serves what it has and says so."""

import os
import time

import pytest

from conftest import Server, search, stage
from test_durability import fill_disk, mount_small_disk
from test_long_runs import send_and_leave_open, wait_for


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own, with a server's data on it."""
    path = str(tmp_path / "disk")
    if not mount_small_disk(path, "16m"):
        pytest.skip("mounting a small disk needs root")
    server = Server(os.path.join(path, "data")).start()
    server.make_collection("notes", [{"document_id": str(n), "text": f"apple {n}"}
                                     for n in range(20)])
    assert server.execute(["notes"], [search("apple")]).status == 200
    try:
        yield path, server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        os.system(f"umount -l '{path}'")


def remount(path, how):
    assert os.system(f"mount -o remount,{how} '{path}'") == 0


def check_reads(server, executions=1):
    assert server.get("/livez", key=None).status == 200
    assert server.list().json["total"] == executions
    row = server.list().json["results"][0]
    assert server.get(f"/v1/retrievers/executions/{row['execution_id']}").status == 200
    assert server.ok("GET", "/v1/collections/notes")["document_count"] == 20
    assert server.get("/v1/collections/notes/documents/7").status == 200
    assert len(server.ok("GET", "/v1/organizations/users/admin@localhost/api-keys")["results"]) == 1


WRITES = [
    ("POST", "/v1/collections/notes/documents", {"document_id": "new", "text": "x" * 40_000}),
    ("POST", "/v1/collections", {"collection_name": "more", "description": "x" * 40_000}),
    ("POST", "/v1/namespaces", {"namespace_name": "more", "description": "x" * 40_000}),
    ("POST", "/v1/organizations/users/admin@localhost/api-keys", {"name": "more", "description": "x" * 400}),
    ("DELETE", "/v1/collections/notes/documents/3", None),
]


def check_writes_are_refused(server, word):
    """Each road to each store, until its log has no room left over."""
    refused = set()
    for method, path, body in WRITES:
        for n in range(400):
            sent = body
            if body and n > 0:
                sent = {name: f"{value}{n}" if name.endswith("name") or name.endswith("_id")
                        else value for name, value in body.items()}
            reply = server.request(method, path, sent)
            if reply.status == 507:
                break
            if method == "DELETE":
                break
        if reply.status == 507:
            refused.add(path)
            assert reply.json["error"]["type"] == "StorageError", reply
            assert word in reply.json["error"]["message"], reply
        else:
            assert method == "DELETE" and reply.status == 200, (path, reply)
    assert len(refused) >= len(WRITES) - 1, refused
    reply = server.execute([], [stage("limit")], {"query": "x" * 20_000}, skip_cache=True)
    assert reply.status in (200, 507), reply


def wait_until_ready(server, seconds=60):
    deadline = time.monotonic() + seconds
    while (reply := server.get("/readyz", key=None)).status != 200:
        assert time.monotonic() < deadline, reply
        time.sleep(0.1)


def test_a_full_disk_is_507_and_not_ready_until_there_is_room(disk):
    path, server = disk
    assert server.get("/readyz", key=None).status == 200
    ballast = os.path.join(path, "ballast")
    fill_disk(ballast)
    check_writes_are_refused(server, "the disk is full")
    documents = server.ok("GET", "/v1/collections/notes")["document_count"]
    reply = server.get("/readyz", key=None)
    assert reply.status == 503 and "the disk is full" in reply.json["error"]["message"], reply
    health = server.ok("GET", "/v1/health", key=None)
    assert health["status"] == "DEGRADED" and "full" in health["errors"]["storage"]
    # Nobody writes, and it finds out all the same.
    os.remove(ballast)
    wait_until_ready(server)
    assert server.ok("GET", "/v1/health", key=None)["status"] == "OK"
    assert server.execute([], [stage("limit")]).status == 200
    assert server.ok("GET", "/v1/collections/notes")["document_count"] == documents


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_a_server_starts_on_a_full_disk_and_reads(disk, end):
    path, server = disk
    server.stop() if end == "stopped" else server.kill()
    ballast = os.path.join(path, "ballast")
    fill_disk(ballast)
    server.start()
    fill_disk(ballast)
    check_reads(server)
    for method, where, body in WRITES[:4]:
        for n in range(100):
            reply = server.request(method, where, body)
            if reply.status != 200:
                break
        assert reply.status == 507, (where, reply)
    assert server.get("/readyz", key=None).status == 503
    os.remove(ballast)
    wait_until_ready(server)
    assert server.execute(["notes"], [search("apple")]).status == 200
    total = server.list().json["total"]
    assert total == 2
    assert server.stop() == 0
    server.start()  # As always again, and nothing is lost.
    assert server.list().json["total"] == 2
    assert server.stop() == 0


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_a_server_starts_on_a_directory_that_may_not_be_written(disk, end):
    path, server = disk
    server.stop() if end == "stopped" else server.kill()
    remount(path, "ro")
    server.start()
    assert server.logged("reading only")
    check_reads(server)
    for method, where, body in WRITES:
        reply = server.request(method, where, body)
        assert reply.status == 507, (where, reply)
        assert "cannot be written" in reply.json["error"]["message"], reply
    assert server.execute([], [stage("limit")]).status == 507
    reply = server.get("/readyz", key=None)
    assert reply.status == 503 and "cannot be written" in reply.json["error"]["message"], reply
    # Another one does as well; it says nothing of a server that writes.
    assert server.stop() == 0
    remount(path, "rw")
    server.start()
    assert server.get("/readyz", key=None).status == 200
    check_reads(server)
    assert server.execute(["notes"], [search("apple")]).status == 200


def test_what_ran_when_the_disk_was_full_is_ended_later(disk):
    """A server that cannot end them at its start does it when it can write."""
    path, server = disk
    remount(path, "size=48m")
    words = ["%05x" % (n * 2654435761 % 1048573) for n in range(4000)]
    server.make_collection("slow", [
        {"document_id": f"d{n}", "text": " ".join(words[n:n + 150])} for n in range(3000)])
    with send_and_leave_open(server):
        wait_for(server, "processing")
        server.kill()
    ballast = os.path.join(path, "ballast")
    fill_disk(ballast)
    server.start()
    assert server.list({"status": "processing"}).json["total"] in (0, 1)
    os.remove(ballast)
    wait_until_ready(server)
    deadline = time.monotonic() + 60
    while server.list({"status": "failed"}).json["total"] != 1:
        assert time.monotonic() < deadline, "it reads processing for ever"
        time.sleep(0.1)
    assert server.list({"status": "processing"}).json["total"] == 0
