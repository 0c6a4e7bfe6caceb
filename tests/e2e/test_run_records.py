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
