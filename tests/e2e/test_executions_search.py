"""What can be asked of the history in the body of the list, against the real server."""

import json
import os
import subprocess
import time

import pytest

from conftest import BINARY

LIST = "/v1/retrievers/executions/list"
NAMESPACE = {"X-Namespace": "searched"}


def history():
    """Executions of an imported day: every third failed, every fifth without results."""
    rows = []
    for i in range(60):
        failed = i % 3 == 0
        rows.append(
            {
                "execution_id": f"exec_{i:03}",
                "status": "failed" if failed else "completed",
                "timestamp": f"2026-01-02T{i // 4:02}:{i % 4 * 15:02}:00Z",
                "duration_ms": 10.5 * i,
                "credits_used": i / 4,
                "total_processed": 100,
                "total_returned": 0 if i % 5 == 0 else i,
                "stages_completed": 1,
                "total_stages": 2,
                "cache_hit_rate": None if failed else (i % 4) / 4,
                "query_summary": f"cheap flights to {'oslo' if i % 2 else 'málaga'} {i}",
                "collection_ids": ["col_a"] if i % 4 else ["col_a", "col_b"],
                "inputs": json.dumps({"query": f"cheap flights {i}", "user": {"name": f"u{i % 7}"}}),
                "inputs_hash": f"{i:040x}",
                "stages": [{"stage_name": "find", "stage_id": "feature_search"}],
                "error": f"upstream timeout after {i} ms" if failed else None,
                "failed_stage": "rank" if failed else None,
                "labels": {"team": "search" if i % 2 else "ads", "user.id": str(i % 7)},
                "caller_key_id": f"key_{i % 2}",
                "request_id": f"req_{i}",
                "pipeline": {"stages": [{"stage_id": "feature_search", "n": i % 3}]},
                "fingerprint": f"fp{i % 3}",
                "shape": "sh",
            }
        )
    return rows


@pytest.fixture(scope="module")
def searched(library):
    lines = "\n".join(json.dumps(row) for row in history())
    library.ok("POST", "/v1/namespaces", {"namespace_name": "searched"})
    library.ok("POST", "/v1/retrievers/executions/import", lines, headers=NAMESPACE)
    return library


def ask(server, body, query=""):
    return server.ok("POST", LIST + query, body, headers=NAMESPACE)


def ids(server, body, query=""):
    reply = ask(server, body, "?limit=1000" + query)
    assert reply["total"] == len(reply["results"])
    assert "total_relation" not in reply and "partial" not in reply
    return [int(row["execution_id"][5:]) for row in reply["results"]]


def matching(wanted):
    return [i for i in range(59, -1, -1) if wanted(i)]


CASES = [
    ({"query": "oslo"}, lambda i: i % 2),
    ({"query": "OSLO cheap"}, lambda i: i % 2),
    ({"query": "malaga"}, lambda i: False),
    ({"query": "má*"}, lambda i: not i % 2),
    ({"query": '"flights to"'}, lambda i: True),
    ({"query": '"to flights"'}, lambda i: False),
    ({"query": '"flights 7'}, lambda i: i == 7),
    ({"query": "u3"}, lambda i: i % 7 == 3),
    ({"query": "AND ( NEAR"}, lambda i: False),
    ({"query": "*"}, lambda i: True),
    ({"statuses": ["failed", "cancelled"]}, lambda i: i % 3 == 0),
    ({"execution_ids": ["exec_003", "exec_007", "nope"]}, lambda i: i in (3, 7)),
    ({"collection_ids": ["col_b", "col_x"]}, lambda i: i % 4 == 0),
    ({"min_duration_ms": 105, "max_duration_ms": 126}, lambda i: 10 <= i <= 12),
    ({"min_credits": 14.75}, lambda i: i == 59),
    ({"max_credits": 0}, lambda i: i == 0),
    ({"returned": "zero"}, lambda i: i % 5 == 0),
    ({"returned": "nonzero", "status": "failed"}, lambda i: i % 5 and i % 3 == 0),
    ({"cache_hit_rate": {"min": 0.5}}, lambda i: i % 3 and i % 4 >= 2),
    ({"cache_hit_rate": 0.25}, lambda i: i % 3 and i % 4 == 1),
    ({"stage_id": "feature_search"}, lambda i: True),
    ({"stage_id": "rerank"}, lambda i: False),
    ({"failed_stage": "rank"}, lambda i: i % 3 == 0),
    ({"error": "timeout upstream"}, lambda i: i % 3 == 0),
    ({"error": '"after 9"'}, lambda i: i == 9),
    ({"inputs_hash": f"{8:040x}"}, lambda i: i == 8),
    ({"fingerprint": "fp1"}, lambda i: i % 3 == 1),
    ({"shape": "sh", "caller": "key_1"}, lambda i: i % 2),
    ({"request_id": "req_5"}, lambda i: i == 5),
    ({"labels": {"team": "search"}}, lambda i: i % 2),
    ({"labels": {"team": "search", "user.id": "3"}}, lambda i: i % 2 and i % 7 == 3),
    ({"filters": {"inputs.user.name": "u2"}}, lambda i: i % 7 == 2),
    ({"filters": {"OR": [{"field": "duration_ms", "operator": "gt", "value": 600},
                         {"field": "query_summary", "operator": "contains", "value": "OSLO 3"}]}},
     lambda i: i >= 58 or (i % 2 and str(i).startswith("3"))),
    ({"filters": {"NOT": {"field": "status", "value": "failed"}}, "returned": "zero"},
     lambda i: i % 3 and i % 5 == 0),
    ({"query": "oslo", "status": "failed", "start_time": "2026-01-02T02:00:00Z",
      "end_time": "2026-01-02T10:00:00Z"}, lambda i: i % 2 and i % 3 == 0 and 8 <= i <= 40),
]


