"""The newest Python SDK does a person's work: its wrapper `Mixpeek`, and its generated APIs.

Whatever the generated APIs return has passed their models, so that a missing or misshapen
field of a reply fails the test by itself.
"""

import datetime
import json
import time

import mixpeek
import pytest
import urllib3
from mixpeek import Mixpeek
from mixpeek._client.client import MixpeekAPIError
from mixpeek.exceptions import (
    ConflictException,
    ForbiddenException,
    NotFoundException,
    UnauthorizedException,
    UnprocessableEntityException,
)
from trawl_server import BOOKS, KEY

NAMESPACE = "library"
URI = "trawl://bm25@v1/text"


@pytest.fixture(scope="module")
def api(server, url):
    """The generated client: host without /v1, the namespace as an API key."""
    configuration = mixpeek.Configuration(
        host=url, access_token=KEY, api_key={"NamespaceHeader": NAMESPACE})
    with mixpeek.ApiClient(configuration) as client:
        mixpeek.NamespacesApi(client).create_namespace(
            mixpeek.CreateNamespaceRequest(namespace_name=NAMESPACE, description="books"))
        yield client


@pytest.fixture(scope="module")
def adhoc(api):
    return mixpeek.AdhocRetrieversApi(api)


@pytest.fixture(scope="module")
def documents(api, books):
    return mixpeek.CollectionDocumentsApi(api)


@pytest.fixture(scope="module")
def books(api):
    """A collection made and filled by the generated client."""
    collection = mixpeek.CollectionsApi(api).create_collection(
        mixpeek.CreateCollectionRequest(
            collection_name="books", description="some novels",
            source=mixpeek.SourceConfigInput(type="direct_upsert")))
    assert collection.collection_name == "books"
    assert collection.document_count == 0
    writer = mixpeek.CollectionDocumentsApi(api)
    for book in BOOKS:
        stored = writer.create_document("books", mixpeek.DocumentCreateRequest.from_dict(book))
        assert stored.document_id == book["document_id"]
        assert stored.additional_properties["title"] == book["title"]
    return collection


@pytest.fixture(scope="module")
def client(url, books):
    """The wrapper: base URL with /v1."""
    return Mixpeek(KEY, namespace=NAMESPACE, base_url=url + "/v1")


def search_stage(query="{{INPUT.query}}", name="find", **fields):
    return {"stage_name": name, "stage_type": "filter",
            "config": {"stage_id": "feature_search", "parameters": {
                "searches": [{"feature_uri": URI, "top_k": 100,
                              "query": {"input_mode": "text", "text": query}}],
                "final_top_k": 10}}, **fields}


def where(filters):
    """A typed filter. Only from_dict() keeps the shorthand, and plain values at all."""
    return mixpeek.LogicalOperatorInput.from_dict(filters)


def request(query="sea", stages=None, **fields):
    """A typed request, which checks itself before it is sent."""
    return mixpeek.AdhocExecuteRequest.from_dict({
        "collection_identifiers": ["books"],
        "input_schema": {"query": {"type": "text", "required": True}},
        "stages": stages or [search_stage()],
        "inputs": {"query": query}, **fields})


# --- namespaces ----------------------------------------------------------------------


def test_namespaces(api):
    namespaces = mixpeek.NamespacesApi(api)
    made = namespaces.create_namespace(mixpeek.CreateNamespaceRequest(
        namespace_name="shelf", description="for a while",
        feature_extractors=[{"feature_extractor_name": "text_extractor", "version": "v1"}],
        payload_indexes=[mixpeek.PayloadIndexConfigInput(field_name="year", type="integer")]))
    assert made.namespace_id.startswith("ns_")
    assert made.namespace_ready is True and made.mode == "managed"
    assert made.feature_extractors[0].feature_extractor_id == "text_extractor_v1"
    assert namespaces.get_namespace("shelf").namespace_id == made.namespace_id
    assert namespaces.patch_namespace(
        made.namespace_id,
        mixpeek.PatchNamespaceRequest(description="longer")).description == "longer"
    renamed = namespaces.update_namespace(
        "shelf", mixpeek.UpdateNamespaceRequest(namespace_name="shelves"))
    assert renamed.namespace_id == made.namespace_id

    listed = namespaces.list_namespaces(list_namespaces_request=mixpeek.ListNamespacesRequest(
        search="shel", sorts=[{"field": "namespace_name", "direction": "desc"}], limit=5))
    assert [row.namespace_name for row in listed.results] == ["shelves"]
    assert listed.total_count == 1
    one = namespaces.list_namespaces_get(limit=1, include_total=True)
    assert len(one.results) == 1 and one.pagination.total >= 3
    two = namespaces.list_namespaces_get(limit=1, after=one.pagination.next_cursor)
    assert two.results[0].namespace_id != one.results[0].namespace_id
    stats = namespaces.get_namespace_stats("shelves")
    assert stats.document_count == 0 and stats.collection_count == 0

    assert namespaces.delete_namespace("shelves")["success"] is True
    with pytest.raises(NotFoundException) as gone:
        namespaces.get_namespace("shelves")
    assert gone.value.data.error.type == "NotFoundError"


def test_namespaces_of_the_wrapper(client):
    made = client.namespaces.create(name="by-hand", namespace_id="by-hand")
    assert made.namespace_name == "by-hand"
    assert client.namespaces.get("by-hand").namespace_id == made.namespace_id
    assert made.namespace_id in [row.namespace_id for row in client.namespaces.list().results]
    assert client.namespaces.delete("by-hand").success is True


