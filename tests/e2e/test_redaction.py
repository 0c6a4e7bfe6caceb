"""What a namespace redacts is nowhere: not in the data directory, not in the log."""

import json
import os
import re
import socket
import stat
import time

from conftest import BOOKS, KEY, Server, search, stage
from test_long_runs import send_and_leave_open, slow, wait_for  # noqa: F401, a fixture

EMAIL = "alice.secret@example.com"
TOKEN = "tok-5up3r53cr3t"
CARD = "4929-1234-5678-9012"
NAME = 'Zebulon "Zeb" Quux\nthe first'
SECRETS = [EMAIL, TOKEN, CARD, "Zebulon", "Quux", "5up3r"]

RECORDING = {
    "mode": "full",
    "redact": [
        {"field": "user.email", "action": "hash"},
        {"field": "token", "action": "drop"},
        {"field": "*.name", "action": "mask"},
        {"pattern": "[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{4}", "action": "mask"},
        {"pattern": r"tok-\w+", "action": "hash"},
    ],
}
INPUTS = {
    "query": f"sea {CARD} for {EMAIL}",
    "user": {"email": EMAIL, "name": NAME, "id": 7},
    "token": TOKEN,
}


def files_of(directory):
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                yield path, file.read()


def records_of(server):
    """Every record as it is read back, since a file may hold it compressed."""
    for row in server.list({}, "?limit=1000").json["results"]:
        path = f"/v1/retrievers/executions/{row['execution_id']}"
        yield path, (json.dumps(row) + server.get(path).text).encode()


def leaks(server):
    """Where a secret stands: files of the data directory, records, lines of the log."""
    found = []
    # As raw text, as JSON escapes it, and as UTF-16 for good measure.
    wanted = {form for secret in SECRETS for form in
              (secret.encode(), json.dumps(secret)[1:-1].encode(), secret.encode("utf-16-le"))}
    places = list(files_of(server.data_dir))
    if server.process is not None:
        places += records_of(server)
    for path, content in places:
        found += [f"{path}: {form!r}" for form in wanted if form in content]
    found += [line for line in server.log for secret in SECRETS if secret in line]
    return found


def run_with_secrets(server, **fields):
    """One execution that completes and two that fail quoting a secret; their ids."""
    labels = {"team": "search", "card": CARD}
    ids = []
    done = server.execute(["books"], [search(), stage("limit", limit=2)], INPUTS,
                          labels=labels, **fields).json
    assert done["status"] == "completed" and done["documents"]
    ids.append(done["execution_id"])
    # A literal in the pipeline, quoted by the query summary where there are no inputs.
    literal = server.execute(["books"], [search(query=f"sea {CARD}")], {}, **fields).json
    assert literal["status"] == "completed"
    ids.append(literal["execution_id"])
    for value in ("{{INPUT.user.email}}", "{{INPUT.user.name}}", "{{INPUT.query}}"):
        bad = server.execute(
            ["books"],
            [search(), stage("attribute_filter", field="title", operator="regex",
                             value=f"({value}")],
            INPUTS, labels=labels, **fields).json
        assert bad["status"] == "failed", bad
        ids.append(bad["execution_id"])
    return ids


def imported(secret_inputs, number, **fields):
    return {"execution_id": f"exec_imported_{number}", "status": "failed",
            "timestamp": f"2026-01-0{number}T00:00:00Z", "inputs": secret_inputs,
            "error": f"cannot mail {EMAIL}", **fields}


def import_secrets(server):
    lines = [
        imported(json.dumps(INPUTS), 1, query_summary=f"sea {CARD} for {EMAIL}"),
        imported(INPUTS, 2, stages=[{"stage_name": "s", "error": f"no {EMAIL}",
                                     "warnings": [f"'{EMAIL[:12]}…'"],
                                     "metadata": {"seen": [EMAIL, {CARD: TOKEN}]}}]),
        imported(f"no JSON: {EMAIL} {NAME}", 3, query_summary=f"{EMAIL}"),
        imported('{"a": "' + CARD + '", "a": "x", "user": {"email": "\\u0061lice.secret@example.com"}}', 4),
        {"execution_id": "exec_imported_5", "status": "completed",
         "timestamp": "2026-01-05T00:00:00Z", "query_summary": f"mail {EMAIL}",
         "inputs_hash": "0" * 40, "labels": {"t": TOKEN}},
    ]
    report = server.ok("POST", "/v1/retrievers/executions/import",
                       "\n".join(json.dumps(line) for line in lines))
    assert report["imported_count"] == len(lines), report


