"""A backup taken from a server under load is whole, and a server starts on it."""

import http.client
import json
import os
import random
import shutil
import subprocess
import threading
import time

import pytest

from conftest import BINARY, KEY, Server, search


def run(*arguments, preexec=None):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=300,
                          env={"PATH": os.environ["PATH"]}, preexec_fn=preexec)


def backup(data_dir, target, *flags):
    done = run("backup", "--data-dir", data_dir, target, *flags)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("target", ["b", "./b", "b/", "sub/b", "sub/b/"])
def test_a_target_may_be_relative(data_dir, tmp_path, target):
    server = Server(data_dir).start()
    server.stop()
    done = subprocess.run([BINARY, "backup", "-d", data_dir, target], capture_output=True,
                          text=True, timeout=60, cwd=tmp_path, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / target / "ledger.db").exists()
    assert [name for name in os.listdir(tmp_path) if name.endswith(".partial")] == []


def all_executions(server):
    rows, cursor = [], None
    while True:
        reply = server.list({}, "?limit=1000" + (f"&cursor={cursor}" if cursor else "")).json
        rows += reply["results"]
        cursor = reply["pagination"]["next_cursor"]
        if cursor is None:
            return rows, reply["total"]


def import_executions(server, prefix, count, padding):
    lines = "\n".join(json.dumps({
        "execution_id": f"{prefix}{n}", "status": "completed", "execution_mode": "adhoc",
        "timestamp": "2025-01-01T00:00:00Z", "query_summary": f"imported {prefix}{n}",
        "inputs": {"query": random.randbytes(padding).hex()}}) for n in range(count))
    reply = server.post("/v1/retrievers/executions/import", lines)
    assert reply.status == 200, reply
    return [f"{prefix}{n}" for n in range(count)]


class Load:
    """Executes, writes documents and imports until it is told to stop."""

    def __init__(self, server):
        self.server = server
        self.going = True
        self.executions, self.documents, self.errors = [], [], []
        self.threads = [threading.Thread(target=self.guarded, args=(work, n), daemon=True)
                        for n in range(4) for work in (self.execute, self.write)]
        self.threads.append(threading.Thread(target=self.guarded, args=(self.bring, 0)))
        for thread in self.threads:
            thread.start()

    def guarded(self, work, number):
        step = 0
        try:
            while self.going:
                work(number, step)
                step += 1
        except (OSError, http.client.HTTPException, AssertionError) as error:
            self.errors.append(error)

    def execute(self, number, step):
        reply = self.server.execute(["notes"], [search()], {"query": f"apple w{number}s{step}"},
                                    skip_cache=True)
        assert reply.status == 200, reply
        self.executions.append(reply.json["execution_id"])

    def write(self, number, step):
        name = f"w{number}s{step}"
        reply = self.server.post("/v1/collections/notes/documents",
                                 {"document_id": name, "text": f"apple {name}"})
        assert reply.status == 200, reply
        self.documents.append(name)

    def bring(self, number, step):
        self.executions += import_executions(self.server, f"b{step}n", 100, 100)

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join(60)
        assert not self.errors, self.errors


def test_a_backup_under_load_is_a_whole_server(server, data_dir):
    server.make_collection("notes", [{"document_id": "first", "text": "apple first"}])
    import_executions(server, "old", 3000, 4000)
    target = data_dir + "-backup"
    load = Load(server)
    for attempt in range(3):
        time.sleep(0.7)
        executions, documents = list(load.executions), list(load.documents)
        report = backup(data_dir, target, *(["--force"] if attempt else []))
    written = len(load.executions) - len(executions)
    load.stop()
    assert executions and documents
    print(f"{report['executions']} executions, {report['bytes']} bytes in {report['seconds']} s; "
          f"{written} executions were acknowledged meanwhile")
    assert sorted(os.listdir(target)) == ["corpus.db", "jobs.db", "keys.db", "ledger.db",
                                              "recording.key"]
    assert not os.path.exists(target + ".partial")
    for secret in ("keys.db", "recording.key"):
        assert os.stat(os.path.join(target, secret)).st_mode & 0o777 == 0o600
    well = run("doctor", "--data-dir", target)
    assert well.returncode == 0, well.stdout

    restored = Server(target).start()
    try:
        rows, total = all_executions(restored)
        ids = {row["execution_id"] for row in rows}
        assert len(rows) == len(ids) == total == report["executions"]
        assert set(executions) <= ids
        counts = [restored.list({"status": status}).json["total"]
                  for status in ("completed", "failed", "processing", "cancelled")]
        assert sum(counts) == total and counts[2] == 0

        theirs = {row["execution_id"]: row for row in all_executions(server)[0]}
        for row in rows:
            if row["status"] == "completed":
                assert row == theirs[row["execution_id"]]
        sample = random.sample(executions, 40)
        for name in sample:
            path = f"/v1/retrievers/executions/{name}"
            assert restored.ok("GET", path) == server.ok("GET", path)
        words = restored.ok("POST", "/v1/retrievers/executions/list?limit=5", {"query": "w1s0"})
        assert words["total"] == 1 and "w1s0" in words["results"][0]["query_summary"]
        # What an execution refers to is there, and so is every document that was written.
        for name in ["first", *random.sample(documents, min(20, len(documents)))]:
            assert restored.get(f"/v1/collections/notes/documents/{name}").status == 200, name
            found = restored.execute(["notes"], [search()], {"query": name}).json["documents"]
            assert found and found[0]["document_id"] == name
        version = restored.ok("GET", "/v1/collections/notes")["version"]
        for name in sample:
            detail = restored.ok("GET", f"/v1/retrievers/executions/{name}")
            for used in detail.get("collection_versions") or []:
                assert used["version"] <= version
        assert restored.list({}, key="sk_wrong_key").status == 401
    finally:
        assert restored.stop() == 0
    # The server that was copied went on as if nothing had been.
    assert server.list({}).json["total"] >= total


