"""What a run leaves behind: collections that were found late, names, seeds."""

from conftest import BOOKS, search, stage

EVERYTHING = stage("attribute_filter", "all", field="title", operator="exists", value=True)


def execute(server, stages, inputs=None):
    reply = server.execute(["books"], stages, inputs)
    assert reply.status == 200, reply
    return reply.json


def ids(reply):
    assert reply["status"] == "completed", reply["error"]
    return sorted(document["document_id"] for document in reply["documents"])


def test_a_stage_called_name(library):
    first = {**EVERYTHING, "stage_name": "name"}
    two = [first, stage("sort_attribute", field="year"),
           stage("limit", limit="{{ STAGE.name.count - 3 }}")]
    assert len(ids(execute(library, two))) == len(BOOKS) - 3
    by_name = [EVERYTHING, stage("attribute_filter", "b", field="title", operator="ne",
                                 value="{{ STAGE.name }}")]
    assert len(ids(execute(library, by_name))) == len(BOOKS)


def test_collections_that_a_template_names_are_in_the_history(library):
    if library.get("/v1/collections/late").status == 404:
        library.make_collection("late", [{"title": "Late", "text": "sea"}])
    made = library.ok("GET", "/v1/collections/late")["collection_id"]
    reply = execute(library, [search("sea", collection_identifiers=["{{INPUT.where}}"])],
                    {"where": "late"})
    assert len(reply["documents"]) == 1
    row = library.ok("GET", f"/v1/retrievers/executions/{reply['execution_id']}")
    assert made in row["collection_ids"]
    listed = library.list({"collection_ids": [made]}).json
    assert [found["execution_id"] for found in listed["results"]] == [reply["execution_id"]]


def test_draws_can_be_repeated_from_the_record(library):
    def metadata(reply):
        record = library.ok("GET", f"/v1/retrievers/executions/{reply['execution_id']}")
        return [row["metadata"] for row in record["stages"]]

    drawn = [EVERYTHING, stage("sample", count=2)]
    seeds = set()
    for _ in range(4):
        first = execute(library, drawn)
        seed = metadata(first)[1]["sample"]["seed"]
        assert 0 <= seed < 2**53
        seeds.add(seed)
        again = execute(library, [EVERYTHING, stage("sample", count=2, seed=seed)])
        assert ids(again) == ids(first)
    assert len(seeds) == 4
    anything = {"query": "{{INPUT.q}}", "on_empty": "random", "top_k": 2}
    for _ in range(4):
        first = execute(library, [stage("feature_search", searches=[anything, anything])])
        seed = metadata(first)[0]["seed"]
        again = execute(library, [stage("feature_search", seed=seed,
                                        searches=[anything, anything])])
        assert [row["document_id"] for row in again["documents"]] == [
            row["document_id"] for row in first["documents"]]


def record_of(server, reply):
    return server.ok("GET", f"/v1/retrievers/executions/{reply['execution_id']}")


def test_rendered_parameters_are_recorded_where_templates_were_filled_in(library):
    reply = execute(library, [EVERYTHING, stage("limit", limit="{{INPUT.n}}"),
                              stage("limit", "late", limit=5, offset="{{ CONTEXT.time_elapsed_ms * 0 }}")],
                    {"n": 3})
    plain, filled, late = record_of(library, reply)["stages"]
    assert "parameters" not in plain and "context" not in plain and "seed" not in plain
    assert filled["parameters"] == {"limit": 3}
    assert "context" not in filled
    assert late["parameters"] == {"limit": 5, "offset": 0}
    assert late["context"]["time_elapsed_ms"] >= 0
    assert late["context"]["budget_remaining"] is None


def test_candidates_tell_the_states_of_a_document_apart(server):
    server.make_collection("states", [{"document_id": "a", "title": "one"},
                                      {"document_id": "b", "title": "one"}])
    stages = [stage("attribute_filter", field="title", operator="exists", value=True)]

    def hashes():
        reply = server.execute(["states"], stages).json
        record = record_of(server, reply)
        found = {each["document_id"]: each["content_hash"]
                 for each in record["stages"][0]["candidates"]}
        assert found == {each["document_id"]: each["content_hash"]
                         for each in record["results"]}
        return found

    before = hashes()
    assert before == hashes()
    assert before["a"] == before["b"], "equal contents, equal hashes"
    server.ok("PATCH", "/v1/collections/states/documents/a", {"title": "two"})
    after = hashes()
    assert after["a"] != before["a"] and after["b"] == before["b"]


def test_what_stages_wrote_is_recorded_once(library):
    both = stage("feature_search", searches=[{"query": "sea"}, {"query": "whale"}])
    reply = execute(library, [both, stage("sort_relevance", normalize=True),
                              stage("limit", limit=2)])
    found, ranked, cut = record_of(library, reply)["stages"]
    first = found["candidates"][0]
    assert first["searches"][0].keys() == {"search", "rank", "score"}
    assert min(part["rank"] for each in found["candidates"] for part in each["searches"]) == 1
    assert "features" in first["written"]
    assert "searches" not in ranked["candidates"][0]
    assert ranked["candidates"][0]["written"]["sort_relevance"]["new_position"] == 0
    assert all("written" not in each for each in cut["candidates"])
    rows = record_of(library, execute(library, [EVERYTHING, stage(
        "aggregate", aggregations=[{"function": "count", "alias": "n"}])]))["stages"][1]
    assert rows["candidates"][0]["written"] == {"n": len(BOOKS)}
    assert "content_hash" not in rows["candidates"][0]


def test_seeds_and_the_wait_are_members_of_their_own(library):
    reply = execute(library, [EVERYTHING, stage("sample", count=2)])
    record = record_of(library, reply)
    assert record["stages"][1]["seed"] == record["stages"][1]["metadata"]["sample"]["seed"]
    assert 0 <= record.get("queue_wait_ms", 0) < 60_000
    for name in ("parent_execution_id", "relation", "retriever_id", "retriever_revision"):
        assert name not in record
    listed = library.list({"fields": ["execution_id", "parent_execution_id"]}).json
    assert listed["results"][0]["parent_execution_id"] is None
