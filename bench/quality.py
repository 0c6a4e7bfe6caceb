#!/usr/bin/env python3
"""What searches find: known items, items said in other words, and topics.

    bench/quality.py                        the whole Debian catalogue of this machine
    bench/quality.py --packages 2000        a part of it, which proves the path
    bench/quality.py --questions 60         of each set and half only so many
    bench/quality.py --half dev             to choose by; the other half is for reporting
    bench/quality.py --config FILE --rerank COHERE_MODEL
                                            with a provider of FILE that reranks, too

A server of this checkout, with its default settings, gets the long descriptions over HTTP,
once into a collection made with nothing but a name, and once into one with the stems of
English, as they were ranked before version 1.3 ("before"). Then each question is asked in each way
(quality_sets.py says what the questions are):

    before   words, stems of English
    bm25     words, as a new collection has them
    dense    vectors alone
    hybrid   what a question that says nothing else gets
    rerank   the same, and a provider's reranker or, without one, the stored vectors

Figures are of the test half, with 95 % intervals of a bootstrap, and the paired difference
to "before". Run files and qrels in TREC's form go below build/quality, those of a part below
build/quality/part. A table on a terminal, JSON elsewhere. Exit status 1 when a goal is missed,
which of a part is only that each way finds a sane share of what is asked for, 2 when it could
not be measured, 3 when there is no catalogue to measure with.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import quality_measures as measures
import quality_sets
from quick import ROOT, Failure, Server, build_checkout, lines, say, stage

COLLECTION, BEFORE = "descriptions", "before"
IMPORT_DOCUMENTS = 2_000
WAIT_S = 3 * 3600
ERRORS_S = 120  # A model is tried again meanwhile.
FULL_MIN = 50_000  # Of fewer packages a question is easier, and the goals mean nothing.
# What hybrid has to reach, and how much bm25 and hybrid have to be ahead of "before".
GOALS = {("known", "hit@10"): 0.88, ("known", "mrr@10"): 0.66, ("gap", "hit@10"): 0.44,
         ("tags", "ndcg@10"): 0.22}
# What holds of parts too. What "before" finds of known items, and what each other way finds,
# as a share of that.
FOUND_MIN, SHARE_MIN = 0.6, 0.5
MODEL = ("all-MiniLM-L6-v2", "onnxruntime")  # Folders; with both there must be vectors.
# A server as it is installed; searches are asked one after another.
SETTINGS = {"TRAWL_LIMITS_REQUEST_MS_MAX": "0",
            "TRAWL_MODELS_DIRECTORY": str(ROOT / "build/models")}


def create(server, packages, name, features=None):
    server.ask("POST", "/v1/collections",
               {"collection_name": name, **({"features": features} if features else {})})
    rows = [{"document_id": package, "description": packages[package].description}
            for package in sorted(packages)]
    for first in range(0, len(rows), IMPORT_DOCUMENTS):
        server.ask("POST", f"/v1/collections/{name}/documents/import",
                   lines(rows[first:first + IMPORT_DOCUMENTS]))


def execute(server, stages, collection=COLLECTION):
    return server.ask("POST", "/v1/retrievers/execute",
                      {"collection_identifiers": [collection], "skip_cache": True,
                       "stages": stages})


def feature_uri(server, kind):
    collection = server.ask("GET", f"/v1/collections/{COLLECTION}", None)
    for feature in collection["features"]:
        if feature["type"] == kind:
            return feature["feature_uri"]
    return None


def progress_of(server, uri, collection):
    shown = server.ask("GET", f"/v1/collections/{collection}", None)
    return next(feature["progress"] for feature in shown["features"]
                if feature["feature_uri"] == uri)


def wait_for_vectors(server, uri, collection=COLLECTION):
    """Until no document awaits one, or its model has failed for two minutes."""
    begin = told = well = time.monotonic()
    while (progress := progress_of(server, uri, collection))["awaited"] > 0:
        now = time.monotonic()
        if progress["error"] is None:
            well = now
        elif now - well > ERRORS_S:
            raise Failure(progress["error"])
        if now - begin > WAIT_S:
            raise Failure(f"after {WAIT_S} s there are still documents without vectors")
        if now - told > 60:
            told = now
            say(f"{progress['with_vectors']:,} of {progress['documents']:,} have vectors")
        time.sleep(2)


def ways(server, rerank):
    """From the name of a way to ask to (collection, stages of a query)."""
    def naming(uri):
        return lambda text: [stage("feature_search", searches=[
            {"feature_uri": uri, "query": text}])]

    def one_line(text):
        return [stage("feature_search", query=text)]

    words, vectors = feature_uri(server, "bm25"), feature_uri(server, "dense")
    found = {"before": (BEFORE, one_line), "bm25": (COLLECTION, naming(words))}
    if vectors:
        found["dense"] = COLLECTION, naming(vectors)
        found["hybrid"] = COLLECTION, one_line
        by = {"inference_name": rerank} if rerank else {}
        found["rerank"] = COLLECTION, lambda text: [
            *one_line(text), stage("rerank", query=text, max_candidates=None, **by)]
    return found


def ask_all(server, queries, way):
    collection, stages_of = way
    rankings = []
    for query in queries:
        reply = execute(server, stages_of(query.text), collection)
        rankings.append([(row["document_id"], row.get("score") or 0.0)
                         for row in reply["documents"]])
    return rankings


def report_of(name, queries, rankings, half):
    """A row for each way: figures, intervals, and differences to the first way."""
    wanted = [at for at, query in enumerate(queries) if query.is_test == (half == "test")]
    figures = {way: [measures.measure([found for found, _ in ranked[at]],
                                      queries[at].relevant) for at in wanted]
               for way, ranked in rankings.items()}
    rows = []
    for way, found in figures.items():
        row = {"set": name, "way": way, "queries": len(wanted)}
        for i, measure in enumerate(measures.MEASURES):
            values = [each[i] for each in found]
            low, high = measures.interval(values)
            row[measure] = {"mean": round(measures.mean(values), 4),
                            "interval": [round(low, 4), round(high, 4)]}
            if way != "before":
                gains = [each[i] - base[i] for each, base in zip(found, figures["before"])]
                low, high = measures.interval(gains)
                row[measure]["gain"] = round(measures.mean(gains), 4)
                row[measure]["gain_interval"] = [round(low, 4), round(high, 4)]
        rows.append(row)
    return rows


def misses(rows):
    """The goals that are missed, in words."""
    by_way = {(row["set"], row["way"]): row for row in rows}
    found = []
    for (name, measure), goal in GOALS.items():
        if (name, "hybrid") not in by_way:
            found.append(f"{name}: there are no vectors")
            continue
        hybrid, words = by_way[name, "hybrid"][measure], by_way[name, "bm25"][measure]
        if hybrid["mean"] < goal:
            found.append(f"{name}: hybrid has a {measure} of {hybrid['mean']}, not {goal}")
        if hybrid["gain_interval"][0] <= 0:
            found.append(f"{name}: hybrid's gain in {measure} may be nothing")
        if words["gain"] <= 0:
            found.append(f"{name}: bm25 is not ahead in {measure}")
    return found


def failures(rows, vectors_wanted):
    """What no search may be like, in words."""
    hits = {(row["set"], row["way"]): row["hit@10"]["mean"] for row in rows}
    found = []
    if hits["known", "before"] < FOUND_MIN:
        found.append(f"known: before finds {hits['known', 'before']} of the items")
    for name in {row["set"]: None for row in rows}:
        wanted = ("bm25", "dense", "hybrid", "rerank") if vectors_wanted else ("bm25",)
        for way in wanted:
            if (name, way) not in hits:
                found.append(f"{name}: nothing was asked by {way}, though there is a model")
            elif hits[name, way] < SHARE_MIN * hits[name, "before"]:
                found.append(f"{name}: {way} finds {hits[name, way]}, less than half of the "
                             f"{hits[name, 'before']} that before finds")
    return found


def asked_of(queries, options):
    """Those of both halves, or as many of the half that is reported as are wanted."""
    if options.questions is None:
        return queries
    half = [query for query in queries if query.is_test == (options.half == "test")]
    return half[:options.questions]


def measure(options, folder):
    say("reading the catalogue")
    packages = quality_sets.fetch_packages(options.packages)
    sets = {name: asked_of(queries, options)
            for name, queries in quality_sets.make_sets(packages).items()}
    is_part = len(packages) < FULL_MIN or options.questions is not None
    binary = pathlib.Path(options.binary).resolve() if options.binary else build_checkout()
    environment = dict(SETTINGS)
    if options.config:
        environment["TRAWL_CONFIG"] = str(pathlib.Path(options.config).resolve())
    out = ROOT / "build/quality" / ("part" if is_part else "")
    out.mkdir(parents=True, exist_ok=True)
    server = Server(binary, folder, settings=environment)
    try:
        say(f"importing {len(packages):,} descriptions")
        create(server, packages, BEFORE, [{"type": "bm25", "language": "english"}])
        begin = time.monotonic()
        create(server, packages, COLLECTION)
        if uri := feature_uri(server, "dense"):
            wait_for_vectors(server, uri)
        vectors_s = time.monotonic() - begin
        rows = []
        for name, queries in sets.items():
            measures.write_qrels(out / f"{name}.qrels", queries)
            rankings = {}
            for way, how in ways(server, options.rerank).items():
                say(f"asking {len(queries):,} questions of {name}: {way}")
                rankings[way] = ask_all(server, queries, how)
                measures.write_run(out / f"{name}.{way}.run", way, queries, rankings[way])
            rows += report_of(name, queries, rankings, options.half)
    finally:
        server.end()
    missed = failures(rows, all((ROOT / "build/models" / part).is_dir() for part in MODEL))
    return {"packages": len(packages), "half": options.half, "vectors_s": round(vectors_s),
            "rows": rows,
            "missed": missed if is_part else missed + misses(rows)}


def table(report):
    out = [f"{report['packages']:,} packages; {report['half']} half; mean, 95 % interval, "
           "and in brackets the gain over \"before\" with its own", ""]
    for row in report["rows"]:
        line = f"{row['set']:6}{row['way']:7}{row['queries']:5}"
        for name in measures.MEASURES:
            found = row[name]
            low, high = found["interval"]
            line += f"  {name} {found['mean']:.3f} {low:.3f}-{high:.3f}"
            if "gain" in found:
                low, high = found["gain_interval"]
                line += f" ({found['gain']:+.3f} {low:+.3f} {high:+.3f})"
            else:
                line += " " * 24
        out.append(line.rstrip())
    out += ["", f"measured in {report['seconds']} s"]
    return "\n".join(out + [f"missed: {text}" for text in report["missed"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", metavar="FILE", help="in place of this checkout's")
    parser.add_argument("--packages", type=int, metavar="N", help="only so many")
    parser.add_argument("--questions", type=int, metavar="N", help="of each set only so many")
    parser.add_argument("--half", choices=("dev", "test"), default="test")
    parser.add_argument("--config", metavar="FILE", help="of the server, for its providers")
    parser.add_argument("--rerank", metavar="NAME", help="a reranker of the configuration")
    parser.add_argument("--keep", metavar="DIRECTORY", help="leave the data here")
    parser.add_argument("--json", action="store_true", help="JSON on a terminal, too")
    options = parser.parse_args()
    begin = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="trawl-bench-") as folder:
            data = pathlib.Path(options.keep or folder)
            data.mkdir(parents=True, exist_ok=True)
            report = measure(options, data)
    except quality_sets.NoCatalogue as failure:
        print(f"bench-quality: {failure}", file=sys.stderr)
        return 3
    except (Failure, OSError, subprocess.SubprocessError) as failure:
        print(f"bench-quality: {failure}", file=sys.stderr)
        return 2
    report |= {"cores": os.cpu_count(), "seconds": round(time.monotonic() - begin)}
    print(json.dumps(report, indent=2) if options.json or not sys.stdout.isatty()
          else table(report))
    return 1 if report["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
