"""Data directories that older programs wrote are opened by this one, whole."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import time

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
    # However slow the machine is, all of it is counted.
    body = {"budget_ms": 60_000, **(body or {})}
    return server.list(body, "?limit=1", **options).json["total"]


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


def settle(server):
    """Waits until maintenance has indexed all and closed what is full."""
    deadline = time.monotonic() + 60
    while True:
        with sqlite3.connect(f"file:{server.data_dir}/ledger.db?mode=ro", uri=True) as db:
            waiting = db.execute("SELECT count(*) FROM terms_pending").fetchone()[0]
        db.close()
        if waiting == 0:
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_numbers_that_were_used_again_are_mended(tmp_path):
    data = unpack("data-0.1-reused", str(tmp_path))
    status, report = doctor(data)
    assert status == 1 and {problem["part"] for problem in report["problems"]} == {"row groups"}
    server = Server(data, environment=SETTINGS).start()
    for _ in range(2):
        # 4,110 imported less 40 that were deleted, and 10 run.
        assert total(server) == 4080
        assert total(server, {"min_duration_ms": 0}) == 4080
        assert total(server, {"query": "afterwards"}) == 10
        assert total(server, {"stage_id": "limit"}) == total(server, {"filters": {
            "field": "stage_id", "operator": "eq", "value": "limit"}})
        figures = server.ok("POST", "/v1/retrievers/executions/aggregate", {})
        assert figures["total"]["count"] == 4080, figures
        settle(server)
    # The newest goes, and its number with it.
    newest = server.list({}, "?limit=1").json["results"][0]["execution_id"]
    server.ok("DELETE", f"/v1/retrievers/executions/{newest}")
    assert server.execute(["minerals"], [search()], {"query": "amber"}).status == 200
    assert total(server, {"query": "afterwards"}) == 9
    assert server.stop() == 0
    status, report = doctor(data)
    assert status == 0 and report["healthy"], report


def multiply(path, times):
    """Copies every execution so often, under numbers and ids of their own."""
    with sqlite3.connect(path) as db:
        for n in range(1, times):
            by = n * 8192
            db.execute("INSERT INTO executions (seq, ns, ts, id, status, mode, failed_stage, "
                       "caller, collections, stages, definition, running, row) SELECT seq + ?, "
                       "ns, ts, CAST(id || ? AS BLOB), status, mode, failed_stage, caller, "
                       "collections, stages, definition, running, row FROM executions WHERE "
                       "seq < 8192", (by, b"_%d" % n))
            db.execute("INSERT INTO records SELECT seq + ?, record FROM records WHERE seq < 8192",
                       (by,))
            db.execute("INSERT INTO row_groups SELECT DISTINCT seq / 4096, 0, 0, 0, 1 << 60 FROM "
                       "executions WHERE seq >= ? AND seq / 4096 NOT IN (SELECT grp FROM "
                       "row_groups)", (by,))
        db.execute("INSERT OR IGNORE INTO terms_pending SELECT seq FROM executions WHERE "
                   "seq >= 8192")
        db.execute("UPDATE rollups SET count = count * ?", (times,))
        db.execute("UPDATE definitions SET uses = uses * ?", (times,))
    db.close()


def version_of(path):
    """Asked of a copy: closing a file, SQLite removes the log that a killed server left."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (path, path + "-wal"):
            if os.path.exists(name):
                shutil.copy(name, folder)
        db = sqlite3.connect(os.path.join(folder, os.path.basename(path)))
        version = db.execute("PRAGMA user_version").fetchone()[0]
        db.close()
    return version


