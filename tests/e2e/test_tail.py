"""The tail: executions as they start and end, live, from the past, and after a break."""

import http.client
import json
import subprocess
import threading
import time
import urllib.parse

import pytest

from conftest import BINARY, BOOKS, KEY, Server, search, stage
from test_export import Proxy
from test_long_runs import send_and_leave_open, slow  # noqa: F401 (a fixture)

PATH = "/v1/retrievers/executions/tail"


class Tail:
    """A reader of the event stream. next() skips heartbeats."""

    def __init__(self, server, last_id=None, expect=200, path=PATH, **query):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        headers = {"Authorization": f"Bearer {KEY}"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        if query:
            path += "?" + urllib.parse.urlencode(query)
        self.connection.request("GET", path, headers=headers)
        self.response = self.connection.getresponse()
        self.last_id = last_id
        self.heartbeats = 0
        assert self.response.status == expect, self.response.read()
        if expect == 200:
            assert self.response.getheader("Content-Type") == "text/event-stream"
            assert self.response.readline() == b"retry: 2000\n"
            line = self.response.readline().decode()
            if line.startswith("id: "):
                self.last_id = line.removeprefix("id: ").strip()
                line = self.response.readline().decode()
            assert line == "\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.response.close()

    def next(self):
        """The next event as (kind, data), or None when the stream has ended in good order."""
        kind, data = None, None
        deadline = time.monotonic() + 20
        while True:
            assert time.monotonic() < deadline, "nothing but heartbeats"
            line = self.response.readline().decode()
            if line == "":
                return None
            line = line.rstrip("\n")
            if line == "":
                if kind is not None:
                    return kind, json.loads(data)
                continue
            if line.startswith(":"):
                self.heartbeats += 1
            else:
                field, value = line.split(": ", 1)
                if field == "id":
                    self.last_id = value
                elif field == "event":
                    kind = value
                elif field == "data":
                    data = value

    def ids(self, count):
        """(kind, execution_id) of so many events."""
        out = []
        for _ in range(count):
            kind, data = self.next()
            out.append((kind.removeprefix("execution_"), data["execution_id"]))
        return out

    def ends(self, count):
        """The executions of so many ends. A run that takes more than 20 ms is announced as
        started, too, and on a busy machine any may."""
        out = []
        while len(out) < count:
            [(kind, execution_id)] = self.ids(1)
            if kind != "started":
                assert kind == "ended"
                out.append(execution_id)
        return out


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("tail") / "data",
                    environment={"TRAWL_TAIL_HEARTBEAT_MS": "100",
                                 "TRAWL_TAIL_BACKFILL_MAX": "50"}).start()
    server.make_collection("books", BOOKS)
    yield server
    assert server.stop() == 0, "".join(server.log)


def run(server, text="whale"):
    result = server.execute(["books"], [search(text)]).json
    return result["execution_id"]


def test_a_reader_cut_off_before_the_first_event_misses_nothing(busy):
    with Tail(busy) as tail:
        last_id = tail.last_id
    made = [run(busy), run(busy)]
    with Tail(busy, last_id=last_id) as tail:
        assert tail.ends(2) == made


def test_brings_what_ends_as_the_list_shows_it(busy):
    with Tail(busy) as tail:
        first = run(busy)
        kind, row = tail.next()
        if kind == "execution_started":  # A busy machine: see ends().
            kind, row = tail.next()
        assert kind == "execution_ended"
        assert row == busy.list().json["results"][0]
        assert row["execution_id"] == first
        more = [run(busy) for _ in range(20)]
        assert tail.ends(20) == more


def test_goes_on_after_a_break(busy):
    """None is missed and none comes twice, wherever the reader breaks off."""
    everything = []
    with Tail(busy) as tail:
        everything += [run(busy) for _ in range(3)]
        got = tail.ends(2)
        last = tail.last_id
    for _ in range(4):
        everything += [run(busy) for _ in range(5)]
        with Tail(busy, last_id=last) as tail:
            everything.append(run(busy))
            got += tail.ends(4)  # Some of the past and not the rest, or all of it.
            last = tail.last_id
    with Tail(busy, since=last) as tail:
        got += tail.ends(len(everything) - len(got))
        end = run(busy)
        assert tail.ends(1) == [end]
    assert got == everything


