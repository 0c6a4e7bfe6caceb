"""What narrows a result is never ignored, means one thing, and is named as it was sent."""

import pytest

from conftest import BOOKS, search, stage

EXECUTE = "/v1/retrievers/execute"
EVERYTHING = stage("attribute_filter", "all", field="title", operator="exists", value=True)
READING = {
    "feature_search": stage("feature_search", searches=[]),
    "attribute_filter": EVERYTHING,
    "limit": stage("limit", limit=50),
    "sort": stage("sort_attribute", field="year"),
}


def execute(server, stages, inputs=None, status=200, **fields):
    reply = server.execute(["books"], stages, inputs, **fields)
    assert reply.status == status, reply
    return reply.json


def ids(reply):
    assert reply["status"] == "completed", reply["error"]
    return sorted(document["document_id"] for document in reply["documents"])


def location(reply):
    return reply["error"]["details"]["validation_errors"][0]["location"]


def ids_of(**fields):
    return sorted(book["document_id"] for book in BOOKS
                  if all(book.get(name) == value for name, value in fields.items()))


@pytest.mark.parametrize("first", READING)
@pytest.mark.parametrize("name", ["filters", "pre_filters"])
def test_filters_of_a_request_ignore_case_before_any_first_stage(library, first, name):
    everywhere = [
        ({"author": "mELVILLE"}, ["moby", "typee"]),
        ({"author": "mELVILLE", "case_sensitive": True}, []),
        ({"AND": [{"field": "author", "operator": "starts_with", "value": "melv"}]},
         ["moby", "typee"]),
        ({"NOT": [{"field": "author", "value": "mELVILLE"}]},
         ["dracula", "emma", "persuasion"]),
        ({"field": "author", "operator": "regex", "value": "^mel"}, ["moby", "typee"]),
        ({"field": "author", "operator": "in", "value": ["STOKER"]}, ["dracula"]),
    ]
    for filters, expected in everywhere:
        assert ids(execute(library, [READING[first]], **{name: filters})) == expected, filters
        listed = library.ok("POST", "/v1/collections/books/documents/list",
                            {"filters": filters})
        assert sorted(row["document_id"] for row in listed["results"]) == expected, filters


def test_deletes_and_updates_find_what_lists_and_requests_find(library):
    library.make_collection("shelf", [{"document_id": name, "tag": name} for name in
                                      ("Old", "OLD", "new")])
    documents = "/v1/collections/shelf/documents"
    filters = {"tag": "old"}
    listed = library.ok("POST", documents + "/list", {"filters": filters})
    ran = library.execute(["shelf"], [stage("limit", limit=9)], filters=filters).json
    assert listed["pagination"]["total"] == len(ran["documents"]) == 2
    exact = {**filters, "case_sensitive": True}
    assert library.ok("PATCH", documents + "/bulk", {
        "filters": exact, "update_data": {"x": 1}})["updated_count"] == 0
    assert library.ok("POST", documents + "/batch", {
        "filters": filters, "update_data": {"x": 1}})["updated_count"] == 2
    assert library.ok("DELETE", documents + "/batch", {"filters": filters})[
        "deleted_count"] == 2


def test_a_field_called_score_is_found_by_every_filter(library):
    library.make_collection("rated", [{"document_id": str(n), "score": n} for n in range(4)])
    good = {"field": "score", "operator": "gte", "value": 2}
    everything = stage("attribute_filter", field="score", operator="exists", value=True)
    for stages, fields in [([stage("attribute_filter", **good)], {}),
                           ([everything, stage("attribute_filter", "b", **good)], {}),
                           ([stage("limit", limit=9)], {"filters": good}),
                           ([everything, {"type": "limit", "pre_filters": good}], {})]:
        ran = library.execute(["rated"], stages, **fields).json
        assert sorted(row["document_id"] for row in ran["documents"]) == ["2", "3"], stages
    # And a column that a stage made.
    counted = stage("aggregate", group_by="author",
                    aggregations=[{"function": "count", "alias": "score"}])
    ran = execute(library, [EVERYTHING, counted,
                            stage("attribute_filter", "b", field="score", value=1)])
    assert [row["author"] for row in ran["documents"]] == ["Stoker"]


