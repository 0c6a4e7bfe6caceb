#!/usr/bin/env python3
"""A long mixed load on a real server: does it stay as it was in its first minute?

    make soak MINUTES=10        or    tests/soak.py --minutes 120 --rate 50

Writers execute pipelines, some of which fail, and import; readers list with filters and in
words, look at details, follow the tail and export; one namespace is bounded by a retention
policy, and in the other single executions are deleted. Every ten seconds it notes memory,
threads, files, disk and latencies. At the end the history is held against what was
acknowledged, before and after a restart. Exit status 1 when anything is wrong.
"""

import argparse
import collections
import http.client
import json
import os
import random
import shutil
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "e2e"))
from conftest import KEY, Server, search, stage  # noqa: E402

EXECUTIONS = "/v1/retrievers/executions"
BOUNDED_COUNT = 2_000  # What the retention of the namespace `bounded` keeps.
SAMPLE_SECONDS = 10
WORDS = ("apple pear plum fig quince medlar night flight cheap hotel river bridge light dark "
         "tiling window manager editor kernel network").split()


class Tally:
    """What the load has seen. Thread-safe."""

    def __init__(self):
        self.lock = threading.Lock()
        self.latencies = collections.defaultdict(list)  # Since the last sample, by kind.
        self.counts = collections.Counter()
        self.problems = []
        self.acknowledged = {"default": {}, "bounded": {}}  # Ids, in the order of arrival.
        self.deleted = set()

    def note(self, kind, seconds):
        with self.lock:
            self.latencies[kind].append(seconds)
            self.counts[kind] += 1

    def acknowledge(self, namespace, *names):
        with self.lock:
            self.acknowledged[namespace].update(dict.fromkeys(names))

    def problem(self, text):
        with self.lock:
            self.problems.append(text[:500])

    def some_id(self, namespace, rng):
        """A recent one, or None."""
        with self.lock:
            known = self.acknowledged[namespace]
            back = rng.randrange(min(len(known), 500)) if known else None
            return None if back is None else next(
                name for n, name in enumerate(reversed(known)) if n == back)

    def take_latencies(self):
        with self.lock:
            taken, self.latencies = self.latencies, collections.defaultdict(list)
            return taken


class Client(threading.Thread):
    """One connection that does one thing so many times a second, until it is told to stop."""

    def __init__(self, soak, kind, rate, action, seed):
        super().__init__(daemon=True)
        self.soak, self.kind, self.pause, self.action = soak, kind, 1 / rate, action
        self.rng = random.Random(seed)
        self.connection = http.client.HTTPConnection("127.0.0.1", soak.server.port, timeout=60)

    def send(self, method, path, body=None, namespace="default", kind=None):
        """The parsed reply, or None when the server refused; that is a problem."""
        started = time.monotonic()
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        self.connection.request(method, path, body, {
            "Authorization": f"Bearer {KEY}", "Content-Type": "application/json",
            "X-Namespace": namespace})
        response = self.connection.getresponse()
        text = response.read()
        self.soak.tally.note(kind or self.kind, time.monotonic() - started)
        if response.status != 200:
            self.soak.tally.problem(f"{method} {path}: {response.status} {text[:300]!r}")
            return None
        return text if path.startswith(EXECUTIONS + "/export") else json.loads(text)

    def run(self):
        due = time.monotonic() + self.rng.random() * self.pause
        while not self.soak.over.wait(max(0.0, due - time.monotonic())):
            try:
                self.action(self)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.soak.tally.problem(f"{self.kind}: {error!r}")
                self.connection.close()
            # A rate that cannot be kept is not made up for later.
            due = max(due + self.pause, time.monotonic())
        self.connection.close()


# What clients do.

def some_words(rng, count):
    return " ".join(rng.choice(WORDS) for _ in range(count))


def execute(client):
    rng = client.rng
    namespace = "bounded" if rng.random() < 0.3 else "default"
    stages, collections_ = [stage("limit")], []
    fails = rng.random() < 0.05
    if namespace == "default":
        collections_ = ["notes"]
        stages = [search(), stage("sort_attribute", field="rank")]
        if fails:  # Valid as a template, and no regular expression when it is rendered.
            stages = [stage("attribute_filter", field="text", operator="regex",
                            value="{{INPUT.pattern}}")]
    reply = client.send("POST", "/v1/retrievers/execute", {
        "collection_identifiers": collections_, "stages": stages, "input_schema": {},
        "inputs": {"query": some_words(rng, 3), "pattern": "(", "note": "x" * rng.randrange(400)},
        "labels": {"team": rng.choice(["search", "shop"])}, "skip_cache": rng.random() < 0.5},
        namespace)
    if reply:
        client.soak.tally.acknowledge(namespace, reply["execution_id"])


