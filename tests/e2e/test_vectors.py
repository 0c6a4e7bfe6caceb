"""Vectors of the client's own: how they come, what is refused, and that they stay."""

import base64
import json
import random
import struct

import pytest

from conftest import Server, stage

PICTURES = "/v1/collections/pictures/documents"
FEATURES = [
    "trawl://bm25@v1/text",
    {"type": "dense", "feature_uri": "clip", "dimension": 3},
    {"type": "dense", "feature_uri": "mixpeek://colours@v2/histogram", "dimension": 2,
     "metric": "l2"},
]


def packed(*numbers):
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def lines(*documents):
    return "\n".join(json.dumps(document) for document in documents)


def vectors_of(server, document, path=PICTURES, **options):
    shown = server.ok("GET", f"{path}/{document}?return_vectors=true", **options)
    assert sorted(shown.get("_vectors", [])) == sorted(shown.get("vectors", {}))
    return shown.get("vectors", {})


@pytest.fixture
def pictures(server):
    server.make_collection("pictures", features=FEATURES)
    return server


def test_features_are_shown_as_they_were_made(pictures):
    shown = pictures.ok("GET", "/v1/collections/pictures")
    words, clip, colours = shown["features"]
    assert words["type"] == "bm25" and words["feature_uri"] == "trawl://bm25@v1/text"
    assert clip == {"type": "dense", "feature_uri": "clip", "dimension": 3, "metric": "cosine",
                    "model": None, "fields": [], "serving": True, "progress": None}
    assert colours["metric"] == "l2" and colours["dimension"] == 2
    assert shown["vector_indexes"] == shown["features"]
    # What was shown makes another one.
    again = pictures.ok("POST", "/v1/collections", {"collection_name": "again",
                                                    "features": shown["features"]})
    assert again["features"] == shown["features"] and "warnings" not in again


@pytest.mark.parametrize("feature, location, words", [
    ({"type": "dense", "feature_uri": "a"}, "dimension", "required"),
    ({"type": "dense", "dimension": 3}, "feature_uri", "required"),
    ({"type": "dense", "feature_uri": "a", "dimension": 0}, "dimension", "1 to 4096"),
    ({"type": "dense", "feature_uri": "a", "dimension": 4097}, "dimension", "1 to 4096"),
    ({"type": "dense", "feature_uri": "a b", "dimension": 3}, "feature_uri", "without spaces"),
    ({"type": "dense", "feature_uri": "a", "dimension": 3, "metric": "cosin"}, "metric",
     "'cosine'"),
    ({"type": "dense", "feature_uri": "a", "dimension": 3, "fields": ["x"]}, "fields",
     "model"),
    ({"type": "dense", "feature_uri": "a", "dimension": 3, "language": "english"}, "language",
     "bm25"),
    ({"feature_uri": "trawl://x@v1/y", "dimension": 3}, "dimension", "dense"),
    ({"type": "sparse"}, "type", "dense"),
])
def test_features_that_cannot_be(server, feature, location, words):
    refused = server.post("/v1/collections", {"collection_name": "pictures",
                                              "features": [feature]})
    assert refused.status == 422
    error = refused.json["error"]
    assert f"features[0].{location}" in refused.text and words in error["message"], error


@pytest.mark.parametrize("feature", ["all-MiniLM-L6-v3", {"type": "dense", "model": "nosuch"}])
def test_a_model_that_is_not_there_is_no_feature(server, feature):
    refused = server.post("/v1/collections", {"collection_name": "pictures",
                                              "features": [feature]})
    assert refused.status == 403, refused
    name = feature if isinstance(feature, str) else feature["model"]
    assert name in refused.json["error"]["message"]
    assert server.get("/v1/collections/pictures").status == 404


