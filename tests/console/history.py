"""What the console is used on: a small catalogue of packages, real executions of the examples, and
imported ones for volume. The same every time, but for ids and times.

The catalogue is made up here: the tests need none of the machine's lists, and know what is in it.
"""

import datetime
import json
import pathlib
import random

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "examples"
IMPORTED = 1200

# Packages that tests name. Of gwenview the section fits, and its size is what loses it.
KNOWN = [
    ("gwenview", "image viewer for everybody", "kde", 11615),
    ("sxiv", "simple image viewer", "graphics", 120),
    ("feh", "imlib2 based image viewer", "graphics", 400),
    ("dillo", "Small and fast web browser", "web", 1565),
    ("nginx", "small, powerful, scalable web and proxy server", "httpd", 1336),
    ("libreoffice", "office suite of everything", "editors", 250000),
]
KINDS = [
    ("viewer", "image viewer that shows pictures", "graphics"),
    ("browser", "small and fast web browser", "web"),
    ("server", "small and fast web server", "httpd"),
    ("office", "office suite for letters and tables", "editors"),
    ("parser", "python parser of texts", "python"),
    ("sky", "astronomy program for a telescope", "science"),
    ("tool", "command that does one thing", "utils"),
    ("window", "window manager with an image viewer", "x11"),
]
ADJECTIVES = ["quick", "plain", "curious", "modern", "old", "tiny", "patient", "quiet"]
LANGUAGES = ["c", "c++", "python", "rust", "perl"]


def packages():
    """Two thousand documents of the catalogue."""
    rng = random.Random(20261130)
    out = [{"document_id": name, "name": name, "summary": summary, "section": section,
            "installed_size": size, "version": "1.0-1", "depends_count": len(name),
            "tags": ["implemented-in::c++"], "description": f"{name}: {summary}."}
           for name, summary, section, size in KNOWN]
    for number in range(2000 - len(out)):
        kind, summary, section = KINDS[number % len(KINDS)]
        adjective = ADJECTIVES[rng.randrange(len(ADJECTIVES))]
        name = f"{adjective}-{kind}-{number}"
        out.append({
            "document_id": name, "name": name, "summary": f"{adjective} {summary}",
            "section": section, "installed_size": rng.randrange(50, 20000),
            "version": f"{number % 7}.{number % 10}-1", "depends_count": rng.randrange(40),
            "tags": [f"implemented-in::{LANGUAGES[number % len(LANGUAGES)]}"],
            "description": f"A {summary}, {adjective} and made by hand.\nIts number is {number}."})
    return out


def example(name, **inputs):
    """The body of an execution of examples/NAME.json, with these inputs instead of its own."""
    body = json.loads((EXAMPLES / f"{name}.json").read_text())
    body["inputs"].update(inputs)
    return body


def run_examples(server):
    """Real executions; a dict of their ids by what they are."""
    def execute(body, **labels):
        reply = server.ok("POST", "/v1/retrievers/execute", {**body, "labels": labels})
        return reply["execution_id"]

    ids = {
        "search": execute(example("search"), team="search"),
        "viewer": execute(example("filter_sort"), team="search", variant="strict"),
        "viewer_wider": execute(example("filter_sort", max_installed_kib=12000), team="search",
                                variant="wide"),
        "group": execute(example("group"), team="search"),
        "aggregate": execute(example("aggregate"), team="reports"),
        "budget": execute(example("budget"), team="office"),
        "nothing": execute(example("search", query="zeppelin quartz"), team="search"),
    }
    for number in range(3):
        ids[f"failing_{number}"] = execute(
            example("failing", pattern=f"^python{number}-("), team="parsers")
    return ids


def imported(now=None):
    """Executions of the last 20 hours for volume, newest first; none is newer than an hour."""
    rng = random.Random(1204)
    now = now or datetime.datetime.now(datetime.timezone.utc)
    newest = now - datetime.timedelta(hours=1)
    step = datetime.timedelta(hours=19) / IMPORTED
    out = []
    for number in range(IMPORTED):
        query = f"{ADJECTIVES[rng.randrange(8)]} {KINDS[rng.randrange(8)][0]} {number % 50}"
        failed, found = number % 40 == 7, 0 if number % 12 == 5 else rng.randrange(1, 11)
        one = {
            "execution_id": f"exec_imported_{number:04}",
            "status": "failed" if failed else "completed",
            "timestamp": (newest - number * step).isoformat().replace("+00:00", "Z"),
            "duration_ms": round(rng.lognormvariate(2.8, 0.9), 2), "credits_used": 1,
            "total_processed": 100, "total_returned": 0 if failed else found,
            "stages_completed": 1 if failed else 2, "total_stages": 2,
            "query_summary": query, "inputs": {"query": query},
            "collection_ids": ["packages"], "labels": {"team": "search", "batch": "imported"},
        }
        if failed:
            one["error"] = f"value '^{query.split()[1]}-(' is not a valid regular expression"
            one["failed_stage"] = "name_matches"
        out.append(one)
    return out


def fill(server):
    """Everything of the above into a server; the ids of run_examples()."""
    server.make_collection("packages", packages(), features=[{
        "feature_uri": "trawl://bm25@v1/text", "language": "english",
        "fields": [{"path": "name", "weight": 3}, {"path": "summary", "weight": 2}, "description"]}])
    lines = "".join(json.dumps(one) + "\n" for one in imported())
    report = server.ok("POST", "/v1/retrievers/executions/import", lines)
    assert report["imported_count"] == IMPORTED and report["warning_count"] == 0, report
    return run_examples(server)