def import_some(client):
    """History of the last month, which arrives late and out of order."""
    rng, now = client.rng, time.time()
    rows = [{"execution_id": f"imported_{rng.getrandbits(64):016x}", "status":
             rng.choice(["completed", "failed", "cancelled"]), "timestamp":
             now - rng.randrange(30 * 86_400), "duration_ms": rng.random() * 100,
             "query_summary": some_words(rng, 4)} for _ in range(20)]
    reply = client.send("POST", EXECUTIONS + "/import",
                        "\n".join(json.dumps(row) for row in rows))
    if reply and reply["imported_count"] == len(rows):
        client.soak.tally.acknowledge("default", *(row["execution_id"] for row in rows))


def list_page(client):
    rng = client.rng
    # By what answers them: a few look-ups, the index of terms, or columns of everything.
    kind, body = rng.choice([
        ("list", {}), ("list", {"status": "failed"}),
        ("list", {"status": "completed", "start_time": "-1h"}),
        ("list", {"start_time": "-7d", "end_time": "-1d"}),
        ("label", {"labels": {"team": "shop"}}),
        ("columns", {"min_duration_ms": 1, "returned": "nonzero"}),
        ("columns", {"sort": "-duration_ms", "start_time": "-15m"}),
        ("columns", {"filters": {"field": "credits_used", "operator": "gte", "value": 1}})])
    namespace = rng.choice(["default", "bounded"])
    reply = client.send("POST", EXECUTIONS + "/list?limit=20", body, namespace, kind)
    cursor = reply and reply["pagination"]["next_cursor"]
    if cursor and rng.random() < 0.5:
        client.send("POST", EXECUTIONS + f"/list?limit=20&cursor={cursor}", body, namespace, kind)


def list_words(client):
    rng = client.rng
    query = rng.choice([some_words(rng, 1), some_words(rng, 2), f'"{some_words(rng, 2)}"',
                        rng.choice(WORDS)[:3] + "*"])
    client.send("POST", EXECUTIONS + "/list?limit=20", {"query": query})


def look_at_one(client):
    name = client.soak.tally.some_id("default", client.rng)
    if name and name not in client.soak.tally.deleted:
        client.send("GET", f"{EXECUTIONS}/{name}")


def delete_one(client):
    tally = client.soak.tally
    # Marked before it goes, so nobody looks at it; old ones, which nobody does either.
    with tally.lock:
        old = list(tally.acknowledged["default"])[:-1_000]
        names = [name for name in old[:100] if name not in tally.deleted]
        if not names:
            return
        name = client.rng.choice(names)
        tally.deleted.add(name)
        tally.acknowledged["default"].pop(name)
    client.send("DELETE", f"{EXECUTIONS}/{name}")


def retain(client):
    client.send("POST", "/v1/namespaces/bounded/retention/run", {}, "bounded")


def export(client):
    text = client.send("POST", EXECUTIONS + "/export?limit=5000", {})
    if not text:
        return
    last = json.loads(text.splitlines()[-1]).get("_trailer")
    if not last or last["rows"] != text.count(b"\n") - 1 or \
            last["complete"] != (last["rows"] < 5_000):
        client.soak.tally.problem(f"an export is not whole: {text[-200:]!r}")


def aggregate(client):
    client.send("POST", EXECUTIONS + "/aggregate", {"group_by": "status"})


def follow(soak):
    """Reads the tail until the end; every execution that ends is told once."""
    connection = http.client.HTTPConnection("127.0.0.1", soak.server.port, timeout=60)
    connection.request("GET", EXECUTIONS + "/tail", headers={"Authorization": f"Bearer {KEY}"})
    try:
        response = connection.getresponse()
        for line in response:
            if line.startswith(b"event: "):
                soak.tally.note("tail " + line[7:].strip().decode(), 0)
            if soak.over.is_set():
                break
    except (OSError, http.client.HTTPException, ValueError) as error:
        if not soak.over.is_set():
            soak.tally.problem(f"tail: {error!r}")
    finally:
        connection.close()


