"""Versions of collections that requests ask for: in execute, lists of documents and documents."""

import pytest
from conftest import Server, search, stage

ALL = stage("attribute_filter", field="n", operator="exists", value=True)
PATH = "/v1/collections/books/documents"


@pytest.fixture(name="books")
def fixture_books(server):
    """`books` with a document that has n = 1, 2, 3 in the versions of these numbers, and one
    that was there until the third; `others`, empty."""
    made = server.ok("POST", "/v1/collections", {"collection_name": "books"})["collection_id"]
    server.ok("POST", "/v1/collections", {"collection_name": "others"})
    lines = '{"document_id": "a", "n": 1, "title": "whale"}\n{"document_id": "b", "n": 9}'
    server.ok("POST", f"{PATH}/import", lines)
    server.ok("PATCH", f"{PATH}/a", {"n": 2})
    server.ok("DELETE", f"{PATH}/b")
    assert versions(server, run(server)) == {made: 3}
    return server


def run(server, collections=("books",), stages=(ALL,), inputs=None, **fields):
    reply = server.execute(list(collections), list(stages), inputs, **fields)
    assert reply.status == 200 and reply.json["status"] == "completed", reply
    return reply.json


def record(server, ran):
    return server.ok("GET", f"/v1/retrievers/executions/{ran['execution_id']}")


def versions(server, ran):
    return {each["collection_id"]: each["version"]
            for each in record(server, ran)["collection_versions"]}


def found(ran):
    return {each["document_id"]: each["n"] for each in ran["documents"]}


def test_a_run_searches_the_versions_that_it_is_told(books):
    by_version = [run(books, collection_versions={"books": n}) for n in range(4)]
    assert [found(ran) for ran in by_version] == [
        {}, {"a": 1, "b": 9}, {"a": 2, "b": 9}, {"a": 2}]
    for n, ran in enumerate(by_version):
        (made,) = versions(books, ran)
        assert versions(books, ran) == {made: n}
        assert found(run(books, collection_versions={made: n})) == found(ran)
        assert ran["warnings"] == []
    assert found(run(books)) == {"a": 2}
    assert found(run(books, collection_versions={"books": None})) == {"a": 2}
    assert found(run(books, collection_versions={})) == {"a": 2}


def test_replay_and_fork_go_on_at_that_version(books):
    ran = run(books, stages=[search("whale", name="find")], collection_versions={"books": 1})
    books.ok("DELETE", f"{PATH}/a")
    path = f"/v1/retrievers/executions/{ran['execution_id']}"
    again = books.ok("POST", f"{path}/replay", {})
    assert again["identical"] is True
    assert versions(books, again) == versions(books, ran)
    forked = books.ok("POST", f"{path}/fork", {"from_stage": "find", "stages": [ALL]})
    assert [each["document_id"] for each in forked["results"]] == ["a"]
    assert versions(books, forked) == versions(books, ran)


def test_a_collection_that_a_template_names_is_pinned_too(books):
    late = stage("attribute_filter", field="n", operator="exists", value=True,
                 collection_identifiers=["{{INPUT.c}}"])
    ran = run(books, ["others"], [late], {"c": "books"}, collection_versions={"books": 1})
    assert found(ran) == {"a": 1, "b": 9} and 1 in versions(books, ran).values()
    other = run(books, ["others"], [late], {"c": "others"}, collection_versions={"books": 1})
    assert found(other) == {}
    assert any("'books', which the run did not search" in each for each in other["warnings"])


@pytest.mark.parametrize("asked,location,words", [
    ({"books": 4}, "collection_versions.books", "the newest is 3"),
    ({"books": -1}, "collection_versions.books", "0"),
    ({"books": "1"}, "collection_versions.books", "use an integer"),
    ({"books": 1.5}, "collection_versions.books", "use an integer"),
    ({"others": 0}, "collection_versions.others", "does not read"),
    ({"nowhere": 1}, "collection_versions.nowhere", "no such collection"),
    ([1], "collection_versions", "object"),
])
def test_what_never_was_is_refused_with_its_place(books, asked, location, words):
    reply = books.execute(["books"], [ALL], collection_versions=asked)
    assert reply.status == 422, reply
    (told,) = reply.json["error"]["details"]["validation_errors"]
    assert told["location"] == location
    assert words in reply.json["error"]["message"], reply
    assert books.list().json["total"] == 1  # No record is left.


