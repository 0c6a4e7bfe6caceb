"""POST /v1/retrievers/executions/list: the heart of the product."""

import datetime
import json
import time

import pytest

from conftest import BOOKS, Server, search, stage

BASE = datetime.datetime(2026, 3, 1, 12, 0, 0, tzinfo=datetime.timezone.utc)
ROW_KEYS = {"execution_id", "execution_mode", "status", "timestamp", "duration_ms",
            "credits_used", "total_processed", "total_returned", "cache_hit_rate",
            "query_summary", "stages_completed", "total_stages", "collection_ids"}


def row(number, **fields):
    """A history of 60 rows: five share each minute's start, every fourth failed."""
    started = BASE + datetime.timedelta(minutes=number // 5)
    return {"execution_id": f"exec_{number:04d}", "status": "failed" if number % 4 == 0 else
            "completed", "timestamp": started.isoformat(), "duration_ms": 1.5,
            "credits_used": 0.25, "total_processed": 3, "total_returned": 2,
            "stages_completed": 1, "total_stages": 1, "query_summary": f"query {number}",
            **fields}


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("history") / "data").start()
    lines = "\n".join(json.dumps(row(number)) for number in range(60))
    report = server.ok("POST", "/v1/retrievers/executions/import", lines)
    assert (report["imported_count"], report["failed_count"]) == (60, 0)
    yield server
    assert server.stop() == 0


def ids(reply):
    assert reply.status == 200, reply
    return [entry["execution_id"] for entry in reply.json["results"]]


