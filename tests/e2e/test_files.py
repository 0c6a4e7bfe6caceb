"""What the server, its backups and its exports write is for its owner alone."""

import json
import os
import shutil
import stat
import subprocess

import pytest

from conftest import BINARY, KEY, Server, search


def modes(directory):
    """Of the directory and all within: path -> (is a folder, mode)."""
    found = {".": (True, stat.S_IMODE(os.stat(directory).st_mode))}
    for folder, folders, files in os.walk(directory):
        for name in folders + files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, directory)] = (
                name in folders, stat.S_IMODE(os.lstat(path).st_mode))
    return found


def assert_private(directory):
    found = modes(directory)
    loose = {path: oct(mode) for path, (folder, mode) in found.items()
             if mode != (0o700 if folder else 0o600)}
    assert not loose, loose
    return found


def cli(*arguments, umask=0, cwd=None, environment=None):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=120,
                          env={"PATH": os.environ["PATH"], **(environment or {})},
                          preexec_fn=lambda: os.umask(umask), cwd=cwd)


@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_nobody_else_can_read_the_data(tmp_path, umask):
    data = str(tmp_path / "data")
    server = Server(data, preexec=lambda: os.umask(umask)).start()
    try:
        server.make_collection("notes", [{"document_id": str(n), "text": "apple pie"}
                                         for n in range(50)])
        assert server.execute(["notes"], [search("apple")]).status == 200
        found = assert_private(data)
        # While it runs, the logs hold the same.
        for name in ("ledger.db", "corpus.db", "keys.db", "jobs.db"):
            assert {name, name + "-wal", name + "-shm"} <= found.keys(), found
        assert any(path.startswith("index/") for path in found)

        copy = str(tmp_path / "backups" / "one")
        done = cli("backup", "--data-dir", data, copy, umask=umask)
        assert done.returncode == 0, done.stderr
        assert {"ledger.db", "corpus.db", "keys.db", "jobs.db"} <= assert_private(copy).keys()

        out = str(tmp_path / "out.ndjson")
        with open(out + ".part", "w") as left:  # By an earlier export, readable by all.
            os.fchmod(left.fileno(), 0o666)
        done = cli("executions", "export", "-o", out, umask=umask,
                   environment={"TRAWL_URL": f"http://127.0.0.1:{server.port}",
                                "TRAWL_API_KEY": KEY})
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE(os.stat(out).st_mode) == 0o600
    finally:
        assert server.stop() == 0
    assert_private(data)
    restored = Server(copy, preexec=lambda: os.umask(umask)).start()
    try:
        assert_private(copy)
        assert restored.list().json["total"] == 1
    finally:
        assert restored.stop() == 0


def test_what_was_open_to_others_is_closed_at_the_start(data_dir):
    server = Server(data_dir).start()
    server.make_collection("notes", [{"document_id": "1", "text": "apple"}])
    server.kill()  # With its logs.
    for path, (folder, _) in modes(data_dir).items():
        os.chmod(os.path.join(data_dir, path), 0o755 if folder else 0o644)
    server.start()
    try:
        assert_private(data_dir)
        told = [line for line in server.log if "only by their owner" in line]
        assert len(told) == 1 and data_dir in told[0]
    finally:
        assert server.stop() == 0
    server.start()
    assert not [line for line in server.log if "only by their owner" in line]
    assert server.stop() == 0


def test_a_folder_that_holds_other_things_stays_open(tmp_path):
    """Such as /tmp, which everybody needs. The files in it are private all the same."""
    os.chmod(tmp_path, 0o755)
    (tmp_path / "somebody-elses").write_text("")
    server = Server(str(tmp_path)).start()
    assert server.stop() == 0
    found = modes(str(tmp_path))
    assert found["."][1] == 0o755
    assert found["ledger.db"][1] == found["corpus.db"][1] == 0o600


# --- a copy without its log --------------------------------------------------------------


@pytest.fixture
def killed(data_dir):
    """A data directory whose logs hold what its files do not have yet."""
    server = Server(data_dir).start()
    server.make_collection("notes", [{"document_id": "1", "text": "apple"}])
    assert server.execute(["notes"], [search("apple")]).status == 200
    server.kill()
    return data_dir


@pytest.mark.parametrize("name", ["ledger.db", "corpus.db", "keys.db"])
def test_a_copy_without_its_log_is_not_taken_for_whole(killed, tmp_path, name):
    copy = str(tmp_path / "copy")
    shutil.copytree(killed, copy)
    os.remove(os.path.join(copy, name + "-wal"))
    with pytest.raises(RuntimeError) as refused:
        Server(copy).start()
    message = str(refused.value)
    assert name + "-wal" in message and "--accept-missing-log" in message, message
    # Nor is it copied on, and the doctor sees it.
    backup = cli("backup", "--data-dir", copy, str(tmp_path / "backup"))
    assert backup.returncode == 1 and name + "-wal" in backup.stderr, backup.stderr
    doctor = cli("doctor", "--quick", "--data-dir", copy, "-o", "json")
    assert doctor.returncode == 1
    problems = json.loads(doctor.stdout)["problems"]
    assert [p["file"] for p in problems if p["part"] == "log"] == [name], problems
    repair = cli("doctor", "--repair", "--data-dir", copy)
    assert repair.returncode == 1 and name + "-wal" in repair.stderr, repair.stderr
    # The refusal changed nothing: it is refused again, and taken when it is said so.
    with pytest.raises(RuntimeError):
        Server(copy).start()


def test_what_is_left_can_be_used_on_request(killed, tmp_path):
    copy = str(tmp_path / "copy")
    shutil.copytree(killed, copy)
    os.remove(os.path.join(copy, "ledger.db-wal"))
    server = Server(copy, ["--accept-missing-log"]).start()
    assert server.logged("ledger.db-wal")
    assert server.get("/v1/collections/notes").status == 200
    assert server.stop() == 0
    server = Server(copy).start()  # Whole again.
    assert server.stop() == 0


def test_whole_copies_are_not_confused_with_that(killed, tmp_path):
    # With its log; stopped cleanly; a backup of a server that runs; a copy of a backup.
    with_log = str(tmp_path / "with-log")
    shutil.copytree(killed, with_log)
    server = Server(with_log).start()
    assert server.list().json["total"] == 1
    backup = str(tmp_path / "backup")
    assert cli("backup", "--data-dir", with_log, backup).returncode == 0
    assert cli("doctor", "--quick", "--data-dir", with_log).returncode == 0
    assert cli("doctor", "--quick", "--data-dir", backup).returncode == 0
    assert server.stop() == 0
    stopped = str(tmp_path / "stopped")
    shutil.copytree(with_log, stopped)
    for directory in (with_log, stopped, backup):
        assert not [name for name in os.listdir(directory) if name.endswith("-wal")]
        server = Server(directory).start()
        assert server.list().json["total"] == 1
        server.kill()
        server.start()
        assert server.list().json["total"] == 1
        assert server.stop() == 0


def test_looking_at_a_dead_servers_files_leaves_its_log(killed, tmp_path):
    before = {name: os.path.getsize(os.path.join(killed, name)) for name in os.listdir(killed)
              if name.endswith("-wal")}
    assert len(before) == 4
    assert cli("doctor", "--data-dir", killed).returncode == 0
    assert cli("backup", "--data-dir", killed, str(tmp_path / "backup")).returncode == 0
    after = {name: os.path.getsize(os.path.join(killed, name)) for name in os.listdir(killed)
             if name.endswith("-wal")}
    assert after == before
    server = Server(killed).start()
    assert server.list().json["total"] == 1
    assert server.stop() == 0
