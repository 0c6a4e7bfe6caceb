"""What a slip in a request is answered with: an error or a warning that names it."""

import json

import pytest

from conftest import BOOKS, Server, search, stage

EXECUTE = "/v1/retrievers/execute"
LIST = "/v1/retrievers/executions/list"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("slips") / "data").start()
    server.make_collection("books", BOOKS)
    yield server
    assert server.stop() == 0, "".join(server.log)


def run(server, stages, inputs=None, **more):
    reply = server.execute(["books"], stages, inputs, **more)
    assert reply.status == 200, reply
    return reply.json


def refused(reply, status=422):
    assert reply.status == status, reply
    error = reply.json["error"]
    wrong = error.get("details", {}).get("validation_errors", [{}])[0]
    return wrong.get("location"), error["message"]


FILTER = stage("attribute_filter", field="author", operator="eq", value="{{INPUT.tag}}")


def said_of_inputs(reply):
    return [text for text in reply["warnings"] if "read by no template" in text]


@pytest.mark.parametrize("inputs, warned, near", [
    ({"tagg": "x"}, "inputs.tagg", "tag"),
    ({"Tag": "x"}, "inputs.Tag", "tag"),
    ({"tag": "x", "colour": 1}, "inputs.colour", None),
    ({"tag": "x", "tagg": "y"}, "inputs.tagg", None),  # tag is given.
])
def test_an_input_that_nothing_reads_is_warned_of(library, inputs, warned, near):
    reply = run(library, [FILTER], inputs)
    [text] = said_of_inputs(reply)
    assert text.startswith(warned + " is ")
    assert (f"did you mean '{near}'?" in text) == (near is not None), text


@pytest.mark.parametrize("stages, inputs, schema", [
    ([FILTER], {"tag": "x"}, {}),
    ([FILTER], {"tag": "x", "limit": 3}, {"limit": {"type": "integer"}}),
    ([FILTER], {"tag": "x", "limit": 3},
     {"properties": {"limit": {"type": "integer"}}}),
    ([search("{{INPUT.tag | upper}} and {{ input['b'] }}")], {"tag": "x", "b": "y"}, {}),
    ([search({"input_mode": "text", "value": "{{INPUT.q}}"})], {"q": "whale"}, {}),
    ([stage("attribute_filter", field="author", operator="eq",
            value={"type": "dynamic", "field": "inputs.q"})], {"q": "whale"}, {}),
    ([search("whale {{INPUT}}")], {"q": "whale"}, {}),  # All of them.
    ([{**search("whale"), "config": {**search("whale")["config"], "post_filters": {
        "field": "year", "operator": "gt", "value": "{{INPUT.a.b}}"}}}],
     {"a": {"b": 1}}, {}),
    ([search("whale")], {}, {}),
])
def test_one_that_is_read_or_declared_is_not(library, stages, inputs, schema):
    reply = run(library, stages, inputs, input_schema=schema)
    assert said_of_inputs(reply) == []


def test_of_many_a_few_are_named(library):
    texts = said_of_inputs(run(library, [FILTER], {f"n{i}": i for i in range(1000)}))
    assert len(texts) == 8 and texts[-1].endswith("; nor are 992 more inputs")


def test_an_empty_query_names_the_input_that_was_not_given(library):
    for query in ("{{INPUT.qq}}", {"input_mode": "text", "value": "{{INPUT.qq}}"}):
        reply = run(library, [search(query)], {"q": "whale"})
        assert reply["status"] == "failed"
        assert "{{INPUT.qq}} was not given" in reply["error"], reply["error"]
    reply = run(library, [search("{{INPUT.a}}{{INPUT.b}}")])
    assert "{{INPUT.a}} and {{INPUT.b}} were not given" in reply["error"]
    assert "not given" not in run(library, [search("{{INPUT.q}}")], {"q": " "})["error"]


