#!/usr/bin/env python3
"""Uses the console in a real browser, against the real binary.

    tests/console/run.py --folder build/console-tests                   all of it
    tests/console/run.py --folder build/console-tests test_sign_in.py   one file
    tests/console/run.py --folder build/console-tests -- -k wrong -x    arguments for pytest

TRAWL_BINARY names the binary [build/release/trawl], CHROMIUM the browser [/usr/bin/chromium].
Playwright, in a pinned version, goes into a virtual environment in the folder; it is made once,
and again when requirements.txt changes. The browser is Debian's: none is downloaded.
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
REQUIREMENTS = HERE / "requirements.txt"


def fail(message):
    sys.exit(f"tests/console/run.py: {message}")


def run(command, what):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        fail(f"{what}; it said:\n{done.stdout.strip()}")


def make_environment(folder):
    """The Python of the environment, which is made if it is not there as it should be."""
    wanted = hashlib.sha256(
        REQUIREMENTS.read_bytes() + sys.version.encode() + str(folder).encode()).hexdigest()
    stamp = folder / "made-of"
    python = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return python
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making the environment {folder} ...", flush=True)
        run([sys.executable, "-m", "venv", str(folder)],
            "the module venv cannot make a virtual environment (on Debian it is in "
            "python3-venv, which scripts/setup installs)")
        run([str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install",
             "--quiet", "--retries", "2", "--timeout", "30", "--requirement", str(REQUIREMENTS)],
            "Playwright cannot be installed. It comes from the Python package index: where this "
            "machine cannot reach it, name a mirror in PIP_INDEX_URL, or build with "
            "-DTRAWL_CONSOLE_TESTS=OFF to leave these tests out")
        stamp.write_text(wanted)
    return python


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, required=True,
                        help="where the virtual environment is kept")
    parser.add_argument("--pictures", metavar="DATA_DIR",
                        help="take the pictures of docs/ of what `make run` left there")
    parser.add_argument("what", nargs="*", help="files of this folder, and arguments for pytest")
    arguments = parser.parse_args()
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not os.access(chromium, os.X_OK):
        fail(f"there is no browser at {chromium}; scripts/setup --tests installs one, or name "
             "another in CHROMIUM")
    python = make_environment(arguments.folder.resolve())
    if arguments.pictures:
        os.execv(python, [str(python), str(HERE / "screenshots.py"), arguments.pictures])
    what = [str(HERE / one) if (HERE / one).exists() else one for one in arguments.what]
    if not any(one.startswith(str(HERE)) for one in what):
        what.append(str(HERE))
    os.execv(python, [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *what])


if __name__ == "__main__":
    main()
