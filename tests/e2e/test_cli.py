"""The command line against a running server."""

import csv
import io
import json
import os
import subprocess

import pytest

from conftest import BINARY, BOOKS, KEY, search, stage


@pytest.fixture
def cli(library):
    def run(*arguments, stdin=None, environment=None):
        return subprocess.run(
            [BINARY, *arguments], input=stdin, capture_output=True, text=True, timeout=60,
            env={"PATH": os.environ["PATH"], "TRAWL_URL": f"http://127.0.0.1:{library.port}",
                 "TRAWL_API_KEY": KEY, **(environment or {})})
    return run


def test_import_execute_list_show(cli, tmp_path):
    made = cli("collections", "create", "novels", "--field", "title:3", "--field", "text")
    assert made.returncode == 0, made.stderr
    lines = tmp_path / "books.ndjson"
    lines.write_text("\n".join(json.dumps(book) for book in BOOKS))
    imported = cli("import", "novels", str(lines))
    assert imported.returncode == 0, imported.stderr
    assert json.loads(imported.stdout)["imported_count"] == 5
    bad = cli("import", "novels", "-", stdin="{oops\n")
    assert bad.returncode == 1

    pipeline = tmp_path / "pipeline.json"
    pipeline.write_text(json.dumps({
        "collection_identifiers": ["novels"], "stages": [search()],
        "input_schema": {"query": {"type": "string", "required": True}}}))
    ran = cli("execute", "-f", str(pipeline), "--input", "query=whale")
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert result["documents"][0]["document_id"] == "moby"

    listed = cli("executions", "list", "--limit", "5")
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout)["results"][0]["execution_id"] == result["execution_id"]
    shown = cli("executions", "show", result["execution_id"], "-o", "table")
    assert shown.returncode == 0 and "search" in shown.stdout


def test_outputs(cli, library):
    for _ in range(3):
        library.execute(["books"], [stage("limit")])
    table = cli("executions", "list", "-o", "table")
    assert "exec_" in table.stdout and "completed" in table.stdout
    lines = cli("executions", "list", "-o", "ndjson", "--limit", "3").stdout.splitlines()
    assert [json.loads(line)["execution_mode"] for line in lines] == ["adhoc"] * 3
    rows = list(csv.DictReader(io.StringIO(cli("executions", "list", "-o", "csv",
                                               "--limit", "2").stdout)))
    assert len(rows) == 2 and rows[0]["execution_id"].startswith("exec_")
    total = library.list({}).json["total"]
    everything = cli("executions", "list", "--all", "-o", "ndjson").stdout.splitlines()
    assert len(everything) >= total


def test_filters(cli, library):
    library.execute(["books"], [stage("attribute_filter", field="title", operator="regex",
                                      value="{{INPUT.p}}")], {"p": "("})
    failed = cli("executions", "list", "--status", "failed", "--since", "-1h", "-o", "ndjson")
    assert failed.returncode == 0
    assert all(json.loads(line)["status"] == "failed" for line in failed.stdout.splitlines())
    assert cli("executions", "list", "--until", "-1h", "-o", "ndjson").stdout == ""
    assert cli("executions", "list", "--since", "yesterday").returncode == 0
    refused = cli("executions", "list", "--since", "someday")
    assert refused.returncode == 2 and "which is not a time" in refused.stderr


def test_exit_codes(cli):
    assert cli("executions", "show", "exec_nosuch").returncode == 1
    assert cli("executions").returncode == 2
    assert cli("execute").returncode == 2
    assert cli("collections", "show", "nosuch").returncode == 1
    wrong = cli("executions", "list", environment={"TRAWL_API_KEY": "sk_wrong"})
    assert wrong.returncode == 1 and "key" in wrong.stderr
    gone = cli("executions", "list", environment={"TRAWL_URL": "http://127.0.0.1:9"})
    assert gone.returncode == 1 and "127.0.0.1:9" in gone.stderr