def test_stages_of_one_name_are_told_apart_and_that_is_said(library):
    limit = stage("limit", "cut", limit=2)
    reply = run(library, [search("sea"), limit, limit])
    [text] = [text for text in reply["warnings"] if "name of its own" in text]
    assert text.startswith("stages[2].stage_name is 'cut'") and "'cut_2'" in text
    assert list(reply["stage_statistics"]["stages"]) == ["search", "cut", "cut_2"]
    # Who gave them no names does not care.
    unnamed = {"config": {"stage_id": "limit", "parameters": {"limit": 2}}}
    assert run(library, [search("sea"), unnamed, unnamed])["warnings"] == []


def body(text):
    return '{"collection_identifiers": ["books"], "input_schema": {}, ' + text + "}"


@pytest.mark.parametrize("path, text, at", [
    (LIST, '{"status": "failed", "status": "completed"}', "status"),
    (LIST, '{"labels": {"a": "1", "b": "2", "a": "3"}}', "labels.a"),
    (EXECUTE, body('"inputs": {"q": 1, "q": 1}, "stages": []'), "inputs.q"),
    (EXECUTE, body('"stages": [{}, {"config": {"stage_id": "a", "stage_id": "b"}}]'),
     "stages[1].config.stage_id"),
    (EXECUTE, body('"stages": [{"a": [[{"b": {"c": 1}, "b": 2}]]}]'), "stages[0].a[0][0].b"),
    ("/v1/collections", '{"collection_name": "a", "collection_name": "b"}',
     "collection_name"),
    ("/v1/collections/books/documents", '{"title": "a", "title": "b"}', "title"),
    ("/v1/collections/books/documents/batch",
     '{"documents": [{"x": 1}, {"x": {"": 1, "": 2}}]}', 'documents[1].x.""'),
])
def test_a_member_that_is_there_twice_is_refused(library, path, text, at):
    before = library.list().json["total"]
    location, message = refused(library.post(path, text))
    assert location == at
    assert "twice" in message and at in message
    assert library.list().json["total"] == before


def test_in_an_import_it_is_a_bad_line(library):
    library.make_collection("imported")
    for path, lines in (
        ("/v1/collections/imported/documents/import",
         '{"document_id": "one", "n": 1}\n{"document_id": "two", "n": 1, "n": 2}'),
        ("/v1/retrievers/executions/import",
         '{"execution_id": "exec_1", "status": "completed", "timestamp": 1700000000}\n'
         '{"execution_id": "exec_2", "status": "failed", "status": "completed", '
         '"timestamp": 1700000000}'),
    ):
        report = library.ok("POST", path, lines)
        assert (report["imported_count"], report["failed_count"]) == (1, 1), report
        [bad] = report["errors"]
        assert bad["line"] == 2 and "twice" in bad["message"]


def test_what_is_missing_names_what_was_sent_in_its_place(library):
    for sent in ({"kee": "year"}, {"keys": "year"}):
        location, message = refused(library.execute(
            ["books"], [search("sea", facets=[sent])]))
        assert location.startswith("stages[0].config.parameters.facets[0]")
        assert f"'{[*sent][0]}'" in message and "key" in message, message
    location, message = refused(library.execute(
        ["books"], [stage("group_by", feild="year")]))
    assert "feild" in location + message and "'field'" in message
    location, message = refused(library.post("/v1/collections", {"colection_name": "x"}))
    assert "colection_name" in location + message


def test_a_body_that_is_no_object_says_where(library):
    for path in (EXECUTE, LIST, "/v1/collections"):
        for text in ("[]", "7"):
            reply = library.post(path, text)
            assert refused(reply)[0] == "body"
            assert reply.json["detail"][0]["loc"] == ["body"]


