"""Starting and stopping: flags, variables, the file, and what is refused."""

import json
import os
import subprocess
import tempfile

import pytest

from conftest import BINARY, Server


def run(*arguments, environment=None, cwd="/"):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60,
                          cwd=cwd, env={"PATH": os.environ["PATH"], **(environment or {})})


def test_help_shows_an_example():
    for arguments in (["--help"], ["serve", "--help"], ["execute", "--help"],
                      ["executions", "list", "--help"], ["import", "--help"],
                      ["keys", "create", "--help"], ["collections", "create", "--help"]):
        shown = run(*arguments)
        assert shown.returncode == 0
        assert "xample" in shown.stdout, arguments


def test_usage_errors_exit_2(tmp_path):
    assert run("nosuch").returncode == 2
    assert run("serve", "--nosuch").returncode == 2
    assert run("serve", "--data-dir", str(tmp_path / "d"), "--listen", "nowhere").returncode == 2


def test_a_mistake_is_named_with_its_remedy(tmp_path):
    """What a new user does wrong first."""
    data = str(tmp_path / "d")
    flag = run("serve", "--data-dri", data)
    assert (flag.returncode, flag.stdout) == (2, "")
    assert flag.stderr == ("trawl: '--data-dri' is not a flag of 'trawl serve' (did you mean "
                           "'--data-dir'?); see: trawl serve --help\n")
    assert "Subcommands:" in run().stderr
    key = run("serve", "--data-dir", data, "--listen", "127.0.0.1:0",
              environment={"TRAWL_API_KEY": "secret"})
    assert key.returncode == 2
    assert key.stderr == "trawl: TRAWL_API_KEY: the key has 6 characters; use 8 to 256\n"
    unreachable = run("executions", "list", "--url", "http://127.0.0.1:9")
    assert unreachable.returncode == 1
    assert "cannot reach http://127.0.0.1:9" in unreachable.stderr
    assert "trawl serve" in unreachable.stderr


def test_tls_where_there_is_none(server):
    refused = run("executions", "list", "--url", f"https://127.0.0.1:{server.port}")
    assert refused.returncode == 1
    assert "use http://" in refused.stderr


def test_a_lost_key_is_replaced(data_dir):
    """As docs/configuration.md says."""
    server = Server(data_dir).start()
    server.make_collection("books")
    assert server.stop() == 0
    server.environment["TRAWL_API_KEY"] = "sk_another_key"
    server.start()
    assert server.get("/v1/collections", key="sk_another_key").status == 401
    assert server.logged("a lost key")
    assert server.stop() == 0
    os.rename(os.path.join(data_dir, "keys.db"), data_dir + "-keys.db")
    server.start()
    try:
        assert server.get("/v1/collections/books", key="sk_another_key").status == 200
        assert server.get("/v1/collections/books").status == 401
    finally:
        server.stop()


def test_settings_are_checked(tmp_path):
    config = tmp_path / "trawl.toml"
    config.write_text("[http]\nbody_byte_max = 5000\n")
    refused = run("serve", "--config", str(config), "--data-dir", str(tmp_path / "d"))
    assert refused.returncode == 2
    assert "http.body_bytes_max" in refused.stderr
    assert not (tmp_path / "d").exists()
    variable = run("serve", "--data-dir", str(tmp_path / "d"),
                   environment={"TRAWL_LOG_FORMAT": "jsn"})
    assert variable.returncode == 2
    assert "TRAWL_LOG_FORMAT" in variable.stderr
    missing = run("serve", "--config", str(tmp_path / "none.toml"))
    assert missing.returncode != 0 and "none.toml" in missing.stderr


def test_flags_beat_variables_beat_the_file(data_dir, tmp_path):
    config = tmp_path / "trawl.toml"
    config.write_text('log_format = "text"\nlog_level = "error"\n[http]\nbody_bytes_max = 2048\n')
    server = Server(data_dir, ["--config", str(config), "--log-format", "json"],
                    {"TRAWL_LOG_LEVEL": "info"}).start()
    try:
        line = json.loads(server.logged("listens on"))
        assert line["level"] == "info"
        assert server.post("/v1/collections", b"x" * 3000).status == 413
    finally:
        assert server.stop() == 0


def test_a_directory_that_cannot_be_used(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    refused = run("serve", "--data-dir", str(blocked / "data"), "--listen", "127.0.0.1:0")
    assert refused.returncode == 1
    assert str(blocked) in refused.stderr


def test_a_directory_that_may_not_be_written():
    # Permissions mean nothing to root, so the server is run by nobody.
    identity = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="trawl-test-") as outer:
        os.chmod(outer, 0o755)
        directory = os.path.join(outer, "data")
        os.mkdir(directory, mode=0o555)
        try:
            refused = subprocess.run(
                [BINARY, "serve", "--data-dir", directory, "--listen", "127.0.0.1:0"],
                capture_output=True, text=True, timeout=60, cwd="/",
                env={"PATH": os.environ["PATH"]}, **identity)
        except PermissionError:
            pytest.skip("nobody may run the binary where it lies")
        assert refused.returncode == 1
        assert directory in refused.stderr and "--data-dir" in refused.stderr
        assert os.listdir(directory) == []


def test_an_address_in_use(server, tmp_path):
    refused = run("serve", "--data-dir", str(tmp_path / "d"), "--listen",
                  f"127.0.0.1:{server.port}")
    assert refused.returncode == 1
    assert str(server.port) in refused.stderr


def test_prices_come_from_the_file(data_dir, tmp_path):
    config = tmp_path / "trawl.toml"
    config.write_text("[prices.limit]\nbase = 5\n")
    server = Server(data_dir, ["--config", str(config)]).start()
    try:
        result = server.post("/v1/retrievers/execute",
                             {"stages": [{"type": "limit"}], "inputs": {}}).json
        assert result["budget"]["credits_used"] == 5
    finally:
        server.stop()
