"""The newest 0.x of the Python SDK that can be imported, 0.81.1, does a person's work.

It hands the key and the namespace to each call; see test_mixpeek_1.py for the rest.
"""

import datetime
import json
import time

import mixpeek
import pytest
from mixpeek import Mixpeek
from mixpeek._client.client import MixpeekAPIError
from mixpeek.exceptions import (
    BadRequestException,
    ConflictException,
    ForbiddenException,
    NotFoundException,
    UnauthorizedException,
    UnprocessableEntityException,
)
from trawl_server import BOOKS, KEY

NAMESPACE = "library"
URI = "trawl://bm25@v1/text"
# Of every call, but those on namespaces and keys, which name no namespace.
BEARER = {"authorization": f"Bearer {KEY}"}
WHO = {**BEARER, "x_namespace": NAMESPACE}


@pytest.fixture(scope="module")
def api(url):
    with mixpeek.ApiClient(mixpeek.Configuration(host=url)) as client:
        mixpeek.NamespacesApi(client).create_namespace(
            mixpeek.CreateNamespaceRequest(
                namespace_name=NAMESPACE,
                feature_extractors=[mixpeek.BaseFeatureExtractorModelInput(
                    feature_extractor_name="text_extractor", version="v1")]), **BEARER)
        yield client


@pytest.fixture(scope="module")
def books(api):
    collection = mixpeek.CollectionsApi(api).create_collection(
        mixpeek.CreateCollectionRequest.from_dict({
            "collection_name": "books", "source": {"type": "bucket", "bucket_ids": ["bkt_1"]},
            "feature_extractor": {"feature_extractor_name": "passthrough_extractor",
                                  "version": "v1"}}), **WHO)
    for book in BOOKS:
        stored = mixpeek.CollectionDocumentsApi(api).create_document(
            "books", mixpeek.DocumentCreateRequest.from_dict(
                {"collection_id": collection.collection_id, **book}), **WHO)
        assert stored.document_id == book["document_id"]
    return collection


@pytest.fixture(scope="module")
def adhoc(api, books):
    return mixpeek.AdhocRetrieversApi(api)


@pytest.fixture(scope="module")
def client(url, books):
    return Mixpeek(KEY, namespace=NAMESPACE, base_url=url + "/v1")


def request(query="sea", **fields):
    return mixpeek.AdhocExecuteRequest.from_dict({
        "collection_identifiers": ["books"],
        "input_schema": {"query": {"type": "text", "required": True}},
        "stages": [{"stage_name": "find", "stage_type": "filter", "config": {
            "stage_id": "feature_search", "parameters": {"searches": [
                {"feature_uri": URI, "query": {"input_mode": "text",
                                               "value": "{{INPUT.query}}"}}]}}}],
        "inputs": {"query": query}, **fields})


def test_namespaces(api):
    namespaces = mixpeek.NamespacesApi(api)
    extractors = [mixpeek.BaseFeatureExtractorModelInput(
        feature_extractor_name="text_extractor", version="v1")]
    made = namespaces.create_namespace(mixpeek.CreateNamespaceRequest(
        namespace_name="shelf", feature_extractors=extractors), **BEARER)
    assert namespaces.get_namespace("shelf", **BEARER).namespace_id == made.namespace_id
    assert namespaces.patch_namespace("shelf", mixpeek.PatchNamespaceRequest(
        description="mine"), **BEARER).description == "mine"
    assert namespaces.update_namespace("shelf", mixpeek.UpdateNamespaceRequest(
        namespace_name="shelves"), **BEARER).namespace_name == "shelves"
    listed = namespaces.list_namespaces(
        limit=1, list_namespaces_request=mixpeek.ListNamespacesRequest(search="shelves"),
        **BEARER)
    assert [row.namespace_name for row in listed.results] == ["shelves"]
    assert listed.total_count == 1
    assert namespaces.delete_namespace("shelves", **BEARER)["success"] is True