def show(server, execution_id):
    return server.ok("GET", f"/v1/retrievers/executions/{execution_id}")


def test_no_redacted_value_reaches_the_disk_or_the_log(data_dir):
    # Started rows are written too, so wait for nothing: every write goes at once.
    server = Server(data_dir, ["--log-level", "debug"]).start()
    server.make_collection("books", BOOKS)
    changed = server.ok("PATCH", "/v1/namespaces/default", {"recording": RECORDING})
    assert changed["recording"] == RECORDING
    ids = run_with_secrets(server)
    import_secrets(server)
    assert leaks(server) == []

    record = show(server, ids[0])
    inputs = json.loads(record["inputs"])
    hashed = inputs["user"]["email"]
    assert re.fullmatch(r"sha256:[0-9a-f]{16}", hashed)
    assert inputs["user"] == {"email": hashed, "name": "***", "id": 7}
    assert "token" not in inputs
    assert inputs["query"] == f"sea *** for {hashed}"
    assert record["query_summary"] == inputs["query"]
    assert record["labels"] == {"team": "search", "card": "***"}
    assert record["results"] and record["stages"][0]["candidates"]
    assert show(server, ids[1])["query_summary"] == "sea ***"
    failed = show(server, ids[2])
    assert failed["status"] == "failed" and failed["failed_stage"] == "attribute_filter"
    # Equal values stay comparable, also between what ran here and what was imported.
    assert json.loads(failed["inputs"])["user"]["email"] == hashed
    assert json.loads(show(server, "exec_imported_2")["inputs"])["user"]["email"] == hashed
    assert show(server, "exec_imported_3")["inputs"] == '"***"'
    assert show(server, "exec_imported_5")["query_summary"] is None

    assert server.stop() == 0
    assert leaks(server) == []
    server.start()
    run_with_secrets(server)
    assert json.loads(show(server, ids[0])["inputs"])["user"]["email"] == hashed
    listed = server.list({}, "?limit=100").text
    assert not any(secret in listed for secret in SECRETS)
    again = server.execute(["books"], [search()], INPUTS).json["execution_id"]
    assert json.loads(show(server, again)["inputs"])["user"]["email"] == hashed
    server.kill()
    assert leaks(server) == []
    server.start()
    assert leaks(server) == []
    assert server.stop() == 0


def test_a_run_that_never_ended_leaves_no_secret_either(slow):
    slow.ok("PATCH", "/v1/namespaces/default", {"recording": {
        "redact": [{"field": "query", "action": "mask"}]}})
    with send_and_leave_open(slow):
        row = wait_for(slow, "processing")
        assert row["query_summary"] == "***"
        slow.kill()
    assert not [path for path, content in files_of(slow.data_dir) if b"slow one" in content]
    slow.start()
    shown = show(slow, row["execution_id"])
    assert shown["error"].startswith("interrupted") and shown["inputs"] == '{"query":"***"}'
    assert not [path for path, content in files_of(slow.data_dir) if b"slow one" in content]


def test_without_a_policy_the_secrets_are_there(data_dir):
    """The search for leaks finds each of them: the test above means something."""
    server = Server(data_dir, ["--log-level", "debug"]).start()
    server.make_collection("books", BOOKS)
    run_with_secrets(server)
    import_secrets(server)
    found = "\n".join(leaks(server))
    assert all(secret in found for secret in SECRETS), found
    assert server.stop() == 0


def test_the_reply_is_not_redacted(server):
    server.make_collection("books", BOOKS)
    server.ok("PATCH", "/v1/namespaces/default", {"recording": RECORDING})
    reply = server.execute(
        ["books"], [search(), stage("attribute_filter", field="title", operator="regex",
                                    value="({{INPUT.user.email}}")], INPUTS)
    assert EMAIL in reply.json["error"]


def test_the_key_of_hashes_is_private_and_stays(data_dir):
    server = Server(data_dir).start()
    path = os.path.join(data_dir, "recording.key")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path) as file:
        key = file.read()
    assert re.fullmatch(r"[0-9a-f]{64}\n", key)
    assert server.stop() == 0
    server.start()
    with open(path) as file:
        assert file.read() == key
    assert server.stop() == 0
    with open(path, "w") as file:
        file.write("short\n")
    try:
        server.start()
    except RuntimeError as error:
        assert "recording.key" in str(error)
    else:
        raise AssertionError("a damaged key was accepted")


