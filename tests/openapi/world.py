"""The little world that the examples of /openapi.json are about: the collection `books`, one
execution, the namespaces `archive` and, for vectors, `portraits`, and a key. clear() takes away
what the examples themselves make, so that after clear() and build() every example can be run."""

import json

EXECUTION = "exec_01M84WDHVWA636AXMSSS038FG2"
USER = "ada@example.org"
JOBS = "/v1/retrievers/executions/replay-jobs"

BOOKS = [
    {"document_id": "moby", "title": "Moby Dick", "author": "Melville", "year": 1851,
     "text": "A captain hunts the white whale at sea."},
    {"document_id": "emma", "title": "Emma", "author": "Austen", "year": 1815,
     "text": "A young woman arranges marriages."},
    {"document_id": "persuasion", "title": "Persuasion", "author": "Austen", "year": 1817,
     "text": "A captain of the navy returns from sea."},
    {"document_id": "dracula", "title": "Dracula", "author": "Stoker", "year": 1897,
     "text": "A count travels by ship to England."},
]

EXECUTIONS = [
    {"execution_id": EXECUTION, "status": "completed", "timestamp": "2026-01-31T10:00:00Z",
     "duration_ms": 12.5, "credits_used": 1, "total_processed": 4, "total_returned": 1,
     "stages_completed": 1, "total_stages": 1, "query_summary": "white whale",
     "inputs": {"query": "white whale"},
     "pipeline": {
         "collection_identifiers": ["books"],
         "stages": [{"stage_name": "find", "stage_type": "filter", "config": {
             "stage_id": "feature_search",
             "parameters": {"query": "{{INPUT.query}}", "final_top_k": 5}}}]},
     "stages": [{"stage_name": "find", "stage_id": "feature_search", "stage_type": "filter",
                 "duration_ms": 12.5, "output_count": 1, "scanned_count": 4, "credits_used": 1,
                 "candidates": [
                     {"document_id": "moby", "collection_id": "books", "score": 1.25}]}],
     "results": [{"document_id": "moby", "collection_id": "books", "score": 1.25}]},
]

FEATURES = [{"feature_uri": "trawl://bm25@v1/text", "fields": ["title", "text"]}]


def clear(call):
    """call(method, path, body) sends a request and returns its status; a body that is no text
    is sent as JSON."""
    for path in ("/v1/collections/films", "/v1/namespaces/staging?force=true",
                 "/v1/collections/books/documents/walden",
                 f"/v1/organizations/users/{USER}/api-keys/importer"):
        assert call("DELETE", path, None) in (200, 404), path


def build(call):
    """Makes what is missing; whatever is there already stays as it is."""
    assert call("POST", "/v1/namespaces", {"namespace_name": "archive"}) in (200, 409)
    assert call("POST", "/v1/namespaces/standalone", {
        "namespace_id": "portraits", "vector_configs": [{"name": "clip", "dimension": 3}],
    }) in (200, 409)
    assert call("POST", "/v1/namespaces/portraits/documents/upsert",
                {"documents": [{"document_id": "moby", "payload": {"title": "Moby-Dick"}}]}) == 200
    assert call("POST", "/v1/collections",
                {"collection_name": "books", "features": FEATURES}) in (200, 409)
    assert call("POST", "/v1/collections/books/documents/import", lines(BOOKS)) == 200
    assert call("POST", "/v1/retrievers/executions/import", lines(EXECUTIONS)) == 200
    assert call("POST", f"/v1/organizations/users/{USER}/api-keys",
                {"name": "reader", "permissions": ["read"]}) in (200, 409)
    if call("GET", f"{JOBS}/latest", None) == 404:
        assert call("POST", JOBS, {"executions": {"execution_ids": [EXECUTION]}}) == 200
        assert call("GET", f"{JOBS}/latest/events", None) == 200  # Until it has ended.


def lines(objects):
    return "".join(json.dumps(one) + "\n" for one in objects)