def test_every_way_to_write_a_vector(pictures):
    colours = "mixpeek://colours@v2/histogram"
    pictures.ok("POST", PICTURES, {"document_id": "numbers", "vectors": {"clip": [1, 0.1, 0]}})
    made = pictures.ok("POST", PICTURES, {"document_id": "base64", "text": "a",
                                          "vectors": {"clip": packed(1, 0.1, 0)}})
    assert made["_vectors"] == ["clip"] and "vectors" not in made and made["text"] == "a"
    pictures.ok("POST", PICTURES, {"document_id": "several",
                                   "vectors": {"clip": [[1, 2, 3], [4, 5, 6]],
                                               "histogram": packed(1, 2, 3, 4)}})
    report = pictures.ok("POST", f"{PICTURES}/import", lines(
        {"document_id": "imported", "vectors": {"clip": packed(1, 2, 3, 4, 5, 6)}},
        {"document_id": "both", "vectors": {"clip": [0, 0, 1e-3], colours: [0, 0]}},
        {"document_id": "none", "text": "without"}))
    assert report["imported_count"] == 3, report
    assert vectors_of(pictures, "numbers") == {"clip": [1, 0.1, 0]}
    assert vectors_of(pictures, "base64") == {"clip": [1, 0.1, 0]}
    assert vectors_of(pictures, "several") == {"clip": [[1, 2, 3], [4, 5, 6]],
                                               colours: [[1, 2], [3, 4]]}
    assert vectors_of(pictures, "imported") == {"clip": [[1, 2, 3], [4, 5, 6]]}
    assert vectors_of(pictures, "both") == {"clip": [0, 0, 0.001], colours: [0, 0]}
    assert vectors_of(pictures, "none") == {}
    assert pictures.ok("GET", f"{PICTURES}/both")["_vectors"] == ["clip", colours]


BAD = [
    ({"clip": [1, 2]}, "vectors.clip", "3 dimensions"),
    ({"clip": [1, 2, 3, 4]}, "vectors.clip", "3 dimensions"),
    ({"clip": []}, "vectors.clip", "3 dimensions"),
    ({"clip": [[1, 2, 3], [1, 2]]}, "vectors.clip[1]", "3 dimensions"),
    ({"clip": [[1, 2, 3], 4]}, "vectors.clip[1]", "list of numbers"),
    ({"clip": [1, "2", 3]}, "vectors.clip[1]", "number"),
    ({"clip": [1, None, 3]}, "vectors.clip[1]", "number"),
    ({"clip": None}, "vectors.clip", "null"),
    ({"clip": {"indices": [1], "values": [1]}}, "vectors.clip", "object"),
    ({"clip": [0, 0, 0]}, "vectors.clip", "zero"),
    ({"clip": [[1, 0, 0], [0, 0, 0]]}, "vectors.clip[1]", "zero"),
    ({"clip": [1e300, 0, 0]}, "vectors.clip", "infinite"),
    ({"clip": [1e30, 0, 0]}, "vectors.clip", "length"),
    ({"clip": packed(1, float("nan"), 3)}, "vectors.clip", "not a number"),
    ({"clip": packed(1, 2, float("-inf"))}, "vectors.clip", "infinite"),
    ({"clip": packed(1, 2)}, "vectors.clip", "8 bytes"),
    ({"clip": ""}, "vectors.clip", "0 bytes"),
    ({"clip": "*" * 16}, "vectors.clip", "base64"),
    ({"clap": [1, 2, 3]}, "vectors.clap", "clip"),
    ([1, 2, 3], "vectors", "array"),
    ("AAAA", "vectors", "string"),
]


@pytest.mark.parametrize("vectors, location, words", BAD)
def test_what_is_no_vector_is_refused_where_it_stands(pictures, vectors, location, words):
    refused = pictures.post(PICTURES, {"document_id": "x", "vectors": vectors})
    assert refused.status == 422, refused
    details = refused.json["error"]
    assert location in refused.text and words in details["message"], details
    assert pictures.ok("GET", f"{PICTURES}/count")["count"] == 0