def test_what_a_namespace_cannot_have_is_refused(api):
    """A client must not believe that its namespace ends by itself."""
    with pytest.raises(ForbiddenException) as refused:
        mixpeek.NamespacesApi(api).create_namespace(
            mixpeek.CreateNamespaceRequest(namespace_name="never", ttl_seconds=3600))
    assert refused.value.data.error.type == "NotEnabledError"
    assert refused.value.data.error.details == {"location": "ttl_seconds"}


# --- vectors of the client's own -------------------------------------------------------


def test_standalone_namespaces_of_the_generated_client(api):
    vectors = mixpeek.BYODocumentsApi(api)
    made = vectors.create_standalone_namespace(mixpeek.CreateStandaloneNamespaceRequestModel(
        namespace_id="pictures", vector_configs=[
            mixpeek.VectorConfigSpecModel(name="clip", dimension=2),
            mixpeek.VectorConfigSpecModel(name="tokens", dimension=3, metric="dot_product")]))
    assert made.mode == "standalone" and made.status == "active"
    assert [one["name"] for one in made.vector_configs] == ["clip", "tokens"]
    stored = vectors.upsert_documents_byo_namespaces("pictures", mixpeek.BYOUpsertRequest.from_dict({
        "documents": [
            {"document_id": "a", "vectors": {"clip": [0.5, 1.0], "tokens": [[1.0, 2.0, 3.0],
                                                                            [3.0, 2.0, 1.0]]},
             "payload": {"title": "A"}, "metadata": {"shelf": 1}},
            {"document_id": "b", "vectors": {}}]}))
    assert stored.inserted == 2 and stored.document_ids == ["a", "b"]
    assert stored.unsearchable_document_ids == ["b"]
    assert stored.consistency.write_token_available is False
    shown = vectors.get_document_byo_namespaces("pictures", "a", return_vectors=True)
    assert shown["title"] == "A" and shown["metadata"] == {"shelf": 1}
    assert shown["vectors"] == {"clip": [0.5, 1], "tokens": [[1, 2, 3], [3, 2, 1]]}
    assert mixpeek.NamespacesApi(api).get_namespace("pictures").mode == "standalone"
    with pytest.raises(UnprocessableEntityException) as refused:
        vectors.upsert_documents_byo_namespaces("pictures", mixpeek.BYOUpsertRequest.from_dict(
            {"documents": [{"document_id": "c", "vectors": {"clip": [1.0]}}]}))
    assert "documents[0].vectors.clip" in str(refused.value.data.error.details)


def test_standalone_namespaces_of_the_wrapper(client, url):
    made = client.namespaces.create(namespace_id="sdk-vectors",
                                    vector_configs=[{"name": "sdk_8", "dimension": 2}])
    assert made.mode == "standalone"
    stored = client.namespaces.documents.upsert(namespace_id="sdk-vectors", documents=[
        {"document_id": "a", "vectors": {"sdk_8": [0.25, 1]}, "payload": {"title": "A"}}])
    assert stored.inserted == 1
    there = Mixpeek(KEY, namespace="sdk-vectors", base_url=url + "/v1")
    shown = there._request("GET", "/collections/documents/documents/a?return_vectors=true")
    assert shown["vectors"] == {"sdk_8": [0.25, 1]} and shown["_vectors"] == ["sdk_8"]
    assert client.namespaces.create(namespace_id="sdk-open").vector_configs == []
    client.namespaces.documents.upsert(namespace_id="sdk-open", documents=[
        {"document_id": "a", "vectors": {"anything": [1, 2, 3]}}])
    assert client.namespaces.delete("sdk-open?force=true").success is True


def test_documents_with_vectors(api):
    collections = mixpeek.CollectionsApi(api)
    client = collections.api_client
    client.call_api(*client.param_serialize(
        "POST", "/v1/collections", body={"collection_name": "faces", "features": [
            {"type": "dense", "feature_uri": "mixpeek://face@v1/embedding", "dimension": 2}]},
        auth_settings=["BearerAuth", "NamespaceHeader"])).read()
    shown = collections.get_collection("faces")
    assert shown.vector_indexes[0].feature_uri == "mixpeek://face@v1/embedding"
    writer = mixpeek.CollectionDocumentsApi(api)
    made = writer.create_document("faces", mixpeek.DocumentCreateRequest.from_dict(
        {"name": "Ada", "vectors": {"embedding": [1.0, 0.5]}}))
    assert made.additional_properties.get("_vectors", getattr(made, "vectors", None)) == [
        "mixpeek://face@v1/embedding"]
    shown = writer.get_document("faces", made.document_id, return_vectors=True)
    assert shown.additional_properties["vectors"] == {"mixpeek://face@v1/embedding": [1, 0.5]}
    listed = writer.list_documents("faces", list_documents_request=(
        mixpeek.ListDocumentsRequest(return_vectors=True)))
    assert [row.document_id for row in listed.results] == [made.document_id]
    assert collections.delete_collection("faces")["success"] is True


