"""Scenario 12, its part about settings: keys, retention, recording, namespaces, this browser."""

import json
import re

from playwright.sync_api import expect

import history
from conftest import USER, trawl_server

KEYS = f"/console#/default/settings/keys?user={USER}"


def dialog(page, title):
    return page.get_by_role("dialog", name=title)


def fill_history(server, count=40):
    lines = "".join(json.dumps(one) + "\n" for one in history.imported()[:count])
    assert server.ok("POST", "/v1/retrievers/executions/import", lines)["imported_count"] == count


def total(server):
    return server.list({"count_only": True}).json["total"]


def test_a_key_is_made_shown_once_used_and_revoked(server, open_page, guard):
    page = open_page(KEYS)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="New key").click()
    form = dialog(page, "New key")
    form.get_by_role("textbox", name="Name", exact=True).fill("dashboard")
    form.get_by_role("radio", name="Write").check()
    form.get_by_label("Weight").fill("50")
    form.get_by_role("button", name="Make the key").click()

    shown = dialog(page, "The key “dashboard”")
    secret = shown.locator(".secret").inner_text()
    # It stays until it was copied, since nobody can show it again.
    page.keyboard.press("Escape")
    expect(shown.get_by_role("alert")).to_contain_text("not copied")
    shown.get_by_role("button", name="Copy the key").click()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    shown.get_by_role("button", name="Done").click()
    expect(shown).to_have_count(0)
    assert secret not in page.content()

    who = server.ok("GET", "/v1/whoami", key=secret)
    assert (who["name"], who["permissions"], who["limits"]["weight"]) == (
        "dashboard", ["read", "write"], 50)
    card = page.get_by_role("listitem").filter(has_text="dashboard")
    expect(card).to_contain_text("permission write")
    expect(card).to_contain_text("weight 50")

    # It is used in another browser, until it is revoked here.
    other = open_page("/console#/default/settings/server", key=secret)
    expect(other.get_by_role("heading", name="Health")).to_be_visible()
    card.get_by_role("button", name="Revoke").click()
    revoke = dialog(page, "Revoke the key “dashboard”")
    expect(revoke.get_by_role("button", name="Revoke")).to_be_disabled()
    revoke.get_by_label("Type dashboard").fill("dashboard")
    revoke.get_by_role("button", name="Revoke").click()
    expect(card).to_have_count(0)
    guard.allow_status(401)
    other.get_by_role("tab", name="Retention").click()
    expect(other.get_by_role("heading", name="Sign in to Trawl")).to_be_visible()
    # What was there, and where, stays.
    assert other.url.endswith("#/default/settings/retention")


def test_the_key_in_use_is_marked_and_cannot_lock_its_user_out(server, open_page, make_key):
    secret = make_key("warden", ["admin"])
    page = open_page(KEYS, key=secret)
    card = page.get_by_role("listitem").filter(has_text="in use here")
    expect(card).to_contain_text("warden")
    expect(card.get_by_role("button", name="Revoke")).to_be_disabled()
    card.get_by_role("button", name="Change").click()
    expect(page.get_by_role("radio", name="Read")).to_be_disabled()


def test_a_key_is_changed_in_what_was_touched_alone(server, open_page, make_key):
    make_key("limited", ["read"], rate_limit_override=60, rate_limit_burst=10, description="As made")
    page = open_page(KEYS)
    page.get_by_role("button", name="Change the key limited").click()
    form = dialog(page, "Change the key “limited”")
    form.get_by_label("Requests a minute").fill("120")
    with page.expect_request(lambda request: request.method == "PATCH") as sent:
        form.get_by_role("button", name="Save").click()
    assert sent.value.post_data_json == {"rate_limit_override": 120, "rate_limit_burst": 10}
    expect(page.get_by_role("listitem").filter(has_text="limited")).to_contain_text("120 a minute, 10 at once")


