"""What waits, for its client or for a disk, leaves everybody else as they were."""

import json
import socket
import statistics
import threading
import time

import pytest

from conftest import BOOKS, KEY, Server, search

IMPORTERS = 64
WRITERS = 16


@pytest.fixture
def server(data_dir):
    """One I/O thread and two workers: what holds either is felt at once."""
    server = Server(data_dir, environment={
        "TRAWL_HTTP_THREADS": "1", "TRAWL_WORKERS": "2",
        "TRAWL_HTTP_UPLOADS_MAX": str(IMPORTERS),
        "TRAWL_HTTP_UPLOADS_PER_KEY_MAX": str(IMPORTERS)}).start()
    server.make_collection("books", BOOKS)
    yield server
    if server.process is not None:
        assert server.stop() == 0, "".join(server.log)


def requests_of(server):
    """What must stay as it was: each does one request, and checks its answer."""
    def execute():
        reply = server.execute(["books"], [search("whale")], skip_cache=True)
        assert reply.json["status"] == "completed", reply

    def list_page():
        assert server.list({}).status == 200

    def search_history():
        assert server.list({"query": "whale", "min_duration_ms": 0}).status == 200

    def live():
        assert server.get("/livez").status == 200

    return {"execute": execute, "list": list_page, "search": search_history, "livez": live}


def medians(requests, rounds=15):
    """Seconds that each takes, in the median."""
    taken = {name: [] for name in requests}
    for _ in range(rounds):
        for name, request in requests.items():
            begin = time.monotonic()
            request()
            taken[name].append(time.monotonic() - begin)
    return {name: statistics.median(times) for name, times in taken.items()}


def metric(server, name):
    lines = server.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))


class Importer:
    """An import of which a few bytes come at a time."""

    def __init__(self, server, number):
        document = json.dumps({"document_id": f"slow-{number}", "text": "a slow whale"})
        self.rest = document.encode()
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.socket.sendall((
            "POST /v1/collections/books/documents/import HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {KEY}\r\nContent-Length: {len(self.rest)}\r\n\r\n").encode())

    def send(self, size):
        self.socket.sendall(self.rest[:size])
        self.rest = self.rest[size:]

    def reply(self):
        received = b""
        while b"imported_count" not in received:
            piece = self.socket.recv(4096)
            assert piece, received
            received += piece
        return received.decode()


def test_slow_importers_hold_nobody_up(server):
    requests = requests_of(server)
    quiet = medians(requests)
    importers = [Importer(server, number) for number in range(IMPORTERS)]
    over = threading.Event()

    def trickle():
        while not over.wait(0.1):
            for importer in importers:
                if len(importer.rest) > 10:
                    importer.send(1)

    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        deadline = time.monotonic() + 30
        while metric(server, "trawl_http_uploads") < IMPORTERS:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        beside = medians(requests)
    finally:
        over.set()
        sender.join()
    for name, seconds in beside.items():
        assert seconds < 10 * quiet[name] + 0.2, (name, quiet, beside)
    for importer in importers:
        importer.send(len(importer.rest))
    for importer in importers:
        assert '"imported_count":1' in importer.reply()
        importer.socket.close()
    count = server.ok("GET", "/v1/collections/books/documents/count")["count"]
    assert count == len(BOOKS) + IMPORTERS


def test_writers_hold_nobody_up(server):
    """Goal: a write that waits for its turn and for the disk is no worker's business. Method:
    eight times as many writers as workers, which come again at once. What would queue behind
    them would take as long as they do."""
    written = []
    over = threading.Event()

    def write(number):
        count = 0
        while not over.is_set():
            updates = [{"document_id": f"{number}-{i}", "update_data": {"count": count}}
                       for i in range(50)]
            begin = time.monotonic()
            server.ok("POST", "/v1/collections/shelf/documents/batch", {"updates": updates})
            written.append(time.monotonic() - begin)
            count += 1

    server.make_collection("shelf", [
        {"document_id": f"{number}-{i}", "text": "whale " * 20}
        for number in range(WRITERS) for i in range(50)])
    requests = requests_of(server)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        deadline = time.monotonic() + 30
        while len(written) < 2 * WRITERS:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        beside = medians(requests)
    finally:
        over.set()
        for writer in writers:
            writer.join()
    write_median = statistics.median(written)
    print(beside, write_median)
    for name in ("execute", "search"):  # These run on workers.
        assert beside[name] < write_median / 2, (name, beside, write_median)


def test_a_stop_does_not_lose_what_waits(server):
    """Method: writers are at it when the server is told to stop. Each either has its answer, and
    its documents are there, or none was given."""
    acknowledged = []

    def write(number):
        for count in range(10_000):
            name = f"{number}-{count}"
            try:
                reply = server.post("/v1/collections/shelf/documents",
                                    {"document_id": name, "text": "a whale"})
            except OSError:
                return
            if reply.status != 200:
                return
            acknowledged.append(name)

    server.make_collection("shelf")
    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(0.5)
    assert server.stop() == 0, "".join(server.log)
    for writer in writers:
        writer.join()
    server.start()
    assert acknowledged
    for name in acknowledged[-100:]:
        assert server.get(f"/v1/collections/shelf/documents/{name}").status == 200, name
