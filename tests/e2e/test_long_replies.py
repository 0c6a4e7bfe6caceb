"""A reply with all documents arrives whole, though the server never holds it as a whole."""

import http.client
import json
import zlib

import pytest

from conftest import KEY, Server, stage
from test_stalls import is_sanitized

DOCUMENTS = 30_000
EVERY = stage("attribute_filter", "all", field="n", operator="gte", value=0)


def execute(server, body, headers=None):
    """The response as it comes, unread."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("POST", "/v1/retrievers/execute", json.dumps(body), {
        "Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **(headers or {})})
    return connection.getresponse()


def all_of(*stages):
    return {"collection_identifiers": ["docs"], "stages": [EVERY, *stages], "skip_cache": True}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("long") / "data").start()
    server.ok("POST", "/v1/collections", {"collection_name": "docs"})
    # About 20 MB. Some have a field that the server has something to say about, too.
    lines = "\n".join(json.dumps(
        {"document_id": f"d{i}", "n": i, "text": f"word{i} " * 70,
         **({"score": i / 8, "nested": {"score": [1.0, None]}} if i % 5 == 0 else {})})
        for i in range(DOCUMENTS))
    report = server.ok("POST", "/v1/collections/docs/documents/import", lines, timeout=300)
    assert report["failed_count"] == 0
    yield server
    server.stop()


def memory_mb(server, what):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what)) / 1024


def test_it_is_what_the_pages_are(filled):
    response = execute(filled, all_of())
    assert response.headers["Transfer-Encoding"] == "chunked"
    reply = json.loads(response.read())
    assert reply["status"] == "completed"
    assert reply["pagination"]["total"] == len(reply["documents"]) == DOCUMENTS
    assert reply["documents"] == reply["results"]
    assert [document["document_id"] for document in reply["documents"]] == [
        f"d{i}" for i in range(DOCUMENTS)]
    assert reply["documents"][5]["score"] == 5 / 8
    assert list(reply["documents"][5]) == [
        "document_id", "collection_id", "n", "text", "score", "nested"]
    for number in (1, 60, 300):
        page = filled.ok("POST", "/v1/retrievers/execute", {
            **all_of(), "pagination": {"method": "offset", "page_size": 100,
                                       "page_number": number}})
        assert page["documents"] == reply["documents"][(number - 1) * 100:number * 100]

    # It is on record before anything of it is sent.
    record = filled.ok("GET", f"/v1/retrievers/executions/{reply['execution_id']}")
    assert record["status"] == "completed" and record["total_returned"] == DOCUMENTS


def test_short_ones_say_how_long_they_are(filled):
    response = execute(filled, {**all_of(), "limit": 100})
    assert "Transfer-Encoding" not in response.headers
    assert len(response.read()) == int(response.headers["Content-Length"])


def test_it_is_packed(filled):
    plain = json.loads(execute(filled, all_of()).read())
    response = execute(filled, all_of(), {"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    packed = json.loads(zlib.decompress(response.read(), zlib.MAX_WBITS | 16))
    assert packed["documents"] == plain["documents"]


def test_rows_and_orders_of_stages_come_in_full(filled):
    order = stage("sort_attribute", field="n", direction="desc")
    reply = json.loads(execute(filled, all_of(order)).read())
    assert [document["n"] for document in reply["results"]] == list(
        range(DOCUMENTS - 1, -1, -1))
    groups = json.loads(execute(filled, all_of(stage("group_by", group_by_field="n"))).read())
    assert [row["group_key"] for row in groups["documents"]] == list(range(DOCUMENTS))


def test_clients_that_do_not_read_hold_little(filled):
    # One after another: running takes memory of its own.
    for _ in range(2):
        execute(filled, all_of()).read()
    before = memory_mb(filled, "VmRSS")
    waiting = [execute(filled, all_of()) for _ in range(20)]
    assert [response.status for response in waiting] == [200] * 20
    # More than there are places for the streams of one key, and each has 40 MB to send.
    # (A sanitizer keeps what is freed.)
    assert memory_mb(filled, "VmRSS") - before < 200 or is_sanitized()
    # Nobody waits for them.
    assert filled.ok("POST", "/v1/retrievers/execute", {**all_of(), "limit": 1})["documents"]
    assert len(json.loads(waiting[7].read())["documents"]) == DOCUMENTS
    for response in waiting:
        response.close()


def test_it_breaks_off_where_documents_are_gone(filled):
    body = all_of()
    filled.ok("POST", "/v1/collections", {"collection_name": "gone"})
    lines = "\n".join(json.dumps({"document_id": f"d{i}", "n": i, "text": "x" * 1000})
                      for i in range(20_000))
    filled.ok("POST", "/v1/collections/gone/documents/import", lines, timeout=300)
    response = execute(filled, {**body, "collection_identifiers": ["gone"]})
    assert response.status == 200
    filled.ok("DELETE", "/v1/collections/gone")
    with pytest.raises(http.client.IncompleteRead):
        response.read()
