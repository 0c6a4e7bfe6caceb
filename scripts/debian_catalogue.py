#!/usr/bin/env python3
"""Writes this machine's Debian package catalogue as NDJSON, one package a line.

The lists come from the machine's own apt sources, through its own proxies and keys, but
into a private folder that is removed at the end: minimal images keep no long
descriptions (Acquire::Languages "none"), and the system's own lists stay as they are.

    scripts/debian_catalogue.py --output packages.ndjson
    scripts/debian_catalogue.py --limit 100 | head -n 1

Exit status: 0 done, 1 the lists could not be fetched, 3 there is no apt here.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

EXIT_FETCH_FAILED = 1
EXIT_NO_APT = 3

# Of a paragraph, what the catalogue shows; everything else is skipped unread.
PACKAGE_FIELDS = {
    "Package", "Version", "Section", "Size", "Installed-Size", "Priority", "Homepage",
    "Maintainer", "Tag", "Depends", "Pre-Depends", "Description", "Description-md5",
}
TRANSLATION_FIELDS = {"Package", "Description-md5", "Description-en"}


def say(text):
    print(text, file=sys.stderr, flush=True)


def apt_configuration(folder, languages):
    """The text of a configuration that reads after the system's and overrides it."""
    lists, state, cache = (os.path.join(folder, name) for name in ("lists", "state", "cache"))
    for path in (lists, state, cache):
        os.makedirs(os.path.join(path, "partial"), exist_ok=True)
    # Hooks may touch the system: Debian's container images delete archives in one.
    lines = [f"#clear APT::Update::{hook};"
             for hook in ("Pre-Invoke", "Post-Invoke", "Post-Invoke-Success")]
    lines += [
        "#clear Acquire::Languages;",
        "Acquire::Languages { " + " ".join(f'"{name}";' for name in languages) + " };",
        'Acquire::GzipIndexes "false";',
        f'Dir::State "{state}";',
        f'Dir::State::lists "{lists}";',
        f'Dir::Cache "{cache}";',
        'Dir::Cache::pkgcache "";',
        'Dir::Cache::srcpkgcache "";',
        'APT::Update::Error-Mode "any";',
    ]
    # One architecture is a catalogue; two are the same packages twice.
    native = query_apt("APT::Architecture").strip()
    if native:
        lines += ["#clear APT::Architectures;", f'APT::Architectures {{ "{native}"; }};']
    # apt-file, appstream and deb-src add large lists that are of no use here.
    targets = re.findall(r"^Acquire::IndexTargets::([^:\s]+)::([^:\s]+)::MetaKey ",
                         run_text(["apt-config", "dump"]), re.MULTILINE)
    for kind, target in sorted(set(targets)):
        if (kind, target) not in (("deb", "Packages"), ("deb", "Translations")):
            lines.append(f'Acquire::IndexTargets::{kind}::{target}::DefaultEnabled "false";')
    return "\n".join(lines) + "\n"


