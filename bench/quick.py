#!/usr/bin/env python3
"""Counts the instructions of ten hot paths, this checkout beside the commit before.

A clock on a shared machine says little within minutes; callgrind counts what a request
executes, and two runs of one binary agree within a percent. Both binaries fill a data
directory of their own with the same data, then answer the same requests under valgrind
while all threads but those of upkeep are counted.

    bench/quick.py                     against the commit before HEAD
    bench/quick.py --base main~5       against another
    bench/quick.py --before-binary A --after-binary B

A table on a terminal, JSON elsewhere; progress on standard error. Exit status 1 when a path
got more than 5 % worse, 2 when it could not be measured.
"""

import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILDS = ROOT / "build/bench-quick"
KEY = "sk_bench_administrator_key"
EXECUTIONS = "/v1/retrievers/executions"
WORSE = 1.05

DOCUMENT_COUNT = 60_000
# Some row groups of 4,096 that are closed, and one that is open.
EXECUTION_COUNT = 20_000
IMPORTED_COUNT = 100  # Lines of one request of the import paths.

# Nothing may depend on how slow valgrind is, nor happen by the clock.
SETTINGS = {
    "TRAWL_API_KEY": KEY,
    "TRAWL_HTTP_THREADS": "1",
    "TRAWL_WORKERS": "1",
    "TRAWL_HTTP_IDLE_TIMEOUT_MS": "600000",
    "TRAWL_HTTP_HEADER_TIMEOUT_MS": "600000",
    "TRAWL_HTTP_BODY_TIMEOUT_MS": "600000",
    "TRAWL_HTTP_WRITE_TIMEOUT_MS": "600000",
    "TRAWL_HTTP_BYTES_PER_S_MIN": "0",
    "TRAWL_LEDGER_BATCH_WAIT_US": "0",
    "TRAWL_LEDGER_RETENTION_EVERY_MS": "0",
    "TRAWL_LIMITS_REQUEST_MS_MAX": "0",
    # Long tasks end their threads, and valgrind makes a long one of every search.
    "TRAWL_LONG_TASK_MS": "86400000",
}

# Threads that run these do what no request waits for, when their time has come.
UPKEEP = re.compile(r"maintain_regularly|FileLedger::maintain\(|Periodic|check_health")


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


class Failure(Exception):
    """What keeps it from measuring."""


# --- data ----------------------------------------------------------------------------

WORDS = [f"w{n}" for n in range(2_000)]
# As in any text, few words are in most places: the nth has a weight of 1/n.
WEIGHTS = [1 / (n + 1) for n in range(len(WORDS))]
FIRST_SECOND = 1_700_000_000


def some_words(rng, count):
    return " ".join(rng.choices(WORDS, WEIGHTS, k=count))


def documents(seed, first, count):
    rng = random.Random(seed)
    for n in range(first, first + count):
        yield {"document_id": f"d{n}", "title": some_words(rng, 4), "year": 1900 + n % 120,
               "section": f"s{n % 17}", "text": some_words(rng, 25)}


def executions(seed, first, count):
    rng = random.Random(seed)
    for n in range(first, first + count):
        failed = rng.random() < 0.1
        yield {"execution_id": f"exec_{n:06}", "status": "failed" if failed else "completed",
               "timestamp": FIRST_SECOND + 60 * n, "duration_ms": rng.randrange(2_000) / 4,
               "credits_used": rng.randrange(40) / 8, "total_processed": 100,
               "total_returned": rng.randrange(20), "stages_completed": 1 if failed else 2,
               "total_stages": 2, "cache_hit_rate": rng.randrange(3) / 2,
               "query_summary": some_words(rng, 5), "collection_ids": ["books"],
               "inputs": json.dumps({"query": some_words(rng, 5),
                                     "user": {"name": f"u{rng.randrange(50)}"}}),
               "stages": [{"stage_name": "find", "stage_id": "feature_search"},
                          {"stage_name": "few", "stage_id": "limit"}],
               "error": "upstream timeout" if failed else None,
               "failed_stage": "few" if failed else None,
               "labels": {"team": f"t{rng.randrange(8)}"}}


def lines(rows):
    return "\n".join(map(json.dumps, rows))


# --- paths ---------------------------------------------------------------------------


class Path:
    """A hot path: its name, how it is counted, and request number i.

    It is counted in rounds of some requests each, of which the median counts: where a timer
    goes off in one, or a write is committed in two parts, it does not matter.

    `ask` is called with i and the reply to the request before, None at first, and gives a
    method, a path and a body.
    """

    def __init__(self, name, rounds, requests, ask):
        self.name, self.rounds, self.requests, self.ask = name, rounds, requests, ask


