"""What retention and deletion take, and what they leave."""

import json
import threading
import time

from conftest import BOOKS, Server, search
from test_long_runs import send_and_leave_open, slow, wait_for  # noqa: F401, a fixture

DAY = 86_400


def import_days(server, count, **options):
    """One execution a day, the newest an hour old; every third failed."""
    now = time.time() - 3600
    lines = [{"execution_id": f"exec_{i}", "status": "completed" if i % 3 else "failed",
              "timestamp": now - i * DAY, "query_summary": f"query {i}",
              "inputs": {"q": "x" * 200}} for i in range(count)]
    report = server.ok("POST", "/v1/retrievers/executions/import",
                       "\n".join(json.dumps(line) for line in lines), **options)
    assert report["imported_count"] == count, report


def total(server, body=None, **options):
    reply = server.list(body or {}, **options)
    assert reply.status == 200, reply
    return reply.json["total"]


def ids(server, **options):
    return {row["execution_id"] for row in
            server.list({}, "?limit=1000", **options).json["results"]}


def set_retention(server, **retention):
    return server.ok("PATCH", "/v1/namespaces/default", {"retention": retention})


def preview(server, **policy):
    return server.ok("POST", "/v1/namespaces/default/retention/preview",
                     policy)["would_delete"]


def run(server):
    return server.ok("POST", "/v1/namespaces/default/retention/run")["run"]


def quiet(data_dir, **environment):
    """A server that prunes only when it is asked to."""
    return Server(data_dir, environment={"TRAWL_LEDGER_RETENTION_EVERY_MS": "0",
                                         **environment}).start()


def test_each_rule_takes_what_its_preview_says(data_dir):
    server = quiet(data_dir)
    import_days(server, 100)
    assert preview(server)["total"] == 0
    aged = preview(server, max_age="30d")
    assert aged["total"] == aged["by_rule"]["age"] == 70
    assert aged["oldest"] < aged["newest"]
    assert preview(server, max_count=40)["by_rule"] == {"age": 0, "count": 60, "bytes": 0}
    by_status = preview(server, max_age="30d", by_status={"failed": "60d"})
    assert by_status["total"] == 70 - 10
    assert 0 < preview(server, max_bytes=20_000)["by_rule"]["bytes"] < 100
    assert total(server) == 100, "a preview deletes nothing"

    set_retention(server, max_age="30d", by_status={"failed": "60d"})
    done = run(server)
    assert done["total"] == 60 and done["complete"] and done["error"] is None
    assert total(server) == 40
    assert total(server, {"status": "failed"}) == 20
    assert ids(server) == {f"exec_{i}" for i in range(60) if i < 30 or i % 3 == 0}
    assert run(server)["total"] == 0
    shown = server.ok("GET", "/v1/namespaces/default/retention")
    assert shown["retention"] == {"max_age": "30d", "by_status": {"failed": "60d"}}
    assert shown["last_run"]["total"] == 0 and shown["last_run"]["complete"]

    set_retention(server, max_count=5)
    assert run(server)["by_rule"]["count"] == 35
    assert ids(server) == {f"exec_{i}" for i in range(5)}
    assert server.stop() == 0
    server.start()
    assert ids(server) == {f"exec_{i}" for i in range(5)}
    assert server.stop() == 0


def test_it_runs_by_itself_in_its_namespace_alone(data_dir):
    server = Server(data_dir, environment={"TRAWL_LEDGER_RETENTION_EVERY_MS": "50"}).start()
    server.ok("POST", "/v1/namespaces", {"namespace_name": "other"})
    import_days(server, 1500)
    import_days(server, 10, headers={"X-Namespace": "other"})
    set_retention(server, max_count=3)
    deadline = time.monotonic() + 30
    while total(server) > 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ids(server) == {"exec_0", "exec_1", "exec_2"}
    assert total(server, headers={"X-Namespace": "other"}) == 10
    assert server.ok("GET", "/v1/namespaces/default/retention")["last_run"] is not None
    assert server.stop() == 0