def test_collections(api, books):
    collections = mixpeek.CollectionsApi(api)
    assert collections.get_collection("books", **WHO).collection_id == books.collection_id
    assert collections.update_collection(
        "books", {"description": "novels"}, **WHO).description == "novels"
    listed = collections.list_collections(include_total=True, **WHO)
    assert listed.total_count == listed.pagination.total == 1
    assert listed.results[0].source.type == "bucket"


def test_what_newer_clients_make_can_be_read(server, api):
    """The newest client knows kinds of sources that this one cannot parse."""
    server.ok("POST", "/v1/collections",
              {"collection_name": "newer", "source": {"type": "direct_upsert"}},
              headers={"X-Namespace": NAMESPACE})
    collections = mixpeek.CollectionsApi(api)
    assert collections.get_collection("newer", **WHO).source.bucket_ids
    assert collections.delete_collection("newer", **WHO)["success"] is True


def test_documents(api, books):
    documents = mixpeek.CollectionDocumentsApi(api)
    made = documents.create_document("books", mixpeek.DocumentCreateRequest.from_dict(
        {"collection_id": books.collection_id, "title": "Omoo", "metadata": {"a": 1}}), **WHO)
    changed = documents.patch_document(
        "books", made.document_id, {"metadata": {"b": 2}}, **WHO)
    assert changed.additional_properties["metadata"] == {"a": 1, "b": 2}
    changed = documents.update_document(
        "books", made.document_id, {"metadata": {"c": 3}}, **WHO)
    assert changed.additional_properties["metadata"] == {"c": 3}
    shown = documents.get_document("books", made.document_id, return_vectors=True, **WHO)
    assert shown.additional_properties["title"] == "Omoo"
    assert documents.delete_document("books", made.document_id, **WHO).success is True
    with pytest.raises(NotFoundException):
        mixpeek.DocumentsApi(api).get_document_ns(made.document_id, **WHO)

    done = documents.batch_update("books", mixpeek.BatchUpdateDocumentsRequest(updates=[
        {"document_id": "emma", "update_data": {"lent": True}},
        {"document_id": "nobody", "update_data": {}}]), **WHO)
    assert (done.updated_count, done.failed_count) == (1, 1)
    assert documents.bulk_update("books", mixpeek.BulkUpdateDocumentsRequest(
        update_data={"checked": True}), **WHO).updated_count == len(BOOKS)
    assert documents.batch_delete("books", mixpeek.BatchDeleteDocumentsRequest(
        document_ids=["nobody"]), **WHO).deleted_count == 0

    page = documents.list_documents("books", list_documents_request=(
        mixpeek.ListDocumentsRequest(
            filters=mixpeek.LogicalOperatorInput.from_dict({"tags": "sea"}), sort=mixpeek.SortOption(field="year", direction="asc"),
            limit=2)), **WHO)
    assert [row.document_id for row in page.results] == ["persuasion", "typee"]
    groups = documents.list_documents("books", list_documents_request=(
        mixpeek.ListDocumentsRequest(group_by="author")), **WHO)
    assert sum(group.count for group in groups.groups) == len(BOOKS)


def test_hybrid_search(api, adhoc):
    """Vectors of the client's own, beside words."""
    client = mixpeek.CollectionsApi(api).api_client
    uri = "mixpeek://clip@v1/embedding"
    client.call_api(*client.param_serialize(
        "POST", "/v1/collections", body={"collection_name": "views", "features": [
            {"type": "bm25"}, {"type": "dense", "feature_uri": uri, "dimension": 2}]},
        header_params={"Authorization": WHO["authorization"],
                       "X-Namespace": NAMESPACE})).read()
    documents = mixpeek.CollectionDocumentsApi(api)
    for name, title, vector in (("sea", "Waves of the sea", [1.0, 0.0]),
                                ("peak", "Snow on a summit", [0.0, 1.0])):
        documents.create_document("views", mixpeek.DocumentCreateRequest.from_dict(
            {"collection_id": "views", "document_id": name, "title": title,
             "vectors": {"embedding": vector}}), **WHO)
    for words, near, first in ((1, 0.1, "sea"), (0.1, 1, "peak")):
        body = request("sea", collection_identifiers=["views"])
        stage = {"stage_name": "find", "stage_type": "filter", "config": {
            "stage_id": "feature_search", "parameters": {"searches": [
                {"feature_uri": URI, "query": "{{INPUT.query}}", "weight": words},
                {"feature_uri": uri, "weight": near,
                 "query": {"input_mode": "vector", "value": [0.0, 1.0]}}]}}}
        body = mixpeek.AdhocExecuteRequest.from_dict({**body.to_dict(), "stages": [stage]})
        result = adhoc.execute_adhoc_retriever(body, **WHO)
        assert [row["document_id"] for row in result["documents"]][0] == first
    assert mixpeek.CollectionsApi(api).delete_collection("views", **WHO)["success"] is True