def test_an_import_loses_the_bad_lines_alone(pictures):
    documents = []
    for i, (vectors, _, _) in enumerate(BAD):
        documents.append({"document_id": f"good-{i}", "vectors": {"clip": [i, 1, 0]}})
        documents.append({"document_id": f"bad-{i}", "vectors": vectors})
    report = pictures.ok("POST", f"{PICTURES}/import", lines(*documents))
    assert report["imported_count"] == len(BAD) and report["failed_count"] == len(BAD)
    assert [error["line"] for error in report["errors"]] == [
        2 * i + 2 for i in range(len(BAD))]
    for error, (_, location, words) in zip(report["errors"], BAD):
        assert error["message"].startswith(location) and words in error["message"], error
    for i in range(len(BAD)):
        assert vectors_of(pictures, f"good-{i}") == {"clip": [i, 1, 0]}


def test_where_no_vectors_are_kept_the_member_is_a_field(server):
    server.make_collection("notes")
    server.ok("POST", "/v1/collections/notes/documents",
              {"document_id": "n", "vectors": {"a": "b"}, "_vectors": 3, "text": "x"})
    shown = server.ok("GET", "/v1/collections/notes/documents/n?return_vectors=true")
    assert shown["vectors"] == {"a": "b"} and shown["_vectors"] == 3


def test_changes(pictures):
    colours = "mixpeek://colours@v2/histogram"
    pictures.ok("POST", PICTURES, {"document_id": "a", "n": 1,
                                   "vectors": {"clip": [1, 2, 3], colours: [1, 2]}})
    changed = pictures.ok("PATCH", f"{PICTURES}/a", {"n": 2})
    assert changed["_vectors"] == ["clip", colours]
    pictures.ok("PUT", f"{PICTURES}/a", {"m": 1, "vectors": {"clip": [3, 2, 1]}})
    assert vectors_of(pictures, "a") == {"clip": [3, 2, 1], colours: [1, 2]}
    shown = pictures.ok("GET", f"{PICTURES}/a")
    assert shown["m"] == 1 and "vectors" not in shown
    done = pictures.ok("POST", f"{PICTURES}/batch", {"updates": [
        {"document_id": "a", "update_data": {"vectors": {colours: [[5, 6], [7, 8]]}}}]})
    assert done["updated_count"] == 1
    assert vectors_of(pictures, "a")[colours] == [[5, 6], [7, 8]]
    for update in ({"vectors": {"clip": [1]}}, {"vectors.clip": [1, 2, 3]},
                   {"vectors": {"clip": None}}):
        for refused in (pictures.request("PATCH", f"{PICTURES}/a", update),
                        pictures.post(f"{PICTURES}/batch", {"updates": [
                            {"document_id": "a", "update_data": update}]}),
                        pictures.post(f"{PICTURES}/batch", {
                            "filters": {"m": 1}, "update_data": update})):
            assert refused.status == 422 and "vectors" in refused.text, refused
    # One that is written anew has what it was written with.
    pictures.ok("POST", f"{PICTURES}/import", lines({"document_id": "a", "n": 3}))
    assert vectors_of(pictures, "a") == {}


