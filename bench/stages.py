#!/usr/bin/env python3
"""What each stage costs at 1,000, 10,000 and 100,000 candidates.

A server of its own gets three collections of made-up documents, from a fixed seed: the
first thousand, ten thousand and hundred thousand of the same ones. In each, a filter passes
all of them on to the stage that is measured, in the shapes that are worst for it: all keys
equal, all different, long texts, lists. A figure is the CPU time of the server for the
pipeline, less that of the pipeline with a limit of 1 in its place: with reading the fields
that it needs, and recording the first 10,000 that come out; the least of so many rounds.
Wall time would mostly say what else the machine does. Of the first 1,000 documents what is
read is read for the record anyway, so it is left out. What grows faster than n log n from
10,000 to 100,000 is measured again, marked, and ends the script with exit status 1; a stage
that refuses so many says so.

    bench/stages.py
    bench/stages.py --sizes 1000,10000 --rounds 3 --only sort
    bench/stages.py --binary build/release/trawl --json

A table, which is Markdown; progress on standard error.
"""

import argparse
import json
import math
import random
import sys
import tempfile
import time

from load import KEY, ROOT, Client, Server, say

EVERY = {"type": "attribute_filter", "field": "n", "operator": "gte", "value": 0}
# From 10,000 to 100,000 candidates a cost of n log n grows by 12.5, and one of n * sqrt(n) by
# 32; what lies between is for caches that no longer hold it all, and for a noisy machine.
GROWTH_MAX = 30
CANDIDATES_MAX = 100_000


def documents(count):
    """As lines, each from its own seed: the first ones of a longer list are the same."""
    words = [f"w{i}" for i in range(20_000)]
    for n in range(count):
        own = random.Random(n)
        text = " ".join(words[int(20_000 ** own.random()) - 1] for _ in range(60))
        yield json.dumps({
            "document_id": f"d{n}", "n": n, "unique": f"key {own.randrange(10 ** 12)}",
            "same": "the same everywhere", "section": f"section {own.randrange(40)}",
            "size": int(10 ** (8 * own.random())), "price": own.random() * 1000,
            "at": f"20{own.randrange(10, 26)}-0{own.randrange(1, 10)}-1{own.randrange(10)}T0"
                  f"{own.randrange(10)}:00:00Z",
            "tags": [f"tag {own.randrange(1000)}" for _ in range(8)],
            "mixed": own.choice([n, str(n), n / 7, None, True]),
            "text": text})


def stage(kind, **parameters):
    return {"type": kind, **parameters}


def tree(depth, width):
    """Conditions within conditions, all of which are looked at."""
    leaf = {"field": "size", "operator": "gte", "value": 0}
    if depth == 0:
        return leaf
    return {"AND" if depth % 2 else "OR": [
        *({"field": "size", "operator": "lt" if depth % 2 == 0 else "gte",
           "value": 0} for _ in range(width)), tree(depth - 1, width)]}


def aggregate(group_by, *functions):
    columns = [{"function": name, "field": field, "name": f"c{i}", **more}
               for i, (name, field, more) in enumerate(functions)]
    return stage("aggregate", aggregations=columns,
                 **({"group_by": [{"field": group_by}]} if group_by else {}))


def search(queries, **parameters):
    return stage("feature_search", final_top_k=500, searches=[
        {"query": query, "top_k": 1000} for query in queries], **parameters)


# What is measured: a name, and the stages, of which the last is the one.
def cases():
    every = [
        ("attribute_filter, a range", stage(
            "attribute_filter", field="size", operator="gt", value=1000)),
        ("attribute_filter, `in` of 10,000 values", stage(
            "attribute_filter", field="unique", operator="in",
            value=[f"key {i}" for i in range(10_000)])),
        ("attribute_filter, 12 levels of 8 conditions", stage(
            "attribute_filter", conditions=tree(12, 8))),
        ("attribute_filter, a regular expression on texts", stage(
            "attribute_filter", field="text", operator="regex", value="w1.*w2.*w99$")),
        ("attribute_filter, words in texts", stage(
            "attribute_filter", field="text", operator="text", value="w1 w77")),
        ("attribute_filter, a value in lists", stage(
            "attribute_filter", field="tags", operator="contains", value="tag 7")),
        ("sort_attribute, numbers", stage("sort_attribute", field="size")),
        ("sort_attribute, all different texts", stage("sort_attribute", field="unique")),
        ("sort_attribute, all equal", stage("sort_attribute", field="same")),
        ("sort_attribute, long texts", stage("sort_attribute", field="text")),
        ("sort_attribute, times", stage("sort_attribute", field="at")),
        ("sort_attribute, values of all kinds", stage("sort_attribute", field="mixed")),
        ("sort_relevance, normalised", stage(
            "sort_relevance", score_field="price", normalize=True)),
        ("limit 10", stage("limit", limit=10)),
        ("sample 1,000, random", stage("sample", count=1000, seed=1)),
        ("sample 1,000, reservoir", stage(
            "sample", count=1000, seed=1, strategy="reservoir")),
        ("sample 1,000 of as many strata as there are", stage(
            "sample", count=1000, seed=1, strategy="stratified", stratify_by="unique")),
        ("deduplicate by a field, all different", stage("deduplicate", fields=["unique"])),
        ("deduplicate by a field, all equal", stage("deduplicate", fields=["same"])),
        ("deduplicate by content, short texts", stage(
            "deduplicate", strategy="content", content_field="unique")),
        ("deduplicate by content, texts", stage(
            "deduplicate", strategy="content", content_field="text")),
        ("group_by, 40 groups", stage("group_by", group_by_field="section")),
        ("group_by, all different", stage("group_by", group_by_field="unique")),
        ("group_by, one group, members sorted", stage(
            "group_by", group_by_field="same", sort_docs_by="size", output_mode="first")),
        ("group_by, items of lists", stage(
            "group_by", group_by_field="tags", output_mode="first")),
        ("aggregate, all of 40 groups", aggregate(
            "section", *((name, "size", {"interval": 1e6} if name == "histogram" else {})
                         for name in ("count", "sum", "avg", "min", "max", "first", "last",
                                      "percentile", "count_distinct", "histogram")))),
        ("aggregate, as many groups as there are", aggregate(
            "unique", ("avg", "size", {}), ("percentile", "price", {}))),
        ("aggregate, different texts", aggregate(None, ("collect_distinct", "text", {}))),
        ("aggregate, percentiles of all", aggregate(None, ("percentile", "price", {}))),
        ("aggregate, a histogram of fine buckets", aggregate(
            None, ("histogram", "price", {"interval": 0.001}))),
    ]
    for name, measured in every:
        yield name, [EVERY, measured]
    common = [f"w{i}" for i in range(1, 11)]
    yield "feature_search, one common word", [search(["w1"])]
    yield "feature_search, 10 searches, rrf", [search(common)]
    yield "feature_search, 10 searches, dbsf", [search(common, fusion="dbsf")]
    yield "feature_search, 1,000 words", [
        search([" ".join(f"w{i}" for i in range(1, 20_000, 20))])]
    yield "feature_search, facets of three fields", [search(["w1"], facets=[
        {"key": key, "limit": 1000} for key in ("section", "tags", "unique")])]
    yield "feature_search, grouped without a query", [stage(
        "feature_search", group_by={"field": "unique", "limit": 500})]


