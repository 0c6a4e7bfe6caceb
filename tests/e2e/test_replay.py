"""Runs are made again as they were, and two executions are compared."""

import concurrent.futures
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import pytest
from conftest import BINARY, KEY, Server, files_below, search, stage
from test_stalls import is_sanitized

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The sanitized binary is ten times slower.
RUNS = 150 if is_sanitized() else 1000
# `make check-replay` takes the whole catalogue.
ALL_PACKAGES = os.environ.get("TRAWL_TEST_ALL_PACKAGES") == "1"
PACKAGES = 1000 if is_sanitized() else 5000
STAGES = {"feature_search", "attribute_filter", "sort_attribute", "sort_relevance", "group_by",
          "deduplicate", "sample", "limit", "aggregate"}
WRITES = 500


@pytest.fixture(scope="module", name="packages")
def fixture_packages():
    """Of the Debian catalogue."""
    done = subprocess.run([sys.executable, ROOT / "scripts/debian_catalogue.py",
                           *([] if ALL_PACKAGES else ["--limit", str(PACKAGES)])],
                          capture_output=True, timeout=300)
    assert done.returncode == 0, done
    return [json.loads(line) for line in done.stdout.splitlines()]


def replay(server, execution_id, **body):
    return server.ok("POST", f"/v1/retrievers/executions/{execution_id}/replay", body)


def diff(server, a, b):
    return server.ok("POST", "/v1/retrievers/executions/diff", {"a": a, "b": b})


def segments(data_dir):
    """The names of the files of the index; each has the rows that it covers in it."""
    return {path.name for path in files_below(data_dir) if path.name.startswith("segment-")}


def later_stages(rng):
    field = rng.choice(["section", "priority", "maintainer"])
    number = rng.choice(["installed_size", "size", "depends_count"])
    return rng.choice([
        lambda: stage("attribute_filter", field=number, operator=rng.choice(["gte", "lt"]),
                      value="{{INPUT.size}}"),
        lambda: stage("attribute_filter", field="section", operator="in",
                      value=["net", "games", "{{INPUT.section}}"]),
        lambda: stage("sort_attribute", sort_field=number, order=rng.choice(["asc", "desc"])),
        lambda: stage("sort_attribute", sort_field=field),  # Many ties.
        lambda: stage("sort_relevance"),
        lambda: stage("group_by", field=field, max_per_group=rng.randint(1, 3)),
        lambda: stage("deduplicate", strategy="field", fields=[field]),
        lambda: stage("deduplicate", strategy="content", fields=["summary"], threshold=0.95),
        lambda: stage("sample", count=rng.randint(5, 50)),
        lambda: stage("sample", count=20, strategy="stratified", stratify_by=field),
        lambda: stage("limit", limit=rng.randint(1, 40), offset=rng.randint(0, 5)),
        lambda: stage("aggregate", group_by=field, aggregations=[
            {"function": "count", "name": "n"},
            {"function": "avg", "field": number, "name": "mean"}]),
        lambda: stage("attribute_filter", field="name", operator="regex",
                      value="{{INPUT.pattern}}"),  # Now and then a bad one: it fails.
    ])()


def random_run(rng):
    words = "server web image game library python font network kernel editor".split()
    first = rng.choice([
        lambda: search(final_top_k=rng.choice([20, 200])),
        lambda: search(final_top_k=100, query="{{INPUT.query}} {{INPUT.section}}"),
        lambda: stage("feature_search", "fused", searches=[
            {"feature_uri": "trawl://bm25@v1/text", "query": "{{INPUT.query}}"},
            {"feature_uri": "trawl://bm25@v1/text", "query": "library"}], final_top_k=80,
            fusion=rng.choice(["rrf", "dbsf"])),
        lambda: stage("attribute_filter", field="depends_count", operator="gte",
                      value=rng.choice([5, 20])),
    ])()
    stages = [first]
    for n in range(rng.randint(0, 3)):
        more = later_stages(rng)
        more["stage_name"] += f"_{n}"
        stages.append(more)
    if rng.random() < 0.2:
        stages[0]["config"]["pre_filters"] = {"field": "section", "operator": "ne",
                                              "value": "{{INPUT.section}}"}
    inputs = {"query": " ".join(rng.sample(words, 2)), "size": rng.choice([100, 5000]),
              "section": rng.choice(["libs", "net", "admin"]),
              "pattern": rng.choice(["^lib", "-dev$", "["])}
    return stages, inputs