def test_hybrid_search(api, adhoc):
    """By words, by a vector, and both fused."""
    collections = mixpeek.CollectionsApi(api)
    client = collections.api_client
    client.call_api(*client.param_serialize(
        "POST", "/v1/collections", body={"collection_name": "views", "features": [
            {"type": "bm25"},
            {"type": "dense", "feature_uri": "mixpeek://clip@v1/embedding", "dimension": 2}]},
        auth_settings=["BearerAuth", "NamespaceHeader"])).read()
    writer = mixpeek.CollectionDocumentsApi(api)
    for name, title, vector in (("sea", "Waves of the sea", [1.0, 0.0]),
                                ("peak", "Snow on a summit", [0.0, 1.0]),
                                ("lake", "A lake by the sea", [0.6, 0.8])):
        writer.create_document("views", mixpeek.DocumentCreateRequest.from_dict(
            {"document_id": name, "title": title, "vectors": {"embedding": vector}}))
    words = {"feature_uri": URI, "query": "{{INPUT.query}}", "top_k": 10}
    near = {"feature_uri": "mixpeek://clip@v1/embedding", "top_k": 3,
            "query": {"input_mode": "vector", "value": [0.0, 1.0]}}

    def found(*searches):
        reply = adhoc.execute_adhoc_retriever(request("sea", [
            {"stage_name": "find", "stage_type": "filter", "config": {
                "stage_id": "feature_search", "parameters": {"searches": list(searches)}}}],
            collection_identifiers=["views"]))
        return [row["document_id"] for row in reply["documents"]]

    assert set(found(words)) == {"sea", "lake"}
    assert found(near) == ["peak", "lake", "sea"]
    assert set(found({**words, "top_k": 2}, near)) == {"peak", "sea"}
    assert found({**words, "weight": 0.1}, near)[0] == "peak"
    assert found(words, {**near, "weight": 0}) == found(words)
    assert collections.delete_collection("views")["success"] is True


# --- collections ---------------------------------------------------------------------


def test_collections(api, books):
    collections = mixpeek.CollectionsApi(api)
    made = collections.create_collection(mixpeek.CreateCollectionRequest(
        collection_name="papers",
        source=mixpeek.SourceConfigInput(type="bucket", bucket_ids=["bkt_papers"]),
        feature_extractor={"feature_extractor_name": "text_extractor", "version": "v1",
                           "input_mappings": {"text": "abstract"}},
        metadata={"shelf": 3}))
    assert made.vector_indexes[0].feature_uri == "mixpeek://text_extractor@v1/text"
    assert collections.get_collection(made.collection_id).collection_name == "papers"
    changed = collections.update_collection("papers", {"description": "short"})
    assert changed.description == "short" and changed.metadata == {"shelf": 3}

    page = collections.list_collections(list_collections_request=mixpeek.ListCollectionsRequest(
        page_size=1, page=2, sort=mixpeek.SortOption(field="collection_name")))
    assert [row.collection_name for row in page.results] == ["papers"]
    assert page.total_count == 2
    found = collections.list_collections_get(search="pap")
    assert [row.collection_name for row in found.results] == ["papers"]

    with pytest.raises(ConflictException):
        collections.create_collection(mixpeek.CreateCollectionRequest(
            collection_name="papers", source=mixpeek.SourceConfigInput(type="none")))
    assert collections.delete_collection("papers")["success"] is True


def test_collections_of_the_wrapper(client):
    made = client.collections.create(name="notes")
    assert made.collection_name == "notes"
    assert client.collections.update("notes", description="mine").description == "mine"
    assert "notes" in [row.collection_name for row in client.collections.list().results]
    assert client.collections.get(made.collection_id).collection_id == made.collection_id
    assert client.collections.delete("notes").success is True


def test_features_are_uris_or_refused(api):
    """The newest way to say what a collection is searched by: a list of keys."""
    collections = mixpeek.CollectionsApi(api)
    source = mixpeek.SourceConfigInput(type="none")
    made = collections.create_collection(mixpeek.CreateCollectionRequest(
        collection_name="keyed", source=source, features=["mixpeek://text@v1/words"]))
    assert made.vector_indexes[0].feature_uri == "mixpeek://text@v1/words"
    collections.delete_collection("keyed")
    with pytest.raises(ForbiddenException) as refused:
        collections.create_collection(mixpeek.CreateCollectionRequest(
            collection_name="faces", source=source, features=["faces"]))
    assert "faces" in refused.value.data.error.message


# --- documents -----------------------------------------------------------------------


def test_documents_one_by_one(documents):
    made = documents.create_document("books", mixpeek.DocumentCreateRequest.from_dict(
        {"title": "Billy Budd", "year": 1924, "metadata": {"shelf": {"row": 2}}}))
    assert made.document_id.startswith("doc_")
    patched = documents.patch_document(
        "books", made.document_id, {"year": 1891, "metadata": {"lent": True}})
    assert patched.additional_properties["metadata"] == {"shelf": {"row": 2}, "lent": True}
    put = documents.update_document("books", made.document_id, {"metadata": {"shelf": 1}})
    assert put.additional_properties["metadata"] == {"shelf": 1}
    assert put.additional_properties["year"] == 1891
    shown = documents.get_document("books", made.document_id, return_presigned_urls=True,
                                   return_vectors=True)
    assert shown.additional_properties["title"] == "Billy Budd"
    anywhere = mixpeek.DocumentsApi(documents.api_client)
    assert anywhere.get_document_ns(made.document_id).document_id == made.document_id
    many = anywhere.batch_get(mixpeek.BatchGetDocumentsRequest(
        document_ids=["emma", "nobody", made.document_id]))
    assert [row.document_id for row in many.documents] == ["emma", made.document_id]
    assert many.not_found == ["nobody"]
    assert documents.delete_document("books", made.document_id).success is True
    with pytest.raises(NotFoundException):
        documents.get_document("books", made.document_id)


