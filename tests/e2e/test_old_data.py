"""Data directories that older programs wrote are opened by this one, whole."""

import json
import os
import subprocess
import tarfile

import pytest

from conftest import BINARY, Server, search

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fixtures")
SETTINGS = {"TRAWL_LEDGER_RETENTION_EVERY_MS": "0"}


def unpack(name, folder):
    """The data directory of a fixture, unpacked into a folder."""
    with tarfile.open(os.path.join(FIXTURES, name + ".tar.xz")) as archive:
        archive.extractall(folder)
    return os.path.join(folder, name)


def doctor(data_dir, *flags):
    done = subprocess.run([BINARY, "doctor", "--data-dir", data_dir, *flags],
                          capture_output=True, text=True, timeout=120,
                          env={"PATH": os.environ["PATH"]})
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A server on what 0.1.0 wrote; tests/fixtures/make_old_data.py says what that is."""
    data = unpack("data-0.1", str(tmp_path_factory.mktemp("old")))
    server = Server(data, environment=SETTINGS).start()
    yield server
    assert server.stop() == 0, "".join(server.log)


def total(server, body=None, **options):
    return server.list(body or {}, "?limit=1", **options).json["total"]


def test_the_history_is_whole(old):
    # 4,200 imported and 30 run, less the 7 oldest that were deleted.
    assert total(old) == 4223
    assert total(old, {"status": "failed"}) == 419
    assert total(old, {"stage_id": "limit"}) == 2097
    assert total(old, {"stage_id": "feature_search"}) == 2127
    assert total(old, {"failed_stage": "limit"}) == 419
    assert total(old, {"min_duration_ms": 400, "end_time": "2025-12-01"}) == 10
    assert total(old, headers={"X-Namespace": "guarded"}) == 5
    seen = set()
    cursor = ""
    while True:
        page = old.list({}, f"?limit=1000{cursor}").json
        rows = page["results"]
        assert rows == sorted(rows, key=lambda row: row["timestamp"], reverse=True)
        seen.update(row["execution_id"] for row in rows)
        if not page["pagination"].get("next_cursor"):
            break
        cursor = "&cursor=" + page["pagination"]["next_cursor"]
    assert len(seen) == 4223
    assert "exec_old_00006" not in seen and "exec_old_00007" in seen


def test_words_and_records_are_found(old):
    by_word = total(old, {"query": "basalt"})
    assert by_word == total(old, {"filters": {
        "field": "query_summary", "operator": "contains", "value": "basalt"}})
    assert by_word > 0
    detail = old.get("/v1/retrievers/executions/exec_old_00010").json
    assert detail["status"] == "failed" and detail["failed_stage"] == "limit"
    assert detail["error"] and detail["duration_ms"] == 11
    newest = old.list({}, "?limit=1").json["results"][0]
    detail = old.get(f"/v1/retrievers/executions/{newest['execution_id']}").json
    assert json.loads(detail["inputs"]) == {"query": "delta"}
    assert [stage["stage_id"] for stage in detail["stages"]] == ["feature_search"]


def test_a_redacted_namespace_stays_one(old):
    guarded = {"X-Namespace": "guarded"}
    for row in old.list({}, headers=guarded).json["results"]:
        detail = old.get(f"/v1/retrievers/executions/{row['execution_id']}", headers=guarded)
        assert "4000-0000" not in detail.text
        assert json.loads(detail.json["inputs"]) == {"query": "amber", "card": "***"}


def test_documents_are_as_they_were_written(old):
    path = "/v1/collections/minerals/documents"
    assert old.get(f"{path}/doc_3").json["title"].endswith(" revised")
    assert old.get(f"{path}/doc_59").status == 404
    found = old.execute(["minerals"], [search()], {"query": "revised"}).json["results"]
    assert {row["document_id"] for row in found} == {f"doc_{n}" for n in range(10)}


def test_it_goes_on_and_is_well(tmp_path):
    data = unpack("data-0.1", str(tmp_path))
    server = Server(data, environment=SETTINGS).start()
    reply = server.execute(["minerals"], [search()], {"query": "xenon"})
    assert reply.status == 200
    assert total(server) == 4224
    # In a closed row group, and the newest.
    server.ok("DELETE", "/v1/retrievers/executions/exec_old_00100")
    server.ok("DELETE", "/v1/retrievers/executions/" + reply.json["execution_id"])
    assert total(server) == 4222
    assert server.stop() == 0
    server.start()
    assert total(server) == 4222
    assert server.stop() == 0
    status, report = doctor(data)
    assert status == 0 and report["healthy"], report
