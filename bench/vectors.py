#!/usr/bin/env python3
"""Vectors of real texts for bench/dense.py, as NumPy files.

    bench/quality.py --keep build/quality/data      embeds the Debian catalogue
    bench/vectors.py --data build/quality/data      docs.npy and queries.npy in build/bench/dense

The vectors are those that a data directory has, of the feature with the most; the server may run
meanwhile. Queries are the questions of the set "known", embedded by the model of build/models.
"""

import argparse
import array
import json
import pathlib
import sqlite3
import subprocess
import sys

import quality_sets
from quick import ROOT


def write_npy(path, rows, dimension):
    """`rows` are bytes of little-endian float32, all of one length."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(rows)}, {dimension}), }}"
    header = header.ljust(-(-(10 + len(header) + 1) // 64) * 64 - 11) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
        file.writelines(rows)
    print(f"{path}: {len(rows):,} vectors of {dimension} numbers", file=sys.stderr)


def stored_vectors(data):
    """Those of one feature, and how many numbers each has."""
    uri = (data.resolve() / "corpus.db").as_uri() + "?mode=ro"
    database = sqlite3.connect(uri, uri=True)
    collection, feature, size = database.execute(
        "SELECT collection, feature, max(length(data)) FROM vectors "
        "GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT 1").fetchone() or sys.exit(
            f"bench-vectors: {data} has no vectors")
    rows = [row for row, in database.execute(
        "SELECT data FROM vectors WHERE collection = ? AND feature = ? AND length(data) = ? "
        "ORDER BY place", (collection, feature, size))]
    database.close()
    return rows, size // 4


def embed(binary, texts):
    done = subprocess.run(
        [binary, "-o", "ndjson", "models", "embed", "--query", "--models-dir",
         ROOT / "build/models"], input="".join(json.dumps(text) + "\n" for text in texts),
        stdout=subprocess.PIPE, text=True, check=True)
    vectors = [json.loads(line) for line in done.stdout.splitlines()]
    return [array.array("f", vector).tobytes() for vector in vectors]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, metavar="DIRECTORY",
                        help="a server's, with vectors of all-MiniLM-L6-v2")
    parser.add_argument("--output", type=pathlib.Path, metavar="DIRECTORY",
                        default=ROOT / "build/bench/dense")
    parser.add_argument("--binary", type=pathlib.Path, metavar="FILE",
                        default=ROOT / "build/release/trawl")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    rows, dimension = stored_vectors(options.data)
    write_npy(options.output / "docs.npy", rows, dimension)
    known = quality_sets.make_sets(quality_sets.fetch_packages())["known"]
    queries = embed(options.binary.resolve(), [query.text for query in known])
    write_npy(options.output / "queries.npy", queries, dimension)


if __name__ == "__main__":
    main()
