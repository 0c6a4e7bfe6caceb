"""GET /v1/whoami: what a key learns of itself, and that it is what the server enforces."""

import pytest

from conftest import KEY, Server

KEYS = "/v1/organizations/users/u/api-keys"
PERMISSIONS = ("read", "write", "delete", "admin")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("whoami") / "data").start()
    server.ok("POST", "/v1/namespaces", {"namespace_name": "own"})
    yield server
    assert server.stop() == 0


def make_key(server, name, **fields):
    return server.ok("POST", KEYS, {"name": name, **fields})


def test_a_key_learns_what_it_is(served):
    made = make_key(served, "full", permissions=["read", "delete"], namespace_id="own",
                    rate_limit_override=60, rate_limit_burst=10, weight=7,
                    expires_at="2099-12-31T00:00:00Z")
    own = served.ok("GET", "/v1/namespaces/own")["namespace_id"]
    reply = served.get("/v1/whoami", key=made["key"])
    may = reply.json.pop("may")
    assert {name for name, allowed in may.items() if allowed} == {
        "read", "write", "delete", "change_retention"}
    told = reply.json
    del told["may"]
    assert told == {
        "key_id": made["key_id"], "name": "full", "user_id": "u",
        "permissions": ["read", "delete"],
        "namespace": {"namespace_id": own, "namespace_name": "own"},
        "limits": {"requests_per_minute": 60, "burst": 10, "weight": 7,
                   "request_ms_max": 60000},
        "created_at": made["created_at"], "expires_at": made["expires_at"]}
    assert reply.headers["x-ratelimit-remaining"] == "9"
    # Neither the secret nor its hash, which no page needs.
    assert made["key"] not in reply.text and made["key_hash"] not in reply.text


def test_the_limit_of_the_server_counts_where_a_key_has_none(tmp_path):
    environment = {"TRAWL_KEYS_REQUESTS_PER_MINUTE": "500",
                   "TRAWL_LIMITS_REQUEST_MS_MAX": "0"}
    server = Server(tmp_path / "data", environment=environment).start()
    own = make_key(server, "own", permissions=["read"], rate_limit_override=0)
    assert server.ok("GET", "/v1/whoami")["limits"] == {
        "requests_per_minute": 500, "burst": 500, "weight": 100, "request_ms_max": None}
    limits = server.ok("GET", "/v1/whoami", key=own["key"])["limits"]
    assert limits["requests_per_minute"] is None and limits["burst"] is None
    assert server.stop() == 0


def attempts(server, key, namespace):
    """What each right stands for, tried; a right that is missing is 403."""
    scoped = {"key": key, "headers": {"X-Namespace": namespace}}
    yield "read", server.list({}, **scoped)
    yield "write", server.post("/v1/collections", {"collection_name": f"c{key[-6:]}"}, **scoped)
    yield "delete", server.post("/v1/retrievers/executions/delete", {"status": "failed"},
                                **scoped)
    yield "admin", server.post("/v1/vacuum", key=key)
    yield "manage_keys", server.get(KEYS, key=key)
    yield "create_namespaces", server.post("/v1/namespaces", {"namespace_name": f"n{key[-6:]}"},
                                           key=key)
    # Not there, for those who may enter any; a confined one may not even try its own.
    yield "delete_namespaces", server.request(
        "DELETE", f"/v1/namespaces/{namespace if namespace != 'default' else 'none'}", key=key)
    path = f"/v1/namespaces/{namespace}"
    yield "change_recording", server.request("PATCH", path, {"recording": {}}, key=key)
    yield "change_retention", server.request("PATCH", path, {"retention": {}}, key=key)


@pytest.mark.parametrize("namespace", ["default", "own"])
@pytest.mark.parametrize("permission", PERMISSIONS)
def test_what_a_key_may_is_what_it_is_let(served, permission, namespace):
    confined = {"namespace_id": namespace} if namespace == "own" else {}
    key = make_key(served, f"{permission}-{namespace}", permissions=[permission],
                   **confined)["key"]
    told = served.ok("GET", "/v1/whoami", key=key)["may"]
    tried = {name: reply.status != 403 for name, reply in attempts(served, key, namespace)}
    assert told == tried


def test_only_keys_that_are_good_may_ask(served):
    made = make_key(served, "short", permissions=["read"])
    assert served.ok("GET", "/v1/whoami", key=made["key"])["name"] == "short"
    assert served.request("DELETE", f"{KEYS}/short").status == 200
    for key in (made["key"], "sk_unknown_key", None):
        assert served.get("/v1/whoami", key=key).status == 401
    assert served.get("/v1/whoami?name=x").status == 422


def test_a_key_of_a_deleted_namespace_still_learns_what_it_is(served):
    ns = served.ok("POST", "/v1/namespaces", {"namespace_name": "brief"})["namespace_id"]
    made = make_key(served, "left", permissions=["admin"], namespace_id="brief")
    assert served.request("DELETE", "/v1/namespaces/brief?force=true").status == 200
    told = served.ok("GET", "/v1/whoami", key=made["key"])
    assert told["namespace"] == {"namespace_id": ns, "namespace_name": None}
    assert served.ok("GET", "/v1/whoami", key=KEY)["namespace"] is None
