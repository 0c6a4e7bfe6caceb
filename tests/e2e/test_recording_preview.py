"""What a recording policy would keep of some inputs, before anybody sets it."""

import json

import pytest
from conftest import BOOKS, Server, search
from test_redaction import INPUTS, RECORDING, SECRETS, files_of

NAMESPACE = "/v1/namespaces/default"
PREVIEW = f"{NAMESPACE}/recording/preview"
KEYS = "/v1/organizations/users/ada@example.org/api-keys"


def preview(server, inputs, policy=None, **options):
    body = {"inputs": inputs} if policy is None else {"policy": policy, "inputs": inputs}
    return server.ok("POST", PREVIEW, body, **options)


@pytest.fixture(name="books")
def fixture_books(server):
    server.make_collection("books", BOOKS)
    return server


def recorded_inputs(server, inputs):
    reply = server.execute(["books"], [search("sea")], inputs)
    record = server.ok("GET", f"/v1/retrievers/executions/{reply.json['execution_id']}")
    return None if record["inputs"] is None else json.loads(record["inputs"])


@pytest.mark.parametrize("policy", [
    {}, RECORDING, {"mode": "summary"}, {"mode": "summary", "redact": RECORDING["redact"]},
    {"redact": [{"field": "user", "action": "drop"}]},
    {"redact": [{"field": "user.*", "action": "hash"}, {"field": "id", "action": "drop"}]},
    {"redact": [{"pattern": "(?i)[a-z]+", "action": "mask"}]},
])
def test_it_is_what_a_record_then_has(books, policy):
    shown = preview(books, INPUTS, policy)
    before = books.ok("GET", NAMESPACE)["recording"]
    assert before == {"mode": "full", "redact": []}  # Nothing was set.
    assert books.list().json["total"] == 0  # And nothing recorded.
    set_to = books.ok("PATCH", NAMESPACE, {"recording": policy})["recording"]
    assert shown["recording"] == set_to
    assert shown["inputs"] == recorded_inputs(books, INPUTS)
    # Without one, it is that of the namespace.
    assert preview(books, INPUTS) == shown


def test_the_changes_are_named_by_their_places(server):
    shown = preview(server, INPUTS, RECORDING)
    changes = {each["path"]: each for each in shown["changes"]}
    assert set(changes) == {"/query", "/user/email", "/user/name", "/token"}
    assert changes["/token"] == {"path": "/token", "change": "dropped"}
    assert changes["/user/name"] == {"path": "/user/name", "change": "replaced", "kept": "***"}
    assert changes["/user/email"]["kept"].startswith("sha256:")
    assert not any(secret in json.dumps(shown) for secret in SECRETS)
    named = preview(server, {"card 1234": 1},
                    {"redact": [{"pattern": "[0-9]{4}", "action": "mask"}]})
    assert named["changes"] == [{"path": "/card 1234", "change": "dropped"},
                                {"path": "/card ***", "change": "added", "kept": 1}]
    assert preview(server, INPUTS, {})["changes"] == []
    summary = preview(server, INPUTS, {"mode": "summary"})
    assert summary["inputs"] is None and summary["changes"] == []


def test_many_changes_are_cut_short(server):
    shown = preview(server, {f"k{i}": "secret" for i in range(300)},
                    {"redact": [{"pattern": "secret", "action": "mask"}]})
    assert len(shown["changes"]) == 200 and shown["changes_truncated"]
    assert set(shown["inputs"].values()) == {"***"}


@pytest.mark.parametrize("policy", [
    {"mode": "sumary"},
    {"redacts": []},
    {"redact": [{"field": "a", "action": "hide"}]},
    {"redact": [{"field": "a..b", "action": "mask"}]},
    {"redact": [{"pattern": "(", "action": "mask"}]},
    {"redact": [{"pattern": "a*", "action": "mask"}]},
    {"redact": [{"pattern": "a", "action": "drop"}]},
    {"redact": [{"action": "mask"}]},
    {"redact": [{"field": "a", "pattern": "b", "action": "mask"}]},
    {"redact": [{"field": "a", "action": "mask", "when": "always"}]},
    {"redact": [{"field": "a", "action": "mask"}] * 65},
    {"redact": "all"},
    "full",
])
def test_a_bad_policy_gets_the_error_of_setting_it(server, policy):
    tried = server.post(PREVIEW, {"policy": policy, "inputs": {}})
    refused = server.request("PATCH", NAMESPACE, {"recording": policy})
    assert tried.status == refused.status == 422, tried

    def error(reply, name):
        text = json.dumps({**reply.json["error"], "detail": None})
        return text.replace(f"{name}.", "NAME.").replace(f"{name} ", "NAME ") \
            .replace(f'"{name}"', '"NAME"')

    assert error(tried, "policy") == error(refused, "recording")


@pytest.mark.parametrize("body,location", [
    ({}, "inputs"), ({"inputs": None}, "inputs"), ({"inputs": "x"}, "inputs"),
    ({"inputs": [1]}, "inputs"), ({"inputs": {}, "polcy": {}}, "polcy"),
])
def test_what_is_no_trial_is_refused(server, body, location):
    reply = server.post(PREVIEW, body)
    assert reply.status == 422, reply
    assert reply.json["error"]["details"]["validation_errors"][0]["location"] == location


def test_it_is_for_those_who_may_set_it(server):
    server.ok("POST", "/v1/namespaces", {"namespace_name": "other"})

    def key(name, **fields):
        return server.ok("POST", KEYS, {"name": name, **fields})["key"]

    for permission in ("read", "write", "delete"):
        reply = server.post(PREVIEW, {"inputs": {}}, key=key(permission, permissions=[permission]))
        assert reply.status == 403 and "admin" in reply.json["error"]["message"], reply
    confined = key("confined", permissions=["admin"], namespace_id="other")
    assert server.post(PREVIEW, {"inputs": {}}, key=confined).status == 404
    assert server.post(PREVIEW.replace("default", "other"), {"inputs": {}},
                       key=confined).status == 200
    assert server.post(PREVIEW, {"inputs": {"x": "y" * 600_000}}).status == 413


def test_what_was_tried_is_nowhere(data_dir):
    server = Server(data_dir, environment={"TRAWL_LOG_LEVEL": "debug"}).start()
    preview(server, {"query": "unheard-of-words"}, RECORDING)
    assert server.stop() == 0
    assert "unheard-of-words" not in "".join(server.log)
    for path, content in files_of(data_dir):
        assert b"unheard-of-words" not in content, path
