"""Namespaces, collections, documents and their import."""

import json
import urllib.parse

import pytest

from conftest import BOOKS, Server, search, stage


def listed(server, body=None, query=""):
    return server.ok("POST", f"/v1/collections/books/documents/list{query}", body or {})


def names(result):
    return [document["document_id"] for document in result["results"]]


def test_namespaces(server):
    made = server.ok("POST", "/v1/namespaces", {
        "namespace_name": "research", "description": "papers",
        "feature_extractors": [{"feature_extractor_name": "text_extractor", "version": "v1"}]})
    assert made["namespace_id"].startswith("ns_")
    assert made["feature_extractors"][0]["feature_extractor_id"] == "text_extractor_v1"
    assert server.post("/v1/namespaces", {"namespace_name": "research"}).status == 409
    assert server.post("/v1/namespaces", {"namespace_name": ""}).status == 422
    assert server.post("/v1/namespaces", {}).status == 422
    for identifier in ("research", made["namespace_id"]):
        assert server.ok("GET", f"/v1/namespaces/{identifier}")["namespace_name"] == "research"
    changed = server.ok("PATCH", "/v1/namespaces/research", {"description": "books"})
    assert changed["description"] == "books"
    both = server.ok("POST", "/v1/namespaces/list", {})
    assert both["total_count"] == 2
    assert server.ok("GET", "/v1/namespaces")["total_count"] == 2
    assert server.ok("POST", "/v1/namespaces/list", {"search": "RESE"})["total_count"] == 1
    assert server.request("DELETE", "/v1/namespaces/default").status == 400
    assert server.ok("DELETE", "/v1/namespaces/research")["success"] is True
    assert server.get("/v1/namespaces/research").status == 404


def test_a_deleted_namespace_takes_everything_with_it(server):
    there = {"X-Namespace": "temporary"}
    server.ok("POST", "/v1/namespaces", {"namespace_name": "temporary"})
    server.make_collection("notes", [{"text": "x"}], headers=there)
    server.post("/v1/retrievers/execute", {"stages": [{"type": "limit"}], "inputs": {}},
                headers=there)
    assert server.list({}, headers=there).json["total"] == 1
    refused = server.request("DELETE", "/v1/namespaces/temporary")
    assert refused.status == 400
    assert "1 collection and 1 execution;" in refused.json["error"]["message"]
    server.ok("DELETE", "/v1/namespaces/temporary?force=true")
    assert server.list({}, headers=there).status == 404
    server.ok("POST", "/v1/namespaces", {"namespace_name": "temporary"})
    assert server.list({}, headers=there).json["total"] == 0
    assert server.ok("GET", "/v1/collections", headers=there)["total_count"] == 0


def test_collections(server):
    made = server.ok("POST", "/v1/collections", {
        "collection_name": "books", "description": "novels",
        "feature_extractor": {"feature_extractor_name": "text_extractor", "version": "v1",
                              "input_mappings": {"text": "text"}},
        "source": {"type": "bucket", "bucket_ids": ["bkt_x"]}})
    assert made["collection_id"].startswith("col_")
    assert made["source"] == {"type": "bucket", "bucket_ids": ["bkt_x"]}
    assert made["feature_extractor"]["feature_extractor_id"] == "text_extractor_v1"
    assert made["input_schema"]["properties"] == {}
    assert made["vector_indexes"][0]["feature_uri"] == "mixpeek://text_extractor@v1/text"
    for body in ({"collection_name": "books"}, {"name": "books"}):
        assert server.post("/v1/collections", body).status == 409
    for body in ({"collection_name": "ab"}, {"collection_name": "x" * 101}, {},
                 {"collection_name": "a/b/c"}, {"collection_name": 5},
                 {"collection_name": "good", "features": [{"language": "klingon"}]},
                 {"collection_name": "good", "features": [{"type": "dense"}]}):
        assert server.post("/v1/collections", body).status == 422, body
    bare = server.ok("POST", "/v1/collections", {"name": "bare"})
    assert bare["features"][0]["language"] == "auto"
    assert bare["source"]["bucket_ids"]
    assert server.ok("POST", "/v1/collections/list", {})["total_count"] == 2
    changed = server.ok("PATCH", "/v1/collections/bare", {"description": "nothing"})
    assert changed["description"] == "nothing"
    assert server.request("PATCH", "/v1/collections/bare", {"features": []}).status == 422
    assert server.ok("DELETE", "/v1/collections/bare")["success"] is True
    assert server.get("/v1/collections/bare").status == 404


