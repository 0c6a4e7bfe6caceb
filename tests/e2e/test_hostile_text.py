"""Text that somebody else wrote, where people look at it: terminals and logs."""

import json
import os
import pty
import re
import subprocess

import pytest

from conftest import BINARY, KEY, Server, stage

HOSTILE = {
    "escape": "\x1b[2J\x1b]0;owned\x07", "c1": "\x9b31m", "line": "a\r\nb\u2028c\u2029d",
    "override": "\u202egpj.exe\u202c", "isolate": "\u2066x\u2067y\u2068z\u2069",
    "mark": "\u200e\u200f\u061c", "unseen": "p\u200ba\u200cy\u200dp\ufeffal\u2060",
    "tag": "\U000e0041", "delete": "\x7f",
}
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\U000e0000-\U000e0fff]")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("hostile") / "data",
                    ["--log-level", "debug"]).start()
    lines = [json.dumps({"execution_id": f"exec_{name}", "status": "failed",
                         "timestamp": f"2024-01-01T00:00:{number:02}Z",
                         "query_summary": f"q{text}q", "error": f"e{text}e",
                         "failed_stage": f"s{text}",
                         "stages": [{"stage_name": f"s{text}", "error": f"e{text}e",
                                     "warnings": [f"w{text}"]}]})
             for number, (name, text) in enumerate(HOSTILE.items())]
    report = server.ok("POST", "/v1/retrievers/executions/import", "\n".join(lines))
    assert report["imported_count"] == len(lines), report
    server.make_collection("papers", [
        {"document_id": f"d-{name}", "text": f"t{text}t"} for name, text in HOSTILE.items()
        if name != "line"])
    server.ok("PATCH", "/v1/collections/papers", {"description": "".join(HOSTILE.values())})
    yield server
    assert server.stop() == 0


def run(server, *arguments):
    return subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "TRAWL_URL": f"http://127.0.0.1:{server.port}",
             "TRAWL_API_KEY": KEY})


def test_nothing_reaches_a_terminal(server):
    everything = "".join(HOSTILE.values()).replace("\x00", "")
    commands = [
        ("executions", "list"), ("documents", "show", "papers", "d-mark"), ("collections", "list"),
        ("namespaces", "list"),
        ("executions", "show", "exec_nobody" + everything),
        ("documents", "show", "papers", "d" + everything),
        ("documents", "delete", "papers", "d" + everything),
        ("collections", "delete", "c" + everything), ("namespaces", "delete", everything),
        ("keys", "list", "--user", everything), ("keys", "revoke", everything),
        ("executions", "delete", "e" + everything), ("no" + everything,), ("executions", "list", "--limit", everything),
        ("execute", "-f", "/nowhere" + everything)]
    commands += [("executions", "show", f"exec_{name}") for name in HOSTILE]
    for command in commands:
        done = run(server, *command, "-o", "table")
        for text in (done.stdout, done.stderr):
            found = FORBIDDEN.search(text)
            assert not found, (command, text)
        assert done.stdout or done.stderr


def test_machines_get_every_byte(server):
    for form in ("json", "ndjson"):
        shown = run(server, "executions", "list", "-o", form)
        rows = (json.loads(shown.stdout)["results"] if form == "json"
                else [json.loads(line) for line in shown.stdout.split("\n") if line])
        assert {row["query_summary"] for row in rows} == {
            f"q{text}q" for text in HOSTILE.values()}


def on_terminal(server, *arguments):
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [BINARY, *arguments], stdout=theirs, stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "TRAWL_URL": f"http://127.0.0.1:{server.port}",
             "TRAWL_API_KEY": KEY, "NO_COLOR": "1"})
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 1 << 16):
            written += piece
    except OSError:  # How a terminal says that nobody writes any more.
        pass
    os.close(ours)
    assert done.wait(60) == 0, written
    return re.sub("\r+\n", "\n", written.decode())  # The terminal adds one, CSV another.


def test_a_terminal_gets_harmless_json_of_the_same_meaning(server):
    wanted = {f"q{text}q" for text in HOSTILE.values()}
    for command in (("executions", "list", "-o", "ndjson"), ("executions", "export")):
        text = on_terminal(server, *command)
        assert not FORBIDDEN.search(text), text
        rows = [json.loads(line) for line in text.split("\n") if line]
        assert {row["query_summary"] for row in rows} == wanted
    for command in (("executions", "list", "-o", "json"), ("collections", "show", "papers"),
                    ("executions", "list", "-o", "csv"),
                    ("executions", "export", "--format", "csv")):
        text = on_terminal(server, *command)
        assert text and not FORBIDDEN.search(text), text


def test_a_csv_of_the_command_line_is_no_formula_either(server):
    server.ok("POST", "/v1/collections", {"collection_name": "=cmd", "description": "-1"})
    safe = run(server, "collections", "list", "-o", "csv").stdout
    assert "'=cmd" in safe and ",=cmd" not in safe and not safe.startswith("=cmd")
    raw = run(server, "collections", "list", "-o", "csv", "--raw").stdout
    assert "=cmd" in raw and "'=cmd" not in raw


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_of_the_log_is_forged(tmp_path, form):
    server = Server(tmp_path / "data", ["--log-level", "debug", "--log-format", form]).start()
    forged = "%0a2026-01-01T00:00:00.000Z%20info%20forged%1b[2J%e2%80%ae"
    server.get(f"/v1/collections/{forged}")
    server.get(f"/{forged}%20200%201%20us", headers={"X-Request-Id": "x y"})
    server.get("/livez", headers={"X-Request-Id": "req\x1b[31m"})
    server.request("GET", "/v1/namespaces/a", headers={"X-Namespace": "\x9b31m"})
    assert server.stop() == 0
    lines = [line.rstrip("\n") for line in server.log]
    assert any("forged" in line for line in lines)
    for line in lines:
        assert not FORBIDDEN.search(line), line
        if form == "json":
            assert set(json.loads(line)) == {"time", "level", "message"}, line
        else:
            assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z [a-z]+ ", line), line
            assert "info forged" not in line
    # The fields behind a path are the server's own.
    (line,) = [line for line in lines if "200" in line and "1%20us" in line]
    assert re.search(r"%20us 404 \d+ us", line), line
