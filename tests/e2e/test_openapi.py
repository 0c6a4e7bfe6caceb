"""/openapi.json, /docs and /llms.txt: they say what the server does, to the letter."""

import datetime
import http.client
import os
import re
import sys

import jsonschema
import pytest

from conftest import KEY, Server

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "openapi"))

import description  # noqa: E402
import world  # noqa: E402


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("openapi") / "data").start()
    yield server
    assert server.stop() == 0, "".join(server.log)


@pytest.fixture(scope="module")
def document(served):
    return served.ok("GET", "/openapi.json", key=None)


def build_world(server):
    def call(method, path, body):
        return server.request(method, path, body).status

    world.build(call)
    world.clear(call)


FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value):
    if not isinstance(value, str):
        return True
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{6})?(Z|[+-]\d\d:\d\d)", value)
    return bool(found and datetime.datetime.fromisoformat(found[1]))


def complaints(document, schema, value):
    resolver = jsonschema.RefResolver("", document)
    validator = jsonschema.Draft202012Validator(schema, resolver=resolver,
                                                format_checker=FORMATS)
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message[:300]}"
            for one in validator.iter_errors(value)]


def check_reply(closed, operation, reply):
    """What a reply has that its description does not allow."""
    found = description.Operation(closed, operation.path, operation.method.lower()) \
        .response(reply.status)
    if found is None:
        return [f"status {reply.status} is not described: {reply}"]
    wrong = []
    for name, header in found.get("headers", {}).items():
        header = description.resolve(closed, header)
        if name.lower() not in reply.headers:
            if header.get("required"):
                wrong.append(f"lacks the header {name}")
        elif header["schema"].get("type") != "integer":
            wrong += complaints(closed, header["schema"], reply.headers[name.lower()])
    media_type = reply.headers["content-type"].split(";")[0]
    if media_type not in found.get("content", {media_type: None}):
        return wrong + [f"is {media_type}, which is not described"]
    if media_type == "application/json" and "content" in found:
        wrong += complaints(closed, found["content"][media_type]["schema"], reply.json)
    return wrong


def test_the_description_is_consistent(document):
    jsonschema.Draft202012Validator.check_schema(
        {"$defs": document["components"]["schemas"]})
    referred = set()

    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                referred.add(value["$ref"])
                description.resolve(document, value)
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(document)
    for kind in ("schemas", "responses", "headers"):
        for name in document["components"][kind]:
            assert f"#/components/{kind}/{name}" in referred, f"nobody refers to {kind} {name}"

    operations = description.operations(document)
    ids = [one.described["operationId"] for one in operations]
    assert len(ids) == len(set(ids))
    tags = {tag["name"] for tag in document["tags"]}
    for operation in operations:
        assert set(operation.described["tags"]) <= tags, operation
        assert operation.described["summary"], operation
        assert "200" in operation.described["responses"], operation
        assert "default" not in operation.described["responses"], operation
        assert operation.examples, f"{operation} has no example of its body"
        placed = {one["name"] for one in operation.parameters if one["in"] == "path"}
        assert placed == set(re.findall(r"{(\w+)}", operation.path)), operation


def test_paths_have_the_methods_that_are_described(served, document):
    for path, item in document["paths"].items():
        described = {method.upper() for method in description.METHODS if method in item}
        if "GET" in described:
            described.add("HEAD")
        concrete = re.sub(r"{\w+}", "some", path)
        reply = served.request("TRACE", concrete)
        assert reply.status == 405, path
        assert set(reply.headers["allow"].split(", ")) - {"OPTIONS"} == described, path


# Without the one parameter that ends it, a tail would go on.
QUERIES = {"tailExecutions": "?end_after_ms=0"}


def example_path(served, operation):
    """Of a ticket, which is good once, one that was made for this."""
    operation_id = operation.described["operationId"]
    if operation_id == "redeemExportTicket":
        return served.ok("POST", "/v1/retrievers/executions/export/ticket", {})["url"]
    return operation.example_path() + QUERIES.get(operation_id, "")


def test_every_example_works(served, document):
    closed = description.close_replies(document)
    has_console = "console" in served.ok("GET", "/", key=None)  # It may be left out.
    wrong = []
    for operation in description.operations(document):
        for name, body in operation.examples:
            if operation.example_path().startswith("/console") and not has_console:
                continue
            build_world(served)
            path = example_path(served, operation)
            reply = served.request(operation.method, path, body,
                                   headers={"Content-Type": operation.media_type or "text/plain"},
                                   key=world_key(operation))
            found = check_reply(closed, operation, reply)
            if reply.status != 200:
                found.insert(0, f"answered {reply}")
            if operation.media_type == "application/json":
                found += complaints(document, operation.body_schema, body)
            if reply.status == 200 and (name, body) == operation.examples[0]:
                found += differences(operation, reply)
            wrong += [f"{operation} {name}: {one}" for one in found]
    assert not wrong, "\n".join(wrong)


