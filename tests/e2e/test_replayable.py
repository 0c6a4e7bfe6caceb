"""Documents that executions searched are kept for them, and a record says for how long."""

import json
import subprocess

import pytest
from conftest import BINARY, Server, stage

ALL = stage("attribute_filter", field="n", operator="exists", value=True)


@pytest.fixture(name="start_server")
def fixture_start_server(data_dir):
    """Starts a server with these variables, for one test."""
    started = []

    def start(**variables):
        started.append(Server(data_dir, environment=variables).start())
        return started[0]

    yield start
    for server in started:
        assert server.stop() == 0, "".join(server.log)


@pytest.fixture(name="keeper")
def fixture_keeper(start_server):
    """Keeps nothing that no execution needs."""
    return start_server(TRAWL_KEEP_SUPERSEDED_DAYS="0")


def detail(server, execution_id):
    return server.ok("GET", f"/v1/retrievers/executions/{execution_id}")


def run(server, collection, **fields):
    return server.execute([collection], [ALL], **fields).json["execution_id"]


def vacuum(server):
    return server.ok("POST", "/v1/vacuum")


def kept(report, collection_id):
    return next(each for each in report["collections"] if each["collection_id"] == collection_id)


def test_what_an_execution_searched_stays_and_other_versions_go(keeper):
    made = keeper.ok("POST", "/v1/collections", {"collection_name": "pins"})["collection_id"]
    path = "/v1/collections/pins/documents"
    keeper.ok("POST", path, {"document_id": "a", "n": 1})
    for n in (2, 3):  # Versions 2 and 3, that nobody searches.
        keeper.ok("PATCH", f"{path}/a", {"n": n})
    ran = run(keeper, "pins")
    keeper.ok("PATCH", f"{path}/a", {"n": 4})
    assert vacuum(keeper)["removed_documents"] == 2
    report = vacuum(keeper)
    assert report["removed_documents"] == 0
    mine = kept(report, made)
    assert mine["oldest_version"] == 3 and mine["superseded_documents"] == 1
    assert mine["superseded_bytes"] > 0 and mine["last_cut"]["reason"] == "age"
    assert detail(keeper, ran)["replayable"] is True
    assert "not_replayable" not in detail(keeper, ran)
    shown = keeper.ok("GET", "/v1/collections/pins")["older_versions"]
    assert shown["oldest_version"] == 3 and shown["superseded_documents"] == 1
    metrics = keeper.get("/metrics").text
    assert "trawl_superseded_documents 1" in metrics
    assert "trawl_versions_cut_timestamp_seconds 0" in metrics


def test_without_days_of_replay_nothing_is_kept_and_the_record_says_so(start_server):
    server = start_server(TRAWL_KEEP_SUPERSEDED_DAYS="0", TRAWL_REPLAY_DAYS="0")
    server.ok("POST", "/v1/collections", {"collection_name": "short"})
    path = "/v1/collections/short/documents"
    server.ok("POST", path, {"document_id": "a", "n": 1})
    ran = run(server, "short")
    server.ok("PATCH", f"{path}/a", {"n": 2})
    assert detail(server, ran)["replayable"] is True
    assert vacuum(server)["removed_documents"] == 1
    record = detail(server, ran)
    assert record["replayable"] is False
    assert "version 1 " in record["not_replayable"]["reason"]
    assert "replay_days" in record["not_replayable"]["reason"]
    assert record["not_replayable"]["since"] is not None
    assert detail(server, run(server, "short"))["replayable"] is True
    server.ok("DELETE", "/v1/collections/short")
    assert "no collection" in detail(server, ran)["not_replayable"]["reason"]


def test_room_ends_what_days_would_keep(start_server):
    server = start_server(TRAWL_KEEP_SUPERSEDED_DAYS="0", TRAWL_REPLAY_BYTES_MAX="3000")
    server.ok("POST", "/v1/collections", {"collection_name": "room"})
    path = "/v1/collections/room/documents"
    runs = []
    for n in range(4):
        server.ok("POST" if n == 0 else "PATCH", path if n == 0 else f"{path}/a",
                  {"n": n, "text": "x" * 1000, **({"document_id": "a"} if n == 0 else {})})
        runs.append(run(server, "room"))
    assert vacuum(server)["removed_documents"] == 1
    told = [detail(server, each) for each in runs]
    assert [each["replayable"] for each in told] == [False, True, True, True]
    assert "replay_bytes_max" in told[0]["not_replayable"]["reason"]
    assert "trawl_versions_cut_timestamp_seconds 0" not in server.get("/metrics").text
    done = subprocess.run([BINARY, "doctor", "--quick", "-o", "json", "--data-dir",
                           server.data_dir], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["superseded_documents"] == 2 and report["superseded_bytes"] > 2000
    assert report["versions_cut_at"] is not None


def test_what_was_not_recorded_cannot_be_run_again(keeper):
    if keeper.get("/v1/collections/kept").status == 404:
        keeper.make_collection("kept", [{"n": 1, "title": "x"}])
    short = run(keeper, "kept", recording="summary")
    assert detail(keeper, short)["replayable"] is False
    assert "not recorded" in detail(keeper, short)["not_replayable"]["reason"]
    imported = json.dumps({"execution_id": "from-elsewhere", "status": "completed",
                           "timestamp": "2026-01-01T00:00:00Z"})
    keeper.ok("POST", "/v1/retrievers/executions/import", imported)
    assert detail(keeper, "from-elsewhere")["replayable"] is False


def test_history_from_another_namespace_says_nothing_of_it(keeper):
    made = keeper.ok("POST", "/v1/collections", {"collection_name": "theirs"})["collection_id"]
    keeper.ok("POST", "/v1/collections/theirs/documents", {"document_id": "a", "n": 1})
    ran = run(keeper, "theirs")
    assert detail(keeper, ran)["replayable"] is True
    keeper.ok("POST", "/v1/namespaces", {"namespace_name": "other", "feature_extractors": []})
    moved = json.dumps(keeper.ok("GET", f"/v1/retrievers/executions/{ran}"))
    there = {"headers": {"X-Namespace": "other"}}
    keeper.ok("POST", "/v1/retrievers/executions/import", moved, **there)
    record = keeper.ok("GET", f"/v1/retrievers/executions/{ran}", **there)
    assert record["replayable"] is False
    assert made in record["not_replayable"]["reason"]
