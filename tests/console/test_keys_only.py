"""Scenario 14: from a failed query to why, and to the playground, without a pointer."""

import re

from playwright.sync_api import expect


def test_from_a_failure_to_the_playground_with_keys_alone(page, server):
    expect(page.get_by_role("grid").get_by_role("row").nth(3)).to_be_visible()
    press = page.keyboard.press
    # 2: the failed ones, one after the other.
    press("/")
    page.keyboard.type("status:failed labels.team=parsers")
    press("Enter")
    expect(page).to_have_url(re.compile("status=failed"))
    expect(page.get_by_role("grid").get_by_role("row")).to_have_count(4)
    press("Escape")
    press("j")
    press("Enter")
    expect(page).to_have_url(re.compile("open=exec_"))
    press("o")
    expect(page).to_have_url(re.compile("/executions/exec_"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    # 8: why a document is not in another run's results.
    press("Control+k")
    expect(page.get_by_role("dialog", name="Find")).to_be_visible()
    page.keyboard.type(server.ids["viewer"])
    press("Enter")
    expect(page).to_have_url(re.compile(server.ids["viewer"]))
    expect(page.get_by_role("heading", level=1)).to_have_text("image viewer")  # Not the run before.
    expect(page.get_by_role("tab", name="Flow")).to_be_visible()
    press("w")
    expect(page.get_by_label("Why is")).to_be_focused()
    page.keyboard.type("gwenview")
    press("Enter")
    expect(page.get_by_role("heading", name="Why not in the results? gwenview")).to_be_visible()
    # 10: from the run to the playground, and run.
    page.go_back()
    expect(page.get_by_role("tab", name="Flow")).to_be_visible()
    press("r")
    expect(page).to_have_url(re.compile("/play"))
    expect(page.locator("main[data-screen=play]")).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=False).first).to_be_enabled()
    press("Control+Enter")
    expect(page.get_by_text(re.compile("10 found|10 documents")).first).to_be_visible()
