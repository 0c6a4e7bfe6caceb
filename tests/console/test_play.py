"""Scenario 10: a pipeline is written, run, changed and compared."""

import json
import urllib.parse

import pytest
from playwright.sync_api import expect

import history
from conftest import api, axe

FILTER = """{
  "collection_identifiers": ["packages"],
  "stages": [
    {"config": {"stage_id": "attribute_filter",
      "parameters": {"field": "section", "operator": "%s",
        "value": "graphics"}}}
  ]
}"""


def editor(page):
    return page.get_by_role("textbox", name="Pipeline, as JSON")


def open_play(page, query=""):
    page.goto(f"/console#/default/play{query}")
    expect(page.locator(".cm-content")).to_be_visible()


def write(page, text):
    editor(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def run(page):
    """Runs what is there, and gives the id of the execution."""
    with page.expect_response("**/v1/retrievers/execute") as reply:
        page.keyboard.press("Control+Enter")
    return reply.value.json()["execution_id"]


def draft(page):
    page.wait_for_timeout(500)  # It is kept a moment after the last letter.
    return json.loads(page.evaluate("localStorage.getItem('trawl.play.default')"))


def take(page):
    page.wait_for_timeout(200)  # What appears under one's fingers is not taken by the next key.
    page.keyboard.press("Enter")


def test_what_this_server_has_is_offered(page, server):
    open_play(page)
    write(page, "")
    page.keyboard.type('{"collection_identifiers": ["packages"], "stages": [{"config": {"stage_id": "')
    page.keyboard.press("Control+Space")
    offered = page.locator(".cm-tooltip-autocomplete .cm-completionLabel")
    stages = api(server, "GET", "/v1/retrievers/stages")
    expect(offered).to_have_text([one["stage_id"] for one in stages])
    page.keyboard.type("attr")
    expect(offered.first).to_have_text("attribute_filter")
    take(page)
    # Typed over the bracket and quote that the editor put there.
    page.keyboard.type(', "parameters": {"field": "')
    page.keyboard.press("Control+Space")
    expect(offered.filter(has_text="installed_size")).to_be_visible()
    page.keyboard.type("sect")
    expect(offered).to_have_text(["section"])
    take(page)
    assert json.loads(draft(page)["text"])["stages"][0]["config"] == {
        "stage_id": "attribute_filter", "parameters": {"field": "section"}}


def marked_lines(page, severity):
    """The lines, from 1, that have a mark beside them."""
    return page.evaluate("""(severity) => {
      const root = document.querySelector('.play-editor').shadowRoot;
      const lines = [...root.querySelectorAll('.cm-lineNumbers .cm-gutterElement')].filter((one) => one.style.visibility !== 'hidden');
      return [...root.querySelectorAll(`.cm-lint-marker-${severity}`)].map((mark) => {
        const top = mark.getBoundingClientRect().top;
        return Number(lines.findLast((line) => line.getBoundingClientRect().top <= top + 2).textContent);
      });
    }""", severity)


def test_what_is_wrong_is_marked_at_its_line(page, guard):
    guard.allow_status(422, "/v1/retrievers/execute")
    open_play(page)
    write(page, (FILTER % "eq").replace('"value"', '"yalue"'))
    mark = page.locator(".cm-lintRange-warning")
    expect(mark).to_have_text('"yalue"')
    assert marked_lines(page, "warning") == [6]
    # What only the server knows is wrong is marked when it has said so.
    write(page, FILTER % "eqq")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("'eqq'")
    expect(page.locator(".cm-lintRange-error")).to_have_text('"eqq"')
    assert marked_lines(page, "error") == [5]
    # And no more when that place says something else.
    write(page, FILTER % "eq")
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    write(page, '{"stages": [}')
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("Line 1:")


def test_a_run_is_changed_and_compared(page, server):
    open_play(page, f"?from={server.ids['viewer']}")
    expect(page.get_by_label("query", exact=True)).to_have_value("image viewer")
    first = run(page)
    expect(page.get_by_role("list", name="Stages")).to_contain_text("smallest_first")
    record = api(server, "GET", f"/v1/retrievers/executions/{first}")
    assert record["labels"] == {"console.replay_of": server.ids["viewer"]}
    found = page.get_by_role("list", name="Documents found").locator("li")
    expect(found).to_have_count(record["total_returned"])
    for one, result in zip(found.all_text_contents(), record["results"]):
        assert result["document_id"] in one
    text = draft(page)["text"]
    write(page, text.replace('"limit": 10', '"limit": 4'))
    page.get_by_label("query", exact=True).fill("web browser")
    second = run(page)
    expect(found).to_have_count(api(server, "GET", f"/v1/retrievers/executions/{second}")["total_returned"])
    page.get_by_role("button", name="Reset to recorded").click()
    expect(page.get_by_label("query", exact=True)).to_have_value("image viewer")
    page.get_by_role("link", name="compare with the one before").click()
    page.wait_for_url(f"**/compare/{first}/{second}")
    expect(page.get_by_role("tab", name="Pipeline (1)")).to_be_visible()
    expect(page.get_by_role("tab", name="Inputs (1)")).to_be_visible()


def test_a_draft_outlives_a_reload_with_its_history(page, server):
    open_play(page)
    write(page, '{"stages": ["mine"]}')
    assert draft(page)["text"] == '{"stages": ["mine"]}'
    open_play(page, f"?from={server.ids['search']}")
    expect(page.get_by_text("one undo")).to_be_visible()
    text = draft(page)["text"]
    write(page, text.replace("packages", "packs"))
    assert "packs" in draft(page)["text"]
    page.reload()
    expect(editor(page)).to_contain_text("packs")
    editor(page).click()
    page.keyboard.press("Control+z")
    expect(editor(page)).to_contain_text("packages")
    page.keyboard.press("Control+z")
    expect(editor(page)).to_have_text('{"stages": ["mine"]}')


def test_what_is_written_before_the_editor_is_there_stays(page):
    held = []

    def hold_editor(one):
        reply = one.fetch()
        if "cm-content" in reply.text():
            held.append((one, reply))
        else:
            one.fulfill(response=reply)

    page.route("**/console/*.js", hold_editor)
    page.goto("/console#/default/play")
    field = page.locator("textarea.play-area")
    field.fill("before")
    for _ in range(150):
        if held:
            break
        page.wait_for_timeout(100)
    for one, reply in held:
        one.fulfill(response=reply)
    expect(page.locator(".cm-content")).to_be_visible()
    page.keyboard.type(" and after")
    # A screen that is fetched ahead may still be on its way when the page goes.
    page.unroute_all(behavior="ignoreErrors")
    assert draft(page)["text"] == "before and after"


def test_a_change_that_an_answer_named_is_there(page, server):
    change = [{"op": "replace", "path": "/stages/3/config/parameters/limit", "value": 3}]
    open_play(page, f"?from={server.ids['viewer']}&set={urllib.parse.quote(json.dumps(change))}")
    expect(page.get_by_text("limit = 3")).to_be_visible()
    made = json.loads(draft(page)["text"])
    assert made["stages"][3]["config"]["parameters"] == {"limit": 3}
    assert "set=" not in page.url
    run(page)
    # One changed run leads to many.
    page.get_by_role("button", name="Try the change on the last 1,000 runs").click()
    page.wait_for_url("**/jobs?new=1&shape=*")
    expect(page.get_by_text("stage 3: limit = 3")).to_be_visible()


def test_large_integers_are_run_as_they_are_written(page, server):
    large = 9007199254740993
    recorded = server.ok("POST", "/v1/retrievers/execute", {
        "collection_identifiers": ["packages"], "inputs": {"least": large}, "stages": [
            {"config": {"stage_id": "attribute_filter", "parameters": {
                "field": "installed_size", "operator": "lt", "value": large}}},
            {"config": {"stage_id": "attribute_filter", "parameters": {
                "field": "installed_size", "operator": "lt", "value": "{{INPUT.least}}"}}}]})
    open_play(page, f"?from={recorded['execution_id']}")
    expect(page.get_by_label("least")).to_have_value(str(large))
    page.get_by_label("least").fill(str(large + 2))
    page.reload()
    expect(page.get_by_label("least")).to_have_value(str(large + 2))
    page.get_by_role("button", name="Format").click()
    record = api(server, "GET", f"/v1/retrievers/executions/{run(page)}")
    assert record["pipeline"]["stages"][0]["config"]["parameters"]["value"] == large
    assert json.loads(record["inputs"]) == {"least": large + 2}


@pytest.fixture
def texts(server):
    server.make_collection("texts", [{"document_id": f"d{n}", "text": "xy" * 300_000} for n in range(6)])


def test_escape_cancels_and_the_record_says_so(page, server, texts):
    open_play(page)
    write(page, json.dumps({"collection_identifiers": ["texts"], "stages": [{"config": {
        "stage_id": "attribute_filter", "parameters": {
            "field": "text", "operator": "regex", "value": "(x|y|xy|yx){0,200}z"}}}]}))
    with page.expect_request("**/v1/retrievers/execute") as request:
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Escape cancels it")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Cancelled after")).to_be_visible()
    name = request.value.headers["x-request-id"]
    for _ in range(100):
        found = api(server, "POST", "/v1/retrievers/executions/list", {"request_id": name})["results"]
        if found and found[0]["status"] != "processing":
            break
        page.wait_for_timeout(100)
    assert [one["status"] for one in found] == ["cancelled"]


