"""Scenario 1: the key goes from the link into the tab, and nowhere else."""

import re

from playwright.sync_api import expect

from conftest import KEY, axe, url_of

FORM = "dialog.sign-in"
STORED = """() => [sessionStorage, localStorage].flatMap(
  (storage) => Object.entries(storage).map(([name, value]) => `${name}=${value}`)).join('\\n')"""


def heading(page):
    return page.get_by_role("heading", name="Sign in to Trawl")


def test_the_link_signs_in_and_forgets_the_key(own_server, open_page, guard):
    targets = []
    page = open_page(key=None, path="about:blank", on=own_server)
    page.on("request", lambda request: targets.append(request.url))
    page.goto(f"/console#key={KEY}")
    expect(page.locator("main[data-screen=executions]")).to_be_visible()
    expect(heading(page)).to_have_count(0)
    assert KEY not in page.url
    # Neither does "back" lead to it.
    assert page.evaluate("history.length") <= 2
    page.go_back()
    page.go_forward()
    assert KEY not in page.url
    page.reload()
    expect(heading(page)).to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert targets and not any(KEY in target for target in targets)
    assert KEY not in "".join(own_server.log)
    # Kept for this tab alone.
    assert KEY in page.evaluate("JSON.stringify(Object.entries(sessionStorage))")
    assert KEY not in page.evaluate("JSON.stringify(Object.entries(localStorage))")


def test_the_link_may_name_a_place(server, open_page):
    page = open_page(key=None, path=f"/console#key={KEY}&/default/settings/server")
    expect(page.locator("main[data-screen=settings]")).to_be_visible()
    assert page.url == f"{url_of(server)}/console#/default/settings/server"


def test_a_wrong_key_is_refused_with_a_message(open_page, guard):
    guard.allow_status(401)
    page = open_page(key=None)
    expect(heading(page)).to_be_visible()
    page.get_by_label("API key").fill("sk_wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(FORM).get_by_role("alert")).to_contain_text("no key of this server")
    assert "sk_wrong" not in page.locator(FORM).inner_text()
    assert "sk_wrong" not in page.evaluate(STORED)
    # The right one goes on from there.
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(heading(page)).to_have_count(0)
    expect(page.locator("main[data-screen=executions]")).to_be_visible()


def test_a_key_is_kept_only_where_it_was_said(open_page):
    page = open_page(key=None)
    page.get_by_label("API key").fill(KEY)
    page.get_by_label("Keep it in this browser").check()
    # What that means is said before.
    expect(page.locator(FORM)).to_contain_text("Whoever uses this browser profile")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(heading(page)).to_have_count(0)
    another = page.context.new_page()
    another.goto("/console")
    expect(another.locator("main[data-screen=executions]")).to_be_visible()
    expect(heading(another)).to_have_count(0)


def test_signing_out_forgets_everything(open_page):
    page = open_page(key=None)
    page.get_by_label("API key").fill(KEY)
    page.get_by_label("Keep it in this browser").check()
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(heading(page)).to_have_count(0)
    assert KEY in page.evaluate(STORED)
    page.get_by_role("button", name=re.compile("^Key")).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(heading(page)).to_be_visible()
    assert page.evaluate(STORED).count("trawl.") == 0
    page.reload()
    expect(heading(page)).to_be_visible()


def test_a_key_that_is_revoked_meanwhile_keeps_the_place(open_page, guard, make_key, server):
    secret = make_key("short-lived", ["read"])
    page = open_page("/console#/default/settings/browser", key=secret)
    expect(page.locator("main[data-screen=settings]")).to_be_visible()
    page.wait_for_load_state("networkidle")  # It has asked for all that it wants to know.
    server.ok("DELETE", "/v1/organizations/users/ada@example.org/api-keys/short-lived")
    guard.allow_status(401)
    page.get_by_role("link", name="Collections").click()
    expect(heading(page)).to_be_visible()
    place = page.url
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(heading(page)).to_have_count(0)
    assert page.url == place


def test_the_form_is_accessible(open_page):
    page = open_page(key=None)
    expect(heading(page)).to_be_visible()
    axe(page)


def test_a_browser_without_scripts_is_told(open_page):
    page = open_page(key=None, java_script_enabled=False)
    said = page.locator("noscript")
    expect(said).to_be_visible()
    assert "needs JavaScript" in said.text_content()