def test_documents_many_at_a_time(documents):
    done = documents.batch_update("books", mixpeek.BatchUpdateDocumentsRequest(updates=[
        {"document_id": "emma", "update_data": {"lent": True}},
        {"document_id": "nobody", "update_data": {"lent": True}}]))
    assert (done.updated_count, done.failed_count) == (1, 1)
    assert [row.success for row in done.results] == [True, False]
    done = documents.batch_update("books", mixpeek.BatchUpdateDocumentsRequest(
        filters=where({"AND": [{"field": "author", "operator": "eq", "value": "Austen"}]}),
        update_data={"lent": False}))
    assert done.updated_count == 2
    assert documents.bulk_update("books", mixpeek.BulkUpdateDocumentsRequest(
        update_data={"checked": 1})).updated_count == len(BOOKS)
    for name in ("a", "b"):
        documents.create_document("books", mixpeek.DocumentCreateRequest.from_dict(
            {"document_id": name, "spare": True}))
    assert documents.batch_delete("books", mixpeek.BatchDeleteDocumentsRequest(
        document_ids=["a"], reason="a duplicate")).deleted_count == 1
    assert documents.batch_delete("books", mixpeek.BatchDeleteDocumentsRequest(
        filters=where({"spare": True}))).deleted_count == 1


def test_a_filter_that_lost_its_conditions_deletes_nothing(documents):
    """A plain dict in place of the model: the SDK drops what it holds before it is sent."""
    lost = mixpeek.BatchDeleteDocumentsRequest(filters={"spare": True})
    assert lost.to_dict()["filters"] == {"case_sensitive": False}
    for call in (lambda: documents.batch_delete("books", lost),
                 lambda: documents.batch_update("books", mixpeek.BatchUpdateDocumentsRequest(
                     filters={"spare": True}, update_data={"spare": 1})),
                 lambda: documents.bulk_update("books", mixpeek.BulkUpdateDocumentsRequest(
                     filters={"spare": True}, update_data={"spare": 1})),
                 lambda: documents.batch_delete("books", mixpeek.BatchDeleteDocumentsRequest(
                     filters={"AND": [{"field": "a", "value": 1}]}))):
        with pytest.raises(UnprocessableEntityException) as refused:
            call()
        assert "filters" in refused.value.data.error.message
    assert documents.count_documents("books").count == len(BOOKS)


def test_documents_are_listed(documents):
    everything = documents.list_documents("books", include_total=True)
    assert everything.pagination.total == len(BOOKS)
    assert not everything.warnings
    sea = mixpeek.ListDocumentsRequest(
        filters=where({"tags": "sea"}), sort=mixpeek.SortOption(field="year", direction="desc"),
        select=["title"], limit=2)
    page = documents.list_documents("books", list_documents_request=sea)
    assert [row.document_id for row in page.results] == ["moby", "typee"]
    assert set(page.results[0].additional_properties) == {"title"}
    rest = documents.list_documents(
        "books", list_documents_request=sea.model_copy(
            update={"cursor": page.pagination.next_cursor}))
    assert [row.document_id for row in rest.results] == ["persuasion"]
    assert rest.pagination.next_cursor is None

    same = documents.list_documents_0(
        "books", filters=json.dumps({"tags": "sea"}), sort="year:desc", limit=2)
    assert [row.document_id for row in same.results] == ["moby", "typee"]
    assert [row.document_id for row in documents.list_documents_0(
        "books", search="whale", sort=json.dumps({"field": "year"})).results] == ["moby"]

    groups = documents.list_documents("books", list_documents_request=(
        mixpeek.ListDocumentsRequest(group_by="author")))
    assert {(row.group_key, row.count) for row in groups.groups} == {
        ("Melville", 2), ("Austen", 2), ("Stoker", 1)}
    assert groups.group_by_field == "author"

    warned = documents.list_documents("books", list_documents_request=(
        mixpeek.ListDocumentsRequest(return_vectors=True, expand=["author"])))
    assert len(warned.warnings) == 1
    with pytest.raises(ForbiddenException):
        documents.list_documents("books", list_documents_request=mixpeek.ListDocumentsRequest(
            partition=mixpeek.ListPartition(index=0, count=2)))


def test_all_documents_are_walked(client):
    """The wrapper puts page_size and cursor into the body."""
    seen, cursor = [], None
    while True:
        page = client.documents.list("books", page_size=2, cursor=cursor)
        seen += [row.document_id for row in page.results]
        cursor = page.pagination.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(book["document_id"] for book in BOOKS)


def test_documents_of_the_wrapper(client):
    client.documents.update("books", "moby", update_data={"read": 3})
    assert client.documents.get("books", "moby").read == 3
    done = client.documents.batch_update(
        "books", updates=[{"document_id": "moby", "update_data": {"read": 4}}])
    assert done.updated_count == 1
    assert client.documents.get("books", "moby")["read"] == 4
    with pytest.raises(MixpeekAPIError) as missing:
        client.documents.delete("books", "nobody")
    assert missing.value.status == 404


def test_documents_are_counted(documents):
    assert documents.count_documents("books").count == len(BOOKS)
    authors = documents.distinct_document_values(
        "books", mixpeek.DistinctValuesRequest(field="author", limit=2))
    assert [(row.value, row.count) for row in authors.values] == [("Austen", 2),
                                                                 ("Melville", 2)]
    tags = documents.distinct_document_values(
        "books", mixpeek.DistinctValuesRequest(field="tags", filters={"author": "Melville"}))
    assert [(row.value, row.count) for row in tags.values] == [
        ("sea", 2), ("island", 1), ("whale", 1)]


# --- executing -----------------------------------------------------------------------