def test_past_and_present_have_no_seam(busy):
    """Goal: nothing is lost or doubled between going back and going live.
    Method: readers begin at any moment of a busy time."""
    stop = threading.Event()
    made = [run(busy)]

    def work():
        while not stop.is_set():
            made.append(run(busy))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(20):
            newest = busy.list().json["results"][0]
            with Tail(busy, since=newest["timestamp"]) as tail:
                got = tail.ends(40)
            first = made.index(newest["execution_id"])
            while len(made) < first + 40:
                time.sleep(0.01)
            assert got == made[first:first + 40]
    finally:
        stop.set()
        worker.join()


def test_going_back_is_bounded_and_says_so(busy):
    made = [run(busy) for _ in range(60)]
    with Tail(busy, since="-1h") as tail:
        kind, notice = tail.next()
        assert kind == "skipped" and notice["sent"] == 50
        assert tail.ends(50) == made[10:]


def test_filters(busy):
    with Tail(busy, status="failed") as failed, \
            Tail(busy, filter=json.dumps({"status": "completed"})) as completed:
        good = run(busy)
        bad = busy.execute(["books"], [stage("attribute_filter", field="title",
                                             operator="regex", value="{{INPUT.pattern}}")],
                           {"pattern": "("}).json
        assert bad["status"] == "failed", bad
        assert failed.ends(1) == [bad["execution_id"]]
        assert completed.ends(1) == [good]
        last = run(busy)
        assert completed.ends(1) == [last]


def fail(server):
    return server.execute(["books"], [stage("attribute_filter", field="title", operator="regex",
                                            value="{{INPUT.pattern}}")], {"pattern": "("}).json


def test_the_end_of_one_that_failed_says_why(busy):
    with Tail(busy) as tail:
        run(busy)
        bad = fail(busy)
        row = {}
        while row.get("execution_id") != bad["execution_id"] or row["status"] == "processing":
            kind, row = tail.next()
            assert ("error" in row) == (kind == "execution_ended" and row["status"] == "failed")
    assert row["error"] == bad["error"] and row["failed_stage"] == "attribute_filter"
    assert len(row) == 15
    with Tail(busy, since="-1h", status="failed", end_after_ms=0) as tail:
        rows = []
        while (event := tail.next()) is not None:
            rows.append(event[1])
    assert row in rows


@pytest.mark.parametrize("query", [
    "fields=status,error,execution_id", "fields=status&fields=error&fields=execution_id",
    'fields=["status","error","execution_id"]',
    'filter={"fields":["status","error","execution_id"]}'])
def test_fields_are_those_of_the_list(busy, query):
    query = urllib.parse.quote(query, safe="=&,")
    with Tail(busy, path=f"{PATH}?{query}") as tail:
        good = run(busy)
        bad = fail(busy)
        seen = {}
        while bad["execution_id"] not in seen:
            kind, row = tail.next()
            assert list(row) == ["status", "error", "execution_id"]
            if kind == "execution_ended":
                seen[row["execution_id"]] = (row["status"], row["error"])
    assert seen[good] == ("completed", None)
    assert seen[bad["execution_id"]] == ("failed", bad["error"])
    reply = busy.get(f"{PATH}?fields=eror")
    assert reply.status == 422 and "did you mean 'error'?" in reply.json["error"]["message"]


def test_every_condition_of_the_list_fits_into_the_query(busy):
    """Goal: one that the list takes is neither refused nor matches nothing for ever."""
    with Tail(busy, end_after_ms=0) as tail:
        assert tail.next() is None
        since = tail.last_id
    good = run(busy)
    row = busy.list({"execution_ids": [good]}).json["results"][0]
    seconds = int(time.time()) - 60
    for query in ("statuses=completed,failed", "statuses=failed&statuses=completed",
                  'statuses=["completed"]', f"execution_ids={good}",
                  f"execution_ids=x,%20{good}", f"collection_ids={row['collection_ids'][0]}",
                  f"start_time={seconds}", f"start_time={seconds}000", "start_time=-1h",
                  f"end_time={seconds + 3600}", "cache_hit_rate=" + urllib.parse.quote(
                      json.dumps({"max": 1})), f"cache_hit_rate={row['cache_hit_rate']}",
                  'filters={"field":"duration_ms","operator":"gte","value":0}',
                  "min_credits=0&max_duration_ms=1e9", "returned=nonzero"):
        query = query.replace(" ", "%20").replace('"', "%22").replace("{", "%7B")
        with Tail(busy, path=f"{PATH}?{query}&since={since}&end_after_ms=0") as tail:
            assert tail.ends(1) == [good], query
            assert tail.next() is None
    for query in ("statuses=failed", "execution_ids=x", "labels=%7B%22a%22:%22b%22%7D",
                  f"start_time={seconds + 3600}", "min_duration_ms=1e9"):
        with Tail(busy, path=f"{PATH}?{query}&since={since}&end_after_ms=0") as tail:
            assert tail.next() is None, query
    for query in ("labels=x", "filters=x", "cache_hit_rate=2", "statuses=,"):
        assert busy.get(f"{PATH}?{query}").status == 422, query