def test_an_attribute_filter_is_case_sensitive_wherever_it_stands(library):
    one = {"conditions": {"author": "melville"}}
    assert ids(execute(library, [stage("attribute_filter", **one)])) == []
    assert ids(execute(library, [EVERYTHING, stage("attribute_filter", "b", **one)])) == []
    folded = [stage("attribute_filter", case_insensitive=True, **one)]
    assert ids(execute(library, folded)) == ["moby", "typee"]
    assert ids(execute(library, [stage("attribute_filter", case_sensitive=False, **one)])) == [
        "moby", "typee"]
    # Also where the one-line client puts it before a search.
    for author, expected in (("Melville", ["moby"]), ("melville", [])):
        found = execute(library, [
            {"type": "attribute_filter", "conditions": {"author": author}},
            {"type": "feature_search", "query": "whale"}])
        assert ids(found) == expected


# Where filters of one stage may stand: the stage with them.
def in_config(first, name, value):
    made = dict(READING[first])
    return {**made, "config": {**made["config"], name: value}}


def in_parameters(first, name, value):
    made = READING[first]["config"]
    return stage(made["stage_id"], **made["parameters"], **{name: value})


def beside_config(first, name, value):
    return {**READING[first], name: value}


def flat(first, name, value):
    made = READING[first]["config"]
    return {"stage_id": made["stage_id"], "parameters": made["parameters"], name: value}


def inline(first, name, value):
    made = READING[first]["config"]
    return {"type": made["stage_id"], **made["parameters"], name: value}


@pytest.mark.parametrize("place", [in_config, in_parameters, beside_config, flat, inline])
@pytest.mark.parametrize("name", ["pre_filters", "post_filters"])
@pytest.mark.parametrize("first", READING)
def test_filters_of_a_stage_are_applied(library, first, name, place):
    narrowed = place(first, name, {"author": "mELVILLE"})
    reads_itself = first in ("feature_search", "attribute_filter")
    stages = [narrowed] if reads_itself else [EVERYTHING, narrowed]
    reply = execute(library, stages)
    assert ids(reply) == ["moby", "typee"]
    assert reply["warnings"] == []
    # Before a stage or behind it makes a difference.
    top = dict(READING["limit"]["config"], parameters={"limit": 1})
    latest = [EVERYTHING, stage("sort_attribute", field="year"),
              {"stage_name": "top", "config": {**top, name: {"author": "Austen"}}}]
    assert ids(execute(library, latest)) == (["persuasion"] if name == "pre_filters" else [])


def test_filters_of_a_stage_and_of_the_request_all_narrow(library):
    first = in_config("feature_search", "pre_filters", {"tags": "sea"})
    first["config"]["parameters"] = {"searches": [], "filters": {"author": {
        "type": "dynamic", "field": "inputs.by"}}}
    assert ids(execute(library, [first], {"by": "Austen"})) == ["persuasion"]
    assert ids(execute(library, [first], {"by": "Melville"}, filters={"year": 1846})) == [
        "typee"]
    # A search counts its facets over what the filters let through.
    counted = stage("feature_search", query="sea", facets=["author"])
    counted["config"]["pre_filters"] = {"author": "Melville"}
    facets = execute(library, [counted], filters={"tags": "sea"})["facets"]
    assert facets == {"author": [{"value": "Melville", "count": 2}]}
    # Kept in the record as it can be sent again.
    ran = execute(library, [counted], filters={"tags": "whale"})
    record = library.ok("GET", f"/v1/retrievers/executions/{ran['execution_id']}")
    again = library.ok("POST", EXECUTE, {**record["pipeline"], "inputs": {}})
    assert ids(again) == ids(ran) == ["moby"]


