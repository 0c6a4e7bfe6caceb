#!/usr/bin/env python3
"""Holds a live server to its own description with schemathesis: no 5xx, no undescribed status,
every reply valid, whatever the request.

  tests/openapi/fuzz.py --binary build/release/trawl --environment build/openapi
  tests/openapi/fuzz.py … --minutes 30          as long as that, with a seed of its own
  tests/openapi/fuzz.py … --operation listExecutions --seed 7

schemathesis comes from the Python package index into a virtual environment in the folder
named by --environment, which is made once and again when requirements.txt changes.
"""

import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import venv

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
SEED = 20261123
EXAMPLES = 12


def environment(folder):
    """The folder of a virtual environment with what requirements.txt names."""
    stamp = folder / "installed.txt"
    wanted = REQUIREMENTS.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Making a virtual environment with schemathesis in {folder}", flush=True)
        venv.create(folder, clear=True, with_pip=True)
        done = subprocess.run([folder / "bin" / "pip", "install", "--quiet",
                               "--disable-pip-version-check", "-r", REQUIREMENTS])
        if done.returncode != 0:
            sys.exit("schemathesis could not be installed: is the Python package index "
                     "reachable from here? This test needs it once, to make "
                     f"{folder}; run it again when it is.")
        stamp.write_text(wanted)
    return folder


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="build/release/trawl")
    parser.add_argument("--environment", default="build/openapi", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, help="go on for so long")
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="for each operation")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--operation", action="append", default=[], metavar="ID",
                        help="an operationId, in place of all of them")
    arguments = parser.parse_args()
    folder = environment(arguments.environment.resolve())

    os.environ["TRAWL_BINARY"] = os.path.abspath(arguments.binary)
    sys.path.insert(0, str(HERE.parent / "e2e"))
    from conftest import KEY, Server  # It reads TRAWL_BINARY.

    seed = arguments.seed
    if seed is None:
        seed = random.randrange(2**32) if arguments.minutes else SEED
    with tempfile.TemporaryDirectory(prefix="trawl-fuzz-") as scratch:
        server = Server(os.path.join(scratch, "data")).start()
        url = f"http://127.0.0.1:{server.port}"
        command = [folder / "bin" / "schemathesis", "--no-color",
                   "--config-file", HERE / "schemathesis.toml", "run", f"{url}/openapi.json",
                   "--seed", str(seed), "--max-examples", str(arguments.examples)]
        if arguments.minutes:
            command += ["--max-time", str(max(1, int(arguments.minutes * 60)))]
        for name in arguments.operation:
            command += ["--include-operation-id", name]
        print(f"seed {seed}", flush=True)
        try:
            status = subprocess.run(
                command, cwd=scratch,
                env={**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1",
                     "TRAWL_FUZZ_URL": url, "TRAWL_FUZZ_KEY": KEY}).returncode
            alive = server.process.poll() is None
        finally:
            stopped = server.stop()
        if not alive or stopped != 0:
            print("".join(server.log[-50:]))
            sys.exit(f"the server ended with status {stopped}")
    if status != 0:
        print(f"Again, with the same seed: tests/openapi/fuzz.py --seed {seed} "
              "--operation ID")
    sys.exit(status)


if __name__ == "__main__":
    main()
