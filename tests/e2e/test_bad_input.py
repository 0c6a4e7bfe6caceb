"""Bad input costs a clear error and nothing else."""

import json
import socket

import pytest

from conftest import KEY, stage

LIST = "/v1/retrievers/executions/list"


def raw(server, data, timeout=10):
    """Sends bytes as they are; returns what comes back until the server closes or idles."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as connection:
        connection.sendall(data)
        connection.settimeout(3)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except (socket.timeout, ConnectionResetError):
            pass
        return answer


def envelope(reply, status, kind=None):
    assert reply.status == status, reply
    body = reply.json
    assert body["success"] is False
    assert body["status"] == status
    assert body["error"]["message"]
    assert body["request_id"] == reply.headers["x-request-id"]
    if kind:
        assert body["error"]["type"] == kind
    return body


@pytest.mark.parametrize("body", [
    b"{", b"nul", b'{"status": "a', b"\xff\xfe", b'{"status": "\xff"}', b"{} {}", b"{]", b"'a'",
    b'{"a": 01}', b'{"status": "\x00"}', b"[" * 100000, b'{"a":' * 5000])
def test_bodies_that_are_no_json(library, body):
    envelope(library.post(LIST, body), 400, "BadRequestError")
    envelope(library.post("/v1/retrievers/execute", body), 400, "BadRequestError")
    envelope(library.post("/v1/collections", body), 400, "BadRequestError")


def test_nul_in_a_string_is_data_not_danger(library):
    assert library.list({"status": "a\u0000b"}).json["total"] == 0
    reply = library.post("/v1/collections", {"collection_name": "abc\u0000"})
    envelope(reply, 422, "ValidationError")


@pytest.mark.parametrize("value", [None, True, 5, 1.5, "x", [], {}, [[]], {"a": {"b": []}}])
def test_wrong_types_everywhere(library, value):
    keys = ["collection_identifiers", "input_schema", "stages", "inputs", "budget_limits",
            "stream", "filters", "limit", "pagination", "settings"]
    for key in keys:
        body = {"collection_identifiers": ["books"], "stages": [stage("limit")], "inputs": {},
                key: value}
        reply = library.post("/v1/retrievers/execute", body)
        assert reply.status in (200, 400, 403, 404, 422), (key, value, reply)
    for parameter in ("searches", "filters", "group_by", "facets", "fusion", "final_top_k",
                      "collection_identifiers", "query"):
        reply = library.execute(["books"], [stage("feature_search", **{parameter: value})])
        assert reply.status in (200, 400, 403, 404, 422), (parameter, value, reply)
    for path in ("/v1/collections", "/v1/namespaces"):
        for key in ("collection_name", "namespace_name", "features", "feature_extractor",
                    "source", "feature_extractors", "payload_indexes"):
            reply = library.post(path, {key: value})
            assert reply.status in (200, 400, 409, 422), (path, key, value, reply)
    for key in ("filters", "sort", "search", "cursor", "group_by", "select", "limit", "offset"):
        reply = library.post("/v1/collections/books/documents/list", {key: value})
        assert reply.status in (200, 400, 404, 422), (key, value, reply)


def test_deep_filters_are_refused(library):
    deep = {"field": "a", "value": 1}
    for _ in range(20):
        deep = {"AND": [deep]}
    reply = library.post("/v1/collections/books/documents/list", {"filters": deep})
    envelope(reply, 422, "ValidationError")


def test_too_large(library):
    reply = library.post("/v1/collections/books/documents", b'{"a":"' + b"x" * (17 << 20) + b'"}')
    envelope(reply, 413)


def test_routes_and_methods(library):
    envelope(library.get("/v1/nowhere"), 404, "NotFoundError")
    envelope(library.get("/v1"), 404)
    reply = library.get(LIST)
    envelope(reply, 405)
    assert "POST" in reply.headers["allow"]
    envelope(library.request("DELETE", "/v1/collections"), 405)
    envelope(library.get("/v1/retrievers/executions/exec_nothing"), 404, "NotFoundError")
    envelope(library.get("/v1/collections/nosuch"), 404)
    assert library.request("HEAD", "/v1/health").text == ""


def test_keys(library):
    envelope(library.list({}, key=None), 401, "UnauthorizedError")
    envelope(library.list({}, key="sk_wrong"), 401)
    envelope(library.list({}, key=None, headers={"Authorization": "Basic abc"}), 401)
    envelope(library.list({}, key=""), 401)


def test_permissions_and_confinement(library):
    def make(name, **fields):
        return library.ok("POST", "/v1/organizations/users/a@example.com/api-keys",
                          {"name": name, **fields})["key"]

    library.ok("POST", "/v1/namespaces", {"namespace_name": "walled"})
    reader = make("reader", permissions=["read"])
    assert library.list({}, key=reader).status == 200
    envelope(library.post("/v1/collections", {"name": "abc"}, key=reader), 403, "ForbiddenError")
    envelope(library.request("DELETE", "/v1/collections/books", key=reader), 403)
    envelope(library.get("/v1/organizations/users/a@example.com/api-keys", key=reader), 403)
    writer = make("writer", permissions=["write"], namespace_id="walled")
    assert library.post("/v1/collections", {"name": "inside"}, key=writer).status == 200
    assert library.get("/v1/collections/books", key=writer).status == 404
    assert library.list({}, key=writer, headers={"X-Namespace": "default"}).status == 404
    assert library.ok("GET", "/v1/namespaces", key=writer)["total_count"] == 1
    assert library.post("/v1/namespaces", {"namespace_name": "more"}, key=writer).status == 403
    expired = make("expired", expires_at="2020-01-01T00:00:00Z")
    envelope(library.list({}, key=expired), 401)
    library.ok("DELETE", "/v1/organizations/users/a@example.com/api-keys/reader")
    envelope(library.list({}, key=reader), 401)
    listed = library.ok("GET", "/v1/organizations/users/a@example.com/api-keys")
    assert {row["name"] for row in listed["results"]} == {"writer", "expired"}
    assert reader not in json.dumps(listed)


def test_request_ids_are_echoed(library):
    reply = library.list({}, headers={"X-Request-Id": "abc-123"})
    assert reply.headers["x-request-id"] == "abc-123"
    assert library.list({}).headers["x-request-id"].startswith("req_")


HEAD = f"POST {LIST} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n".encode()


@pytest.mark.parametrize("data", [
    b"GARBAGE\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
    HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
    HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: x\r\n chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Content-Length: 2, 2\r\n\r\n{}", HEAD + b"X\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /livez HTTP/1.2\r\nHost: x\r\n\r\n", b"GET /livez\r\nHost: x\r\n\r\n",
    b"GET  /livez HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /li vez HTTP/1.1\r\nHost: x\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    HEAD + b"X: " + b"a" * 70000 + b"\r\n\r\n",
    b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_what_is_no_http(library, data):
    answer = raw(library, data)
    assert answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert b'"success":false' in answer.replace(b" ", b"")
    assert library.get("/livez", key=None).status == 200


def test_truncated_requests_change_nothing(library):
    before = library.ok("GET", "/v1/collections/books")["version"]
    body = json.dumps({"document_id": "cut", "text": "x" * 1000})
    head = (f"POST /v1/collections/books/documents HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n")
    with socket.create_connection(("127.0.0.1", library.port)) as connection:
        connection.sendall((head + body[:500]).encode())
    assert library.get("/v1/collections/books/documents/cut").status == 404
    assert library.ok("GET", "/v1/collections/books")["version"] == before


def test_pipelined_requests_are_answered_in_order(library):
    one = b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: %d\r\n\r\n"
    answer = raw(library, b"".join(one % i for i in range(5)))
    places = [answer.lower().index(b"x-request-id: %d" % i) for i in range(5)]
    assert places == sorted(places)


@pytest.mark.parametrize("method, path", [
    ("DELETE", "/v1/namespaces/doomed?force={}"),
    ("GET", "/v1/organizations/users/ada/api-keys?include_revoked={}"),
    ("POST", "/v1/retrievers/executions/delete?dry_run=true&all={}"),
    ("POST", "/v1/retrievers/executions/delete?all=true&dry_run={}")])
def test_a_flag_is_true_or_false_and_nothing_else(library, method, path):
    library.post("/v1/namespaces", {"namespace_name": "doomed"})
    refused = library.request(method, path.format("yes"))
    assert refused.status == 422, refused
    assert "use true or false" in refused.json["error"]["message"]
    if "force" in path:
        assert library.get("/v1/namespaces/doomed").status == 200
    assert library.request(method, path.format("true")).status == 200


def test_the_default_namespace_keeps_its_name(library):
    for method in ("PATCH", "PUT"):
        refused = library.request(method, "/v1/namespaces/default",
                                  {"namespace_name": "renamed"})
        assert refused.status == 400, refused
        same = {"namespace_name": "default", "description": "d"}
        assert library.request(method, "/v1/namespaces/default", same).status == 200
    assert library.get("/v1/collections/books").status == 200


def test_numbers_beyond_64_bits_are_named(library):
    for number in (2**64, -2**63 - 1, 10**40):
        refused = library.post("/v1/collections/books/documents", '{"n": %d}' % number)
        assert refused.status == 400
        assert "too large" in refused.json["error"]["message"]
    for text in ("18446744073709551615", "-9223372036854775808", "1e40"):
        reply = library.post("/v1/collections/books/documents", '{"n": %s}' % text)
        assert reply.status == 200
        library.request("DELETE", f"/v1/collections/books/documents/{reply.json['document_id']}")


def test_lengths_are_counted_in_characters(library):
    path = "/v1/organizations/users/ada/api-keys"
    assert library.post(path, {"name": "long", "description": "ä" * 500}).status == 200
    assert library.post(path, {"name": "longer", "description": "ä" * 501}).status == 422
    documents = "/v1/collections/books/documents"
    assert library.post(documents, {"document_id": "ж" * 512}).status == 200
    refused = library.post(documents, {"document_id": "ж" * 513})
    assert refused.status == 422 and "512 characters" in refused.json["error"]["message"]
    library.request("DELETE", f"{documents}/batch", {"document_ids": ["ж" * 512]})
    for length, status in ((200, 200), (201, 422)):
        stages = [stage("limit", "я" * length), stage("limit", "я" * length)]
        reply = library.execute(["books"], stages)
        assert reply.status == status, reply


def test_what_a_page_does_not_need_is_checked_all_the_same(library):
    for pagination, location in (
            ({"page_size": 5, "cursor": 7}, "pagination.cursor"),
            ({"method": "cursor", "page_size": 0}, "pagination.page_size"),
            ({"method": "offset", "limit": 501}, "pagination.limit")):
        reply = library.execute(["books"], [stage("limit")], pagination=pagination)
        envelope(reply, 422)
        assert reply.json["error"]["details"]["validation_errors"][0]["location"] == location
    for query in ("?limit=5&page_size=0", "?page_size=1001&limit=5"):
        envelope(library.post(LIST + query), 422)
    assert library.post(LIST + "?page_size=3&limit=5").json["pagination"]["limit"] == 5
    reply = library.execute(["books"], [stage("limit")], pagination={"page_size": 2, "page": 1})
    assert reply.status == 200 and reply.json["pagination"]["limit"] == 2
