#!/usr/bin/env python3
"""Measures the ledger, and what people would otherwise use, side by side.

For every size it generates a history, fills our ledger, plain SQLite and PostgreSQL with
it, and asks all of them the same, interleaved round by round: in process, and over HTTP
beside nginx and beside our own server answering fixed bytes. Then it records, exports,
kills and recovers. Figures go to BENCH_DIR/results.json, from which bench/report.py makes
the tables of bench/README.md.

    bench/ledger.py                          100 k, 1 M and 10 M executions
    bench/ledger.py --sizes 100k             in under three minutes
    bench/ledger.py --without-postgres
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
TRAWL = ROOT / "build/release/trawl"
PROGRAM = ROOT / "build/release/ledger_bench"
POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
KEY = "sk_bench_administrator_key"
LIST_PATH = "/v1/retrievers/executions/list"
EXPORT_PATH = "/v1/retrievers/executions/export"
CONNECTIONS = (32, 256)
WRITERS = (1, 8, 64)
# What a copy of the history takes on disk for each execution, about, with and without the
# stages.
PEER_BYTES = 4_500
PEER_BYTES_WITHOUT_STAGES = 2_700


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def fail(text):
    sys.exit(f"bench-ledger: {text}")


def parse_size(text):
    found = re.fullmatch(r"(\d+)([kM]?)", text)
    if not found or int(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; use one such as 100k or 10M")
    return int(found[1]) * {"": 1, "k": 1_000, "M": 1_000_000}[found[2]]


def size_name(size):
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if size % unit == 0:
            return f"{size // unit}{name}"
    return str(size)


# --- what is needed ------------------------------------------------------------------


def install(packages):
    """Installs the Debian packages that are missing."""
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${db:Status-Abbrev} ${Package}\n", *packages],
        capture_output=True, text=True).stdout
    there = {line.split()[1] for line in listed.splitlines() if line.startswith("ii")}
    missing = [name for name in packages if name not in there]
    if not missing:
        return
    say(f"installing for the benchmark: {' '.join(missing)}")
    command = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", "install", "--yes",
               "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        command.insert(0, "sudo")
        if not shutil.which("sudo"):
            fail("these packages are missing, and neither root nor sudo is at hand: "
                 + " ".join(missing))
    # Run level 1 keeps the packages from starting services of their own where it can.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True)
    if outcome.returncode != 0:
        fail(f"apt-get could not install {' '.join(missing)} (try apt-get update):\n"
             + outcome.stderr)


def build():
    subprocess.run([ROOT / "scripts/build", "release", "trawl"], check=True, stdout=sys.stderr)
    subprocess.run([ROOT / "scripts/build", "release", "ledger_bench"], check=True,
                   stdout=sys.stderr)


def machine():
    def first_line(*command):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            outcome = subprocess.run(command, capture_output=True, text=True)
            return (outcome.stdout or outcome.stderr).splitlines()[0].strip()
        return ""

    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {
        "cpu": cpu[1] if cpu else "",
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory[1]) / 1024 / 1024, 1),
        "kernel": os.uname().release,
        "commit": first_line("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"),
        "nginx": first_line("nginx", "-v").removeprefix("nginx version: "),
        "postgres": first_line(str(POSTGRES / "postgres"), "--version"),
        "sqlite": sqlite3.sqlite_version,
    }


# --- processes -----------------------------------------------------------------------


def program(*arguments):
    """Runs ledger_bench; yields the objects that it reports, as they come."""
    with subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
                          text=True) as process:
        try:
            for line in process.stdout:
                yield json.loads(line)
        except BaseException:
            process.terminate()  # Whoever stops listening does not want the rest either.
            raise
    if process.returncode != 0:
        fail(f"ledger_bench {arguments[0]} failed")


def program_once(*arguments):
    return list(program(*arguments))[-1]


def end(process, wanted=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(wanted)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, what):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.005)
    end(process)
    fail(f"{what} does not listen on port {port}")


class Server:
    """trawl serve on a data folder."""

    name = "trawl"

    def __init__(self, data):
        self.port = free_port()
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("TRAWL_", "MIXPEEK_"))}
        environment["TRAWL_API_KEY"] = KEY
        begun = time.monotonic()
        self.log = open(data.parent / "server.log", "ab")
        self.process = subprocess.Popen(
            [TRAWL, "serve", "--data-dir", data, "--listen", f"127.0.0.1:{self.port}",
             "--log-level", "warning"],
            env=environment, cwd=data.parent, stdout=self.log, stderr=self.log)
        wait_for_port(self.port, self.process, f"the server (see {self.log.name})")
        while self.call("GET", "/v1/health")[0] != 200:
            time.sleep(0.005)
        self.start_ms = (time.monotonic() - begun) * 1000

    def send(self, method, path, body=None):
        """A connection on which the request was sent."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, None if body is None else json.dumps(body),
                           {"Authorization": f"Bearer {KEY}",
                            "Content-Type": "application/json"})
        return connection

    def call(self, method, path, body=None, limit=None):
        """Status and bytes of a reply; no more than `limit` bytes, where it is given."""
        with contextlib.closing(self.send(method, path, body)) as connection:
            reply = connection.getresponse()
            return reply.status, reply.read(limit)

    def ask(self, method, path, body=None):
        status, text = self.call(method, path, body)
        if status != 200:
            fail(f"{method} {path} was answered with {status}: {text[:500]!r}")
        return json.loads(text)

    def processes(self):
        return [self.process.pid]

    def stop(self):
        end(self.process)
        self.log.close()


