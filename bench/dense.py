#!/usr/bin/env python3
"""How quick the index of vectors is, beside reading its bits once and beside others.

Vectors come as NumPy files of float32, of real texts that some model made vectors of.
The program of bench/dense_bench.cc builds our index of them and asks it; then FAISS,
usearch and hnswlib, as far as they are installed, are built of the same vectors and asked
the same, without a filter and with those that let 10 % and 1 % of the rows through. Each of
them searches as widely as it has to for the recall that is wanted, and is measured there.
One thread each, and times are of its CPU, so that what else the machine does shows little;
those of others include the call from Python, some microseconds. Ratios are times of others by
ours, so more than 1 means that we are quicker.

    bench/dense.py --vectors docs.npy --queries queries.npy
    bench/dense.py --vectors docs.npy --queries queries.npy --count 766000 --peers-count 63000
    bench/dense.py --vectors docs.npy --queries queries.npy --without-peers --json
"""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/dense_bench"
TOP_K = 10
FILTERS = ("all", "10%", "1%")
# What is wanted, as (figure, least or most, unit), and where it is printed as missed.
GOALS = (("recall_all", ">=", 0.99), ("all_to_read_bits", "<=", 1.5),
         ("bytes_to_codes", "<=", 1.15), ("build_per_s", ">=", 200_000))


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def fail(text):
    sys.exit(f"bench-dense: {text}")


def run_ours(arguments, directory, count):
    command = [arguments.program, "--vectors", arguments.vectors, "--queries",
               arguments.queries, "--directory", directory, "--noise", str(arguments.noise),
               "--query-count", str(arguments.query_count), "--rounds",
               str(arguments.rounds)]
    if count:
        command += ["--count", str(count)]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fail(f"{arguments.program} ended with {done.returncode}")
    return json.loads(done.stdout)


def has(module):
    return importlib.util.find_spec(module) is not None


class Asked:
    """The vectors, queries, filters and right answers that our program wrote."""

    def __init__(self, directory, query_count):
        import numpy
        load = lambda name: numpy.load(f"{directory}/{name}.npy")
        self.vectors = load("vectors")
        self.queries = load("queries")[:query_count]
        self.truth = {name: load(f"truth-{name}") for name in FILTERS}
        self.allowed = {name: load(f"filter-{name}")[:, 0] for name in FILTERS[1:]}
        self.allowed["all"] = None


def recall(asked, found, truth):
    """A row that is as near as the last of the right ones is one of them: texts that many
    packages have in common have one vector, and each program names others of these."""
    hits = 0
    for query, rows, right in zip(asked.queries, found, truth):
        right = right[right < len(asked.vectors)]
        last = (asked.vectors[right] @ query).min() - 1e-6
        own = [row for row in set(map(int, rows)) if 0 <= row < len(asked.vectors)]
        hits += int((asked.vectors[own] @ query >= last).sum())
    return hits / (len(truth) * TOP_K)


def measure(asked, name, widths, search, wanted, rounds):
    """At the first width of search with the wanted recall, or at the last."""
    for width in widths:
        got = recall(asked, [search(query, width, name) for query in asked.queries],
                     asked.truth[name])
        if got >= wanted:
            break
    # That filled the caches, as the rounds of our program do.
    times = []
    for _ in range(rounds):
        for query in asked.queries:
            began = time.process_time_ns()
            search(query, width, name)
            times.append((time.process_time_ns() - began) / 1e3)
    return {"width": width, "recall": got, "p50_us": statistics.median(times)}