def test_execute(adhoc):
    result = adhoc.execute_adhoc_retriever(
        request(), return_presigned_urls=True, return_vectors=True, **WHO)
    assert {row["document_id"] for row in result["documents"]} == {"moby", "typee",
                                                                  "persuasion"}
    assert result["results"] == result["documents"]
    with pytest.raises(ForbiddenException) as refused:
        adhoc.execute_adhoc_retriever(request(stream=True), **WHO)
    assert refused.value.data.error.type == "NotEnabledError"


def test_the_wrapper(client):
    assert client.collections.list()["results"][0]["collection_name"] == "books"
    found = client.search("captain", collection="books", filters={"author": "Austen"})
    assert [row["document_id"] for row in found["results"]] == ["persuasion"]
    client.documents.update("books", "moby", update_data={"read": 3})
    assert client.documents.get("books", "moby")["read"] == 3
    seen, cursor = [], None
    while True:
        page = client.documents.list("books", page_size=2, cursor=cursor)
        seen += [row["document_id"] for row in page["results"]]
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(book["document_id"] for book in BOOKS)
    made = client.namespaces.create(name="by-hand")
    assert made["namespace_id"] in [row["namespace_id"]
                                    for row in client.namespaces.list()["results"]]
    client.namespaces.delete("by-hand")
    client.collections.create(name="notes")
    client.collections.delete("notes")


@pytest.fixture(scope="module")
def history(adhoc):
    ids = []
    for number in range(5):
        limits = {"max_credits": 0} if number == 2 else None
        ids.append(adhoc.execute_adhoc_retriever(
            request(f"walk {number}", budget_limits=limits), **WHO)["execution_id"])
    return ids


def listed(adhoc, body=None, **query):
    return adhoc.list_adhoc_executions_retrievers(
        list_adhoc_executions_request=body and mixpeek.ListAdhocExecutionsRequest(**body),
        **query, **WHO)


