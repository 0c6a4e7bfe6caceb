"""Which executions returned a document: in every request that takes conditions."""

import json
import os
import subprocess
from urllib.parse import quote

import pytest
from conftest import BINARY, BOOKS, KEY, Server, search, stage

EXECUTIONS = "/v1/retrievers/executions"


@pytest.fixture(scope="module", name="history")
def fixture_history(tmp_path_factory):
    """Two collections with a `moby` each; the names of runs are those of a label."""
    server = Server(tmp_path_factory.mktemp("returned") / "data").start()
    server.make_collection("books", BOOKS)
    server.make_collection("films", [{"document_id": "moby", "title": "A whale", "year": 1956}])
    sea = [search("sea whale"), stage("attribute_filter", "late", field="year", operator="gt",
                                      value=1846)]
    runs = {
        "books": (["books"], [search("whale")]),
        "films": (["films"], [search("whale")]),
        "late": (["books"], sea),  # Its search finds typee, and the filter drops it.
        "love": (["books"], [search("marriages")]),
        "none": (["books"], [search("unheard")]),
        "rows": (["books"], [search("sea"), stage("group_by", field="author")]),
    }
    for name, (collections, stages) in runs.items():
        reply = server.execute(collections, stages, labels={"run": name})
        assert reply.json["status"] == "completed", reply
    reply = server.execute(["books"], [search("whale")], labels={"run": "summary"},
                           recording="summary")
    assert reply.json["status"] == "completed", reply
    yield server
    assert server.stop() == 0, "".join(server.log)


def found(server, wanted, **others):
    page = server.ok("POST", f"{EXECUTIONS}/list",
                     {"returned_document": wanted, "fields": ["labels"], **others})
    assert page["total"] == len(page["results"])
    return {each["labels"]["run"] for each in page["results"]}


def test_lists_find_who_returned_it(history):
    assert found(history, "moby") == {"books", "films", "late"}
    assert found(history, {"document_id": "moby"}) == {"books", "films", "late"}
    assert found(history, "typee") == set()
    assert found(history, "emma") == {"love"}
    assert found(history, "Moby") == set()
    assert found(history, "moby", labels={"run": "late"}) == {"late"}
    assert found(history, "moby", sort="-duration_ms") == {"books", "films", "late"}


def test_its_collection_goes_by_name_and_id(history):
    films = history.ok("GET", "/v1/collections/films")["collection_id"]
    for name in ("films", films):
        assert found(history, {"document_id": "moby", "collection_id": name}) == {"films"}
    reply = history.list({"returned_document": {"document_id": "moby", "collection_id": "film"}})
    assert reply.status == 404 and "film" in reply.json["error"]["message"], reply


def test_filters_know_it_too(history):
    def runs(filters):
        page = history.ok("POST", f"{EXECUTIONS}/list", {"filters": filters,
                                                         "fields": ["labels"]})
        return {each["labels"]["run"] for each in page["results"]}

    assert runs({"returned_document": "moby"}) == {"books", "films", "late"}
    assert runs({"AND": [{"status": "completed"}, {"NOT": [{"returned_document": "moby"}]}]}) \
        >= {"love", "none", "rows", "summary"}
    assert runs({"field": "returned_document", "operator": "in",
                 "value": ["emma", "nothing"]}) == {"love"}


@pytest.mark.parametrize("wanted,location", [
    (7, "returned_document"),
    ("", "returned_document"),
    (["moby"], "returned_document"),
    ({}, "returned_document.document_id"),
    ({"document_id": ""}, "returned_document.document_id"),
    ({"document_id": "moby", "collection_id": 1}, "returned_document.collection_id"),
    ({"document_id": "moby", "collection": "books"}, "returned_document.collection"),
])
def test_what_names_no_document_is_refused(history, wanted, location):
    for path in ("list", "aggregate", "export", "delete"):
        reply = history.post(f"{EXECUTIONS}/{path}", {"returned_document": wanted})
        assert reply.status == 422, reply
        assert reply.json["error"]["details"]["validation_errors"][0]["location"] == location


def test_aggregates_exports_and_jobs_share_the_condition(history):
    body = {"returned_document": "moby"}
    assert history.ok("POST", f"{EXECUTIONS}/aggregate", body)["total"]["count"] == 3
    exported = history.post(f"{EXECUTIONS}/export?trailer=false", body).text
    assert len(exported.splitlines()) == 3
    dry = history.ok("POST", f"{EXECUTIONS}/delete?dry_run=true", body)
    assert dry["matching_count"] == 3 and dry["exact"]
    job = history.ok("POST", f"{EXECUTIONS}/replay-jobs", {"executions": body})
    assert job["total"] == 3, job


def test_it_pages_and_counts(history):
    seen, cursor = [], ""
    while cursor is not None:
        page = history.ok("POST", f"{EXECUTIONS}/list?limit=1{cursor and '&cursor=' + cursor}",
                          {"returned_document": "moby"})
        assert page["total"] == 3
        seen += [each["execution_id"] for each in page["results"]]
        cursor = page["pagination"]["next_cursor"]
    assert len(set(seen)) == len(seen) == 3


def test_a_tail_tells_of_those_alone(history):
    history.execute(["books"], [search("count")])
    history.execute(["books"], [search("marriages")])
    path = f"{EXECUTIONS}/tail?since=-1h&end_after_ms=0&returned_document="
    assert history.get(path + "dracula").text.count("event: execution_ended") == 1
    wanted = quote('{"document_id": "moby", "collection_id": "films"}')
    assert history.get(path + wanted).text.count("event: execution_ended") == 1
    reply = history.get(path + quote('{"document": "moby"}'))
    assert reply.status == 422 and "query.returned_document.document" in reply.text, reply


def test_the_command_line_asks_for_it(history):
    def trawl(*arguments):
        done = subprocess.run(
            [BINARY, "executions", *arguments], text=True, capture_output=True, check=False,
            env={**os.environ, "TRAWL_URL": f"http://127.0.0.1:{history.port}",
                 "TRAWL_API_KEY": KEY})
        assert done.returncode == 0, done.stderr
        return done.stdout

    rows = json.loads(trawl("list", "--returned-document", "moby", "-o", "json"))
    assert len(rows if isinstance(rows, list) else rows["results"]) == 3
    assert "3" in trawl("stats", "--returned-document", "moby")


def test_deleting_takes_those_alone(history):
    body = {"returned_document": {"document_id": "moby", "collection_id": "films"}}
    assert history.ok("POST", f"{EXECUTIONS}/delete", body)["deleted_count"] == 1
    assert found(history, "moby") == {"books", "late"}
