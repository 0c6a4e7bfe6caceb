"""POST /v1/retrievers/execute: request shapes, stages, templates, budgets, failures."""

import json

import pytest

from conftest import search, stage


def run(library, stages, inputs=None, **fields):
    reply = library.execute(["books"], stages, inputs, **fields)
    assert reply.status == 200, reply
    return reply.json


def ids(result):
    return [document["document_id"] for document in result["documents"]]


def test_a_search_returns_ranked_documents_and_leaves_a_record(library):
    reply = library.execute(["books"], [search()], {"query": "whale captain"},
                            input_schema={"query": {"type": "text", "required": True}})
    assert reply.status == 200
    assert reply.headers["x-execution-mode"] == "adhoc"
    result = reply.json
    assert reply.headers["x-execution-id"] == result["execution_id"]
    assert result["status"] == "completed"
    assert result["documents"][0]["document_id"] == "moby"
    assert result["documents"] == result["results"]
    assert result["execution_metadata"]["retriever_persisted"] is False
    scores = [document["score"] for document in result["documents"]]
    assert scores == sorted(scores, reverse=True)
    statistics = result["stage_statistics"]["stages"]["search"]
    assert statistics["output_count"] == len(scores)
    assert statistics["efficiency"] >= 0

    detail = library.ok("GET", f"/v1/retrievers/executions/{result['execution_id']}")
    assert detail["status"] == "completed"
    assert json.loads(detail["inputs"]) == {"query": "whale captain"}
    assert detail["query_summary"] == "whale captain"
    assert [row["document_id"] for row in detail["results"]] == ids(result)
    assert detail["collection_versions"][0]["version"] >= 1
    assert detail["stages"][0]["candidates"][0]["document_id"] == "moby"
    assert detail["pipeline"]["stages"][0]["config"]["stage_id"] == "feature_search"


