"""`trawl doctor` says that all is well where it is, and what is wrong where it is not."""

import json
import os
import sqlite3
import subprocess

import pytest

from conftest import BINARY, BOOKS, Server, search


def doctor(data_dir, *flags):
    done = subprocess.run([BINARY, "doctor", "--data-dir", str(data_dir), *flags],
                          capture_output=True, text=True, timeout=120,
                          env={"PATH": os.environ["PATH"]})
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else done


@pytest.fixture
def history(data_dir):
    """A stopped data directory with a few executions."""
    server = Server(data_dir).start()
    server.make_collection("books", BOOKS)
    for n in range(20):
        assert server.execute(["books"], [search()], {"query": f"sea {n}"}).status == 200
    yield server
    if server.process is not None:
        assert server.stop() == 0


def change(data_dir, sql, file="ledger.db"):
    with sqlite3.connect(os.path.join(data_dir, file)) as connection:
        assert connection.execute(sql).rowcount != 0
    connection.close()


def test_well_beside_a_server_and_without(history, data_dir):
    for flags in ([], ["--quick"]):
        status, report = doctor(data_dir, *flags)
        assert status == 0 and report["healthy"] and report["server_running"], report
        assert report["executions"] == 20 and report["bytes_per_execution"] > 0
        assert any("a server is running" in note for note in report["notes"])
    assert history.execute(["books"], [search()], {"query": "sea"}).status == 200
    assert history.stop() == 0
    before = {name: open(os.path.join(data_dir, name), "rb").read()
              for name in ("ledger.db", "corpus.db", "keys.db", "jobs.db")}
    status, report = doctor(data_dir)
    assert status == 0 and not report["server_running"] and report["notes"] == [], report
    files = {file["name"]: file for file in report["files"]}
    assert list(files) == ["ledger.db", "corpus.db", "keys.db", "jobs.db"]
    tables = {table["name"] for table in files["ledger.db"]["tables"]}
    assert {"executions", "records", "rollups", "terms_data"} <= tables or not tables
    for name, content in before.items():
        assert open(os.path.join(data_dir, name), "rb").read() == content, name
        assert not os.path.exists(os.path.join(data_dir, name + "-wal"))
    table = subprocess.run([BINARY, "doctor", "--data-dir", data_dir, "-o", "table"],
                           capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert table.returncode == 0
    assert "21 executions" in table.stdout and "no problems found" in table.stdout


def test_finds_what_was_damaged_by_hand(history, data_dir):
    assert history.stop() == 0
    change(data_dir, "UPDATE rollups SET count = count + 1 WHERE unit = 0 AND status = 0")
    change(data_dir, "DELETE FROM records WHERE seq = 3")
    for flags in ([], ["--quick"]):
        status, report = doctor(data_dir, *flags)
        assert status == 1 and not report["healthy"]
        parts = {problem["part"] for problem in report["problems"]}
        assert parts == {"rollups", "records"}, report["problems"]
        assert all(problem["remedy"] for problem in report["problems"])
    # Beside a running server as well.
    history.start()
    status, report = doctor(data_dir)
    assert status == 1 and report["server_running"] and report["problem_count"] >= 2


def test_finds_damaged_pages(history, data_dir):
    assert history.stop() == 0
    path = os.path.join(data_dir, "corpus.db")
    with open(path, "r+b") as file:
        file.seek(8192)
        file.write(os.urandom(os.path.getsize(path) - 8192))
    status, report = doctor(data_dir)
    assert status == 1
    assert {problem["file"] for problem in report["problems"]} == {"corpus.db"}
    with open(os.path.join(data_dir, "keys.db"), "r+b") as file:
        file.write(b"no database at all")
    status, report = doctor(data_dir)
    assert status == 1
    assert {problem["file"] for problem in report["problems"]} == {"corpus.db", "keys.db"}


def test_usage(data_dir, tmp_path):
    for arguments in (["--data-dir", str(tmp_path / "missing")], ["--data-dir", str(tmp_path)],
                      ["--nonsense"], ["--config", str(tmp_path / "missing.toml")]):
        done = subprocess.run([BINARY, "doctor", *arguments], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"]})
        assert done.returncode == 2 and done.stderr, arguments
    assert os.listdir(tmp_path) == []


def test_repair_makes_anew_what_the_rows_can_tell(history, data_dir):
    """And says what it did; the second time there is nothing to do."""
    status, report = doctor(data_dir, "--repair")
    assert status == 1 and "in use by process" in report.stderr, report
    assert history.stop() == 0
    change(data_dir, "UPDATE rollups SET count = count + 1 WHERE unit = 0 AND status = 0")
    change(data_dir, "UPDATE definitions SET uses = uses + 1")
    change(data_dir, "DELETE FROM row_groups")
    change(data_dir, "INSERT INTO terms (rowid, body) VALUES (3, '1wstale')")
    status, report = doctor(data_dir)
    parts = {problem["part"] for problem in report["problems"]}
    assert status == 1 and parts == {"rollups", "definitions", "row groups", "terms"}, report
    assert all("doctor --repair" in problem["remedy"] for problem in report["problems"])
    status, report = doctor(data_dir, "--repair")
    assert status == 0 and report["healthy"] and len(report["repairs"]) == 4, report
    status, report = doctor(data_dir, "--repair")
    assert status == 0 and report["healthy"] and report["repairs"] == [], report
    history.start()
    assert history.list({}).json["total"] == 20
    assert history.list({"query": "stale"}).json["total"] == 0
    assert history.list({"query": "sea"}).json["total"] == 20


def test_repair_removes_the_history_of_no_namespace(history, data_dir):
    headers = {"X-Namespace": "orphan"}
    history.ok("POST", "/v1/namespaces", {"namespace_name": "orphan"})
    history.make_collection("books", BOOKS, headers=headers)
    history.ok("POST", "/v1/retrievers/execute", {
        "collection_identifiers": ["books"], "input_schema": {}, "stages": [search("sea")],
        "inputs": {}}, headers=headers)
    assert history.stop() == 0
    change(data_dir, "DELETE FROM namespaces WHERE name = 'orphan'", "corpus.db")
    status, report = doctor(data_dir)
    assert status == 1 and [one["part"] for one in report["problems"]] == ["namespaces"], report
    status, report = doctor(data_dir, "--repair")
    assert status == 0 and report["executions"] == 20 and len(report["repairs"]) == 1, report


def test_a_newer_history_is_not_examined(history, data_dir):
    assert history.stop() == 0
    with sqlite3.connect(os.path.join(data_dir, "ledger.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    status, report = doctor(data_dir)
    assert status == 1 and "schema 99" in report["problems"][0]["message"], report
    status, report = doctor(data_dir, "--repair")
    assert status == 1 and "schema 99" in report.stderr, report
