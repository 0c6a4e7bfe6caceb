"""What counts as a word, and as the same text, in searches, filters and lists."""

import json
import urllib.parse

import pytest

from conftest import search, stage

LONG = "https://example.org/" + "a" * 80
KANA = "".join(chr(0x3042 + i % 80) for i in range(255)) + "\u306d\u3053" + "\u304b" * 20
DOCUMENTS = [
    {"document_id": "kana", "text": KANA},
    {"document_id": "thai", "text": "\u0e01" * 255 + "\u0e02\u0e04" + "\u0e01" * 9},
    {"document_id": "id1", "text": "k" * 64 + "1"},
    {"document_id": "id2", "text": "k" * 64 + "2"},
    {"document_id": "rocket", "text": "launch \U0001F680\U0001F680"},
    {"document_id": "heart", "text": "I \u2764\uFE0F it"},
    {"document_id": "thumb", "text": "well done \U0001F44D\U0001F3FD"},
    {"document_id": "germany", "text": "\U0001F1E9\U0001F1EA"},
    {"document_id": "coder", "text": "\U0001F469\u200D\U0001F4BB"},
    {"document_id": "one", "text": "press 1\uFE0F\u20E3"},
    {"document_id": "cafe", "text": "cafe\u0301", "name": "Cafe\u0301 \u0130stanbul"},
    {"document_id": "tokyo", "text": "\u6771\u4eac\u5927\u5b66\u3067\u3059"},
]


@pytest.fixture(scope="module")
def words(library):
    library.make_collection("words", DOCUMENTS)
    return library


def run(server, stages, **fields):
    reply = server.execute(["words"], stages, **fields)
    assert reply.status == 200, reply
    assert reply.json["status"] == "completed", reply.json["error"]
    return reply.json


def found(server, query):
    return sorted(hit["document_id"] for hit in run(server, [search(query)])["documents"])


@pytest.mark.parametrize("query, wanted", [
    ("\u306d\u3053", ["kana"]),
    ("\u0e02\u0e04", ["thai"]),
    ("k" * 64 + "1", ["id1"]),
    ("K" * 64 + "2", ["id2"]),
    ("k" * 64, []),
    ("\U0001F680", ["rocket"]),
    ("\u2764", ["heart"]),
    ("\U0001F44D", ["thumb"]),
    ("\U0001F44D\U0001F3FD", ["thumb"]),
    ("\U0001F1E9\U0001F1EA", ["germany"]),
    ("\U0001F1EA\U0001F1E9", []),
    ("\U0001F469\u200D\U0001F4BB", ["coder"]),
    ("1\uFE0F\u20E3", ["one"]),
    ("caf\u00e9", ["cafe"]),
])
def test_a_search_finds(words, query, wanted):
    assert found(words, query) == wanted


@pytest.mark.parametrize("query", ["?!", "\u2026 --- \u20ac", "\u00ab\u00bb"])
def test_a_query_without_words_says_so(words, query):
    reply = run(words, [search(query)])
    assert reply["documents"] == []
    assert any("has no words" in warning for warning in reply["warnings"]), reply["warnings"]
    listed = words.ok("POST", "/v1/collections/words/documents/list", {"search": query})
    assert listed["results"] == [] and "has no words" in listed["warnings"][0]
    history = words.list({"query": query}).json
    assert history["total"] == 0 and "has no words" in history["warnings"][0]
    where = {"field": "query_summary", "operator": "text", "value": query}
    assert "has no words" in words.list({"filters": where}).json["warnings"][0]
    figures = words.ok("POST", "/v1/retrievers/executions/aggregate", {"query": query})
    assert "has no words" in figures["warnings"][0]
    filtered = run(words, [stage("attribute_filter", field="text", operator="text", value=query)])
    assert filtered["documents"] == []
    assert any("has no words" in warning for warning in filtered["warnings"])
    filtered = run(words, [search("kk")], filters={"field": "text", "operator": "text",
                                                   "value": query})
    assert any("has no words" in warning for warning in filtered["warnings"])


def word(number):
    """Of letters alone: where the language is detected, letters and digits are parts."""
    return "w" + "".join("bcdfghjkmn"[int(digit)] for digit in str(number))


def test_words_beyond_the_limit_are_counted(words):
    query = " ".join(word(i) for i in range(1025)) + " launch"
    reply = run(words, [search(query)])
    assert any("1026 different words" in warning and "1024" in warning
               for warning in reply["warnings"]), reply["warnings"]
    assert run(words, [search(" ".join(word(i) for i in range(1024)))])["warnings"] == []
    listed = words.ok("POST", "/v1/collections/words/documents/list", {"search": query})
    assert "1026 different words" in listed["warnings"][0]


