#!/usr/bin/env python3
"""What replaced documents cost: a collection that was imported again and again, beside a
fresh import of the same documents.

    bench/replacements.py                       the checkout's release binary
    bench/replacements.py --binary FILE --documents 20000

Three data directories hold the same documents in the end: `fresh` had one import, `replaced`
ten more and a vacuum that keeps no older version, `kept` a version for each of seven days,
which an execution searched, and a vacuum. Their servers answer the same questions in turn.
It takes under four minutes, and 500 MB below the folder of temporary files. A table on a
terminal, JSON elsewhere. Exit status 1 when a goal is missed, 2 when it could
not be measured.
"""

import argparse
import hashlib
import itertools
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

from quick import ROOT, SETTINGS, Failure, Server, build_checkout, lines, say, stage

URI = "trawl://bm25@v1/text"
VOCABULARY = [f"w{n}" for n in range(20_000)]
CUMULATIVE = list(itertools.accumulate(1 / (n + 1) for n in range(len(VOCABULARY))))
IMPORT_DOCUMENTS = 5_000
REPLACED, KEPT = 10, 7

# What each may be of the fresh import's. Disk and memory of kept versions are what the
# configuration lets them take.
GOALS = {"replaced": {"search": 1.2, "filter": 1.2, "disk": 1.5, "memory": 1.2, "start": 1.2},
         "kept": {"search": 1.2}}


def words(rng, count):
    return " ".join(rng.choices(VOCABULARY, cum_weights=CUMULATIVE, k=count))


def documents(generation, count):
    rng = random.Random(generation)
    return [{"document_id": f"d{n}", "year": 1900 + n % 120, "section": f"s{n % 17}",
             "text": words(rng, rng.randrange(30, 90))} for n in range(count)]


def queries():
    rng = random.Random(99)
    return [words(rng, n % 8 + 1) for n in range(40)]


def searching(query):
    return {"collection_identifiers": ["books"], "input_schema": {}, "inputs": {},
            "skip_cache": True, "stages": [stage("feature_search", searches=[
                {"feature_uri": URI, "query": query, "top_k": 10}])]}


def filtering(year):
    return {"collection_identifiers": ["books"], "input_schema": {}, "inputs": {},
            "skip_cache": True, "stages": [
                stage("attribute_filter", field="year", operator="gte", value=year),
                stage("limit", limit=10)]}


def fill(binary, directory, generations, count, searched):
    """Imports each of the generations; the vacuum removes what nobody is to read any more."""
    server = Server(binary, directory)
    try:
        server.ask("POST", "/v1/collections", {"collection_name": "books"})
        for generation in generations:
            rows = documents(generation, count)
            for first in range(0, count, IMPORT_DOCUMENTS):
                server.ask("POST", "/v1/collections/books/documents/import",
                           lines(rows[first:first + IMPORT_DOCUMENTS]))
            if searched:
                server.ask("POST", "/v1/retrievers/execute", searching("w1"))
        server.ask("POST", "/v1/vacuum", None)
        server.settle()
    finally:
        server.end()


def disk_bytes(directory):
    """Of the corpus; the history of executions is no part of it."""
    data = directory / "data"
    files = [*data.glob("corpus.db*"), *(data / "index").rglob("*")]
    return sum(file.stat().st_blocks * 512 for file in files if file.is_file())