def test_a_key_that_may_not_is_told_why(open_page, reader):
    page = open_page("/console#/default/settings/keys", key=reader)
    expect(page.get_by_text("The key “reader” may not manage keys: it has read.")).to_be_visible()
    page.get_by_role("tab", name="Retention").click()
    expect(page.get_by_text("may not change how long history is kept")).to_be_visible()
    expect(page.get_by_label("Older than")).to_be_disabled()
    page.get_by_role("tab", name="Recording").click()
    expect(page.get_by_text("may not change what is recorded")).to_be_visible()
    expect(page.get_by_role("button", name="Add a rule")).to_be_disabled()
    page.get_by_role("tab", name="Namespaces").click()
    expect(page.get_by_role("button", name="New namespace")).to_be_disabled()


def test_retention_shows_what_goes_before_it_is_saved(own_server, open_page, guard):
    fill_history(own_server)
    page = open_page("/console#/default/settings/retention", on=own_server)
    save = page.get_by_role("button", name="Save")
    expect(save).to_be_disabled()

    guard.allow_status(422, "preview")
    page.get_by_label("Older than").first.fill("1x")
    expect(page.get_by_role("alert").filter(has_text="1x")).to_be_visible()
    expect(save).to_be_disabled()
    page.get_by_label("Older than").first.fill("")

    page.get_by_label("More than so many").fill("25")
    wanted = own_server.ok("POST", "/v1/namespaces/default/retention/preview", {"max_count": 25})
    assert wanted["would_delete"]["total"] == 15
    expect(page.get_by_text("15 executions would be deleted now")).to_be_visible()
    expect(page.get_by_text("15 beyond the number")).to_be_visible()
    # What was said of other rules does not open the way for these.
    held = []
    page.route("**/retention/preview", lambda route: held.append(route))
    with page.expect_request("**/retention/preview"):
        page.get_by_label("More than so many").fill("30")
    expect(save).to_be_disabled()
    expect(page.get_by_text("15 executions would be deleted now")).to_have_count(0)
    held[0].continue_()
    expect(page.get_by_text("10 executions would be deleted now")).to_be_visible()
    page.unroute("**/retention/preview")
    page.get_by_label("More than so many").fill("25")
    page.get_by_role("button", name="Save, and delete 15").click()
    ask = dialog(page, "Save these rules")
    button = ask.get_by_role("button", name="Save and delete")
    expect(button).to_be_disabled()
    ask.get_by_label("Type 15").fill("14")
    expect(button).to_be_disabled()
    assert own_server.ok("GET", "/v1/namespaces/default")["retention"] == {}
    ask.get_by_label("Type 15").fill("15")
    button.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert own_server.ok("GET", "/v1/namespaces/default")["retention"] == {"max_count": 25}

    page.get_by_role("button", name="Run now").click()
    facts = page.get_by_role("region", name="Last run")
    expect(facts).to_contain_text("15 executions")
    assert total(own_server) == 25


def test_settings_that_changed_meanwhile_are_not_overwritten(own_server, open_page):
    page = open_page("/console#/default/settings/retention", on=own_server)
    page.get_by_label("Older than").first.fill("30d")
    expect(page.get_by_text("nothing would be deleted now")).to_be_visible()
    own_server.ok("PATCH", "/v1/namespaces/default", {"retention": {"max_age": "90d"}})
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("were changed while you had them open")).to_be_visible()
    assert own_server.ok("GET", "/v1/namespaces/default")["retention"] == {"max_age": "90d"}
    page.get_by_role("button", name="Save mine over them").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert own_server.ok("GET", "/v1/namespaces/default")["retention"] == {"max_age": "30d"}