def test_they_are_returned_where_they_are_asked_for(pictures):
    pictures.ok("POST", f"{PICTURES}/import", lines(
        {"document_id": "a", "text": "red", "vectors": {"clip": [1, 0.25, 0]}},
        {"document_id": "b", "text": "blue", "vectors": {"clip": [0, 1, 0],
                                                         "histogram": [1, 2]}},
        {"document_id": "c", "text": "grey"}))
    colours = "mixpeek://colours@v2/histogram"
    values = [{"clip": [1, 0.25, 0]}, {"clip": [0, 1, 0], colours: [1, 2]}, None]

    def shown(documents):
        assert [one["document_id"] for one in documents] == ["a", "b", "c"]
        return [one.get("vectors") for one in documents]

    for path, body in ((f"{PICTURES}/list", {"return_vectors": True}),
                       (f"{PICTURES}/list?return_vectors=true", {}),
                       (f"{PICTURES}/list", {"return_vectors": True, "select": ["text"]})):
        assert shown(pictures.ok("POST", path, body)["results"]) == values
    assert shown(pictures.ok("GET", f"{PICTURES}?return_vectors=true")["results"]) == values
    plain = pictures.ok("POST", f"{PICTURES}/list")["results"]
    assert shown(plain) == [None] * 3
    assert [one.get("_vectors") for one in plain] == [["clip"], ["clip", colours], None]
    some = pictures.ok("POST", f"{PICTURES}/list", {"return_vector_names": ["histogram"]})
    assert shown(some["results"])[1] == {colours: [1, 2]}
    found = pictures.ok("POST", "/v1/documents/batch-get",
                        {"document_ids": ["a", "b", "c"], "return_vectors": True})
    assert shown(found["documents"]) == values
    assert pictures.ok("GET", "/v1/documents/a?return_vectors=true")["vectors"] == values[0]

    everything = [stage("attribute_filter", field="text", operator="exists", value=True)]
    for options in ({}, {"pagination": {"method": "offset", "page_size": 2}}):
        reply = pictures.execute(["pictures"], everything, return_vectors=True, **options).json
        got = [one.get("vectors") for one in reply["documents"]]
        assert got == values[:len(got)] and len(got) == (2 if options else 3)
        assert reply["results"] == reply["documents"]
        assert reply["documents"][0]["_vectors"] == ["clip"]
    reply = pictures.execute(["pictures"], everything).json
    assert not any("vectors" in one or "_vectors" in one for one in reply["documents"])


def test_long_replies_have_them_too(pictures):
    rng = random.Random(5)
    documents = [{"document_id": f"d{i:04}", "text": "x " * 100,
                  "vectors": {"clip": [rng.uniform(-1, 1) for _ in range(3)]}}
                 for i in range(3000)]
    pictures.ok("POST", f"{PICTURES}/import", lines(*documents))
    reply = pictures.execute(
        ["pictures"], [stage("attribute_filter", field="text", operator="exists", value=True)],
        return_vectors=True).json
    assert len(reply["documents"]) == 3000 and reply["results"] == reply["documents"]
    for one, sent in zip(reply["documents"], documents):
        assert one["document_id"] == sent["document_id"]
        assert one["vectors"]["clip"] == pytest.approx(sent["vectors"]["clip"], rel=1e-6)


def test_what_was_returned_can_be_sent_again(pictures):
    pictures.ok("POST", f"{PICTURES}/import", lines(
        {"document_id": "a", "n": 1, "vectors": {"clip": [1, 0.3, 0], "histogram": [1, 2]}},
        {"document_id": "b", "vectors": {"clip": [[1, 2, 3], [0.1, 0.2, 0.7]]}},
        {"document_id": "c"}))
    sent = pictures.ok("POST", f"{PICTURES}/list", {"return_vectors": True})["results"]
    pictures.make_collection("copy", features=FEATURES)
    copied = pictures.ok("POST", "/v1/collections/copy/documents/import", lines(*sent))
    assert copied["imported_count"] == 3 and copied["warning_count"] == 0, copied
    for name in "abc":
        assert (vectors_of(pictures, name, "/v1/collections/copy/documents") ==
                vectors_of(pictures, name))


def test_a_feature_for_vectors_is_added(server):
    server.make_collection("pictures", [{"document_id": "old", "text": "before"}])
    clip = {"type": "dense", "feature_uri": "clip", "dimension": 3}
    changed = server.ok("POST", "/v1/collections/pictures/features", clip)
    assert [one["feature_uri"] for one in changed["features"]][-1] == "clip"
    assert changed["features"][-1]["serving"] is True
    server.ok("PATCH", f"{PICTURES}/old", {"vectors": {"clip": [1, 2, 3]}})
    assert vectors_of(server, "old") == {"clip": [1, 2, 3]}
    again = server.post("/v1/collections/pictures/features", clip)
    assert again.status == 409 and "clip" in again.json["error"]["message"]
    for body, status, words in (
            ({"feature_uri": "trawl://bm25@v1/other"}, 422, "dense"),
            ({"type": "dense", "feature_uri": "trawl://bm25@v1/text", "dimension": 3}, 409,
             "another type"),
            ({"type": "dense", "feature_uri": "x"}, 422, "dimension"),
            ({"type": "dense", "feature_uri": "x", "model": "nosuch"}, 403, "nosuch")):
        refused = server.post("/v1/collections/pictures/features", body)
        assert refused.status == status and words in refused.json["error"]["message"], refused
        assert "feature.type" not in refused.text and "feature.feature_uri" not in refused.text
    assert server.post("/v1/collections/nosuch/features", clip).status == 404
    assert vectors_of(server, "old") == {"clip": [1, 2, 3]}


