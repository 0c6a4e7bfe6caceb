"""Tests of published clients, run by run.py inside their virtual environments.

The server and its helpers are those of the end-to-end tests.
"""

import importlib.util
import pathlib
import sys

import pytest

_PATH = pathlib.Path(__file__).resolve().parent.parent / "e2e" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("trawl_server", _PATH)
trawl_server = importlib.util.module_from_spec(_SPEC)
sys.modules["trawl_server"] = trawl_server
_SPEC.loader.exec_module(trawl_server)

# Ends what a failed test left running.
pytest_sessionfinish = trawl_server.pytest_sessionfinish


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for the whole program: clients share theirs too."""
    server = trawl_server.Server(tmp_path_factory.mktemp("clients") / "data").start()
    yield server
    assert server.stop() == 0, "".join(server.log)


@pytest.fixture(scope="module")
def url(server):
    return f"http://127.0.0.1:{server.port}"
