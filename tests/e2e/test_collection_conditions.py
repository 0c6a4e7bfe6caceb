"""Conditions on collections: wherever history is asked about, by name or by id."""

import json
import urllib.parse

import pytest

from conftest import BOOKS, Server, search
from test_tail import PATH as TAIL
from test_tail import Tail

LIST = "/v1/retrievers/executions/list"
AGGREGATE = "/v1/retrievers/executions/aggregate"
EXPORT = "/v1/retrievers/executions/export?trailer=false"
DELETE = "/v1/retrievers/executions/delete"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("names") / "data").start()
    for name in ("books", "letters"):
        server.make_collection(name, BOOKS)
    server.ok("POST", "/v1/namespaces", {"namespace_name": "other", "feature_extractors": []})
    server.make_collection("elsewhere", BOOKS, headers={"X-Namespace": "other"})
    for name in ("books", "books", "letters"):
        assert server.execute([name], [search("whale")]).json["status"] == "completed"
    lines = [{"execution_id": "exec_old", "status": "completed", "timestamp": 1_700_000_000,
              "collection_ids": ["Archive 2019"]},
             {"execution_id": "exec_older", "status": "completed", "timestamp": 1_600_000_000,
              "collection_ids": ["books"]}]
    report = server.ok("POST", "/v1/retrievers/executions/import",
                       "\n".join(json.dumps(line) for line in lines))
    assert report["imported_count"] == 2, report
    yield server
    assert server.stop() == 0, "".join(server.log)


def counts(server, collections, **more):
    """What every way to ask counts; they agree."""
    body = {"collection_ids": collections, **more}
    listed = server.ok("POST", LIST, body)
    exported = server.post(EXPORT, body)
    assert exported.status == 200, exported
    with Tail(server, filter=json.dumps(body), since="-1h", end_after_ms=0) as tail:
        tailed = 0
        while (event := tail.next()) is not None:
            tailed += event[0] == "execution_ended"
    assert tailed == len([row for row in listed["results"]
                          if row["timestamp"] > "2024"]), listed
    found = {listed["total"], len(exported.text.splitlines()),
             server.ok("POST", AGGREGATE, body)["total"]["count"],
             server.ok("POST", DELETE + "?dry_run=true", body)["matching_count"]}
    assert len(found) == 1, found
    return found.pop()


def test_a_name_means_its_collection(library):
    ids = {row["collection_name"]: row["collection_id"]
           for row in library.ok("POST", "/v1/collections/list")["results"]}
    assert counts(library, [ids["letters"]]) == 1
    assert counts(library, ["letters"]) == 1
    # What was imported under that very id is meant as well.
    assert counts(library, [ids["books"]]) == 2
    assert counts(library, ["books"]) == 3
    assert counts(library, ["books", ids["books"], "letters"]) == 4
    assert counts(library, ["books"], status="failed") == 0
    body = library.ok("POST", LIST, {"collection_ids": ["letters"]})
    assert body["filter"]["collection_ids"] == ["letters"]


def test_pages_follow_a_name(library):
    first = library.list({"collection_ids": ["books"]}, "?limit=2").json
    rest = library.list({"collection_ids": ["books"]}, "?" + urllib.parse.urlencode(
        {"limit": 2, "cursor": first["pagination"]["next_cursor"]})).json
    assert len(first["results"]) == 2 and len(rest["results"]) == 1


def test_the_id_of_another_server_is_found_where_it_was_imported(library):
    body = {"collection_ids": ["Archive 2019"]}
    assert library.ok("POST", LIST, body)["total"] == 1
    assert len(library.post(EXPORT, body).text.splitlines()) == 1
    assert library.ok("POST", AGGREGATE, body)["total"]["count"] == 1
    assert library.ok("POST", DELETE + "?dry_run=true", body)["matching_count"] == 1


@pytest.mark.parametrize("path", [LIST, AGGREGATE, EXPORT, DELETE, DELETE + "?dry_run=true"])
@pytest.mark.parametrize("sent, at, near", [
    (["bokos"], "collection_ids[0]", "books"),
    (["letters", "leters"], "collection_ids[1]", "letters"),
    (["elsewhere"], "collection_ids[0]", None),
    (["col-1"], "collection_ids[0]", None),
])
def test_an_unknown_one_is_refused(library, path, sent, at, near):
    before = library.list().json["total"]
    reply = library.post(path, {"collection_ids": sent})
    assert reply.status == 404, reply
    error = reply.json["error"]
    assert f"no collection '{sent[-1]}'" in error["message"]
    assert at in json.dumps(error)
    if near:
        assert f"did you mean '{near}'?" in error["message"]
    assert library.list().json["total"] == before