def test_vectors_outlive_the_server(data_dir):
    server = Server(data_dir).start()
    server.make_collection("pictures", features=FEATURES)
    server.ok("POST", f"{PICTURES}/import", lines(
        *({"document_id": f"d{i}", "vectors": {"clip": [i, 1, 0.1]}} for i in range(200))))
    assert server.stop() == 0
    server.start()
    server.ok("POST", PICTURES, {"document_id": "last", "vectors": {"clip": [7, 7, 7]}})
    server.ok("PATCH", f"{PICTURES}/d3", {"vectors": {"clip": [0, 0, 3]}})
    server.kill()
    server.start()
    assert vectors_of(server, "last") == {"clip": [7, 7, 7]}
    assert vectors_of(server, "d3") == {"clip": [0, 0, 3]}
    assert vectors_of(server, "d199") == {"clip": [199, 1, 0.1]}
    shown = server.ok("POST", f"{PICTURES}/list", {"return_vectors": True, "limit": 1000})
    assert sum("vectors" in one for one in shown["results"]) == 201
    assert server.stop() == 0


def found(server, vector, collection="pictures", uri="clip", **options):
    body = {"collection_identifiers": [collection], "stages": [stage(
        "feature_search", searches=[{"feature_uri": uri, "top_k": 10, "query": {
            "input_mode": "vector", "value": vector}}])]}
    reply = server.ok("POST", "/v1/retrievers/execute", body, **options)
    assert reply["status"] == "completed", reply
    return [one["document_id"] for one in reply["documents"]]


def test_they_are_searched(data_dir):
    server = Server(data_dir).start()
    server.make_collection("pictures", features=FEATURES)
    server.ok("POST", f"{PICTURES}/import", lines(
        {"document_id": "x", "vectors": {"clip": [1, 0, 0], "histogram": [0, 0]}},
        {"document_id": "y", "vectors": {"clip": packed(0.1, 1, 0), "histogram": [9, 9]}},
        {"document_id": "z", "vectors": {"clip": [[0, 0, 1], [0.5, 0.5, 0]]}}))
    assert found(server, [1, 0, 0]) == ["x", "z", "y"]
    assert found(server, [0, 1, 0.1]) == ["y", "z", "x"]
    assert found(server, [8, 8], uri="mixpeek://colours@v2/histogram") == ["y", "x"]
    server.ok("PATCH", f"{PICTURES}/x", {"vectors": {"clip": [0, 0, -1]}})
    server.kill()
    server.start()
    assert found(server, [1, 0, 0]) == ["z", "y", "x"]
    there = {"X-Namespace": "pics"}
    server.ok("POST", "/v1/namespaces/standalone", {"namespace_id": "pics"})
    server.ok("POST", "/v1/namespaces/pics/documents/upsert", {"documents": [
        {"document_id": "a", "vectors": {"sdk_2": [1, 0]}},
        {"document_id": "b", "vectors": {"sdk_2": [0, 1]}}]})
    assert found(server, [0.1, 1], "documents", "sdk_2", headers=there) == ["b", "a"]
    assert server.stop() == 0


# --- namespaces for vectors