UNKNOWN_FILTERS = {
    "config.filters": ([in_config("feature_search", "filters", {"a": 1})], {}),
    "config.pre_filter": ([in_config("limit", "pre_filter", {"a": 1})], {}),
    "config.parameters.filters": ([in_parameters("limit", "filters", {"a": 1})], {}),
    "config.parameters.when": ([in_parameters("sort", "when", {"a": 1})], {}),
    "config.parameters.Filter": ([in_parameters("attribute_filter", "Filter", {"a": 1})], {}),
    "config.parameters.searches[0].fliters": (
        [stage("feature_search", searches=[{"query": "sea", "fliters": {"a": 1}}])], {}),
    "config.parameters.natural_language": (
        [stage("attribute_filter", natural_language="red ones")], {}),
    "filter": ([EVERYTHING], {"filter": {"a": 1}}),
    "post_filters": ([EVERYTHING], {"post_filters": {"a": 1}}),
    "conditions": ([EVERYTHING], {"conditions": {"a": 1}}),
}


@pytest.mark.parametrize("place", UNKNOWN_FILTERS)
def test_a_filter_that_is_unknown_is_an_error(library, place):
    stages, fields = UNKNOWN_FILTERS[place]
    refused = execute(library, stages,
                      status=403 if "natural" in place else 422, **fields)
    message = refused["error"]["message"]
    assert (f"stages[0].{place}" if not fields else place) in message


SLIPS = {
    "config.parameters.limits": stage("limit", limits=1),
    "config.parameters.final_topk": stage("feature_search", query="sea", final_topk=1),
    "config.parameters.searches[0].topK": stage(
        "feature_search", searches=[{"query": "sea", "topK": 1}]),
    "config.parameters.searches[0].minScore": stage(
        "feature_search", searches=[{"query": "sea", "minScore": 0.9}]),
    "config.parameters.group_by.limits": stage(
        "feature_search", query="sea", group_by={"field": "author", "limits": 1}),
    "config.parameters.max_group": stage("group_by", group_by_field="author", max_group=1),
    "config.parameter": {"stage_name": "s", "config": {"stage_id": "limit",
                                                       "parameter": {"limit": 1}}},
}


@pytest.mark.parametrize("place", SLIPS)
def test_a_slip_is_an_error(library, place):
    refused = execute(library, [SLIPS[place]], status=422)
    assert location(refused) == f"stages[0].{place}"
    assert "did you mean '" in refused["error"]["message"]


def test_what_newer_clients_send_is_no_slip(library):
    sent = stage("feature_search", hard_timeout_ms=100, interactive=False, degrade_retry=False,
                 auto_preprocess=True, learning_config={"exploration_decay": 0.9},
                 searches=[{"feature_uri": "trawl://bm25@v1/text", "lexical": True,
                            "optional": False, "query": {
                                "input_mode": "text", "value": "whale",
                                "embedding_task": "none"}}])
    assert ids(execute(library, [sent])) == ["moby"]
    typed = stage("attribute_filter", field="metadata.status", operator="eq", value=None,
                  conditions={"author": "Stoker"}, natural_language="null", field_hints=["a"])
    assert ids(execute(library, [typed])) == ["dracula"]
    counted = stage("aggregate", sort_by=None, aggregations=[
        {"function": "count", "alias": "n", "percentile_value": None, "field_b": None,
         "top_k": None}])
    assert execute(library, [EVERYTHING, counted])["documents"][0]["n"] == len(BOOKS)