def listing(first=0, last=None, **where):
    """A first page of some executions, asked for anew: no page that is kept answers it."""
    end = {} if last is None else {"end_time": FIRST_SECOND + 60 * last}
    return lambda i, _: ("POST", f"{EXECUTIONS}/list?limit=20", {
        "start_time": FIRST_SECOND + 60 * first + 0.001 * i, **end, **where,
        "budget_ms": 60_000})


def next_page(_, before):
    cursor = before and before["pagination"]["next_cursor"]
    return ("POST", f"{EXECUTIONS}/list?limit=20" + (f"&cursor={cursor}" if cursor else ""), {})


def execute(stages, **fields):
    return lambda *_: ("POST", "/v1/retrievers/execute", {
        "collection_identifiers": ["books"], "input_schema": {}, "inputs": {}, "stages": stages,
        **fields})


def stage(stage_id, **parameters):
    return {"stage_name": stage_id, "config": {"stage_id": stage_id, "parameters": parameters}}


SEARCH = [stage("feature_search", searches=[{"feature_uri": "trawl://bm25@v1/text",
                                             "query": "w7 w80 w900", "top_k": 100}]),
          stage("limit", limit=10)]
FILTER = [stage("attribute_filter", field="year", operator="gte", value=1950),
          stage("limit", limit=10)]

# What only reads comes first: what records and imports leaves work to upkeep behind.
PATHS = [
    Path("list page", 5, 20, next_page),
    # A column and a field of the records, of which some hundreds are read.
    Path("filtered list", 5, 1, listing(5_000, 5_300, filters={"AND": [
        {"field": "duration_ms", "operator": "gte", "value": 300},
        {"field": "inputs.user.name", "operator": "eq", "value": "u7"}]})),
    Path("text query", 5, 4, listing(query="w5 w40")),
    Path("detail", 5, 20, lambda i, _: (
        "GET", f"{EXECUTIONS}/exec_{i * 7919 % EXECUTION_COUNT:06}", None)),
    Path("aggregate", 5, 1, lambda i, _: ("POST", f"{EXECUTIONS}/aggregate", {
        "start_time": FIRST_SECOND + 0.001 * i, "bucket": "day", "group_by": "status",
        "budget_ms": 60_000})),
    Path("execute, cached", 9, 10, execute(SEARCH)),
    Path("execute, uncached", 9, 10, execute(SEARCH, skip_cache=True)),
    Path("filter 60,000 documents", 3, 1, execute(FILTER, skip_cache=True)),
    Path("import documents", 5, 4, lambda i, _: (
        "POST", "/v1/collections/books/documents/import",
        lines(documents(i, DOCUMENT_COUNT + i * IMPORTED_COUNT, IMPORTED_COUNT)))),
    Path("import executions", 5, 2, lambda i, _: (
        "POST", f"{EXECUTIONS}/import",
        lines(executions(i, EXECUTION_COUNT + i * IMPORTED_COUNT, IMPORTED_COUNT)))),
]

# --- server --------------------------------------------------------------------------