def test_execute_a_typed_request(adhoc):
    reply = adhoc.execute_adhoc_retriever_with_http_info(
        request(), return_presigned_urls=False, return_vectors=False)
    assert reply.headers["X-Execution-Mode"] == "adhoc"
    result = reply.data
    assert result["status"] == "completed" and result["warnings"] == []
    assert {row["document_id"] for row in result["documents"]} == {"moby", "typee",
                                                                  "persuasion"}
    assert result["results"] == result["documents"]
    assert result["execution_metadata"]["retriever_persisted"] is False
    assert result["cache_status"] == "disabled"
    # What a saved retriever answers is described by a model; the same fields are here.
    model = mixpeek.ExecuteRetrieverResponse.from_dict(result)
    assert model.stage_statistics.stages["find"].output_count == 3
    assert model.degraded == []


def stage_shapes():
    parameters = {"searches": [{"feature_uri": URI, "query": "{{INPUT.query}}"}]}
    return {
        "nested": {"stage_name": "find", "config": {"stage_id": "feature_search",
                                                    "parameters": parameters}},
        "flat": {"stage_name": "find", "stage_id": "feature_search", "parameters": parameters},
        "oldest": {"stage_name": "feature_search", "version": "v1", "parameters": parameters},
        "one line": {"type": "feature_search", "query": "{{INPUT.query}}", "limit": 5,
                     "collection_ids": ["books"], "feature_extractor": {"type": "text"}},
    }


@pytest.mark.parametrize("shape", stage_shapes())
def test_execute_every_shape_of_a_stage(client, shape):
    body = {"stages": [stage_shapes()[shape]], "inputs": {"query": "whale"}}
    if shape != "one line":
        body["collection_identifiers"] = ["books"]
    result = client._request("POST", "/retrievers/execute", body=body)
    assert [row.document_id for row in result.documents] == ["moby"]


def test_search_in_one_line(client):
    found = client.search("captain", collection="books")
    assert {row.document_id for row in found.results} == {"moby", "persuasion"}
    narrowed = client.search("captain", collection="books", filters={"author": "Austen"})
    assert [row.document_id for row in narrowed.results] == ["persuasion"]
    assert len(client.search("sea", collection="books", limit=1).results) == 1
    with pytest.raises(MixpeekAPIError) as nowhere:
        client.search("sea")
    assert nowhere.value.status == 422 and "no collection" in str(nowhere.value)


def test_execute_without_inputs(adhoc):
    result = adhoc.execute_adhoc_retriever(mixpeek.AdhocExecuteRequest.from_dict({
        "collection_identifiers": ["books"], "stages": [search_stage("whale")]}))
    assert [row["document_id"] for row in result["documents"]] == ["moby"]


def test_execute_with_filters(adhoc):
    for filters in ({"author": "Melville"},
                    {"AND": [{"field": "author", "operator": "eq", "value": "Melville"}]},
                    {"OR": [{"field": "year", "operator": "lt", "value": 1852},
                            {"field": "year", "operator": "exists", "value": False}],
                     "NOT": [{"field": "author", "operator": "eq", "value": "Austen"}]}):
        result = adhoc.execute_adhoc_retriever(request(filters=filters))
        assert {row["document_id"] for row in result["documents"]} == {"moby", "typee"}


def test_pre_filters_are_filters(client):
    result = client._request("POST", "/retrievers/execute", body={
        "collection_identifiers": ["books"], "stages": [search_stage("sea")],
        "filters": {"author": "Melville"}, "pre_filters": {"year": 1846}})
    assert [row.document_id for row in result.documents] == ["typee"]
    assert result.warnings == []


@pytest.mark.parametrize("first, after", [
    (mixpeek.OffsetPaginationParams(page_size=2, page_number=1),
     lambda page: mixpeek.OffsetPaginationParams(page_size=2, page_number=2)),
    (mixpeek.CursorPaginationParams(limit=2),
     lambda page: mixpeek.CursorPaginationParams(limit=2, cursor=page["next_cursor"])),
    (mixpeek.ScrollPaginationParams(limit=2),
     lambda page: mixpeek.ScrollPaginationParams(limit=2, scroll_id=page["scroll_id"])),
    (mixpeek.KeysetPaginationParams(limit=2),
     lambda page: mixpeek.KeysetPaginationParams(limit=2, after=page["next_cursor"])),
])
def test_execute_page_by_page(adhoc, first, after):
    def run(parameters):
        sent = request()
        sent.pagination = mixpeek.Pagination(parameters)
        return adhoc.execute_adhoc_retriever(sent)

    one = run(first)
    assert len(one["documents"]) == 2 and one["pagination"]["has_next"] is True
    two = run(after(one["pagination"]))
    assert two["pagination"]["has_next"] is False
    ids = [row["document_id"] for page in (one, two) for row in page["documents"]]
    assert sorted(ids) == ["moby", "persuasion", "typee"]


def test_execute_with_a_limit(adhoc, client):
    """A limit is a page of its own, and its cursor leads on."""
    one = adhoc.execute_adhoc_retriever(request(limit=2))
    assert len(one["documents"]) == 2
    sent = request()
    sent.pagination = mixpeek.Pagination(mixpeek.CursorPaginationParams(
        limit=2, cursor=one["pagination"]["next_cursor"]))
    assert len(adhoc.execute_adhoc_retriever(sent)["documents"]) == 1
    body = {"stages": [search_stage("sea")], "collection_ids": ["books"], "page_size": 1}
    assert len(client._request("POST", "/retrievers/execute", body=body).documents) == 1
    with pytest.raises(MixpeekAPIError) as both:
        client._request("POST", "/retrievers/execute", body={**body, "limit": 2})
    assert both.value.status == 422


