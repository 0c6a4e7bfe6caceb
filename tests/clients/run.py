#!/usr/bin/env python3
"""Runs the test program of one published client against the real binary.

    tests/clients/run.py --folder build/release/clients mixpeek-1

The client and what it needs, in pinned versions, go into a virtual environment in that
folder. It is made once, and again when its requirements change.
"""

import argparse
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# Each client: its environment and its test program.
CLIENTS = {
    "mixpeek-1": ("newest", "test_mixpeek_1.py"),
    "mixpeek-0": ("sdk-0", "test_mixpeek_0.py"),
    "langchain-mixpeek": ("newest", "test_langchain.py"),
    "mixpeek-mcp": ("newest", "test_mcp.py"),
}


def fail(message):
    sys.exit(f"tests/clients/run.py: {message}")


def run(command, what):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        fail(f"{what}; it said:\n{done.stdout.strip()}")


def make_environment(folder, name):
    """The Python of the environment, which is made if it is not there as it should be."""
    requirements = HERE / "requirements" / f"{name}.txt"
    wanted = hashlib.sha256(
        requirements.read_bytes() + sys.version.encode() + str(folder).encode()).hexdigest()
    environment = folder / name
    stamp = environment / "made-of"
    python = environment / "bin" / "python"
    folder.mkdir(parents=True, exist_ok=True)
    # Several clients share an environment, and their tests may begin at the same time.
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return python
        shutil.rmtree(environment, ignore_errors=True)
        print(f"making the environment {environment} ({requirements.name}) ...", flush=True)
        run([sys.executable, "-m", "venv", str(environment)],
            "the module venv cannot make a virtual environment "
            "(on Debian it is in python3-venv, which scripts/setup --tests installs)")
        run([str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install",
             "--quiet", "--retries", "2", "--timeout", "30", "--requirement",
             str(requirements)],
            f"the published clients of {requirements.name} cannot be installed. They come "
            "from the Python package index: where this machine cannot reach it, name a "
            "mirror in PIP_INDEX_URL, or build with -DTRAWL_CLIENTS=OFF to leave these "
            "tests out")
        stamp.write_text(wanted)
    return python


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=pathlib.Path, required=True,
                        help="where the virtual environments are kept")
    parser.add_argument("client", choices=sorted(CLIENTS))
    parser.add_argument("pytest", nargs="*", help="arguments for pytest")
    arguments = parser.parse_args()
    environment, program = CLIENTS[arguments.client]
    python = make_environment(arguments.folder.resolve(), environment)
    os.execv(python, [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider",
                      str(HERE / program), *arguments.pytest])


if __name__ == "__main__":
    main()