@pytest.mark.parametrize("operator, value", [
    ("eq", "CAF\u00c9 istanbul"), ("eq", "caf\u00e9 I\u0307STANBUL"),
    ("in", ["CAF\u00c9 \u0130STANBUL"]), ("contains", "\u00e9 IST"),
    ("starts_with", "CAF\u00c9"), ("ends_with", "\u0130STANBUL"), ("regex", "^caf\u00e9 "),
    ("text", "\u0130STANBUL CAF\u00c9"),
])
def test_filters_that_ignore_case_compare_texts(words, operator, value):
    condition = {"field": "name", "operator": operator, "value": value}
    listed = words.ok("POST", "/v1/collections/words/documents/list", {"filters": condition})
    assert [row["document_id"] for row in listed["results"]] == ["cafe"]
    chosen = run(words, [stage("attribute_filter", **condition, case_insensitive=True)])
    assert [row["document_id"] for row in chosen["documents"]] == ["cafe"]


def test_text_splits_chinese_as_a_search_does(words):
    for value, wanted in [("\u5927\u5b66", ["tokyo"]), ("\u4eac\u5b66", [])]:
        condition = {"field": "text", "operator": "text", "value": value}
        chosen = run(words, [stage("attribute_filter", **condition)])
        assert [row["document_id"] for row in chosen["documents"]] == wanted


def test_the_history_has_the_same_words(server):
    queries = ["ship it \U0001F680", "n" * 64 + "1", "n" * 64 + "2", "cafe\u0301", KANA,
               "r" * 49 + "abc", "r" * 49 + "xyz" + "r" * 40]
    server.make_collection("words", DOCUMENTS[:1])
    for query in queries:
        label = "\u0130zmir" if query == queries[0] else "other"
        body = {"collection_identifiers": ["words"], "input_schema": {"query": {"type": "text"}},
                "stages": [search()], "inputs": {"query": query}, "labels": {"city": label}}
        assert server.post("/v1/retrievers/execute", body).status == 200
    for query, wanted in [("\U0001F680", 1), ("\U0001F681", 0), ("n" * 64 + "2", 1),
                          ("n" * 64, 0), ("n" * 64 + "*", 2), ("n" * 20 + "*", 2),
                          ("r" * 49 + "a*", 1), ("r" * 49 + "*", 2), ("r" * 52 + "*", 0),
                          ("caf\u00e9", 1), ("\u306d\u3053", 1)]:
        assert server.list({"query": query}).json["total"] == wanted, query
    for city in ["izmir", "I\u0307ZMIR"]:
        where = {"field": "labels.city", "value": city}
        assert server.list({"filters": where}).json["total"] == 1, city


def test_conditions_without_a_word_are_told_wherever_they_are_sent(server):
    server.make_collection("notes", [{"text": "one"}])
    server.execute(["notes"], [search("fox")])
    export = "/v1/retrievers/executions/export"
    text = {"field": "query_summary", "operator": "text", "value": "\u2026 \U0001d10b?!"}
    for body in ({"query": "?!"}, {"filters": text}, {"filters": {"NOT": [text]}}):
        listed = server.list(body).json["warnings"]
        for form in ("", "?format=csv", "?detail=true"):
            reply = server.post(export + form, body)
            assert json.loads(reply.headers["x-trawl-warnings"]) == listed
        query = urllib.parse.urlencode({"filter": json.dumps(body), "end_after_ms": 0})
        events = server.get("/v1/retrievers/executions/tail?" + query).text
        assert "event: warning\n" in events and "which has no words" in events
        for form in ("", "?dry_run=true", "?all=true"):
            refused = server.post("/v1/retrievers/executions/delete" + form, body)
            assert refused.status == 422 and "no words" in refused.text, refused
    assert "x-trawl-warnings" not in server.post(export, {"query": "fox"}).headers
    tail = server.get("/v1/retrievers/executions/tail?query=fox&end_after_ms=0").text
    assert "event: warning" not in tail
    assert server.list({}).json["total"] == 1


@pytest.mark.parametrize("operator, value", [
    ("text", "?!"), ("text", ""), ("text", "  "), ("contains", ""), ("starts_with", ""),
    ("ends_with", ""), ("regex", "")])
def test_what_says_nothing_deletes_and_changes_nothing(server, operator, value):
    server.make_collection("notes", [{"document_id": "a", "text": "one"}])
    server.execute(["notes"], [search("fox")])
    path = "/v1/collections/notes/documents"
    for negated in (False, True):
        def filters(field):
            one = {"field": field, "operator": operator, "value": value}
            return {"filters": {"NOT": [one]} if negated else {"AND": [one]}}

        for reply in (
                server.post("/v1/retrievers/executions/delete", filters("query_summary")),
                server.request("DELETE", f"{path}/batch", filters("text")),
                server.request("POST", f"{path}/batch",
                               {**filters("text"), "update_data": {"x": 1}}),
                server.request("PATCH", f"{path}/bulk",
                               {**filters("text"), "update_data": {"x": 1}})):
            assert reply.status == 422, reply
    assert server.list({}).json["total"] == 1
    assert "x" not in server.ok("GET", f"{path}/a")
