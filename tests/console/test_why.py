"""Scenario 8: why a document is, or is not, in the results; sentences word by word."""

import json
import re
import urllib.parse

import pytest
from playwright.sync_api import expect

import history
from conftest import axe, trawl_server

stage = trawl_server.stage


@pytest.fixture(scope="module")
def packages(server):
    return server.ok("GET", "/v1/collections/packages")["collection_id"]


def ask(page, run, collection, document):
    page.goto(f"/console#/default/why/{run}/{collection}/{urllib.parse.quote(document, safe='')}")
    sentence = page.locator(".why-sentence")
    expect(sentence).to_be_visible()
    return sentence


def test_lost_to_a_filter_and_carried_past_it(page, server, packages):
    run = server.ids["viewer"]
    page.goto(f"/console#/default/executions/{run}")
    field = page.get_by_label("Why is")
    field.fill("gwenview")
    field.press("Enter")
    expect(page.locator(".why-sentence")).to_have_text(re.compile(
        r"^'gwenview' was lost at the stage 'programs_that_fit' \(attribute_filter\): its 'installed_size' is 11615, "
        r"and 'installed_size lte 5000' is asked for\. With installed_size lte 11615 it "))
    expect(page.get_by_role("heading", level=1)).to_have_text("Why not in the results? gwenview")
    expect(page.locator(".way .is-lost")).to_contain_text("programs_that_fit")
    expect(page.get_by_role("region", name="The reason")).to_contain_text("11615")
    answer = server.ok("POST", f"/v1/retrievers/executions/{run}/why", {"document_id": "gwenview"})
    # Where the change leads is said, and so is what loses it next.
    change = page.get_by_role("region", name="The nearest change")
    expect(change).to_contain_text(answer["nearest_change"]["text"])
    if not answer["nearest_change"]["reaches_results"]:
        expect(change).to_contain_text(answer["nearest_change"]["next"]["sentence"])
    link = change.get_by_role("link", name="playground").get_attribute("href")
    query = urllib.parse.parse_qs(link.split("?")[1])
    assert query["from"] == [run]
    assert json.loads(query["set"][0]) == answer["nearest_change"]["set"]
    # Tried at once: the server's word on the document in the run that was changed.
    change.get_by_role("button", name="Try it now").click()
    expect(change.get_by_role("link", name="Compare both")).to_be_visible()
    made = change.get_by_role("link", name="Open the replay").get_attribute("href").rsplit("/", 1)[1]
    after = server.ok("POST", f"/v1/retrievers/executions/{made}/why", {"document_id": "gwenview"})
    expect(change).to_contain_text(after["sentence"])


def test_in_the_results_with_its_score_as_sums(page, server, packages):
    run = server.ids["viewer"]
    record = server.ok("GET", f"/v1/retrievers/executions/{run}")
    document = record["results"][0]["document_id"]
    sentence = ask(page, run, packages, document)
    expect(sentence).to_have_text(f"'{document}' is in the results, at rank 1 of {len(record['results'])}.")
    explained = server.ok("POST", f"/v1/retrievers/executions/{run}/explain", {"document_id": document})
    shown = page.get_by_role("region", name="Its score and rank")
    expect(shown).to_contain_text(explained["sentence"])
    bm25 = explained["stages"][0]["evidence"]["searches"][0]["bm25"]
    rows = shown.locator("tbody tr")
    expect(rows).to_have_count(len(bm25["terms"]))
    added = {row.locator("th").inner_text(): float(row.locator("td").nth(1).inner_text()) for row in rows.all()}
    assert added == {one["term"]: pytest.approx(one["score"], abs=1e-4) for one in bm25["terms"]}
    assert float(shown.locator("tfoot strong").inner_text()) == pytest.approx(bm25["sum"], abs=1e-4)


def test_below_what_the_search_hands_on(page, server, packages):
    """Not in any list of the record: the server makes the run again for the answer."""
    reply = server.ok("POST", "/v1/retrievers/execute", {
        **history.example("search", query="image viewer"), "stages": [
            stage("feature_search", "few", searches=[{
                "feature_uri": "trawl://bm25@v1/text", "query": "image viewer", "top_k": 3}], final_top_k=3)]})
    # The twentieth of the same words elsewhere.
    record = server.ok("GET", f"/v1/retrievers/executions/{server.ids['viewer']}")
    document = record["stages"][0]["candidates"][19]["document_id"]
    sentence = ask(page, reply["execution_id"], packages, document)
    expect(sentence).to_have_text(re.compile(
        rf"^'{document}' was lost at the stage 'few' \(feature_search\): the search has it at rank 20, and top_k is 3"))
    expect(page.get_by_role("region", name="The reason")).to_contain_text("making the run again")


def test_a_document_that_was_never_there(page, server, packages):
    sentence = ask(page, server.ids["viewer"], packages, "no such/document")
    expect(sentence).to_have_text(
        "'no such/document' was not there to be found: none of the collections that were searched has ever had it, "
        "as far as their versions are kept.")


def test_a_document_that_was_changed_and_deleted_since(own_server, open_page, data_dir):
    server = own_server
    server.make_collection("notes", [{"document_id": "a", "n": 1}, {"document_id": "b", "n": 2}])
    run = server.execute(["notes"], [stage("attribute_filter", "some", field="n", operator="lte", value=1)]).json["execution_id"]
    server.ok("POST", "/v1/collections/notes/documents/import", json.dumps({"document_id": "a", "n": 7}))
    assert server.request("DELETE", "/v1/collections/notes/documents/b").status == 200
    page = open_page(f"/console#/default/why/{run}/notes/a", on=server)
    expect(page.locator(".why-sentence")).to_have_text("'a' is in the results, at rank 1 of 1.")
    # As it was then, and what has changed.
    expect(page.locator("details")).to_contain_text("Changed since:")
    expect(page.locator("details li")).to_have_text("n: 1 → 7")
    page.goto(f"/console#/default/why/{run}/notes/b")
    expect(page.locator(".why-sentence")).to_contain_text("'b' was lost at the stage 'some' (attribute_filter): its 'n' is 2")
    expect(page.locator("details")).to_contain_text("It was deleted since.")


def test_a_run_that_is_gone(page, guard):
    guard.allow_status(404, "exec_none")
    page.goto("/console#/default/why/exec_none/packages/feh")
    expect(page.locator(".error-box").first).to_contain_text("exec_none")
    axe(page)


def test_hostile_names_are_text(own_server, open_page):
    name = "<img src=x onerror=alert(1)>/" + "\u202e" + "x" * 300
    own_server.make_collection("notes", [{"document_id": name, "n": 1, "title": "<b>bold</b>"}])
    run = own_server.execute(["notes"], [stage("attribute_filter", field="n", operator="gte", value=1)]).json["execution_id"]
    page = open_page(f"/console#/default/executions/{run}?tab=documents", on=own_server, viewport={"width": 320, "height": 700})
    grid = page.get_by_role("grid")
    expect(grid).to_contain_text("<img src=x onerror=alert(1)>")
    expect(grid).to_contain_text("<b>bold</b>")
    grid.get_by_role("link", name="Why").click()
    expect(page.locator(".why-sentence")).to_contain_text("is in the results, at rank 1 of 1.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.locator("main img, main b").count() == 0