def test_lists_are_not_held_up(data_dir):
    """Deleting thousands goes in steps; meanwhile lists answer, and runs are recorded."""
    server = quiet(data_dir)
    server.make_collection("books", BOOKS)
    import_days(server, 6000)
    set_retention(server, max_count=10)
    done = []
    thread = threading.Thread(target=lambda: done.append(run(server)))
    thread.start()
    slowest = 0
    while thread.is_alive():
        begin = time.monotonic()
        assert server.list({}, "?limit=20").status == 200
        slowest = max(slowest, time.monotonic() - begin)
        assert server.execute(["books"], [search()], {"query": "sea"}).status == 200
    thread.join()
    assert done[0]["complete"]
    run(server)
    assert total(server) == 10
    assert slowest < 2, f"a list took {slowest:.2f} s"
    assert server.stop() == 0


def test_retention_is_checked(server):
    for retention, location in [({"max_age": "30y"}, "max_age"), ({"max_count": 0}, "max_count"),
                                ({"max_agee": 1}, "max_agee"), ({"max_bytes": "5"}, "max_bytes")]:
        reply = server.request("PATCH", "/v1/namespaces/default", {"retention": retention})
        assert reply.status == 422 and reply.json["detail"][0]["loc"] == [
            "body", "retention", location]
        assert server.post("/v1/namespaces/default/retention/preview", retention).status == 422
    assert server.get("/v1/namespaces/none/retention").status == 404


def test_delete_one(server):
    import_days(server, 3)
    path = "/v1/retrievers/executions/exec_1"
    assert server.ok("DELETE", path)["success"] is True
    assert server.request("DELETE", path).status == 404
    assert server.get(path).status == 404
    assert ids(server) == {"exec_0", "exec_2"}


def test_delete_of_a_running_execution_is_a_conflict(slow):
    with send_and_leave_open(slow):
        row = wait_for(slow, "processing")
        path = f"/v1/retrievers/executions/{row['execution_id']}"
        reply = slow.request("DELETE", path)
        assert reply.status == 409 and "still running" in reply.json["error"]["message"]
        gone = slow.ok("POST", "/v1/retrievers/executions/delete?all=true")
        assert gone["deleted_count"] == 0
        assert slow.get(path).json["status"] == "processing"
    wait_for(slow, "cancelled")
    assert slow.request("DELETE", path).status == 200


def test_delete_by_filter(server):
    import_days(server, 30)
    path = "/v1/retrievers/executions/delete"
    before = server.list().json["total"]
    for nothing in ({"query": "*"}, {"filters": {}}, {"labels": {}}, {"status": None},
                    {"fields": ["status"]}, {"budget_ms": 5}):
        assert server.post(path, nothing).status == 422, nothing
    assert server.list().json["total"] == before
    for body in (None, {}, {"status": None}):
        refused = server.post(path, body)
        assert refused.status == 422 and "all=true" in refused.json["error"]["message"]
    assert server.post(path, {"stattus": "failed"}).status == 422
    assert server.post(path + "?dry_run=yes", {"status": "failed"}).status == 422
    dry = server.ok("POST", path + "?dry_run=true", {"status": "failed"})
    assert dry["matching_count"] == 10 and dry["deleted_count"] == 0 and dry["exact"]
    assert total(server) == 30
    gone = server.ok("POST", path, {"status": "failed", "end_time": "-15d"})
    assert gone["deleted_count"] == 5 and gone["complete"]
    assert total(server) == 25 and total(server, {"status": "failed"}) == 5
    assert server.ok("POST", path + "?all=true")["deleted_count"] == 25
    assert total(server) == 0


def test_deleting_takes_the_permission(server):
    import_days(server, 2)

    def key(permission):
        return server.ok("POST", "/v1/organizations/users/u/api-keys",
                         {"name": permission, "permissions": [permission]})["key"]

    write, delete = key("write"), key("delete")
    for method, path, body in [
            ("DELETE", "/v1/retrievers/executions/exec_0", None),
            ("POST", "/v1/retrievers/executions/delete", {"status": "failed"}),
            ("POST", "/v1/namespaces/default/retention/run", None),
            ("PATCH", "/v1/namespaces/default", {"retention": {"max_count": 1}})]:
        assert server.request(method, path, body, key=write).status == 403
        assert server.request(method, path, body, key=delete).status == 200
