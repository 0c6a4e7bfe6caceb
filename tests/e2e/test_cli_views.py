"""What the command line shows of a real server, and what it does not send to it."""

import csv
import io
import json
import os
import subprocess

import pytest

from conftest import BINARY, KEY, search, stage


@pytest.fixture
def cli(library):
    def run(*arguments, stdin=None):
        return subprocess.run(
            [BINARY, *arguments], input=stdin, capture_output=True, text=True, timeout=60,
            env={"PATH": os.environ["PATH"], "TRAWL_URL": f"http://127.0.0.1:{library.port}",
                 "TRAWL_API_KEY": KEY})
    return run


@pytest.fixture
def failed(library):
    """The id of an execution that failed, with its error."""
    reply = library.execute(["books"], [stage("attribute_filter", field="title",
                                              operator="regex", value="{{INPUT.p}}")],
                            {"p": "("}).json
    assert reply["status"] == "failed"
    return reply["execution_id"], reply["error"]


def test_errors_are_in_every_view(cli, failed):
    execution, error = failed
    row = json.loads(cli("executions", "list", "--limit", "1", "-o", "ndjson").stdout)
    assert (row["execution_id"], row["error"]) == failed
    page = json.loads(cli("executions", "list", "--limit", "1", "-o", "json").stdout)
    assert page["results"][0]["error"] == error
    table = csv.DictReader(io.StringIO(cli("executions", "list", "--limit", "1", "-o", "csv",
                                           "--raw").stdout))
    assert next(table)["error"] == error
    tailed = cli("executions", "tail", "--since", "1h", "--failed-stage", "attribute_filter",
                 "--limit", "1", "-o", "ndjson")
    assert json.loads(tailed.stdout)["error"], tailed.stderr
    shown = cli("executions", "tail", "--since", "1h", "--failed-stage", "attribute_filter",
                "--limit", "1", "-o", "table")
    assert "regular expression" in shown.stdout


def test_inputs_are_an_object(cli, library):
    first = library.execute(["books"], [search("whale")], {"a": {"b": 1}}).json["execution_id"]
    detail = cli("executions", "show", first, "-o", "json").stdout
    assert json.loads(detail)["inputs"] == {"a": {"b": 1}}
    row = cli("executions", "list", "--fields", "inputs", "--limit", "1", "-o", "ndjson").stdout
    assert json.loads(row) == {"inputs": {"a": {"b": 1}}}
    # What is shown can be imported.
    library.post("/v1/namespaces", {"namespace_name": "shown"})
    moved = cli("-n", "shown", "executions", "import", "-", stdin=detail)
    assert moved.returncode == 0, moved.stderr
    again = cli("-n", "shown", "executions", "show", first, "-o", "json").stdout
    assert json.loads(again)["inputs"] == {"a": {"b": 1}}


def test_nothing_is_deleted_before_all_are_known(cli, library):
    one, two = (library.execute(["books"], [search("sea")]).json["execution_id"]
                for _ in range(2))
    for missing, said in (("exec_nosuch", "nothing was deleted"),
                          (one[:-1] + ("0" if one[-1] != "0" else "1"), "none was deleted")):
        refused = cli("executions", "delete", one, missing)
        assert refused.returncode == 1 and said in refused.stderr, refused.stderr
    tried = cli("executions", "delete", one, "latest", "--dry-run")
    assert tried.returncode == 0 and one in tried.stdout and two in tried.stdout
    assert cli("executions", "show", one).returncode == 0
    gone = cli("executions", "delete", one, "latest", one)
    assert gone.returncode == 0, gone.stderr
    assert json.loads(gone.stdout)["execution_ids"] == [one, two]
    for execution in (one, two):
        assert cli("executions", "show", execution).returncode == 1


def test_shapes_are_named_by_their_first_digits(cli, library):
    made = library.execute(["books"], [stage("limit", limit=3)]).json["execution_id"]
    shape = json.loads(cli("executions", "show", made, "-o", "json").stdout)["shape"]
    for flag in (shape, shape[:8]):
        rows = cli("executions", "list", "--shape", flag, "-o", "ndjson").stdout.splitlines()
        assert made in [json.loads(row)["execution_id"] for row in rows]
    named = cli("executions", "list", "--stage", "find")
    assert named.returncode == 0 and "no kind of stage" in named.stderr


def test_exports_are_packed_as_they_are_called(cli, library, tmp_path):
    library.execute(["books"], [search("sea")])
    library.post("/v1/namespaces", {"namespace_name": "packed"})
    for number, name in enumerate(("a.ndjson.zst", "b.ndjson.gz", "c.jsonl")):
        file = str(tmp_path / name)
        written = cli("executions", "export", "--detail", "-o", file)
        assert written.returncode == 0, written.stderr
        read = json.loads(cli("-n", "packed", "executions", "import", file).stdout)
        count = json.loads(written.stdout)["exported_count"]
        assert read["imported_count" if number == 0 else "skipped_count"] == count
    for name in ("a.ndjson.bz2", "a.zip", "a.json", "a.xlsx"):
        file = tmp_path / name
        assert cli("executions", "export", "-o", str(file)).returncode == 2
        assert not file.exists()
    table = cli("-o", "csv", "executions", "export")
    assert table.stdout.startswith("execution_id,")
    file = tmp_path / "plain.csv"
    file.write_text(table.stdout)
    refused = cli("executions", "import", str(file))
    assert refused.returncode == 2 and "takes NDJSON" in refused.stderr


def test_refusals_name_flags_and_commands(cli):
    missing = cli("-n", "3", "executions", "list")
    assert "trawl namespaces list" in missing.stderr and "--limit" in missing.stderr
    for flags, words in ((("--sort", "speed"), "--sort"),
                         (("--where", '{"field": "durration_ms", "operator": "gt", "value": 1}'),
                          "duration_ms"),
                         (("--fields", "statuss"), "--fields")):
        refused = cli("executions", "list", *flags)
        assert refused.returncode == 1 and words in refused.stderr, refused.stderr
        assert "/v1/" not in refused.stderr and "body." not in refused.stderr
    retention = cli("namespaces", "retention", "default", "-o", "table")
    assert "namespace_name" in retention.stdout and "{" not in retention.stdout