def test_unknown_keys_are_named(client):
    result = client._request("POST", "/retrievers/execute", body={
        "collection_identifiers": ["books"],
        "stages": [{**search_stage("sea"), "output_alias": "found"}],
        "inputs": {}, "colour": "red"})
    assert any("'colour'" in warning for warning in result.warnings)
    assert any("stages[0].output_alias" in warning for warning in result.warnings)


def test_vectors_are_returned_where_there_are_any(adhoc):
    result = adhoc.execute_adhoc_retriever(request(), return_vectors=True)
    assert result["status"] == "completed"
    assert not any("return_vectors" in warning for warning in result["warnings"])
    assert not any("_vectors" in document for document in result["documents"])


def test_a_stage_that_may_fail(adhoc):
    broken = {"stage_name": "broken", "config": {
        "stage_id": "attribute_filter", "parameters": {
            "field": "title", "operator": "regex", "value": "{{INPUT.query}}"}}}
    failed = adhoc.execute_adhoc_retriever(request("sea (", [search_stage("sea"), broken]))
    assert failed["status"] == "failed" and failed["failed_stage"] == "broken"
    passed = adhoc.execute_adhoc_retriever(request(
        "sea (", [search_stage("sea"), {**broken, "on_error": "skip"}]))
    assert passed["status"] == "completed" and len(passed["documents"]) == 3
    model = mixpeek.ExecuteRetrieverResponse.from_dict(passed)
    assert [(row.resource, row.stage) for row in model.degraded] == [("stage", "broken")]
    assert passed["execution_metadata"]["stages_completed"] == 1


def test_a_budget_ends_a_run(adhoc):
    result = adhoc.execute_adhoc_retriever(
        request("never asked before", budget_limits={"max_credits": 0}))
    assert result["status"] == "failed" and "budget" in result["error"]


def test_streaming_is_refused_clearly(adhoc):
    with pytest.raises(ForbiddenException) as refused:
        adhoc.execute_adhoc_retriever(request(stream=True))
    assert refused.value.data.error.type == "NotEnabledError"
    assert "stream" in refused.value.data.error.message
    raw = adhoc.execute_adhoc_retriever_without_preload_content(request(stream=True))
    assert raw.status == 403


def test_stages_that_need_models_are_refused(adhoc):
    with pytest.raises(ForbiddenException) as refused:
        adhoc.execute_adhoc_retriever(request(stages=[
            {"stage_name": "best", "config": {"stage_id": "rerank", "parameters": {}}}]))
    assert refused.value.data.error.type == "NotEnabledError"


# --- the history ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def history(adhoc):
    """Seven executions, of which two failed; their ids in the order in which they ran."""
    ids = []
    for number in range(7):
        limits = {"max_credits": 0} if number in (2, 5) else None
        result = adhoc.execute_adhoc_retriever(request(f"walk {number}", budget_limits=limits))
        ids.append(result["execution_id"])
    return ids


def listed(adhoc, body=None, **query):
    return adhoc.list_adhoc_executions_retrievers(
        list_adhoc_executions_request=body and mixpeek.ListAdhocExecutionsRequest(**body),
        **query)


def test_the_list(adhoc, history):
    page = listed(adhoc)
    newest = page.results[0]
    assert newest.execution_id == history[-1] and newest.execution_mode == "adhoc"
    assert newest.status == "completed" and newest.query_summary == "walk 6"
    assert page.total >= 7
    failed = listed(adhoc, {"status": "failed"}, limit=2)
    assert [row.execution_id for row in failed.results] == [history[5], history[2]]
    assert listed(adhoc, {"status": "dreaming"}).results == []
    assert listed(adhoc, {}).total == page.total


def test_every_parameter_of_the_list(adhoc, history):
    total = listed(adhoc).total
    page = listed(adhoc, limit=2, offset=1, include_total=True)
    assert [row.execution_id for row in page.results] == [history[5], history[4]]
    assert page.pagination["total"] == total
    assert listed(adhoc, limit=1).pagination["total"] is None
    same = listed(adhoc, page_size=2, page=2)
    assert [row.execution_id for row in same.results] == [history[4], history[3]]
    first = listed(adhoc, limit=3)
    for name in ("cursor", "next_cursor", "after"):
        following = listed(adhoc, limit=1, **{name: first.pagination["next_cursor"]})
        assert [row.execution_id for row in following.results] == [history[3]]
    counted = listed(adhoc, {"count_only": True})
    assert counted.total == total and counted.results == []
    assert listed(adhoc, {"count_only": True, "status": "failed"}).total >= 2


def test_every_kind_of_time(adhoc, history):
    """Each names the same instant, between the fourth execution and the fifth."""
    rows = {row.execution_id: row for row in listed(adhoc, limit=7).results}
    exact = rows[history[4]].timestamp
    instant = datetime.datetime.fromisoformat(exact.replace("Z", "+00:00"))
    for value in (
            exact,
            instant,
            instant.replace(tzinfo=None),
            instant.astimezone(datetime.timezone(datetime.timedelta(hours=5))),
            exact.replace("Z", "+00:00"),
            exact.rstrip("Z")):
        found = listed(adhoc, {"start_time": value}, limit=7)
        assert [row.execution_id for row in found.results] == history[:3:-1], value
        found = listed(adhoc, {"end_time": value}, limit=5)
        assert found.results[0].execution_id == history[4], value
    today = instant.date()
    tomorrow = today + datetime.timedelta(days=1)
    for value in (today, today.isoformat(), "-1d", "-24h", int(time.time()) - 600,
                  int(time.time() * 1000) - 600_000, time.time() - 600):
        assert listed(adhoc, {"start_time": value}).total >= 7, value
    for value in (tomorrow, tomorrow.isoformat()):
        assert listed(adhoc, {"start_time": value}).total == 0, value
        assert listed(adhoc, {"end_time": value}).total >= 7, value
    with pytest.raises(UnprocessableEntityException) as refused:
        listed(adhoc, {"start_time": "yesterday"})
    assert "start_time" in refused.value.body


