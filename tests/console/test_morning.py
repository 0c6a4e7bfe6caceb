"""The question of the morning, as a new user asks it: from the link that signs in to "these three
found nothing, because of this stage, here is a document that was lost, and here is the change that
carries it past", by clicks alone. docs/console.md has the same clicks."""

import re

from playwright.sync_api import expect

import history

QUERIES = ["image viewer", "web browser", "office suite"]


def test_which_found_nothing_why_and_what_would_help(page, server):
    for query in QUERIES:
        # Somebody took KiB for MiB.
        server.ok("POST", "/v1/retrievers/execute", {
            **history.example("filter_sort", query=query, max_installed_kib=1),
            "labels": {"release": "this-morning"}})
    page.goto("/console#/default/executions?labels.release=this-morning")
    clicks = 0

    def click(what):
        nonlocal clicks
        clicks += 1
        what.click()

    # 1. Those that found nothing: these three.
    click(page.get_by_role("button", name=re.compile("3 found nothing")))
    rows = page.get_by_role("grid", name="Executions").locator(".grid-body [role=row]")
    expect(rows).to_have_count(3)
    for query in QUERIES:
        expect(rows.filter(has_text=query)).to_have_count(1)
    # 2. One of them: the stage that lost everything.
    click(rows.filter(has_text="image viewer").get_by_text("image viewer"))
    pane = page.locator(".run-pane")
    expect(pane.get_by_role("list", name="Stages").get_by_role("listitem").filter(
        has_text="everything was lost here")).to_contain_text("programs_that_fit")
    # 3. What it lost.
    click(pane.get_by_role("tab", name="Documents"))
    first = pane.locator(".grid-body [role=row]").first
    expect(first).to_contain_text("dropped by programs_that_fit")
    # 4. Why the first of them: the value beside the condition, and the change.
    click(first.get_by_text("why?"))
    expect(page.locator(".why-sentence")).to_contain_text("was lost at the stage 'programs_that_fit'")
    change = page.get_by_role("region", name="The nearest change")
    expect(change).to_contain_text("installed_size lte")
    # 5. Tried: it is carried past.
    click(change.get_by_role("button", name="Try it now"))
    expect(change.get_by_role("link", name="Compare both")).to_be_visible()
    assert clicks < 10
