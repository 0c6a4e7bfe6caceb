"""Numbers that people read: they count what there is, once, in as many digits as were measured."""

import json
import re

import pytest

from conftest import BOOKS, Server, search, stage


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("numbers") / "data").start()
    server.make_collection("books", BOOKS)
    yield server
    assert server.stop() == 0, "".join(server.log)


def scanned(server, *stages):
    reply = server.execute(["books"], list(stages)).json
    assert reply["status"] == "completed", reply
    statistics = reply["stage_statistics"]["stages"]
    return [statistics[name]["scanned_count"] for name in statistics]


def test_facets_do_not_count_documents_again(library):
    count = len(BOOKS)
    everything = {"searches": [{"query": None, "on_empty": "random"}]}
    plain = stage("feature_search", **everything)
    with_facets = stage("feature_search", **everything, facets=["author", "year"])
    assert scanned(library, plain) == [count]
    assert scanned(library, with_facets) == [count]
    # Facets look at all that the filters let through, which is more than the words find.
    assert scanned(library, search("whale", facets=["author"])) == [count]


def test_durations_are_told_to_the_microsecond(library):
    rows = [{"execution_id": f"exec_{i}", "status": "completed", "duration_ms": 1.0 + i / 7,
             "timestamp": "2026-01-01T00:00:00Z"} for i in range(40)]
    report = library.ok("POST", "/v1/retrievers/executions/import",
                        "\n".join(json.dumps(row) for row in rows))
    assert report["imported_count"] == len(rows)
    text = library.post("/v1/retrievers/executions/aggregate",
                        {"end_time": "2026-01-02"}).text
    durations = re.search(r'"duration_ms":(\{.*?\})', text).group(1)
    values = json.loads(durations)
    for name in ("avg", "p50", "p90", "p95", "p99"):
        assert round(values[name], 3) == values[name], durations
    assert values["max"] == rows[-1]["duration_ms"]
    assert values["p50"] <= values["p99"] <= values["max"]


def test_what_older_versions_take_is_known_before_a_vacuum(library):
    before = library.ok("GET", "/v1/collections/books")["older_versions"]
    assert (before["superseded_documents"], before["superseded_bytes"]) == (0, 0)
    document = {"title": "A", "text": "x" * 10_000}
    for i in range(3):
        made = library.ok("POST", "/v1/collections/books/documents/import",
                          json.dumps({**document, "document_id": "big", "n": i}))
        assert made["failed_count"] == 0
    kept = library.ok("GET", "/v1/collections/books")["older_versions"]
    assert kept["superseded_documents"] == 2
    assert 20_000 <= kept["superseded_bytes"] <= 30_000
    # A vacuum, which keeps them, says the same.
    [told] = [one for one in library.ok("POST", "/v1/vacuum")["collections"]]
    assert told["superseded_bytes"] == kept["superseded_bytes"]
    # Of very many some are measured.
    lines = "\n".join(json.dumps({**document, "document_id": f"d{i}"}) for i in range(600))
    for _ in range(2):
        library.ok("POST", "/v1/collections/books/documents/import", lines)
    kept = library.ok("GET", "/v1/collections/books")["older_versions"]
    assert kept["superseded_documents"] == 602
    assert kept["superseded_bytes"] == pytest.approx(602 * 10_100, rel=0.05)