def test_summary_of_a_request_and_of_a_namespace(server):
    server.make_collection("books", BOOKS)

    def run(**fields):
        reply = server.execute(["books"], [search()], {"query": "sea whale"}, **fields).json
        return show(server, reply["execution_id"])

    full = run()
    assert json.loads(full["inputs"]) == {"query": "sea whale"}
    by_request = run(recording="summary")
    server.ok("PATCH", "/v1/namespaces/default", {"recording": {"mode": "summary"}})
    by_namespace = run()
    # A request cannot ask for more than its namespace allows.
    never_looser = run(recording="full")
    for record in (by_request, by_namespace, never_looser):
        assert record["inputs"] is None and record["query_summary"] is None
        assert record["pipeline"] is None and record["results"] == []
        assert record["inputs_hash"] == full["inputs_hash"]
        assert record["fingerprint"] == full["fingerprint"]
        assert record["total_returned"] == full["total_returned"] > 0
        (step,) = record["stages"]
        assert step["candidates"] == [] and step["candidates_truncated"]
        assert step["metadata"] == {}
        assert step["output_count"] == full["stages"][0]["output_count"]
    server.ok("PATCH", "/v1/namespaces/default", {"recording": {}})
    assert run()["inputs"] == full["inputs"]
    refused = server.execute(["books"], [search()], {"query": "sea"}, recording="none")
    assert refused.status == 422


def test_policies_are_checked_and_guarded(server):
    for recording, location in [
        ({"mode": "off"}, ["body", "recording", "mode"]),
        ({"redact": [{"field": "a", "action": "blur"}]},
         ["body", "recording", "redact", 0, "action"]),
        ({"redact": [{"pattern": "(", "action": "mask"}]},
         ["body", "recording", "redact", 0, "pattern"]),
        ({"redacted": []}, ["body", "recording", "redacted"]),
    ]:
        for method, path in (("PATCH", "/v1/namespaces/default"), ("POST", "/v1/namespaces")):
            name = {"namespace_name": "default2"} if method == "POST" else {}
            reply = server.request(method, path, {**name, "recording": recording})
            assert reply.status == 422, reply
            assert reply.json["detail"][0]["loc"] == location
    shown = server.ok("GET", "/v1/namespaces/default")
    assert shown["recording"] == {"mode": "full", "redact": []} and shown["retention"] == {}
    made = server.ok("POST", "/v1/namespaces", {"namespace_name": "made", "recording": RECORDING,
                                                "retention": {"max_age": 3600}})
    assert made["recording"] == RECORDING and made["retention"] == {"max_age": "1h"}
    key = server.ok("POST", "/v1/organizations/users/u/api-keys",
                    {"name": "w", "permissions": ["write"]})["key"]
    for body in ({"recording": {}}, {"retention": {}}):
        assert server.request("PATCH", "/v1/namespaces/default", body, key=key).status == 403
    assert server.request("PATCH", "/v1/namespaces/default", {"description": "d"},
                          key=key).status == 200


def test_labels(server):
    server.make_collection("books", BOOKS)
    body = {"collection_identifiers": ["books"], "stages": [search()],
            "inputs": {"query": "sea"}, "labels": {"team": "search", "note": "a, b"}}
    reply = server.post("/v1/retrievers/execute", body,
                        headers={"X-Trawl-Labels": "team=ads,env=prod%2Ceu"})
    assert reply.status == 200, reply
    assert show(server, reply.json["execution_id"])["labels"] == {
        "team": "search", "note": "a, b", "env": "prod,eu"}
    body["labels"] = {"a b": "x"}
    refused = server.post("/v1/retrievers/execute", body)
    assert refused.status == 422 and "'a b'" in refused.json["error"]["message"]
    body["labels"] = {f"k{i}": "v" for i in range(17)}
    assert server.post("/v1/retrievers/execute", body).status == 422


# No number, time, hash or id of a record can hold any of these.
PASSWORD = "Tr0ub4dor&3"
PIN = "9#7"
CVV = 8675309123868


