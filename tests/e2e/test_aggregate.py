"""The figures of the history, against numbers that the test works out from what it imported."""

import collections
import datetime
import json
import math

import pytest

AGGREGATE = "/v1/retrievers/executions/aggregate"
LIST = "/v1/retrievers/executions/list"
NAMESPACE = {"X-Namespace": "counted"}
UTC = datetime.timezone.utc
START = datetime.datetime(2026, 1, 30, 22, 0, tzinfo=UTC)


def at(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def history():
    """One execution every 37 minutes over some five days, with a gap on 2026-02-02."""
    rows = []
    for i in range(200):
        time = START + datetime.timedelta(minutes=37 * i)
        if time.date() == datetime.date(2026, 2, 2):
            continue
        status = "failed" if i % 7 == 0 else "cancelled" if i % 50 == 1 else "completed"
        rows.append({
            "execution_id": f"exec_{i:03}",
            "status": status,
            "timestamp": time.isoformat(),
            "duration_ms": 1.25 * (i * 31 % 97) ** 2,
            "credits_used": i / 8,
            "total_returned": 0 if i % 5 == 0 else i,
            "stages_completed": 2,
            "total_stages": 2,
            "cache_hit_rate": None if status == "failed" else (i % 3) / 2,
            "query_summary": "night ferry" if i % 2 else "day ferry",
            "collection_ids": [["col_a"], ["col_a", "col_b"], []][i % 3],
            "stages": [{"stage_name": "find", "stage_id": "feature_search"},
                       {"stage_name": "cut", "stage_id": "limit" if i % 2 else "sample"}],
            "labels": {"team.x": f"t{i % 4}", **({"run": str(i)} if i % 3 else {})}
            if i % 4 else {},
            "caller_key_id": f"key_{i % 2}",
            "fingerprint": f"fp{i % 3}",
            "shape": f"sh{i % 2}",
            "pipeline": {"stages": [{"stage_id": "feature_search", "n": i % 3}]},
        })
    return rows


ROWS = history()


@pytest.fixture(scope="module")
def counted(library):
    lines = "\n".join(json.dumps(row) for row in ROWS)
    library.ok("POST", "/v1/namespaces", {"namespace_name": "counted"})
    library.ok("POST", "/v1/retrievers/executions/import", lines, headers=NAMESPACE)
    return library


def ask(server, body):
    reply = server.ok("POST", AGGREGATE, body, headers=NAMESPACE)
    assert "partial" not in reply
    return reply


def ratio(part, whole):
    return part / whole if whole else None


def check(figures, rows):
    """That these are the figures of these executions."""
    completed = [row for row in rows if row["status"] == "completed"]
    durations = sorted(row["duration_ms"] for row in rows)
    rates = [row["cache_hit_rate"] for row in rows if row["cache_hit_rate"] is not None]
    failed = sum(row["status"] == "failed" for row in rows)
    empty = sum(row["total_returned"] == 0 for row in completed)
    assert figures["count"] == len(rows)
    assert figures["error_count"] == failed
    assert figures["completed_count"] == len(completed)
    assert figures["zero_result_count"] == empty
    credits = sum(row["credits_used"] for row in rows)
    duration = figures["duration_ms"]
    if not rows:
        assert figures["credits_used"] == {"total": 0, "avg": None}
        assert set(duration.values()) == {None}
        assert figures["error_rate"] is figures["zero_result_rate"] is None
        assert figures["cache_hit_rate"] is None
        return
    assert figures["error_rate"] == pytest.approx(failed / len(rows))
    assert figures["zero_result_rate"] == pytest.approx(ratio(empty, len(completed)))
    assert figures["credits_used"]["total"] == pytest.approx(credits)
    assert figures["credits_used"]["avg"] == pytest.approx(credits / len(rows))
    assert figures["cache_hit_rate"] == pytest.approx(ratio(sum(rates), len(rates)))
    assert duration["avg"] == pytest.approx(sum(durations) / len(rows))
    assert duration["max"] == durations[-1]
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        place = share * (len(rows) - 1)
        low, high = durations[math.floor(place)], durations[math.ceil(place)]
        assert low * 0.99 - 0.001 <= duration[name] <= high * 1.01 + 0.001, name


def of_day(row):
    return at(row["timestamp"]).date().isoformat()


def test_one_row_for_all(counted):
    reply = ask(counted, {"bucket": "none"})
    assert (reply["bucket"], reply["group_by"], reply["filter"]) == ("none", None, {})
    check(reply["total"], ROWS)
    assert len(reply["results"]) == 1 and "bucket_start" not in reply["results"][0]
    check(reply["results"][0], ROWS)


SPANS = {
    "minute": lambda t: (t.replace(second=0, microsecond=0), datetime.timedelta(minutes=1)),
    "hour": lambda t: (t.replace(minute=0, second=0, microsecond=0), datetime.timedelta(hours=1)),
    "day": lambda t: (datetime.datetime(t.year, t.month, t.day, tzinfo=UTC),
                      datetime.timedelta(days=1)),
    "week": lambda t: (datetime.datetime(t.year, t.month, t.day, tzinfo=UTC)
                       - datetime.timedelta(days=t.weekday()), datetime.timedelta(weeks=1)),
}


@pytest.mark.parametrize("bucket", SPANS)
@pytest.mark.parametrize("body", [{}, {"query": "night"}], ids=["all", "filtered"])
def test_buckets_follow_each_other_without_gaps(counted, bucket, body):
    rows = [row for row in ROWS if not body or row["query_summary"] == "night ferry"]
    reply = ask(counted, {**body, "bucket": bucket})
    assert reply["bucket"] == bucket
    check(reply["total"], rows)
    begin = SPANS[bucket](at(rows[0]["timestamp"]))[0]
    for result in reply["results"]:
        start, length = SPANS[bucket](begin)
        assert at(result["bucket_start"]) == start and at(result["bucket_end"]) == start + length
        check(result, [row for row in rows if SPANS[bucket](at(row["timestamp"]))[0] == start])
        begin = start + length
    assert begin > at(rows[-1]["timestamp"])
    assert any(result["count"] == 0 for result in reply["results"]) == (bucket != "week")


def test_months_have_their_own_lengths(counted):
    reply = ask(counted, {"bucket": "month"})
    assert [(row["bucket_start"], row["bucket_end"]) for row in reply["results"]] == [
        ("2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z"),
        ("2026-02-01T00:00:00.000000Z", "2026-03-01T00:00:00.000000Z")]


def test_a_range_that_cuts_its_buckets(counted):
    body = {"start_time": "2026-01-31T03:30:00Z", "end_time": "2026-02-01T11:07:00Z"}
    rows = [row for row in ROWS
            if at(body["start_time"]) <= at(row["timestamp"]) <= at(body["end_time"])]
    reply = ask(counted, {**body, "bucket": "hour"})
    assert reply["filter"] == {"start_time": "2026-01-31T03:30:00.000000Z",
                               "end_time": "2026-02-01T11:07:00.000000Z"}
    check(reply["total"], rows)
    assert sum(row["count"] for row in reply["results"]) == len(rows)
    assert reply["total"]["count"] == counted.ok("POST", LIST, body, headers=NAMESPACE)["total"]


@pytest.mark.parametrize("body, bucket", [
    # 38 hours before the gap of a day and some 85 behind it.
    ({}, "day"),
    ({"end_time": "2026-02-01T23:59:59Z"}, "hour"),
    ({"start_time": "2026-02-03T00:00:00Z"}, "hour"),
    ({"execution_ids": ["exec_150", "exec_151", "exec_152"]}, "minute"),
    ({"execution_ids": ["exec_150", "exec_153"]}, "minute"),
    ({"execution_ids": ["exec_150", "exec_154"]}, "hour"),
    ({"start_time": "2026-01-30T22:00:00Z", "end_time": "2026-01-30T23:59:59Z"}, "minute"),
    ({"start_time": "2026-01-30T22:00:00Z", "end_time": "2026-01-31T00:00:00Z"}, "hour"),
    ({"start_time": "2025-11-01", "end_time": "2026-02-28"}, "day"),
    ({"start_time": "2025-10-01", "end_time": "2026-02-28"}, "week"),
    ({"start_time": "2020-01-01", "end_time": "2026-02-28"}, "month"),
    ({"start_time": "2025-01-01"}, "week"),
    ({"start_time": "2020-01-01"}, "month"),
    ({"start_time": "2026-01-30T22:00:00Z", "end_time": "2026-01-30T23:59:59Z",
      "bucket": "auto"}, "minute"),
    ({"group_by": "status"}, "none"),
    ({"group_by": "status", "bucket": "auto"}, "day"),
    ({"group_by": "status", "bucket": "auto", "end_time": "2026-02-01T23:59:59Z"}, "hour"),
], ids=json.dumps)
def test_auto_chooses_a_unit(counted, body, bucket):
    reply = ask(counted, body)
    assert reply["bucket"] == bucket
    listed = {key: value for key, value in body.items() if key not in ("bucket", "group_by")}
    total = counted.ok("POST", LIST, listed, headers=NAMESPACE)["total"]
    assert reply["total"]["count"] == total
    assert sum(row["count"] for row in reply["results"]) == total
    if bucket != "none" and "group_by" not in body:
        assert len(reply["results"]) <= 121
        starts = [row["bucket_start"] for row in reply["results"]]
        assert starts == sorted(set(starts))
        for row, after in zip(reply["results"], reply["results"][1:]):
            assert row["bucket_end"] == after["bucket_start"]


GROUPS = {
    "status": ("status", lambda row: [row["status"]]),
    "collection": ("collection_id", lambda row: row["collection_ids"] or [None]),
    "stage": ("stage_id", lambda row: [stage["stage_id"] for stage in row["stages"]]),
    "caller": ("caller", lambda row: [row["caller_key_id"]]),
    "shape": ("shape", lambda row: [row["shape"]]),
    "label:team.x": ("label", lambda row: [row["labels"].get("team.x")]),
    "label_name": ("label_name", lambda row: list(row["labels"]) or [None]),
}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("bucket", ["none", "day"])
def test_groups(counted, group, bucket):
    member, keys = GROUPS[group]
    expected = collections.defaultdict(list)
    for row in ROWS:
        for key in keys(row):
            expected[(of_day(row) if bucket == "day" else None, key)].append(row)
    reply = ask(counted, {"group_by": group, "bucket": bucket})
    assert reply["group_by"] == group
    check(reply["total"], ROWS)
    found = {}
    for row in reply["results"]:
        day = row["bucket_start"][:10] if bucket == "day" else None
        found[(day, row[member])] = row
    assert set(found) == set(expected) and len(found) == len(reply["results"])
    for key, rows in expected.items():
        check(found[key], rows)
    order = [(row.get("bucket_start", ""), -row["count"]) for row in reply["results"]]
    assert order == sorted(order)


@pytest.mark.parametrize("bucket", ["none", "day"])
@pytest.mark.parametrize("body", [{}, {"query": "night"}], ids=["all", "filtered"])
def test_durations_in_bins(counted, bucket, body):
    """A heatmap: each bin has what took so long, and is a filter that finds just that."""
    rows = [row for row in ROWS if not body or row["query_summary"] == "night ferry"]
    reply = ask(counted, {**body, "group_by": "duration", "bucket": bucket})
    assert reply["group_by"] == "duration"
    check(reply["total"], rows)
    bounds = reply["bin_bounds_ms"]
    assert bounds == sorted(bounds) and bounds[0] == 0.01 and bounds[-1] == 1e7
    assert {1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8, 10} <= set(bounds)
    seen = 0
    for row in reply["results"]:
        begin, end = row["bin_start_ms"], row["bin_end_ms"]
        assert begin == 0 and end == bounds[0] or bounds[bounds.index(begin) + 1] == end
        day = row["bucket_start"][:10] if bucket == "day" else None
        within = [one for one in rows if begin <= one["duration_ms"] < end
                  and day in (None, of_day(one))]
        assert within
        check(row, within)
        seen += len(within)
        if bucket == "none":
            condition = {"AND": [
                {"field": "duration_ms", "operator": "gte", "value": begin},
                {"field": "duration_ms", "operator": "lt", "value": end}]}
            found = counted.ok("POST", LIST, {**body, "filters": condition}, headers=NAMESPACE)
            assert found["total"] == row["count"]
    assert seen == len(rows)
    order = [(row.get("bucket_start", ""), row["bin_start_ms"]) for row in reply["results"]]
    assert order == sorted(set(order))
    assert "bin_bounds_ms" not in ask(counted, {**body, "group_by": "status"})


def test_durations_at_and_beyond_the_bounds(counted):
    """What lies on a bound is in the bin that it begins, to the last bit."""
    counted.ok("POST", "/v1/namespaces", {"namespace_name": "bounds"})
    headers = {"X-Namespace": "bounds"}
    bounds = counted.ok("POST", AGGREGATE, {"group_by": "duration"},
                        headers=headers)["bin_bounds_ms"]
    durations = [0.0, 1e9] + [one for bound in bounds
                              for one in (bound, math.nextafter(bound, 0))]
    counted.ok("POST", "/v1/retrievers/executions/import", "\n".join(
        json.dumps({"execution_id": f"e{i}", "status": "completed", "duration_ms": duration,
                    "timestamp": "2026-03-01T00:00:00Z"})
        for i, duration in enumerate(durations)), headers=headers)
    results = counted.ok("POST", AGGREGATE, {"group_by": "duration"},
                         headers=headers)["results"]
    assert [(row["bin_start_ms"], row["bin_end_ms"]) for row in results] == \
        list(zip([0] + bounds, bounds + [None]))
    assert [row["count"] for row in results] == [2] * len(results)
    for row in results:
        conditions = [{"field": "duration_ms", "operator": "gte", "value": row["bin_start_ms"]}]
        if row["bin_end_ms"] is not None:
            conditions.append({"field": "duration_ms", "operator": "lt",
                               "value": row["bin_end_ms"]})
        found = counted.ok("POST", LIST, {"filters": {"AND": conditions}}, headers=headers)
        assert found["total"] == 2, row


def test_a_label_may_be_an_object(counted):
    assert ask(counted, {"group_by": {"label": "team.x"}}) == ask(
        counted, {"group_by": "label:team.x"})


def test_every_filter_of_the_list_counts(counted):
    for body in ({"query": "night", "status": "failed"}, {"labels": {"team.x": "t1"}},
                 {"filters": {"OR": [{"shape": "sh1"}, {"status": "failed"}]}},
                 {"min_duration_ms": 500, "returned": "nonzero"}, {"query": "nowhere"}):
        total = counted.ok("POST", LIST, body, headers=NAMESPACE)["total"]
        reply = ask(counted, {**body, "group_by": "status"})
        assert reply["total"]["count"] == total
        assert sum(row["count"] for row in reply["results"]) == total


def test_nothing_at_all(counted):
    for body in ({"query": "nowhere"}, {"status": "no such"}, {"end_time": "2001-01-01"}):
        reply = ask(counted, body)
        check(reply["total"], [])
        assert reply["results"] == []


def test_a_history_of_centuries(counted):
    """Imported clocks may be wrong; that costs neither an answer nor memory."""
    counted.ok("POST", "/v1/namespaces", {"namespace_name": "centuries"})
    lines = "\n".join(json.dumps({"execution_id": f"exec_{year}", "status": "completed",
                                  "timestamp": f"{year:04}-06-01T00:00:00Z"})
                      for year in (1, 1970, 9999))
    headers = {"X-Namespace": "centuries"}
    counted.ok("POST", "/v1/retrievers/executions/import", lines, headers=headers)
    for bucket in ("minute", "hour", "day", "week", "month"):
        reply = counted.post(AGGREGATE, {"bucket": bucket}, headers=headers)
        assert reply.status == 422, reply
        message = reply.json["error"]["message"]
        assert "10000 rows" in message and message.endswith("; use a shorter time range")
    for body in ({}, {"bucket": "auto"}):
        reply = counted.ok("POST", AGGREGATE, body, headers=headers)
        assert reply["bucket"] == "month" and reply["has_gaps"] is True
        assert [(row["bucket_start"][:10], row["count"]) for row in reply["results"]] == [
            ("0001-06-01", 1), ("1970-06-01", 1), ("9999-06-01", 1)]
    assert "has_gaps" not in counted.ok("POST", AGGREGATE, {"bucket": "day"})
    for bucket in ("day", "week", "month"):
        reply = counted.ok("POST", AGGREGATE, {"bucket": bucket, "group_by": "status"},
                           headers=headers)
        assert [row["count"] for row in reply["results"]] == [1, 1, 1]
    last = counted.ok("POST", AGGREGATE, {"bucket": "month", "start_time": "9999-01-01"},
                      headers=headers)
    assert [row["count"] for row in last["results"]] == [1]


def test_what_failed_and_why(counted):
    """By the kind of the error, so that a hundred failures of one kind are one row."""
    counted.ok("POST", "/v1/namespaces", {"namespace_name": "failing"})
    headers = {"X-Namespace": "failing"}
    errors = {"'{0}' is no regular expression: missing )": ("match", 5),
              "budget_exhausted: {0}.5 ms of 50 ms were used": ("search", 3)}
    rows = [{"execution_id": f"ok_{i}", "status": "completed",
             "timestamp": f"2026-03-01T00:00:0{i}Z"} for i in range(4)]
    for number, (text, (stage_name, count)) in enumerate(errors.items()):
        rows += [{"execution_id": f"bad_{number}_{i}", "status": "failed",
                  "timestamp": f"2026-03-01T00:01:0{i}Z", "error": text.format(i * 7),
                  "failed_stage": stage_name} for i in range(count)]
    counted.ok("POST", "/v1/retrievers/executions/import",
               "\n".join(json.dumps(row) for row in rows), headers=headers)
    reply = counted.ok("POST", AGGREGATE, {"group_by": "error"}, headers=headers)
    assert [(row["error"], row["count"]) for row in reply["results"]] == [
        ("'…' is no regular expression: missing )", 5), (None, 4),
        ("budget_exhausted: N ms of N ms were used", 3)]
    assert reply["total"]["count"] == 12 and reply["total"]["error_count"] == 8
    # Each kind, and any error of it, finds those that it counts, and no others.
    for row in reply["results"]:
        if row["error"] is None:
            continue
        found = counted.ok("POST", LIST, {"error_kind": row["error"], "fields": ["error"]},
                           headers=headers)
        assert found["total"] == row["count"] and found["filter"] == {"error_kind": row["error"]}
        one = found["results"][0]["error"]
        again = counted.ok("POST", LIST, {"error_kind": one, "fields": ["error"]},
                           headers=headers)
        assert again["results"] == found["results"] and again["filter"] == found["filter"]
        figures = counted.ok("POST", AGGREGATE, {"error_kind": one, "bucket": "none"},
                             headers=headers)
        assert figures["total"]["count"] == row["count"]
    for other in ("no regular expression", "'…'", "budget_exhausted: N ms of N ms were use"):
        assert counted.ok("POST", LIST, {"error_kind": other}, headers=headers)["total"] == 0
    for bad in ("", 5, "x" * 4_001):
        refused = counted.post(LIST, {"error_kind": bad}, headers=headers)
        assert refused.status == 422 and "error_kind" in refused.json["error"]["message"]
    reply = counted.ok("POST", AGGREGATE,
                       {"group_by": "failed_stage", "statuses": ["failed"]}, headers=headers)
    assert [(row["failed_stage"], row["count"]) for row in reply["results"]] == [
        ("match", 5), ("search", 3)]


BAD = [
    ({"bucket": "year"}, "bucket", "month"),
    ({"bucket": "hours"}, "bucket", "hour"),
    ({"bucket": 1}, "bucket", "string"),
    ({"buckets": "hour"}, "buckets", "'bucket'"),
    ({"groupby": "status"}, "groupby", "'group_by'"),
    ({"group_by": "statuses"}, "group_by", "'status'"),
    ({"group_by": "label:"}, "group_by", "label:NAME"),
    ({"group_by": {"label": ""}}, "group_by.label", "empty"),
    ({"group_by": {"labels": "x"}}, "group_by.labels", "label"),
    ({"group_by": {"label": "x", "y": 1}}, "group_by.y", "label"),
    ({"group_by": ["status"]}, "group_by", "string"),
    ({"sort": "duration_ms"}, "sort", "leave it out"),
    ({"fields": ["status"]}, "fields", "leave it out"),
    ({"querry": "x"}, "querry", "query"),
    ({"start_time": "2026-02-01", "end_time": "2026-01-01"}, "start_time", "swap"),
]


@pytest.mark.parametrize("body, location, remedy", BAD, ids=[json.dumps(bad[0]) for bad in BAD])
def test_bad_bodies_are_named(counted, body, location, remedy):
    reply = counted.post(AGGREGATE, body, headers=NAMESPACE)
    assert reply.status == 422, reply
    assert reply.json["error"]["details"]["validation_errors"][0]["location"] == location
    assert remedy in reply.json["error"]["message"]


def test_too_many_rows_name_a_bucket_that_fits(counted):
    counted.ok("POST", "/v1/namespaces", {"namespace_name": "month"})
    headers = {"X-Namespace": "month"}
    for spread, remedy in (("2026-01-12T00:00:00Z", "hour"), ("2028-01-01T00:00:00Z", "day")):
        lines = "\n".join(json.dumps({"execution_id": "exec_" + time, "status": "completed",
                                      "timestamp": time})
                          for time in ("2026-01-01T00:00:00Z", spread))
        counted.ok("POST", "/v1/retrievers/executions/import", lines, headers=headers)
        reply = counted.post(AGGREGATE, {"bucket": "minute"}, headers=headers)
        assert reply.status == 422
        assert f"use the bucket {remedy}," in reply.json["error"]["message"]
        assert counted.post(AGGREGATE, {"bucket": remedy}, headers=headers).status == 200
    # 10,000 minutes after each other are still answered, and one more are not.
    for minutes, status in ((9_999, 200), (10_000, 422)):
        end = (at("2026-01-01T00:00:00Z") + datetime.timedelta(minutes=minutes)).isoformat()
        counted.ok("POST", "/v1/retrievers/executions/import",
                   json.dumps({"execution_id": f"exec_{minutes}", "status": "completed",
                               "timestamp": end}), headers=headers)
        reply = counted.post(AGGREGATE, {"bucket": "minute", "end_time": end}, headers=headers)
        assert reply.status == status
        if status == 200:
            assert len(reply.json["results"]) == 10_000


def test_a_short_budget_is_said(counted):
    reply = counted.ok("POST", AGGREGATE, {"group_by": "label:team.x", "budget_ms": 0},
                       headers=NAMESPACE)
    assert reply["partial"] is True
    assert reply["total"]["count"] == sum(row["count"] for row in reply["results"]) < len(ROWS)


def test_reading_needs_a_key(counted):
    assert counted.post(AGGREGATE, {}, key=None).status == 401
    assert counted.post(AGGREGATE, {}, headers={"X-Namespace": "nowhere"}).status == 404
    assert counted.get(AGGREGATE).status == 405


@pytest.mark.parametrize("zone, offset", [
    ("Europe/Berlin", 60), ("+05:30", 330), ("Asia/Kolkata", 330), ("America/St_Johns", -210),
    ("Z", 0)])
@pytest.mark.parametrize("group", [None, "status", "caller"])
def test_buckets_of_a_time_zone(counted, zone, offset, group):
    local = datetime.timezone(datetime.timedelta(minutes=offset))
    for unit, cut in (("day", 10), ("hour", 13)):
        wanted = collections.Counter(
            at(row["timestamp"]).astimezone(local).isoformat()[:cut] for row in ROWS)
        reply = ask(counted, {"bucket": unit, "time_zone": zone, "group_by": group})
        assert reply["time_zone"] == ("UTC" if zone == "Z" else zone)
        found = collections.Counter()
        for row in reply["results"]:
            assert at(row["bucket_start"]).utcoffset() == datetime.timedelta(minutes=offset)
            assert row["bucket_start"].endswith(":00.000000" + row["bucket_start"][26:])
            found[row["bucket_start"][:cut]] += row["count"]
        assert +found == wanted


def test_days_where_clocks_change(library):
    namespace = {"X-Namespace": "clocks"}
    library.ok("POST", "/v1/namespaces", {"namespace_name": "clocks"})
    start = datetime.datetime(2026, 3, 28, 12, tzinfo=UTC)
    lines = "\n".join(json.dumps({
        "execution_id": f"exec_{i}", "status": "completed", "duration_ms": 1,
        "timestamp": (start + datetime.timedelta(hours=i)).isoformat()}) for i in range(60))
    library.ok("POST", "/v1/retrievers/executions/import", lines, headers=namespace)
    body = {"bucket": "day", "time_zone": "Europe/Berlin"}
    reply = library.ok("POST", AGGREGATE, body, headers=namespace)
    assert [(row["bucket_start"], row["count"]) for row in reply["results"]] == [
        ("2026-03-28T00:00:00.000000+01:00", 11), ("2026-03-29T00:00:00.000000+01:00", 23),
        ("2026-03-30T00:00:00.000000+02:00", 24), ("2026-03-31T00:00:00.000000+02:00", 2)]
    path = ("/v1/analytics/retrievers/adhoc/performance?start_date=2026-03-28"
            "&end_date=2026-04-01&group_by=day&time_zone=")
    for zone in ("Europe/Berlin", "+01:00", "%2B01:00"):
        metrics = library.ok("GET", path + zone, headers=namespace)["metrics"]
        assert metrics[0]["bucket_start"] == "2026-03-28T00:00:00.000000+01:00"
        assert metrics[1]["count"] == (23 if zone == "Europe/Berlin" else 24)


@pytest.mark.parametrize("zone", ["Europe/Brelin", "berlin", "+25:00", "", "../../etc/passwd"])
def test_a_zone_that_is_none(counted, zone):
    reply = counted.request("POST", AGGREGATE, {"time_zone": zone}, headers=NAMESPACE)
    assert reply.status == 422
    assert f"'{zone}'" in reply.text and "Europe/Berlin" in reply.text
