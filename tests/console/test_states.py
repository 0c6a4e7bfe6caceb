"""Scenario 13: the states that every screen has, each forced. What was there before stays."""

import json
import re

import pytest
from playwright.sync_api import expect

from conftest import KEY, Held

LIST = "**/v1/retrievers/executions/list*"
NAMESPACES = "**/v1/namespaces?*"


def error(status, kind, message, **details):
    return {"success": False, "status": status, "request_id": "req_made",
            "error": {"message": message, "type": kind, "details": details}}


def refuse(page, pattern, status, kind, message, headers=None, **details):
    page.route(pattern, lambda route: route.fulfill(
        status=status, content_type="application/json", headers=headers or {},
        body=json.dumps(error(status, kind, message, **details))))


def rows(page):
    return page.get_by_role("grid").get_by_role("row")


HEADS = [
    (403, "ForbiddenError", "Not allowed"), (404, "NotFoundError", "Not there"),
    (409, "ConflictError", "In conflict"), (410, "GoneError", "Gone"),
    (500, "InternalError", "The server failed"), (503, "UnavailableError", "Not now"),
    (507, "StorageError", "No room")]


def test_an_error_says_what_and_why_and_can_be_tried_again(open_page, guard):
    page = open_page("/console#/default/settings/server")
    box = page.locator("main .error-box")
    for status, kind, head in HEADS:
        guard.allow_status(status)
        refuse(page, NAMESPACES, status, kind, "the reason <b>in the server's words</b>")
        page.get_by_role("tab", name="Namespaces").click()
        expect(box).to_contain_text(f"{head}. the reason <b>in the server's words</b>")
        expect(box).to_contain_text(f"{kind} · {status}")
        expect(box.get_by_role("button", name="req_made")).to_be_visible()
        page.unroute(NAMESPACES)
        box.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("link", name="default", exact=True)).to_be_visible()
        expect(box).to_have_count(0)
        page.get_by_role("tab", name="This browser").click()


def test_too_many_requests_counts_down_and_goes_on_by_itself(open_page, guard):
    page = open_page("/console#/default/settings/server")
    guard.allow_status(429)
    refuse(page, NAMESPACES, 429, "TooManyRequestsError", "60 a minute", {"Retry-After": "2"})
    page.get_by_role("tab", name="Namespaces").click()
    expect(page.locator("main .error-box")).to_contain_text(re.compile("Asking again in [12] s"))
    page.unroute(NAMESPACES)
    expect(page.get_by_role("link", name="default", exact=True)).to_be_visible()


def test_rows_stay_while_their_successors_fail(page, guard):
    expect(rows(page).nth(3)).to_be_visible()
    before = rows(page).nth(1).inner_text()
    guard.allow_status(503)
    refuse(page, LIST, 503, "UnavailableError", "not this time")
    page.goto(page.url.split("#")[0] + "#/default/executions?status=completed")
    expect(page.locator("main .error-box").filter(has_text="not this time").first).to_be_visible()
    assert rows(page).nth(1).inner_text() == before


# The server is away for this page until a call begins within a click on "Ask now".
AWAY_UNTIL_ASKED = """() => {
  const real = window.fetch;
  let isAway = true, isAsked = false;
  window.fetch = (...call) => {
    if (isAsked) isAway = false;
    return isAway ? Promise.reject(new TypeError("away")) : real(...call);
  };
  document.addEventListener("click", (event) => {
    isAsked = event.target.textContent === "Ask now";
    setTimeout(() => { isAsked = false; });
  }, true);
}"""


@pytest.mark.parametrize("by", ["itself", "a click"])
def test_a_server_that_is_away_is_waited_for(page, guard, by):
    """The banner tells it, the rows stay, and what was asked is asked again."""
    guard.allow_message("Failed to load|ERR_")
    expect(rows(page).nth(3)).to_be_visible()
    before = rows(page).nth(1).inner_text()
    if by == "itself":
        page.route("**/v1/**", lambda route: route.abort())
        page.route("**/readyz", lambda route: route.abort())
    else:
        page.evaluate(AWAY_UNTIL_ASKED)
    page.goto(page.url.split("#")[0] + "#/default/executions?status=failed&start_time=-7d")
    banner = page.get_by_text("The server does not answer. What you see stays")
    expect(banner).to_be_visible()
    assert rows(page).nth(1).inner_text() == before
    if by == "itself":
        page.unroute_all()
    else:
        page.get_by_role("button", name="Ask now").click()
    expect(banner).to_have_count(0)
    expect(page.locator("main .error-box")).to_have_count(0)
    expect(rows(page).nth(1)).to_contain_text("failed")


def test_a_screen_that_waits_shows_where_its_content_will_be(open_page):
    page = open_page("/console#/default/settings/browser")
    held = Held(page, NAMESPACES)
    page.get_by_role("tab", name="Namespaces").click()
    expect(page.get_by_role("status", name="Loading the namespaces").locator(".bar").first).to_be_visible()
    held.release()
    expect(page.get_by_role("link", name="default", exact=True)).to_be_visible()


