#!/usr/bin/env python3
"""Checks that clang-format would change nothing. `make format` applies it.

Exits 1 and names the places where it would. Example: tests/check_format.py
"""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    files = [str(file) for folder in ("src", "tests", "bench")
             for suffix in ("*.cc", "*.h") for file in sorted((ROOT / folder).rglob(suffix))]
    done = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *files],
                          capture_output=True, text=True)
    print(done.stderr.strip() or f"{len(files)} files are as clang-format leaves them")
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
