"""Scenario 15: whatever people and programs write into a history is shown as text. Nothing of it
runs, and nothing makes the page wider than its window."""

import json

import pytest
from playwright.sync_api import expect

from conftest import KEY, url_of
import conftest
from quiet import Quiet

MARKUP = "<img src=x onerror=\"window.hurt='markup'\"><script>window.hurt='script'</script>"
JAVASCRIPT = "javascript:window.hurt='link'"
# Right to left, an override that is never ended, marks that pile up, and no space to break at.
WORDS = {
    "rtl": "שלום עולם \u202eevil\u202d ‮reversed",
    "marks": "Z" + "\u0335\u0322\u0301" * 60,
    "long": "x" * 5000,
    "template": "{{INPUT.query}} ${window.hurt='template'} {{constructor.constructor('window.hurt=1')()}}",
}
LONG_ID = "exec_" + "i" * 195  # The longest that the server takes.
NAMESPACE = "hostile"
SECTIONS = {"X-Namespace": NAMESPACE}


def imported():
    out = []
    for number, words in enumerate([MARKUP, JAVASCRIPT, *WORDS.values()]):
        out.append({
            "execution_id": LONG_ID if number == 0 else f"exec_hostile_{number}",
            "status": "failed", "timestamp": f"2026-01-01T00:00:{number:02}Z", "duration_ms": 1,
            "error": words, "failed_stage": words[:200], "query_summary": words[:1000],
            "inputs": {"query": words, words[:100]: [words]}, "client": words[:200],
            "collection_ids": ["packages"], "stages_completed": 0, "total_stages": 1,
            "labels": {"team": words[:200].replace("\n", " "), "k" * 60: "v" * 250}})
    out.append({"execution_id": "exec_megabyte", "status": "completed", "timestamp": "2026-01-01T00:01:00Z",
                "inputs": {"text": "<b>m</b> " * 110_000}, "query_summary": "a megabyte", "duration_ms": 1,
                "collection_ids": ["packages"], "stages_completed": 1, "total_stages": 1, "total_returned": 0})
    return out


def documents():
    ids = [MARKUP, "d" * 300, "a/b?c#d%e", "..", WORDS["rtl"]]
    return [{"document_id": one, "title": MARKUP, "text": " ".join(["viewer", *WORDS.values()]),
             MARKUP[:60]: {"deep": [MARKUP]}} for one in ids]


@pytest.fixture(scope="module")
def ids(server):
    """A namespace of its own on the shared server, so that no other test meets this."""
    server.ok("POST", "/v1/namespaces", {"namespace_name": NAMESPACE, "description": MARKUP})
    server.make_collection("packages", features=[
        {"feature_uri": "trawl://bm25@v1/text", "fields": ["title", "text"]}], headers=SECTIONS)
    kept = []
    for one in documents():
        reply = server.request("POST", "/v1/collections/packages/documents/import", json.dumps(one), headers=SECTIONS)
        if reply.json.get("failed_count") == 0:
            kept.append(one["document_id"])
    assert MARKUP in kept and len(kept) >= 3
    lines = "".join(json.dumps(one) + "\n" for one in imported())
    report = server.ok("POST", "/v1/retrievers/executions/import", lines, headers=SECTIONS)
    assert report["imported_count"] == len(imported()), report
    stage = conftest.trawl_server.search()
    ran = server.ok("POST", "/v1/retrievers/execute", {
        "collection_identifiers": ["packages"], "input_schema": {}, "stages": [{**stage, "stage_name": MARKUP[:60]}],
        "inputs": {"query": "viewer"}, "labels": {"team": MARKUP}}, headers=SECTIONS)
    return {"ran": ran["execution_id"], "documents": kept}


def places(ids):
    quoted = conftest.urllib.parse.quote
    since = "start_time=2025-12-01T00:00:00Z"
    out = [f"executions?{since}", f"executions?{since}&query={quoted(MARKUP)}", f"executions?{since}&open={LONG_ID}",
           f"stats?{since}", "collections", "collections/packages",
           f"compare/{LONG_ID}/exec_hostile_2", f"why/{ids['ran']}/packages/{quoted(MARKUP, safe='')}", f"play?from={ids['ran']}",
           "settings/namespaces"]
    out += [f"executions/{one['execution_id']}" for one in imported()[:6]]
    for tab in ("flow", "documents", "inputs", "pipeline", "raw"):
        out.append(f"executions/{ids['ran']}?tab={tab}")
    out += ["executions/exec_megabyte?tab=inputs", f"executions/{LONG_ID}?tab=inputs"]
    out += [f"collections/packages/{quoted(one, safe='')}" for one in ids["documents"]]
    return out


OVERFLOW = """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? null :
  [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .slice(0, 4).map((one) => `${one.tagName}.${one.className}`).join(', ')"""


def test_nothing_of_it_runs_or_overflows(server, browser, guard, ids):
    # A run that is of another namespace, or too old to compare, may be refused: that is no harm.
    for status in (400, 404, 409, 410, 413, 422):
        guard.allow_status(status)
    context = browser.new_context(base_url=url_of(server), viewport={"width": 1280, "height": 800}, locale="en-US")
    guard.watch(context, url_of(server))
    page = context.new_page()
    page.set_default_timeout(conftest.PATIENCE_MS)
    quiet = Quiet(page)
    dialogs = []
    page.on("dialog", lambda one: (dialogs.append(one.message), one.dismiss()))
    page.goto(f"/console#key={KEY}&/{NAMESPACE}/executions")
    wrong = []
    for place in places(ids):
        page.goto(f"/console#/{NAMESPACE}/{place}")
        expect(page.locator("main h1, main [role=tablist], main [role=grid], main .error-box, main .empty").first).to_be_attached()
        quiet.wait()
        if page.get_by_text("This part of the page failed.").count():
            wrong.append(f"{place[:60]}: failed")
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            wide = page.evaluate(OVERFLOW)
            if wide:
                wrong.append(f"{place[:60]} at {width}: {wide}")
        # No element of the markup, and no link that leads out of the page or runs something.
        if page.locator("main img, main script").count():
            wrong.append(f"{place[:60]}: markup became elements")
        links = page.locator("a").evaluate_all("all => all.map((one) => one.protocol).filter((one) => !/^https?:$/.test(one))")
        if links:
            wrong.append(f"{place[:60]}: links with {links}")
    assert page.evaluate("window.hurt") is None
    assert not dialogs
    context.close()
    assert not wrong, "\n".join(wrong)


def test_it_is_shown_as_it_is(open_page, ids):
    page = open_page(f"/console#/{NAMESPACE}/executions/{LONG_ID}")
    expect(page.locator("main")).to_contain_text("<img src=x onerror=")
    page.goto(f"/console#/{NAMESPACE}/collections/packages/{conftest.urllib.parse.quote(MARKUP, safe='')}")
    expect(page.locator("main")).to_contain_text("<img src=x onerror=")


def test_a_name_of_dots_leads_nowhere_else(open_page, ids, guard):
    """Browsers take ".." for a step up, also where it is encoded: it never reaches the server."""
    page = open_page("/console#/default/settings/browser")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/console#/{NAMESPACE}/collections/packages/..")
    expect(page.locator("main .error-box").first).to_contain_text("cannot stand in the address")
    assert not any(url.endswith(("/v1/collections/packages/", "/documents/")) for url in asked)
