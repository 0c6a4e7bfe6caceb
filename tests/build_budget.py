#!/usr/bin/env python3
"""Holds the builds to their budget of CPU.

A build from nothing leaves its seconds of CPU in build/PRESET/cpu_seconds (scripts/build).
They are divided by what a reference file takes to compile on this machine, now, so that slow
machines do not count as slow builds, and compared with tests/budget/budget.json. Exits 1
where a build is more than 25 % over its budget, 77 where none was made from nothing.
Example: tests/build_budget.py
"""

import json
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ALARM = 1.25
SKIPPED = 77


def reference_seconds():
    """CPU that the reference takes: the less of two, since others may be at work."""
    source = ROOT / "tests" / "budget" / "reference.cc"
    best = None
    with tempfile.TemporaryDirectory(prefix="trawl-budget-") as folder:
        for _ in range(2):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(["g++", "-std=c++20", "-O2", "-c", str(source), "-o",
                            f"{folder}/reference.o"], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
            best = seconds if best is None else min(best, seconds)
    return best


def main():
    budget = json.loads((ROOT / "tests" / "budget" / "budget.json").read_text())
    measured = {}
    for preset in budget:
        file = ROOT / "build" / preset / "cpu_seconds"
        if file.exists():
            measured[preset] = int(file.read_text())
    if not measured:
        print("no build was made from nothing here, or with ccache: nothing to compare")
        return SKIPPED
    reference = reference_seconds()
    print(f"compiling the reference takes {reference:.1f} s of CPU")
    over = False
    for preset, seconds in measured.items():
        ratio = seconds / reference
        is_over = ratio > ALARM * budget[preset]
        over = over or is_over
        print(f"{preset}: {seconds} s of CPU, {ratio:.1f} times the reference; "
              f"the budget is {budget[preset]}{': MORE THAN 25 % OVER IT' if is_over else ''}")
    if over:
        print("make the build cheaper, or raise tests/budget/budget.json and say why")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
