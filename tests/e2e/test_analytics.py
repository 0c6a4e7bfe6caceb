"""The contract's analytics, against numbers that the test works out from what it imported."""

import datetime
import json
import re
import time

import pytest

from conftest import search

NAMESPACE = {"X-Namespace": "measured"}
NOW = datetime.datetime.now(datetime.timezone.utc)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def at(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def history():
    """Sixty executions 50 minutes apart, the newest 10 minutes old: about two days."""
    rows = []
    for i in range(60):
        failed = i % 6 == 5
        stages = [{"stage_name": "find", "stage_id": "feature_search", "stage_type": "filter",
                   "duration_ms": 2.0 * i, "input_count": 0, "output_count": 100 + i,
                   "cache_hit": i % 3 == 2}]
        if not failed:
            stages.append({"stage_name": "cut", "stage_id": "limit", "stage_type": "reduce",
                           "duration_ms": 0.5, "input_count": 100 + i, "output_count": 10})
        rows.append({
            "execution_id": f"exec_{i:02}",
            "status": "failed" if failed else "completed",
            "timestamp": (NOW - datetime.timedelta(minutes=10 + 50 * i)).isoformat(),
            "duration_ms": 30.0 * (i * 7 % 60),
            "credits_used": 0.5,
            "total_returned": 0 if i % 4 == 0 else 10,
            "cache_hit_rate": None if i % 10 == 9 else (i % 3) / 4,
            "query_summary": f"query {i}" if i % 2 else None,
            "stages": stages,
            "fingerprint": f"fp{i % 2}",
            "shape": "sh",
            "pipeline": {"n": i % 2, "stages": [
                {"stage_name": "find", "config": {"stage_id": "feature_search", "parameters": {
                    "searches": [{"feature_uri": "trawl://bm25@v1/text", "query": "x"}]}}},
                {"stage_name": "keep", "config": {"stage_id": "attribute_filter", "parameters": {
                    "conditions": {"AND": [{"field": "year", "operator": "gt", "value": 1},
                                           {"field": "author", "value": "x"}]}}}}]},
        })
    return rows


ROWS = history()


def recent(hours, wanted=lambda row: True):
    begin = NOW - datetime.timedelta(hours=hours)
    return [row for row in ROWS if at(row["timestamp"]) >= begin and wanted(row)]


@pytest.fixture(scope="module")
def measured(library):
    lines = "\n".join(json.dumps(row) for row in ROWS)
    library.ok("POST", "/v1/namespaces", {"namespace_name": "measured"})
    library.ok("POST", "/v1/retrievers/executions/import", lines, headers=NAMESPACE)
    return library


def get(server, path, **options):
    return server.ok("GET", "/v1/analytics/" + path, headers=NAMESPACE, **options)


NUMBER = (int, float)


def conforms(value, shape):
    """That an object has these required members of these types, as the contract lists them."""
    for name, kind in shape.items():
        assert name in value, name
        assert isinstance(value[name], kind) and not isinstance(value[name], bool), name


def check_range(value, hours):
    conforms(value["time_range"], {"start": str, "end": str})
    assert all(INSTANT.fullmatch(text) for text in value["time_range"].values())
    length = at(value["time_range"]["end"]) - at(value["time_range"]["start"])
    assert length == datetime.timedelta(hours=hours)


@pytest.mark.parametrize("retriever, wanted", [
    ("adhoc", lambda row: True),
    ("sh", lambda row: True),
    ("fp1", lambda row: row["fingerprint"] == "fp1"),
])
def test_performance(measured, retriever, wanted):
    reply = get(measured, f"retrievers/{retriever}/performance")
    conforms(reply, {"retriever_id": str, "time_range": dict, "metrics": list, "summary": dict})
    assert reply["retriever_id"] == retriever
    check_range(reply, 24)
    rows = recent(24, wanted)
    assert reply["summary"]["count"] == len(rows)
    assert reply["summary"]["duration_ms"]["max"] == max(row["duration_ms"] for row in rows)
    assert reply["summary"]["error_rate"] == pytest.approx(
        sum(row["status"] == "failed" for row in rows) / len(rows))
    by_hour = {}
    for row in rows:
        hour = at(row["timestamp"]).replace(minute=0, second=0, microsecond=0)
        by_hour.setdefault(hour, []).append(row)
    found = {at(metric["bucket_start"]): metric["count"] for metric in reply["metrics"]}
    assert {hour: count for hour, count in found.items() if count} == {
        hour: len(rows) for hour, rows in by_hour.items()}


def test_performance_of_a_range(measured):
    start, end = NOW - datetime.timedelta(hours=40), NOW - datetime.timedelta(hours=3)
    query = f"start_date={start:%Y-%m-%dT%H:%M:%SZ}&end_date={end:%Y-%m-%dT%H:%M:%SZ}"
    rows = [row for row in ROWS if start.replace(microsecond=0) <= at(row["timestamp"])
            <= end.replace(microsecond=0)]
    for unit in ("minute", "hour", "day", "week", "month"):
        reply = get(measured, f"retrievers/adhoc/performance?{query}&group_by={unit}")
        assert reply["summary"]["count"] == len(rows)
        assert sum(metric["count"] for metric in reply["metrics"]) == len(rows)


def test_stages(measured):
    reply = get(measured, "retrievers/adhoc/stages?hours=24")
    conforms(reply, {"retriever_id": str, "stages": list, "total_latency_ms": NUMBER})
    check_range(reply, 24)
    rows = recent(24)
    assert reply["execution_count"] == len(rows) and "partial" not in reply
    assert [(stage["stage_name"], stage["stage_id"], stage["stage_type"])
            for stage in reply["stages"]] == [("find", "feature_search", "filter"),
                                              ("cut", "limit", "reduce")]
    total = 0
    for found in reply["stages"]:
        conforms(found, {"stage_name": str, "stage_type": str, "execution_count": int,
                         "avg_latency_ms": NUMBER, "p95_latency_ms": NUMBER,
                         "avg_documents_in": NUMBER, "avg_documents_out": NUMBER})
        stages = [stage for row in rows for stage in row["stages"]
                  if stage["stage_name"] == found["stage_name"]]
        durations = sorted(stage["duration_ms"] for stage in stages)
        total += sum(durations)
        assert found["execution_count"] == len(stages)
        assert found["avg_latency_ms"] == pytest.approx(sum(durations) / len(stages))
        place = 0.95 * (len(stages) - 1)
        assert (durations[int(place)] * 0.99 <= found["p95_latency_ms"]
                <= durations[min(int(place) + 1, len(stages) - 1)] * 1.01)
        for side in ("in", "out"):
            name = {"in": "input_count", "out": "output_count"}[side]
            assert found[f"avg_documents_{side}"] == pytest.approx(
                sum(stage[name] for stage in stages) / len(stages))
    assert reply["total_latency_ms"] == pytest.approx(total / len(rows))


def test_stages_read_the_newest_executions(library):
    """Ten thousand of them, and say so."""
    library.ok("POST", "/v1/namespaces", {"namespace_name": "many"})
    headers = {"X-Namespace": "many"}
    for count, partial in ((10_000, False), (1, True)):
        lines = "\n".join(json.dumps({
            "execution_id": f"exec_{count}_{i}", "status": "completed",
            "timestamp": (NOW - datetime.timedelta(minutes=1, seconds=i / 10)
                          - datetime.timedelta(hours=count == 1)).isoformat(),
            "stages": [{"stage_name": f"s{count}", "stage_id": "x", "duration_ms": 2}]})
            for i in range(count))
        library.ok("POST", "/v1/retrievers/executions/import", lines, headers=headers)
        begun = time.monotonic()
        reply = library.ok("GET", "/v1/analytics/retrievers/adhoc/stages", headers=headers)
        assert [stage["stage_name"] for stage in reply["stages"]] == ["s10000"]
        if time.monotonic() - begun < 1.8:  # A slow machine may have run out of time.
            assert reply["execution_count"] == 10_000
            assert reply.get("partial", False) == partial


def test_slow_queries(measured):
    found = get(measured, "retrievers/fp0/slow-queries?limit=5&hours=48")
    rows = sorted(recent(48, lambda row: row["fingerprint"] == "fp0"),
                  key=lambda row: -row["duration_ms"])[:5]
    assert [(row["execution_id"], row["latency_ms"]) for row in found] == [
        (row["execution_id"], row["duration_ms"]) for row in rows]
    assert len(get(measured, "retrievers/adhoc/slow-queries")) == 10
    assert len(get(measured, "retrievers/adhoc/slow-queries?limit=1000")) == len(recent(24))


def test_slow_queries_of_the_namespace(measured):
    reply = get(measured, "namespaces/queries/slow?days=1&latency_threshold_ms=900&limit=4")
    conforms(reply, {"namespace_id": str, "time_range_days": int, "latency_threshold_ms": NUMBER,
                     "slow_queries": list, "total_slow_queries": int})
    assert reply["time_range_days"] == 1 and reply["latency_threshold_ms"] == 900
    rows = sorted(recent(24, lambda row: row["duration_ms"] >= 900),
                  key=lambda row: -row["duration_ms"])
    assert reply["total_slow_queries"] == len(rows) > 4
    assert len(reply["slow_queries"]) == 4
    for found, row in zip(reply["slow_queries"], rows):
        conforms(found, {"retriever_id": str, "query": str, "latency_ms": NUMBER,
                         "results_count": int, "queried_fields": list})
        assert found["retriever_id"] == "adhoc"
        assert found["query"] == (row["query_summary"] or "")
        assert found["latency_ms"] == row["duration_ms"]
        assert found["results_count"] == row["total_returned"]
        assert found["queried_fields"] == ["author", "trawl://bm25@v1/text", "year"]


def test_cache_performance(measured):
    reply = get(measured, "retrievers/adhoc/cache-performance?hours=30")
    shape = {"cache_hit_rate": NUMBER, "avg_cache_hit_latency_ms": NUMBER,
             "avg_cache_miss_latency_ms": NUMBER}
    conforms(reply, {**shape, "retriever_id": str, "time_range": dict, "total_cache_hits": int,
                     "total_cache_misses": int, "hourly_breakdown": list})
    check_range(reply, 30)
    hits = [row for row in recent(30) if (row["cache_hit_rate"] or 0) > 0]
    misses = [row for row in recent(30) if row["cache_hit_rate"] == 0]
    assert reply["total_cache_hits"] == len(hits)
    assert reply["total_cache_misses"] == len(misses)
    assert reply["cache_hit_rate"] == pytest.approx(len(hits) / (len(hits) + len(misses)))
    for name, rows in (("hit", hits), ("miss", misses)):
        assert reply[f"avg_cache_{name}_latency_ms"] == pytest.approx(
            sum(row["duration_ms"] for row in rows) / len(rows))
    for hour in reply["hourly_breakdown"]:
        conforms(hour, {**shape, "hour": str, "cache_hits": int, "cache_misses": int})
        begin = at(hour["hour"])
        inside = [row for row in hits if begin <= at(row["timestamp"])
                  < begin + datetime.timedelta(hours=1)]
        assert hour["cache_hits"] == len(inside)
    assert sum(hour["cache_misses"] for hour in reply["hourly_breakdown"]) == len(misses)


def test_what_ran_here(library):
    """A pipeline's own fingerprint and shape, as its record shows them."""
    for _ in range(2):
        run = library.execute(["books"], [search("captain")]).json
    detail = library.ok("GET", f"/v1/retrievers/executions/{run['execution_id']}")
    for name in ("adhoc", detail["fingerprint"], detail["shape"]):
        stages = library.ok("GET", f"/v1/analytics/retrievers/{name}/stages")
        assert stages["stages"][0]["stage_type"] == "filter"
        cache = library.ok("GET", f"/v1/analytics/retrievers/{name}/cache-performance")
        assert cache["total_cache_hits"] >= 1 and 0 < cache["cache_hit_rate"] < 1
    slow = library.ok("GET", f"/v1/analytics/retrievers/{detail['shape']}/slow-queries")
    assert slow[0]["queried_fields"] == ["trawl://bm25@v1/text"]


def test_an_empty_namespace(library):
    library.ok("POST", "/v1/namespaces", {"namespace_name": "untouched"})
    headers = {"X-Namespace": "untouched"}

    def ask(path):
        return library.ok("GET", f"/v1/analytics/{path}", headers=headers)

    assert ask("retrievers/adhoc/slow-queries") == []
    assert ask("retrievers/adhoc/performance")["metrics"] == []
    assert ask("retrievers/adhoc/stages")["total_latency_ms"] == 0
    cache = ask("retrievers/adhoc/cache-performance")
    assert cache["cache_hit_rate"] == 0 and cache["avg_cache_hit_latency_ms"] == 0
    assert ask("namespaces/queries/slow")["total_slow_queries"] == 0
    # What ran in one namespace is unknown in another.
    assert library.get("/v1/analytics/retrievers/fp0/stages", headers=headers).status == 404


@pytest.mark.parametrize("view", ["performance", "stages", "slow-queries", "cache-performance"])
def test_unknown_retrievers(measured, view):
    reply = measured.get(f"/v1/analytics/retrievers/nope/{view}", headers=NAMESPACE)
    assert reply.status == 404 and reply.json["error"]["type"] == "NotFoundError"
    assert "adhoc" in reply.json["error"]["message"]


@pytest.mark.parametrize("path, parameter", [
    ("retrievers/adhoc/stages?hours=0", "hours"),
    ("retrievers/adhoc/stages?hours=721", "hours"),
    ("retrievers/adhoc/cache-performance?hours=1.5", "hours"),
    ("retrievers/adhoc/slow-queries?limit=1001", "limit"),
    ("retrievers/adhoc/slow-queries?limit=0", "limit"),
    ("namespaces/queries/slow?days=91", "days"),
    ("namespaces/queries/slow?latency_threshold_ms=99", "latency_threshold_ms"),
    ("namespaces/queries/slow?latency_threshold_ms=NaN", "latency_threshold_ms"),
    ("namespaces/queries/slow?limit=501", "limit"),
    ("retrievers/adhoc/performance?group_by=hours", "group_by"),
    ("retrievers/adhoc/performance?group_by=minute&start_date=2000-01-01", None),
    ("retrievers/adhoc/performance?start_date=soon", "start_date"),
    ("retrievers/adhoc/performance?start_date=2026-01-02&end_date=2026-01-01", "start_date"),
])
def test_bad_queries_are_named(measured, path, parameter):
    reply = measured.get("/v1/analytics/" + path, headers=NAMESPACE)
    if parameter is None:  # Long, but with few executions in it.
        assert reply.status == 200
        return
    assert reply.status == 422, reply
    problem = reply.json["error"]["details"]["validation_errors"][0]
    assert problem["location"] == f"query.{parameter}"


def test_signals_are_not_served(measured):
    """Nothing collects them; an empty list would say that nobody gave any."""
    path = "/v1/analytics/retrievers/adhoc/signals"
    reply = measured.get(path, headers=NAMESPACE)
    assert reply.status == 403 and reply.json["error"]["type"] == "NotEnabledError"