def test_the_target_is_checked(server, data_dir, tmp_path):
    def refused(target, *flags, data=data_dir):
        done = run("backup", "--data-dir", data, str(target), *flags)
        assert done.returncode in (1, 2) and done.stderr, done
        return done.stderr

    full = tmp_path / "full"
    full.mkdir()
    (full / "precious.txt").write_text("keep me")
    assert "not empty" in refused(full)
    assert "precious.txt" in refused(full, "--force")
    assert (full / "precious.txt").read_text() == "keep me"
    for target in (data_dir, data_dir + "/backup", os.path.dirname(data_dir),
                   data_dir + "/../" + os.path.basename(data_dir)):
        assert "is the data directory" in refused(target, "--force")
    link = tmp_path / "link"
    link.symlink_to(data_dir)
    assert "is the data directory" in refused(link, "--force")
    assert "no data directory" in refused(tmp_path / "b", data=str(tmp_path / "missing"))
    assert "has no" in refused(tmp_path / "b", data=str(full))
    assert not (tmp_path / "missing").exists() and not (tmp_path / "b").exists()
    assert sorted(os.listdir(full)) == ["precious.txt"]

    # A backup that a server was started on belongs to that server.
    target = tmp_path / "used"
    backup(data_dir, str(target))
    other = Server(target).start()
    assert "in use by a server" in refused(target, "--force")
    assert other.get("/livez", key=None).status == 200
    assert other.stop() == 0
    backup(data_dir, str(target), "--force")
    assert not (tmp_path / "used.partial").exists()


def test_a_killed_backup_leaves_nothing_that_looks_whole(server, data_dir, tmp_path):
    import_executions(server, "old", 3000, 4000)
    target = tmp_path / "backup"
    process = subprocess.Popen([BINARY, "backup", "--data-dir", data_dir, str(target)],
                               stdout=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})
    deadline = time.monotonic() + 30
    partial = tmp_path / "backup.partial"
    while not (partial / "ledger.db").exists() and time.monotonic() < deadline:
        pass
    process.kill()
    process.wait()
    assert not target.exists() and partial.exists()
    backup(data_dir, str(target))
    assert target.exists() and not partial.exists()


def test_works_on_a_stopped_and_on_a_killed_server(data_dir, tmp_path):
    server = Server(data_dir).start()
    import_executions(server, "old", 50, 10)
    server.kill()
    logs = {name: os.path.getsize(os.path.join(data_dir, name))
            for name in os.listdir(data_dir) if name.endswith("-wal")}
    assert backup(data_dir, str(tmp_path / "killed"))["executions"] == 50
    assert logs == {name: os.path.getsize(os.path.join(data_dir, name)) for name in logs}
    server.start()
    server.stop()
    assert backup(data_dir, str(tmp_path / "stopped"))["executions"] == 50
    assert sorted(name for name in os.listdir(data_dir) if name != "index") == [
        "LOCK", "corpus.db", "jobs.db", "keys.db", "ledger.db", "recording.key"]


def limit_files():
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20))


def test_a_disk_that_refuses_leaves_no_backup(server, data_dir, tmp_path):
    import_executions(server, "old", 3000, 4000)
    target = tmp_path / "backup"
    done = run("backup", "--data-dir", data_dir, str(target), preexec=limit_files)
    assert done.returncode == 1
    assert "cannot copy" in done.stderr and "ledger.db" in done.stderr, done.stderr
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_told_before_it_is_filled(server, data_dir, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if os.system(f"mount -t tmpfs -o size=6m tmpfs '{small}' 2>/dev/null") != 0:
        pytest.skip("mounting a small disk needs root")
    try:
        import_executions(server, "old", 3000, 4000)
        done = run("backup", "--data-dir", data_dir, str(small / "backup"))
        assert done.returncode == 1 and "too full" in done.stderr, done.stderr
        assert os.listdir(small) == []
        done = run("backup", "--data-dir", data_dir, str(small))
        assert done.returncode == 2 and "mount point" in done.stderr, done.stderr
    finally:
        os.system(f"umount '{small}'")