SHORT_FORMS = {
    "filters.operator": ([search("sea")], {"filters": {"field": "a", "operator": "eqq",
                                                      "value": 1}}),
    "filters.AND[1].operator": ([stage("limit")], {"filters": {"AND": [
        {"a": 1}, {"field": "a", "operator": "eqq", "value": 1}]}}),
    "pre_filters.value": ([search("sea")], {"filters": {"a": 1}, "pre_filters": {
        "field": "a", "operator": "regex", "value": "("}}),
    "stages[0].conditions.operator": ([
        {"type": "attribute_filter", "conditions": {"field": "a", "operator": "x", "value": 1}},
        {"type": "feature_search", "query": "sea"}], {}),
    "stages[1].limit": ([
        {"type": "attribute_filter", "conditions": {"a": 1}},
        {"type": "feature_search", "query": "sea", "limit": 5001}], {}),
    "stages[1].config.parameters.limit": ([stage("limit"), stage("limit", limit=0)],
                                          {"filters": {"a": 1}}),
    "stages[0].config.parameters.size": ([stage("sample", size=0)], {}),
    "stages[0].config.parameters.order": ([stage("sort_relevance", order="up")], {}),
    "stages[0].config.parameters.filters.operator": ([stage("attribute_filter", filters={
        "field": "a", "operator": "x", "value": 1})], {}),
    "stages[0].config.params.limit": ([
        {"stage_name": "s", "config": {"stage_id": "limit", "params": {"limit": 0}}}], {}),
    "stages[0].config.pre_filters.operator": ([in_config("limit", "pre_filters", {
        "field": "a", "operator": "x", "value": 1})], {}),
    "stages[0].query": ([{"type": "feature_search", "query": {"input_mode": "text"},
                          "feature_uris": [{"uri": "trawl://bm25@v1/text"}]}], {}),
    "stages[0].config.parameters.group_by.field": ([stage(
        "aggregate", aggregations=[{"function": "count", "alias": "n"}],
        group_by={"alias": "x"})], {}),
}


@pytest.mark.parametrize("place", SHORT_FORMS)
def test_errors_name_the_place_in_the_request(library, place):
    stages, fields = SHORT_FORMS[place]
    refused = execute(library, stages, status=422, **fields)
    assert location(refused).startswith(place), refused
    assert refused["error"]["message"].startswith(location(refused))


@pytest.mark.parametrize("fields, place", [
    ({"filters": {"field": "title", "operator": "regex", "value": "{{INPUT.p}}"}},
     "filters.value"),
    ({"stages": [{**READING["limit"], "config": {
        **READING["limit"]["config"],
        "post_filters": {"OR": [{"field": "t", "operator": "regex", "value": "{{INPUT.p}}"}]}}}]},
     "stages[0].config.post_filters.OR[0].value")])
def test_errors_of_a_run_name_it_too(library, fields, place):
    reply = library.execute(["books"], fields.pop("stages", [search("sea")]), {"p": "("},
                            **fields).json
    assert reply["status"] == "failed"
    assert reply["error"].startswith(place + " ")


def test_remembered_warnings_name_the_own_request(library):
    odd = {"searches": [{"query": "captain sea", "colour": 1}]}
    forms = {
        "stages[0].config.parameters": [stage("feature_search", **odd)],
        "stages[0]": [{"type": "feature_search", **odd}],
        "stages[0].parameters": [{"stage_id": "feature_search", "parameters": odd}],
    }
    for place, stages in [*forms.items(), *forms.items()]:
        warnings = execute(library, stages)["warnings"]
        assert len(warnings) == 1
        assert f": {place}.searches[0].colour is not a parameter" in warnings[0]