def test_the_list(adhoc, history):
    page = listed(adhoc, limit=2, offset=1, include_total=True)
    assert [row.execution_id for row in page.results] == [history[3], history[2]]
    assert page.pagination["total"] == page.total >= 5
    assert [row.execution_id for row in listed(adhoc, {"status": "failed"}).results] == [
        history[2]]
    seen, cursor = [], None
    while True:
        page = listed(adhoc, limit=2, cursor=cursor)
        seen += [row.execution_id for row in page.results]
        cursor = page.pagination["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == listed(adhoc).total
    detail = adhoc.get_adhoc_execution_retrievers(history[0], **WHO)
    assert json.loads(detail.inputs) == {"query": "walk 0"}


def test_every_kind_of_time(adhoc, history):
    exact = adhoc.get_adhoc_execution_retrievers(history[3], **WHO).timestamp
    instant = datetime.datetime.fromisoformat(exact.replace("Z", "+00:00"))
    for value in (exact, instant, instant.replace(tzinfo=None), exact.rstrip("Z")):
        found = listed(adhoc, {"start_time": value})
        assert [row.execution_id for row in found.results] == history[:2:-1], value
    for value in (instant.date(), instant.date().isoformat(), "-1d",
                  int(time.time()) - 600, int(time.time() * 1000) - 600_000):
        assert listed(adhoc, {"start_time": value}).total >= 5, value


def test_each_error_class(api, adhoc):
    collections = mixpeek.CollectionsApi(api)
    namespaces = mixpeek.NamespacesApi(api)
    for error, kind, call in (
            (UnauthorizedException, "UnauthorizedError",
             lambda: adhoc.list_adhoc_executions_retrievers(authorization="Bearer sk_no")),
            (NotFoundException, "NotFoundError",
             lambda: collections.get_collection("nowhere", **WHO)),
            (BadRequestException, "BadRequestError",
             lambda: namespaces.delete_namespace("default", **BEARER)),
            (ConflictException, "AlreadyExistsError",
             lambda: namespaces.create_namespace(mixpeek.CreateNamespaceRequest(
                 namespace_name=NAMESPACE,
                 feature_extractors=[{"feature_extractor_name": "x", "version": "v1"}]),
                 **BEARER)),
            (UnprocessableEntityException, "ValidationError",
             lambda: listed(adhoc, limit=0)),
            (UnprocessableEntityException, "ValidationError",
             lambda: listed(adhoc, {"start_time": "yesterday"}))):
        with pytest.raises(error) as raised:
            call()
        assert type(raised.value) is error
        assert json.loads(raised.value.body)["error"]["type"] == kind


def test_health_stages_analytics_and_keys(api, adhoc, history):
    health = mixpeek.HealthApi(api).healthcheck_health(deep=True, metrics=True)
    assert health.status == "OK" and health.data.metadata is True
    assert mixpeek.HealthApi(api).liveness_health()["status"] == "alive"
    stages = mixpeek.RetrieverStagesApi(api).list_stages_retrievers()
    assert "feature_search" in [row.stage_id for row in stages]
    analytics = mixpeek.AnalyticsRetrieversApi(api)
    assert analytics.get_retriever_performance_analytics("adhoc", **WHO).metrics
    assert analytics.get_stage_breakdown_analytics_retrievers("adhoc", **WHO).stages
    assert analytics.get_cache_performance_analytics_retrievers("adhoc", **WHO).time_range
    slow = mixpeek.AnalyticsNamespacesApi(api).get_slow_queries_analytics_namespaces(**WHO)
    assert slow.total_slow_queries == len(slow.slow_queries)
    keys = mixpeek.OrganizationAPIKeysApi(api)
    made = keys.create_key_organizations_users_email("a@example.org", mixpeek.APIKeyCreateRequest(
        name="reading", permissions=["read"]), **BEARER)
    assert made.key.startswith("sk_")
    assert keys.list_keys_organizations_users_email("a@example.org", **BEARER)["total"] == 1
    changed = keys.update_key_organizations_users_email_name(
        "a@example.org", "reading", mixpeek.APIKeyUpdateRequest(rate_limit_override=600), **BEARER)
    assert changed.rate_limit_override == 600
    assert keys.delete_key_organizations_users_email_name(
        "a@example.org", "reading", **BEARER).success is True


def test_what_is_not_offered_says_so(client, api):
    for call in (lambda: client.retrievers.list(),
                 lambda: client.retrievers.create(name="saved", stages=[]),
                 lambda: client.retrievers.execute("ret_1", inputs={}),
                 lambda: client.retrievers.delete("ret_1"),
                 lambda: client.buckets.list(),
                 lambda: client.index("s3://a/b.mp4"),
                 lambda: client.documents.search(query="whale"),
                 lambda: client.collections.trigger("books")):
        with pytest.raises(MixpeekAPIError) as refused:
            call()
        assert refused.value.status == 403
        assert refused.value.detail["error"]["type"] == "NotEnabledError"
    with pytest.raises(ForbiddenException):
        mixpeek.RetrieversApi(api).get_retriever("ret_1", **WHO)


def test_nothing_was_a_defect(server):
    metrics = server.get("/metrics", key=None).text
    assert 'status="5' not in metrics and "InternalServerError" not in "".join(server.log)