def write_some(server, rng, packages, count):
    for _ in range(count):
        package = dict(rng.choice(packages))
        path = "/v1/collections/packages/documents"
        if rng.random() < 0.2:
            server.request("DELETE", f"{path}/{package['document_id']}")
        else:
            package["summary"] += " " + rng.choice(["server", "web", "kernel", "anew"])
            package["depends_count"] = rng.randint(0, 30)
            server.ok("POST", f"{path}/import", json.dumps(package))


def test_every_run_is_the_same_after_writes_a_vacuum_a_restart_and_elsewhere(
        data_dir, tmp_path, packages):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    server = Server(data_dir, environment={"TRAWL_KEEP_SUPERSEDED_DAYS": "0"}).start()
    server.make_collection("packages", packages)

    def run(_):
        stages, inputs = random_run(rng)
        kinds.update(one["config"]["stage_id"] for one in stages)
        reply = server.execute(["packages"], stages, inputs)
        assert reply.status == 200, reply
        return reply.json["execution_id"], reply.json["status"]

    kinds = set()
    ran = []
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in range(2):
            ran += pool.map(run, range(RUNS // 2))
            write_some(server, rng, packages, WRITES // 2)
    ids = [execution_id for execution_id, _ in ran]
    assert {status for _, status in ran} == {"completed", "failed"}
    groups = server.ok("POST", "/v1/retrievers/executions/aggregate",
                       {"group_by": "shape"})["results"]
    assert len(groups) >= 50
    assert kinds == STAGES
    before = segments(data_dir)
    server.ok("POST", "/v1/vacuum")
    merged = segments(data_dir)
    # What the imports and 500 writes had left apart is one part of the index now; in the whole
    # catalogue they are too few for that.
    assert ALL_PACKAGES or merged - before, (before, merged)
    assert server.stop() == 0
    server.start()
    target = str(tmp_path / "elsewhere")
    done = subprocess.run([BINARY, "backup", "--data-dir", data_dir, target],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done
    assert server.stop() == 0

    other = Server(target).start()

    def again(execution_id):
        return replay(other, execution_id, record=False)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(again, ids))
    for reply in replies:
        assert reply["identical"], (reply["original_execution_id"], reply["difference"])
    # They left no trace.
    assert other.list({"modes": ["adhoc", "replay"]}).json["total"] == RUNS
    # And so says a job of all of them.
    jobs = "/v1/retrievers/executions/replay-jobs"
    other.ok("POST", jobs, {"executions": {}})
    other.request("GET", f"{jobs}/latest/events", timeout=300)  # Until it has ended.
    job = other.ok("GET", f"{jobs}/latest")
    assert (job["status"], job["total"], job["identical"]) == ("completed", RUNS, RUNS), job
    assert other.stop() == 0


def test_a_replay_is_an_execution_with_a_parent(server):
    server.make_collection("books", [{"document_id": str(n), "n": n, "text": "whale"}
                                     for n in range(30)])
    stages = [search(name="find", final_top_k=20), stage("sample", "some", count=5)]
    original = server.execute(["books"], stages, {"query": "whale"}).json["execution_id"]
    reply = replay(server, original)
    assert reply["identical"] and reply["difference"] is None
    assert reply["sentence"] == ("Over the documents of then it gave the same documents at "
                                 "every stage.")
    detail = server.ok("GET", f"/v1/retrievers/executions/{reply['execution_id']}")
    assert detail["execution_mode"] == "replay"
    assert detail["parent_execution_id"] == original and detail["relation"] == "replay"
    first = server.ok("GET", f"/v1/retrievers/executions/{original}")
    assert detail["results"] == first["results"]
    assert detail["stages"][1]["seed"] == first["stages"][1]["seed"]
    # A new run draws anew.
    now = replay(server, original, as_of="now", record=False)
    assert now["execution_id"] is None and not now["identical"]
    assert now["difference"]["stage_name"] == "some"
    assert now["difference"]["cause"] == "seed"
    assert len(now["execution"]["results"]) == 5


def test_what_changed_is_said(server):
    server.make_collection("books", [{"document_id": str(n), "n": n, "text": "whale"}
                                     for n in range(30)])
    stages = [search(name="find", final_top_k=20), stage("limit", "few", limit=5)]
    original = server.execute(["books"], stages, {"query": "whale"}).json["execution_id"]
    server.ok("DELETE", "/v1/collections/books/documents/0")

    assert replay(server, original)["identical"]
    now = replay(server, original, as_of="now")
    assert not now["identical"]
    assert now["difference"]["rank"] == 1 and now["difference"]["what"] == "document"
    assert now["difference"]["cause"] == "documents"
    changed = replay(server, original, set=[
        {"op": "replace", "path": "/stages/1/config/parameters/limit", "value": 7}])
    assert changed["pipeline_changed"] and not changed["identical"]
    assert changed["difference"]["stage_name"] == "few"
    assert changed["difference"]["cause"] == "parameters"
    others = replay(server, original, inputs={"query": "shark"})
    assert others["inputs_changed"] and others["difference"]["cause"] == "inputs"

    told = diff(server, original, changed["execution_id"])
    assert told["diverges"] == 1 and told["cause"] == "parameters"
    few = told["stages"][1]["candidates"]
    assert few["entered_count"] == 2 and few["left_count"] == 0
    assert [move["rank_after"] for move in few["entered"]] == [6, 7]
    assert told["pipeline"] == [{"path": "/stages/1/config/parameters/limit",
                                 "before": 5, "after": 7}]
    assert told["inputs"] == []
    told = diff(server, original, now["execution_id"])
    assert told["cause"] == "documents"
    assert told["results"]["left"][0]["document_id"] == "0"
    assert diff(server, original, original)["diverges"] is None


def test_as_of_a_time_it_sees_the_documents_of_that_time(server):
    server.make_collection("books", [{"document_id": "a", "n": 1}])
    everything = stage("attribute_filter", field="n", operator="exists", value=True)
    original = server.execute(["books"], [everything]).json["execution_id"]
    time.sleep(0.05)
    between = datetime.datetime.now(datetime.timezone.utc).isoformat()
    time.sleep(0.05)
    server.ok("POST", "/v1/collections/books/documents", {"document_id": "b", "n": 2})
    assert not replay(server, original, as_of="now")["identical"]
    then = replay(server, original, as_of=between)
    assert then["identical"] and then["as_of"].startswith("20")
    reply = server.post(f"/v1/retrievers/executions/{original}/replay", {"as_of": "-7d"})
    assert reply.status == 410, reply


def test_an_autopsy_names_the_stage_that_is_unlike_itself(server):
    server.make_collection("books", [{"document_id": str(n), "text": "whale"}
                                     for n in range(30)])
    stages = [search("{{INPUT.query}}", name="find"), stage("limit", "few", limit=5)]
    for _ in range(8):
        server.execute(["books"], stages, {"query": "whale"})
    odd = server.execute(["books"], stages, {"query": "nothing"}).json["execution_id"]
    path = f"/v1/retrievers/executions/{odd}"
    assert "autopsy" not in server.ok("GET", path)
    autopsy = server.ok("GET", path + "?autopsy=true")["autopsy"]
    assert autopsy["peers"] == 8 and autopsy["unlike"] == 0
    assert "'find' is unlike itself" in autopsy["sentence"]
    assert autopsy["stages"][0]["output_count"] == {"value": 0, "p50": 25, "p99": 25}
    done = cli(server, "executions", "show", odd)
    assert "'find' is unlike itself" in done.stdout


@pytest.mark.parametrize("body,location", [
    ({"as_of": "yesterday"}, "as_of"),
    ({"set": {"op": "add"}}, "set"),
    ({"set": [{"op": "remove", "path": "/stages/9"}]}, "set[0].path"),
    ({"set": [{"op": "replace", "path": "/stages/0/config/parameters/limit", "value": -1}]},
     "stages[0].config.parameters.limit"),
    ({"set": [{"op": "replace", "path": "", "value": 3}]}, "set"),
    ({"inputs": []}, "inputs"),
    ({"externals": "never"}, "externals"),
    ({"as_off": "then"}, "as_off"),
])
def test_bad_replays_are_refused_with_their_place(server, body, location):
    server.make_collection("books", [{"document_id": "a"}])
    original = server.execute(["books"], [stage("limit", limit=1)]).json["execution_id"]
    reply = server.post(f"/v1/retrievers/executions/{original}/replay", body)
    assert reply.status == 422, reply
    [error] = reply.json["error"]["details"]["validation_errors"]
    assert error["location"] == location
    assert server.list({}).json["total"] == 1


def test_what_is_not_there_is_not_found(server):
    server.make_collection("books", [{"document_id": "a"}])
    original = server.execute(["books"], [stage("limit", limit=1)]).json["execution_id"]
    assert server.post("/v1/retrievers/executions/exec_none/replay").status == 404
    reply = server.post("/v1/retrievers/executions/diff", {"a": original, "b": "exec_none"})
    assert reply.status == 404, reply
    # Nor is what belongs to another namespace.
    server.ok("POST", "/v1/namespaces", {"namespace_name": "other"})
    reply = server.post(f"/v1/retrievers/executions/{original}/replay",
                        headers={"X-Namespace": "other"})
    assert reply.status == 404, reply
    reply = server.post("/v1/retrievers/executions/diff", {"a": original, "b": original},
                        headers={"X-Namespace": "other"})
    assert reply.status == 404, reply


def test_beyond_the_horizon_it_is_gone(data_dir):
    server = Server(data_dir, environment={"TRAWL_KEEP_SUPERSEDED_DAYS": "0",
                                           "TRAWL_REPLAY_DAYS": "0"}).start()
    server.make_collection("books", [{"document_id": "a", "n": 1}])
    everything = stage("attribute_filter", field="n", operator="exists", value=True)
    original = server.execute(["books"], [everything]).json["execution_id"]
    server.ok("PATCH", "/v1/collections/books/documents/a", {"n": 2})
    server.ok("POST", "/v1/vacuum")
    reply = server.post(f"/v1/retrievers/executions/{original}/replay")
    assert reply.status == 410, reply
    message = reply.json["error"]["message"]
    assert "replay_days" in message and "since 20" in message, message
    now = replay(server, original, as_of="now")
    assert now["difference"]["what"] == "content"
    server.ok("DELETE", "/v1/collections/books")
    reply = server.post(f"/v1/retrievers/executions/{original}/replay")
    assert reply.status == 410, reply
    assert server.stop() == 0


def test_inputs_that_were_not_recorded_are_named(server):
    server.ok("POST", "/v1/namespaces", {
        "namespace_name": "private",
        "recording": {"redact": [{"field": "user.email", "action": "mask"}]}})
    here = {"headers": {"X-Namespace": "private"}}
    server.make_collection("books", [{"document_id": "a", "n": 1}], **here)
    body = {"collection_identifiers": ["books"], "stages": [stage("limit", limit=1)],
            "inputs": {"user": {"email": "alice@example.com"}}}
    original = server.ok("POST", "/v1/retrievers/execute", body, **here)["execution_id"]
    path = f"/v1/retrievers/executions/{original}/replay"
    reply = server.post(path, **here)
    assert reply.status == 422, reply
    assert "/user/email" in reply.json["error"]["message"]
    assert server.post(path, {"inputs": {"user": {}}}, **here).status == 200


def cli(server, *arguments):
    return subprocess.run(
        [BINARY, *arguments, "--url", f"http://127.0.0.1:{server.port}", "-o", "table"],
        capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "TRAWL_API_KEY": KEY})


def test_the_commands_say_it_in_a_sentence(server):
    server.make_collection("books", [{"document_id": str(n), "n": n, "text": "whale"}
                                     for n in range(30)])
    stages = [search(name="find", final_top_k=20), stage("limit", "few", limit=5)]
    original = server.execute(["books"], stages, {"query": "whale"}).json["execution_id"]
    done = cli(server, "replay", "latest")
    assert done.returncode == 0, done
    assert done.stdout.startswith("Over the documents of then it gave the same documents")
    done = cli(server, "replay", original, "--set", "/stages/1/config/parameters/limit=7")
    assert done.returncode == 3, done.stderr
    assert "It went another way" in done.stdout or "it went another way" in done.stdout
    assert "trawl diff" in done.stdout
    done = cli(server, "diff", original, "latest")
    assert done.returncode == 3, done.stderr
    assert "They part at the stage 'few': 2 documents entered" in done.stdout
    assert "/stages/1/config/parameters/limit: 5 -> 7" in done.stdout
    done = cli(server, "replay", original, "--set", "stages=7")
    assert done.returncode == 2 and "PATH=VALUE" in done.stderr
    done = cli(server, "diff", original, original)
    assert done.returncode == 0 and "gave the same documents" in done.stdout
