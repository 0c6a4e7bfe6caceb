#!/usr/bin/env python3
"""What one key feels of another that makes the server sweat, and what memory that takes.

A server of its own gets a catalogue of documents. Probes of one key, a search, a document by
id, the list of executions and /livez, are sent one after another, first alone, then while
so many connections of another key run pipelines over all documents without a pause. Each
figure is a ratio to the quiet run of the same minute; nginx is not needed, since both runs
are on the same machine in the same minute.

    bench/load.py                              64 heavy connections, 10 seconds of each
    bench/load.py --heavy 8,64 --seconds 20
    bench/load.py --ndjson FILE                another catalogue than this machine's packages
    bench/load.py --binary build/release/trawl

A table on a terminal, JSON elsewhere; progress on standard error.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEY = "sk_bench_administrator_key"
COLLECTION = "packages"

EVERY = {"type": "attribute_filter", "field": "name", "operator": "exists", "value": True}
HEAVY = [
    [EVERY, {"type": "sort_attribute", "field": "installed_size", "direction": "desc"},
     {"type": "limit", "limit": 10}],
    [EVERY, {"type": "group_by", "field": "section"}, {"type": "limit", "limit": 10}],
    [EVERY, {"type": "aggregate", "group_by": "section",
             "aggregations": [{"function": "avg", "field": "size", "name": "size"}]}],
]
WORDS = "python editor library client server network compiler image parser daemon".split()


def pipeline(stages):
    return {"collection_identifiers": [COLLECTION], "stages": stages, "skip_cache": True}


class Client:
    """One connection that stays open."""

    def __init__(self, port, key):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def call(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                self.headers)
        reply = self.connection.getresponse()
        return reply.status, reply.read()


class Server:
    def __init__(self, binary, data_dir):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [binary, "serve", "--data-dir", data_dir, "--listen", f"127.0.0.1:{self.port}",
             "--log-level", "warning"],
            env={**os.environ, "TRAWL_API_KEY": KEY, "TRAWL_LIMITS_REQUEST_MS_MAX": "0"})
        for _ in range(200):
            try:
                if Client(self.port, KEY).call("GET", "/livez")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("load: the server did not start")

    def ok(self, method, path, body=None):
        status, text = Client(self.port, KEY).call(method, path, body)
        if status >= 300:
            raise SystemExit(f"load: {method} {path}: {status} {text[:400]!r}")
        return json.loads(text)

    def memory_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            kib = {line.split(":")[0]: int(line.split()[1])
                   for line in status if line.startswith(("VmRSS", "VmHWM"))}
        return kib["VmRSS"] / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def say(text):
    print(text, file=sys.stderr, flush=True)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def probes(port, key, document, seconds):
    """Latencies in ms of each probe; all of one connection each, one after another."""
    requests = {
        "search": lambda n: ("POST", "/v1/retrievers/execute", pipeline(
            [{"type": "feature_search", "query": WORDS[n % 10] + " " + WORDS[n // 10 % 10],
              "top_k": 10}])),
        "document": lambda n: (
            "GET", f"/v1/collections/{COLLECTION}/documents/{document}", None),
        "list": lambda n: ("POST", "/v1/retrievers/executions/list?limit=20", {}),
        "livez": lambda n: ("GET", "/livez", None),
    }
    took = {name: [] for name in requests}
    until = time.monotonic() + seconds

    def work(name):
        client = Client(port, key)
        count = 0
        while time.monotonic() < until:
            request = requests[name](count)
            begin = time.monotonic()
            status, text = client.call(*request)
            if status != 200:
                say(f"load: {name}: {status} {text[:300]!r}")
                return
            took[name].append((time.monotonic() - begin) * 1000)
            count += 1
            time.sleep(0.02)

    def work_first(name):
        go_first()
        work(name)

    threads = [threading.Thread(target=work_first, args=(name,)) for name in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    silent = [name for name, values in took.items() if not values]
    if silent:
        raise SystemExit(f"load: no answers to {', '.join(silent)}")
    return took


def sweat(port, key, number, over, done):
    """One heavy pipeline after another, on one connection."""
    client = Client(port, key)
    while not over.is_set():
        status, _ = client.call("POST", "/v1/retrievers/execute",
                                pipeline(HEAVY[number % len(HEAVY)]))
        if status == 200:
            with done.get_lock():
                done.value += 1
        number += 1


def sweat_together(port, key, count, over, done):
    threads = [threading.Thread(target=sweat, args=(port, key, n, over, done))
               for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Sweat:
    """So many connections of one key that are never idle. A process of its own: what its
    replies cost here must not delay the probes."""

    def __init__(self, port, key, count):
        self.over = multiprocessing.Event()
        self.counted = multiprocessing.Value("L", 0)
        self.process = multiprocessing.Process(
            target=sweat_together, args=(port, key, count, self.over, self.counted), daemon=True)
        self.process.start()

    @property
    def done(self):
        return self.counted.value

    def end(self):
        self.over.set()
        self.process.join()


def go_first():
    """The probes measure the server, not how long they wait for a processor themselves."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    except PermissionError:
        say("load: the probes may not go before others (nice -10), so the figures include how "
            "long they wait for a processor")