class Soak:
    def __init__(self, options):
        self.options = options
        self.data_dir = os.path.join(options.dir, "data")
        shutil.rmtree(self.data_dir, ignore_errors=True)
        os.makedirs(options.dir, exist_ok=True)
        self.server = Server(os.path.abspath(self.data_dir))
        self.tally = Tally()
        self.over = threading.Event()
        self.samples = []

    def answers(self, method, path, body=None):
        """Whether this server has such a route."""
        if "tail" in path:  # Its reply has no end: only its head is read.
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
            connection.request(method, path, headers={"Authorization": f"Bearer {KEY}"})
            status = connection.getresponse().status
            connection.close()
        else:
            status = self.server.request(method, path, body).status
        return status not in (404, 405, 501)

    def prepare(self):
        rng = random.Random(1)
        self.server.make_collection("notes", [
            {"document_id": f"d{n}", "rank": n, "text": some_words(rng, 30)} for n in range(500)])
        self.server.ok("POST", "/v1/namespaces", {"namespace_name": "bounded"})
        self.server.ok("PATCH", "/v1/namespaces/bounded",
                       {"retention": {"max_count": BOUNDED_COUNT}})

    def clients(self):
        rate = self.options.rate
        plan = [("execute", rate / 8, execute)] * 8 + [
            ("import", 0.5, import_some), ("list", rate / 4, list_page),
            ("list", rate / 4, list_page), ("words", rate / 8, list_words),
            ("detail", rate / 4, look_at_one), ("delete", 2, delete_one),
            ("retention", 0.05, retain)]
        if self.answers("POST", EXECUTIONS + "/export?limit=1", {}):
            plan.append(("export", 0.1, export))
        if self.answers("POST", EXECUTIONS + "/aggregate", {"group_by": "status"}):
            plan.append(("aggregate", 1, aggregate))
        made = [Client(self, kind, rate, action, number)
                for number, (kind, rate, action) in enumerate(plan)]
        if self.answers("GET", EXECUTIONS + "/tail"):
            made.append(threading.Thread(target=follow, args=(self,), daemon=True))
        return made

    def sample(self, seconds):
        pid = self.server.process.pid
        status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
        disk = sum(os.path.getsize(os.path.join(folder, name))
                   for folder, _, names in os.walk(self.data_dir) for name in names
                   if os.path.exists(os.path.join(folder, name)))
        out = {"seconds": round(seconds), "rss_mib": int(status["VmRSS"].split()[0]) / 1024,
               "threads": int(status["Threads"]), "files": len(os.listdir(f"/proc/{pid}/fd")),
               "disk_mib": disk / 2**20,
               "executions": sum(map(len, self.tally.acknowledged.values()))}
        for kind, latencies in sorted(self.tally.take_latencies().items()):
            if kind.startswith("tail"):
                continue
            latencies.sort()
            out[kind] = {"count": len(latencies), "p50_ms": 1000 * statistics.median(latencies),
                         "p99_ms": 1000 * latencies[int(len(latencies) * 0.99)]}
        self.samples.append(out)
        times = "  ".join(f"{kind} {out[kind]['p50_ms']:.1f}/{out[kind]['p99_ms']:.1f}"
                          for kind in ("execute", "list", "label", "words", "columns", "detail")
                          if kind in out)
        print(f"{out['seconds']:6d} s  {out['rss_mib']:7.1f} MiB  {out['threads']:3d} threads  "
              f"{out['files']:3d} files  {out['disk_mib']:7.1f} MiB disk  "
              f"{out['executions']:8d} executions  p50/p99 ms: {times}", flush=True)

    def load(self):
        clients = self.clients()
        started = time.monotonic()
        for client in clients:
            client.start()
        end = started + self.options.minutes * 60
        while time.monotonic() < end and self.server.process.poll() is None:
            self.over.wait(min(SAMPLE_SECONDS, max(0, end - time.monotonic())))
            if self.server.process.poll() is None:
                self.sample(time.monotonic() - started)
        self.over.set()
        for client in clients:
            client.join(30)

    def walk(self, namespace):
        rows, cursor = [], None
        while True:
            reply = self.server.list({}, "?limit=1000" + (f"&cursor={cursor}" if cursor else ""),
                                     headers={"X-Namespace": namespace}).json
            rows += reply["results"]
            cursor = reply["pagination"]["next_cursor"]
            if cursor is None:
                return rows, reply["total"]

    def check_history(self, when):
        problem = lambda text: self.tally.problem(f"{when}: {text}")
        for namespace in ("default", "bounded"):
            rows, total = self.walk(namespace)
            names = [row["execution_id"] for row in rows]
            if not len(names) == len(set(names)) == total:
                problem(f"{namespace}: {len(names)} rows, {len(set(names))} ids, total {total}")
            times = [row["timestamp"] for row in rows]
            if times != sorted(times, reverse=True):
                problem(f"{namespace}: the list is out of order")
            for status, count in collections.Counter(row["status"] for row in rows).items():
                listed = self.server.list({"status": status}, "?limit=1",
                                          headers={"X-Namespace": namespace}).json["total"]
                if listed != count:
                    problem(f"{namespace}: {count} rows are {status}, the total says {listed}")
                if status == "processing":
                    problem(f"{namespace}: {count} executions never ended")
            wanted = self.tally.acknowledged[namespace]
            if namespace == "bounded":
                # The newest stay. Ids are in the order of time here.
                wanted = sorted(wanted)[-BOUNDED_COUNT:]
            if lost := set(wanted) - set(names):
                problem(f"{namespace}: lost {len(lost)}, such as {min(lost)}")
            if extra := set(names) - set(wanted):
                problem(f"{namespace}: {len(extra)} too many, such as {min(extra)}")

    def check_tail(self):
        counts = self.tally.counts
        if counts["tail execution_ended"] == 0 or counts["tail dropped"]:
            return
        # In the default namespace, less what was deleted since; imports are not told.
        told = counts["tail execution_ended"]
        made = sum(name.startswith("exec_") for name in
                   [*self.tally.acknowledged["default"], *self.tally.deleted])
        if abs(told - made) > 20:  # The first and the last may be missing.
            self.tally.problem(f"the tail told of {told} ends, and {made} were acknowledged")

    def check_growth(self):
        """The first third warms up; the last must not need more than the second."""
        third = len(self.samples) // 3
        if third < 3:
            return
        for name, room in (("rss_mib", 48), ("threads", 8), ("files", 16)):
            middle = statistics.median(s[name] for s in self.samples[third:2 * third])
            last = statistics.median(s[name] for s in self.samples[2 * third:])
            if last > middle + room:
                self.tally.problem(f"{name} grew from {middle:.0f} to {last:.0f}")

    def run(self):
        self.server.start()
        try:
            self.prepare()
            self.load()
            if self.server.process.poll() is not None:
                raise RuntimeError("the server died: " + "".join(self.server.log[-20:]))
            self.server.ok("POST", "/v1/namespaces/bounded/retention/run", {})
            self.check_history("at the end")
            self.check_tail()
            self.check_growth()
            if self.server.stop() != 0:
                self.tally.problem("the server did not end well")
            started = time.monotonic()
            self.server.start()
            self.restart_s = time.monotonic() - started
            self.check_history("after a restart")
        finally:
            self.server.stop()
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def report(self):
        print("\nrequests  " + "  ".join(f"{kind} {count}" for kind, count in
                                         sorted(self.tally.counts.items())))
        print(f"{'':10}{'first':>12}{'middle':>12}{'last':>12}")
        picks = [self.samples[0], self.samples[len(self.samples) // 2], self.samples[-1]]
        for name in ("rss_mib", "threads", "files", "disk_mib", "executions"):
            print(f"{name:10}" + "".join(f"{pick[name]:12.1f}" for pick in picks))
        for kind in ("execute", "import", "list", "label", "words", "columns", "detail", "export",
                     "aggregate"):
            for figure in ("p50_ms", "p99_ms"):
                print(f"{kind + ' ' + figure:20}"[:20].ljust(20) + "".join(
                    f"{pick[kind][figure]:10.2f}  " if kind in pick else f"{'-':>10}  "
                    for pick in picks))
        print(f"restart    {self.restart_s:.2f} s")
        for text in self.tally.problems[:20]:
            print("PROBLEM   " + text)
        print(f"{len(self.tally.problems)} problems")
        path = os.path.join(self.options.dir, "soak.json")
        with open(path, "w") as out:
            json.dump({"minutes": self.options.minutes, "rate": self.options.rate,
                       "samples": self.samples, "requests": self.tally.counts,
                       "restart_s": self.restart_s, "problems": self.tally.problems}, out,
                      indent=1)
        print(f"all figures: {path}")
        return 1 if self.tally.problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=80, help="executions a second")
    parser.add_argument("--dir", default="build/soak", help="for the data and soak.json")
    soak = Soak(parser.parse_args())
    soak.run()
    return soak.report()


if __name__ == "__main__":
    sys.exit(main())
