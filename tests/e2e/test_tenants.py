"""Tenants: a key that is confined to one namespace learns nothing of the others, and no
stream outlives the right of its key."""

import csv
import http.client
import io
import json
import socket
import threading
import time

import pytest

from conftest import BOOKS, Server, search

KEYS = "/v1/organizations/users/u/api-keys"


@pytest.fixture(scope="module")
def tenants(tmp_path_factory):
    """A server with the namespaces own and other; heartbeats come ten times a second."""
    server = Server(tmp_path_factory.mktemp("tenants") / "data",
                    environment={"TRAWL_TAIL_HEARTBEAT_MS": "100"}).start()
    for name in ("own", "other"):
        server.ok("POST", "/v1/namespaces", {"namespace_name": name})
        server.make_collection("books", BOOKS, headers={"X-Namespace": name})
    yield server
    assert server.stop() == 0


def make_key(server, name, **fields):
    return server.ok("POST", KEYS, {"name": name, "permissions": ["admin"], **fields})["key"]


@pytest.fixture(scope="module")
def confined(tenants):
    return make_key(tenants, "confined", namespace_id="own")


def without(reply, name):
    """The answer as it reads for any name."""
    error = reply.json
    error.pop("request_id", None)
    return reply.status, json.dumps(error).replace(name, "NAME")


def ways(server, key, name):
    """Every way to name a namespace."""
    yield server.list({}, headers={"X-Namespace": name}, key=key)
    yield server.list({}, f"?namespace={name}", key=key)
    for method, path, body in (
            ("GET", "", None), ("GET", "/stats", None), ("PATCH", "", {"description": "d"}),
            ("PUT", "", {"description": "d"}), ("DELETE", "", None),
            ("DELETE", "?force=true", None), ("GET", "/retention", None),
            ("POST", "/retention/preview", {}), ("POST", "/retention/run", {})):
        yield server.request(method, f"/v1/namespaces/{name}{path}", body, key=key)
    yield server.post("/v1/namespaces", {"namespace_name": name}, key=key)
    yield server.request("PATCH", "/v1/namespaces/own", {"namespace_name": name}, key=key)
    yield server.post(KEYS, {"name": "x", "permissions": ["read"], "namespace_id": name},
                      key=key)


def test_what_is_not_yours_is_what_does_not_exist(tenants, confined):
    other = tenants.ok("GET", "/v1/namespaces/other")["namespace_id"]
    missing = [without(reply, "othex") for reply in ways(tenants, confined, "othex")]
    assert {status for status, _ in missing} == {403, 404}
    assert not any("other" in text.replace("another", "") for _, text in missing), missing
    for name in ("other", other, "default", "OTHER"):
        assert [without(reply, name) for reply in ways(tenants, confined, name)] == missing
    # It still finds its own by both names, and may change what is its own.
    for name in ("own", tenants.ok("GET", "/v1/namespaces/own")["namespace_id"]):
        assert tenants.list({}, headers={"X-Namespace": name}, key=confined).status == 200
        assert tenants.request("PATCH", f"/v1/namespaces/{name}",
                               {"namespace_name": "own", "description": "mine"},
                               key=confined).status == 200
    names = tenants.ok("GET", "/v1/namespaces", key=confined)["results"]
    assert [row["namespace_name"] for row in names] == ["own"]


def test_ids_of_others_are_not_told_from_ids_of_nobody(tenants, confined):
    def answers(collection, execution):
        reads = [
            tenants.get(f"/v1/collections/{collection}", key=confined),
            tenants.get(f"/v1/collections/{collection}/documents/moby", key=confined),
            tenants.post(f"/v1/collections/{collection}/documents/list", {}, key=confined),
            tenants.get(f"/v1/retrievers/executions/{execution}", key=confined),
            tenants.request("DELETE", f"/v1/retrievers/executions/{execution}", key=confined),
            tenants.post("/v1/retrievers/executions/export?after=" + execution, {},
                         key=confined),
            tenants.post("/v1/retrievers/execute", {
                "collection_identifiers": [collection], "stages": [search("sea")]},
                key=confined)]
        return [(status, text.replace(execution, "ID"))
                for status, text in (without(reply, collection) for reply in reads)]

    theirs = {"X-Namespace": "other"}
    collection = tenants.ok("GET", "/v1/collections/books", headers=theirs)["collection_id"]
    execution = tenants.post("/v1/retrievers/execute", {
        "collection_identifiers": ["books"], "stages": [search("sea")]},
        headers=theirs).json["execution_id"]
    assert answers(collection, execution) == answers("col_nobody0000", "exec_nobody")


def test_an_open_key_is_helped_and_keeps_names_in_order(tenants):
    reply = tenants.list({}, headers={"X-Namespace": "othex"})
    assert reply.status == 404 and "other" in reply.json["error"]["message"]
    assert tenants.request("PATCH", "/v1/namespaces/own",
                           {"namespace_name": "other"}).status == 409


def revoke(server, name):
    server.ok("DELETE", f"{KEYS}/{name}")


def expire(server, name):
    server.ok("PATCH", f"{KEYS}/{name}", {"expires_at": "2020-01-01T00:00:00Z"})


