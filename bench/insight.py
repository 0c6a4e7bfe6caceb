#!/usr/bin/env python3
"""What the answers of a memory cost, beside the run or the record that they are about.

    bench/insight.py                       the checkout's release binary
    bench/insight.py --binary FILE --ndjson documents.ndjson

Over the Debian catalogue, or other documents of its fields: `why` from the record and by
making the run again, `diff` of two runs of four stages, `replay`; one client, requests of all
kinds in turn, medians. Then what the searches of another key take while a job replays 10,000
executions, beside the same searches before it. A table on a terminal, JSON elsewhere. Exit status 1 when a goal is
missed.
"""

import argparse
import concurrent.futures
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from load import KEY, ROOT, Client, Server, percentile, say

GOALS = {"why from the record / detail": 2, "why by a run / run": 2,
         "why by a run, with a change / run": 4, "diff / fetching both": 3}
REPLAYS_MIN = 0.4  # Pairs of replay and comparison, of executions, each second.
WORDS = "server web image game library python font network kernel editor".split()
ROUNDS = 60
JOB_EXECUTIONS = 10_000
JOB_RATIO_MAX = 3  # p99 of another key's search during the job, to that before it.
QUIET_SECONDS = 10
JOBS = "/v1/retrievers/executions/replay-jobs"


def stage(name, stage_id, **parameters):
    return {"stage_name": name, "config": {"stage_id": stage_id, "parameters": parameters}}


def run_body(query):
    return {
        "collection_identifiers": ["packages"], "inputs": {"query": query}, "skip_cache": True,
        "limit": 10,
        "stages": [
            stage("find", "feature_search", query="{{INPUT.query}}", top_k=1000,
                  final_top_k=500),
            stage("small", "attribute_filter", field="installed_size", operator="lt",
                  value=1_000_000),
            stage("ordered", "sort_attribute", sort_field="size", order="desc"),
            stage("few", "limit", limit=400)]}


def timed(call, *arguments):
    begin = time.perf_counter()
    reply = call(*arguments)
    return time.perf_counter() - begin, reply


def measure(server):
    ids, results, lost = [], [], []
    for n in range(ROUNDS):
        query = f"{WORDS[n % 10]} {WORDS[n // 10 % 10]} {WORDS[n * 7 % 10]}"
        reply = server.ok("POST", "/v1/retrievers/execute", run_body(query))
        detail = server.ok("GET", f"/v1/retrievers/executions/{reply['execution_id']}")
        ids.append((reply["execution_id"], query))
        returned = [each["document_id"] for each in detail["results"]]
        results.append(returned[0])
        # Found by the search, and not returned.
        found = [each["document_id"] for each in detail["stages"][0]["candidates"]]
        lost.append(next((one for one in found if one not in set(returned)), None))
    took = {name: [] for name in ("run", "detail", "both", "record", "again", "change", "diff",
                                  "replay")}
    for n, (execution_id, query) in enumerate(ids):
        path = f"/v1/retrievers/executions/{execution_id}"
        other = ids[(n + 1) % len(ids)][0]

        def note(name, method, where, body=None):
            seconds, reply = timed(server.ok, method, where, body)
            took[name].append(seconds)
            return reply

        note("run", "POST", "/v1/retrievers/execute", run_body(query))
        note("detail", "GET", path)
        begin = time.perf_counter()
        server.ok("GET", path)
        server.ok("GET", f"/v1/retrievers/executions/{other}")
        took["both"].append(time.perf_counter() - begin)
        note("record", "POST", path + "/why", {"document_id": results[n]})
        note("again", "POST", path + "/why", {"document_id": "vim-tiny"})
        if lost[n] is not None:
            note("change", "POST", path + "/why", {"document_id": lost[n]})
        note("diff", "POST", "/v1/retrievers/executions/diff", {"a": execution_id, "b": other})
        note("replay", "POST", path + "/replay", {"record": False})
    median = {name: statistics.median(values) for name, values in took.items()}
    ratios = {"why from the record / detail": median["record"] / median["detail"],
              "why by a run / run": median["again"] / median["run"],
              "why by a run, with a change / run": median["change"] / median["run"],
              "diff / fetching both": median["diff"] / median["both"]}
    return {"milliseconds": {name: round(value * 1000, 3) for name, value in median.items()},
            "ratios": {name: round(value, 2) for name, value in ratios.items()},
            "replays per execution": round(median["run"] / median["replay"], 2)}


def small_body(n):
    """Of many shapes of literals, and cheap enough to be recorded by the thousand."""
    query = f"{WORDS[n % 10]} {WORDS[n // 10 % 10]}"
    return {
        "collection_identifiers": ["packages"], "inputs": {"query": query}, "limit": 1,
        "labels": {"bench": "job"},
        "stages": [stage("find", "feature_search", query="{{INPUT.query}}", top_k=100,
                         final_top_k=50),
                   stage("ordered", "sort_attribute", sort_field="size"),
                   stage("few", "limit", limit=10 + n % 7)]}