def test_documents_follow_writes_at_once(server):
    server.make_collection("books")
    found = lambda query: [document["document_id"] for document in
                           server.execute(["books"], [search(query)]).json["documents"]]
    made = server.ok("POST", "/v1/collections/books/documents",
                     {"collection_id": "books", "document_id": "one", "text": "a red fox",
                      "metadata": {"status": "new", "year": 2020}})
    assert made["document_id"] == "one" and made["text"] == "a red fox"
    assert found("fox") == ["one"]
    again = server.post("/v1/collections/books/documents", {"document_id": "one"})
    assert again.status == 409
    patched = server.ok("PATCH", "/v1/collections/books/documents/one",
                        {"metadata": {"status": "old"}, "text": "a blue fox"})
    assert patched["metadata"] == {"status": "old", "year": 2020}
    assert found("red") == [] and found("blue") == ["one"]
    dotted = server.ok("PATCH", "/v1/collections/books/documents/one",
                       {"metadata.status": "gone"})
    assert dotted["metadata"]["status"] == "gone"
    replaced = server.ok("PUT", "/v1/collections/books/documents/one", {"metadata": {"a": 1}})
    assert replaced["metadata"] == {"a": 1} and replaced["text"] == "a blue fox"
    assert server.ok("GET", "/v1/documents/one")["text"] == "a blue fox"
    assert server.ok("DELETE", "/v1/collections/books/documents/one")["success"] is True
    assert found("blue") == []
    assert server.get("/v1/collections/books/documents/one").status == 404
    assert server.request("DELETE", "/v1/collections/books/documents/one").status == 404
    generated = server.ok("POST", "/v1/collections/books/documents", {"text": "no id"})
    assert generated["document_id"].startswith("doc_")


def test_listing_documents(library):
    assert names(listed(library)) == [book["document_id"] for book in BOOKS]
    assert names(listed(library, {"filters": {"author": "austen"}})) == ["emma", "persuasion"]
    old = {"AND": [{"field": "year", "operator": "lt", "value": 1850},
                   {"NOT": [{"field": "tags", "operator": "contains", "value": "love"}]}]}
    assert names(listed(library, {"filters": old})) == ["typee"]
    by_year = listed(library, {"sort": {"field": "year", "direction": "desc"}})
    assert names(by_year)[0] == "dracula"
    assert names(listed(library, {"search": "whale"})) == ["moby"]
    assert listed(library, {"select": ["title"]})["results"][0] == {
        "document_id": "moby", "collection_id": listed(library)["results"][0]["collection_id"],
        "title": "Moby Dick"}
    groups = listed(library, {"group_by": "author"})
    assert [(g["group_key"], g["count"]) for g in groups["groups"]] == [
        ("Melville", 2), ("Austen", 2), ("Stoker", 1)]
    assert library.post("/v1/collections/books/documents/list",
                        {"filters": {"must": [{"key": "a", "match": 1}]}}).status == 422


def test_pages_of_documents_come_from_one_version(server):
    server.make_collection("books", BOOKS)
    first = listed(server, {"page_size": 2})
    server.ok("DELETE", "/v1/collections/books/documents/typee")
    seen, cursor = names(first), first["pagination"]["next_cursor"]
    while cursor:
        page = listed(server, {"page_size": 2, "cursor": cursor})
        seen += names(page)
        cursor = page["pagination"]["next_cursor"]
    assert seen == [book["document_id"] for book in BOOKS]
    assert len(names(listed(server))) == 4


