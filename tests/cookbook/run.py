#!/usr/bin/python3
"""Runs the recipes of a cookbook against the real binary, and checks what they print.

    tests/cookbook/run.py docs/cookbook-curl.md             fails with a diff where it differs
    tests/cookbook/run.py docs/cookbook-curl.md --update    writes what was printed into it

The blocks of the document are run in order, as one session in a folder that is empty at
first:

  ```sh    is given to bash; variables, functions and background processes stay
  ```ts    begins with `// NAME.ts` and is saved under that name before anything runs. What
           exports something is a library; the others are run, compiled, by `node NAME.js`
  ```text  is what the block before it prints; a block without one prints nothing

What may differ between two runs is written as expected_output.py says. The address
127.0.0.1:8080 of the document becomes a free port. TRAWL_BINARY names the binary.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

from expected_output import differences, update

ADDRESS = "127.0.0.1:8080"
FENCE = re.compile(r"^```(\w*)$")
# A whole cookbook takes seconds; a sanitized server on a small machine many times that.
TIMEOUT_S = 600


@dataclass
class Block:
    language: str
    line: int  # Of the opening fence, counted from 1.
    lines: list = field(default_factory=list)
    expected: "Block | None" = None

    def file_name(self):
        found = re.fullmatch(r"// ([\w.-]+\.ts)", self.lines[0]) if self.lines else None
        return found.group(1) if found else None

    def is_library(self):
        return (self.file_name().endswith(".d.ts") or
                any(line.startswith("export ") for line in self.lines))


def read_blocks(lines, path):
    """The blocks of code, each with the output that follows it."""
    code, block = [], None
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if block is not None and line != "```":
            block.lines.append(line)
        elif block is not None:
            if block.language == "text":
                if not code or code[-1].expected is not None:
                    sys.exit(f"{path}:{block.line}: output that no code stands before")
                code[-1].expected = block
            else:
                code.append(block)
            block = None
        elif fence:
            if fence.group(1) not in ("sh", "ts", "text"):
                sys.exit(f"{path}:{number}: a block of '{fence.group(1)}'; use sh, ts or text")
            block = Block(fence.group(1), number)
    if block is not None:
        sys.exit(f"{path}:{block.line}: this block does not end")
    return code


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def session_of(blocks, folder, port, path):
    """The script that runs all of them. A line after each says that it is over."""
    # What a recipe that failed leaves behind must not keep its output open.
    script = "trap 'kill $(jobs -p) 2>/dev/null' EXIT\n"
    for number, block in enumerate(blocks):
        code = "\n".join(block.lines).replace(ADDRESS, f"127.0.0.1:{port}")
        if block.language == "sh":
            script += code
        else:
            name = block.file_name()
            if name is None:
                sys.exit(f"{path}:{block.line}: the first line of a program is // NAME.ts")
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(code + "\n")
            if not block.is_library():
                script += f"node {name[:-3]}.js"
        script += f"\nprintf '\\n\\036{number}\\n'\n"
    return script


def run(blocks, binary, path):
    """What each block printed, as lists of lines."""
    with tempfile.TemporaryDirectory(prefix="trawl-cookbook-") as folder:
        port = free_port()
        session = session_of(blocks, folder, port, path)
        bin_folder = os.path.join(folder, ".bin")
        os.mkdir(bin_folder)
        os.symlink(binary, os.path.join(bin_folder, "trawl"))
        # Nothing of who runs this: no keys, no proxies, no settings of curl.
        environment = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "HOME": folder,
                       "LANG": "C.UTF-8", "TZ": "UTC"}
        process = subprocess.Popen(
            ["bash", "--norc", "-c", session], cwd=folder, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            errors="replace", start_new_session=True)
        try:
            output, _ = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            output += f"\n(stopped after {TIMEOUT_S} s)"
        finally:
            # A recipe that failed may have left its server; it is in this group.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    output = output.replace(f"127.0.0.1:{port}", ADDRESS)
    printed, at = [], 0
    for number in range(len(blocks)):
        end = output.find(f"\n\x1e{number}\n", at)
        if end < 0:
            sys.exit(f"{path}:{blocks[number].line}: the session ended here:\n{output[at:]}")
        printed.append(output[at:end].rstrip("\n").splitlines())
        at = end + len(f"\n\x1e{number}\n")
    return printed


def rewritten(lines, blocks, printed):
    """The document with what was printed in its blocks of output."""
    out = list(lines)
    # From the end, so that the numbers of earlier lines stay right.
    for block, now in reversed(list(zip(blocks, printed))):
        # Behind the code: what stood there up to the end of its output, or nothing.
        begin = end = block.line + len(block.lines) + 1
        said = []
        if block.expected is not None:
            said = block.expected.lines
            end = block.expected.line + len(said) + 1
        out[begin:end] = ["", "```text", *update(said, now), "```"] if now else []
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("document")
    parser.add_argument("--update", action="store_true",
                        help="write what was printed into the document")
    arguments = parser.parse_args()
    binary = os.path.abspath(os.environ.get("TRAWL_BINARY", "build/release/trawl"))
    if not os.access(binary, os.X_OK):
        sys.exit(f"{binary} is not built; run: make build, or set TRAWL_BINARY")
    with open(arguments.document, encoding="utf-8") as file:
        lines = file.read().splitlines()
    blocks = read_blocks(lines, arguments.document)
    wanted = ["bash", "curl", "jq"]
    if any(block.language == "ts" for block in blocks):
        wanted += ["node", "tsc"]
    missing = [name for name in wanted if shutil.which(name) is None]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)}; run: scripts/setup --tests")

    printed = run(blocks, binary, arguments.document)
    if arguments.update:
        now = rewritten(lines, blocks, printed)
        with open(arguments.document, "w", encoding="utf-8") as file:
            file.write("\n".join(now) + "\n")
        print(f"{arguments.document}: {'as before' if now == lines else 'changed; read the diff'}")
        return 0
    name = os.path.basename(arguments.document)
    wrong = 0
    for block, now in zip(blocks, printed):
        expected = block.expected.lines if block.expected else []
        diff = differences(expected, now, f"{name}:{block.line}")
        if diff:
            wrong += 1
            print(diff + "\n")
    if wrong:
        print(f"{wrong} of {len(blocks)} blocks of {name} print something else; if that is "
              "right, run this again with --update")
        return 1
    print(f"{name}: {len(blocks)} blocks print what it says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
