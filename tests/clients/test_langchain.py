"""The LangChain package on the newest SDK.

All that it reads goes through saved retrievers, and all that it writes through buckets. Until
this server offers either, its classes must get a refusal that says so, at once, and pass it
on as they pass on others.
"""

import json
import urllib.error

import pytest
from langchain_mixpeek import (
    AsyncMixpeekRetriever,
    MixpeekRetriever,
    MixpeekTool,
    MixpeekToolkit,
    MixpeekVectorStore,
)
from mixpeek import Mixpeek
from mixpeek._client.client import MixpeekAPIError
from trawl_server import BOOKS, KEY

ADDRESS = {"api_key": KEY, "namespace": "default", "retriever_id": "ret_books"}


@pytest.fixture(scope="module", autouse=True)
def pointed_at_trawl(server, url):
    """The package has no setting for the base URL; it takes the SDK's."""
    server.make_collection("books", BOOKS)
    usual, Mixpeek.DEFAULT_BASE_URL = Mixpeek.DEFAULT_BASE_URL, url + "/v1"
    yield
    Mixpeek.DEFAULT_BASE_URL = usual


@pytest.fixture
def store(url):
    store = MixpeekVectorStore(**ADDRESS, bucket_id="bkt_books", collection_id="books")
    store._base_url = url + "/v1"
    return store


def refused(call):
    """Calls; returns the error that the server's refusal became."""
    with pytest.raises(MixpeekAPIError) as raised:
        call()
    assert raised.value.status == 403 and raised.value.retryable is False
    assert raised.value.detail["error"]["type"] == "NotEnabledError"
    return raised.value.detail["error"]["message"]


def test_the_retriever_is_refused(store):
    assert "saved retrievers" in refused(lambda: MixpeekRetriever(**ADDRESS).invoke("whale"))
    assert "saved retrievers" in refused(lambda: store.as_retriever().invoke("whale"))
    assert "saved retrievers" in refused(lambda: store.similarity_search("whale", k=2))
    assert "saved retrievers" in refused(lambda: store.similarity_search_with_score("whale"))


def test_the_asynchronous_retriever_is_refused():
    import asyncio

    retriever = AsyncMixpeekRetriever(**ADDRESS)
    assert "saved retrievers" in refused(lambda: asyncio.run(retriever.ainvoke("whale")))


def test_the_tool_tells_the_agent():
    answer = MixpeekTool(**ADDRESS).invoke("whale")
    assert answer.startswith("Search failed: Mixpeek API error 403")
    assert "NotEnabledError" in answer


def test_the_toolkit_tells_the_agent(store):
    tools = {tool.name: tool for tool in MixpeekToolkit(store=store).get_tools()}
    assert "NotEnabledError" in tools["mixpeek_search"].invoke("whale")
    assert "NotEnabledError" in tools["mixpeek_process"].invoke("")
    for name, sent in (("mixpeek_ingest", {"type": "text", "data": "hello"}),
                       ("mixpeek_classify", {"taxonomy_id": "tax_1"}),
                       ("mixpeek_cluster", {"algorithm": "kmeans"}),
                       ("mixpeek_alert", {"name": "watch"})):
        assert "HTTP Error 403" in tools[name].invoke(json.dumps(sent)), name


def test_the_store_writes_nothing(store):
    with pytest.raises(urllib.error.HTTPError) as stopped:
        store.add_texts(["hello"], metadatas=[{"source": "test"}])
    body = json.loads(stopped.value.read())
    assert body["error"]["type"] == "NotEnabledError"
    assert "/documents" in body["error"]["message"]


def test_the_sdk_beside_it_works():
    """What LangChain users can do today: search ad hoc, and make documents of the result."""
    from langchain_core.documents import Document

    found = Mixpeek(KEY).search("whale", collection="books")
    retriever = MixpeekRetriever(**ADDRESS)
    documents = retriever._results_to_documents(found["results"])
    assert [type(row) for row in documents] == [Document]
    assert documents[0].page_content == BOOKS[0]["text"]
    assert documents[0].metadata["document_id"] == "moby"
    assert documents[0].metadata["score"] > 0
