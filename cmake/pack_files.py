#!/usr/bin/env python3
"""Packs the files of a folder into one file that is compiled into the server.

    cmake/pack_files.py FOLDER OUT

Each file is there three times: as it is, by gzip and by zstd, so that nothing is compressed
when it is served. OUT begins with one line of JSON, {"files": [{"name", "content_type",
"is_hashed", "raw": [offset, size], "gzip": …, "zstd": …}]}, ordered by name; offsets count from
the end of that line (src/api/console/packed_files.h). It is written only where it differs.
"""

import gzip
import json
import pathlib
import subprocess
import sys

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# For the build alone. Its `files` are those whose names change with what they hold.
MANIFEST = "manifest.json"


def fail(message):
    sys.exit(f"cmake/pack_files.py: {message}")


def zstd(content):
    try:
        done = subprocess.run(["zstd", "-19", "--quiet", "--stdout"], input=content,
                              capture_output=True, check=False)
    except FileNotFoundError:
        fail("there is no zstd; scripts/setup installs it")
    if done.returncode != 0:
        fail(f"zstd failed: {done.stderr.decode().strip()}")
    return done.stdout


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    hashed = set(json.loads((folder / MANIFEST).read_text())["files"])
    files, pieces, offset = [], [], 0
    for path in sorted(folder.iterdir()):
        if path.name == MANIFEST:
            continue
        if path.suffix not in CONTENT_TYPES:
            fail(f"'{path.name}' is of no known type; add it to CONTENT_TYPES")
        content = path.read_bytes()
        described = {"name": path.name, "content_type": CONTENT_TYPES[path.suffix],
                     "is_hashed": path.name in hashed}
        # Without the time, so that equal files make equal packs.
        for form, piece in (("raw", content), ("gzip", gzip.compress(content, 9, mtime=0)),
                            ("zstd", zstd(content))):
            described[form] = [offset, len(piece)]
            pieces.append(piece)
            offset += len(piece)
        files.append(described)
    if not files:
        fail(f"{folder} has no files")
    packed = json.dumps({"files": files}).encode() + b"\n" + b"".join(pieces)
    if not out.exists() or out.read_bytes() != packed:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(packed)


if __name__ == "__main__":
    main()
