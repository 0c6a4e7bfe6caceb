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

What may differ between two runs is written as expected_output.py says. A port of 127.0.0.1 in
the document becomes a free one. TRAWL_BINARY names the binary.

    tests/cookbook/run.py README.md --section "Use it" --status-only

runs one section, and asks only that no command fails: for a page that shows no output.
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

ADDRESS = re.compile(r"127\.0\.0\.1:(\d+)")
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


def section_of(lines, title, path):
    """The lines, empty but for the section of this title, so that their numbers stay."""
    begin = next((at for at, line in enumerate(lines) if line == f"## {title}"), None)
    if begin is None:
        sys.exit(f"{path}: no section '{title}'")
    end = next((at for at in range(begin + 1, len(lines)) if lines[at].startswith("## ")),
               len(lines))
    return [line if begin <= at < end else "" for at, line in enumerate(lines)]


def free_ports(blocks):
    """A free port for each that the code names."""
    named = sorted({port for block in blocks for line in block.lines
                    for port in ADDRESS.findall(line)})
    probes = [socket.socket() for _ in named]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = {name: str(probe.getsockname()[1]) for name, probe in zip(named, probes)}
    for probe in probes:
        probe.close()
    return ports


def replace_ports(text, ports):
    return ADDRESS.sub(lambda found: f"127.0.0.1:{ports.get(found[1], found[1])}", text)


def session_of(blocks, folder, ports, path, status_only):
    """The script that runs all of them. A line after each says that it is over."""
    # What a recipe that failed leaves behind must not keep its output open.
    script = "trap 'kill $(jobs -p) 2>/dev/null' EXIT\n"
    if status_only:
        script += "set -e -o pipefail\n"
    for number, block in enumerate(blocks):
        code = replace_ports("\n".join(block.lines), ports)
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


def run(blocks, binary, path, status_only):
    """What each block printed, as lists of lines."""
    with tempfile.TemporaryDirectory(prefix="trawl-cookbook-") as folder:
        ports = free_ports(blocks)
        session = session_of(blocks, folder, ports, path, status_only)
        bin_folder = os.path.join(folder, ".bin")
        os.mkdir(bin_folder)
        os.symlink(binary, os.path.join(bin_folder, "trawl"))
        # Nothing of who runs this: no keys, no proxies, no settings of curl.
        environment = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "HOME": folder,
                       "TMPDIR": folder, "LANG": "C.UTF-8", "TZ": "UTC"}
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
    output = replace_ports(output, {free: name for name, free in ports.items()})
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
    # From the end, so the numbers of earlier lines stay right.
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
    parser.add_argument("--section", metavar="TITLE", help="run only this section")
    parser.add_argument("--status-only", action="store_true",
                        help="no command may fail; what they print is not compared")
    arguments = parser.parse_args()
    binary = os.path.abspath(os.environ.get("TRAWL_BINARY", "build/release/trawl"))
    if not os.access(binary, os.X_OK):
        sys.exit(f"{binary} is not built; run: make build, or set TRAWL_BINARY")
    with open(arguments.document, encoding="utf-8") as file:
        lines = file.read().splitlines()
    shown = section_of(lines, arguments.section, arguments.document) if arguments.section else lines
    blocks = read_blocks(shown, arguments.document)
    wanted = ["bash", "curl", "jq"]
    if any(block.language == "ts" for block in blocks):
        wanted += ["node", "tsc"]
    missing = [name for name in wanted if shutil.which(name) is None]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)}; run: scripts/setup --tests")

    printed = run(blocks, binary, arguments.document, arguments.status_only)
    if arguments.status_only:
        print(f"{arguments.document}: no command of its {len(blocks)} blocks failed")
        return 0
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
