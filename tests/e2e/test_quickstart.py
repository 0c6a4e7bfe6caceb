"""What `make run` starts: the demonstration, what its history is good for, and the link."""

import importlib.util
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import urllib.parse

import pytest

from conftest import BINARY, Server

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def catalogue():
    """The small one of the console's tests, in place of the machine's."""
    spec = importlib.util.spec_from_file_location("history", ROOT / "tests/console/history.py")
    history = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(history)
    return history.packages()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """The quickstart, still serving: what it printed, and a client of its server."""
    data_dir = tmp_path_factory.mktemp("quickstart") / "data"
    data_dir.mkdir()
    (data_dir / "packages.ndjson").write_text(
        "".join(json.dumps(one) + "\n" for one in catalogue()))
    port = free_port()
    process = subprocess.Popen(
        [ROOT / "scripts/quickstart"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "TRAWL": BINARY, "DATA_DIR": str(data_dir),
             "LISTEN": f"127.0.0.1:{port}"})
    try:
        printed = []
        for line in process.stdout:
            printed.append(line)
            # Its last line; without a console it is the one before.
            if "/console#key=" in line or ("Ctrl-C" in line and not has_console(port)):
                break
        server = Server(data_dir)
        server.port = port
        yield "".join(printed), server, (data_dir / "admin.key").read_text().strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def has_console(port):
    server = Server("")
    server.port = port
    return server.get("/console", key=None).status == 200


def test_its_last_line_is_a_link_that_signs_in(started):
    printed, server, key = started
    if not has_console(server.port):
        pytest.skip("the binary was built without its console")
    last = printed.strip().splitlines()[-1].strip()
    found = re.fullmatch(rf"http://127\.0\.0\.1:{server.port}/console#key=(\S+)", last)
    assert found, last
    assert urllib.parse.unquote(found.group(1)) == key
    assert server.list({}, key=key).status == 200


def test_its_history_has_something_to_see(started):
    _, server, key = started

    def rows(**body):
        return server.ok("POST", "/v1/retrievers/executions/list?limit=100", body, key=key)["results"]

    failed = rows(status="failed", fields=["query_summary", "failed_stage"])
    alike = [row for row in failed if row["failed_stage"] == "name_matches"]
    assert len(alike) == 3, "three failed queries of one kind"
    assert len({row["query_summary"] for row in alike}) == 3
    assert len(failed) > len(alike), "and one of another"
    # Three that found nothing because of one stage, and the change that would have carried
    # what it lost past it.
    nothing = [row for row in rows(status="completed", returned="zero")
               if row["total_stages"] > 1]
    assert len(nothing) == 3
    for row in nothing:
        path = f"/v1/retrievers/executions/{row['execution_id']}"
        found = server.ok("GET", path, key=key)["stages"][0]["candidates"][0]
        said = server.ok("POST", f"{path}/why", {"document_id": found["document_id"]}, key=key)
        assert said["lost_at"]["stage_name"] == "programs_that_fit", said
    # Two of one pipeline whose inputs differ, to be compared.
    shapes = {}
    for row in rows(fields=["execution_id", "shape", "inputs"]):
        shapes.setdefault(row["shape"], set()).add(json.dumps(row["inputs"], sort_keys=True))
    assert any(len(inputs) >= 3 for inputs in shapes.values())


def test_the_whole_catalogue_gets_vectors_where_there_is_a_model(started):
    printed, server, key = started

    def features(collection):
        return server.ok("GET", f"/v1/collections/{collection}", key=key)["features"]

    models = pathlib.Path(os.environ.get("MODELS_DIR", ROOT / "build/models"))
    kinds = {name: [one["type"] for one in features(name)] for name in ("packages", "sample")}
    if (models / "all-MiniLM-L6-v2/model.onnx").exists() and (models / "onnxruntime").exists():
        # The demonstration has waited for its part, and for nothing else.
        assert kinds == {"packages": ["bm25", "dense"], "sample": ["bm25", "dense"]}
        assert features("sample")[1]["progress"]["awaited"] == 0
        assert re.search(r"\d+ documents have their vectors", printed)
        made = features("packages")[1]["progress"]
        assert made["documents"] == 2000 and not made["paused"] and made["error"] is None, made
        # The first of them may be there already.
        assert re.search(r"of \d+ documents are made meanwhile: trawl collections wait packages",
                         printed)
    else:
        assert kinds == {"packages": ["bm25"], "sample": ["bm25"]}
        assert printed.count("there is no embedding model: scripts/models fetches one") == 1
        assert "are made meanwhile" not in printed


def test_it_shows_why_a_document_is_missing_and_what_carries_it_past(started):
    printed, _, _ = started
    assert "'gwenview' was lost at the stage 'programs_that_fit'" in printed.replace("\n", " ")
    assert re.search(r"With\s+installed_size\s+lte\s+11615\s+it\s+passes", printed)