def faiss_searchers(asked):
    import faiss
    faiss.omp_set_num_threads(1)
    count, dimension = asked.vectors.shape
    import numpy
    selectors = {name: None for name in FILTERS}
    # A bitmap is the quickest of its selectors.
    bitmaps = {name: None if allowed is None else numpy.packbits(allowed, bitorder="little")
               for name, allowed in asked.allowed.items()}
    for name, bitmap in bitmaps.items():
        if bitmap is not None:
            selectors[name] = faiss.IDSelectorBitmap(count, faiss.swig_ptr(bitmap))

    def searcher(index, parameters):
        def search(query, width, name):
            own = parameters(width, selectors[name])
            return index.search(query[None], TOP_K, params=own)[1][0]
        search.keep = bitmaps
        return search

    flat = faiss.IndexFlatIP(dimension)
    flat.add(asked.vectors)
    yield "FAISS flat", (0,), searcher(
        flat, lambda width, chosen: faiss.SearchParameters(sel=chosen))
    quantizer = faiss.IndexFlatIP(dimension)
    lists = int(4 * count ** 0.5)
    inverted = faiss.IndexIVFFlat(quantizer, dimension, lists, faiss.METRIC_INNER_PRODUCT)
    faiss.omp_set_num_threads(os.cpu_count())
    inverted.train(asked.vectors[:: max(1, count // (lists * 40))])
    inverted.add(asked.vectors)
    faiss.omp_set_num_threads(1)
    yield f"FAISS IVF{lists}", (8, 16, 32, 64, 128, 256, 512, lists), searcher(
        inverted, lambda width, chosen: faiss.SearchParametersIVF(nprobe=width, sel=chosen))
    faiss.omp_set_num_threads(os.cpu_count())
    graph = faiss.IndexHNSWFlat(dimension, 16, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = 200
    graph.add(asked.vectors)
    faiss.omp_set_num_threads(1)
    yield "FAISS HNSW16", (16, 32, 64, 128, 256, 512, 1024, 2048, 4096), searcher(
        graph, lambda width, chosen: faiss.SearchParametersHNSW(efSearch=width, sel=chosen))


def hnswlib_searchers(asked):
    import hnswlib
    count, dimension = asked.vectors.shape
    index = hnswlib.Index(space="ip", dim=dimension)
    index.init_index(max_elements=count, ef_construction=200, M=16)
    index.add_items(asked.vectors, num_threads=os.cpu_count())
    index.set_num_threads(1)
    # It calls Python for each row that it looks at.
    tests = {name: None if allowed is None else allowed.astype(bool).tolist().__getitem__
             for name, allowed in asked.allowed.items()}

    def search(query, width, name):
        index.set_ef(width)
        try:
            return index.knn_query(query, k=TOP_K, num_threads=1, filter=tests[name])[0][0]
        except RuntimeError:  # What it found is fewer than ten.
            return []
    yield "hnswlib M16", (16, 32, 64, 128, 256, 512, 1024, 2048, 4096), search


def usearch_searchers(asked):
    from usearch.index import Index
    import numpy
    count, dimension = asked.vectors.shape
    index = Index(ndim=dimension, metric="ip", dtype="f32", connectivity=16,
                  expansion_add=200)
    index.add(numpy.arange(count), asked.vectors, threads=os.cpu_count())

    def search(query, width, name):
        index.expansion_search = width
        if asked.allowed[name] is not None:
            raise NotImplementedError
        return index.search(query, TOP_K, threads=1).keys
    yield "usearch", (16, 32, 64, 128, 256, 512, 1024, 2048), search


PEERS = (("faiss", faiss_searchers), ("hnswlib", hnswlib_searchers),
         ("usearch", usearch_searchers))


def run_peers(arguments, directory, ours):
    asked = Asked(directory, arguments.query_count)
    figures = {}
    for module, searchers in PEERS:
        if not has(module):
            say(f"{module} is not installed and is left out (pip install {module})")
            continue
        built = searchers(asked)
        while True:
            began = time.process_time()
            one = next(built, None)
            if one is None:
                break
            title, widths, search = one
            figures[title] = {"build_cpu_s": time.process_time() - began}
            say(f"{title} is built")
            for name in FILTERS:
                try:
                    own = measure(asked, name, widths, search,
                                  min(0.99, ours[name]["recall"]), arguments.rounds)
                except NotImplementedError:
                    own = None  # It has no filters in Python.
                figures[title][name] = own
    return figures


def goal_figures(report):
    yield from ((name, report[name]) for name in ("bytes_to_codes", "build_per_s"))
    for name in FILTERS:
        yield f"recall_{name}", report[name]["recall"]
    yield "all_to_read_bits", report["all"]["to_read_bits"]


def print_ours(report):
    print(f"\n{report['count']:,} vectors of {report['dimension']} dimensions, "
          f"{report['real_count']:,} of them real; {report['kernels']}\n")
    print("| | p50 | p99 | times reading the bits | recall@10 |\n|---|---:|---:|---:|---:|")
    print(f"| reading the bits | {report['read_bits_p50_us']:.0f} µs | "
          f"{report['read_bits_p99_us']:.0f} µs | 1 | |")
    for name in FILTERS:
        own = report[name]
        print(f"| {name} | {own['p50_us']:.0f} µs | {own['p99_us']:.0f} µs | "
              f"{own['to_read_bits']:.2f} | {own['recall']:.4f} |")
    print(f"\nBuilt at {report['build_per_s']:,.0f} vectors a second with all files written, "
          f"{report['build_in_memory_per_s']:,.0f} before the first; opened in "
          f"{report['open_us'] / 1000:.0f} ms. Beside the float32: "
          f"{report['bytes_to_codes']:.3f} times the bytes of the codes.")


def print_peers(figures, ours):
    print("\n| times ours, at a recall of 0.99 | " + " | ".join(FILTERS) + " | built in |")
    print("|---|" + "---:|" * (len(FILTERS) + 1))
    for title, own in figures.items():
        cells = []
        for name in FILTERS:
            figure = own[name]
            if figure is None:
                cells.append("no filters")
                continue
            ratio = figure["p50_us"] / ours[name]["p50_us"]
            less = "" if figure["recall"] >= 0.99 else f" at {figure['recall']:.3f}"
            cells.append(f"{ratio:.1f}{less}")
        print(f"| {title} | " + " | ".join(cells) +
              f" | {own['build_cpu_s']:.1f} s of CPU |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--vectors", type=pathlib.Path, required=True)
    parser.add_argument("--queries", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=766_000,
                        help="vectors of the large index, 0 for none")
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--peers-count", type=int, default=0,
                        help="vectors that others are asked of; 0: the real ones")
    parser.add_argument("--query-count", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--program", type=pathlib.Path, default=PROGRAM)
    parser.add_argument("--bench-dir", type=pathlib.Path, default=ROOT / "build/bench/dense")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not arguments.program.exists():
        fail(f"{arguments.program} is missing; run make bench-dense")

    small = run_ours(arguments, arguments.bench_dir / "real", arguments.peers_count)
    results = {"real": small}
    if not arguments.json:
        print_ours(small)
    if arguments.count:
        results["large"] = run_ours(arguments, arguments.bench_dir / "large",
                                    arguments.count)
        if not arguments.json:
            print_ours(results["large"])
    if not arguments.without_peers:
        if has("numpy"):
            results["peers"] = run_peers(arguments, arguments.bench_dir / "real", small)
            if not arguments.json:
                print_peers(results["peers"], small)
        else:
            say("numpy is not installed, so no others are asked")
    if arguments.json:
        print(json.dumps(results, indent=2))
    large = dict(goal_figures(results.get("large", small)))
    missed = [f"{name} is {large[name]:.3f}, wanted {sign} {goal}"
              for name, sign, goal in GOALS
              if (large[name] < goal if sign == ">=" else large[name] > goal)]
    for line in missed:
        say(f"missed: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