class FixedServer:
    """Our HTTP server, answering every POST / with the same bytes."""

    name = "fixed"

    def __init__(self, path):
        self.process = subprocess.Popen([PROGRAM, "serve", path], stdout=subprocess.PIPE,
                                        text=True)
        line = self.process.stdout.readline()
        self.port = json.loads(line)["port"] if line else fail("ledger_bench serve ended")

    def processes(self):
        return [self.process.pid]

    def stop(self):
        end(self.process)


class Nginx:
    """nginx with two workers, serving the files of a folder."""

    name = "nginx"

    def __init__(self, folder):
        self.port = free_port()
        (folder / "logs").mkdir(exist_ok=True)
        user = pwd.getpwuid(os.geteuid()).pw_name
        (folder / "nginx.conf").write_text(f"""
            {"user " + user + ";" if os.geteuid() == 0 else ""}
            worker_processes 2;
            daemon off;
            pid nginx.pid;
            error_log logs/error.log;
            events {{ worker_connections 4096; }}
            http {{
              access_log off;
              sendfile on;
              tcp_nopush on;
              open_file_cache max=16 inactive=10m;
              open_file_cache_valid 10m;
              keepalive_timeout 10m;
              keepalive_requests 1000000000;
              default_type application/json;
              client_body_temp_path logs; proxy_temp_path logs; fastcgi_temp_path logs;
              uwsgi_temp_path logs; scgi_temp_path logs;
              server {{ listen 127.0.0.1:{self.port} reuseport; root {folder}/www; }}
            }}
        """)
        self.process = subprocess.Popen(
            [shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"),
             "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "logs/error.log"])
        wait_for_port(self.port, self.process, "nginx")

    def processes(self):
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [pid, *map(int, children.split())]

    def stop(self):
        end(self.process)


class Postgres:
    """A cluster of its own below the work folder, on a Unix socket only."""

    def __init__(self, folder):
        self.folder = folder / "postgres"
        self.sockets = tempfile.mkdtemp(prefix="trawl-bench-")
        # PostgreSQL refuses to run as root.
        self.as_user = []
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            for path in (self.folder, self.sockets):
                shutil.chown(path, "postgres", "postgres")
            seen = subprocess.run([*self.as_user, "test", "-w", self.folder], cwd="/")
            if seen.returncode != 0:
                fail(f"the user postgres cannot reach {self.folder}; choose another BENCH_DIR "
                     "or add --without-postgres")
        self.run(POSTGRES / "initdb", "-D", self.folder, "-U", "bench", "--auth=trust",
                 "--locale=C.UTF-8", "--no-sync")
        memory_kib = int(re.search(r"MemTotal:\s*(\d+)",
                                   pathlib.Path("/proc/meminfo").read_text())[1])
        settings = f"""
            listen_addresses = ''
            unix_socket_directories = '{self.sockets}'
            shared_buffers = 1GB
            effective_cache_size = {memory_kib * 3 // 4}kB
            maintenance_work_mem = 1GB
            random_page_cost = 1.1
            effective_io_concurrency = 200
            synchronous_commit = on
            jit = off                     # Compiling costs more than these queries take.
            wal_level = minimal           # Lets COPY skip the log; reads do not care.
            max_wal_senders = 0
            max_wal_size = 8GB
            checkpoint_timeout = 30min
        """
        subprocess.run([*self.as_user, "tee", "-a", self.folder / "postgresql.conf"], cwd="/",
                       input=settings, text=True, stdout=subprocess.DEVNULL, check=True)
        self.run(POSTGRES / "pg_ctl", "-D", self.folder, "-w", "-l", self.folder / "log", "start")
        self.connection = f"host={self.sockets} user=bench dbname=postgres"

    def run(self, *command):
        # The server outlives pg_ctl and would keep a pipe open, so it gets a file.
        with tempfile.TemporaryFile("w+") as output:
            outcome = subprocess.run([*self.as_user, *command], cwd="/",
                                     stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            if outcome.returncode != 0:
                output.seek(0)
                fail(f"{' '.join(map(str, command))} failed:\n{output.read()}")

    def script(self, path):
        subprocess.run([POSTGRES / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.connection,
                        "-f", path], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"})

    def number(self, query):
        outcome = subprocess.run([POSTGRES / "psql", "-At", "-d", self.connection, "-c", query],
                                 check=True, capture_output=True, text=True)
        return int(outcome.stdout)

    def stop(self):
        self.run(POSTGRES / "pg_ctl", "-D", self.folder, "-w", "-m", "fast", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)


# --- measuring -----------------------------------------------------------------------


def cpu_seconds(pids):
    """User and system time of processes so far."""
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_until_idle(pids):
    """Until a server has done what was still asked of it when wrk hung up."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        before = cpu_seconds(pids)
        time.sleep(0.1)
        if cpu_seconds(pids) - before <= 0.02:
            return


def memory_mib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {name: round(int(re.search(rf"{name}:\s*(\d+) kB", text)[1]) / 1024, 1)
            for name in ("VmRSS", "RssAnon", "RssFile", "VmHWM")}


def medians(rows):
    """Of each number in some dictionaries with equal keys."""
    return {key: statistics.median(row[key] for row in rows)
            for key, value in rows[0].items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)}


class Target:
    """Requests to one server, kept in a file for wrk."""

    def __init__(self, name, server, requests, folder):
        self.name = name
        self.server = server
        self.rows = {connections: [] for connections in CONNECTIONS}
        self.path = folder / f"{name}.requests"
        self.path.write_text("".join(f"{method}\t{path}\t{body}\n"
                                     for method, path, body in requests))

    def wrk(self, seconds, connections, threads=2, pause_ms=None):
        environment = {"PATH": os.environ["PATH"], "REQUESTS": str(self.path),
                       "AUTHORIZE": f"Bearer {KEY}"}
        if pause_ms is not None:
            environment["PAUSE_MS"] = str(pause_ms)
        pids = self.server.processes()
        before = cpu_seconds(pids)
        outcome = subprocess.run(
            ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
             "-s", BENCH / "requests.lua", f"http://127.0.0.1:{self.server.port}/"],
            env=environment, capture_output=True, text=True, check=True)
        cpu = cpu_seconds(pids) - before
        row = json.loads(outcome.stdout.splitlines()[-1])
        row["per_second"] = row["requests"] / row["seconds"]
        row["cpu_us_per_request"] = cpu / max(row["requests"], 1) * 1e6
        return row

    def measure(self, seconds, connections):
        self.rows[connections].append(self.wrk(seconds, connections))
        wait_until_idle(self.server.processes())

    def result(self):
        return {str(connections): medians(rows) for connections, rows in self.rows.items() if rows}


class Exports:
    """Full exports, one after the other, for as long as the block lasts."""

    def __init__(self, server):
        self.server = server
        self.bytes = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.begun = time.monotonic()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.seconds = time.monotonic() - self.begun

    def run(self):
        buffer = bytearray(1 << 20)
        while not self.stop.is_set():
            with contextlib.closing(self.server.send("POST", EXPORT_PATH, {})) as connection:
                reply = connection.getresponse()
                while not self.stop.is_set() and (got := reply.readinto(buffer)) > 0:
                    self.bytes += got

    def result(self):
        return {"bytes": self.bytes, "seconds": self.seconds}


def list_body(question):
    body = {}
    if question["failed"]:
        body["status"] = "failed"
    if question["start"]:
        body["start_time"], body["end_time"] = question["start"], question["end"]
    if question["words"]:
        body["query"] = " ".join(question["words"])
    return body


def http_requests(server, questions):
    """Requests by question, each a list of (method, path, body); unanswered ones are left out."""
    out = {}
    for question in questions:
        name = question["question"]
        if name.endswith("_with_total"):
            continue  # Our lists always have their total.
        path = f"{LIST_PATH}?limit={question['limit']}"
        body = list_body(question)
        if question["detail"]:
            out.setdefault(name, []).append(
                ("GET", f"/v1/retrievers/executions/{question['id']}", ""))
            continue
        if question["after_time"]:
            # A cursor is made by the server, for the filter of the first page.
            body["end_time"] = question["after_time"]
            cursor = server.ask("POST", path, body)["pagination"]["next_cursor"]
            if not cursor:
                continue
            path += f"&cursor={cursor}"
        elif question["offset"]:
            path += f"&offset={question['offset']}"
        status, _ = server.call("POST", path, body)
        if status == 200:
            out.setdefault(name, []).append(("POST", path, json.dumps(body)))
    return out


class Run:
    """Everything about one size."""

    def __init__(self, size, options, postgres):
        self.size = size
        self.options = options
        self.postgres = postgres
        self.quick = size <= 100_000
        self.folder = options.bench_dir / f"size-{size_name(size)}"
        self.data = self.folder / "data"
        self.sqlite = None if options.without_sqlite else self.folder / "plain.db"
        self.out = {"size": size, "rounds": options.rounds, "candidates": options.candidates}

    def all(self):
        begun = time.monotonic()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.data.mkdir(parents=True)
        try:
            for step in (self.fill, self.fill_peers, self.read, self.open, self.http,
                         self.record, self.recover):
                say(f"{size_name(self.size)}: {step.__name__.replace('_', ' ')}")
                step()
        finally:
            if not self.options.keep:
                shutil.rmtree(self.folder, ignore_errors=True)
        self.out["minutes"] = round((time.monotonic() - begun) / 60, 2)
        return self.out

    def fill(self):
        server = Server(self.data)
        try:
            for name in ("staging", "research", "archive"):
                server.ask("POST", "/v1/namespaces", {"namespace_name": name})
            found = server.ask("POST", "/v1/namespaces/list", {})["results"]
        finally:
            server.stop()
        found.sort(key=lambda ns: ns["namespace_name"] != "default")
        ids = ",".join(ns["namespace_id"] for ns in found)

        self.out["fill"] = program_once(
            "fill", self.data, self.size, "--namespaces", ids, "--batch", self.options.batch,
            "--candidates", self.options.candidates)

    def fit_peers(self):
        """Decides how much of the history the peers can hold, and says so in bench.json."""
        room = shutil.disk_usage(self.folder).free / 1e9
        peers = (self.postgres is not None) + (self.sqlite is not None)
        whole, bare = (self.size * each * peers / 1e9
                       for each in (PEER_BYTES, PEER_BYTES_WITHOUT_STAGES))
        if bare > room:
            fail(f"{size_name(self.size)} needs {bare:.0f} GB more below {self.folder}; "
                 f"{room:.0f} GB are free")
        every = 1 if whole < room else 16
        if every > 1:
            say(f"  {room:.0f} GB are free: the peers keep the stages of one in {every} only")
        self.out["peer_details_every"] = every
        path = self.data / "bench.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "peer_details_every": every}))

    def fill_peers(self):
        self.fit_peers()
        if self.sqlite:
            self.fill_sqlite()
        if self.postgres:
            say("  copying to PostgreSQL")
            self.postgres.script(BENCH / "sql/postgres_tables.sql")
            list(program("fill-postgres", self.data, self.postgres.connection))
            say("  indexing PostgreSQL")
            self.postgres.script(BENCH / "sql/postgres_indexes.sql")
            self.out["postgres_bytes_per_execution"] = self.postgres.number(
                "SELECT pg_total_relation_size('executions')") / self.size

    def fill_sqlite(self):
        with contextlib.closing(sqlite3.connect(self.sqlite)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript((BENCH / "sql/sqlite_tables.sql").read_text())
        list(program("fill-sqlite", self.data, self.sqlite))
        say("  indexing plain SQLite")
        with contextlib.closing(sqlite3.connect(self.sqlite)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA cache_size=-1000000")
            connection.executescript((BENCH / "sql/sqlite_indexes.sql").read_text())
        self.out["sqlite_bytes_per_execution"] = self.sqlite.stat().st_size / self.size

    def read(self):
        arguments = ["read", self.data, "--rounds", self.options.rounds,
                     "--seconds", 0.05 if self.quick else 0.2]
        if self.sqlite:
            arguments += ["--sqlite", self.sqlite]
        if self.postgres:
            arguments += ["--postgres", self.postgres.connection]
        rows, differs = {}, []
        for report in program(*arguments):
            if report["bench"] == "differs":
                differs.append([report["question"], report["peer"]])
            else:
                peers = rows.setdefault(report["question"], {})
                peers.setdefault(report["peer"], []).append(report)
        self.out["read"] = {question: {peer: medians(rounds) for peer, rounds in peers.items()}
                            for question, peers in rows.items()}
        self.out["differs"] = differs

    def open(self):
        for name, flags in (("open_warm", []), ("open_cold", ["--cold"])):
            self.out[name] = medians([program_once("open", self.data, *flags)
                                      for _ in range(self.options.rounds)])

    def http(self):
        files = self.folder / "http"
        (files / "www").mkdir(parents=True)
        questions = list(program("questions", self.data, "--count", 100))
        with contextlib.ExitStack() as stack:
            server = Server(self.data)
            stack.callback(server.stop)
            self.out["server_start_ms"] = server.start_ms
            requests = http_requests(server, questions)
            method, path, body = requests["first_page"][0]
            status, page = server.call(method, path, json.loads(body))
            (files / "www/page.json").write_bytes(page)
            self.out["page_bytes"] = len(page)
            # Words that a server does not look for would be found fast.
            for name in [name for name in requests if name.startswith("text")]:
                if any(name == question for question, _ in self.out["differs"]):
                    del requests[name]

            fixed = FixedServer(files / "www/page.json")
            stack.callback(fixed.stop)
            nginx = Nginx(files)
            stack.callback(nginx.stop)
            targets = [Target("nginx", nginx, [("GET", "/page.json", "")], files),
                       Target("fixed", fixed, [("POST", "/", body)], files)]
            targets += [Target(name, server, lines, files) for name, lines in requests.items()]
            seconds = 1 if self.size <= 1_000_000 else 2
            # A second of everything first, so nobody starts cold. A small history is
            # warm after the first round, which the median leaves out.
            for target in [] if self.quick else targets:
                target.wrk(1, 32)
                wait_until_idle(target.server.processes())
            for round_number in range(self.options.rounds):
                for connections in CONNECTIONS:
                    for i in range(len(targets)):
                        target = targets[(i + round_number) % len(targets)]
                        # Small sizes are for a quick look: only what the goals speak of.
                        if (not self.quick or connections == 32
                                or target.name in ("nginx", "fixed", "first_page")):
                            target.measure(seconds, connections)
            self.out["http"] = {target.name: target.result() for target in targets}
            self.out["server_memory_mib"] = memory_mib(server.process.pid)
            self.export(server, next(t for t in targets if t.name == "first_page"))

    def export(self, server, first_page):
        """The list's latency alone, and while full exports run."""
        status, _ = server.call("POST", EXPORT_PATH, {}, limit=100)
        if status != 200:
            say(f"  the export answers {status}; left out")
            return
        alone, beside, exports = [], [], []
        for _ in range(self.options.rounds):
            alone.append(first_page.wrk(1, 1, threads=1, pause_ms=2))
            with Exports(server) as running:
                beside.append(first_page.wrk(1, 1, threads=1, pause_ms=2))
            exports.append(running.result())
        self.out["export"] = {"alone": medians(alone), "beside": medians(beside),
                              "export": medians(exports)}
        self.out["server_memory_after_export_mib"] = memory_mib(server.process.pid)

    def record(self):
        rows = {writers: [] for writers in WRITERS}
        for _ in range(self.options.rounds):
            for writers in WRITERS:
                rows[writers].append(program_once(
                    "record", self.data, "--writers", writers, "--seconds",
                    1 if self.quick else 2))
        self.out["record"] = {str(writers): medians(found) for writers, found in rows.items()}

    def recover(self):
        """Kills a recording process and times the next start."""
        rows = []
        for _ in range(1 if self.quick else 3):
            process = subprocess.Popen([PROGRAM, "record", self.data, "--writers", "64",
                                        "--leave-running", "1000"], stdout=subprocess.DEVNULL)
            time.sleep(2)
            process.kill()
            process.wait()
            rows.append(program_once("open", self.data))
        self.out["recover"] = medians(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=parse_size, metavar="SIZE",
                        default=[100_000, 1_000_000, 10_000_000], help="such as 100k 1M 10M")
    parser.add_argument("--bench-dir", type=pathlib.Path, default=ROOT / "build/bench",
                        help="work folder; needs about 12 GB for each million [build/bench]")
    parser.add_argument("--without-postgres", action="store_true")
    parser.add_argument("--without-sqlite", action="store_true",
                        help="leave the plain SQLite peer out, where the disk is small")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--candidates", type=int, default=10,
                        help="documents that a record keeps at each stage boundary [10]")
    parser.add_argument("--batch", type=int, default=64, help="executions in a commit [64]")
    parser.add_argument("--keep", action="store_true", help="leave the filled folders behind")
    options = parser.parse_args()
    # As an interrupt does: everything that was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options.bench_dir = options.bench_dir.resolve()
    options.bench_dir.mkdir(parents=True, exist_ok=True)

    packages = ["nginx-light", "wrk"]
    if not options.without_postgres:
        packages += ["postgresql-15", "libpq-dev"]
    install(packages)
    build()
    load = os.getloadavg()[0]
    if load > os.cpu_count() / 2:
        say(f"this machine is busy (load {load:.1f}); the figures will be worse than they could be")

    # Sizes that were measured before stay, so they can be run one at a time.
    results = options.bench_dir / "results.json"
    all_results = json.loads(results.read_text()) if results.exists() else {"sizes": {}}
    all_results["machine"] = machine()
    postgres = None if options.without_postgres else Postgres(options.bench_dir)
    try:
        for size in options.sizes:
            out = Run(size, options, postgres).all()
            out["date"] = time.strftime("%Y-%m-%d")
            out["commit"] = all_results["machine"]["commit"]
            out["load_before"] = load
            all_results["sizes"][str(size)] = out
            results.write_text(json.dumps(all_results, indent=1) + "\n")
            say(f"{size_name(size)}: done in {out['minutes']} minutes")
    finally:
        if postgres:
            postgres.stop()
    say(f"figures are in {results}; bench/report.py writes them into bench/README.md")


if __name__ == "__main__":
    main()