def record_executions(server, count):
    def work(first):
        client = Client(server.port, KEY)
        for n in range(first, count, 4):
            status, text = client.call("POST", "/v1/retrievers/execute", small_body(n))
            if status != 200:
                raise SystemExit(f"insight: {status} {text[:300]!r}")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def search_until(server, key, is_over):
    """Latencies in ms of one client's searches, with pauses as a person's page has them."""
    client, took = Client(server.port, key), []
    while not is_over():
        n = len(took)
        body = {"collection_identifiers": ["packages"], "skip_cache": True, "limit": 10,
                "inputs": {"query": f"{WORDS[n * 3 % 10]} {WORDS[n // 10 % 10]}"},
                "stages": [stage("find", "feature_search", query="{{INPUT.query}}",
                                 final_top_k=50)]}
        begin = time.perf_counter()
        status, text = client.call("POST", "/v1/retrievers/execute", body)
        if status != 200:
            raise SystemExit(f"insight: {status} {text[:300]!r}")
        took.append((time.perf_counter() - begin) * 1000)
        time.sleep(0.005)
    return took


def measure_job(server):
    record_executions(server, JOB_EXECUTIONS)
    key = server.ok("POST", "/v1/organizations/users/bench@localhost/api-keys",
                    {"name": "another", "permissions": ["read"]})["key"]
    search_until(server, key, lambda until=time.monotonic() + 2: time.monotonic() > until)
    quiet = search_until(
        server, key, lambda until=time.monotonic() + QUIET_SECONDS: time.monotonic() > until)
    job = server.ok("POST", JOBS, {"executions": {"labels": {"bench": "job"}}})
    path, look = f"{JOBS}/{job['job_id']}", {"next": 0.0, "over": False}

    def has_ended():
        if time.monotonic() >= look["next"]:
            look["next"] = time.monotonic() + 0.5
            look["over"] = server.ok("GET", path)["status"] not in ("queued", "running")
        return look["over"]

    begin = time.monotonic()
    during = search_until(server, key, has_ended)
    seconds = time.monotonic() - begin
    job = server.ok("GET", path)
    if job["total"] != JOB_EXECUTIONS or job["identical"] != JOB_EXECUTIONS:
        raise SystemExit(f"insight: {job['sentence']}")
    p99 = {"quiet": percentile(quiet, 0.99), "during": percentile(during, 0.99)}
    return {"search p99 before, ms": round(p99["quiet"], 3),
            "search p99 during, ms": round(p99["during"], 3),
            "ratio": round(p99["during"] / p99["quiet"], 2),
            "replays per second": round(JOB_EXECUTIONS / seconds)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "build/release/trawl"))
    parser.add_argument("--ndjson", help="documents to load; default: this machine's packages")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trawl-insight-") as scratch:
        if arguments.ndjson is None:
            arguments.ndjson = scratch + "/packages.ndjson"
            with open(arguments.ndjson, "wb") as out:
                subprocess.run([sys.executable, ROOT / "scripts/debian_catalogue.py"],
                               stdout=out, check=True)
        server = Server(arguments.binary, scratch + "/data")
        try:
            say("loading the documents")
            subprocess.run(
                [arguments.binary, "import", "packages", arguments.ndjson, "--create",
                 "--fields", "name:3,summary:2,description", "--url",
                 f"http://127.0.0.1:{server.port}"],
                env={**os.environ, "TRAWL_API_KEY": KEY}, stdout=subprocess.DEVNULL, check=True)
            result = measure(server)
            say(f"a job of {JOB_EXECUTIONS:,} replays")
            result["job"] = measure_job(server)
        finally:
            server.stop()
    missed = [name for name, goal in GOALS.items() if result["ratios"][name] > goal]
    if result["replays per execution"] < REPLAYS_MIN:
        missed.append("replays per execution")
    if result["job"]["ratio"] > JOB_RATIO_MAX:
        missed.append("search p99 during a job / before")
    result["missed"] = missed
    if arguments.json or not sys.stdout.isatty():
        print(json.dumps(result, indent=2))
    else:
        for name, ratio in result["ratios"].items():
            print(f"{name:36} {ratio:6.2f}   goal at most {GOALS[name]}")
        print(f"{'replays per execution':36} {result['replays per execution']:6.2f}   "
              f"goal at least {REPLAYS_MIN}")
        print(f"{'search p99 during a job / before':36} {result['job']['ratio']:6.2f}   "
              f"goal at most {JOB_RATIO_MAX}")
        print(f"{'replays of the job, each second':36} "
              f"{result['job']['replays per second']:6}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