def test_all_pages_are_walked(adhoc, history):
    total = listed(adhoc).total
    for by in ("cursor", "offset"):
        seen, query = [], {}
        while True:
            page = listed(adhoc, limit=2, **query)
            seen += [row.execution_id for row in page.results]
            if not page.pagination["has_next"]:
                break
            query = ({"cursor": page.pagination["next_cursor"]} if by == "cursor"
                     else {"offset": len(seen)})
        assert len(seen) == len(set(seen)) == total
        assert seen[:7] == history[::-1]


def test_details(adhoc, history):
    detail = adhoc.get_adhoc_execution_retrievers(history[0])
    assert detail.execution_id == history[0] and detail.status == "completed"
    assert json.loads(detail.inputs) == {"query": "walk 0"}
    assert len(detail.inputs_hash) == 40
    assert detail.stages_completed == detail.total_stages == 1
    with pytest.raises(NotFoundException):
        adhoc.get_adhoc_execution_retrievers("exec_nothing")


# --- errors --------------------------------------------------------------------------


def test_each_error_class(api, adhoc, url):
    def status_of(error, kind, call):
        with pytest.raises(error) as raised:
            call()
        problem = raised.value
        assert type(problem) is error
        # The SDK has a model for most of them, and the text for all.
        body = json.loads(problem.body)
        assert body["success"] is False and body["status"] == problem.status
        assert body["error"]["type"] == kind and body["error"]["message"]
        if problem.data is not None:
            assert problem.data.error.type == kind
        return problem.status

    collections = mixpeek.CollectionsApi(api)
    stranger = mixpeek.ApiClient(mixpeek.Configuration(host=url, access_token="sk_unknown"))
    assert status_of(UnauthorizedException, "UnauthorizedError",
                     lambda: mixpeek.AdhocRetrieversApi(stranger)
                     .list_adhoc_executions_retrievers()) == 401
    assert status_of(ForbiddenException, "NotEnabledError",
                     lambda: adhoc.execute_adhoc_retriever(request(stream=True))) == 403
    assert status_of(NotFoundException, "NotFoundError",
                     lambda: collections.get_collection("nowhere")) == 404
    assert status_of(mixpeek.exceptions.BadRequestException, "BadRequestError",
                     lambda: mixpeek.NamespacesApi(api).delete_namespace("default")) == 400
    assert status_of(ConflictException, "AlreadyExistsError",
                     lambda: collections.create_collection(mixpeek.CreateCollectionRequest(
                         collection_name="books",
                         source=mixpeek.SourceConfigInput(type="none")))) == 409
    assert status_of(UnprocessableEntityException, "ValidationError",
                     lambda: adhoc.execute_adhoc_retriever(request(stages=[
                         {"stage_name": "x", "config": {"stage_id": "nonsense"}}]))) == 422


def test_a_refusal_names_the_value(adhoc):
    with pytest.raises(UnprocessableEntityException) as refused:
        adhoc.execute_adhoc_retriever(request(stages=[
            {"stage_name": "cut", "config": {"stage_id": "limit",
                                             "parameters": {"limit": 0}}}]))
    problem = refused.value.data.error.details["validation_errors"][0]
    assert problem["location"] == "stages[0].config.parameters.limit"


def test_errors_of_the_wrapper(client, url):
    with pytest.raises(MixpeekAPIError) as refused:
        client.collections.get("nowhere")
    assert refused.value.status == 404 and refused.value.retryable is False
    assert refused.value.detail["error"]["type"] == "NotFoundError"
    with pytest.raises(MixpeekAPIError) as refused:
        Mixpeek("sk_unknown", base_url=url + "/v1").collections.list()
    assert refused.value.status == 401


# --- health, stages, analytics, keys ---------------------------------------------------


def test_health_and_stages_need_no_key(url):
    with mixpeek.ApiClient(mixpeek.Configuration(host=url)) as anonymous:
        health = mixpeek.HealthApi(anonymous)
        assert health.healthcheck_health()["status"] == "OK"
        deep = health.healthcheck_deep_health(deep=True, metrics=True)
        assert deep.status == "OK" and deep.data.metadata is True
        assert health.liveness_health()["status"] == "alive"
        with pytest.raises(NotFoundException):
            health.celery_beat_health()
        stages = mixpeek.RetrieverStagesApi(anonymous).list_stages_retrievers()
        assert "feature_search" in [row.stage_id for row in stages]


def test_analytics(api, history):
    of_retrievers = mixpeek.AnalyticsRetrieversApi(api)
    performance = of_retrievers.get_retriever_performance_analytics("adhoc", group_by="hour")
    assert sum(row["count"] for row in performance.metrics) >= 7
    assert of_retrievers.get_stage_breakdown_analytics_retrievers("adhoc").stages
    slowest = of_retrievers.get_slowest_queries_analytics_retrievers_id_slow("adhoc", limit=3)
    assert len(slowest) == 3
    assert of_retrievers.get_cache_performance_analytics_retrievers("adhoc").time_range.start
    slow = mixpeek.AnalyticsNamespacesApi(api).get_slow_queries_analytics_namespaces(days=1)
    assert slow.returned_count == len(slow.slow_queries) and slow.total_is_exact is True
    with pytest.raises(ForbiddenException):
        of_retrievers.get_retriever_signals_analytics("adhoc")


