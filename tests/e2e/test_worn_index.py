"""Replaced documents leave the files, and kill -9 meanwhile leaves what was there before or after."""

import http.client
import os
import pathlib
import random
import re
import signal
import threading
import time

import pytest
from conftest import Server, bytes_of_files, files_below, search, stage

COUNT = 1_500  # Documents; three generations are more than the fewest that are worth it.
QUERIES = ["common", "common rare7", "gen2 odd", "w3 w5 w11"]
NOTHING_KEPT = {"TRAWL_KEEP_SUPERSEDED_DAYS": "0", "TRAWL_REPLAY_DAYS": "0"}


def documents(generation, count=COUNT):
    rng = random.Random(generation)
    return [{"document_id": f"d{n}", "n": n,
             "text": f"common gen{generation} rare{n % 50} {'odd' if n % 2 else 'even'} "
                     + " ".join(f"w{rng.randrange(40)}" for _ in range(rng.randrange(12)))}
            for n in range(count)]


def fill(server, generation, count=COUNT):
    lines = "\n".join(f'{{"document_id": "{one["document_id"]}", "n": {one["n"]}, '
                      f'"text": "{one["text"]}"}}' for one in documents(generation, count))
    report = server.ok("POST", "/v1/collections/worn/documents/import", lines)
    assert report["failed_count"] == 0, report


def answers(server):
    """What a client sees: rankings with their scores, and what a filter lets through."""
    found = []
    for query in QUERIES:
        reply = server.execute(["worn"], [search(query)], skip_cache=True).json
        assert reply["status"] == "completed", reply
        found.append([(row["document_id"], row["score"]) for row in reply["documents"]])
    reply = server.execute(["worn"], [stage("attribute_filter", field="n", operator="gte", value=0),
                                      stage("limit", limit=20)], skip_cache=True).json
    found.append([row["document_id"] for row in reply["documents"]])
    found.append(server.ok("GET", "/v1/collections/worn")["document_count"])
    return found


def files(data_dir):
    """Names of index files, with the folder of their index, without that of the collection."""
    index = pathlib.Path(data_dir) / "index"
    return {"/".join(path.parts[-2:]) for path in files_below(index)
            if len(path.relative_to(index).parts) == 3}


def bytes_of(data_dir):
    return bytes_of_files(path for path in files_below(data_dir)
                          if not path.name.startswith("ledger"))


def kill_when(server, begin, condition, seconds=60):
    """Kills the server as soon as the condition holds after `begin`; whether it came to that."""
    def run():
        try:
            begin()
        except (OSError, http.client.HTTPException, AssertionError):
            pass  # The server is gone: that is the point.

    thread = threading.Thread(target=run)
    end = time.monotonic() + seconds
    thread.start()
    met = False
    while not met and thread.is_alive() and time.monotonic() < end:
        met = condition()
    server.kill()
    thread.join()
    return met


@pytest.fixture(name="worn")
def fixture_worn(data_dir):
    server = Server(data_dir, environment=NOTHING_KEPT).start()
    server.make_collection("worn")
    yield server
    if server.process:
        assert server.stop() == 0, "".join(server.log)


def test_what_was_replaced_leaves_the_disk(worn):
    fill(worn, 1)
    worn.ok("POST", "/v1/vacuum")
    worn.stop()
    fresh = bytes_of(worn.data_dir)
    worn.start()
    for generation in (5, 4, 3, 2):
        fill(worn, generation)
    before = answers(worn)
    assert worn.ok("POST", "/v1/vacuum")["removed_documents"] == 4 * COUNT
    assert answers(worn) == before
    assert worn.logged("numbered anew")
    worn.stop()
    assert bytes_of(worn.data_dir) < 1.5 * fresh
    worn.start()
    assert answers(worn) == before
    fill(worn, 1)
    assert answers(worn) != before
    assert answers(worn)[-1] == COUNT


def test_killed_in_a_vacuum(worn):
    """At each of its steps, as the files show them, and at random."""
    seed = int(os.environ.get("TRAWL_SEED", time.time_ns() % 1_000_000))
    print("seed", seed)
    rng = random.Random(seed)
    fill(worn, 1)
    generation, met = 1, []

    def after(seconds):
        end = time.monotonic() + seconds
        return lambda: time.monotonic() >= end

    def is_written():
        return any(name.endswith(".tmp") for name in files(worn.data_dir))

    def has_two():
        return len({name.split("/")[0] for name in files(worn.data_dir)}) > 1

    for step in range(8):
        for _ in range(3):
            generation += 1
            fill(worn, generation)
        before = answers(worn)
        condition = (is_written, has_two)[step % 2] if step < 4 else after(rng.random())
        met.append(kill_when(worn, lambda: worn.ok("POST", "/v1/vacuum"), condition))
        worn.start()
        assert answers(worn) == before, f"step {step}"
        if step % 2:  # What was cut short is done by the next.
            worn.ok("POST", "/v1/vacuum")
            assert answers(worn) == before, f"step {step}"
            assert not is_written() and not has_two()
            kept = worn.ok("GET", "/v1/collections/worn").get("older_versions")
            assert not kept or kept["superseded_documents"] == 0
    assert any(met[:4]), "the server was always too quick"


def test_killed_in_a_merge(worn):
    """Of index files, which happens as the ninth is written."""
    fill(worn, 1, count=400)

    def ranges():
        return {name: tuple(map(int, re.findall(r"\d{10}", name))) for name in files(worn.data_dir)}

    def is_merging():
        # A file is written whose rows others have that are there.
        found = ranges()
        return any(name.endswith(".tmp") and any(
            other != name and first == found[other][0] and end > found[other][1]
            for other in found) for name, (first, end) in found.items())

    def end():
        worn.process.send_signal(signal.SIGTERM)
        worn.process.wait()

    met = False
    for generation in range(2, 100):  # Every eighth or so has a merge, which is short.
        fill(worn, generation, count=400)
        before = answers(worn)
        if kill_when(worn, end, is_merging):
            met = True
        worn.start()
        assert answers(worn) == before, f"generation {generation}"
        if met:
            break
    assert met, "no merge was seen"
    worn.ok("POST", "/v1/vacuum")
    assert answers(worn) == before
