"""Many executions are run again as a job, behind everything else."""

import http.client
import json
import os
import subprocess
import threading
import time

import pytest
from conftest import BINARY, KEY, Server, search, stage
from test_stalls import is_sanitized

JOBS = "/v1/retrievers/executions/replay-jobs"
# Of one execution, so that a job of hundreds takes a while.
DOCUMENTS = 2000


def fill(server, runs, **options):
    server.make_collection("books", [
        {"document_id": str(n), "text": f"whale {'sea ' * (n % 7)}", "n": n}
        for n in range(DOCUMENTS)], **options)
    ids = []
    for n in range(runs):
        body = {"collection_identifiers": ["books"], "inputs": {"query": "whale sea"},
                "stages": [search(final_top_k=200, name="find"),
                           stage("deduplicate", "one", strategy="field", fields=["n"]),
                           stage("limit", "few", limit=5 + n % 2)]}
        ids.append(server.ok("POST", "/v1/retrievers/execute", body, **options)["execution_id"])
    return ids


def start(server, executions=None, **body):
    options = {key: body.pop(key) for key in ("headers", "key") if key in body}
    reply = server.post(JOBS, {"executions": executions or {}, **body}, **options)
    assert reply.status == 200, reply
    return reply.json


def ended(server, job, **options):
    for _ in range(1200):
        job = server.ok("GET", f"{JOBS}/{job['job_id']}", **options)
        if job["status"] not in ("queued", "running"):
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def executions_of(server, job, query="", **options):
    rows, start_at = [], 0
    while start_at is not None:
        page = server.ok("GET", f"{JOBS}/{job['job_id']}/executions?limit=7&from={start_at}"
                         + query, **options)
        rows += page["results"]
        start_at = page["next_from"]
    return rows