def test_a_rule_of_redaction_hides_the_value_from_the_next_run(own_server, open_page, guard):
    own_server.make_collection("books", trawl_server.BOOKS)

    def run():
        body = {"collection_identifiers": ["books"], "input_schema": {},
                "stages": [trawl_server.stage("limit", limit=1)],
                "inputs": {"user": {"email": "ada@example.org"}, "card": "1234-5678"}}
        ran = own_server.ok("POST", "/v1/retrievers/execute", body)["execution_id"]
        return json.loads(own_server.ok("GET", f"/v1/retrievers/executions/{ran}")["inputs"])

    assert run()["user"]["email"] == "ada@example.org"
    page = open_page("/console#/default/settings/recording", on=own_server)
    add = page.get_by_role("button", name="Add a rule")
    add.click()
    page.get_by_label("Rule 1: path").fill("user.email")
    page.get_by_label("Rule 1: what is done").select_option("drop")
    add.click()
    page.get_by_label("Rule 2: by").select_option("pattern")
    pattern = page.get_by_label("Rule 2: regular expression")
    pattern.fill("[0-9")
    save = page.get_by_role("button", name="Save")
    guard.allow_status(422)
    save.click()
    # The server's word, at its row.
    expect(page.get_by_role("listitem").nth(1).get_by_role("alert")).to_contain_text("regular expression")
    pattern.fill("[0-9]{4}-[0-9]{4}")
    page.get_by_role("button", name="Rule 2: earlier").click()
    # What they would keep is seen before they are saved, in the server's word.
    page.get_by_text("Try it: what would be kept?").click()
    page.get_by_role("textbox", name="Inputs", exact=True).fill('{"user": {"email": "a@b.c"}, "note": "card 1234-5678"}')
    kept = page.locator(".try-out .tree")
    expect(kept).to_contain_text("card ***")
    expect(kept).not_to_contain_text("a@b.c")
    expect(page.get_by_text("2 places differ from what was sent.")).to_be_visible()
    page.get_by_role("button", name="Take those of the latest run").click()
    expect(page.get_by_role("textbox", name="Inputs", exact=True)).to_have_value(re.compile("1234-5678"))
    assert own_server.ok("GET", "/v1/namespaces/default")["recording"] == {"mode": "full", "redact": []}
    save.click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert own_server.ok("GET", "/v1/namespaces/default")["recording"] == {"mode": "full", "redact": [
        {"pattern": "[0-9]{4}-[0-9]{4}", "action": "mask"}, {"field": "user.email", "action": "drop"}]}
    assert run() == {"user": {}, "card": "***"}


def test_a_namespace_is_made_and_deleted_by_its_name(own_server, open_page):
    page = open_page("/console#/default/settings/namespaces", on=own_server)
    page.get_by_role("button", name="New namespace").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("staging")
    page.get_by_role("button", name="Make it").click()
    card = page.get_by_role("listitem").filter(has_text="staging")
    expect(card).to_be_visible()
    expect(page.get_by_role("button", name="Delete the namespace default")).to_be_disabled()
    page.goto("/console#/staging/settings/namespaces")
    expect(card).to_contain_text("shown now")
    card.get_by_role("button", name="Delete").click()
    ask = dialog(page, "Delete the namespace “staging”")
    expect(ask).to_contain_text("0 executions")
    ask.get_by_label("Type staging").fill("staging")
    ask.get_by_role("button", name="Delete all of it").click()
    expect(card).to_have_count(0)
    expect(page.get_by_text("The namespace staging was deleted.")).to_be_visible()
    assert page.url.endswith("#/default/settings/namespaces")


def test_what_a_browser_prefers_is_kept_until_one_signs_out(open_page):
    page = open_page("/console#/default/settings/browser")
    page.get_by_role("radio", name="Dark").check()
    page.get_by_role("radio", name="UTC as").check()
    page.get_by_label("Rows asked for at once").select_option("50")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("radio", name="UTC as")).to_be_checked()
    with page.expect_request(lambda request: "executions/list" in request.url) as asked:
        page.get_by_role("link", name="Executions").click()
    assert "limit=50" in asked.value.url
    # Letters that speech types by accident do nothing where that is wanted.
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    page.get_by_role("tab", name="This browser").click()
    page.get_by_role("checkbox", name="Shortcuts of one key").uncheck()
    page.get_by_role("heading", name="Settings").click()
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Find")).to_be_visible()
    assert "settings/browser" in page.url