def memory_bytes(server):
    """Its own, without what it shares with files."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return 1024 * sum(int(line.split()[1]) for line in status.splitlines()
                      if line.startswith("RssAnon"))


def took(server, body):
    """Milliseconds of the stages themselves, which is where documents are read."""
    reply = server.ask("POST", "/v1/retrievers/execute", body)
    found = [row["document_id"] for row in reply["documents"]]
    stages = reply["stage_statistics"]["stages"].values()
    return sum(each["duration_ms"] for each in stages), found


def start(binary, directory):
    begin = time.monotonic()
    server = Server(binary, directory)
    return server, 1e3 * (time.monotonic() - begin)


def calibration():
    """Milliseconds of a fixed piece of work, to compare figures of two machines by."""
    data = bytes(64 << 20)
    times = []
    for _ in range(3):
        begin = time.monotonic()
        hashlib.sha256(data).digest()
        times.append(1e3 * (time.monotonic() - begin))
    return round(statistics.median(times), 1)


def measure(binary, folder, count, rounds):
    plans = {"fresh": ([0], False), "replaced": ([*range(REPLACED, -1, -1)], False),
             "kept": ([*range(KEPT, -1, -1)], True)}
    SETTINGS.update(TRAWL_KEEP_SUPERSEDED_DAYS="0")
    figures = {name: {} for name in plans}
    for name, (generations, searched) in plans.items():
        say(f"{name}: {len(generations)} imports of {count:,} documents")
        SETTINGS["TRAWL_REPLAY_DAYS"] = "7" if searched else "0"
        (folder / name).mkdir()
        fill(binary, folder / name, generations, count, searched)
        figures[name]["disk"] = disk_bytes(folder / name) / 2**20
    starts = {name: [] for name in plans}
    for turn in range(2 * rounds):
        for name in sorted(plans, reverse=turn % 2 == 1):
            server, ms = start(binary, folder / name)
            server.end()
            starts[name].append(ms)
    servers = {name: start(binary, folder / name)[0] for name in plans}
    say("the same questions to each")
    try:
        asked = [("search", searching(query)) for query in queries()]
        asked += [("filter", filtering(1900 + 7 * n)) for n in range(4)]
        times = {name: {"search": [], "filter": []} for name in plans}
        for kind, body in asked:
            of_one = {name: [] for name in plans}
            answers = {}
            for turn in range(rounds):
                for name in sorted(plans, reverse=turn % 2 == 1):
                    if kind == "filter":  # One that was not asked before.
                        body["stages"][0]["config"]["parameters"]["value"] += 0.01
                    ms, answers[name] = took(servers[name], body)
                    of_one[name].append(ms)
            if len(set(map(tuple, answers.values()))) != 1:
                raise Failure(f"the answers differ: {json.dumps(body)} {answers}")
            for name in plans:
                times[name][kind].append(statistics.median(of_one[name]))
        for name, server in servers.items():
            figures[name] |= {kind: statistics.fmean(of) for kind, of in times[name].items()}
            figures[name]["memory"] = memory_bytes(server) / 2**20
            figures[name]["start"] = min(starts[name])  # Others only ever make it longer.
    finally:
        for server in servers.values():
            server.end()
    return figures


def report_of(figures):
    rows = []
    for figure, unit in (("search", "ms"), ("filter", "ms"), ("start", "ms"), ("memory", "MiB"),
                         ("disk", "MiB")):
        row = {"figure": figure, "unit": unit}
        for name, found in figures.items():
            ratio = found[figure] / figures["fresh"][figure]
            row[name] = round(found[figure], 3)
            if name != "fresh":
                row[f"{name}_ratio"] = round(ratio, 2)
                row[f"{name}_missed"] = ratio > GOALS[name].get(figure, ratio)
        rows.append(row)
    return rows


def table(report):
    out = [f"{report['documents']:,} documents; calibration {report['calibration_ms']} ms", "",
           f"{'':12} {'FRESH':>10} {f'REPLACED {REPLACED} x':>18} {f'{KEPT} VERSIONS KEPT':>18}"]
    for row in report["figures"]:
        line = f"{row['figure'] + ', ' + row['unit']:12} {row['fresh']:10.2f}"
        for name in GOALS:
            mark = "!" if row[f"{name}_missed"] else " "
            line += f" {row[name]:10.2f} {row[f'{name}_ratio']:5.2f}x{mark}"
        out.append(line)
    out += ["", f"! misses its goal; measured in {report['seconds']} s"]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", metavar="FILE", help="in place of this checkout's")
    parser.add_argument("--documents", type=int, default=40_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--keep", metavar="DIRECTORY", help="leave the data here")
    parser.add_argument("--json", action="store_true", help="JSON on a terminal, too")
    options = parser.parse_args()
    begin = time.monotonic()
    try:
        binary = pathlib.Path(options.binary).resolve() if options.binary else build_checkout()
        with tempfile.TemporaryDirectory(prefix="trawl-bench-") as folder:
            figures = measure(binary, pathlib.Path(options.keep or folder), options.documents,
                              options.rounds)
    except (Failure, OSError, subprocess.SubprocessError) as failure:
        print(f"bench-replacements: {failure}", file=sys.stderr)
        return 2
    report = {"documents": options.documents, "rounds": options.rounds,
              "cores": os.cpu_count(), "calibration_ms": calibration(),
              "seconds": round(time.monotonic() - begin), "figures": report_of(figures)}
    print(json.dumps(report, indent=2) if options.json or not sys.stdout.isatty()
          else table(report))
    missed = [name for row in report["figures"] for name in GOALS if row[f"{name}_missed"]]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