class Server:
    """A server process, under callgrind or not."""

    def __init__(self, binary, directory, counted=False, settings=None):
        self.directory = directory
        self.counts = directory / "counts"
        valgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no",
                    "--separate-threads=yes", f"--callgrind-out-file={self.counts}",
                    f"--vgdb-prefix={directory}/vgdb"] if counted else []
        self.command = [*valgrind, binary, "serve", "--data-dir", directory / "data",
                        "--listen", "127.0.0.1:0"]
        # Those of one request at a time, without `settings`; else these beside the key.
        settings = dict(SETTINGS) if settings is None \
            else {"TRAWL_API_KEY": KEY, **settings}
        while not self.listens(settings):
            self.end()
            unknown = re.search(r"environment variable (TRAWL_\w+) is no setting",
                                "".join(self.log))
            # Some versions before 1 end where they meet a setting of later ones.
            if not unknown or not settings.pop(unknown[1], None):
                raise Failure(f"{binary} does not listen:\n" + "".join(self.log))
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stdout),
                                       daemon=True)
        self.reader.start()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)

    def listens(self, settings):
        """Starts it; whether it came so far that it listens."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("TRAWL_")}
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=self.directory, env={**environment, **settings})
        self.log = []
        for line in self.process.stdout:
            self.log.append(line)
            found = re.search(r"listens on http://[^ ]*:(\d+)", line)
            if found:
                self.port = int(found[1])
                return True
        return False

    def ask(self, method, path, body):
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        try:
            self.connection.request(method, path, body, {
                "Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
            response = self.connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()  # The next request opens it again.
            raise Failure(f"{method} {path} was not answered: {error!r}") from error
        if response.status != 200:
            raise Failure(f"{method} {path} was answered {response.status}: {text[:300]}")
        reply = json.loads(text)
        # Any of these would be quick, and no measure of anything.
        if reply.get("partial") or reply.get("failed_count") \
                or (path.endswith("/execute") and reply["status"] != "completed"):
            raise Failure(f"{method} {path} was not done whole: {text[:300]}")
        return reply

    def settle(self, seconds_max=180):
        """Waits until upkeep is done, which is when the process is idle for a while."""
        def used():
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")
            return sum(map(int, fields[2].split()[11:13]))
        end = time.monotonic() + seconds_max
        quiet, before = 0, used()
        while quiet < 3:
            if time.monotonic() > end:
                raise Failure(f"the server is still busy {seconds_max} s after the last request")
            time.sleep(0.5)
            now = used()
            # A tick a second may go to looking whether there is anything to do.
            quiet, before = (quiet + 1 if now - before <= 2 else 0), now

    def callgrind(self, command):
        outcome = subprocess.run(
            ["vgdb", f"--vgdb-prefix={self.directory}/vgdb", f"--pid={self.process.pid}",
             *command.split()], capture_output=True, text=True, timeout=120)
        if outcome.returncode != 0:
            raise Failure(f"callgrind did not take {command!r}:\n{outcome.stderr}")

    def counted(self):
        """Instructions since the last `zero`, without those of upkeep."""
        self.callgrind("dump")
        total = 0
        for path in self.directory.glob(self.counts.name + ".*"):
            text = path.read_text()
            if not UPKEEP.search(text):
                total += sum(map(int, re.findall(r"^totals: (\d+)", text, re.MULTILINE)))
            path.unlink()
        return total

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def fill(binary, directory):
    """The data directory, written at full speed."""
    server = Server(binary, directory)
    try:
        server.ask("POST", "/v1/collections", {"collection_name": "books"})
        server.ask("POST", "/v1/collections/books/documents/import",
                   lines(documents(1, 0, DOCUMENT_COUNT)))
        server.ask("POST", f"{EXECUTIONS}/import", lines(executions(2, 0, EXECUTION_COUNT)))
        server.settle()
    finally:
        server.end()


def count_path(server, path):
    """Instructions of one request, in each round."""
    number, reply = 0, None

    def ask_some(count):
        nonlocal number, reply
        for _ in range(count):
            reply = server.ask(*path.ask(number, reply))
            number += 1

    ask_some(path.requests)  # What only the first requests do is not counted.
    figures = []
    for _ in range(path.rounds):
        server.callgrind("zero")
        ask_some(path.requests)
        figures.append(server.counted() / path.requests)
    return figures


def measure(name, binary, paths):
    """Instructions of a request by path; None where the server does not answer it."""
    figures = {}
    with tempfile.TemporaryDirectory(prefix="trawl-bench-") as folder:
        directory = pathlib.Path(folder)
        say(f"{name}: filling")
        fill(binary, directory)
        server = Server(binary, directory, counted=True)
        try:
            server.settle()
            server.callgrind("instrumentation on")
            for path in paths:
                begin = time.monotonic()
                try:
                    figures[path.name] = count_path(server, path)
                except Failure as failure:
                    say(f"{name}: {path.name} cannot be measured: {failure}")
                    figures[path.name] = None
                    continue
                median = statistics.median(figures[path.name])
                spread = (max(figures[path.name]) - min(figures[path.name])) / median
                say(f"{name}: {path.name}: {median:,.0f}, rounds within {spread:.1%}, "
                    f"{time.monotonic() - begin:.1f} s")
        finally:
            server.end()
    return {path: found and statistics.median(found) for path, found in figures.items()}


# --- binaries ------------------------------------------------------------------------


def git(*arguments):
    outcome = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
    if outcome.returncode != 0:
        raise Failure(f"git {' '.join(map(str, arguments))}: {outcome.stderr.strip()}")
    return outcome.stdout.strip()


def build_base(commit):
    """The release binary of a commit, built unless it was built before."""
    binary = BUILDS / commit / "trawl"
    if binary.exists():
        return binary
    say(f"building {commit}, which takes minutes")
    # One place for all commits: ccache knows files by where they lie.
    source = BUILDS / "source"

    def remove_source():
        with contextlib.suppress(Failure):
            git("worktree", "remove", "--force", source)
        shutil.rmtree(source, ignore_errors=True)

    remove_source()  # That of a run that was killed.
    BUILDS.mkdir(parents=True, exist_ok=True)
    # Forced, since git may still know of one whose folder was deleted.
    git("worktree", "add", "--force", "--quiet", "--detach", source, commit)
    try:
        # The console has no part in what is measured, and would be fetched for.
        for command in (["cmake", "--preset", "release", "-DTRAWL_CONSOLE=OFF"],
                        ["cmake", "--build", "--preset", "release", "--target", "trawl",
                         "--parallel", str(os.cpu_count()), "--", "--quiet"]):
            subprocess.run(command, cwd=source, check=True, stdout=sys.stderr)
        binary.parent.mkdir(exist_ok=True)
        # Renamed into place, so that a binary that is there is a whole one.
        os.replace(shutil.copy2(source / "build/release/trawl", binary.with_suffix(".new")),
                   binary)
    except subprocess.CalledProcessError as error:
        raise Failure(f"{commit} cannot be built") from error
    finally:
        remove_source()
    return binary


def build_checkout():
    outcome = subprocess.run([ROOT / "scripts/build", "release", "trawl"], stdout=sys.stderr)
    if outcome.returncode != 0:
        raise Failure("the checkout cannot be built")
    return ROOT / "build/release/trawl"


# --- report --------------------------------------------------------------------------


def compare(before, after):
    rows = []
    for path, now in after.items():
        then = before[path]
        ratio = now / then if now and then else None
        rows.append({"path": path, "before": then and round(then), "after": now and round(now),
                     "ratio": ratio and round(ratio, 4),
                     "worse": ratio is not None and ratio > WORSE})
    return rows


def table(report):
    def number(value):
        return "not answered" if value is None else f"{value:,}"

    out = [f"Instructions for a request, {report['before']} and {report['after']}", "",
           f"{'PATH':24} {'BEFORE':>14} {'AFTER':>14} {'RATIO':>7}"]
    for row in report["paths"]:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.3f}"
        out.append(f"{row['path']:24} {number(row['before']):>14} {number(row['after']):>14} "
                   f"{ratio:>7}{'  worse' if row['worse'] else ''}")
    out += ["", f"measured in {report['seconds']} s"]
    return "\n".join(out)


def run(options):
    for tool in ("valgrind", "vgdb"):
        if not shutil.which(tool):
            raise Failure(f"{tool} is missing; scripts/setup --bench installs it")
    paths = [path for path in PATHS if not options.path or path.name in options.path]
    if options.before_binary:
        before_name, before = options.before_binary, pathlib.Path(options.before_binary).resolve()
    else:
        commit = git("rev-parse", "--verify", "--short=12", options.base + "^{commit}")
        before_name, before = commit, build_base(commit)
    if options.after_binary:
        after_name, after = options.after_binary, pathlib.Path(options.after_binary).resolve()
    else:
        after_name = git("describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=+changes")
        after = build_checkout()

    begin = time.monotonic()
    # Beside each other: what else the machine does changes no count.
    with concurrent.futures.ThreadPoolExecutor() as both:
        measured = [both.submit(measure, name, binary, paths)
                    for name, binary in (("before", before), ("after", after))]
    figures = [outcome.result() for outcome in measured]
    return {"before": before_name, "after": after_name,
            "seconds": round(time.monotonic() - begin), "paths": compare(*figures)}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="HEAD~1", metavar="COMMIT",
                        help="what to compare with [HEAD~1]")
    parser.add_argument("--before-binary", metavar="FILE", help="a binary in place of the base")
    parser.add_argument("--after-binary", metavar="FILE",
                        help="a binary in place of this checkout")
    parser.add_argument("--path", action="append", choices=[path.name for path in PATHS],
                        help="only this path; may be repeated")
    parser.add_argument("--json", action="store_true", help="JSON on a terminal, too")
    options = parser.parse_args()
    try:
        report = run(options)
    # Status 1 would say that something got worse.
    except (Failure, OSError, subprocess.SubprocessError) as failure:
        print(f"bench-quick: {failure}", file=sys.stderr)
        return 2
    print(json.dumps(report, indent=2) if options.json or not sys.stdout.isatty()
          else table(report))
    if any(row["after"] is None for row in report["paths"]):
        return 2
    return 1 if any(row["worse"] for row in report["paths"]) else 0


if __name__ == "__main__":
    sys.exit(main())
