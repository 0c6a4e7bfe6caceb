"""Vectors: how far a collection's are, and runs that looked by words and by meaning."""

import http.server
import json
import math
import re
import threading

import pytest
from playwright.sync_api import expect

from conftest import Server, axe, trawl_server

WORDS, MEANING = "trawl://bm25@v1/text", "trawl://dense@v1/text"
HOSTILE = '<img src=x onerror="window.hurt=1">'
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Model:
    """A provider of vectors that can be held up, and can fail. The meaning of a text is the number
    behind its #, and that of a query #0."""

    def __init__(self):
        self.open = threading.Event()
        self.is_down = False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
                outer.open.wait(120)
                status, body = (400, {"error": {"message": f"{HOSTILE} is being moved"}}) if outer.is_down else (
                    200, {"data": [{"index": i, "embedding": vector(text)} for i, text in enumerate(texts)]})
                text = json.dumps(body).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except BrokenPipeError:
                    pass  # The server was stopped meanwhile.

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        self.open.set()
        self.server.shutdown()
        self.server.server_close()


def vector(text):
    number = re.search(r"#(\d+)", text)
    angle = int(number[1]) / 400 if number else 0
    return [math.cos(angle), math.sin(angle)]


@pytest.fixture
def model():
    model = Model()
    yield model
    model.end()


@pytest.fixture
def own_server(data_dir, tmp_path, model):
    """A server whose collection `notes` has words, and vectors of the model as soon as it answers."""
    config = tmp_path / "trawl.toml"
    config.write_text(f"""
[providers.ai]
kind = "openai-embeddings"
model = "m-1"
url = "http://127.0.0.1:{model.server.server_address[1]}/v1"
allow_private = true
dimensions = 2
namespaces = ["*"]
""")
    server = Server(data_dir, ["--config", str(config)]).start()
    # By words the last of 5 to 75 are the best, by meaning the first of all.
    server.make_collection("notes", features=[WORDS, "m-1"], documents=[
        {"document_id": HOSTILE if n == 0 else f"n{n:03}",
         "text": f"#{n} " + ("sky " * (n - 4) if 5 <= n <= 75 else "sea ")} for n in range(150)])
    yield server
    assert server.stop() == 0, "".join(server.log)


def test_how_far_they_are_is_seen_and_followed(own_server, open_page, model):
    page = open_page("/console#/default/collections", on=own_server)
    table = page.get_by_role("grid", name="Collections")
    expect(table).to_contain_text("⋯ 0 %")
    axe(page)
    table.get_by_role("link", name="notes").click()
    bar = page.get_by_role("progressbar", name="Vectors of m-1")
    expect(bar).to_be_visible()
    expect(page.locator(".vectors-line")).to_contain_text("0 of 150 documents have vectors of m-1, 150 wait for theirs.")
    # Nothing is made while it is paused, which whoever looks learns from the page.
    own_server.ok("PATCH", "/v1/collections/notes", {"paused_features": [MEANING]})
    expect(page.locator(".vectors-line")).to_contain_text("‖ paused at 0 %")
    expect(page.locator(".vectors-line")).to_contain_text(f"names {MEANING}")
    axe(page)
    own_server.ok("PATCH", "/v1/collections/notes", {"paused_features": []})
    # The error of a model is shown, and what is in it does not run.
    model.is_down = True
    model.open.set()
    expect(page.locator(".vectors-line").get_by_role("status")).to_contain_text(f"{HOSTILE} is being moved")
    expect(page.locator(".vectors-line")).to_contain_text("! stuck at 0 %")
    axe(page)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate(OVERFLOW) <= 0
    page.set_viewport_size({"width": 1280, "height": 800})
    # It is tried again by itself, and the page follows that without being asked.
    model.is_down = False
    own_server.ok("PATCH", "/v1/collections/notes", {"description": "moved"})  # Wakes it.
    expect(page.locator(".vectors-line")).to_have_count(0, timeout=60_000)
    expect(page.locator(".about summary")).to_contain_text("vectors ✓ all")
    page.locator(".about summary").click()
    expect(page.locator(".about-facts")).to_contain_text("vectors of 2 dimensions by cosine, made by m-1 · 150 documents have them")
    page.get_by_role("link", name="Collections", exact=True).first.click()
    expect(table).to_contain_text("✓ all")
    assert page.evaluate("window.hurt") is None


