"""Nobody stalls the others: slow, idle, huge and packed requests cost those who send them."""

import gzip
import json
import os
import resource
import shutil
import socket
import subprocess
import threading
import time

import pytest

from conftest import BINARY, KEY, Server

IMPORT = "/v1/retrievers/executions/import"
KEYS = "/v1/organizations/users/stalls/api-keys"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One I/O thread and two workers: what holds either is felt at once."""
    server = Server(tmp_path_factory.mktemp("stalls") / "data",
                    environment={"TRAWL_HTTP_THREADS": "1", "TRAWL_WORKERS": "2",
                                 # Long lists are short to write down.
                                 "TRAWL_LIMITS_QUERY_BYTES_MAX": str(16 * MIB)}).start()
    yield server
    assert server.stop() == 0, "".join(server.log)


def make_key(server, name, **fields):
    return server.ok("POST", KEYS, {"name": name, **fields})["key"]


class Raw:
    """A connection that sends what it is told to, and no more."""

    def __init__(self, server, method, path, key=None, length=None, headers=""):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}"
        if key:
            head += f"Authorization: Bearer {key}\r\n"
        if length is not None:
            head += f"Content-Length: {length}\r\n"
        self.socket.sendall((head + "\r\n").encode())

    def send(self, data):
        """False where the server is not there any more."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def head(self):
        """Status line and headers of the reply."""
        received = b""
        while b"\r\n\r\n" not in received:
            piece = self.socket.recv(4096)
            if not piece:
                break
            received += piece
        return received.decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def rss(server):
    with open(f"/proc/{server.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def row(number):
    return {"execution_id": f"exec_{number}", "execution_mode": "sync", "status": "completed",
            "timestamp": "2026-01-01T00:00:00Z", "duration_ms": 1, "credits_used": 0,
            "total_processed": 0, "total_returned": 0, "cache_hit_rate": 0,
            "query_summary": "q", "stages_completed": 0, "total_stages": 0,
            "collection_ids": []}


def test_idle_imports_of_one_key_stop_nobody(server):
    """Goal: whoever uploads and waits has his own threads, and only his share of them.
    Method: as many idle imports as one key may have, four times as many as there are workers."""
    slow = make_key(server, "slow", rate_limit_override=60, rate_limit_burst=60)
    idle = [Raw(server, "POST", IMPORT, key=slow, length=1000) for _ in range(8)]
    try:
        for one in idle:
            one.send(b"{")
        deadline = time.monotonic() + 20
        while (reply := server.post(IMPORT, "", key=slow, timeout=10)).status != 429:
            assert time.monotonic() < deadline, reply
        assert reply.headers["retry-after"] == "1" and "uploads" in reply.text
        assert reply.headers["x-ratelimit-limit"] == "60"
        for path in ("/metrics", "/livez", "/readyz", "/v1/health"):
            assert server.get(path, timeout=10).status == 200
        assert server.list({"fields": ["inputs"]}, timeout=10).status == 200
        # Another key imports meanwhile.
        report = server.post(IMPORT, json.dumps(row(1)), timeout=10).json
        assert report["imported_count"] == 1
        # The refused ones were read to their end: a short one ends as it should.
        idle[0].send(b"}" + b" " * 998)
        assert " 200 " in idle[0].head()
    finally:
        for one in idle:
            one.socket.close()


def test_bodies_without_a_key_are_not_kept(server):
    """Method: the heads of forty requests of 15 MiB, then what follows of it."""
    before = rss(server)
    connections = []
    for i in range(40):
        path = IMPORT if i % 4 == 0 else "/v1/retrievers/execute"
        key = "sk_not_a_key" if i % 2 else None
        one = Raw(server, "POST", path, key=key, length=15 * MIB)
        assert " 401 " in one.head(), "only the head was sent, and that is enough"
        connections.append(one)
    piece = b"x" * MIB
    for one in connections[:20]:
        for _ in range(8):
            if not one.send(piece):
                break
    assert rss(server) - before < 100 * MIB
    # Routes that need no key take no such body either.
    for path in ("/livez", "/v1/health", "/metrics", "/openapi.json"):
        with Raw(server, "GET", path, length=15 * MIB) as open_route:
            assert " 413 " in open_route.head()
    assert rss(server) - before < 100 * MIB
    for one in connections:
        one.socket.close()


@pytest.mark.parametrize("key, path, status", [
    (None, "/v1/collections/x/documents", 401),
    ("reader", "/v1/collections/x/documents", 403),
    ("reader", IMPORT, 403),
    ("confined", "/v1/retrievers/execute?namespace=nosuch", 404),
    (KEY, "/v1/nosuch", 404),
])
def test_refusals_do_not_wait_for_the_body(server, key, path, status):
    made = {"reader": {"permissions": ["read"]}, "confined": {"permissions": ["read"]}}
    if key in made:
        key = make_key(server, f"{key} {status} {len(path)}", **made[key])
    with Raw(server, "POST", path, key=key, length=10 * MIB) as refused:
        assert f" {status} " in refused.head()


def test_a_used_up_limit_is_told_before_the_body(server):
    key = make_key(server, "limited", rate_limit_override=1, rate_limit_burst=1)
    assert server.list({}, key=key).status == 200
    with Raw(server, "POST", "/v1/retrievers/execute", key=key, length=10 * MIB) as refused:
        head = refused.head()
    assert " 429 " in head and "\r\nX-RateLimit-Remaining: 0\r\n" in head
    assert head.count("Retry-After") == 1 and head.count("X-RateLimit-Limit") == 1


def test_bodies_of_one_key_leave_room_for_others(server):
    """Method: a key holds as many bodies open as it may; then it and another send one more."""
    greedy = make_key(server, "greedy")
    path = "/v1/retrievers/executions/list"
    held = [Raw(server, "POST", path, key=greedy, length=16 * MIB) for _ in range(4)]
    try:
        for one in held:
            assert one.send(b" " * (16 * MIB - 1))
        deadline = time.monotonic() + 30
        while True:
            with Raw(server, "POST", path, key=greedy, length=MIB) as more:
                more.send(b" " * MIB)
                head = more.head()
            if " 429 " in head or time.monotonic() > deadline:
                break
        assert " 429 " in head and "Retry-After: 1" in head, head
        assert server.list(" " * MIB).status == 200
        assert server.list({}, key=greedy).status == 200, "a short body costs nothing"
        for one in held:
            one.send(b" ")
            assert " 200 " in one.head()
        assert server.list(" " * MIB, key=greedy).status == 200
    finally:
        for one in held:
            one.socket.close()


def test_tails_of_one_key_leave_room_for_others(server):
    path = "/v1/retrievers/executions/tail"
    key = make_key(server, "follower")
    tails = []
    try:
        for _ in range(16):
            tail = Raw(server, "GET", path, key=key)
            assert " 200 " in tail.head()
            tails.append(tail)
        with Raw(server, "GET", path, key=key) as refused:
            head = refused.head()
            assert " 429 " in head and "Retry-After: 1" in head
        # An export is a stream as well.
        assert server.post("/v1/retrievers/executions/export", key=key).status == 429
        with Raw(server, "GET", path, key=KEY) as other:
            assert " 200 " in other.head()
        assert server.post("/v1/retrievers/executions/export").status == 200
    finally:
        for tail in tails:
            tail.socket.close()


def test_a_long_body_is_not_read_on_the_io_thread(server):
    """Goal: whoever asks how the server is does not wait for the reading of another's body.
    Method: there is one I/O thread. The last byte of an array of millions completes it, and at
    the same time somebody else asks. Three attempts, as the machine may have other plans."""
    body = b"[" + b"1," * (4 * MIB) + b"1]"
    for _ in range(3):
        with Raw(server, "POST", "/v1/retrievers/executions/list", key=KEY,
                 length=len(body)) as long, \
                socket.create_connection(("127.0.0.1", server.port), timeout=20) as quick:
            long.send(body[:-1])
            time.sleep(0.3)  # Until it has arrived; when it has not, the goal is met easily.
            replies = []
            waiting = threading.Thread(
                target=lambda: replies.append((long.head(), time.monotonic())))
            waiting.start()
            long.send(body[-1:])
            quick.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in quick.recv(4096)
            answered = time.monotonic()
            waiting.join()
            assert " 422 " in replies[0][0]
            if answered < replies[0][1]:
                return
    pytest.fail("the quick one always waited for the long one")


# ---- Content-Encoding of requests ----

def test_packed_requests_are_read(server):
    lines = "\n".join(json.dumps(row(number)) for number in range(100, 400)).encode()
    packed = {"Content-Encoding": "gzip"}
    report = server.ok("POST", IMPORT, gzip.compress(lines[:9000]) + gzip.compress(lines[9000:]),
                       headers=packed)
    assert (report["imported_count"], report["failed_count"]) == (300, 0)
    assert server.list({}).json["total"] >= 300
    server.ok("POST", "/v1/collections", gzip.compress(b'{"collection_name": "packed"}'),
              headers=packed)
    report = server.ok("POST", "/v1/collections/packed/documents/import",
                       gzip.compress(b'{"document_id": "a", "text": "hello"}\n'), headers=packed)
    assert report["imported_count"] == 1
    if shutil.which("zstd"):
        body = subprocess.run(["zstd", "-c"], input=b'{"status": "completed"}',
                              capture_output=True, check=True).stdout
        reply = server.list(body, headers={"Content-Encoding": "zstd"})
        assert reply.status == 200 and reply.json["filter"]["status"] == "completed"


def test_what_is_packed_otherwise_is_refused_everywhere(server):
    """Goal: no operation takes packed bytes for a body. Method: all that have one, from the
    server's own description."""
    seen = 0
    for path, methods in server.get("/openapi.json").json["paths"].items():
        for method, operation in methods.items():
            if "requestBody" not in operation:
                continue
            seen += 1
            reply = server.request(method.upper(), path.replace("{", "").replace("}", ""),
                                   b"not to be read", headers={"Content-Encoding": "br"})
            assert reply.status == 415, (method, path, reply)
            assert reply.headers["accept-encoding"] == "gzip, zstd, identity"
            assert reply.json["error"]["type"] == "UnsupportedMediaTypeError"
    assert seen > 20


@pytest.mark.parametrize("path", [IMPORT, "/v1/retrievers/executions/list"])
def test_broken_and_exploding_bodies_are_refused(server, path):
    headers = {"Content-Encoding": "gzip"}
    before = server.list({}).json["total"]
    assert server.post(path, b"not gzip at all", headers=headers).status == 400
    assert server.post(path, gzip.compress(b"{}" * 5000)[:-4], headers=headers).status == 400
    bomb = gzip.compress(b" " * (40 * MIB), 9)
    assert server.post(path, bomb, headers=headers).status == 413
    assert server.list({}).json["total"] == before


# ---- Memory ----

def is_sanitized():
    with open(BINARY, "rb") as binary:
        return b"__asan_init" in binary.read()


@pytest.mark.skipif(is_sanitized(), reason="the sanitizer needs all the address space there is")
def test_no_memory_is_503_and_passes(tmp_path):
    """Method: the server may take little more than it has; then comes a body that needs much
    more than that when it is read, in each of the ways that bodies are read."""
    server = Server(tmp_path / "data", environment={
        "TRAWL_HTTP_THREADS": "1", "TRAWL_WORKERS": "2",
        "TRAWL_LIMITS_QUERY_BYTES_MAX": str(16 * MIB)}).start()
    server.make_collection("docs")
    with open(f"/proc/{server.process.pid}/status") as status:
        size = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmSize"))
    arrays = "[" + "[0]," * (3 * MIB) + "[0]]"
    paths = {
        "/v1/retrievers/executions/list": arrays,
        "/v1/retrievers/execute": '{"stages": ' + arrays + "}",
        "/v1/collections/docs/documents": '{"a": ' + arrays + "}",
    }
    try:
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, (size + 150 * MIB, -1))
        for path, body in paths.items():
            reply = server.post(path, body)
            assert reply.status == 503, (path, reply)
            assert reply.headers["retry-after"] == "1"
        assert server.list({}).status == 200
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, (-1, -1))
    assert server.post("/v1/retrievers/executions/list", arrays).status == 422
    assert server.stop() == 0


@pytest.mark.skipif(is_sanitized(), reason="the sanitizer keeps what is freed")
def test_memory_of_a_heavy_run_is_given_back(tmp_path):
    """Goal: what runs over all documents took is the system's again soon after. Method: some
    that sort and group 30,000 documents, and then nothing."""
    server = Server(tmp_path / "data").start()
    server.make_collection("docs", [
        {"document_id": f"d{i}", "n": (i * 7919) % 30_000, "text": f"word {i} " * 40}
        for i in range(30_000)])

    def own_mib():
        with open(f"/proc/{server.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status
                        if line.startswith("RssAnon")) / 1024

    every = {"type": "attribute_filter", "field": "n", "operator": "gte", "value": 0}
    for stages in ([every, {"type": "sort_attribute", "field": "n"}],
                   [every, {"type": "group_by", "field": "n"}]):
        reply = server.execute(["docs"], stages, skip_cache=True)
        assert reply.json["status"] == "completed", reply
    deadline = time.monotonic() + 20
    while own_mib() > 100 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert own_mib() <= 100
    assert server.stop() == 0
