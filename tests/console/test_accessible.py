"""Scenario 14: axe finds nothing on any screen and in any state, in both themes; nothing is lost at
320 pixels, nor at twice the size.

All places share one page, which goes from one to the next: most of the time of a test would be
spent on opening its own.
"""

import json
import re

import pytest
from playwright.sync_api import expect

import conftest
from conftest import KEY, PATIENCE_MS, axe, url_of
from quiet import Quiet

WIDE = {"width": 1280, "height": 800}
# As a phone, and as a window of 1280 x 800 at 400 %.
NARROW = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def shared(browser, server):
    guard = conftest.Guard()
    context = browser.new_context(base_url=url_of(server), locale="en-US", timezone_id="UTC",
                                  reduced_motion="reduce", viewport=WIDE)
    guard.watch(context, url_of(server))
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.quiet = Quiet(page)
    page.goto(f"/console#key={KEY}")
    expect(page.locator("main[data-screen=executions]")).to_be_visible()
    yield page
    guard.check()
    context.close()


def settle(page):
    """Waits until all that was asked has been answered and drawn."""
    page.quiet.wait()
    expect(page.locator(".skeleton, .is-old")).to_have_count(0)


def overflows(page):
    """What makes the page wider than its window, if anything does."""
    return page.evaluate("""() => {
      const width = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= width) return [];
      return [...document.querySelectorAll('body *')]
        .filter((one) => one.getBoundingClientRect().right > width + 1)
        .slice(0, 5).map((one) => `${one.tagName}.${one.className} "${(one.textContent ?? '').slice(0, 40)}"`);
    }""")


def draws_few_rows(page):
    """A grid without a height of its own would draw all of its rows, and ask for all of them."""
    drawn = page.locator("[role=grid]").evaluate_all(
        "all => all.map((one) => one.querySelectorAll('[role=row]').length)")
    assert all(rows <= 80 for rows in drawn), f"rows that are drawn: {drawn}"


def fits(page):
    page.set_viewport_size(NARROW)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    wide = overflows(page)
    draws_few_rows(page)
    page.set_viewport_size(WIDE)
    assert not wide, f"wider than the window: {wide}"


PLACES = {
    "list": "executions",
    "list_filtered": "executions?status=failed&labels.team=parsers",
    "list_empty": "executions?query=nothinghasthisword",
    "run_flow": "executions/{viewer}",
    "run_documents": "executions/{viewer}?tab=documents",
    "run_inputs": "executions/{viewer}?tab=inputs",
    "run_pipeline": "executions/{viewer}?tab=pipeline",
    "run_raw": "executions/{viewer}?tab=raw",
    "run_failed": "executions/{failing_0}",
    "run_nothing": "executions/{nothing}",
    "run_imported": "executions/exec_imported_0001",
    "compare": "compare/{viewer}/{viewer_wider}",
    "compare_pipeline": "compare/{viewer}/{viewer_wider}?tab=pipeline",
    "why_lost": "why/{viewer}/packages/gwenview",
    "why_present": "why/{search}/packages/dillo",
    "play": "play",
    "play_from": "play?from={viewer}",
    "jobs": "jobs",
    "jobs_new": "jobs?new=1",
    "collections": "collections",
    "collection": "collections/packages",
    "document": "collections/packages/gwenview",
    "stats": "stats",
    "keys": f"settings/keys?user={conftest.USER}",
    "recording": "settings/recording",
    "retention": "settings/retention",
    "namespaces": "settings/namespaces",
    "server": "settings/server",
    "browser": "settings/browser",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_screen(shared, server, place):
    shared.goto(f"/console#/default/{PLACES[place].format(**server.ids)}")
    expect(shared.locator("main h1, main [role=tablist], main [role=grid]").first).to_be_visible()
    settle(shared)
    draws_few_rows(shared)
    axe(shared)
    fits(shared)


def press(keys):
    return lambda page: page.keyboard.press(keys)


def click(role, name):
    return lambda page: page.get_by_role(role, name=name).first.click()


STATES = {
    "palette": ("stats", press("Control+k"), "dialog"),
    "help": ("stats", press("?"), "dialog"),
    "namespace_menu": ("stats", click("button", re.compile("^default")), "menu"),
    "key_menu": ("stats", click("button", re.compile("^Key")), "menu"),
    "new_key": ("settings/keys", click("button", "New key"), "dialog"),
    "revoke": (f"settings/keys?user={conftest.USER}", click("button", "Revoke the key"), "dialog"),
    "new_namespace": ("settings/namespaces", click("button", "New namespace"), "dialog"),
    "rules": ("settings/recording", click("button", "Add a rule"), "listitem"),
}


@pytest.mark.parametrize("state", STATES)
def test_a_state(shared, reader, state):
    place, act, role = STATES[state]
    shared.goto(f"/console#/default/{place}")
    settle(shared)
    act(shared)
    expect(shared.get_by_role(role).first).to_be_visible()
    axe(shared)
    fits(shared)
    shared.keyboard.press("Escape")
    shared.goto("/console#/default/settings/browser")


@pytest.mark.parametrize("status", [0, 403, 404, 422, 429, 503])
def test_an_error(open_page, guard, status):
    page = open_page("/console#/default/settings/browser")
    guard.allow_status(status)
    guard.allow_message("Failed to load|ERR_")
    body = {"success": False, "status": status, "request_id": "req_made",
            "error": {"type": "SomeError", "message": "the reason", "details": {
                "validation_errors": [{"location": "filters", "message": "is wrong"}]}}}
    page.route("**/v1/**", lambda route: route.abort() if status == 0 else route.fulfill(
        status=status, content_type="application/json", body=json.dumps(body), headers={"Retry-After": "60"}))
    if status == 0:
        page.route("**/readyz", lambda route: route.abort())
    page.get_by_role("tab", name="Namespaces").click()
    expect(page.locator("main .error-box")).to_be_visible()
    axe(page)
    fits(page)


def test_twice_the_size(open_page, server):
    """Text of twice its size, as WCAG asks: nothing is cut off in the shell and its dialogs."""
    page = open_page("/console#/default/settings/retention")
    page.quiet = Quiet(page)
    page.set_viewport_size({"width": 640, "height": 400})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    settle(page)
    assert not overflows(page)
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Find")
    expect(palette).to_be_visible()
    assert palette.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    # The last option can be reached.
    page.keyboard.press("ArrowUp")
    expect(palette.get_by_role("option").first).to_be_visible()


def test_motion_stays_away_where_it_is_not_wanted(shared):
    shared.goto("/console#/default/executions")
    settle(shared)
    moving = shared.evaluate("""() => [...document.querySelectorAll('*')].filter((one) => {
      const style = getComputedStyle(one);
      return style.animationName !== 'none' || !/^(0s(, )?)+$/.test(style.transitionDuration);
    }).map((one) => one.className)""")
    assert not moving