ABSENT = [
    {"field": "year", "operator": "eq", "value": "{{INPUT.x}}"},
    {"field": "year", "operator": "ne", "value": "{{INPUT.x}}"},
    {"field": "year", "operator": "nin", "value": "{{INPUT.x}}"},
    {"field": "year", "operator": "nin", "value": [1, "{{INPUT.x}}"]},
    {"field": "title", "operator": "exists", "value": "{{INPUT.x}}"},
    {"field": "lost", "operator": "is_null", "value": "{{INPUT.x}}"},
    {"field": "title", "operator": "starts_with", "value": "{{INPUT.x}}"},
    {"field": "title", "operator": "contains", "value": "{{INPUT.x}}{{INPUT.y}}"},
    {"field": "title", "operator": "regex", "value": "^{{INPUT.x}}"},
    {"field": "title", "operator": "text", "value": " {{ INPUT.x | lower }} "},
    {"field": "year", "operator": "gte", "value": "{{ INPUT.x | length }}"},
    {"field": "title", "operator": "starts_with", "value": "{{ '' + INPUT.x }}"},
    {"field": "{{INPUT.x}}", "operator": "ne", "value": 1},
    {"field": "a{{INPUT.x}}", "operator": "exists", "value": False},
    {"field": "year", "operator": "{{INPUT.x}}", "value": 1851},
    {"field": "year", "operator": "ne", "value": {"type": "dynamic", "field": "inputs.x"}},
    {"year": "{{INPUT.x.deep[3]}}"},
    {"NOT": [{"field": "year", "value": "{{INPUT.x}}"}]},
    {"NOT": {"field": "year", "operator": "in", "value": [3, "{{INPUT.x}}"]}},
    {"NOT": [{"NOT": [{"year": "{{INPUT.x}}"}]}]},
    {"NOT": ["{{INPUT.x}}"]},
    {"AND": [{"title": "Emma"}, {"year": "{{INPUT.x}}"}]},
    {"AND": "{{INPUT.x}}"},
    {"NOT": "{{INPUT.x}}"},
    {"OR": [{"title": "none"}, {"field": "year", "operator": "ne", "value": "{{INPUT.x}}"}]},
    "{{INPUT.x}}",
]


@pytest.mark.parametrize("inputs", [{}, {"x": None}], ids=["absent", "null"])
def test_an_absent_input_never_widens(library, inputs):
    for condition in ABSENT:
        places = {
            "conditions": ([stage("attribute_filter", conditions=condition)], {}),
            "later": ([EVERYTHING, stage("attribute_filter", "b", conditions=condition)], {}),
            "filters": ([search("sea captain")], {"filters": condition}),
            "pre_filters": ([in_config("limit", "pre_filters", condition)], {}),
            "search": ([stage("feature_search", searches=[
                {"query": "sea", "filters": condition}])], {}),
            "stage": ([stage("feature_search", searches=[], filters=condition)], {}),
            "post_filters": ([in_config("attribute_filter", "post_filters", condition)], {}),
        }
        if isinstance(condition, dict) and "field" in condition:
            places["single"] = ([stage("attribute_filter", **condition)], {})
        if isinstance(condition, dict) and "NOT" in condition:
            places["group"] = ([stage("attribute_filter", **condition)], {})
        for place, (stages, fields) in places.items():
            if place == "pre_filters":
                stages = [EVERYTHING, *stages]
            reply = execute(library, stages, inputs, **fields)
            assert ids(reply) == [], (place, condition)
            said = [warning for warning in reply["warnings"] if "INPUT.x" in warning
                    or "inputs.x" in warning]
            assert len(said) == 1, (place, condition, reply["warnings"])


def test_what_does_not_rest_on_the_absent_input_still_matches(library):
    for condition, expected in [
            ({"OR": [{"author": "Stoker"}, {"year": "{{INPUT.x}}"}]}, ["dracula"]),
            ({"field": "author", "operator": "in", "value": ["Stoker", "{{INPUT.x}}"]},
             ["dracula"]),
            ({"field": "year", "value": "{{ INPUT.x | default(1897) }}"}, ["dracula"]),
            ({"field": "year", "value": "{{ INPUT.x or 1897 }}"}, ["dracula"]),
            ({"field": "year", "value": "{{ 1897 if INPUT.x == null else 1 }}"}, ["dracula"]),
            ({"NOT": [{"author": "Stoker"}, {"year": "{{INPUT.given}}"}]},
             ["emma", "persuasion", "typee"])]:
        reply = execute(library, [stage("attribute_filter", conditions=condition)],
                        {"given": 1851})
        assert ids(reply) == expected, condition
    # A default of the schema is as good as given. Null that was written is null.
    schema = {"x": {"type": "integer", "default": 1897}}
    by_year = stage("attribute_filter", field="year", value="{{INPUT.x}}")
    assert ids(execute(library, [by_year], input_schema=schema)) == ["dracula"]
    nothing = stage("attribute_filter", field="tags", operator="is_null", value=True)
    assert ids(execute(library, [nothing])) == ["dracula"]