def summary(took):
    return {name: {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99),
                   "max": max(values), "count": len(values)}
            for name, values in took.items()}


def measure(server, arguments):
    say("loading the catalogue")
    server.ok("POST", "/v1/collections", {"collection_name": COLLECTION})
    with open(arguments.ndjson, "rb") as lines:
        client = Client(server.port, KEY)
        client.connection.request("POST", f"/v1/collections/{COLLECTION}/documents/import", lines,
                                  client.headers)
        reply = client.connection.getresponse()
        if reply.status != 200:
            raise SystemExit(f"load: the import failed: {reply.read()[:300]!r}")
        reply.read()
    listed = server.ok("POST", f"/v1/collections/{COLLECTION}/documents/list?limit=1", {})
    document = listed["results"][0]["document_id"]
    keys = [server.ok("POST", "/v1/organizations/users/bench@example.com/api-keys",
                      {"name": name})["key"]
            for name in ("light", "heavy")] if arguments.two_keys else [KEY, KEY]
    result = {"runs": []}
    for count in arguments.heavy:
        say(f"quiet, {arguments.seconds} s")
        quiet = summary(probes(server.port, keys[0], document, arguments.seconds))
        say(f"{count} heavy connections, {arguments.seconds} s")
        sweating = Sweat(server.port, keys[1], count)
        time.sleep(1)
        loaded = summary(probes(server.port, keys[0], document, arguments.seconds))
        peak = server.memory_mib()
        done = sweating.done
        sweating.end()
        time.sleep(10)
        result["runs"].append({"heavy": count, "quiet": quiet, "loaded": loaded,
                               "heavy_done": done, "rss_mib_loaded": peak,
                               "rss_mib_10_s_later": server.memory_mib()})
    return result


def show(result):
    for run in result["runs"]:
        print(f"{run['heavy']} heavy connections: {run['heavy_done']} pipelines meanwhile, "
              f"{run['rss_mib_loaded']:.0f} MiB, 10 s later "
              f"{run['rss_mib_10_s_later']:.0f} MiB")
        print(f"{'':10}{'quiet p50':>11}{'p99':>9}{'loaded p50':>12}{'p99':>9}{'max':>9}"
              f"{'p99 ratio':>11}")
        for name, quiet in run["quiet"].items():
            loaded = run["loaded"][name]
            print(f"{name:10}{quiet['p50']:11.2f}{quiet['p99']:9.2f}{loaded['p50']:12.2f}"
                  f"{loaded['p99']:9.2f}{loaded['max']:9.2f}"
                  f"{loaded['p99'] / quiet['p99']:11.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "build/release/trawl"))
    parser.add_argument("--ndjson", help="documents to load; default: this machine's packages")
    parser.add_argument("--heavy", default="64", type=lambda t: [int(n) for n in t.split(",")],
                        help="connections, such as 8,64")
    parser.add_argument("--seconds", default=10.0, type=float)
    parser.add_argument("--one-key", dest="two_keys", action="store_false",
                        help="all connections have the same key")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trawl-load-") as scratch:
        if arguments.ndjson is None:
            arguments.ndjson = scratch + "/packages.ndjson"
            with open(arguments.ndjson, "wb") as out:
                subprocess.run([sys.executable, ROOT / "scripts/debian_catalogue.py"], stdout=out,
                               check=True)
        server = Server(arguments.binary, scratch + "/data")
        try:
            result = measure(server, arguments)
        finally:
            server.stop()
    if arguments.json or not sys.stdout.isatty():
        print(json.dumps(result, indent=2))
    else:
        show(result)


if __name__ == "__main__":
    main()