def test_a_tail_refuses_it_as_well(library):
    for query in ({"collection_ids": "bokos"},
                  {"filter": json.dumps({"collection_ids": ["bokos"]})}):
        reply = library.get(TAIL + "?" + urllib.parse.urlencode(query))
        assert reply.status == 404, reply
        assert "did you mean 'books'?" in reply.json["error"]["message"]


def filtered(server, filters):
    """What every way to ask finds with `filters`; they agree."""
    body = {"filters": filters, "end_time": "2999-01-01"}
    found = {server.ok("POST", LIST, body)["total"],
             len(server.post(EXPORT, body).text.splitlines()),
             server.ok("POST", AGGREGATE, body)["total"]["count"],
             server.ok("POST", DELETE + "?dry_run=true", body)["matching_count"]}
    assert len(found) == 1, found
    return found.pop()


def test_a_name_means_its_collection_in_filters_too(library):
    """Goal: whatever finds something by collection_ids finds it by filters."""
    [letters] = [row["collection_id"] for row in library.ok(
        "POST", "/v1/collections/list")["results"] if row["collection_name"] == "letters"]
    everything = library.list().json["total"]
    books = {"field": "collection_ids", "operator": "eq", "value": "books"}
    for filters, count in (
            (books, 3), ({"collection_ids": "books"}, 3), ({**books, "operator": "contains"}, 3),
            ({"field": "collection_ids", "value": letters}, 1),
            ({**books, "operator": "in", "value": ["books", "letters"]}, 4),
            ({**books, "operator": "in", "value": "letters"}, 1),
            ({**books, "operator": "ne"}, everything - 3),
            ({**books, "operator": "nin", "value": ["books", letters]}, everything - 4),
            ({"NOT": books}, everything - 3), ({"NOT": [books]}, everything - 3),
            ({"OR": [books, {"AND": [{"collection_ids": "letters"}]}]}, 4),
            ({"collection_ids": "letters", "status": "completed"}, 1),
            ({"collection_ids": "letters", "status": "COMPLETED", "case_sensitive": False}, 1),
            ({"collection_ids": "letters", "status": "COMPLETED", "case_sensitive": True}, 0),
            ({"collection_ids": "letters", "status": "failed"}, 0),
            ({"AND": [{"collection_ids": "letters"}, {"field": "status", "value": "failed"}]}, 0),
            ({"field": "collection_ids", "value": "Archive 2019"}, 1)):
        assert filtered(library, filters) == count, filters
    echo = library.ok("POST", LIST, {"filters": books})["filter"]
    assert echo["filters"] == books


@pytest.mark.parametrize("path", [LIST, AGGREGATE, EXPORT, DELETE, DELETE + "?dry_run=true"])
@pytest.mark.parametrize("filters", [
    {"collection_ids": "bokos"}, {"NOT": {"field": "collection_ids", "value": "bokos"}},
    {"OR": [{"field": "collection_ids", "operator": "in", "value": ["letters", "bokos"]}]}])
def test_an_unknown_one_in_filters_is_refused(library, path, filters):
    before = library.list().json["total"]
    reply = library.post(path, {"filters": filters})
    assert reply.status == 404, reply
    assert "did you mean 'books'?" in reply.json["error"]["message"]
    assert library.list().json["total"] == before


def test_what_a_deleted_collection_leaves_is_found_by_its_id(server):
    server.make_collection("books", BOOKS)
    made = server.ok("GET", "/v1/collections/books")["collection_id"]
    run = server.execute(["books"], [search("whale")]).json["execution_id"]
    server.ok("DELETE", "/v1/collections/books")
    assert server.post(LIST, {"collection_ids": ["books"]}).status == 404
    assert counts(server, [made]) == 1
    # Another of its name has another history.
    server.make_collection("books", BOOKS)
    assert counts(server, ["books"]) == 0
    assert counts(server, [made, "books"]) == 1
    assert server.ok("POST", DELETE, {"collection_ids": [made]})["deleted_count"] == 1
    assert server.list().json["total"] == 0
    assert run.startswith("exec_")
    assert server.list({"collection_ids": ["col_neverthere"]}).json["total"] == 0