def test_keys(api, url):
    keys = mixpeek.OrganizationAPIKeysApi(api)
    made = keys.create_key_organizations_users_email(
        "reader@example.org",
        mixpeek.APIKeyCreateRequest(name="reading", permissions=["read"]))
    assert made.key.startswith("sk_") and [word.value for word in made.permissions] == ["read"]
    reader = mixpeek.ApiClient(mixpeek.Configuration(host=url, access_token=made.key))
    mixpeek.AdhocRetrieversApi(reader).list_adhoc_executions_retrievers()
    with pytest.raises(ForbiddenException) as refused:
        mixpeek.NamespacesApi(reader).create_namespace(
            mixpeek.CreateNamespaceRequest(namespace_name="mine"))
    assert refused.value.data.error.type == "ForbiddenError"
    assert keys.list_keys_organizations_users_email("reader@example.org")["total"] == 1
    changed = keys.update_key_organizations_users_email_name(
        "reader@example.org", "reading", mixpeek.APIKeyUpdateRequest(rate_limit_override=600))
    assert changed.rate_limit_override == 600 and changed.name == "reading"
    with pytest.raises(ForbiddenException):
        keys.rotate_key_organizations_users_email_name("reader@example.org", "reading")
    assert keys.delete_key_organizations_users_email_name(
        "reader@example.org", "reading").success is True


# --- what is not offered ---------------------------------------------------------------


def not_offered():
    return {
        "list retrievers": lambda c: c.retrievers.list(),
        "get a retriever": lambda c: c.retrievers.get("ret_1"),
        "create a retriever": lambda c: c.retrievers.create(
            name="saved", stages=[search_stage()]),
        "change a retriever": lambda c: c.retrievers.update("ret_1", tags=["x"]),
        "delete a retriever": lambda c: c.retrievers.delete("ret_1"),
        "execute a retriever": lambda c: c.retrievers.execute("ret_1", inputs={"query": "x"}),
        "execute many": lambda c: c.retrievers.execute_batch("ret_1", queries=[{"q": "a"}]),
        "clone a retriever": lambda c: c.retrievers.clone("ret_1", name="other"),
        "publish a retriever": lambda c: c.retrievers.publish("ret_1"),
        "interactions": lambda c: c.retrievers.create_interaction(
            document_id="moby", interaction_type=["click"]),
        "learned fusion": lambda c: c.retrievers.get_weights("ret_1"),
        "evaluations": lambda c: c.evaluations.list_datasets(),
        "buckets": lambda c: c.buckets.list(),
        "upload": lambda c: c.buckets.upload("bkt_1", url="http://localhost/x.txt",
                                             blob_property="text"),
        "batches": lambda c: c.batches.failed_documents("bkt_1", "btch_1", limit=3),
        "index a file": lambda c: c.index("s3://a/b.mp4"),
        "tasks": lambda c: c.tasks.get("task_1"),
        "documents.search": lambda c: c.documents.search(query="whale"),
        "trigger": lambda c: c.collections.trigger("books"),
        "clone a collection": lambda c: c.collections.clone("books", name="copy"),
        "clone a namespace": lambda c: c.namespaces.clone("library", name="copy"),
        "search by vectors": lambda c: c.search(
            queries=[{"vector_name": "v", "vector": [0.1]}]),
    }


@pytest.mark.parametrize("what", not_offered())
def test_what_is_not_offered_says_so(client, what):
    begun = time.monotonic()
    with pytest.raises(MixpeekAPIError) as refused:
        not_offered()[what](client)
    assert refused.value.status == 403, refused.value
    assert refused.value.detail["error"]["type"] == "NotEnabledError"
    assert "does not offer" in refused.value.detail["error"]["message"]
    # The wrapper repeats what may pass for three minutes; this will not pass.
    assert refused.value.retryable is False and time.monotonic() - begun < 60


def test_saved_retrievers_of_the_generated_client(api):
    retrievers = mixpeek.RetrieversApi(api)
    for call in (lambda: retrievers.list_retrievers(),
                 lambda: retrievers.get_retriever("ret_1"),
                 lambda: retrievers.execute_retriever(
                     "ret_1", mixpeek.ExecuteRetrieverRequest(inputs={})),
                 lambda: retrievers.list_executions_retrievers("ret_1"),
                 lambda: retrievers.explain_retriever_execution_id_execute(
                     "ret_1", mixpeek.ExplainRetrieverRequest())):
        with pytest.raises(ForbiddenException) as refused:
            call()
        assert refused.value.data.error.type == "NotEnabledError"


def test_what_nobody_knows_is_not_found(api, url):
    with pytest.raises(NotFoundException) as refused:
        mixpeek.PricingApi(api).get_pricing_config_billing()
    assert refused.value.data.error.type == "NotFoundError"
    reply = urllib3.PoolManager().request("GET", url + "/v1/templates")
    assert reply.status == 404 and json.loads(reply.data)["success"] is False


def test_nothing_was_a_defect(server):
    """No request of this program may have ended in a 5xx."""
    metrics = server.get("/metrics", key=None).text
    assert 'status="5' not in metrics and "InternalServerError" not in "".join(server.log)