def test_batches(server):
    server.make_collection("books", BOOKS)
    batch = "/v1/collections/books/documents/batch"
    done = server.ok("POST", batch, {"updates": [
        {"document_id": "emma", "update_data": {"pages": 1}},
        {"document_id": "nosuch", "update_data": {"pages": 2}}]})
    assert (done["updated_count"], done["failed_count"]) == (1, 1)
    assert done["results"][1]["success"] is False
    filtered = server.ok("POST", batch, {"filters": {"author": "Melville"},
                                         "update_data": {"read": True}})
    assert filtered["updated_count"] == 2
    assert server.post(batch, {}).status == 422
    assert server.post(batch, {"updates": [], "filters": {}}).status == 422
    bulk = server.ok("PATCH", "/v1/collections/books/documents/bulk",
                     {"update_data": {"seen": 1}})
    assert bulk["updated_count"] == 5
    gone = server.ok("DELETE", batch, {"document_ids": ["emma", "nosuch"]})
    assert (gone["deleted_count"], gone["failed_count"]) == (1, 1)
    assert server.ok("DELETE", batch, {"filters": {"read": True}})["deleted_count"] == 2
    assert sorted(names(listed(server))) == ["dracula", "persuasion"]


def test_import_keeps_good_lines_and_names_bad_ones(server):
    server.make_collection("books")
    path = "/v1/collections/books/documents/import"
    lines = [json.dumps(book) for book in BOOKS]
    lines[1:1] = ["{broken", "[]", "", '{"document_id": 5}', '{"document_id": "a\\u0000b"}']
    report = server.ok("POST", path, "\n".join(lines))
    assert report["imported_count"] == 5
    assert report["failed_count"] == 4
    assert [bad["line"] for bad in report["errors"]] == [2, 3, 5, 6]
    again = server.ok("POST", path, json.dumps({**BOOKS[0], "title": "Moby-Dick"}))
    assert again["imported_count"] == 1
    assert server.ok("GET", "/v1/collections/books/documents/moby")["title"] == "Moby-Dick"
    assert server.ok("GET", "/v1/collections/books")["document_count"] == 5
    many = "\n".join("x" for _ in range(250))
    bad = server.ok("POST", path, many)
    assert bad["failed_count"] == 250 and len(bad["errors"]) == 100
    assert server.post("/v1/collections/nosuch/documents/import", "{}").status == 404


def test_refused_documents_do_not_take_their_batch_with_them(server):
    server.make_collection("books")
    bad = {1, 2, 150, 299}
    lines = [json.dumps({"document_id": "x\n" if n in bad else f"d{n}", "text": "good"})
             for n in range(1, 301)]
    report = server.ok("POST", "/v1/collections/books/documents/import", "\n".join(lines))
    assert (report["imported_count"], report["failed_count"]) == (296, 4)
    assert {line["line"] for line in report["errors"]} == bad
    assert server.ok("GET", "/v1/collections/books")["document_count"] == 296
    # Few commits: a version each, and far fewer than documents.
    assert server.ok("GET", "/v1/collections/books")["version"] < 60
    assert "trawl_documents_written_total 296" in server.get("/metrics", key=None).text


def test_lists_by_get_and_by_post_are_alike(server):
    base = "/v1/collections/alike/documents"
    server.make_collection("alike", [
        {"document_id": f"d{i}", "n": i, "kind": "ab"[i % 2], "text": f"whale {i}"}
        for i in range(9)], features=[{"feature_uri": "trawl://bm25@v1/text", "fields": ["text"]}])

    def both(query, body):
        got = server.ok("GET", f"{base}?{urllib.parse.urlencode(query, doseq=True)}")
        posted = server.ok("POST", base + "/list", body)
        assert got.pop("pagination")["total"] == posted.pop("pagination")["total"]
        assert got == posted
        return posted
    for sort in ("n:desc", "-n"):
        rows = both({"sort": sort, "limit": 3, "select": "n"}, {"sort": sort, "limit": 3,
                                                                "select": ["n"]})["results"]
        assert [row["n"] for row in rows] == [8, 7, 6]
    both({"sort": "+n", "select": ["n", "kind"]}, {"sort": {"field": "n"}, "select": ["n", "kind"]})
    assert len(both({"group_by": "kind"}, {"group_by": "kind"})["groups"]) == 2
    both({"filters": json.dumps({"field": "n", "operator": "lt", "value": 4}), "budget_ms": 5000},
         {"filters": {"field": "n", "operator": "lt", "value": 4}, "budget_ms": 5000})
    for name in ("search", "query"):
        both({name: "whale"}, {name: "whale"})
    for query in ("budget_ms=0", "sort=n:up", "group=kind"):
        assert server.get(f"{base}?{query}").status == 422


