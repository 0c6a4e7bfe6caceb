"""Scenario 9: two executions beside each other."""

import pytest
from playwright.sync_api import expect

import history
from conftest import api, axe

DIFF = "/v1/retrievers/executions/diff"


def execute(server, body):
    return server.ok("POST", "/v1/retrievers/execute", body)["execution_id"]


def with_limit(limit):
    body = history.example("filter_sort")
    body["stages"][-1]["config"]["parameters"]["limit"] = limit
    return body


@pytest.fixture
def pair(server):
    """Two executions that differ in one parameter of their last stage."""
    return execute(server, with_limit(10)), execute(server, with_limit(7))


def open_pair(page, a, b, query=""):
    page.goto(f"/console#/default/compare/{a}/{b}{query}")
    expect(page.get_by_role("region", name="Execution A")).to_contain_text(a)
    expect(page.get_by_role("region", name="Execution B")).to_contain_text(b)


def rows(page, label):
    """The cells of a table of documents, row by row."""
    grid = page.get_by_role("grid", name=label)
    expect(grid).to_be_visible()
    return grid.locator(".grid-body > [role=row]").evaluate_all(
        "rows => rows.map((row) => [...row.children].map((cell) => cell.textContent))")


def test_one_changed_parameter_is_named_where_they_part(page, server, pair):
    a, b = pair
    answer = api(server, "POST", DIFF, {"a": a, "b": b})
    assert answer["cause"] == "parameters" and answer["diverges"] == 3
    open_pair(page, a, b)
    expect(page.get_by_text(answer["sentence"], exact=True)).to_be_visible()
    expect(page.get_by_role("list", name="What differs in the pipelines")).to_have_text(
        "first_ten: limit 10 → 7")
    parting = page.get_by_role("row").filter(has_text="they part here")
    expect(parting).to_have_count(1)
    expect(parting).to_contain_text("first_ten")
    page.get_by_role("tab", name="Pipeline (1)").click()
    changes = page.get_by_role("region", name="Differences of the pipelines")
    expect(changes).to_contain_text("/stages/3/config/parameters/limit")
    page.get_by_role("tab", name="Inputs").click()
    expect(page.get_by_text("The inputs are the same.")).to_be_visible()


def test_each_document_has_its_rank_in_both(page, server, pair):
    a, b = pair
    both = [[one["document_id"] for one in
             api(server, "GET", f"/v1/retrievers/executions/{id}")["results"]] for id in pair]
    open_pair(page, a, b)
    shown = rows(page, "Documents in the results")
    assert len(shown) == 10
    for row in shown:
        name = row[3]
        ranks = [str(ids.index(name) + 1) if name in ids else "–" for ids in both]
        assert row[:2] == ranks, row
        if name not in both[1]:
            assert row[2] == "gone" and "B lost it at first_ten" in row[-1], row
    page.get_by_label("only what differs").check()
    assert "only=changed" in page.url
    expect(page.locator(".grid-body > [role=row]")).to_have_count(3)
    page.go_back()
    expect(page.locator(".grid-body > [role=row]")).to_have_count(10)
    link = page.get_by_role("link", name="why not in B").first
    assert f"/why/{b}/" in link.get_attribute("href")


def test_a_document_that_was_written_between_is_the_cause(page, server):
    body = history.example("search", query="periscope of the deep")
    a = execute(server, body)
    server.ok("POST", "/v1/collections/packages/documents/import",
              '{"document_id": "periscope", "name": "periscope", "summary": "periscope of the deep"}\n')
    b = execute(server, body)
    versions = [api(server, "GET", f"/v1/retrievers/executions/{id}")["collection_versions"][0]["version"]
                for id in (a, b)]
    open_pair(page, a, b)
    expect(page.locator(".compare-versions")).to_contain_text(
        f"packages: version {versions[0]} in A, version {versions[1]} in B")
    answer = api(server, "POST", DIFF, {"a": a, "b": b})
    assert answer["cause"] == "documents"
    expect(page.get_by_text(answer["sentence"], exact=True)).to_be_visible()


def test_two_that_are_alike_say_so(page, server):
    a, again = execute(server, with_limit(10)), execute(server, with_limit(10))
    open_pair(page, a, again)
    expect(page.get_by_text("The two gave the same documents in the same order at every stage.")).to_be_visible()
    expect(page.get_by_text("they part here")).to_have_count(0)


def test_the_partner_may_be_named_by_what_it_is(page, server, pair, guard):
    a, b = pair
    page.goto(f"/console#/default/compare/{b}/before:inputs")
    expect(page.get_by_role("region", name="Execution B")).to_be_visible()
    before = api(server, "POST", "/v1/retrievers/executions/list",
                 {"inputs_hash": api(server, "GET", f"/v1/retrievers/executions/{b}")["inputs_hash"],
                  "end_time": api(server, "GET", f"/v1/retrievers/executions/{b}")["timestamp"]})["results"]
    assert page.url.endswith(f"/compare/{b}/{before[1]['execution_id']}")
    # Swapped they are the other way round, and back leads out of here.
    page.keyboard.press("s")
    expect(page.get_by_role("region", name="Execution B")).to_contain_text(b)
    guard.allow_status(404)
    page.goto(f"/console#/default/compare/{a}/exec_nowhere")
    expect(page.get_by_role("alert")).to_contain_text("the execution 'exec_nowhere' does not exist")
    page.get_by_label("or another one").fill(b)
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Execution B")).to_contain_text(b)


def test_stages_are_walked_by_keys(page, pair):
    open_pair(page, *pair)
    page.keyboard.press("[")
    assert "stage=3" in page.url
    expect(page.get_by_role("heading", name="Documents after first_ten")).to_be_visible()
    page.keyboard.press("]")
    expect(page.get_by_role("heading", name="Documents in the results")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("w")
    page.wait_for_url("**/why/**")


def test_nobody_is_shut_out(page, pair):
    open_pair(page, *pair, query="?stage=3")
    expect(page.get_by_role("grid")).to_be_visible()
    axe(page)
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
