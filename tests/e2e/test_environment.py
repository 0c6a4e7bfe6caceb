"""What an orchestrator puts into the environment does not stop anybody."""

import os
import subprocess

import pytest

from conftest import BINARY, KEY, Server, stage

# What Kubernetes sets for services called trawl and trawl-web, and Docker for a link.
SERVICES = {
    "TRAWL_SERVICE_HOST": "10.96.0.17",
    "TRAWL_SERVICE_PORT": "8080",
    "TRAWL_SERVICE_PORT_HTTP": "8080",
    "TRAWL_PORT": "tcp://10.96.0.17:8080",
    "TRAWL_PORT_8080_TCP": "tcp://10.96.0.17:8080",
    "TRAWL_PORT_8080_TCP_PROTO": "tcp",
    "TRAWL_PORT_8080_TCP_PORT": "8080",
    "TRAWL_PORT_8080_TCP_ADDR": "10.96.0.17",
    "TRAWL_WEB_SERVICE_HOST": "10.96.0.18",
    "TRAWL_WEB_PORT": "tcp://10.96.0.18:80",
    # Of a service that is called as a setting is.
    "TRAWL_HTTP_THREADS": "tcp://10.96.0.19:80",
    "TRAWL_LISTEN": "tcp://10.96.0.20:80",
}


def run(*arguments, **environment):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60,
                          cwd="/", env={"PATH": os.environ["PATH"], **environment})


def test_a_server_starts_beside_services_of_its_name(data_dir, tmp_path):
    server = Server(data_dir, environment={**SERVICES, "TRAWL_LOG_LEVEL": "warning",
                                           "TRAWL_LOG_LEVL": "debug"})
    # Nothing is told of where it listens at this level, so a level higher than that is set
    # by the flag.
    server.arguments += ["--log-level", "info"]
    server.start()
    try:
        told = [line for line in server.log if "environment variable" in line]
        assert len(told) == 2, told
        [mistake] = [line for line in told if "TRAWL_LOG_LEVL" in line]
        assert "TRAWL_LOG_LEVEL" in mistake and "ignored" in mistake
        [services] = [line for line in told if line is not mistake]
        assert all(name in services for name in SERVICES), services
        assert "enableServiceLinks" in services
        # The commands neither stop nor read them.
        url = {"TRAWL_URL": f"http://127.0.0.1:{server.port}", "TRAWL_API_KEY": KEY}
        assert server.execute([], [stage("limit")]).status == 200
        for command in (["executions", "list"], ["executions", "export"],
                        ["collections", "list"], ["keys", "list"],
                        ["doctor", "--quick", "--data-dir", data_dir],
                        ["backup", "--data-dir", data_dir, str(tmp_path / "backup")]):
            done = run(*command, **SERVICES, **url, TRAWL_NAMESPCE="other")
            assert done.returncode == 0, (command, done.stderr)
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize("name, value", [
    ("TRAWL_HTTP_THREADS", "many"), ("TRAWL_KEYS_BURST", "10.0.0.1"), ("TRAWL_LOG_LEVEL", "loud"),
])
def test_a_setting_with_a_bad_value_still_stops(tmp_path, name, value):
    refused = run("serve", "--data-dir", str(tmp_path / "data"), **{name: value})
    assert refused.returncode == 2
    assert name in refused.stderr and value in refused.stderr
    assert not (tmp_path / "data").exists()


def test_the_server_says_when_it_runs_as_root_or_is_open_to_the_network(data_dir):
    server = Server(data_dir).start()
    try:
        told = "".join(server.log)
        assert ("runs as root" in told) == (os.geteuid() == 0)
        assert "no TLS" not in told
    finally:
        assert server.stop() == 0