def test_a_cursor_belongs_to_its_list(server):
    for name in ("bound", "other"):
        server.make_collection(name, [{"document_id": f"d{i}", "n": i} for i in range(9)])
    base = "/v1/collections/bound/documents/list"
    body = {"filters": {"field": "n", "operator": "gte", "value": 1}, "sort": "-n", "limit": 2}
    page = server.ok("POST", base, body)
    cursor = page["pagination"]["next_cursor"]
    next_page = server.ok("POST", base, {**body, "cursor": cursor, "limit": 3, "select": ["n"]})
    assert [row["n"] for row in next_page["results"]] == [6, 5, 4]
    for path, change in ((base, {"filters": {"field": "n", "operator": "gte", "value": 2}}),
                         (base, {"sort": "n"}), (base, {"group_by": "n"}),
                         (base, {"search": "x"}),
                         (base.replace("bound", "other"), {})):
        refused = server.post(path, {**body, **change, "cursor": cursor})
        assert refused.status == 422, refused
        assert "belongs to a list with other filters" in refused.json["error"]["message"]


def test_counts_are_of_documents(server):
    server.make_collection("twice", [{"document_id": "same", "n": 1}])
    batch = "/v1/collections/twice/documents/batch"
    done = server.ok("POST", batch, {"updates": [
        {"document_id": "same", "update_data": {"n": 2}},
        {"document_id": "same", "update_data": {"n": 3}},
        {"document_id": "gone", "update_data": {"n": 3}}]})
    assert (done["updated_count"], done["failed_count"], len(done["results"])) == (1, 1, 3)
    assert done["message"] == "1 document was updated"
    gone = server.ok("DELETE", batch, {"document_ids": ["same", "same", "no", "no"]})
    assert (gone["deleted_count"], gone["failed_count"], len(gone["results"])) == (1, 1, 4)
    assert gone["message"] == "1 document was deleted"


def test_a_large_import_streams(server):
    server.make_collection("books")
    body = b"".join(
        json.dumps({"document_id": f"d{i}", "text": f"word{i % 97} filler " * 40}).encode()
        + b"\n" for i in range(20000))
    report = server.ok("POST", "/v1/collections/books/documents/import", body)
    assert report["imported_count"] == 20000
    found = server.execute(["books"], [search("word13", final_top_k=500, top_k=1000)]).json
    assert len(found["documents"]) > 0
    assert server.ok("GET", "/v1/collections/books")["document_count"] == 20000


def test_documents_survive_a_restart(data_dir):
    server = Server(data_dir).start()
    server.make_collection("books", BOOKS)
    before = server.execute(["books"], [search("sea captain")]).json["documents"]
    assert server.stop() == 0
    server.start()
    try:
        after = server.execute(["books"], [search("sea captain")]).json["documents"]
        assert after == before
        assert server.list({}).json["total"] == 2
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize("document_id", ["a b", "ü", "50%", "a+b", "x" * 200])
def test_ids_survive_the_path(server, document_id):
    from urllib.parse import quote
    server.make_collection("books")
    server.ok("POST", "/v1/collections/books/documents", {"document_id": document_id, "n": 1})
    path = f"/v1/collections/books/documents/{quote(document_id, safe='')}"
    assert server.ok("GET", path)["document_id"] == document_id