def test_a_heartbeat_moves_the_reader_on(busy):
    """Past what did not match, so that it need not be looked at again."""
    with Tail(busy, status="failed") as tail:
        def heartbeat():
            assert tail.response.readline() == b": heartbeat\n"
            last_id = tail.response.readline().decode().removeprefix("id: ").strip()
            assert tail.response.readline() == b"\n"
            return last_id

        before = heartbeat()
        run(busy)
        while (last_id := heartbeat()) == before:
            pass
    with Tail(busy, last_id=last_id) as tail:
        fresh = run(busy)
        assert tail.ends(1) == [fresh]


def test_a_namespace_sees_its_own(busy):
    busy.ok("POST", "/v1/namespaces", {"namespace_name": "other", "feature_extractors": []})
    with Tail(busy, namespace="other") as tail, Tail(busy) as own:
        run(busy)
        assert len(own.ends(1)) == 1
        tail.response.readline()
        assert tail.response.readline().startswith(b"id: ")  # A heartbeat, no event.


@pytest.mark.parametrize("query, location", [
    ({"since": "yesterday"}, "query.since"),
    ({"filter": "{"}, "query.filter"),
    ({"filter": "[]"}, "query.filter"),
    ({"statsu": "failed"}, "query.statsu"),
    ({"filter": json.dumps({"statsu": "failed"})}, "query.filter.statsu"),
    ({"start_time": "soon"}, "query.start_time"),
])
def test_refuses_what_it_does_not_know(busy, query, location):
    reply = busy.get(PATH + "?" + urllib.parse.urlencode(query))
    assert reply.status == 422, reply
    error = reply.json["error"]["details"]["validation_errors"][0]
    assert error["location"] == location


def test_needs_a_key(busy):
    assert busy.get(PATH, key=None).status == 401


def test_a_long_execution_starts_and_ends(slow):
    with Tail(slow) as tail:
        with send_and_leave_open(slow):
            kind, row = tail.next()
            assert kind == "execution_started" and row["status"] == "processing"
            long_one = row["execution_id"]
            after_start = tail.last_id
            # It is among the past of another reader, too.
            with Tail(slow, since="-1h") as late:
                assert late.ids(1) == [("started", long_one)]
                short = slow.execute(["slow"], [stage("limit", limit=1)]).json["execution_id"]
                assert late.ends(1) == [short]
                assert tail.ends(1) == [short]
                between = tail.last_id
        # To leave is to cancel.
        assert tail.ends(1) == [long_one]
    # It ended after one that started later: whoever left in between still gets it.
    with Tail(slow, last_id=between) as tail:
        assert tail.ends(1) == [long_one]
    with Tail(slow, last_id=after_start) as tail:
        assert tail.ends(2) == [short, long_one]  # As they ended.


def test_what_a_crash_interrupted_is_told_after_it(slow):
    with Tail(slow) as tail, send_and_leave_open(slow):
        [(kind, execution_id)] = tail.ids(1)
        assert kind == "started"
        last = tail.last_id
        slow.kill()
    slow.start()
    with Tail(slow, last_id=last) as tail:
        kind, row = tail.next()
        assert (kind, row["execution_id"]) == ("execution_ended", execution_id)
        assert row["status"] == "failed"


def test_a_stop_ends_it_in_good_order(data_dir):
    server = Server(data_dir).start()
    server.make_collection("books", BOOKS)
    with Tail(server) as tail:
        first = run(server)
        assert tail.ends(1) == [first]
        begun = time.monotonic()
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert tail.next() is None
        stopping.join()
        assert time.monotonic() - begun < 10