@pytest.mark.parametrize("text, reason, place", [
    ('{"a": tru}', "only true, false and null are words", "(column 7)"),
    ("{'a': 1}", "does not stand in double quotes", ""),
    ('{"a": 1,}', "a comma", ""),
    ('{"a": "x}', "no closing quote", ""),
    ('{"a": "x\ny"}', "control character", ""),
    ('{"a": "\\q"}', "escape that JSON does not have", ""),
])
def test_what_is_wrong_with_json_is_said_in_plain_words(library, text, reason, place):
    reply = library.post(LIST, text)
    assert reply.status == 400, reply
    message = reply.json["error"]["message"]
    assert reason in message and place in message, message
    for foreign in ("simdjson", "atom", "TAPE", "parsing", "JSON document"):
        assert foreign not in message


COUNT = len(BOOKS)


def of_fields(reply):
    return [text for text in reply["warnings"] if "has a field" in text]


@pytest.mark.parametrize("before, name, parameters", [
    (True, "sort_attribute", {"field": "yeer"}),
    (True, "group_by", {"field": "yeer"}),
    (True, "deduplicate", {"fields": ["yeer"]}),
    (True, "sample", {"strategy": "stratified", "stratify_by": "yeer", "count": 2}),
    (True, "aggregate", {"group_by": "yeer", "aggregations": [{"function": "count", "alias": "n"}]}),
    (True, "attribute_filter", {"field": "yeer", "operator": "gt", "value": 1}),
    (False, "attribute_filter", {"field": "yeer", "operator": "gt", "value": 1}),
    (False, "feature_search", {"facets": ["yeer", "author"]}),
    (False, "feature_search", {"facets": ["author"], "group_by": "yeer"}),
    (False, "feature_search", {"filters": {"field": "yeer", "operator": "gt", "value": 1}}),
])
def test_a_field_that_no_document_has_is_warned_of(library, before, name, parameters):
    everything = stage("attribute_filter", "all", field="text", operator="exists", value=True)
    if name == "feature_search":
        parameters = {"searches": [{"query": None, "on_empty": "random"}], **parameters}
    stages = [everything] * before + [stage(name, **parameters)]
    reply = run(library, stages)
    assert reply["status"] == "completed", reply
    assert of_fields(reply) == [
        f"{name}: none of " + ("its" if before or "group_by" in parameters else "the") +
        f" {COUNT} documents" + ("" if before or "group_by" in parameters else " searched") +
        " has a field 'yeer' (did you mean 'year'?)"]
    right = json.loads(json.dumps(stages).replace("yeer", "year"))
    assert of_fields(run(library, right)) == []


def test_filters_beside_a_stage_too(library):
    wrong = {"field": "auther", "operator": "eq", "value": "Melville"}
    right = {**wrong, "field": "author"}
    for stages in ([search("sea")], [search("sea"), stage("limit", limit=5)]):
        for place in ("pre_filters", "post_filters"):
            for condition, said in ((wrong, 1), (right, 0)):
                last = stages[-1]
                narrowed = stages[:-1] + [
                    {**last, "config": {**last["config"], place: condition}}]
                texts = of_fields(run(library, narrowed))
                assert len(texts) == said, (stages, place, texts)
                assert all("did you mean 'author'?" in text for text in texts)


def test_a_filter_that_asks_for_absence_is_no_slip(library):
    for condition in ({"field": "deleted_at", "operator": "exists", "value": False},
                      {"field": "deleted_at", "operator": "ne", "value": 1}):
        for stages in ([stage("attribute_filter", **condition)],
                       [search("sea"), stage("attribute_filter", **condition)],
                       [search("sea", filters=condition)]):
            assert of_fields(run(library, stages)) == []


def test_what_the_server_adds_is_no_slip(library):
    assert of_fields(run(library, [
        search("sea"), stage("sort_attribute", field="score"),
        stage("sort_attribute", "again", field="document_id"),
        stage("sort_attribute", "and", field="_internal.created_at"),
        stage("group_by", field="collection_id")])) == []
    assert of_fields(run(library, [search("nothingatall"),
                                   stage("sort_attribute", field="yeer")])) == []