def test_what_the_server_sets_itself_is_left_out_with_a_warning(server):
    server.make_collection("notes", [])
    path = "/v1/collections/notes/documents"
    made = server.ok("POST", path, {"document_id": "a", "collection_id": "shelf 5",
                                    "_internal": {"by": "me"}, "warnings": "own", "x": 1})
    warnings = made["_internal"]["warnings"]
    assert len(warnings) == 2 and made["warnings"] == "own"
    assert "'collection_id' was left out" in warnings[0] and "'_internal'" in warnings[1]
    stored = server.ok("GET", f"{path}/a")
    assert "warnings" not in stored["_internal"]
    # Nothing of the client's own is lost of a document that the server gave.
    again = dict(stored, document_id="b")
    assert "warnings" not in server.ok("POST", path, again)["_internal"]
    server.make_collection("copies", [])
    lines = [stored, {"document_id": "c", "collection_id": stored["collection_id"]},
             {"document_id": "d", "_internal": 5}, {"document_id": "e", "collection_id": None}]
    report = server.ok("POST", "/v1/collections/copies/documents/import",
                       "\n".join(json.dumps(line) for line in lines))
    assert report["imported_count"] == 4 and report["warning_count"] == 2
    assert [warning["line"] for warning in report["warnings"]] == [2, 3]
    assert "'_internal' was left out" in report["warnings"][1]["message"]


def test_times_of_documents_are_filtered_and_sorted(server):
    server.make_collection("notes", [{"document_id": name, "n": i} for i, name in
                                     enumerate(("a", "b", "c"))])
    path = "/v1/collections/notes/documents"
    server.ok("POST", path, {"document_id": "d"})
    server.ok("PATCH", f"{path}/b", {"n": 9})
    times = {row["document_id"]: row["_internal"]
             for row in server.ok("POST", f"{path}/list", {})["results"]}
    created, updated = times["d"]["created_at"], times["b"]["updated_at"]

    def ids(body):
        return names(server.ok("POST", f"{path}/list", body))

    def where(field, operator, value):
        return {"filters": {"field": field, "operator": operator, "value": value}}

    assert ids(where("_internal.created_at", "gte", created)) == ["d"]
    assert sorted(ids(where("_internal.created_at", "lt", created))) == ["a", "b", "c"]
    assert ids(where("_internal.updated_at", "eq", updated)) == ["b"]
    assert len(ids(where("_internal.namespace_id", "eq", times["a"]["namespace_id"]))) == 4
    assert ids(where("_internal.document_id", "eq", "c")) == ["c"]
    assert len(ids(where("_internal", "exists", True))) == 4
    assert ids(where("_internal.nothing", "exists", True)) == []
    assert ids({"sort": "-_internal.updated_at"})[:2] == ["b", "d"]
    assert ids({"sort": "_internal.created_at"})[-1] == "d"
    groups = server.ok("POST", f"{path}/list", {"group_by": "_internal.created_at"})["groups"]
    assert sum(group["count"] for group in groups) == 4 and len(groups) == 2
    found = server.execute(["notes"], [
        {"stage_name": "new", "config": {"stage_id": "attribute_filter", "parameters": {
            "field": "_internal.created_at", "operator": "gte", "value": created}}}]).json
    assert [row["document_id"] for row in found["documents"]] == ["d"]


def test_words_of_a_new_collection_are_stemmed_in_their_language(server):
    server.ok("POST", "/v1/collections", {"collection_name": "mixed"})
    server.ok("POST", "/v1/collections", {"collection_name": "bare", "features": [
        {"language": None}]})
    texts = {"en": "These are the photos that were taken in the old garden by one of us.",
             "de": "Das sind die Bilder, die in den alten Gärten von uns gemacht wurden.",
             "code": "GtkTreeView draws trees"}
    rows = [{"document_id": name, "text": text} for name, text in texts.items()]
    for name in ("mixed", "bare"):
        for row in rows:
            server.ok("POST", f"/v1/collections/{name}/documents", row)

    def found(collection, query):
        reply = server.execute([collection], [stage("feature_search", query=query)])
        return {row["document_id"] for row in reply.json["documents"]}

    for query, document in (("photo", "en"), ("Bild", "de"), ("Garten", "de"), ("tree", "code")):
        assert document in found("mixed", query), query
        assert document not in found("bare", query), query
    assert found("bare", "photos") == {"en"}
