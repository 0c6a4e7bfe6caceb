"""Addresses from which an export can be fetched once, without a header."""

import json
import threading

import pytest
from conftest import Server

EXPORT = "/v1/retrievers/executions/export"
TICKET = f"{EXPORT}/ticket"
COUNT = 300


def rows(count, prefix="exec"):
    return "\n".join(json.dumps(
        {"execution_id": f"{prefix}_{i:04}", "status": "failed" if i % 3 == 0 else "completed",
         "timestamp": f"2026-01-01T{i // 60:02}:{i % 60:02}:00Z"}) for i in range(count))


@pytest.fixture(scope="module", name="history")
def fixture_history(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("tickets") / "data").start()
    server.ok("POST", "/v1/retrievers/executions/import", rows(COUNT))
    server.ok("POST", "/v1/namespaces", {"namespace_name": "other"})
    server.ok("POST", "/v1/retrievers/executions/import", rows(5, "theirs"),
              headers={"X-Namespace": "other"})
    yield server
    assert server.stop() == 0, "".join(server.log)


def make(server, body=None, query="", **options):
    made = server.ok("POST", TICKET + query, body, **options)
    assert made["url"].startswith(TICKET + "/") and len(made["url"].split("/")[-1]) == 43
    assert made["expires_at"].endswith("Z")
    return made["url"]


def make_key(server, name, **fields):
    made = server.ok("POST", "/v1/organizations/users/ada@example.org/api-keys",
                     {"name": name, "permissions": ["read"], **fields})
    return made["key"], made


def fetch(server, url, **options):
    return server.get(url, key=None, **options)


def test_it_gives_the_export_that_was_asked_for_once(history):
    for body, query in [({}, ""), ({"status": "failed"}, "?format=csv"),
                        ({"fields": ["execution_id"]}, "?limit=7"), ({}, "?detail=true&limit=2")]:
        wanted = history.post(EXPORT + query, body)
        url = make(history, body, query)
        reply = fetch(history, url)
        assert reply.status == 200, reply
        assert reply.text == wanted.text
        for name in ("content-type", "content-disposition"):
            assert reply.headers[name][:40] == wanted.headers[name][:40]
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] == "no-referrer"
        again = fetch(history, url)
        assert again.status == 404 and "good once" in again.json["error"]["message"]
        assert url.split("/")[-1] not in again.text


def test_of_many_at_once_one_gets_it(history):
    url = make(history)
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(fetch(history, url).status))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + 7 * [404]


def test_the_request_is_checked_when_the_ticket_is_made(history):
    for body, query, location in [({"statuss": "failed"}, "", "statuss"),
                                  ({"sort": "timestamp"}, "", "sort"),
                                  ({}, "?format=xml", "query.format"),
                                  ({}, "?formatt=csv", "query.formatt")]:
        reply = history.post(TICKET + query, body)
        assert reply.status == 422, reply
        assert reply.json["error"]["details"]["validation_errors"][0]["location"] == location
    assert history.post(TICKET, {}, key=None).status == 401


def test_nothing_but_the_name_is_taken(history):
    url = make(history)
    assert fetch(history, url + "?format=csv").status == 422
    assert fetch(history, url[:-1]).status == 404
    assert fetch(history, TICKET + "/" + 43 * "A").status == 404
    assert fetch(history, TICKET).status in (404, 405)
    assert history.request("DELETE", url, key=None).status == 405
    # None of that used it up, nor does a HEAD.
    assert history.request("HEAD", url, key=None).status == 200
    # A key that comes with it changes nothing, and neither does a namespace.
    reply = history.get(url, headers={"X-Namespace": "other"})
    assert reply.status == 200 and "theirs" not in reply.text
    assert reply.text.count("\n") == COUNT + 1


def test_it_is_for_the_namespace_of_its_request(history):
    url = make(history, headers={"X-Namespace": "other"})
    reply = fetch(history, url)
    assert reply.text.count('"theirs_') == 5 and reply.text.count("\n") == 6
    history.ok("POST", "/v1/namespaces", {"namespace_name": "passing"})
    url = make(history, headers={"X-Namespace": "passing"})
    history.ok("DELETE", "/v1/namespaces/passing")
    assert fetch(history, url).status == 404


def test_it_ends_with_its_key(history):
    secret, made = make_key(history, "revoked")
    url = make(history, key=secret)
    path = f"/v1/organizations/users/ada@example.org/api-keys/{made['key_id']}"
    history.ok("DELETE", path)
    reply = fetch(history, url)
    assert reply.status == 401 and "revoked" in reply.json["error"]["message"], reply


def test_a_key_has_so_many_at_once(history):
    secret, _ = make_key(history, "greedy")
    urls = [make(history, key=secret) for _ in range(16)]
    refused = history.post(TICKET, {}, key=secret)
    assert refused.status == 429 and refused.headers["retry-after"], refused
    assert history.post(TICKET, {}).status == 200  # Another key has its own.
    assert fetch(history, urls[0]).status == 200
    assert history.post(TICKET, {}, key=secret).status == 200


def test_a_download_counts_as_a_request_of_its_key(history):
    secret, _ = make_key(history, "limited", rate_limit_override=1, rate_limit_burst=2)
    url = make(history, key=secret)
    assert fetch(history, url).headers["x-ratelimit-remaining"] == "0"
    secret, _ = make_key(history, "more limited", rate_limit_override=1, rate_limit_burst=1)
    url = make(history, key=secret)
    assert fetch(history, url).status == 429


def test_no_log_has_a_ticket(data_dir):
    server = Server(data_dir, environment={"TRAWL_LOG_LEVEL": "debug"}).start()
    server.ok("POST", "/v1/retrievers/executions/import", rows(3))
    url = make(server)
    assert fetch(server, url + "?x=1").status == 422
    assert fetch(server, url + "?%zz").status == 400
    assert fetch(server, url + "%zz").status == 400
    assert fetch(server, url.replace("ticket", "%74icket") + "?x=1").status == 422
    assert fetch(server, url + "/x").status in (401, 404)
    assert server.request("DELETE", url, key=None).status == 405
    assert server.request("HEAD", url, key=None).status == 200
    assert fetch(server, url).status == 200
    late = make(server)
    assert server.stop() == 0
    log = "".join(server.log)
    assert log.count(f" GET {TICKET} ") == 6 and f" HEAD {TICKET} 200 " in log, log
    assert url.split("/")[-1] not in log
    # A restart voids what was not used.
    server.start()
    assert fetch(server, late).status == 404
    assert server.stop() == 0