def test_a_standalone_namespace(server):
    made = server.ok("POST", "/v1/namespaces/standalone", {
        "namespace_id": "pics", "namespace_name": "pics",
        "vector_configs": [{"name": "sdk_8", "dimension": 2, "metric": "euclidean"},
                           {"name": "text", "dimension": 3}]})
    assert made["mode"] == "standalone" and made["status"] == "active"
    assert made["vector_configs"] == [
        {"name": "sdk_8", "dimension": 2, "metric": "euclidean"},
        {"name": "text", "dimension": 3, "metric": "cosine"}]
    shown = server.ok("GET", "/v1/namespaces/pics")
    assert shown["mode"] == "standalone" and shown["collection_count"] == 1
    there = {"X-Namespace": "pics"}
    collection = server.ok("GET", "/v1/collections/documents", headers=there)
    assert [(one["feature_uri"], one.get("metric")) for one in collection["features"]] == [
        ("trawl://bm25@v1/text", None), ("sdk_8", "l2"), ("text", "cosine")]

    path = "/v1/namespaces/pics/documents"
    report = server.ok("POST", f"{path}/upsert", {"documents": [
        {"document_id": "a", "vectors": {"sdk_8": [1, 2], "text": [[1, 2, 3], [3, 2, 1]]},
         "payload": {"title": "A", "vectors": 1, "metadata": {"x": 1}}, "metadata": {"y": 2}},
        {"document_id": "b", "vectors": {}},
        {"document_id": "b", "vectors": {"sdk_8": packed(3, 4)}, "payload": None,
         "source_type": "bucket"}]})
    assert report["inserted"] == 2 and report["document_ids"] == ["a", "b", "b"]
    assert report["dropped_payload_fields"] == {"a": ["vectors"]}
    assert report["unsearchable_document_ids"] == ["b"]
    assert any("source_type" in warning for warning in report["warnings"])
    shown = server.ok("GET", f"{path}/a?return_vectors=true")
    assert shown["title"] == "A" and shown["metadata"] == {"x": 1, "y": 2}
    assert shown["vectors"] == {"sdk_8": [1, 2], "text": [[1, 2, 3], [3, 2, 1]]}
    assert vectors_of(server, "b", path) == {"sdk_8": [3, 4]}
    server.ok("POST", f"{path}/upsert", {"documents": [
        {"document_id": "a", "vectors": {"sdk_8": [9, 9]}}]})
    shown = server.ok("GET", f"{path}/a?return_vectors=true")
    assert "title" not in shown and shown["vectors"] == {"sdk_8": [9, 9]}
    server.ok("POST", f"{path}/upsert", {"collection_id": "more", "documents": [
        {"document_id": "m", "vectors": {"text": [1, 0, 0]}}]})
    assert server.ok("GET", "/v1/collections/more/documents/count", headers=there)["count"] == 1


@pytest.mark.parametrize("document, status, location, words", [
    ({"vectors": {}}, 422, "documents[1].document_id", "required"),
    ({"document_id": "x", "vectors": {"v": [1]}}, 422, "documents[1].vectors.v", "dimensions"),
    ({"document_id": "x", "vectors": {"w": [1, 2]}}, 422, "documents[1].vectors.w", "'v'"),
    ({"document_id": "x", "vectors": {"v": {"indices": [1], "values": [1]}}}, 403,
     "documents[1].vectors.v", "sparse"),
    ({"document_id": "x", "acl": {"public": True}}, 403, "documents[1].acl", "access"),
    ({"document_id": "x", "vectors": [1, 2]}, 422, "documents[1].vectors", "object"),
    ({"document_id": "x", "payload": 3}, 422, "documents[1].payload", "object"),
    (7, 422, "documents[1]", "object"),
])
def test_an_upsert_stores_all_or_nothing(server, document, status, location, words):
    server.ok("POST", "/v1/namespaces", {
        "namespace_name": "pics", "mode": "standalone",
        "vector_configs": [{"name": "v", "dimension": 2}]})
    refused = server.post("/v1/namespaces/pics/documents/upsert", {"documents": [
        {"document_id": "good", "vectors": {"v": [1, 2]}}, document]})
    assert refused.status == status, refused
    assert location in refused.text and words in refused.json["error"]["message"], refused
    assert server.ok("GET", "/v1/namespaces/pics")["document_count"] == 0