@pytest.mark.parametrize("body, wanted", CASES, ids=[json.dumps(case[0]) for case in CASES])
def test_filter(searched, body, wanted):
    assert ids(searched, body) == matching(wanted)


@pytest.mark.parametrize("field", ["timestamp", "duration_ms", "credits_used", "total_returned"])
def test_sorted_pages_visit_each_execution_once(searched, field):
    for sort, sign in [(field, -1), (f"+{field}", 1), ({"field": field, "direction": "asc"}, 1)]:
        rows, cursor = [], ""
        while True:
            page = ask(searched, {"sort": sort, "returned": "nonzero"}, f"?limit=7{cursor}")
            assert page["total"] == 48
            rows += page["results"]
            if not page["pagination"]["has_next"]:
                break
            cursor = "&cursor=" + page["pagination"]["next_cursor"]
        assert len({row["execution_id"] for row in rows}) == len(rows) == 48
        values = [row[field] for row in rows]
        assert values == sorted(values, reverse=sign < 0)


def test_fields_choose_columns(searched):
    page = ask(searched, {"fields": ["status", "error", "execution_id"], "status": "failed"},
               "?limit=2")
    assert page["results"] == [
        {"status": "failed", "error": "upstream timeout after 57 ms", "execution_id": "exec_057"},
        {"status": "failed", "error": "upstream timeout after 54 ms", "execution_id": "exec_054"},
    ]
    assert list(page["results"][0]) == ["status", "error", "execution_id"]


def test_the_reply_says_how_it_was_understood(searched):
    page = ask(searched, {"start_time": "-7d", "query": "Cheap  'x", "min_duration_ms": 5,
                          "status": None})
    assert page["filter"]["query"] == "cheap x"
    assert page["filter"]["min_duration_ms"] == 5
    assert page["filter"]["start_time"].endswith("Z") and "status" not in page["filter"]
    assert ask(searched, {})["filter"] == {}


BAD = [
    ({"querry": "x"}, "querry", "query"),
    ({"query": 7}, "query", "string"),
    ({"query": "x" * 1001}, "query", "1000"),
    ({"returned": "none"}, "returned", "zero"),
    ({"sort": "duration"}, "sort", "duration_ms"),
    ({"sort": {"field": "timestamp", "direction": "down"}}, "sort.direction", "asc"),
    ({"fields": ["stat"]}, "fields", "status"),
    ({"min_duration_ms": -1}, "min_duration_ms", "0"),
    ({"cache_hit_rate": {"low": 1}}, "cache_hit_rate.low", "min"),
    ({"labels": {"a": 1}}, "labels.a", "string"),
    ({"labels": {str(i): "x" for i in range(17)}}, "labels", "16"),
    ({"filters": {"field": "durration_ms", "operator": "gt", "value": 1}}, "filters", "duration_ms"),
    ({"filters": {"field": "status", "operator": "equals", "value": 1}}, "filters.operator", "eq"),
    ({"budget_ms": 60_001}, "budget_ms", "60000"),
    ({"execution_ids": []}, "execution_ids", "1 to 1000"),
]


@pytest.mark.parametrize("body, location, remedy", BAD, ids=[json.dumps(bad[0])[:60] for bad in BAD])
def test_bad_filters_are_named(searched, body, location, remedy):
    reply = searched.post(LIST, body, headers=NAMESPACE)
    assert reply.status == 422, reply
    assert reply.json["error"]["details"]["validation_errors"][0]["location"] == location
    assert remedy in reply.json["error"]["message"]


def test_a_cursor_belongs_to_its_order(searched):
    page = ask(searched, {"sort": "duration_ms"}, "?limit=5")
    cursor = page["pagination"]["next_cursor"]
    reply = searched.post(f"{LIST}?cursor={cursor}", {"sort": "credits_used"}, headers=NAMESPACE)
    assert reply.status == 422 and "another filter" in reply.json["error"]["message"]
    ask(searched, {"sort": "duration_ms", "fields": ["status"]}, f"?cursor={cursor}")


def wait_for_the_index(server):
    """Until it has taken all that was recorded: the doctor counts what waits."""
    deadline = time.monotonic() + 60
    while True:
        report = subprocess.run([BINARY, "doctor", "--quick", "-o", "json", "--data-dir",
                                 server.data_dir], capture_output=True, text=True, timeout=60,
                                env={"PATH": os.environ["PATH"]})
        assert report.returncode == 0, report
        if json.loads(report.stdout)["pending_terms"] == 0:
            return
        assert time.monotonic() < deadline, report.stdout
        time.sleep(0.05)


def test_new_executions_are_found_at_once(searched):
    """Before the index has them, and after."""
    row = {"execution_id": "exec_new", "status": "completed", "timestamp": "2026-01-03T00:00:00Z",
           "query_summary": "a zanzibar \"night ferry\"", "labels": {"run": "x1"}}
    searched.ok("POST", "/v1/retrievers/executions/import", json.dumps(row), headers=NAMESPACE)
    for when in ("before", "after"):
        if when == "after":
            wait_for_the_index(searched)
        for body in ({"query": "zanzi*"}, {"query": '"night ferry"'}, {"labels": {"run": "x1"}}):
            page = ask(searched, body)
            assert [found["execution_id"] for found in page["results"]] == ["exec_new"], when