def differences(operation, reply):
    """Between the members of the reply that is shown as an example, and those of a reply."""
    media = operation.response(200).get("content", {}).get("application/json", {})
    if not isinstance(media.get("example"), dict) or media["example"].keys() == reply.json.keys():
        return []
    return [f"the example of its reply differs from the reply: {media['example'].keys()}, "
            f"{reply.json.keys()}"]


def world_key(operation):
    return KEY if operation.needs_key else None


def test_examples_of_replies_have_the_form_of_replies(document):
    closed = description.close_replies(document)
    shown = {f"{operation}": operation.response(200)
             for operation in description.operations(closed)}
    shown.update(closed["components"]["responses"])
    found = 0
    for name, response in shown.items():
        media = response.get("content", {}).get("application/json", {})
        if "example" in media:
            found += 1
            assert not complaints(closed, media["schema"], media["example"]), name
    assert found > 40


def test_errors_are_as_described(served, document):
    closed = description.close_replies(document)
    wrong = []
    build_world(served)
    for operation in description.operations(document):
        requests = [("an unknown namespace", {"X-Namespace": "nowhere"}, operation.examples[0][1])]
        if operation.needs_key:
            requests.append(("no key", {"Authorization": "none"}, operation.examples[0][1]))
        if operation.media_type == "application/json":
            requests.append(("a body that is no JSON", {}, "{"))
            requests.append(("a body that is no object", {}, "[]"))
        for what, headers, body in requests:
            if "Authorization" not in headers and not operation.needs_key:
                continue
            namespaced = any(one["name"] == "X-Namespace" for one in operation.parameters)
            if "X-Namespace" in headers and not namespaced:
                continue
            reply = served.request(operation.method, operation.example_path(), body,
                                   headers=headers,
                                   key=None if "Authorization" in headers else world_key(operation))
            if reply.status < 400:
                wrong.append(f"{operation}, {what}: answered {reply.status}")
            wrong += [f"{operation}, {what}: {one}"
                      for one in check_reply(closed, operation, reply)]
    assert not wrong, "\n".join(wrong)


def test_the_page_is_served_without_any_other_host(served):
    page = served.get("/docs", key=None)
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    # Nothing inline, which the policy would refuse.
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page.text)
    named = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    for path in named:
        if path.startswith("/"):
            assert served.get(path, key=None).status == 200, path
    assert {"/docs/page.css", "/docs/page.js"} <= set(named)
    for path in ("/docs", "/docs/page.css", "/docs/page.js"):
        text = served.get(path, key=None).text
        assert not re.search(r"https?://|[\"'(]//", text), path
    script = served.get("/docs/page.js", key=None).text
    assert "innerHTML" not in script and "localStorage" not in script


def test_the_index_sends_browsers_to_a_page(served):
    # As browsers ask.
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request("GET", "/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    response = connection.getresponse()
    assert response.status == 302
    # The console, where the binary has it.
    has_console = "console" in served.ok("GET", "/", key=None)
    assert response.getheader("Location") == ("/console" if has_console else "/docs")
    assert response.getheader("Vary") == "Accept-Encoding, Accept"
    connection.close()
    index = served.ok("GET", "/", key=None)
    for name in ("docs", "openapi", "llms", "health"):
        assert served.get(index[name], key=None).status == 200


def test_llms_txt_names_what_is_there(served, document):
    text = served.get("/llms.txt", key=None).text
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`]*)`", text)
    assert len(named) >= 15
    for method, path in named:
        assert method.lower() in document["paths"].get(path, {}), f"{method} {path}"
    for path in re.findall(r"\]\((/[^)]*)\)", text):
        assert served.get(path, key=None).status == 200, path


def test_the_commands_of_llms_txt_work(served, document):
    build_world(served)
    served.request("DELETE", "/v1/collections/books")
    text = served.get("/llms.txt", key=None).text
    commands = re.findall(r"`(curl [^`]*)`", text)
    assert len(commands) >= 8
    for command in commands:
        found = re.fullmatch(
            r"""curl -sN? "\$TRAWL_URL(/[^"]*)" -H "Authorization: Bearer \$TRAWL_API_KEY\""""
            r"""(?: -d '([^']*)')?(?: --data-binary @(\S+))?""", command)
        assert found, command
        path, body, file = found.groups()
        if file:
            body = world.lines(world.BOOKS)
        reply = served.request("POST" if body else "GET", path, body)
        assert reply.status == 200, (command, reply)
        if path.endswith("/execute"):
            assert [one["document_id"] for one in reply.json["documents"]] == ["moby"]