def test_an_address_that_is_not_understood_leads_to_the_list_and_says_so(open_page):
    page = open_page("/console#/default/nowhere?x=%zz")
    expect(page.get_by_text("There is no screen “nowhere”")).to_be_visible()
    expect(page.locator("main[data-screen=executions]")).to_be_visible()
    page.goto("/console#nonsense")
    expect(page.get_by_text("#nonsense was not understood")).to_be_visible()


def test_an_execution_that_is_gone_is_said_to_be(open_page, guard):
    guard.allow_status(404)
    page = open_page("/console#/default/executions/exec_nobody")
    expect(page.locator("main .error-box")).to_contain_text("exec_nobody")


def test_a_part_of_the_page_that_fails_leaves_the_rest(open_page, guard):
    """What the page cannot draw is an error within it; the next screen works."""
    page = open_page("/console#/default/settings/browser")
    guard.allow_message(".")
    page.route("**/v1/health", lambda route: route.fulfill(json={"status": "OK"}))
    page.get_by_role("tab", name="Server").click()
    expect(page.get_by_text("This part of the page failed.")).to_be_visible()
    page.get_by_role("link", name="Executions").click()
    expect(rows(page).nth(3)).to_be_visible()


def test_the_focus_goes_along_and_the_title_tells_where_one_is(server, open_page):
    page = open_page("/console#/default/settings/browser")
    expect(page).to_have_title("browser · Settings · default · Trawl")
    page.get_by_role("link", name="Stats").click()
    expect(page).to_have_title("Stats · default · Trawl")
    expect(page.locator("main :focus, main:focus")).to_have_count(1)
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_focused()
    # From there on with the keyboard: the first thing is the tabs.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "tab"
    page.goto(f"/console#/default/executions/{server.ids['search']}")
    expect(page).to_have_title(f"{server.ids['search']} · Executions · default · Trawl")


def test_the_first_stop_skips_to_the_content(open_page):
    page = open_page("/console#/default/settings/browser")
    page.reload()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    assert page.url.endswith("#/default/settings/browser")


def test_dialogs_have_the_keyboard_to_themselves_and_give_the_focus_back(open_page):
    page = open_page("/console#/default/settings/browser")
    find = page.get_by_role("button", name="Find")
    find.click()  # Loaded at the latest now.
    palette = page.get_by_role("dialog", name="Find")
    expect(palette.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("replay")
    expect(palette.get_by_role("option", selected=True)).to_contain_text("Replay jobs")
    page.keyboard.press("Escape")
    expect(palette).to_have_count(0)
    expect(find).to_be_focused()
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help_).to_contain_text("Go to Stats")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.keyboard.press("Escape")
    expect(help_).to_have_count(0)
    assert "settings/browser" in page.url
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.locator("main[data-screen=stats]")).to_be_visible()


def test_another_namespace_shows_nothing_of_the_one_before(server, open_page):
    """Not even while its own answers are still on the way."""
    server.ok("POST", "/v1/namespaces", {"namespace_name": "other"})
    page = open_page()
    expect(rows(page).nth(3)).to_be_visible()
    words = rows(page).nth(3).inner_text().split("\n")
    held = Held(page, "**/v1/retrievers/**")
    page.get_by_role("button", name="default").click()
    page.get_by_role("menuitemcheckbox", name="other").click()
    expect(page.locator("main[data-screen=executions]")).to_be_visible()
    expect(page).to_have_url(re.compile("#/other/"))
    expect(rows(page)).to_have_count(0)
    shown = page.locator("main").inner_text()
    assert not any(word in shown for word in words if len(word) > 12)
    # Of the namespace before, what was still asked is not wanted any more.
    held.release(lambda route: route.continue_()
                 if route.request.headers.get("x-namespace") == "other" else route.abort())
    expect(rows(page)).to_have_count(0)
    # And back again.
    page.unroute("**/v1/retrievers/**")
    page.go_back()
    expect(rows(page).nth(3)).to_be_visible()


def test_signing_out_in_one_tab_signs_the_others_out(open_page):
    page = open_page(key=None)
    page.evaluate("key => localStorage.setItem('trawl.key', key)", KEY)
    page.reload()
    another = page.context.new_page()
    another.goto("/console")
    expect(another.locator("main[data-screen=executions]")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Find")).to_be_visible()
    page.keyboard.type("sign out")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sign in to Trawl")).to_be_visible()
    expect(another.get_by_role("heading", name="Sign in to Trawl")).to_be_visible()


def test_a_link_with_a_key_that_is_pasted_into_an_open_page_signs_in(open_page, make_key):
    page = open_page("/console#/default/settings/keys", key=make_key("before", ["admin"]))
    expect(page.get_by_text("You are signed in with before")).to_be_visible()
    page.evaluate("key => { location.hash = `#key=${key}&/default/settings/keys` }", make_key("pasted", ["admin"]))
    expect(page.get_by_text("You are signed in with pasted")).to_be_visible()
    assert page.url.endswith("#/default/settings/keys")