def test_a_migration_is_killed_and_resumed(tmp_path):
    data = unpack("data-0.1-reused", str(tmp_path))
    ledger = os.path.join(data, "ledger.db")
    multiply(ledger, 8)
    rng = random.Random(8)
    killed = 0
    for attempt in range(6):
        if version_of(ledger) > 1:
            break
        process = subprocess.Popen([BINARY, "serve", "--data-dir", data, "--listen",
                                    "127.0.0.1:0"], stderr=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, text=True)
        for line in process.stderr:
            if "from schema 1 to" in line and "ledger.db" in line:
                break
        time.sleep(rng.random() * 0.04 * attempt)
        process.kill()
        process.wait()
        process.stderr.close()
        killed += 1
    assert killed > 0
    server = Server(data, environment=SETTINGS).start()
    assert version_of(ledger) > 1
    assert total(server) == 8 * 4080
    assert total(server, {"min_duration_ms": 0}) == 8 * 4080
    assert server.stop() == 0
    status, report = doctor(data, "--quick")
    assert status == 0 and report["healthy"], report


@pytest.mark.parametrize("name", ["ledger.db", "corpus.db", "keys.db", "jobs.db"])
def test_a_newer_directory_is_refused_by_name(tmp_path, name):
    data = unpack("data-0.1", str(tmp_path))
    path = os.path.join(data, name)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = {one: version_of(os.path.join(data, one))
              for one in ("ledger.db", "corpus.db", "keys.db", "jobs.db")}
    with pytest.raises(RuntimeError) as refused:
        Server(data).start()
    assert path in str(refused.value) and "schema 99" in str(refused.value)
    # Nothing was brought forward that an older program could not read any more.
    assert before == {one: version_of(os.path.join(data, one)) for one in before}


# --- names that are words of the paths -----------------------------------------------------

@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """0.1.0 took names that its paths could not reach; no later program makes such things."""
    data = unpack("data-0.1-names", str(tmp_path_factory.mktemp("names")))
    server = Server(data, environment=SETTINGS).start()
    yield server
    assert server.stop() == 0, "".join(server.log)


@pytest.mark.parametrize("name", ["list", "delete", "aggregate", "export", "import", "tail"])
def test_executions_called_as_a_path_are_read_and_deleted(named, name):
    path = "/v1/retrievers/executions"
    fields = ["execution_id", "status", "query_summary", "stages", "inputs"]
    found = named.ok("POST", path + "/list", {"execution_ids": [name], "fields": fields})
    assert [row["execution_id"] for row in found["results"]] == [name]
    assert list(found["results"][0]) == fields
    done = named.ok("POST", path + "/delete", {"execution_ids": [name]})
    assert done["deleted_count"] == 1
    assert named.list({"execution_ids": [name]}).json["total"] == 0


@pytest.mark.parametrize("name", ["list", "count", "distinct", "batch", "bulk", "import",
                                  "batch-get"])
def test_documents_called_as_a_path_are_read_changed_and_deleted(named, name):
    collection = next(row for row in named.ok("POST", "/v1/collections/list", {})["results"])
    path = f"/v1/collections/{collection['collection_id']}/documents"

    def read():
        return named.ok("POST", "/v1/documents/batch-get", {"document_ids": [name]})

    assert [row["document_id"] for row in read()["documents"]] == [name]
    done = named.ok("POST", path + "/batch", {"updates": [
        {"document_id": name, "update_data": {"text": "basalt"}}]})
    assert done["updated_count"] == 1 and read()["documents"][0]["text"] == "basalt"
    assert named.ok("DELETE", path + "/batch", {"document_ids": [name]})["deleted_count"] == 1
    assert read()["not_found"] == [name]


def test_collections_and_namespaces_called_as_a_path_have_ids(named):
    for kind in ("collection", "namespace"):
        listed = named.ok("POST", f"/v1/{kind}s/list", {})["results"]
        one = next(row for row in listed if row[f"{kind}_name"] == "list")
        path = f"/v1/{kind}s/{one[f'{kind}_id']}"
        assert named.ok("GET", path)[f"{kind}_name"] == "list"
        # Other fields change while the name stays, and the name may only change for good.
        assert named.ok("PATCH", path, {"description": "old"})["description"] == "old"
        renamed = named.ok("PATCH", path, {f"{kind}_name": "listed"})
        assert renamed[f"{kind}_name"] == "listed"
        assert named.request("PATCH", path, {f"{kind}_name": "list"}).status == 422
    named.ok("POST", "/v1/retrievers/executions/list", {}, headers={"X-Namespace": "listed"})