def test_a_namespace_without_vector_configs_takes_what_comes(server):
    made = server.ok("POST", "/v1/namespaces/standalone", {"namespace_id": "pics"})
    assert made["namespace_name"] == "pics" and made["dynamic_vector_indexes"] is True
    path = "/v1/namespaces/pics/documents"
    server.ok("POST", f"{path}/upsert", {"documents": [
        {"document_id": "a", "vectors": {"one": [1, 2], "two": packed(1, 2, 3, 4, 5)}},
        {"document_id": "b", "vectors": {"one": [[1, 2], [3, 4]]}}]})
    assert vectors_of(server, "a", path) == {"one": [1, 2], "two": [1, 2, 3, 4, 5]}
    refused = server.post(f"{path}/upsert", {"documents": [
        {"document_id": "c", "vectors": {"one": [1, 2, 3]}}]})
    assert refused.status == 422 and "2 dimensions" in refused.text
    for bad in ([], [[]], "", 3, "x" * 100):
        assert server.post(f"{path}/upsert", {"documents": [
            {"document_id": "c", "vectors": {"three": bad}}]}).status == 422, bad


@pytest.mark.parametrize("body, status, location", [
    ({}, 422, "namespace_id"),
    ({"namespace_id": "a", "vector_configs": [{"dimension": 3}]}, 422, "vector_configs[0].name"),
    ({"namespace_id": "a", "vector_configs": [{"name": "v"}]}, 422,
     "vector_configs[0].dimension"),
    ({"namespace_id": "a", "vector_configs": [{"name": "v", "dimension": 2}] * 2}, 422,
     "vector_configs[1].name"),
    ({"namespace_id": "a", "vector_configs": [{"name": "v", "dimension": 2, "metric": "x"}]},
     422, "vector_configs[0].metric"),
    ({"namespace_id": "a", "mode": "managed"}, 422, "mode"),
    ({"namespace_id": "a", "storage": {"provider": "s3"}}, 403, "storage"),
])
def test_namespaces_that_cannot_be(server, body, status, location):
    refused = server.post("/v1/namespaces/standalone", body)
    assert refused.status == status and location in refused.text, refused
    assert server.ok("GET", "/v1/namespaces")["total_count"] == 1


def test_what_a_namespace_is_stays(server):
    server.ok("POST", "/v1/namespaces/standalone", {
        "namespace_id": "pics", "vector_configs": [{"name": "v", "dimension": 2}]})
    for body in ({"mode": "managed"}, {"vector_configs": []}):
        assert server.request("PATCH", "/v1/namespaces/pics", body).status == 422
    assert server.request("PATCH", "/v1/namespaces/default", {"mode": "standalone"}).status == 422
    same = server.ok("PATCH", "/v1/namespaces/pics", {"mode": "standalone", "description": "x"})
    assert same["description"] == "x"
    refused = server.post("/v1/namespaces/default/documents/upsert", {"documents": []})
    assert refused.status == 404 and "collection 'documents'" in refused.json["error"]["message"]
    server.make_collection("plain", [{"document_id": "a"}])
    refused = server.post("/v1/namespaces/default/documents/upsert", {
        "collection_id": "plain", "documents": [{"document_id": "x", "vectors": {"v": [1]}}]})
    assert refused.status == 422 and "features" in refused.json["error"]["message"]
    report = server.ok("POST", "/v1/namespaces/default/documents/upsert", {
        "collection_id": "plain", "documents": [{"document_id": "x", "payload": {"n": 1}}]})
    assert report["inserted"] == 1 and report["unsearchable_document_ids"] == []
    assert server.post("/v1/namespaces/default/documents/upsert", {
        "collection_id": "nosuch", "documents": []}).status == 404
