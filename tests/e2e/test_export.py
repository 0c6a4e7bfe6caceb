"""Exports: the history as one long file, whole, in pieces, and when things go wrong."""

import csv
import gzip
import hashlib
import io
import json
import os
import socket
import subprocess
import threading
import time

import pytest

from conftest import BINARY, KEY, Server, search

PATH = "/v1/retrievers/executions/export"
START = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z


def iso(micros):
    seconds, rest = divmod(micros, 1_000_000)
    days, of_day = divmod(seconds - 1_767_225_600, 86_400)
    return (f"2026-01-{1 + days:02}T{of_day // 3600:02}:{of_day // 60 % 60:02}:"
            f"{of_day % 60:02}.{rest:06}Z")


def made_up(i):
    """Bursts of three executions share a timestamp."""
    return {"execution_id": f"exec_{i:06}", "execution_mode": "adhoc",
            "status": "failed" if i % 10 == 0 else "completed",
            "timestamp": iso(START + i // 3 * 1_000_000), "duration_ms": i % 97 + 0.5,
            "credits_used": 0.001 * i, "total_processed": i, "total_returned": i % 7,
            "cache_hit_rate": None if i % 5 == 0 else 0.25,
            "query_summary": None if i % 4 == 0 else f'say "hello", {i}\nand leave',
            "stages_completed": 1, "total_stages": 1,
            "collection_ids": None if i % 6 == 0 else ["col_a", "col_b"],
            "error": f"no luck, {i}" if i % 20 == 0 else None,
            "failed_stage": "find" if i % 20 == 0 else None,
            "inputs": json.dumps({"query": f"words {i}"})}


COUNT = 5000


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("export") / "data").start()
    lines = "\n".join(json.dumps(made_up(i)) for i in range(COUNT))
    report = server.ok("POST", "/v1/retrievers/executions/import", lines)
    assert report["imported_count"] == COUNT, report
    yield server
    assert server.stop() == 0, "".join(server.log)


def lines_of(reply):
    assert reply.status == 200, reply
    assert reply.text.endswith("\n")
    return reply.text.split("\n")[:-1]


def checked(text):
    """The rows of an NDJSON export and its trailer, which has to fit them."""
    *rows, last = text.split("\n")[:-1]
    trailer = json.loads(last)["_trailer"]
    assert trailer["rows"] == len(rows)
    assert trailer["sha256"] == hashlib.sha256(
        "".join(row + "\n" for row in rows).encode()).hexdigest()
    assert trailer["complete"] == (trailer["next_cursor"] is None)
    return [json.loads(row) for row in rows], trailer


def listed(server, body=None):
    rows, cursor = [], ""
    while True:
        page = server.ok("POST", "/v1/retrievers/executions/list?limit=1000" + cursor, body)
        rows += page["results"]
        if not page["pagination"]["next_cursor"]:
            return rows
        cursor = "&cursor=" + page["pagination"]["next_cursor"]