def test_the_other_names_of_the_variables(library):
    shown = subprocess.run(
        [BINARY, "executions", "list"], capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "MIXPEEK_API_KEY": KEY,
             "MIXPEEK_BASE_URL": f"http://127.0.0.1:{library.port}"})
    assert shown.returncode == 0, shown.stderr


def test_executions_move_between_servers(cli, library, tmp_path):
    first = library.execute(["books"], [search("whale")]).json["execution_id"]
    detail = cli("executions", "show", first, "-o", "json").stdout
    library.post("/v1/namespaces", {"namespace_name": "moved"})
    moved = cli("--namespace", "moved", "executions", "import", "-",
                stdin=json.dumps(json.loads(detail)) + "\n")
    assert moved.returncode == 0, moved.stderr
    assert json.loads(moved.stdout)["imported_count"] == 1


def test_keys(cli, library):
    made = cli("keys", "create", "temporary", "--permission", "read")
    assert made.returncode == 0, made.stderr
    key = json.loads(made.stdout)["key"]
    assert library.list({}, key=key).status == 200
    assert "temporary" in cli("keys", "list", "-o", "table").stdout
    assert cli("keys", "revoke", "temporary").returncode == 0
    assert library.list({}, key=key).status == 401


def test_namespaces(cli):
    assert cli("namespaces", "create", "fromcli").returncode == 0
    assert "fromcli" in cli("namespaces", "list", "-o", "table").stdout
    assert cli("namespaces", "delete", "fromcli").returncode == 0


def test_stats_and_searches(cli, library):
    library.post("/v1/namespaces", {"namespace_name": "counted_cli"})
    rows = [{"execution_id": f"exec_{i}", "status": "failed" if i % 5 == 0 else "completed",
             "timestamp": f"2026-01-02T{i:02}:30:00Z", "duration_ms": 100 * i,
             "total_returned": i % 2, "query_summary": f"night ferry {i}",
             "labels": {"team": "ads" if i < 4 else "search"}} for i in range(20)]
    space = ("--namespace", "counted_cli")
    cli(*space, "executions", "import", "-", stdin="\n".join(map(json.dumps, rows)))

    stats = json.loads(cli(*space, "executions", "stats").stdout)
    assert stats["bucket"] == "hour" and stats["total"]["count"] == 20
    table = cli(*space, "executions", "stats", "--by", "label:team", "-o", "table").stdout
    lines = table.splitlines()
    assert lines[0].split()[:3] == ["LABEL:TEAM", "COUNT", "FAILED"]
    assert lines[1].split()[:2] == ["search", "16"] and "█" * 20 in lines[1]
    assert lines[2].split()[:2] == ["ads", "4"] and lines[2].count("█") == 5
    assert lines[3].startswith("20 executions, 20 % failed")
    narrow = json.loads(cli(*space, "executions", "stats", "--min-duration", "1s", "--status",
                            "completed", "--bucket", "none").stdout)
    assert narrow["total"]["count"] == sum(i >= 10 and i % 5 != 0 for i in range(20))
    refused = cli(*space, "executions", "stats", "--by", "statuses")
    assert refused.returncode == 2 and "did you mean 'status'" in refused.stderr

    def numbers(*flags):
        listed = cli(*space, "executions", "list", "--limit", "50", "-o", "ndjson", *flags)
        assert listed.returncode == 0, listed.stderr
        return [int(json.loads(line)["execution_id"][5:]) for line in listed.stdout.splitlines()]

    assert numbers("--query", '"ferry 1"') == [1]
    assert numbers("--label", "team=ads", "--returned", "zero") == [2, 0]
    assert numbers("--min-duration", "1.7s", "--sort", "+duration_ms") == [17, 18, 19]
    assert numbers("--status", "failed", "--max-duration", "500") == [5, 0]
    assert numbers("--where", '{"field": "duration_ms", "operator": "in", "value": [300, 700]}',
                   "--fields", "execution_id,labels") == [7, 3]
    chosen = cli(*space, "executions", "list", "--fields", "status,labels", "--limit", "1",
                 "-o", "csv").stdout.splitlines()
    assert chosen == ["status,labels", 'completed,"{""team"":""search""}"']