def test_what_words_and_meaning_found(own_server, open_page, model):
    model.open.set()
    own_server.ok("POST", "/v1/collections/notes/documents/import?wait_for=vectors",
                  '{"document_id": "last", "text": "#149 sea"}\n')
    stage = trawl_server.stage
    reply = own_server.ok("POST", "/v1/retrievers/execute", {
        "collection_identifiers": ["notes"], "inputs": {"query": "sky"}, "pagination": {"method": "offset", "page_size": 10},
        "stages": [stage("feature_search", "find", final_top_k=60, searches=[
            {"feature_uri": uri, "query": "{{INPUT.query}}", "top_k": 60} for uri in (WORDS, MEANING)]),
            stage("limit", "few", limit=40)]})
    run = reply["execution_id"]
    found = own_server.ok("GET", f"/v1/retrievers/executions/{run}")["stages"][0]["candidates"]
    ranks = {one["document_id"]: {part["search"]: part["rank"] for part in one["searches"]} for one in found}
    both = [name for name, at in ranks.items() if len(at) == 2]
    words = [name for name, at in ranks.items() if list(at) == [0]]
    meaning = [name for name, at in ranks.items() if list(at) == [1]]
    apart = [name for name, at in ranks.items() if min(at.values()) <= 10 and
             (len(at) < 2 or max(at.values()) >= min(at.values()) + 50)]
    assert both and words and meaning and apart and HOSTILE in meaning

    page = open_page(f"/console#/default/executions/{run}?stage=0", on=own_server)
    expect(page.locator(".stage-searches")).to_contain_text(f"by words, {WORDS}: 60 documents")
    expect(page.locator(".stage-searches")).to_contain_text(f"by meaning, {MEANING}: 60 documents")
    grid = page.get_by_role("grid", name="Documents after find")
    choice = page.get_by_role("group", name="Found by")
    column = {head: i for i, head in enumerate(grid.get_by_role("columnheader").all_inner_texts())}
    # Each row has what the record has of it.
    for row in grid.locator(".grid-body [role=row]").all()[:10]:
        cells = row.get_by_role("gridcell").all_inner_texts()
        at = ranks[cells[column["Document"]]]
        for place, head in enumerate(("by words", "by meaning")):
            assert cells[column[head]].split()[0] == (str(at[place]) if place in at else "–"), cells
        wanted = "● both" if len(at) == 2 else "◐ words only" if 0 in at else "◑ meaning only"
        assert cells[column["Found by"]].startswith(wanted), cells
        assert ("far apart" in cells[column["Found by"]]) == (cells[column["Document"]] in apart)
    for name, of in (("● both", both), ("◐ words only", words), ("◑ meaning only", meaning), ("≠ far apart", apart)):
        button = choice.get_by_role("button").filter(has_text=name)
        expect(button).to_have_text(f"{name} {len(of)}")
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(grid).to_have_attribute("aria-rowcount", str(len(of) + 1))
        expect(grid.get_by_role("link").first).to_have_text(of[0])
    axe(page)
    # It stands in the address.
    page.reload()
    expect(grid).to_have_attribute("aria-rowcount", str(len(apart) + 1))
    choice.get_by_role("button", name="any").click()
    expect(grid).to_have_attribute("aria-rowcount", str(len(found) + 1))

    page.get_by_role("tab", name="Documents").click()
    grid = page.get_by_role("grid", name="Documents of the run")
    page.get_by_label("Show").select_option(label=f"◑ meaning only ({len(meaning)})")
    expect(grid).to_have_attribute("aria-rowcount", str(len(meaning) + 1))
    grid.get_by_role("button", name="by meaning").click()
    first = grid.locator("[aria-rowindex='2']")
    expect(first).to_contain_text(HOSTILE)  # Its number is 0.
    axe(page)
    first.locator("[role=gridcell]").first.click()
    expect(page.get_by_role("region", name=f"Document {HOSTILE}")).to_contain_text("by meaning: 1")
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate("window.hurt") is None

    # What may be written of all this is offered, and nothing of it is marked as unknown.
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/console#/default/play")
    page.get_by_role("textbox", name="Pipeline, as JSON").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"stages": [{"config": {"stage_id": "feature_search", "parameters": '
                              '{"query": "sky", "lexical": null, "dense_weight": 0.7, "fusion": "convex", "top_k": 200}}}]}')
    expect(page.locator(".cm-content")).to_contain_text("dense_weight")
    page.wait_for_timeout(1000)  # A mark comes a moment after the last letter.
    expect(page.locator(".cm-lintRange")).to_have_count(0)
    offered = page.locator(".cm-tooltip-autocomplete .cm-completionLabel")
    for written, wanted in (('"fusion": "', "convex"), ('"searches": [{"lex', "lexical"), ('"dense', "dense_weight")):
        page.keyboard.press("Control+a")
        page.keyboard.insert_text('{"stages": [{"config": {"stage_id": "feature_search", "parameters": {' + written)
        page.keyboard.press("Control+Space")
        expect(offered.filter(has_text=wanted).first).to_be_visible()
        page.keyboard.press("Escape")