def test_no_form_of_a_redacted_value_is_recorded(data_dir):
    """Whatever a template makes of it, and whatever a library says of that."""
    server = Server(data_dir, ["--log-level", "debug"]).start()
    server.make_collection("books", BOOKS)
    server.ok("PATCH", "/v1/namespaces/default", {"recording": {"redact": [
        {"field": "password", "action": "mask"}, {"field": "pin", "action": "drop"},
        {"field": "who", "action": "drop"}, {"field": "vip", "action": "mask"}]}})
    inputs = {"password": PASSWORD, "pin": PIN, "who": {"bob@example.com": {"cvv_code": CVV}},
              "vip": True, "n": 7}

    def run(*stages, sent=inputs, **fields):
        reply = server.execute(["books"], list(stages), sent, **fields).json
        return reply, show(server, reply["execution_id"])

    def filter_by(value, **more):
        return stage("attribute_filter", field="title", operator="regex", value=value, **more)

    forms = ["({{INPUT.password | lower}}", "({{INPUT.password | upper}}",
             "({{INPUT.password + 'x'}}", "({{INPUT.password | tojson}}", "({{INPUT}}",
             "({{INPUT.who}}", "({{INPUT.pin}}", "[z-{{INPUT.password}}]",
             "(?P<{{INPUT.password}}>x)", "x{{INPUT.pin}}**", "({{[1] if 0 else INPUT.password}}"]
    seen = 0
    for form in forms:
        reply = server.execute(["books"], [filter_by(form)], inputs)
        if reply.status == 422:
            continue
        seen += 1
        reply = reply.json
        record = show(server, reply["execution_id"])
        text = json.dumps(record).lower()
        assert reply["status"] == record["status"] == "failed", form
        for secret in ("tr0ub", "r&3", PIN, "bob", "cvv_", str(CVV)):
            assert secret not in text, (form, secret, text)
        assert record["failed_stage"] == "attribute_filter"
        assert "not recorded" in record["error"] and PASSWORD.lower() not in text
    assert seen >= 9
    # The collection that a template names, and what a stage counts, are such words as well.
    _, record = run(stage("attribute_filter", field="title", operator="exists", value=True,
                          collection_identifiers=["{{INPUT.password | lower}}"]))
    assert "tr0ub" not in json.dumps(record)
    _, record = run(search("sea"), stage("group_by", group_by_field="{{INPUT.password}}"))
    assert "Tr0ub" not in json.dumps(record)
    # A stage that no redacted input was filled into says what it says, and so does the runner.
    _, record = run(search("sea"), filter_by("({{INPUT.n}}"))
    assert "regular expression" in record["error"] and "(7" in record["error"]
    _, record = run(search("{{INPUT.password}}"), budget_limits={"max_credits": 0})
    assert record["error"].startswith("budget exhausted")
    # The summary is that of the inputs that are left.
    assert run(search("sea"))[1]["query_summary"] == "***"
    short = {"pin": PIN, "who": {"bob": 1}, "n": 7}
    assert run(search("sea"), sent=short)[1]["query_summary"] == '{"n":7}'
    server.ok("PATCH", "/v1/namespaces/default", {"recording": {"mode": "summary"}})
    _, record = run(filter_by("({{INPUT.password | lower}}"))
    assert "tr0ub" not in json.dumps(record).lower()
    assert server.stop() == 0
    assert not [line for line in server.log if "tr0ub" in line.lower()]
    assert not [path for path, content in files_of(data_dir) if b"tr0ub" in content.lower()]


def test_an_import_into_a_namespace_that_is_gone_keeps_no_text(data_dir):
    """After a restart nobody remembers what policy it had."""
    server = Server(data_dir).start()
    server.ok("POST", "/v1/namespaces", {"namespace_name": "gone", "recording": RECORDING})
    assert server.stop() == 0
    server.start()
    line = json.dumps(imported(INPUTS, 1, query_summary=EMAIL)).encode() + b"\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(
            f"POST /v1/retrievers/executions/import HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {KEY}\r\nX-Namespace: gone\r\n"
            f"Content-Length: {len(line)}\r\n\r\n".encode() + line[:10])
        time.sleep(0.3)  # Until the namespace has been resolved.
        server.ok("DELETE", "/v1/namespaces/gone?force=true")
        connection.sendall(line[10:])
        connection.recv(1 << 16)
    assert leaks(server) == []
    assert server.stop() == 0
    assert leaks(server) == []