def test_a_remembered_result_is_not_that_of_null(library):
    by_null = stage("attribute_filter", conditions={"field": "tags", "operator": "ne",
                                                    "value": None})
    by_input = stage("attribute_filter", conditions={"field": "tags", "operator": "ne",
                                                     "value": "{{INPUT.x}}"})
    for _ in range(2):
        assert len(ids(execute(library, [by_null]))) == len(BOOKS)
        assert ids(execute(library, [by_input])) == []


BOUNDS = {
    "limit": stage("limit", limit="{{INPUT.n}}"),
    "count": stage("sample", count="{{INPUT.n}}"),
    "size": stage("sample", size="{{ INPUT.n * 2 }}"),
    "final_top_k": stage("feature_search", query="sea", final_top_k="{{INPUT.n}}"),
    "searches[0].top_k": stage("feature_search", searches=[
        {"query": "sea", "top_k": "{{INPUT.n}}"}]),
    "searches[0].min_score": stage("feature_search", searches=[
        {"query": "sea", "min_score": "{{INPUT.n}}"}]),
    "min_score": stage("feature_search", query="sea", min_score="{{INPUT.n}}"),
    "searches": stage("feature_search", searches="{{INPUT.n}}"),
    "collection_identifiers": stage("attribute_filter", field="title", operator="exists",
                                    value=True, collection_identifiers="{{INPUT.n}}"),
    "searches[0].collection_ids[0]": stage("feature_search", searches=[
        {"query": "sea", "collection_ids": ["{{INPUT.n}}"]}]),
    "group_by": stage("feature_search", query="sea", group_by="{{INPUT.n}}"),
    "group_by.limit": stage("feature_search", query="sea", group_by={
        "field": "author", "limit": "{{INPUT.n}}"}),
    "max_groups": stage("group_by", group_by_field="author", max_groups="{{INPUT.n}}"),
    "max_per_group": stage("group_by", group_by_field="author", max_per_group="{{INPUT.n}}"),
    "exclude_null": stage("group_by", group_by_field="author", exclude_null="{{INPUT.n}}"),
    "aggregate.limit": stage("aggregate", aggregations=[{"function": "count", "alias": "n"}],
                             group_by="author", limit="{{INPUT.n}}"),
}


@pytest.mark.parametrize("place", BOUNDS)
def test_a_bound_that_is_absent_is_not_left_out(library, place):
    before = library.list({}).json["total"]
    for inputs in ({}, {"n": None}):
        refused = execute(library, [BOUNDS[place]], inputs, status=422)
        assert location(refused) == (
            "stages[0].config.parameters." + place.removeprefix("aggregate."))
        assert "needs " in refused["error"]["message"]
        assert "n, which is not given" in refused["error"]["message"]
    assert library.list({}).json["total"] == before


def test_a_bound_with_a_default_or_of_a_stage_is_taken(library):
    limited = stage("limit", limit="{{ INPUT.n | default(2) }}")
    assert len(ids(execute(library, [EVERYTHING, limited]))) == 2
    plain = stage("limit", limit="{{INPUT.n}}")
    schema = {"n": {"type": "integer", "default": 3}}
    assert len(ids(execute(library, [EVERYTHING, plain], input_schema=schema))) == 3
    counted = stage("limit", limit="{{ STAGE.all.count - 1 }}")
    assert len(ids(execute(library, [EVERYTHING, counted]))) == len(BOOKS) - 1