NEWEST_FIRST = [f"exec_{number:04d}" for number in sorted(
    range(60), key=lambda number: (number // 5, f"exec_{number:04d}"), reverse=True)]


def test_newest_first_ties_by_id(history):
    assert ids(history.list({}, "?limit=1000")) == NEWEST_FIRST
    assert ids(history.list({})) == NEWEST_FIRST[:20]


def test_rows_have_the_thirteen_fields(history):
    for entry in history.list({}).json["results"]:
        assert set(entry) == ROW_KEYS
        assert entry["execution_mode"] == "adhoc"
        for name in ("total_processed", "total_returned", "stages_completed", "total_stages"):
            assert type(entry[name]) is int


@pytest.mark.parametrize("limit", [1, 2, 7, 19, 59, 60, 61])
def test_cursors_visit_each_once(history, limit):
    seen, cursor = [], None
    for _ in range(200):
        query = f"?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        reply = history.list({}, query)
        seen += ids(reply)
        assert reply.json["total"] == 60
        cursor = reply.json["pagination"]["next_cursor"]
        assert reply.json["pagination"]["has_next"] is (cursor is not None)
        if cursor is None:
            break
    assert seen == NEWEST_FIRST


def test_cursors_are_stable_while_rows_arrive(data_dir):
    server = Server(data_dir).start()
    try:
        lines = "\n".join(json.dumps(row(number)) for number in range(20))
        server.ok("POST", "/v1/retrievers/executions/import", lines)
        first = server.list({"start_time": "2020-01-01"}, "?limit=8")
        server.execute([], [stage("limit")])
        second = server.list({"start_time": "2020-01-01"},
                             f"?limit=1000&cursor={first.json['pagination']['next_cursor']}")
        assert len(set(ids(first) + ids(second))) == 20
        assert second.json["total"] == 21
    finally:
        server.stop()


def test_a_clock_that_was_set_back(data_dir):
    """Later arrivals have earlier times, and some the very times of those that are there."""
    server = Server(data_dir).start()
    try:
        def arrive(first, count, step):
            lines = [row(number, execution_id=f"exec_{number:04d}", timestamp=(
                BASE + datetime.timedelta(minutes=(number - first) * step)).isoformat())
                for number in range(first, first + count)]
            report = server.ok("POST", "/v1/retrievers/executions/import",
                               "\n".join(json.dumps(line) for line in lines))
            assert report["imported_count"] == count
            return {line["execution_id"] for line in lines}

        there = arrive(0, 100, 1)
        walks = [("?limit=7", {}), ("?limit=13", {"sort": {"field": "timestamp",
                                                           "direction": "asc"}})]
        arrived = 1000
        for query, body in walks:
            seen, cursor = [], None
            while True:
                reply = server.list(body, query + (f"&cursor={cursor}" if cursor else "")).json
                seen += [(entry["timestamp"], entry["execution_id"])
                         for entry in reply["results"]]
                cursor = reply["pagination"]["next_cursor"]
                if cursor is None:
                    break
                if len(seen) < 200:
                    arrive(arrived, 3, -30)
                    arrive(arrived + 3, 3, 20)
                    arrived += 6
            names = [name for _, name in seen]
            assert len(names) == len(set(names))
            assert there <= set(names)
            assert seen == sorted(seen, reverse=not body)
        # An execution that is run now takes its place by its time and has the newest id.
        execution = server.execute([], [stage("limit")]).json["execution_id"]
        assert ids(server.list({}))[0] == execution
    finally:
        server.stop()


def test_offset_pages(history):
    assert ids(history.list({}, "?limit=10&offset=15")) == NEWEST_FIRST[15:25]
    assert ids(history.list({}, "?page_size=10&page=2")) == NEWEST_FIRST[10:20]
    assert ids(history.list({}, "?page_size=10&page_number=2")) == NEWEST_FIRST[10:20]
    beyond = history.list({}, "?offset=10000")
    assert ids(beyond) == []
    assert beyond.json["total"] == 60
    assert beyond.json["pagination"]["has_next"] is False


def test_the_union_of_pagination_objects(history):
    page = history.list({}, "?limit=10&offset=20&include_total=true").json["pagination"]
    assert page["total"] == 60 and page["total_pages"] == 6
    assert page["page"] == 3 and page["page_size"] == 10
    assert page["limit"] == 10 and page["offset"] == 20 and page["has_next"] is True
    assert "offset=30" in page["next_page"] and "offset=10" in page["previous_page"]
    assert page["next_cursor"]
    without = history.list({}, "?limit=10").json
    assert without["pagination"]["total"] is None
    assert without["pagination"]["total_pages"] is None
    assert without["total"] == 60


@pytest.mark.parametrize("query", [
    "limit=0", "limit=1001", "limit=-1", "limit=1.5", "limit=ten", "limit=1e2", "limit=%20",
    "offset=-1", "offset=10001", "offset=0.5", "offset=x", "limit=99999999999999999999",
    "page=0", "page=x", "include_total=maybe", "page=2&offset=20"])
def test_queries_out_of_range(history, query):
    reply = history.list({}, "?" + query)
    assert reply.status == 422, reply
    assert reply.json["error"]["type"] == "ValidationError"
    assert reply.json["detail"][0]["loc"][0] == "query"


def test_cursor_misuse(history):
    cursor = history.list({}, "?limit=10").json["pagination"]["next_cursor"]
    assert history.list({}, f"?limit=10&offset=10&cursor={cursor}").status == 422
    assert history.list({"status": "failed"}, f"?cursor={cursor}").status == 422
    assert history.list({}, "?cursor=nonsense").status == 422
    assert history.list({}, f"?cursor={cursor[:-1]}").status == 422
    flipped = cursor[:10] + ("A" if cursor[10] != "A" else "B") + cursor[11:]
    assert history.list({}, f"?cursor={flipped}").status == 422
    history.ok("POST", "/v1/namespaces", {"namespace_name": "elsewhere"})
    foreign = history.list({}, f"?cursor={cursor}", headers={"X-Namespace": "elsewhere"})
    assert foreign.status == 422


def test_status_is_exact(history):
    failed = history.list({"status": "failed"}, "?limit=1000")
    assert ids(failed) == [name for name in NEWEST_FIRST if int(name[-4:]) % 4 == 0]
    assert failed.json["total"] == 15
    assert history.list({"status": "FAILED"}).json["total"] == 0
    assert history.list({"status": "nosuch"}).json["total"] == 0
    assert history.list({"status": None}).json["total"] == 60


SAME = [
    "2026-03-01T12:05:00Z", "2026-03-01T12:05:00.000000Z", "2026-03-01T12:05:00",
    "2026-03-01 12:05:00", "2026-03-01T13:05:00+01:00", "2026-03-01T07:05:00-05:00",
    "2026-03-01T12:05:00+00:00", 1772366700, 1772366700000, 1772366700.0]


@pytest.mark.parametrize("value", SAME)
def test_every_form_of_an_instant(history, value):
    # 12:05 is the start of executions 25 to 29; both ends are included.
    assert history.list({"start_time": value}).json["total"] == 35
    assert history.list({"end_time": value}).json["total"] == 30
    only = history.list({"start_time": value, "end_time": value})
    assert sorted(ids(only)) == [f"exec_{number:04d}" for number in range(25, 30)]


def test_the_range_is_inclusive_to_the_microsecond(history):
    assert history.list({"start_time": "2026-03-01T12:05:00.000001Z"}).json["total"] == 30
    assert history.list({"end_time": "2026-03-01T12:04:59.999999Z"}).json["total"] == 25


def test_dates_and_relative_times(history):
    assert history.list({"start_time": "2026-03-01"}).json["total"] == 60
    assert history.list({"end_time": "2026-03-01"}).json["total"] == 0
    assert history.list({"end_time": "2026-03-02"}).json["total"] == 60
    for span in ("-15m", "-24h", "-7d", "-30s", "-2w"):
        assert history.list({"start_time": span}).json["total"] == 0
        assert history.list({"end_time": span}).json["total"] == 60


@pytest.mark.parametrize("value", [
    "2026-02-30", "2026-13-01", "2026-03-01T25:00:00Z", "yesterday", "", "-5", "-5y", "--5m",
    "+5m", True, [], {}, "2026-03-01T12:00:00X", "2026-03-01T12:00:00+25:00", 1e300, "12:00"])
def test_what_is_no_instant(history, value):
    for name in ("start_time", "end_time"):
        reply = history.list({name: value})
        assert reply.status == 422, (value, reply)
        assert reply.json["error"]["details"]["validation_errors"][0]["location"] == name


def test_start_after_end(history):
    reply = history.list({"start_time": "2026-03-02", "end_time": "2026-03-01"})
    assert reply.status == 422


@pytest.mark.parametrize("key,nearest", [
    ("Status", "status"), ("stauts", "status"), ("start", "start_time"),
    ("startTime", "start_time"), ("end_tme", "end_time")])
def test_an_unknown_filter_is_refused_with_the_nearest(history, key, nearest):
    reply = history.list({key: "failed"})
    assert reply.status == 422
    assert f"'{nearest}'" in reply.json["error"]["message"], reply


def test_bodies_of_a_wrong_type(history):
    assert history.list("[]").status == 422
    assert history.list('"x"').status == 422
    assert history.list("{").status == 400
    assert history.list({"status": 5}).status == 422


def test_totals_with_every_combination(history):
    for status in (None, "failed", "completed"):
        for first in range(0, 13, 3):
            for last in range(first, 13, 4):
                body = {"start_time": (BASE + datetime.timedelta(minutes=first)).isoformat(),
                        "end_time": (BASE + datetime.timedelta(minutes=last)).isoformat()}
                if status:
                    body["status"] = status
                expected = [n for n in range(60) if first <= n // 5 <= last and
                            (not status or (n % 4 == 0) == (status == "failed"))]
                reply = history.list(body, "?limit=1000")
                assert len(ids(reply)) == reply.json["total"] == len(expected)


def test_namespaces_do_not_see_each_other(history):
    history.post("/v1/namespaces", {"namespace_name": "empty"})
    other = {"X-Namespace": "empty"}
    assert history.list({}, headers=other).json["total"] == 0
    assert history.get("/v1/retrievers/executions/exec_0001", headers=other).status == 404
    assert history.get("/v1/retrievers/executions/exec_0001").status == 200
    assert history.list({}, "?namespace=empty").json["total"] == 0
    assert history.list({}, headers={"X-Namespace": "nosuch"}).status == 404


def test_an_import_names_members_of_other_programs(data_dir):
    server = Server(data_dir).start()
    rows = [{"execution_id": "a", "status": "completed", "timestamp": "2026-01-01T00:00:00Z",
             "latency": 5, "cost": 2, "colour": "red"},
            {"execution_id": "b", "status": "completed", "timestamp": "2026-01-01T00:00:00Z",
             "duration_ms": 5, "input": {"q": "x"}}]
    done = server.ok("POST", "/v1/retrievers/executions/import",
                     "\n".join(json.dumps(row) for row in rows))
    assert done["imported_count"] == 2 and done["warning_count"] == 4
    assert [(each["line"], each["message"]) for each in done["warnings"]] == [
        (1, "'latency' was not read; is it 'duration_ms'?"),
        (1, "'cost' was not read; is it 'credits_used'?"),
        (1, "'colour' is no member of an execution, and was not read here and on any other line"),
        (2, "'input' was not read; is it 'inputs'?")]
    # What was exported has none of them.
    lines = server.post("/v1/retrievers/executions/export?detail=true").text
    done = server.ok("POST", "/v1/retrievers/executions/import", lines)
    assert (done["skipped_count"], done["warnings"]) == (2, [])
    assert server.stop() == 0


def test_import_is_idempotent_and_keeps_inputs_verbatim(data_dir):
    server = Server(data_dir).start()
    try:
        inputs = '{ "b" : 1,  "a":"x"}'
        lines = "\n".join([
            json.dumps(row(1, inputs=inputs)), "not json", "", json.dumps([1]),
            json.dumps({"status": "completed"}), json.dumps(row(2, duration_ms=-1)),
            json.dumps(row(3, total_processed=1.5)), json.dumps(row(4))])
        report = server.ok("POST", "/v1/retrievers/executions/import", lines)
        assert report["imported_count"] == 2
        assert report["failed_count"] == 5
        assert [bad["line"] for bad in report["errors"]] == [2, 4, 5, 6, 7]
        again = server.ok("POST", "/v1/retrievers/executions/import", lines)
        assert (again["imported_count"], again["skipped_count"]) == (0, 2)
        assert server.list({}).json["total"] == 2
        detail = server.ok("GET", "/v1/retrievers/executions/exec_0001")
        assert detail["inputs"] == inputs
        # SHA-1 of the canonical form: keys sorted, no spaces.
        import hashlib
        assert detail["inputs_hash"] == hashlib.sha1(b'{"a":"x","b":1}').hexdigest()
        # A detail moves to another server as it is.
        moved = server.ok("POST", "/v1/namespaces", {"namespace_name": "copy"})
        server.ok("POST", "/v1/retrievers/executions/import", json.dumps(detail),
                  headers={"X-Namespace": moved["namespace_id"]})
        copy = server.ok("GET", "/v1/retrievers/executions/exec_0001",
                         headers={"X-Namespace": "copy"})
        assert copy["inputs"] == inputs
    finally:
        server.stop()


def test_an_import_refuses_a_status_that_there_is_not(server):
    def row(name, **members):
        return json.dumps({"execution_id": name, "status": "completed",
                           "timestamp": "2026-01-01T00:00:00Z", **members})

    known = ["completed", "failed", "cancelled", "processing"]
    lines = [row(f"exec_{status}", status=status) for status in known]
    lines += [row("exec_a", status="banana"), row("exec_b", status="complete"),
              row("exec_c", status="Failed"), row("exec_d", status="")]
    done = server.ok("POST", "/v1/retrievers/executions/import", "\n".join(lines))
    assert (done["imported_count"], done["failed_count"]) == (4, 4)
    banana, complete, failed, empty = done["errors"]
    assert banana == {"line": 5, "message": "status is 'banana'; use one of completed, failed, "
                                            "cancelled, processing"}
    assert "(did you mean 'completed'?)" in complete["message"]
    assert "(did you mean 'failed'?)" in failed["message"]
    assert empty["line"] == 8
    assert server.list().json["total"] == 4


def test_an_import_warns_of_what_lies_ahead(server):
    now = int(time.time())
    lines = [json.dumps({"execution_id": f"exec_{ahead}", "status": "completed",
                         "timestamp": now + ahead}) for ahead in (0, 80_000, 90_000)]
    lines.append(json.dumps({"execution_id": "exec_far", "status": "completed",
                             "timestamp": "2999-01-01T00:00:00Z"}))
    done = server.ok("POST", "/v1/retrievers/executions/import", "\n".join(lines))
    assert done["imported_count"] == 4
    assert [each["line"] for each in done["warnings"]] == [3, 4]
    assert "2999-01-01T00:00:00" in done["warnings"][1]["message"]


def test_an_import_tells_each_unknown_member_once(server):
    lines = "\n".join(json.dumps({
        "execution_id": f"exec_{i}", "status": "completed", "bogus": i, f"own_{i}": 1,
        "timestamp": "2026-01-01T00:00:00Z"}) for i in range(300))
    done = server.ok("POST", "/v1/retrievers/executions/import", lines)
    assert done["imported_count"] == 300
    assert done["warning_count"] == 100  # Names, and not lines.
    assert [each["message"] for each in done["warnings"]].count(
        "'bogus' is no member of an execution, and was not read here and on any other line") == 1


def test_fields_are_all_that_a_detail_shows(server):
    server.make_collection("books", BOOKS)
    made = server.execute(["books"], [search("whale")], labels={"a": "b"}).json
    detail = server.ok("GET", f"/v1/retrievers/executions/{made['execution_id']}")
    asked = [*detail, "not_replayable", "caller"]
    [row] = server.list({"fields": asked}).json["results"]
    assert list(row) == asked
    assert row == {**detail, "not_replayable": None, "caller": detail["caller_key_id"]}
    assert row["replayable"] is True
    server.ok("DELETE", "/v1/collections/books")
    [row] = server.list({"fields": ["replayable", "not_replayable"]}).json["results"]
    assert row["replayable"] is False and row["not_replayable"]["reason"]
    reply = server.list({"fields": ["replaiable"]})
    assert reply.status == 422
    assert "did you mean 'replayable'?" in reply.json["error"]["message"]


@pytest.mark.parametrize("slip, near", [
    ("id", "execution_id"), ("query", "query_summary"), ("created_at", "timestamp"),
    ("user", "caller"), ("stat", "status")])
def test_other_names_of_fields_lead_to_them(history, slip, near):
    for body in ({"fields": [slip]}, {"filters": {slip: "x"}}):
        reply = history.list(body)
        assert reply.status == 422
        if near != "caller" or "fields" in body:
            assert f"did you mean '{near}'?" in reply.json["error"]["message"], reply
    if near == "timestamp":
        assert "did you mean 'timestamp'?" in history.list({"sort": slip}).text


def test_a_delete_of_named_ones_can_ask_for_all_of_them(server):
    lines = "\n".join(json.dumps({"execution_id": f"exec_{i}", "status": "completed",
                                  "timestamp": "2026-01-01T00:00:00Z"}) for i in range(4))
    server.ok("POST", "/v1/retrievers/executions/import", lines)
    path = "/v1/retrievers/executions/delete?require_all=true"
    for dry_run in ("", "&dry_run=true"):
        reply = server.post(path + dry_run, {"execution_ids": ["exec_1", "exec_nope"]})
        assert reply.status == 404
        assert "'exec_nope'" in reply.json["error"]["message"]
        assert server.list().json["total"] == 4
    counted = server.ok("POST", path + "&dry_run=true", {"execution_ids": ["exec_1", "exec_2"]})
    assert counted["matching_count"] == 2
    done = server.ok("POST", path, {"execution_ids": ["exec_1", "exec_2"]})
    assert done["deleted_count"] == 2
    assert server.post(path, {"execution_ids": ["exec_1"]}).status == 404
    assert server.post(path, {"status": "completed"}).status == 422
    # Without it, what is there is deleted.
    done = server.ok("POST", path.split("?")[0], {"execution_ids": ["exec_1", "exec_3"]})
    assert done["deleted_count"] == 1