def run_text(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def query_apt(name):
    text = run_text(["apt-config", "shell", "value", name])
    found = re.search(r"value='(.*)'", text)
    return found.group(1) if found else ""


def fetch_lists(folder, languages=("en",)):
    configuration = os.path.join(folder, "apt.conf")
    with open(configuration, "w", encoding="utf-8") as file:
        file.write(apt_configuration(folder, languages))
    # apt fetches as a user of its own, who must be able to get to the folder.
    os.chmod(folder, 0o755)
    done = subprocess.run(["apt-get", "-qq", "-c", configuration, "update"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    problems = "\n".join(line for line in done.stderr.splitlines() if line.startswith("E: "))
    if done.returncode != 0:
        say("the package lists could not be fetched with the machine's apt sources:")
        say(problems or done.stderr.strip() or f"apt-get ended with {done.returncode}")
        sys.exit(EXIT_FETCH_FAILED)
    return os.path.join(folder, "lists")


def paragraphs(path, wanted):
    """Yields each paragraph of a Debian control file as {field: text}, lines kept."""
    fields, name = {}, None
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.rstrip("\n")
            if not line:
                if fields:
                    yield fields
                fields, name = {}, None
            elif line[0] in " \t":
                if name:
                    fields[name] += "\n" + line
            else:
                name, _, value = line.partition(":")
                if name in wanted:
                    fields[name] = value.strip()
                else:
                    name = None
    if fields:
        yield fields


def split_description(text):
    """The short description, and the long one without the control file's dots."""
    first, *rest = text.split("\n")
    return first.strip(), "\n".join("" if line.strip() == "." else line[1:]
                                    for line in rest).strip()


def split_tags(text):
    """'use::{checking,monitoring}, role::program' -> three tags."""
    tags = []
    for facet, braces, plain in re.findall(r"([\w-]+::)\{([^}]*)\}|([^,\s]+)", text):
        if facet:
            tags += [facet + value.strip() for value in braces.split(",")]
        else:
            tags.append(plain)
    return tags


def order_key(character):
    if character == "~":
        return -1
    if character.isalpha():
        return ord(character)
    return ord(character) + 256


def compare_part(left, right):
    """The order of upstream versions and revisions: deb-version(7)."""
    while left or right:
        text_left = re.match(r"\D*", left).group()
        text_right = re.match(r"\D*", right).group()
        left, right = left[len(text_left):], right[len(text_right):]
        for at in range(max(len(text_left), len(text_right))):
            a = order_key(text_left[at]) if at < len(text_left) else 0
            b = order_key(text_right[at]) if at < len(text_right) else 0
            if a != b:
                return -1 if a < b else 1
        digits_left = re.match(r"\d*", left).group()
        digits_right = re.match(r"\d*", right).group()
        left, right = left[len(digits_left):], right[len(digits_right):]
        a, b = int(digits_left or 0), int(digits_right or 0)
        if a != b:
            return -1 if a < b else 1
    return 0


def compare_versions(left, right):
    def parts(version):
        epoch, colon, rest = version.partition(":")
        if not colon:
            epoch, rest = "0", version
        upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
        return int(epoch) if epoch.isdigit() else 0, upstream, revision

    a, b = parts(left), parts(right)
    if a[0] != b[0]:
        return -1 if a[0] < b[0] else 1
    return compare_part(a[1], b[1]) or compare_part(a[2], b[2])


def count_dependencies(fields):
    return sum(1 for name in ("Depends", "Pre-Depends")
               for part in fields.get(name, "").split(",") if part.strip())


def make_document(fields, long_descriptions):
    summary, description = split_description(fields.get("Description", ""))
    # Older lists hold the whole text; newer ones only its MD5.
    translated = long_descriptions.get((fields["Package"], fields.get("Description-md5")))
    if translated:
        summary, description = split_description(translated)
    # What tells most comes first: `trawl execute` shows the first fields that fit.
    document = {
        "document_id": fields["Package"],
        "name": fields["Package"],
        "summary": summary,
        "section": fields.get("Section", ""),
        "installed_size": int(fields.get("Installed-Size", "0") or 0),
        "version": fields.get("Version", ""),
        "size": int(fields.get("Size", "0") or 0),
        "depends_count": count_dependencies(fields),
        "priority": fields.get("Priority", ""),
        "maintainer": fields.get("Maintainer", ""),
        "tags": split_tags(fields.get("Tag", "")),
        "description": description,
    }
    if fields.get("Homepage"):
        document["homepage"] = fields["Homepage"]
    return document


def read_catalogue(lists):
    names = sorted(os.listdir(lists))
    long_descriptions = {}
    for name in names:
        if name.endswith("_Translation-en"):
            for fields in paragraphs(os.path.join(lists, name), TRANSLATION_FIELDS):
                key = fields.get("Package"), fields.get("Description-md5")
                if "Description-en" in fields:
                    long_descriptions[key] = fields["Description-en"]
    packages = {}
    for name in names:
        if not name.endswith("_Packages"):
            continue
        for fields in paragraphs(os.path.join(lists, name), PACKAGE_FIELDS):
            if "Package" not in fields:
                continue
            known = packages.get(fields["Package"])
            # A security update stands beside the release's version: the newer one counts.
            if known is None or compare_versions(fields.get("Version", ""),
                                                 known.get("Version", "")) > 0:
                packages[fields["Package"]] = fields
    for name in sorted(packages):
        yield make_document(packages[name], long_descriptions)


def write_documents(documents, file, limit):
    count = 0
    for document in documents:
        if limit is not None and count >= limit:
            break
        file.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")
        count += 1
    return count


def write_catalogue(lists, output, limit):
    documents = read_catalogue(lists)
    if output == "-":
        sys.stdout.reconfigure(encoding="utf-8")
        return write_documents(documents, sys.stdout, limit)
    # A half-written file under the final name would look like a whole catalogue.
    partial = output + ".partial"
    with open(partial, "w", encoding="utf-8") as file:
        count = write_documents(documents, file, limit)
    os.replace(partial, output)
    return count


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n", maxsplit=1)[0],
        epilog="Example: scripts/debian_catalogue.py --output packages.ndjson")
    parser.add_argument("--output", default="-", metavar="FILE",
                        help="where to write; - is standard output [-]")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N packages")
    arguments = parser.parse_args()
    if not shutil.which("apt-get") or not shutil.which("apt-config"):
        say("there is no apt on this machine, so there is no Debian catalogue to fetch; "
            "any NDJSON file will do instead: trawl import COLLECTION FILE --create")
        sys.exit(EXIT_NO_APT)
    with tempfile.TemporaryDirectory(prefix="trawl-apt-") as folder:
        say("fetching the package lists into a private folder ...")
        lists = fetch_lists(folder)
        say("reading them ...")
        count = write_catalogue(lists, arguments.output, arguments.limit)
    say(f"wrote {count:,} packages")
    if count == 0:
        say("the machine's apt sources name no packages; look at /etc/apt/sources.list.d")
        sys.exit(EXIT_FETCH_FAILED)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # The reader had enough; Python would complain once more while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