def events(server, path, timeout=60):
    """Yields the name and data of each server-sent event."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {KEY}"})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        assert response.getheader("Content-Type").startswith("text/event-stream")
        name = None
        for line in response:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: "):
                yield name, json.loads(text[6:])
    finally:
        connection.close()


def test_a_job_says_what_a_change_would_have_altered(server):
    ids = fill(server, 20)
    job = ended(server, start(server))
    assert job["status"] == "completed"
    assert job["sentence"] == (
        "20 executions were run again; all gave the same documents at every stage.")
    assert (job["total"], job["done"], job["identical"]) == (20, 20, 20)
    assert job["report"]["rbo"]["min"] == 1

    change = [{"op": "replace", "path": "/stages/2/config/parameters/limit", "value": 5}]
    job = ended(server, start(server, {"start_time": "-1h"}, set=change))
    assert (job["identical"], job["changed"], job["results_changed"]) == (10, 10, 10)
    assert "10 of them gave other results" in job["sentence"]
    report = job["report"]
    assert report["causes"] == [{"cause": "parameters", "count": 10}]
    assert report["places"] == [{"stage_name": "few", "what": "count", "count": 10}]
    assert 0.8 < report["overlap_at_10"]["mean"] < 1
    assert report["overlap_at_10"]["median"] == report["overlap_at_10"]["min"] < 1
    assert len(report["most_changed"]) == 10
    rows = executions_of(server, job)
    assert [row["execution_id"] for row in rows] == ids[::-1]
    assert {row["outcome"] for row in rows} == {"identical", "changed"}
    changed = executions_of(server, job, "&results_changed=true")
    assert {row["execution_id"] for row in changed} == set(ids[1::2])
    assert changed[0]["results"]["left_count"] == 1
    # It says of each what a replay of it alone says.
    alone = server.ok("POST", f"/v1/retrievers/executions/{changed[0]['execution_id']}/replay",
                      {"set": change, "record": False})
    assert alone["difference"]["stage_name"] == changed[0]["difference"]["stage_name"]
    assert alone["difference"]["cause"] == changed[0]["difference"]["cause"]
    # Nothing of it is in the history.
    assert server.list({"modes": ["replay"]}).json["total"] == 0
    listed = server.ok("GET", JOBS)
    assert listed["total"] == 2 and listed["results"][0]["job_id"] == job["job_id"]


def test_ids_and_what_cannot_be_run_again(server):
    ids = fill(server, 4)
    assert server.request("DELETE", "/v1/collections/books").status == 200
    job = ended(server, start(server, {"execution_ids": ids[:3]}))
    assert (job["total"], job["gone"]) == (3, 3)
    assert "no longer kept" in job["sentence"]
    assert job["report"]["problems"][0]["type"] == "gone"
    rows = executions_of(server, job, "&outcome=gone")
    assert rows[0]["error"]["type"] == "gone" and rows[0]["results"] is None
    job = ended(server, start(server, {"query": "nothing of the kind"}))
    assert job["total"] == 0 and job["status"] == "completed"
    assert "nothing to run again" in job["sentence"]


def test_replays_are_recorded_where_that_is_asked_for(server):
    fill(server, 3)
    job = ended(server, start(server, record=True))
    rows = executions_of(server, job)
    listed = server.list({"request_id": job["job_id"]}).json["results"]
    assert {row["execution_id"] for row in listed} == {
        row["replay_execution_id"] for row in rows}
    assert {row["execution_mode"] for row in listed} == {"replay"}
    assert server.list().json["total"] == 3


def test_progress_is_told_as_it_happens(server):
    fill(server, 60)
    ids = [row["execution_id"] for row in server.list(query="?limit=100").json["results"]]
    job = start(server, {"execution_ids": ids})
    told = list(events(server, f"{JOBS}/{job['job_id']}/events"))
    assert told[0][0] == "progress" and told[-1][0] == "ended"
    assert {name for name, _ in told[:-1]} == {"progress"}
    done = [data["done"] for _, data in told]
    assert done == sorted(done) and done[-1] == 60
    # Of one that has ended: its end.
    told = list(events(server, f"{JOBS}/{job['job_id']}/events"))
    assert [name for name, _ in told] == ["progress", "ended"]


class Busy:
    """Clients that keep workers busy, behind whom a job hardly moves."""

    def __init__(self, server):
        self.server, self.left = server, False
        self.threads = [threading.Thread(target=self.ask) for _ in range(3)]

    def ask(self):
        body = {"collection_identifiers": ["books"], "inputs": {"query": "whale sea"},
                "stages": [search(final_top_k=500, top_k=500), stage(
                    "deduplicate", strategy="content", content_field="text")]}
        while not self.left:
            try:
                assert self.server.post("/v1/retrievers/execute", body).status == 200
            except (OSError, http.client.HTTPException):
                return  # The server was killed.

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.left = True
        for thread in self.threads:
            thread.join()


def test_it_goes_on_after_a_crash(data_dir):
    # So many that the job outlasts the second after which something of it is on disk.
    runs = 150 if is_sanitized() else 600
    server = Server(data_dir).start()
    try:
        ids = fill(server, runs)
        # A job may end between a look at it and the kill; the next is not so lucky.
        for _ in range(5):
            with Busy(server):
                job = start(server, {"execution_ids": ids})
                path = f"{JOBS}/{job['job_id']}"
                while not executions_of(server, job, "&outcome=identical"):
                    time.sleep(0.05)
                # Others were served meanwhile.
                assert server.list().json["total"] > runs
                was_running = server.ok("GET", path)["status"] == "running"
                server.kill()  # Before the job has the server to itself.
            server.start()
            again = server.ok("GET", path)
            if was_running and again["interruptions"] == 1:
                break
        assert again["interruptions"] == 1
        job = ended(server, job)
        assert job["status"] == "completed" and job["interruptions"] == 1
        assert (job["done"], job["identical"]) == (runs, runs)
        rows = executions_of(server, job)
        assert [row["place"] for row in rows] == list(range(runs))
        # What ended is there after another, and in a backup.
        assert server.stop() == 0
        server.start()
        assert server.ok("GET", path)["sentence"] == job["sentence"]
    finally:
        server.kill()


def test_it_can_be_cancelled_and_forgotten(server):
    fill(server, 100)
    job = start(server)
    path = f"{JOBS}/{job['job_id']}"
    assert server.request("DELETE", path).status in (200, 409)
    cancelled = server.ok("POST", f"{path}/cancel")
    assert cancelled["status"] == "cancelled"
    assert "The job was cancelled." in cancelled["sentence"]
    assert cancelled["done"] < 100
    assert server.ok("POST", f"{path}/cancel")["ended_at"] == cancelled["ended_at"]
    assert server.ok("DELETE", path)["success"]
    assert server.get(path).status == 404
    assert server.request("DELETE", path).status == 404


def test_a_key_has_so_many_at_once(data_dir):
    server = Server(data_dir, environment={"TRAWL_JOBS_PER_KEY_MAX": "1",
                                           "TRAWL_JOBS_EXECUTIONS_MAX": "150"}).start()
    try:
        fill(server, 150)
        job = start(server)
        refused = server.post(JOBS, {"executions": {}})
        assert refused.status == 429, refused
        assert "jobs.per_key_max" in refused.json["error"]["message"]
        created = server.ok("POST", "/v1/organizations/users/a@example.com/api-keys",
                            {"name": "other", "permissions": ["read"]})
        other = start(server, {"start_time": "-1h", "query": "whale"}, key=created["key"])
        server.ok("POST", f"{JOBS}/{job['job_id']}/cancel")
        again = start(server)
        server.ok("POST", f"{JOBS}/{again['job_id']}/cancel")
        # A job ends with its key.
        server.ok("DELETE", "/v1/organizations/users/a@example.com/api-keys/other")
        other = ended(server, other)
        assert other["status"] in ("failed", "completed")
        if other["status"] == "failed":
            assert "the key that started it is revoked" in other["error"]
        fill_one = {"collection_identifiers": ["books"], "stages": [stage("limit", limit=1)]}
        server.ok("POST", "/v1/retrievers/execute", fill_one)
        refused = server.post(JOBS, {"executions": {}})
        assert refused.status == 422 and "jobs.executions_max" in refused.text
    finally:
        server.kill()


def test_a_job_is_of_its_namespace(server):
    for name in ("one", "two"):
        server.ok("POST", "/v1/namespaces", {"namespace_name": name})
    one, two = ({"headers": {"X-Namespace": name}} for name in ("one", "two"))
    fill(server, 5, **one)
    job = ended(server, start(server, **one), **one)
    assert job["total"] == 5
    path = f"{JOBS}/{job['job_id']}"
    confined = server.ok("POST", "/v1/organizations/users/a@example.com/api-keys", {
        "name": "two", "permissions": ["admin"],
        "namespace_id": server.ok("GET", "/v1/namespaces/two")["namespace_id"]})["key"]
    for options in (two, {"key": confined}):
        assert server.ok("GET", JOBS, **options)["total"] == 0
        for method, below in (("GET", ""), ("DELETE", ""), ("GET", "/executions"),
                              ("GET", "/events"), ("POST", "/cancel")):
            assert server.request(method, path + below, **options).status == 404
    # With its namespace it goes, too.
    server.ok("DELETE", "/v1/namespaces/one?force=true")
    server.ok("POST", "/v1/namespaces", {"namespace_name": "one"})
    assert server.ok("GET", JOBS, **one)["total"] == 0


@pytest.mark.parametrize("body, location", [
    ({}, "executions"),
    ({"executions": []}, "executions"),
    ({"executions": {"statuss": "failed"}}, "executions.statuss"),
    ({"executions": {"sort": "duration_ms"}}, "executions.sort"),
    ({"executions": {"start_time": "soon"}}, "executions.start_time"),
    ({"executions": {}, "as_of": "never"}, "as_of"),
    ({"executions": {}, "set": {}}, "set"),
    ({"executions": {}, "record": "perhaps"}, "record"),
    ({"executions": {}, "inputs": {}}, "inputs"),
])
def test_bad_jobs_are_refused_with_their_place(server, body, location):
    reply = server.post(JOBS, body)
    assert reply.status == 422, reply
    assert location in reply.text


def cli(server, *arguments):
    return subprocess.run(
        [BINARY, *arguments, "--url", f"http://127.0.0.1:{server.port}", "-o", "table"],
        capture_output=True, text=True, timeout=120,
        env={"PATH": os.environ["PATH"], "TRAWL_API_KEY": KEY, "COLUMNS": "100"})


def test_the_commands_read_like_an_answer(server):
    ids = fill(server, 12)
    done = cli(server, "jobs", "replay", "--since", "-1h")
    assert done.returncode == 0, done
    assert done.stdout.startswith("12 executions were run again; all gave the same documents")
    done = cli(server, "jobs", "replay", "--all", "--set",
               "/stages/2/config/parameters/limit=5")
    assert done.returncode == 3, done
    assert "6 of them gave other results" in done.stdout
    assert "parameters (6)" in done.stdout and "'few': count (6)" in done.stdout
    assert "OVERLAP@10" in done.stdout and f"trawl replay {ids[11]}" in done.stdout
    assert cli(server, "jobs", "show", "latest").stdout == done.stdout
    done = cli(server, "jobs", "replay", "latest", ids[0], "--detach")
    assert done.returncode == 0 and "trawl jobs wait job_" in done.stdout
    assert cli(server, "jobs", "wait", "latest").returncode == 0
    listed = cli(server, "jobs", "list")
    assert listed.stdout.count("completed") == 3
    assert "End" not in cli(server, "jobs", "cancel", "latest").stderr
    assert cli(server, "jobs", "delete", "latest").returncode == 0
    assert cli(server, "jobs", "list").stdout.count("completed") == 2
    done = cli(server, "jobs", "replay", "--all", "--set", "/stages/9/config=5")
    assert done.returncode == 1 and "leads nowhere" in done.stdout
    done = cli(server, "jobs", "replay")
    assert done.returncode == 2 and "--since" in done.stderr
    assert cli(server, "jobs", "show", "job_x").returncode == 1