SHAPES = {
    "authoritative": {"stage_name": "s", "stage_type": "filter", "config": {
        "stage_id": "attribute_filter",
        "parameters": {"field": "author", "operator": "eq", "value": "Austen"}}},
    "flat": {"stage_type": "filter", "stage_id": "attribute_filter",
             "parameters": {"field": "author", "operator": "eq", "value": "Austen"}},
    "inline": {"type": "attribute_filter", "conditions": {"author": "Austen"}},
    "oldest": {"stage_name": "attribute_filter", "version": "v1",
               "parameters": {"field": "author", "operator": "eq", "value": "Austen"}},
    "alias": {"stage_name": "s", "config": {
        "stage_id": "structured_filter",
        "parameters": {"AND": [{"field": "author", "operator": "eq", "value": "Austen"}]}}},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_stage_shape_is_taken(library, shape):
    result = run(library, [SHAPES[shape]])
    assert sorted(ids(result)) == ["emma", "persuasion"]


def test_the_one_line_form_of_the_client(library):
    reply = library.post("/v1/retrievers/execute", {
        "stages": [{"type": "feature_search", "query": "whale", "collection_ids": ["books"]}],
        "inputs": {}})
    assert reply.status == 200, reply
    assert ids(reply.json) == ["moby"]


def test_request_filters_and_limit(library):
    result = run(library, [search("sea")], filters={"author": "Melville"}, limit=1)
    assert len(result["documents"]) == 1
    assert result["pagination"]["total"] == 2
    assert result["documents"][0]["author"] == "Melville"


def test_pipeline_of_many_stages(library):
    result = run(library, [
        search("sea", name="find"),
        stage("attribute_filter", field="year", operator="gte", value="{{INPUT.since}}"),
        stage("sort_attribute", field="year", direction="asc"),
        stage("limit", limit=2),
    ], {"since": 1817})
    assert ids(result) == ["persuasion", "typee"]
    assert list(result["stage_statistics"]["stages"]) == [
        "find", "attribute_filter", "sort_attribute", "limit"]


def test_a_later_filter_narrows_what_it_is_given(library):
    everyone = stage("attribute_filter", field="year", operator="gt", value=1000)
    assert ids(run(library, [search("whale"), everyone])) == ["moby"]
    assert ids(run(library, [search("nothingmatchesthis"), everyone])) == []


def test_group_aggregate_and_the_rest(library):
    everything = stage("attribute_filter", "all", field="title", operator="exists", value=True)
    grouped = run(library, [everything, stage("group_by", group_by_field="author")])
    assert {row["group_key"]: row["count"] for row in grouped["documents"]} == {
        "Melville": 2, "Austen": 2, "Stoker": 1}
    totals = run(library, [everything, stage(
        "aggregate", group_by=[{"field": "author"}],
        aggregations=[{"function": "count", "alias": "books"},
                      {"function": "avg", "field": "pages", "alias": "pages"}],
        sort_by="pages", sort_order="desc")])
    assert totals["documents"][0]["author"] == "Melville"
    assert totals["documents"][0]["pages"] == 467.5
    unique = run(library, [everything, stage("deduplicate", fields=["author"])])
    assert len(unique["documents"]) == 3
    sampled = [run(library, [everything, stage("sample", count=2, seed=7)]) for _ in range(2)]
    assert ids(sampled[0]) == ids(sampled[1])
    assert len(sampled[0]["documents"]) == 2


def test_facets_are_mirrored_at_the_top(library):
    result = run(library, [search("sea captain whale island", facets=["author"])])
    assert {"value", "count"} <= set(result["facets"]["author"][0])


def test_an_empty_collection_is_told(server):
    server.make_collection("books")
    result = server.execute(["books"], [search("whale"), stage("limit", limit=2)]).json
    assert result["status"] == "completed" and result["documents"] == []
    assert result["warnings"] == ["search: the collection 'books' holds no documents"]
    server.ok("POST", "/v1/collections/books/documents", {"text": "an emma"})
    assert server.execute(["books"], [search("whale")]).json["warnings"] == []


def test_what_does_not_exist_is_told_with_a_remedy(server):
    server.make_collection("books")
    near = server.execute(["boks"], [search("whale")])
    far = server.execute(["articles"], [search("whale")])
    assert (near.status, far.status) == (404, 404)
    assert near.json["error"]["message"] == (
        "there is no collection 'boks' (did you mean 'books'?)")
    assert far.json["error"]["message"] == (
        "there is no collection 'articles'; GET /v1/collections lists those that exist")


def test_equal_names_get_suffixes(library):
    result = run(library, [stage("limit", limit=3), stage("limit", limit=2)])
    assert list(result["stage_statistics"]["stages"]) == ["limit", "limit_2"]


def test_a_second_run_is_cached_and_free(library):
    stages = [search("count ship")]
    first = run(library, stages)
    second = run(library, stages)
    assert ids(first) == ids(second)
    assert second["stage_statistics"]["stages"]["search"]["cache_hit"] is True
    assert second["budget"]["credits_used"] == 0
    row = library.list({}).json["results"][0]
    assert row["cache_hit_rate"] == 1.0
    assert run(library, stages, skip_cache=True)["budget"]["credits_used"] > 0


def test_a_write_makes_the_cache_forget(library):
    library.make_collection("notes", [{"document_id": "a", "text": "red apple"}])
    stages = [search("apple")]
    assert ids(library.execute(["notes"], stages).json) == ["a"]
    library.ok("POST", "/v1/collections/notes/documents",
               {"document_id": "b", "text": "green apple"})
    assert sorted(ids(library.execute(["notes"], stages).json)) == ["a", "b"]


def test_budget_stops_a_run_and_keeps_the_record(library):
    result = run(library, [search("sea"), stage("sort_relevance"), stage("limit", limit=1)],
                 budget_limits={"max_credits": 1.0}, skip_cache=True)
    assert result["status"] == "failed"
    assert "max_credits" in result["error"]
    assert result["documents"] == []
    detail = library.ok("GET", f"/v1/retrievers/executions/{result['execution_id']}")
    assert detail["stages_completed"] == 1
    assert detail["total_stages"] == 3
    assert detail["failed_stage"] == "sort_relevance"
    for limit in ("max_credits", "max_time_ms"):
        none = run(library, [search("sea")], budget_limits={limit: 0}, skip_cache=True)
        assert f"a budget_limits.{limit} of 0 is no" in none["error"]
        assert "leave it out" in none["error"]
    timed = run(library, [search("sea")], budget_limits={"max_time_ms": 0})
    assert timed["status"] == "failed"
    assert "max_time_ms" in timed["error"]


def test_a_stage_that_fails_at_run_time(library):
    result = run(library, [stage("attribute_filter", "match", field="title", operator="regex",
                                 value="{{INPUT.pattern}}")], {"pattern": "("})
    assert result["status"] == "failed"
    assert result["failed_stage"] == "match"
    assert result["error"]
    row = library.list({"status": "failed"}).json["results"][0]
    assert row["execution_id"] == result["execution_id"]


def test_inputs_are_data_and_never_templates(library):
    result = run(library, [search()], {"query": "{{INPUT.secret}} whale", "secret": "emma"})
    assert ids(result) == ["moby"]


def test_defaults_of_the_input_schema(library):
    result = run(library, [search()], {},
                 input_schema={"query": {"type": "string", "default": "whale"}})
    assert ids(result) == ["moby"]


def count(library):
    return library.list({}).json["total"]


BAD = {
    "no stages": ({"stages": []}, "stages"),
    "stages of a wrong type": ({"stages": "x"}, "stages"),
    "stage that is no object": ({"stages": [1]}, "stages[0]"),
    "unknown stage": ({"stages": [stage("feature_serch")]}, "stages[0].config.stage_id"),
    "parameter out of range": ({"stages": [stage("limit", limit=0)]},
                               "stages[0].config.parameters.limit"),
    "parameter of a wrong type": ({"stages": [stage("limit", limit="ten")]},
                                  "stages[0].config.parameters.limit"),
    "second stage": ({"stages": [stage("limit"), stage("sort_attribute", field=5)]},
                     "stages[1].config.parameters.field"),
    "bad operator": ({"stages": [stage("attribute_filter", field="a", operator="equals")]},
                     "stages[0].config.parameters"),
    "literal bad regex": ({"stages": [stage("attribute_filter", field="a", operator="regex",
                                            value="(")]}, "stages[0].config.parameters"),
    "malformed template": ({"stages": [search("{{INPUT.query")]}, "stages[0].config.parameters"),
    "unknown template namespace": ({"stages": [search("{{NOPE.x}}")]},
                                   "stages[0].config.parameters"),
    "negative budget": ({"stages": [stage("limit")], "budget_limits": {"max_credits": -1}},
                        "budget_limits.max_credits"),
    "missing required input": ({"stages": [stage("limit")],
                                "input_schema": {"q": {"type": "string", "required": True}}},
                               "inputs.q"),
    "input of a wrong type": ({"stages": [stage("limit")], "inputs": {"n": []},
                               "input_schema": {"n": {"type": "integer"}}}, "inputs.n"),
    "unknown feature": ({"stages": [stage("feature_search", searches=[
        {"feature_uri": "mixpeek://nothing@v1/here", "query": "x"}])]}, "stages[0]"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_names_the_place_and_leaves_no_record(library, case):
    fields, location = BAD[case]
    before = count(library)
    body = {"collection_identifiers": ["books"], "inputs": {}, "input_schema": {}, **fields}
    reply = library.post("/v1/retrievers/execute", body)
    assert reply.status == 422, reply
    error = reply.json["error"]
    assert error["type"] == "ValidationError"
    assert error["details"]["validation_errors"][0]["location"].startswith(location), error
    assert count(library) == before


def test_stages_that_are_not_offered(library):
    before = count(library)
    reply = library.execute(["books"], [stage("llm_filter")])
    assert reply.status == 403
    assert reply.json["error"]["type"] == "NotEnabledError"
    assert "llm_filter" in reply.json["error"]["message"]
    assert library.execute(["books"], [search("x")], stream=True).status in (403, 422)
    assert library.execute(["nowhere"], [search("x")]).status == 404
    assert count(library) == before


def test_unknown_fields_are_named_in_warnings(library):
    result = run(library, [stage("limit", limit=1, colour="red")], shape="round")
    assert any("colour" in warning for warning in result["warnings"])
    assert any("shape" in warning for warning in result["warnings"])


def test_what_a_template_fills_in_is_data(library):
    """An input cannot say what a pipeline says: not how to search, nor what to compare with."""
    odd = {"type": "dynamic", "field": "inputs.secret"}
    library.make_collection("odd", [
        {"document_id": "odd", "kind": odd}, {"document_id": "plain", "kind": "dynamic"},
        {"document_id": "secret", "kind": "hidden"}])

    def run(collection, *stages, **inputs):
        return library.execute([collection], list(stages), {"secret": "hidden", **inputs}).json

    # As a value it is compared with, and no other input is read through it.
    for condition in ({"field": "kind", "operator": "eq", "value": "{{INPUT.x}}"},
                      {"kind": "{{INPUT.x}}"},
                      {"kind": {"type": "dynamic", "field": "inputs.x"}},
                      {"AND": [{"field": "kind", "operator": "in", "value": ["{{INPUT.x}}"]}]}):
        reply = run("odd", stage("attribute_filter", conditions=condition), x=odd)
        assert reply["status"] == "completed", reply["error"]
        assert [row["document_id"] for row in reply["documents"]] == ["odd"]
    # As a query it is no text, whichever way of searching it asks for.
    for query in ({"input_mode": "text", "value": "whale"}, {"text": "whale"},
                  {"input_mode": "document", "document_ref": {"document_id": "moby"}},
                  {"input_mode": "content", "content": {"url": "http://example.com"}}, odd):
        for place in (search("{{INPUT.q}}"), stage("feature_search", query="{{INPUT.q}}"),
                      stage("feature_search", input="{{INPUT.q}}"),
                      stage("feature_search", feature_uris=["trawl://bm25@v1/text"],
                            query="{{INPUT.q}}")):
            reply = run("books", place, q=query)
            assert reply["status"] == "failed" and "text" in reply["error"], reply
            assert "query" in reply["error"] or "input" in reply["error"]
    for parameters in ({"facets": ["{{INPUT.q}}"]}, {"group_by": "{{INPUT.q}}"}):
        reply = run("books", search("sea", **parameters), q={"key": "author", "field": "author"})
        assert reply["status"] == "failed" and "object" in reply["error"], reply
    # The object that the pipeline itself writes is read, with the text that is filled in.
    reply = run("books", stage("feature_search", query={
        "input_mode": "text", "value": "{{INPUT.q}}"}), q="{{INPUT.secret}} whale")
    assert [row["document_id"] for row in reply["documents"]] == ["moby"]


@pytest.mark.parametrize("stage_id, parameters", [
    ("sort_attribute", {"field": "title"}), ("limit", {"limit": 3}), ("sample", {"size": 2}),
    ("deduplicate", {"field": "title"}), ("sort_relevance", {})])
def test_a_first_stage_that_is_given_nothing_says_so(library, stage_id, parameters):
    first = library.execute(["books"], [stage(stage_id, **parameters)]).json
    assert first["documents"] == []
    assert any("it comes first" in warning for warning in first["warnings"]), first["warnings"]
    both = library.execute(["books"], [search("whale"), stage(stage_id, "next", **parameters)])
    assert not any("it comes first" in warning for warning in both.json["warnings"])


def test_what_is_filled_in_as_nothing_is_told(library):
    def warnings(query, **fields):
        return library.execute(["books"], [search(query)], **fields).json["warnings"]
    assert any("INPUT.missing is not given" in text for text in warnings("whale {{INPUT.missing}}"))
    assert any("DOC.title is filled in as nothing" in text
               for text in warnings("whale {{DOC.title}}"))
    assert any("'{% … %}' stays as it is" in text
               for text in warnings("{% if INPUT.q %}whale{% endif %}"))
    assert warnings("whale {{INPUT.q | default('')}}") == []
    sampled = [search("whale"), stage("sample", size=2)]
    page = {"method": "offset", "page_size": 1, "page_number": 2}
    assert any("draws anew for each page" in text for text in library.execute(
        ["books"], sampled, pagination=page).json["warnings"])
    assert library.execute(["books"], sampled).json["warnings"] == []
