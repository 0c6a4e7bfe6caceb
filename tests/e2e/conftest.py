"""End-to-end tests: the real binary, over HTTP, in a scratch data directory.

TRAWL_BINARY names the binary. Every server listens on a free port of 127.0.0.1 and is
ended by the process id that the test started.
"""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

import pytest

BINARY = os.path.abspath(os.environ.get("TRAWL_BINARY", "build/release/trawl"))
KEY = "sk_test_administrator_key"


# Every server process that was started, so a test that fails leaves none behind.
STARTED = []


def pytest_sessionfinish():
    for process in STARTED:
        if process.poll() is None:
            process.kill()
            process.wait()


class Reply:
    """A response: status, headers (names in lower case), text and parsed JSON."""

    def __init__(self, status, headers, text):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.text = text

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"Reply({self.status}, {self.text[:400]!r})"


def files_below(folder):
    """Paths of the files below a folder in which others may be deleted meanwhile."""
    return [pathlib.Path(at) / name for at, _, names in os.walk(folder) for name in names]


def bytes_of_files(files):
    found = 0
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            found += file.stat().st_size
    return found


class Server:
    """A server process. Use start(), stop() (SIGTERM) and kill() (SIGKILL)."""

    def __init__(self, data_dir, arguments=(), environment=None, preexec=None):
        self.data_dir = str(data_dir)
        self.arguments = list(arguments)
        self.environment = {"TRAWL_API_KEY": KEY, **(environment or {})}
        self.preexec = preexec
        self.process = None
        self.port = None
        self.log = []

    def start(self, timeout=60, port=0):
        """Starts it on a free port, or on that one, as after a crash."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TRAWL_", "MIXPEEK_"))
        }
        environment.update(self.environment)
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data-dir", self.data_dir, "--listen", f"127.0.0.1:{port}",
             *self.arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment, preexec_fn=self.preexec, cwd=os.path.dirname(self.data_dir) or "/",
        )
        STARTED.append(self.process)
        self.log = []
        listening = threading.Event()

        def read_log(stream):
            for line in stream:
                self.log.append(line)
                found = re.search(r"listens on http://[^ ]*:(\d+)", line)
                if found:
                    self.port = int(found.group(1))
                    listening.set()
            listening.set()

        self.port = None
        self.readers = [threading.Thread(target=read_log, args=(stream,), daemon=True)
                        for stream in (self.process.stdout, self.process.stderr)]
        for reader in self.readers:
            reader.start()
        deadline = time.monotonic() + timeout
        while self.port is None:
            if self.process.poll() is not None:
                for reader in self.readers:  # Its last words.
                    reader.join(5)
                raise RuntimeError("the server ended at once: " + "".join(self.log))
            if time.monotonic() > deadline:
                self.process.kill()
                raise RuntimeError("the server does not listen: " + "".join(self.log))
            time.sleep(0.01)
        return self

    def stop(self, timeout=60):
        """Ends it as an operator would; returns the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout)
        self._ended()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._ended()

    def _ended(self):
        self.process = None
        for reader in self.readers:  # What it said last is in the log.
            reader.join(5)

    def logged(self, text, timeout=60):
        """The first line of its log with the text. Its two streams are read by two threads,
        so that a line may come behind what it was written before."""
        deadline = time.monotonic() + timeout
        while True:
            line = next((line for line in self.log if text in line), None)
            if line is not None:
                return line
            assert time.monotonic() < deadline, "".join(self.log)
            time.sleep(0.01)

    def request(self, method, path, body=None, key=KEY, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            sent = {"Content-Type": "application/json", **(headers or {})}
            if key is not None:
                sent["Authorization"] = f"Bearer {key}"
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            if isinstance(body, str):
                body = body.encode()
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(),
                         response.read().decode("utf-8"))
        finally:
            connection.close()

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    # Shorthands for what most tests do.

    def ok(self, method, path, body=None, **options):
        reply = self.request(method, path, body, **options)
        assert reply.status == 200, reply
        return reply.json

    def make_collection(self, name, documents=(), features=None, **options):
        body = {"collection_name": name}
        if features is not None:
            body["features"] = features
        self.ok("POST", "/v1/collections", body, **options)
        if documents:
            lines = "\n".join(json.dumps(document) for document in documents)
            report = self.ok("POST", f"/v1/collections/{name}/documents/import", lines, **options)
            assert report["failed_count"] == 0, report

    def execute(self, collections, stages, inputs=None, **fields):
        body = {"collection_identifiers": collections, "input_schema": {}, "stages": stages,
                "inputs": inputs or {}, **fields}
        return self.post("/v1/retrievers/execute", body)

    def list(self, body=None, query="", **options):
        return self.post("/v1/retrievers/executions/list" + query, body, **options)


def stage(stage_id, name=None, **parameters):
    return {"stage_name": name or stage_id,
            "config": {"stage_id": stage_id, "parameters": parameters}}


def search(query="{{INPUT.query}}", name="search", **parameters):
    return stage("feature_search", name,
                 searches=[{"feature_uri": "trawl://bm25@v1/text", "query": query,
                            "top_k": parameters.pop("top_k", 100)}], **parameters)


@pytest.fixture
def data_dir():
    with tempfile.TemporaryDirectory(prefix="trawl-test-") as directory:
        yield os.path.join(directory, "data")


@pytest.fixture
def server(data_dir):
    """A fresh server for one test."""
    server = Server(data_dir).start()
    yield server
    if server.process is not None:
        assert server.stop() == 0, "".join(server.log)


BOOKS = [
    {"document_id": "moby", "title": "Moby Dick", "author": "Melville", "year": 1851,
     "pages": 635, "tags": ["sea", "whale"], "text": "A captain hunts the white whale at sea."},
    {"document_id": "typee", "title": "Typee", "author": "Melville", "year": 1846,
     "pages": 300, "tags": ["sea", "island"], "text": "A sailor lives on an island of the sea."},
    {"document_id": "emma", "title": "Emma", "author": "Austen", "year": 1815,
     "pages": 474, "tags": ["love"], "text": "A young woman arranges marriages."},
    {"document_id": "persuasion", "title": "Persuasion", "author": "Austen", "year": 1817,
     "pages": 249, "tags": ["love", "sea"], "text": "A captain of the navy returns from sea."},
    {"document_id": "dracula", "title": "Dracula", "author": "Stoker", "year": 1897,
     "pages": 418, "text": "A count travels by ship to England."},
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """One server for a whole module, with a small collection `books` to read from."""
    server = Server(tmp_path_factory.mktemp("library") / "data").start()
    server.make_collection("books", BOOKS)
    yield server
    assert server.stop() == 0, "".join(server.log)