def test_the_documents_of_then(page, server):
    server.make_collection("tides", [{"document_id": "old", "height": 3}])
    body = {"collection_identifiers": ["tides"], "stages": [{"config": {
        "stage_id": "attribute_filter", "parameters": {"field": "height", "operator": "gte", "value": 1}}}]}
    then = server.ok("POST", "/v1/retrievers/execute", body)["execution_id"]
    server.ok("POST", "/v1/collections/tides/documents/import", '{"document_id": "new", "height": 4}\n')
    open_play(page, f"?from={then}")
    found = page.get_by_role("list", name="Documents found").locator("li")
    run(page)
    expect(found).to_have_count(2)
    page.get_by_label("over the documents of then").check()
    run(page)
    expect(found).to_have_count(1)


def test_nobody_is_shut_out(page, server):
    open_play(page, f"?from={server.ids['viewer']}")
    run(page)
    expect(page.get_by_role("list", name="Documents found")).to_be_visible()
    axe(page)
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    # Tab leaves the editor.
    editor(page).focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") != "play-editor"


def test_hostile_text_is_text(page, server):
    """What documents and inputs hold is shown, and never run."""
    evil = "<img src=x onerror=document.title='ran'>\u202e" + "a" * 300
    server.make_collection("evil", [{"document_id": "x" * 300, "title": evil}])
    open_play(page)
    write(page, json.dumps({"collection_identifiers": ["evil"], "stages": [{"stage_name": "<b>s</b>", "config": {
        "stage_id": "attribute_filter", "parameters": {"field": "title", "operator": "exists", "value": True}}}],
        "inputs": {"<i>in</i>": evil}}))
    run(page)
    expect(page.get_by_role("list", name="Documents found")).to_contain_text("<img src=x")
    page.get_by_role("button", name="Fields of").click()
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.title() != "ran"
