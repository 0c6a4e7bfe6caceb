#!/usr/bin/env python3
"""Holds the builds to their budget of CPU.

A build from nothing leaves its seconds of CPU in build/PRESET/cpu_seconds, and beside them what
a reference file took to compile just before (scripts/build). Their ratio, so that slow machines
and hours do not count as slow builds, is compared with tests/budget/budget.json. Exits 1 where
a build is more than 25 % over its budget, 77 where none was made from nothing.
Example: tests/build_budget.py
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ALARM = 1.25
SKIPPED = 77


def main():
    budget = json.loads((ROOT / "tests" / "budget" / "budget.json").read_text())
    measured = {}
    for preset in budget:
        folder = ROOT / "build" / preset
        if (folder / "cpu_seconds").exists() and (folder / "reference_seconds").exists():
            measured[preset] = (int((folder / "cpu_seconds").read_text()),
                                float((folder / "reference_seconds").read_text()))
    if not measured:
        print("no build was made from nothing here, or with ccache: nothing to compare")
        return SKIPPED
    over = False
    for preset, (seconds, reference) in measured.items():
        ratio = seconds / reference
        is_over = ratio > ALARM * budget[preset]
        over = over or is_over
        print(f"{preset}: {seconds} s of CPU, {ratio:.1f} times the reference of {reference} s; "
              f"the budget is {budget[preset]}{': MORE THAN 25 % OVER IT' if is_over else ''}")
    if over:
        print("make the build cheaper, or raise tests/budget/budget.json and say why")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
