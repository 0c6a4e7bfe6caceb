"""What every path does alike: tags, codings, HEAD and OPTIONS, problems, limits, other pages."""

import gzip
import http.client
import json
import os
import subprocess
import time

import pytest

from conftest import BINARY, KEY, Server, search

LIST = "/v1/retrievers/executions/list"
KEYS = "/v1/organizations/users/a@example.com/api-keys"
PROBLEM = {"Accept": "application/problem+json"}


class Raw:
    """A reply whose body is left as it came."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()


def fetch(server, method, path, headers=None, body=None, key=KEY):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        # http.client would ask for identity by itself.
        connection.putrequest(method, path, skip_accept_encoding=True)
        data = b"" if body is None else json.dumps(body).encode()
        if data or method in ("POST", "PATCH", "PUT"):
            sent["Content-Length"] = str(len(data))
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(data)
        return Raw(connection.getresponse())
    finally:
        connection.close()


def unpack(reply):
    coding = reply.headers.get("content-encoding")
    if coding == "gzip":
        return gzip.decompress(reply.body)
    if coding == "zstd":
        return subprocess.run(["zstd", "-dc"], input=reply.body, capture_output=True,
                              check=True).stdout
    assert coding is None
    return reply.body


def has_zstd():
    return subprocess.run(["sh", "-c", "command -v zstd"], capture_output=True).returncode == 0


def details(server):
    """A path of each kind of detail."""
    execution = server.execute(["books"], [search()], {"query": "sea"}).json["execution_id"]
    return [f"/v1/retrievers/executions/{execution}", "/v1/namespaces/default",
            "/v1/collections/books", "/v1/collections/books/documents/moby",
            "/v1/documents/moby"]


# Tags.

def test_every_detail_has_a_tag_and_is_not_sent_twice(library):
    for path in details(library):
        first = fetch(library, "GET", path)
        assert first.status == 200
        tag = first.headers["etag"]
        assert tag.startswith('"') and first.headers["cache-control"] == "private, no-cache"
        assert fetch(library, "GET", path).headers["etag"] == tag
        for value in (tag, "W/" + tag, f'"other", {tag}', "*"):
            for method in ("GET", "HEAD"):
                again = fetch(library, method, path, {"If-None-Match": value})
                assert again.status == 304 and again.body == b"", (path, value)
                assert again.headers["etag"] == tag
                assert "content-type" not in again.headers
        other = fetch(library, "GET", path, {"If-None-Match": '"other"'})
        assert other.status == 200 and other.body == first.body
        # Nobody learns by a tag what the key may not see.
        assert fetch(library, "GET", path, {"If-None-Match": "*"}, key=None).status == 401
    missing = fetch(library, "GET", "/v1/collections/nosuch", {"If-None-Match": "*"})
    assert missing.status == 404


def test_a_change_makes_a_new_tag(library):
    library.ok("POST", "/v1/collections", {"collection_name": "changing"})
    paths = ["/v1/namespaces/default", "/v1/collections/changing"]

    def tags():
        return [fetch(library, "GET", path).headers["etag"] for path in paths]

    before = tags()
    document = library.ok("POST", "/v1/collections/changing/documents", {"title": "a"})
    paths.append(f"/v1/collections/changing/documents/{document['document_id']}")
    # The counts of both have changed with the document.
    middle = tags()
    assert middle[0] != before[0] and middle[1] != before[1]
    library.ok("PATCH", paths[2], {"title": "b"})
    after = tags()
    assert after[2] != middle[2]
    reply = fetch(library, "GET", paths[2], {"If-None-Match": middle[2]})
    assert reply.status == 200 and json.loads(reply.body)["title"] == "b"


def test_lists_and_writes_have_no_tag(library):
    assert "etag" not in library.list({}).headers
    assert "etag" not in library.get("/v1/collections").headers
    patched = library.request("PATCH", "/v1/collections/books", {"description": "x"},
                              headers={"If-None-Match": "*"})
    assert patched.status == 200 and "etag" not in patched.headers
    refused = library.request("PATCH", "/v1/collections/books", {"description": "y"},
                              headers={"If-Match": '"a"'})
    assert refused.status == 403 and refused.json["error"]["type"] == "NotEnabledError"
    assert library.ok("GET", "/v1/collections/books")["description"] == "x"


# Codings.

@pytest.fixture(scope="module")
def long_list(library):
    for _ in range(30):
        library.execute(["books"], [search()], {"query": "sea"})
    plain = fetch(library, "POST", LIST + "?limit=30")
    assert plain.status == 200 and len(plain.body) > 5000
    return plain


def test_replies_are_packed_for_who_asks(library, long_list):
    assert "content-encoding" not in long_list.headers
    assert long_list.headers["vary"] == "Accept-Encoding"
    codings = {"gzip": "gzip", "gzip;q=0.5, identity;q=0.1": "gzip", "*": "gzip",
               "br, deflate": None, "identity": None, "gzip;q=0": None,
               "gzip;q=0.5, identity": None, "": None}
    if has_zstd():
        codings |= {"zstd": "zstd", "gzip, deflate, br, zstd": "zstd", "zstd;q=0.5, gzip": "gzip"}
    for sent, coding in codings.items():
        reply = fetch(library, "POST", LIST + "?limit=30", {"Accept-Encoding": sent})
        assert reply.headers.get("content-encoding") == coding, sent
        assert reply.headers["vary"] == "Accept-Encoding"
        assert int(reply.headers["content-length"]) == len(reply.body)
        assert unpack(reply) == long_list.body, sent
        if coding:
            assert len(reply.body) < len(long_list.body) / 3


def test_small_replies_are_not_packed_unless_they_must_be(library):
    small = fetch(library, "GET", "/livez", {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers
    forced = fetch(library, "GET", "/livez", {"Accept-Encoding": "gzip, identity;q=0"})
    assert forced.headers["content-encoding"] == "gzip" and unpack(forced) == small.body


def test_each_coding_has_its_own_tag(library):
    library.ok("POST", "/v1/collections/books/documents",
               {"document_id": "long", "text": "word " * 1000})
    path = "/v1/collections/books/documents/long"
    plain = fetch(library, "GET", path)
    packed = fetch(library, "GET", path, {"Accept-Encoding": "gzip"})
    assert plain.headers["etag"] != packed.headers["etag"]
    assert packed.headers["content-encoding"] == "gzip" and unpack(packed) == plain.body
    ask = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]}
    assert fetch(library, "GET", path, ask).status == 304
    assert fetch(library, "GET", path, {**ask, "Accept-Encoding": "identity"}).status == 200


def test_an_event_stream_is_never_packed(library):
    connection = http.client.HTTPConnection("127.0.0.1", library.port, timeout=60)
    connection.request("GET", "/v1/retrievers/executions/tail", headers={
        "Authorization": f"Bearer {KEY}", "Accept-Encoding": "gzip, identity;q=0"})
    response = connection.getresponse()
    assert response.status == 200 and response.getheader("Content-Encoding") is None
    assert response.read(6) == b"retry:"
    connection.close()


def test_an_export_is_packed_by_the_same_rules(library, long_list):
    path = "/v1/retrievers/executions/export?limit=5&trailer=false"
    plain = fetch(library, "POST", path)
    for sent, coding in {"gzip": "gzip", "gzip;q=0.1, identity": None,
                         **({"gzip, zstd": "zstd"} if has_zstd() else {})}.items():
        reply = fetch(library, "POST", path, {"Accept-Encoding": sent})
        assert reply.headers.get("content-encoding") == coding
        assert reply.headers["vary"] == "Accept-Encoding"
        assert unpack(reply) == plain.body
    for switch in ("true", "false"):
        reply = fetch(library, "POST", f"{path}&gzip={switch}", {"Accept-Encoding": "gzip, zstd"})
        assert "content-encoding" not in reply.headers
        body = gzip.decompress(reply.body) if switch == "true" else reply.body
        assert body == plain.body


def test_packing_can_be_turned_off(data_dir):
    server = Server(data_dir, environment={"TRAWL_HTTP_COMPRESS_BYTES_MIN": "0"}).start()
    try:
        reply = fetch(server, "GET", "/openapi.json", {"Accept-Encoding": "gzip"})
        assert reply.status == 200 and "content-encoding" not in reply.headers
    finally:
        assert server.stop() == 0


# HEAD and OPTIONS.

def operations(server):
    """Each path of the API with its methods; parameters are filled in."""
    values = {"namespace": "default", "namespace_id": "default", "collection": "books",
              "document": "moby", "user": "a@example.com"}
    for path, methods in server.ok("GET", "/openapi.json")["paths"].items():
        for name, value in values.items():
            path = path.replace("{" + name + "}", value)
        yield path, {method.upper() for method in methods if method != "parameters"}


def test_options_says_what_a_path_takes_without_a_key(library):
    for path, methods in operations(library):
        reply = fetch(library, "OPTIONS", path, key=None)
        assert reply.status == 204 and reply.body == b"", path
        allowed = set(reply.headers["allow"].split(", "))
        assert allowed == methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()), path
        wrong = ({"GET", "POST", "PUT", "PATCH", "DELETE"} - methods).pop()
        refused = fetch(library, wrong, path, body={})
        if refused.status == 403:  # Known and not offered, so no method of the path either.
            assert b"NotEnabledError" in refused.body
            continue
        assert refused.status == 405, (path, wrong)
        assert refused.headers["allow"] == reply.headers["allow"]
    assert fetch(library, "OPTIONS", "/v1/nowhere", key=None).status == 404
    assert fetch(library, "OPTIONS", "*", key=None).status == 204


def test_head_is_get_without_the_body(library):
    def lasting(reply):
        volatile = ("date", "x-request-id", "x-trawl-cursor", "content-disposition")
        return {name: value for name, value in reply.headers.items() if name not in volatile}

    # What counts requests is another text each time.
    skipped = ("/metrics", "/v1/health")
    for path, methods in operations(library):
        if "GET" not in methods or "{" in path or path.endswith("/tail") or path in skipped:
            continue
        for headers in ({}, {"Accept-Encoding": "gzip"}):
            headers = {**headers, "X-Request-Id": "same"}
            get = fetch(library, "GET", path, headers)
            head = fetch(library, "HEAD", path, headers)
            assert head.body == b"" and head.status == get.status, path
            assert lasting(head) == lasting(get), path
            assert int(head.headers["content-length"]) == len(get.body)
    tail = fetch(library, "HEAD", "/v1/retrievers/executions/tail")
    assert tail.status == 200 and tail.headers["content-type"] == "text/event-stream"


# Errors.

def test_errors_are_problems_where_that_is_asked_for(library):
    for status, kind, reply in [
            (422, "ValidationError", library.list({"statuss": "x"}, headers=PROBLEM)),
            (400, "BadRequestError", library.post(LIST, b"{", headers=PROBLEM)),
            (401, "UnauthorizedError", library.list({}, key="sk_wrong", headers=PROBLEM)),
            (404, "NotFoundError", library.get("/v1/collections/nosuch/documents?search=secret",
                                               headers=PROBLEM)),
            (405, "MethodNotAllowedError", library.get(LIST, headers=PROBLEM)),
            (409, "AlreadyExistsError", library.post(
                "/v1/collections", {"collection_name": "books"}, headers=PROBLEM))]:
        assert reply.status == status, reply
        assert reply.headers["content-type"] == "application/problem+json"
        problem = reply.json
        assert problem["status"] == status and problem["error_type"] == kind
        assert problem["type"] == "urn:trawl:error:" + kind
        assert problem["title"] and problem["detail"]
        assert problem["instance"].startswith("/v1/") and "secret" not in reply.text
        assert problem["request_id"] == reply.headers["x-request-id"]
        assert ("validation_errors" in problem) == (status == 422)
    for accept in ("application/json", "*/*", "application/json, application/problem+json;q=0.5"):
        reply = library.list({"statuss": "x"}, headers={"Accept": accept})
        assert reply.json["success"] is False
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["vary"] == "Accept, Accept-Encoding"
    both = library.list({"statuss": "x"}, headers={"Accept": "application/json, " +
                                                   PROBLEM["Accept"]})
    assert both.json["error_type"] == "ValidationError"
    # What went well has no other form.
    assert library.list({}, headers=PROBLEM).headers["content-type"] == "application/json"


# Limits.

def make_key(server, name, **fields):
    return server.ok("POST", KEYS, {"name": name, **fields})


def test_a_limited_key_is_told_and_then_refused(server):
    made = make_key(server, "slow", rate_limit_override=1, rate_limit_burst=3)
    assert made["rate_limit_override"] == 1 and made["rate_limit_burst"] == 3
    key = made["key"]
    for left in (2, 1, 0):
        now = time.time()
        reply = server.list({}, key=key)
        assert reply.status == 200
        assert reply.headers["x-ratelimit-limit"] == "1"
        assert reply.headers["x-ratelimit-window"] == "60"
        assert reply.headers["x-ratelimit-remaining"] == str(left)
        # One more minute for each that is missing.
        wait = int(reply.headers["x-ratelimit-reset"]) - now
        assert 60 * (3 - left) - 60 <= wait <= 60 * (3 - left) + 60
    refused = server.list({}, key=key)
    assert refused.status == 429, refused
    body = refused.json
    assert body["success"] is False and body["error"]["type"] == "TooManyRequestsError"
    details = body["error"]["details"]
    assert details["limit"] == 1 and details["window"] == 60
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 60
    assert details["retry_after"] == details["retry_after_seconds"] == wait
    assert refused.headers["x-ratelimit-remaining"] == "0"
    problem = server.list({}, key=key, headers=PROBLEM)
    assert problem.status == 429 and problem.json["details"]["limit"] == 1
    # It is counted by the key, not by the client, and survives a restart.
    free = server.list({})
    assert free.status == 200 and "x-ratelimit-limit" not in free.headers
    assert "x-ratelimit-limit" not in server.get("/v1/health", key=key).headers
    assert server.stop() == 0
    server.start()
    assert server.list({}, key=key).headers["x-ratelimit-remaining"] == "2"


def test_what_is_refused_counts_too(library):
    key = make_key(library, "refused", permissions=["read"], rate_limit_override=2)["key"]
    forbidden = library.post("/v1/collections", {"name": "abc"}, key=key)
    assert forbidden.status == 403 and forbidden.headers["x-ratelimit-remaining"] == "1"
    missing = library.get("/v1/collections/nosuch", key=key)
    assert missing.status == 404 and missing.headers["x-ratelimit-remaining"] == "0"
    assert library.get("/v1/collections/nosuch", key=key).status == 429
    # Without a key there is nothing to count by.
    assert library.list({}, key="sk_wrong").status == 401


def test_limits_are_changed(library):
    made = make_key(library, "changing", rate_limit_override=1)
    assert made["rate_limit_burst"] == 1
    key, path = made["key"], KEYS + "/changing"
    assert library.list({}, key=key).status == 200
    assert library.list({}, key=key).status == 429
    changed = library.ok("PATCH", path, {"rate_limit_override": 600, "rate_limit_burst": 50})
    assert (changed["rate_limit_override"], changed["rate_limit_burst"]) == (600, 50)
    assert "key" not in changed
    assert library.list({}, key=key).headers["x-ratelimit-remaining"] == "49"
    assert library.ok("PATCH", path, {"rate_limit_burst": 5})["rate_limit_override"] == 600
    freed = library.ok("PATCH", path, {"rate_limit_override": None})
    assert freed["rate_limit_override"] is None and freed["rate_limit_burst"] is None
    assert "x-ratelimit-limit" not in library.list({}, key=key).headers
    changed = library.ok("PATCH", path, {"description": "for tests", "permissions": ["write"],
                                         "expires_at": "2999-01-01T00:00:00Z", "name": "renamed"})
    assert changed["description"] == "for tests" and changed["permissions"] == ["write"]
    assert changed["expires_at"].startswith("2999") and changed["name"] == "renamed"
    assert library.request("PATCH", path, {"description": "x"}).status == 404
    assert library.post("/v1/collections", {"collection_name": "abc"}, key=key).status == 200
    library.ok("DELETE", KEYS + "/renamed")
    assert library.request("PATCH", KEYS + "/renamed", {}).status == 404


def test_a_key_has_a_weight(library):
    path = KEYS + "/weighed"
    assert make_key(library, "weighed", weight=300)["weight"] == 300
    assert make_key(library, "unweighed")["weight"] == 100
    assert library.ok("PATCH", path, {"weight": 20})["weight"] == 20
    assert library.ok("PATCH", path, {"description": "as before"})["weight"] == 20
    assert library.ok("PATCH", path, {"weight": None})["weight"] == 100
    library.ok("DELETE", path)
    library.ok("DELETE", KEYS + "/unweighed")


@pytest.mark.parametrize("body, location", [
    ({"weight": 0}, "weight"),
    ({"weight": 10_001}, "weight"),
    ({"weight": 1.5}, "weight"),
    ({"weight": "100"}, "weight"),
    ({"rate_limit_override": -1}, "rate_limit_override"),
    ({"rate_limit_override": 1.5}, "rate_limit_override"),
    ({"rate_limit_override": "60"}, "rate_limit_override"),
    ({"rate_limit_override": 10 ** 9}, "rate_limit_override"),
    ({"rate_limit_burst": 5}, "rate_limit_burst"),
    ({"rate_limit_override": 0, "rate_limit_burst": 5}, "rate_limit_burst"),
    ({"rate_limit_override": 60, "rate_limit_burst": 0}, "rate_limit_burst"),
    ({"permissions": []}, "permissions"),
    ({"permissions": ["root"]}, "permissions"),
    ({"name": ""}, "name"),
    ({"status": "revoked"}, "status"),
    ({"expires_at": "soon"}, "expires_at")])
def test_bad_changes_of_keys(library, body, location):
    keys = library.ok("GET", KEYS)["results"]
    if not any(row["name"] == "victim" for row in keys):
        make_key(library, "victim")
    before = [row for row in library.ok("GET", KEYS)["results"] if row["name"] == "victim"]
    reply = library.request("PATCH", KEYS + "/victim", body)
    assert reply.status == 422, reply
    assert reply.json["error"]["details"]["validation_errors"][0]["location"] == location
    if location != "status":
        assert library.post(KEYS, {"name": "never", **body}).status == 422
    after = [row for row in library.ok("GET", KEYS)["results"] if row["name"] == "victim"]
    assert after == before
    reader = make_key(library, f"reader {time.time_ns()}", permissions=["delete"])["key"]
    assert library.request("PATCH", KEYS + "/victim", {}, key=reader).status == 403


def test_a_limit_for_all_keys(data_dir):
    server = Server(data_dir, environment={"TRAWL_KEYS_REQUESTS_PER_MINUTE": "60",
                                           "TRAWL_KEYS_BURST": "100"}).start()
    try:
        assert server.list({}).headers["x-ratelimit-limit"] == "60"
        own = make_key(server, "own", rate_limit_override=5)["key"]
        assert server.list({}, key=own).headers["x-ratelimit-limit"] == "5"
        free = make_key(server, "free", rate_limit_override=0)["key"]
        assert "x-ratelimit-limit" not in server.list({}, key=free).headers
    finally:
        assert server.stop() == 0


def test_the_command_line_sets_limits(library):
    def run(*arguments):
        done = subprocess.run(
            [BINARY, "keys", *arguments], capture_output=True, text=True, timeout=60,
            env={"PATH": os.environ["PATH"], "TRAWL_URL": f"http://127.0.0.1:{library.port}",
                 "TRAWL_API_KEY": KEY})
        assert done.returncode == 0, done.stderr
        return done.stdout

    made = json.loads(run("create", "limited", "--rate-limit", "60", "--burst", "10"))
    assert (made["rate_limit_override"], made["rate_limit_burst"]) == (60, 10)
    changed = json.loads(run("update", "limited", "--rate-limit", "5"))
    assert (changed["rate_limit_override"], changed["rate_limit_burst"]) == (5, 5)
    assert "LIMIT/MIN" in run("list", "-o", "table")
    assert json.loads(run("update", "limited", "--default-rate-limit"))[
        "rate_limit_override"] is None


# Other pages.

def test_other_pages_may_not_call_by_default(library):
    page = {"Origin": "https://app.example.com"}
    preflight = fetch(library, "OPTIONS", LIST, {**page, "Access-Control-Request-Method": "POST"},
                      key=None)
    assert preflight.status == 204
    reply = fetch(library, "POST", LIST, page)
    for name in (*preflight.headers, *reply.headers):
        assert not name.startswith("access-control-")


def test_pages_that_are_named_may_call(data_dir, tmp_path):
    config = tmp_path / "trawl.toml"
    config.write_text('[http]\ncors_origins = ["https://app.example.com", "http://localhost:5173"]\n')
    server = Server(data_dir, ["--config", str(config)]).start()
    try:
        page = {"Origin": "http://localhost:5173"}
        preflight = fetch(server, "OPTIONS", LIST, {
            **page, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-namespace"}, key=None)
        assert preflight.status == 204
        assert preflight.headers["access-control-allow-origin"] == page["Origin"]
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert "authorization" in preflight.headers["access-control-allow-headers"]
        assert preflight.headers["vary"] == "Origin"
        for key in (KEY, "sk_wrong"):
            reply = fetch(server, "POST", LIST, page, key=key)
            assert reply.headers["access-control-allow-origin"] == page["Origin"]
            assert "X-Request-Id" in reply.headers["access-control-expose-headers"]
            assert "Origin" in reply.headers["vary"]
            assert "access-control-allow-credentials" not in reply.headers
        other = fetch(server, "POST", LIST, {"Origin": "https://evil.example.com"})
        assert other.status == 200 and "access-control-allow-origin" not in other.headers
        assert "Origin" in other.headers["vary"]
    finally:
        assert server.stop() == 0


def test_bad_origins_do_not_start(tmp_path):
    refused = subprocess.run(
        [BINARY, "serve", "--data-dir", str(tmp_path / "d"), "--listen", "127.0.0.1:0"],
        capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "TRAWL_HTTP_CORS_ORIGINS": "app.example.com"})
    assert refused.returncode == 2 and "https://app.example.com" in refused.stderr