def cpu_ms(server):
    """What all its threads have run for, those too that have ended."""
    its_clock = (~server.process.pid << 3) | 2  # As clock_getcpuclockid() makes it.
    return time.clock_gettime_ns(its_clock) / 1e6


def measure(server, client, collection, stages, rounds):
    """In ms, or why there is no figure."""
    least = math.inf
    body = {"collection_identifiers": [collection], "skip_cache": True, "limit": 1,
            "stages": stages}
    for _ in range(rounds):
        before = cpu_ms(server)
        status, text = client.call("POST", "/v1/retrievers/execute", body)
        took = cpu_ms(server) - before
        reply = json.loads(text)
        if status != 200:
            raise SystemExit(f"stages: {status} {text[:600]!r}")
        if reply["status"] != "completed":
            return None, reply["error"]
        least = min(least, took)
        if least > 2000:
            break
    return least, None


def of_stage(server, client, size, stages, alone, rounds):
    ms, error = measure(server, client, f"n{size}", stages, rounds)
    if ms is not None and stages[0] is EVERY:
        ms = max(ms - alone[size], 0.01)
    return ms, error


def grows_too_fast(figures, sizes):
    by_size = dict(zip(sizes, figures))
    before, after = by_size.get(10_000), by_size.get(100_000)
    # What is over in a millisecond is noise.
    return bool(before and after and after > GROWTH_MAX * max(before, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "build/release/trawl"))
    parser.add_argument("--sizes", default="1000,10000,100000",
                        type=lambda text: [int(size) for size in text.split(",")])
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--only", default="", help="a part of the names of what is measured")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if max(arguments.sizes) > CANDIDATES_MAX:
        parser.error(f"a pipeline has at most {CANDIDATES_MAX} candidates")
    rows = []
    alone = {}
    with tempfile.TemporaryDirectory(prefix="trawl-stages-") as scratch:
        server = Server(arguments.binary, scratch + "/data")
        try:
            client = Client(server.port, KEY)
            for size in arguments.sizes:
                say(f"{size:,} documents")
                server.ok("POST", "/v1/collections", {"collection_name": f"n{size}"})
                client.connection.request(
                    "POST", f"/v1/collections/n{size}/documents/import",
                    "\n".join(documents(size)).encode(), client.headers)
                reply = client.connection.getresponse()
                if reply.status != 200:
                    raise SystemExit(f"stages: the import failed: {reply.read()[:300]!r}")
                reply.read()
            time.sleep(5)  # For what the import has left to do in the background.
            for size in arguments.sizes:
                # The filter is remembered from the first round on.
                alone[size], _ = measure(
                    server, client, f"n{size}", [EVERY, stage("limit", limit=1)], 20)
            for name, stages in cases():
                if arguments.only not in name:
                    continue
                for attempt in range(3):
                    again, errors = zip(*(
                        of_stage(server, client, size, stages, alone, arguments.rounds)
                        for size in arguments.sizes))
                    figures = again if attempt == 0 else [
                        None if ms is None else min(ms, other)
                        for ms, other in zip(again, figures)]
                    if not grows_too_fast(figures, arguments.sizes):
                        break
                row = {"name": name, "ms": figures, "errors": errors,
                       "grows_too_fast": grows_too_fast(figures, arguments.sizes)}
                rows.append(row)
                say(f"{name}: {figures} {[error for error in errors if error]}")
        finally:
            server.stop()
    if arguments.json:
        print(json.dumps({"sizes": arguments.sizes, "rows": rows}, indent=2))
    else:
        print("| ms | " + " | ".join(f"{size:,}" for size in arguments.sizes) + " |")
        print("|---|" + "---:|" * len(arguments.sizes))
        for row in rows:
            cells = ["refused" if ms is None else f"{ms:,.0f}" if ms >= 100 else f"{ms:.2g}"
                     for ms in row["ms"]]
            mark = " **grows too fast**" if row["grows_too_fast"] else ""
            print(f"| {row['name']}{mark} | " + " | ".join(cells) + " |")
    sys.exit(any(row["grows_too_fast"] for row in rows))


if __name__ == "__main__":
    main()