def test_one_collection_has_one_version(books):
    (made,) = versions(books, run(books))
    reply = books.execute(["books"], [ALL], collection_versions={"books": 1, made: 2})
    assert reply.status == 422 and "twice" in reply.json["error"]["message"]


def test_documents_are_shown_as_of_a_version(books):
    for n, there in enumerate([{}, {"a": 1, "b": 9}, {"a": 2, "b": 9}, {"a": 2}]):
        for listed in (books.ok("POST", f"{PATH}/list", {"version": n}),
                       books.ok("POST", f"{PATH}/list?version={n}", {}),
                       books.ok("GET", f"{PATH}?version={n}")):
            assert {each["document_id"]: each["n"] for each in listed["results"]} == there
        for name in "ab":
            reply = books.get(f"{PATH}/{name}?version={n}")
            assert reply.status == (200 if name in there else 404), reply
            if reply.status == 200:
                assert reply.json["n"] == there[name]
            else:
                assert f"version {n} " in reply.json["error"]["message"]
    assert books.get(f"{PATH}/b").status == 404
    words = books.ok("POST", f"{PATH}/list", {"version": 1, "search": "whale"})
    assert [each["n"] for each in words["results"]] == [1]


def test_a_cursor_and_a_version_must_agree(books):
    page = books.ok("POST", f"{PATH}/list", {"version": 1, "limit": 1})
    cursor = page["pagination"]["next_cursor"]
    for asked in ({}, {"version": 1}):
        rest = books.ok("POST", f"{PATH}/list", {"limit": 1, "cursor": cursor, **asked})
        assert [each["document_id"] for each in rest["results"]] == ["b"]
    reply = books.post(f"{PATH}/list", {"limit": 1, "cursor": cursor, "version": 2})
    assert reply.status == 422 and "version 1" in reply.json["error"]["message"]


@pytest.mark.parametrize("query", ["version=4", "version=x", "version=-1"])
def test_versions_that_never_were_are_refused(books, query):
    for path in (PATH, f"{PATH}/a"):
        reply = books.get(f"{path}?{query}")
        assert reply.status == 422, reply
        (told,) = reply.json["error"]["details"]["validation_errors"]
        assert told["location"] == "query.version"
    # Without its collection a document has no versions.
    assert books.get(f"/v1/documents/a?{query}").status == 422


def test_what_a_vacuum_took_is_gone_and_the_error_says_since_when(data_dir):
    server = Server(data_dir, environment={"TRAWL_KEEP_SUPERSEDED_DAYS": "0"}).start()
    try:
        server.ok("POST", "/v1/collections", {"collection_name": "books"})
        server.ok("POST", PATH, {"document_id": "a", "n": 1})
        for n in (2, 3, 4):
            server.ok("PATCH", f"{PATH}/a", {"n": n})
        # That version 2 is asked for keeps it, as the newest of a run would be kept.
        run(server, collection_versions={"books": 2})
        server.ok("POST", "/v1/vacuum")
        assert found(run(server, collection_versions={"books": 2})) == {"a": 2}
        for reply in (server.execute(["books"], [ALL], collection_versions={"books": 1}),
                      server.post(f"{PATH}/list", {"version": 1}),
                      server.get(f"{PATH}?version=1"), server.get(f"{PATH}/a?version=1")):
            assert reply.status == 410, reply
            assert reply.json["error"]["type"] == "GoneError"
            message = reply.json["error"]["message"]
            assert "since 20" in message and "replay_days" in message
            assert "replay_bytes_max" in message and "the newest is 4" in message
    finally:
        assert server.stop() == 0, "".join(server.log)