def raw(server, head, body=b"{}", path=PATH, version="1.1"):
    """The bytes of the reply to a request that is followed by the end of the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(
            f"POST {path} HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
            f"Connection: close\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        received = b""
        while piece := connection.recv(1 << 16):
            received += piece
    return received


def test_export_is_the_whole_list(history):
    rows, trailer = checked(history.post(PATH, {}).text)
    assert rows == listed(history)
    assert len(rows) == COUNT and trailer["next_cursor"] is None
    assert list(rows[0]) == ["execution_id", "execution_mode", "status", "timestamp",
                             "duration_ms", "credits_used", "total_processed",
                             "total_returned", "cache_hit_rate", "query_summary",
                             "stages_completed", "total_stages", "collection_ids"]


def test_filters_are_those_of_the_list(history):
    body = {"status": "failed", "start_time": iso(START + 100_000_000),
            "end_time": iso(START + 900_000_000)}
    rows, _ = checked(history.post(PATH, body).text)
    assert rows == listed(history, body)
    assert 0 < len(rows) < COUNT // 10
    nothing, trailer = checked(history.post(PATH, {"status": "cancelled"}).text)
    assert nothing == [] and trailer["rows"] == 0


@pytest.mark.parametrize("step", [1, 999, 1000, 2500, COUNT, COUNT + 1])
def test_parts_make_the_whole(history, step):
    body = {"start_time": iso(START + 1_600_000_000)} if step == 1 else {}
    whole, _ = checked(history.post(PATH, body).text)
    rows, cursor = [], ""
    while True:
        part, trailer = checked(history.post(f"{PATH}?limit={step}{cursor}", body).text)
        rows += part
        if trailer["complete"]:
            break
        assert len(part) == step
        cursor = f"&cursor={trailer['next_cursor']}"
    assert rows == whole


def test_goes_on_behind_an_execution(history):
    whole, _ = checked(history.post(PATH, {}).text)
    for place in (0, 1, 2, 777, COUNT - 2, COUNT - 1):
        rest, _ = checked(history.post(f"{PATH}?after={whole[place]['execution_id']}").text)
        assert rest == whole[place + 1:]
    gone = history.post(f"{PATH}?after=exec_gone")
    assert gone.status == 404 and "exec_gone" in gone.json["error"]["message"]


@pytest.mark.parametrize("fields", [
    ["status", "execution_id"], ["execution_id", "error", "failed_stage"],
    ["caller", "inputs", "replayable"], "duration_ms"])
def test_fields_are_those_of_the_list(history, fields):
    body = {"fields": fields, "statuses": ["failed", "completed"]}
    rows, _ = checked(history.post(PATH, body).text)
    assert rows == listed(history, body)
    assert all(list(row) == ([fields] if isinstance(fields, str) else fields) for row in rows)


def test_slips_in_fields_are_those_of_the_list(history):
    for path, body, text in ((PATH, {"fields": ["eror"]}, "did you mean 'error'?"),
                             (PATH + "?format=csv", {"fields": ["error"]}, "format=ndjson"),
                             (PATH + "?detail=true", {"fields": ["error"]}, "leave")):
        reply = history.post(path, body)
        assert reply.status == 422, reply
        assert text in reply.json["error"]["message"]
    assert len(checked(history.post(PATH + "?limit=3", {"fields": []}).text)[0][0]) == 13


def test_a_relative_range_keeps_its_meaning(history):
    body = {"start_time": "-3650d", "end_time": "-1s"}
    reply = history.post(PATH + "?limit=10", body)
    first, _ = checked(reply.text)
    cursor = reply.headers["x-trawl-cursor"]
    again, _ = checked(history.post(
        f"{PATH}?limit=5&cursor={cursor}&after={first[4]['execution_id']}", body).text)
    assert again == first[5:]
    other = history.post(f"{PATH}?cursor={cursor}", {"start_time": "-3651d"})
    assert other.status == 422
    assert other.json["error"]["details"]["validation_errors"][0]["location"] == "query.cursor"


def test_csv(history):
    reply = history.post(PATH + "?format=csv")
    assert reply.headers["content-type"].startswith("text/csv")
    assert reply.text.count("\r\n") == COUNT + 1
    rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))
    expected = listed(history)
    errors = {row["execution_id"]: row["error"] for row in listed(
        history, {"fields": ["execution_id", "error"], "status": "failed"})}
    assert any(errors.values())
    assert len(rows) == len(expected)
    for row, want in zip(rows, expected):
        assert list(row) == [*want, "error", "failed_stage"]
        assert row["error"] == (errors.get(want["execution_id"]) or "")
        assert row["execution_id"] == want["execution_id"]
        assert float(row["duration_ms"]) == want["duration_ms"]
        assert row["query_summary"] == (want["query_summary"] or "")
        assert row["collection_ids"] == " ".join(want["collection_ids"] or [])
        assert row["cache_hit_rate"] == ("" if want["cache_hit_rate"] is None else "0.25")
    *before, last = history.post(PATH + "?format=csv&trailer=true&limit=3").text.split("\r\n")[:-1]
    digest = hashlib.sha256("".join(line + "\r\n" for line in before).encode()).hexdigest()
    assert last.startswith(f"# rows=3 sha256={digest} next_cursor=")


def test_gzip_as_a_coding_and_as_a_file(history):
    plain = history.post(PATH + "?limit=1000").text

    def fetch(path, coding):
        head, body = raw(history, f"Accept-Encoding: {coding}\r\n", path=path,
                         version="1.0").split(b"\r\n\r\n", 1)
        return head.decode().lower(), body

    for coding in ("gzip", "deflate, GZIP;q=0.5", "*"):
        head, body = fetch(PATH + "?limit=1000", coding)
        assert "content-encoding: gzip" in head and "application/x-ndjson" in head
        assert len(body) < len(plain) / 4
        assert gzip.decompress(body).decode() == plain
    for coding in ("identity", "gzip;q=0", "gzip; q=0.0, br"):
        head, body = fetch(PATH + "?limit=1000", coding)
        assert "content-encoding" not in head and body.decode() == plain
    head, body = fetch(PATH + "?limit=1000&gzip=true", "gzip")
    assert "content-encoding" not in head and "content-type: application/gzip" in head
    assert '.ndjson.gz"' in head
    assert gzip.decompress(body).decode() == plain


def test_http_trailers(history):
    text = history.post(PATH).text
    trailer = checked(text)[1]
    received = raw(history, "TE: trailers\r\n").decode()
    assert "Trailer: X-Trawl-Rows, X-Trawl-SHA256" in received
    assert received.endswith(f"\r\n0\r\nX-Trawl-Rows: {COUNT}\r\n"
                             f"X-Trawl-SHA256: {trailer['sha256']}\r\n\r\n")
    without = raw(history, "").decode()
    assert "Trailer:" not in without and without.endswith("\r\n0\r\n\r\n")
    assert raw(history, "", path=PATH + "?trailer=false&limit=1").count(b"_trailer") == 0


def test_details_go_into_another_server(history, data_dir):
    history.make_collection("notes", [{"document_id": "a", "text": "a whale"}],
                            features=None)
    first = history.execute(["notes"], [search("whale")], {}).json
    text = history.post(PATH + "?detail=true").text
    details, _ = checked(text)
    shown = history.get(f"/v1/retrievers/executions/{first['execution_id']}").json
    assert shown.pop("replayable") is True  # Of now, and so no part of what was recorded.
    assert details[0] == shown
    other = Server(data_dir).start()
    try:
        report = other.ok("POST", "/v1/retrievers/executions/import", text)
        assert report["imported_count"] == len(details) and report["failed_count"] == 0, report
        there = checked(other.post(PATH + "?detail=true").text)[0]
        for row in there + details:
            del row["namespace_id"]  # Its own, in each.
        assert there == details
        again = other.ok("POST", "/v1/retrievers/executions/import", text)
        assert again["imported_count"] == 0 and again["skipped_count"] == len(details)
    finally:
        assert other.stop() == 0


@pytest.mark.parametrize("query, location, message", [
    ("format=xml", "query.format", "ndjson or csv"),
    ("formt=csv", "query.formt", "did you mean 'format'?"),
    ("detail=maybe", "query.detail", "true or false"),
    ("limit=0", "query.limit", "0"),
    ("limit=ten", "query.limit", "ten"),
    ("cursor=nonsense", "query.cursor", "cursor"),
    ("format=csv&detail=true", "query.detail", "format=ndjson"),
    ("gzip=2", "query.gzip", "true or false"),
])
def test_refuses_what_it_does_not_know(history, query, location, message):
    reply = history.post(f"{PATH}?{query}")
    assert reply.status == 422, reply
    error = reply.json["error"]["details"]["validation_errors"][0]
    assert error["location"] == location and message in error["message"]


def test_needs_a_key_that_may_read(history):
    assert history.post(PATH, key=None).status == 401
    assert history.post(PATH, {"statsu": "failed"}).status == 422
    assert history.post(PATH, "[").status == 400


def test_what_is_written_meanwhile_is_not_in_it(history):
    """Goal: an export is one moment. Method: read its first rows, record, read the rest."""
    with socket.create_connection(("127.0.0.1", history.port), timeout=60) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.sendall((f"POST {PATH}?detail=true HTTP/1.0\r\nAuthorization: Bearer {KEY}"
                            "\r\nContent-Length: 0\r\n\r\n").encode())
        received = b""
        while b"exec_" not in received:
            received += connection.recv(2048)
        late = dict(made_up(1), execution_id="late", timestamp="2025-12-31T00:00:00Z")
        history.ok("POST", "/v1/retrievers/executions/import", json.dumps(late))
        while piece := connection.recv(1 << 16):
            received += piece
    rows, _ = checked(received.split(b"\r\n\r\n", 1)[1].decode())
    assert len(rows) >= COUNT
    assert all(row["execution_id"] != "late" for row in rows)


def test_streams_are_bounded_and_a_stop_cuts_them(tmp_path):
    server = Server(tmp_path / "data", environment={"TRAWL_HTTP_STREAMS_MAX": "2"}).start()
    lines = "\n".join(json.dumps(dict(made_up(i), inputs="x" * 2000)) for i in range(8000))
    server.ok("POST", "/v1/retrievers/executions/import", lines)
    stuck = []
    for _ in range(2):
        # Before it connects: some systems let a window grow to twice this export.
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall((f"POST {PATH}?detail=true HTTP/1.1\r\nHost: x\r\n"
                            f"Authorization: Bearer {KEY}\r\nContent-Length: 0\r\n\r\n").encode())
        assert connection.recv(100)
        stuck.append(connection)
    refused = server.post(PATH)
    assert refused.status == 503 and refused.headers["retry-after"] == "1"
    assert server.list().status == 200

    received = []

    def read_all(connection):
        text = b""
        while piece := connection.recv(1 << 16):
            text += piece
        received.append(text)

    stopping = threading.Thread(target=lambda: received.append(server.stop()))
    stopping.start()
    # Until the server has noticed, nobody reads, so no export can end.
    time.sleep(1)
    for connection in stuck:
        read_all(connection)
        connection.close()
    stopping.join()
    assert 0 in received
    for text in (text for text in received if text != 0):
        body = text.partition(b"\r\n\r\n")[2]  # A head may end in a 0 as well.
        assert not body.endswith(b"0\r\n\r\n"), "a cut looks like an end"


class Proxy:
    """Passes connections on to a server, and cuts the first ones after some bytes."""

    def __init__(self, port, cuts):
        self.port_of_server = port
        self.cuts = list(cuts)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.port_of_server))
            except OSError:  # It is being restarted, and the client comes again.
                client.close()
                continue
            cut = self.cuts.pop(0) if self.cuts else None
            threading.Thread(target=self.copy, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self.copy, args=(server, client, cut), daemon=True).start()

    @staticmethod
    def copy(source, sink, left):
        try:
            while piece := source.recv(1 << 14 if left is None else min(left, 1 << 14)):
                sink.sendall(piece)
                if left is not None:
                    left -= len(piece)
                    if left == 0:
                        break
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def trawl(port, *arguments, **options):
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TRAWL_API_KEY": KEY,
                   "TRAWL_URL": f"http://127.0.0.1:{port}"}
    return subprocess.run([BINARY, "executions", "export", *arguments], env=environment,
                          capture_output=True, timeout=60, check=False, **options)


def test_the_command_writes_what_the_list_shows(history, tmp_path):
    done = trawl(history.port)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == listed(history)
    assert done.stdout.endswith(b"\n") and b"_trailer" not in done.stdout
    file = tmp_path / "out.csv.gz"
    done = trawl(history.port, "--format", "csv", "--gzip", "--status", "failed", "-o", file)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(file.read_bytes()).decode(),
                                           newline="")))
    assert [row["execution_id"] for row in rows] == [
        row["execution_id"] for row in listed(history, {"status": "failed"})]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out.csv.gz"]


def test_what_the_command_wrote_can_be_imported(history, tmp_path):
    file = tmp_path / "history.ndjson.gz"
    done = trawl(history.port, "--detail", "-o", file)
    assert done.returncode == 0, done.stderr
    other = Server(tmp_path / "data").start()
    try:
        environment = {"PATH": os.environ["PATH"], "TRAWL_API_KEY": KEY,
                       "TRAWL_URL": f"http://127.0.0.1:{other.port}"}
        for name, given in ((file, None), ("-", file.read_bytes())):
            done = subprocess.run([BINARY, "executions", "import", name], env=environment,
                                  input=given, capture_output=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr
        assert listed(other) == listed(history)
        # Nor does an import take it for lines that are all bad.
        refused = other.post("/v1/retrievers/executions/import", file.read_bytes())
        assert refused.status == 400
        assert "Content-Encoding: gzip" in refused.json["error"]["message"]
        pretty = json.dumps(listed(history)[:3], indent=2)
        refused = other.post("/v1/retrievers/executions/import", pretty)
        assert refused.status == 400 and "jq -c" in refused.json["error"]["message"]
        assert "errors" not in refused.json
    finally:
        other.stop()


def test_rows_are_lines_for_any_reader(history):
    text = "a\u0085b\u2028c\u2029d"
    history.ok("POST", "/v1/namespaces", {"namespace_name": "lines"})
    headers = {"X-Namespace": "lines"}
    row = {"execution_id": "ends", "status": "completed", "timestamp": "2026-01-01T00:00:00Z",
           "query_summary": text}
    history.ok("POST", "/v1/retrievers/executions/import", json.dumps(row), headers=headers)
    sent = history.post(PATH, headers=headers).text.splitlines()
    assert len(sent) == 2 and json.loads(sent[0])["query_summary"] == text
    tailed = history.get("/v1/retrievers/executions/tail?since=2025-01-01&end_after_ms=0",
                         headers=headers).text.splitlines()
    data = [line for line in tailed if line.startswith("data: ") and "ends" in line]
    assert json.loads(data[0][6:])["query_summary"] == text


@pytest.mark.parametrize("arguments", [[], ["--format", "csv"], ["--detail"],
                                       ["--limit", "4000", "--since", "-3650d"]])
def test_the_command_outlives_broken_connections(history, tmp_path, arguments):
    whole = trawl(history.port, *arguments)
    assert whole.returncode == 0, whole.stderr
    proxy = Proxy(history.port, [300_000, 100_001, 50_000])
    try:
        file = tmp_path / "out"
        done = trawl(proxy.port, *arguments, "-o", file)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(b"resuming after") == 3, done.stderr
        assert file.read_bytes() == whole.stdout
    finally:
        proxy.close()


def test_the_command_fails_cleanly(history, tmp_path):
    assert trawl(history.port, "--since", "soon").returncode == 2
    assert trawl(history.port, "-o", "csv").returncode == 2
    assert trawl(history.port, "-o", tmp_path / "no" / "such").returncode == 2
    assert trawl(1).returncode == 1
    with open("/dev/full", "wb") as full:
        environment = {"TRAWL_API_KEY": KEY, "TRAWL_URL": f"http://127.0.0.1:{history.port}"}
        done = subprocess.run([BINARY, "executions", "export"], env=environment, stdout=full,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 2 and b"disk full" in done.stderr