def test_the_command_prints_rows_and_outlives_a_restart(data_dir):
    server = Server(data_dir).start()
    server.make_collection("books", BOOKS)
    proxy = Proxy(server.port, [])
    environment = {"TRAWL_API_KEY": KEY, "TRAWL_URL": f"http://127.0.0.1:{proxy.port}"}
    made = [run(server)]
    command = subprocess.Popen(
        [BINARY, "executions", "tail", "--since", "-1h", "--limit", "5"], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert json.loads(command.stdout.readline())["execution_id"] == made[0]
        made.append(run(server))
        row = json.loads(command.stdout.readline())
        assert row == server.list().json["results"][0]
        assert server.stop() == 0
        server.start()
        proxy.port_of_server = server.port
        made += [run(server) for _ in range(3)]
        rest = [json.loads(command.stdout.readline())["execution_id"] for _ in range(3)]
        assert rest == made[2:]
        assert command.wait(10) == 0
        assert "the server ended the tail; trying again" in command.stderr.read()
    finally:
        command.kill()
        proxy.close()
        server.stop()


def test_a_tail_ends_by_itself(busy):
    with Tail(busy, end_after_ms=0) as tail:
        assert tail.next() is None
        since = tail.last_id
    made = [run(busy) for _ in range(3)]
    # Asking again and again, each time from where the last one stood.
    seen = []
    for _ in range(2):
        with Tail(busy, since=since, end_after_ms=0) as tail:
            while (event := tail.next()) is not None:
                seen.append(event[1]["execution_id"])
            since = tail.last_id
    assert seen == made
    with Tail(busy, end_after_ms=3000) as tail:
        late = run(busy)
        kind, data = tail.next()
        assert (kind, data["execution_id"]) == ("execution_ended", late)
        assert tail.next() is None
    for wrong in ("-1", "1.5", "soon", "86400001"):
        Tail(busy, end_after_ms=wrong, expect=422)


def test_an_imported_row_that_says_processing_does_not_run(busy):
    """It never ends here, and must not make each tail begin at its start."""
    old = 1_700_000_000
    lines = [{"execution_id": "exec_pending", "status": "processing", "timestamp": old}]
    lines += [{"execution_id": f"exec_failed_{n}", "status": "failed", "error": "old",
               "timestamp": old + 1 + n} for n in range(20)]
    report = busy.ok("POST", "/v1/retrievers/executions/import",
                     "\n".join(json.dumps(line) for line in lines))
    assert report["imported_count"] == 21, report
    with Tail(busy) as tail:
        made = run(busy)
        assert tail.ends(1) == [made]
        last_id = tail.last_id
    for _ in range(2):
        with Tail(busy, last_id=last_id, end_after_ms=300) as tail:
            last_id = tail.last_id
            assert tail.next() is None
            last_id = tail.last_id


def time_text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f"{seconds % 1:.6f}Z"[1:]


@pytest.mark.parametrize("as_filter", [False, True])
def test_an_end_that_has_passed_ends_it(server, as_filter):
    """Goal: nothing can match any more, so nobody waits; heartbeats are 15 s apart."""
    server.make_collection("books", BOOKS)
    made = [run(server) for _ in range(2)]
    time.sleep(0.01)
    end = time_text(time.time())
    run(server)  # Begins too late.
    conditions = {"end_time": end}
    query = {"filter": json.dumps(conditions)} if as_filter else conditions
    begun = time.monotonic()
    with Tail(server, since="-1h", **query) as tail:
        assert tail.ends(2) == made
        kind, data = tail.next()
        assert (kind, data["reason"]) == ("closed", "end_time"), data
        assert end[:19] in data["message"]
        assert tail.next() is None
        last_id = tail.last_id
    for begin in ({}, {"since": "-1h"}, {"last_id": last_id}, {"end_after_ms": 10_000}):
        with Tail(server, end_time="-1m", **begin) as tail:
            assert tail.next()[0] == "closed"
            assert tail.next() is None
    assert time.monotonic() - begun < 5


def test_an_end_that_comes_while_it_follows_ends_it(slow):
    """What had begun before the end is waited for."""
    begun = time.time()
    end = begun + 2
    with Tail(slow, end_time=time_text(end)) as tail:
        with send_and_leave_open(slow):
            [(kind, long_one)] = tail.ids(1)
            assert kind == "started"
            in_time = slow.execute(["slow"], [stage("limit", limit=1)]).json["execution_id"]
            assert tail.ends(1) == [in_time]
            time.sleep(max(0, end + 1.5 - time.time()))
            slow.execute(["slow"], [stage("limit", limit=1)])  # Too late.
        assert tail.ends(1) == [long_one]
        kind, data = tail.next()
        assert (kind, data["reason"]) == ("closed", "end_time")
        assert tail.next() is None
    with Tail(slow, end_time=time_text(time.time() + 0.5)) as tail:
        assert tail.next()[0] == "closed"
    assert time.time() - begun < 18


def test_an_end_far_ahead_is_waited_for(busy):
    with Tail(busy, end_time="9999-12-31T23:59:59Z", end_after_ms=300) as tail:
        made = run(busy)
        assert tail.ends(1) == [made]
        assert tail.next() is None
