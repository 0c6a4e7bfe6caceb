"""What a new user does first, on a fresh server."""

import re
import time

from conftest import Server


def test_the_bare_list_works_at_once(server):
    reply = server.post("/v1/retrievers/executions/list", "{}")
    assert reply.status == 200
    assert reply.json["results"] == []
    assert reply.json["total"] == 0
    assert reply.json["pagination"]["has_next"] is False
    assert reply.json["pagination"]["next_cursor"] is None


def test_an_empty_body_lists_too(server):
    assert server.post("/v1/retrievers/executions/list", b"").status == 200


def test_a_key_is_generated_and_printed_once(data_dir):
    server = Server(data_dir, environment={"TRAWL_API_KEY": ""}).start()
    try:
        key = server.logged("administrator's key").split()[-1]
        assert key.startswith("sk_")
        assert server.list({}, key=key).status == 200
        assert server.list({}, key="sk_other").status == 401
        assert server.stop() == 0
        server.start()
        assert server.list({}, key=key).status == 200
        assert server.stop() == 0
        assert not any("administrator's key" in line for line in server.log)
    finally:
        server.stop()


def test_health_needs_no_key(server):
    health = server.ok("GET", "/v1/health", key=None)
    assert health["status"] == "OK"
    for flag in ("cache", "metadata", "vector_store", "object_storage", "task_queue",
                 "inference"):
        assert isinstance(health["data"][flag], bool)
    for path in ("/livez", "/readyz", "/v1/health/liveness"):
        assert server.get(path, key=None).status == 200


def test_metrics_are_prometheus_text(server):
    server.list({})
    # A request is counted behind its reply.
    deadline = time.monotonic() + 20
    while True:
        reply = server.get("/metrics", key=None)
        assert reply.status == 200
        if "trawl_http_requests_total" in reply.text or time.monotonic() > deadline:
            break
    assert reply.headers["content-type"].startswith("text/plain")
    assert "trawl_http_requests_total" in reply.text
    # Whatever a client invents, it cannot make the server keep it.
    for method in ("INVENTED1", "INVENTED2"):
        server.request(method, "/v1/collections")
    assert "INVENTED" not in server.get("/metrics", key=None).text


def test_totals_are_counters_and_levels_are_gauges(server):
    text = server.get("/metrics", key=None).text
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    helped = re.findall(r"^# HELP (\S+)", text, re.MULTILINE)
    assert sorted(helped) == sorted(kinds) and len(set(helped)) == len(helped)
    for name, kind in kinds.items():
        assert (kind == "counter") == name.endswith("_total"), (name, kind)
    assert {"trawl_recorder_commits_total", "trawl_recorder_writes_total",
            "trawl_recorder_failures_total", "trawl_stage_cache_hits_total",
            "trawl_stage_cache_misses_total", "trawl_http_connections_total"} <= set(kinds)


def test_stages_lists_what_runs(server):
    stages = server.ok("GET", "/v1/retrievers/stages", key=None)
    assert {row["stage_id"] for row in stages} == {
        "feature_search", "attribute_filter", "sort_attribute", "sort_relevance", "limit",
        "sample", "deduplicate", "group_by", "aggregate", "rerank"}
    for row in stages:
        assert row["category"] in ("filter", "sort", "reduce", "apply", "enrich")
        assert row["description"] and row["icon"]
        assert row["parameter_schema"]["type"] == "object"
