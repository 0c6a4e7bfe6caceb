"""The MCP package: it reads /openapi.json and makes a tool of each GET and POST in it."""

import asyncio
import importlib
import os

import pytest
from trawl_server import BOOKS, KEY


@pytest.fixture(scope="module")
def mcp(server, url):
    """The package as a person starts it: everything is in the environment."""
    server.make_collection("books", BOOKS)
    os.environ.update({"MIXPEEK_API_BASE": url, "MIXPEEK_API_KEY": KEY,
                       "MIXPEEK_NAMESPACE": "default", "MCP_RATE_MAX_CALLS": "1000"})
    return importlib.import_module("server")


@pytest.fixture(scope="module")
def call(mcp):
    """Calls the tool of an operation: call("POST", "/v1/…", body={…})."""
    endpoints = mcp.extract_endpoints(asyncio.run(mcp.fetch_openapi()))
    tools = {}
    for endpoint in endpoints:
        mcp.create_tool(endpoint)
        tool = mcp.server._tools[endpoint.operation_id]
        assert tool["desc"].startswith(f"{endpoint.method} {endpoint.path}")
        tools[endpoint.method, endpoint.path] = tool["fn"]
    assert len(mcp.server._tools) == len(endpoints), "operation ids are not unique"

    def call(method, path, **arguments):
        return asyncio.run(tools[method, path](**arguments))

    call.tools = tools
    return call


def test_it_sees_the_api(call):
    for operation in (("POST", "/v1/retrievers/execute"),
                      ("POST", "/v1/retrievers/executions/list"),
                      ("GET", "/v1/retrievers/executions/{execution_id}"),
                      ("GET", "/v1/retrievers/stages"),
                      ("POST", "/v1/collections/{collection}/documents/list"),
                      ("GET", "/v1/health")):
        assert operation in call.tools


def test_an_agent_works(call):
    assert call("GET", "/v1/health")["status"] == "OK"
    assert "feature_search" in [row["stage_id"] for row in call("GET", "/v1/retrievers/stages")]
    listed = call("POST", "/v1/collections/list", body={})
    assert [row["collection_name"] for row in listed["results"]] == ["books"]
    added = call("POST", "/v1/collections/{collection}/documents", collection="books",
                 body={"document_id": "omoo", "title": "Omoo", "text": "More of the sea."})
    assert added["document_id"] == "omoo"
    ran = call("POST", "/v1/retrievers/execute", body={
        "collection_identifiers": ["books"],
        "stages": [{"type": "feature_search", "query": "{{INPUT.query}}"}],
        "inputs": {"query": "whale"}})
    assert [row["document_id"] for row in ran["documents"]] == ["moby"]
    page = call("POST", "/v1/retrievers/executions/list", body={"status": "completed"},
                query={"limit": 1})
    assert page["results"][0]["execution_id"] == ran["execution_id"]
    detail = call("GET", "/v1/retrievers/executions/{execution_id}",
                  execution_id=ran["execution_id"])
    assert detail["query_summary"] == "whale"


def test_errors_are_told(call):
    missing = call("GET", "/v1/retrievers/executions/{execution_id}",
                   execution_id="exec_nothing")
    assert missing["error"] == "http_status" and missing["status"] == 404
    assert "NotFoundError" in missing["detail"]
    assert call("GET", "/v1/retrievers/executions/{execution_id}") == {
        "error": "missing_path_param", "param": "execution_id"}


def test_a_body_must_be_given(call):
    """Without one the package sends {"note": …}, which is no condition and is refused."""
    refused = call("POST", "/v1/retrievers/executions/list")
    assert refused["status"] == 422 and "unknown member 'note'" in refused["detail"]
