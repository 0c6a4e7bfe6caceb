#!/usr/bin/env python3
"""Checks that includes between the folders of src/ point one way.

Each folder may include itself and the folders listed for it; the order is that of
ARCHITECTURE.md. Also that every thread starts at the one root that lets nothing out that is
thrown. Prints every line that does otherwise, and exits 1 if there is one. Example:
tests/check_arrows.py
"""

import pathlib
import re
import sys

BASE = {"base"}
RUNTIME = BASE | {"runtime"}
NET = RUNTIME | {"net"}
SQLITE = BASE | {"sqlite"}
MODEL = BASE | {"model"}
QUERY = MODEL | {"query", "text"}
CATALOG = QUERY | {"catalog"}
CORPUS = CATALOG | {"corpus"}
LEDGER = CATALOG | {"runtime", "ledger"}
PROVIDERS = RUNTIME | {"model", "providers"}
EMBEDDING = CORPUS | PROVIDERS | {"embedding"}
PIPELINE = CORPUS | LEDGER | PROVIDERS | {"pipeline"}
STAGES = PIPELINE | {"stages"}
INSIGHT = PIPELINE | {"insight", "sqlite"}

ALLOWED = {
    "base": BASE,
    "runtime": RUNTIME,
    "net": NET,
    "sqlite": SQLITE,
    "text": BASE | {"text"},
    "model": MODEL,
    "query": QUERY,
    "catalog": CATALOG,
    "auth": MODEL | {"auth", "sqlite"},
    "ledger": LEDGER,
    "corpus": CORPUS,
    "providers": PROVIDERS,
    "embedding": EMBEDDING,
    "pipeline": PIPELINE,
    "stages": STAGES,
    "insight": INSIGHT,
    "http/message": RUNTIME | {"http/message"},
    "http": RUNTIME | {"http", "http/message"},
    "api": INSIGHT | {"embedding", "api", "auth", "http", "http/message"},
    # Of the engines, it names in code those whose files it copies and checks.
    "app": STAGES | {"embedding", "insight", "app", "api", "auth", "http", "http/message",
                     "corpus/store", "ledger/sqlite", "sqlite", "net", "providers/onnx",
                     "providers/openai", "providers/remote", "providers/rerank"},
    # The client talks to a server over HTTP; of the server it starts, it knows app alone.
    "cli/terminal": BASE | {"cli/terminal", "cli"},
    "cli/client": MODEL | {"cli/client", "cli/terminal", "cli"},
    "cli": MODEL | {"cli", "cli/client", "cli/terminal", "app"},
    "": {"cli"},
}

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"

# An engine may include its interface, and the other rooms that its library.cmake links.
for library in SOURCE.glob("*/*/library.cmake"):
    engine = library.parent.relative_to(SOURCE).as_posix()
    linked = {name if (SOURCE / name).is_dir() else name.replace("_", "/", 1)
              for name in re.findall(r"\btrawl_(?!library\b)(\w+)",
                                     library.read_text().split("TEST_DEPENDS")[0])}
    ALLOWED[engine] = {engine} | ALLOWED[engine.split("/")[0]] | linked


# Where threads start, and what would start one elsewhere.
THREAD_ROOT = "runtime/thread.cc"
THREAD = re.compile(r"\bstd::(?:thread|jthread|async)\b(?!::)|\bpthread_create\b")


# What tests consist of: they start threads as they like.
TEST = re.compile(r"_test\.cc$|_test_support\.(?:h|cc)$|/test_")


def folder_of(path):
    """The longest known folder that a path below src/ lies in."""
    parts = path.split("/")[:-1]
    while parts and "/".join(parts) not in ALLOWED:
        parts.pop()
    return "/".join(parts)


def main():
    wrong = []
    for file in sorted(SOURCE.rglob("*")):
        if file.suffix not in (".h", ".cc"):
            continue
        name = file.relative_to(SOURCE).as_posix()
        is_test = TEST.search(name) is not None
        folder = folder_of(name)
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if THREAD.search(line) and not (is_test or name == THREAD_ROOT):
                wrong.append(f"src/{name}:{number}: use start_thread() of runtime/thread.h")
            found = re.match(r'\s*#include "([^"]+)"', line)
            if not found:
                continue
            target = folder_of(found.group(1))
            # A contract suite beside an interface may name the engines that it tests.
            if is_test and target.startswith(folder):
                continue
            # What looks at runs is tested with real ones.
            if is_test and folder == "insight" and target == "stages":
                continue
            # So may tests that compare with the reference.
            if is_test and target in ("corpus/memory", "ledger/memory"):
                continue
            if target not in ALLOWED[folder]:
                wrong.append(f"src/{name}:{number}: {folder or 'main'} may not include {target}")
            elif not (SOURCE / found.group(1)).exists():
                wrong.append(f"src/{name}:{number}: {found.group(1)} does not exist")
    print("\n".join(wrong) if wrong else "every include points the right way")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