@pytest.mark.parametrize("end", [revoke, expire])
@pytest.mark.parametrize("busy", [False, True])
def test_a_tail_ends_with_its_key(tenants, end, busy):
    name = f"tail-{end.__name__}-{busy}"
    key = make_key(tenants, name, namespace_id="own")
    connection = http.client.HTTPConnection("127.0.0.1", tenants.port, timeout=20)
    connection.request("GET", "/v1/retrievers/executions/tail",
                       headers={"Authorization": f"Bearer {key}"})
    response = connection.getresponse()
    assert response.status == 200 and response.readline().startswith(b"retry")
    done = threading.Event()

    def run():
        while busy and not done.is_set():
            tenants.post("/v1/retrievers/execute", {
                "collection_identifiers": ["books"], "stages": [search("sea")]},
                headers={"X-Namespace": "own"})

    runner = threading.Thread(target=run)
    runner.start()
    try:
        end(tenants, name)
        ended = time.monotonic()
        rest = response.read().decode()
    finally:
        done.set()
        runner.join()
        connection.close()
    assert time.monotonic() - ended < 10
    assert "event: closed" in rest
    message = json.loads(rest.split("event: closed\ndata: ")[1].split("\n")[0])["message"]
    assert ("revoked" if end is revoke else "expired") in message
    # The last word, in good order: nothing was cut off.
    assert rest.endswith("\n\n") and rest.count("event: closed") == 1


def take_write(server, name):
    server.ok("PATCH", f"{KEYS}/{name}", {"permissions": ["read"]})


def send_two_halves(server, key, half, between, path):
    """The reply to an import that is half sent when its key loses the right to it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest("POST", path)
    connection.putheader("Authorization", f"Bearer {key}")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    connection.send(b"%x\r\n%s\r\n" % (len(half), half))
    between()
    time.sleep(0.3)  # Longer than a right is believed to last.
    connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(half), half))
    reply = connection.getresponse()
    told = reply.status, json.loads(reply.read())["error"]["message"]
    connection.close()
    return told


@pytest.mark.parametrize("end, status, says", [(revoke, 401, "revoked"),
                                               (take_write, 403, "'write'")])
def test_an_import_ends_with_its_key(tenants, end, status, says):
    for path in ("/v1/retrievers/executions/import", "/v1/collections/books/documents/import"):
        name = f"import-{end.__name__}-{len(path)}"
        key = make_key(tenants, name, namespace_id="own", permissions=["write"])
        half = b"".join(b'{"document_id": "d%d", "text": "a"}\n' % n for n in range(1500))
        got, told = send_two_halves(tenants, key, half, lambda: end(tenants, name), path)
        assert got == status and says in told and "stored before" in told, told


def test_an_export_ends_with_its_key(tenants):
    lines = "".join(
        json.dumps({"execution_id": f"exec_{n:07}", "status": "completed",
                    "timestamp": "2024-01-01T00:00:00Z", "query_summary": "x" * 2000}) + "\n"
        for n in range(2_000))
    tenants.ok("POST", "/v1/namespaces", {"namespace_name": "long"})
    tenants.ok("POST", "/v1/retrievers/executions/import", lines,
               headers={"X-Namespace": "long"})
    key = make_key(tenants, "leaver", namespace_id="long")
    headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"}
    # The export waits until somebody reads.
    out = http.client.HTTPConnection("127.0.0.1", tenants.port, timeout=20)
    out.sock = socket.socket()
    out.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    out.sock.settimeout(20)
    out.sock.connect(("127.0.0.1", tenants.port))
    out.request("POST", "/v1/retrievers/executions/export", "{}", headers)
    exported = out.getresponse()
    exported.read(1000)
    revoke(tenants, "leaver")
    time.sleep(0.3)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        exported.read()
    out.close()


def test_no_cell_of_a_csv_is_a_formula(tenants):
    texts = ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "'=1", "plain", "a=1"]
    tenants.ok("POST", "/v1/namespaces", {"namespace_name": "sheet"})
    sheet = {"X-Namespace": "sheet"}
    tenants.ok("POST", "/v1/retrievers/executions/import", "\n".join(json.dumps(
        {"execution_id": f"=exec_{n}", "status": "completed", "query_summary": text,
         "timestamp": f"2024-01-01T00:00:{n:02}Z", "duration_ms": 5})
        for n, text in enumerate(texts)), headers=sheet)

    def cells(query):
        reply = tenants.post("/v1/retrievers/executions/export?format=csv" + query, {},
                             headers=sheet)
        assert reply.status == 200, reply
        # newline="" as the module asks for: a line end inside quotes is part of the text.
        rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))
        assert {row["duration_ms"] for row in rows} <= {"5", "5.0"}
        return [row["query_summary"] for row in rows][::-1], rows[-1]["execution_id"]

    safe, first_id = cells("")
    assert safe == ["'=1+1", "'+1", "'-1", "'@a", "'\t=1", "'\r=1", "''=1", "plain", "a=1"]
    assert first_id == "'=exec_0"
    assert cells("&raw=true") == (texts, "=exec_0")
    refused = tenants.post("/v1/retrievers/executions/export?raw=true", {}, headers=sheet)
    assert refused.status == 422
