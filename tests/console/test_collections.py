"""Scenario 11: collections and their documents; and 16, that namespaces are apart."""

import json
import re
import urllib.parse

import pytest
from playwright.sync_api import expect

import history
from conftest import api, axe, bodies_of

LIST = "/v1/collections/packages/documents/list"


def grid(page):
    return page.get_by_role("grid", name="Documents")


def rows(page):
    """The ids of the documents that are drawn, in their order."""
    expect(grid(page)).not_to_have_class(re.compile("is-old"))
    return grid(page).locator(".grid-body [role=row] [role=gridcell]:first-child").all_inner_texts()


def place(page):
    """The path and the parameters of the fragment."""
    path, _, query = urllib.parse.urlsplit(page.url).fragment.partition("?")
    return path, dict(urllib.parse.parse_qsl(query))


def ids(reply):
    return [one["document_id"] for one in reply["results"]]


def test_collections_are_found_and_opened(page, server):
    page.goto("/console#/default/collections")
    table = page.get_by_role("grid", name="Collections")
    expect(table.get_by_role("gridcell", name="2,000")).to_be_visible()
    expect(table).to_contain_text("name, summary, description")
    axe(page)
    page.get_by_role("searchbox", name="Find a collection").fill("nowhere")
    expect(page.get_by_text("No collection has")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    table.get_by_role("link", name="packages").click()
    expect(page.get_by_role("heading", name="packages")).to_be_visible()
    page.locator(".about summary").click()
    expect(page.locator(".about-facts")).to_contain_text(re.compile("searches name.*×3, summary.*×2, description, words in english"))


def test_words_filters_and_order_are_those_of_the_api(page, server):
    page.goto("/console#/default/collections/packages")
    page.get_by_role("searchbox", name="Search words").fill("image viewer")
    body = {"search": "image viewer", "filters": {"field": "installed_size", "operator": "lt", "value": 5000}}
    page.get_by_role("button", name="+ Filter").click()
    page.get_by_label("Field", exact=True).fill("installed_size")
    page.get_by_label("Condition").select_option("lt")
    page.get_by_label("Value").fill("5000")
    page.keyboard.press("Enter")
    wanted = api(server, "POST", LIST + "?limit=20", body)
    expect(page.get_by_text(f"{wanted['total_documents']} of 2,000 documents match, best match first")).to_be_visible()
    assert rows(page)[:20] == ids(wanted)
    assert place(page)[1]["search"] == "image viewer"
    assert json.loads(place(page)[1]["filters"]) == body["filters"]

    # By size, the smallest first; then the greatest.
    head = grid(page).get_by_role("button", name="installed_size")
    for sort in ("installed_size", "-installed_size"):
        head.click()
        wanted = api(server, "POST", LIST + "?limit=20", {**body, "sort": sort})
        expect(grid(page).locator("[aria-rowindex='2']")).to_contain_text(ids(wanted)[0])
        assert rows(page)[:20] == ids(wanted)

    # Reload, back and a pasted link restore it.
    page.reload()
    expect(grid(page).locator("[aria-rowindex='2']")).to_contain_text(ids(wanted)[0])
    assert rows(page)[:20] == ids(wanted)
    page.go_back()
    expect(page.get_by_role("columnheader", name="installed_size")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Remove the filter installed_size < 5000").click()
    expect(page.get_by_role("list", name="Filters")).to_have_count(0)


def test_a_filter_of_any_form_is_kept_and_a_wrong_one_is_said(page, server, guard):
    either = {"OR": [{"field": "section", "value": "kde"}, {"field": "section", "value": "httpd"}]}
    page.goto("/console#/default/collections/packages?filters=" + urllib.parse.quote(json.dumps(either)))
    total = api(server, "POST", LIST, {"filters": either})["total_documents"]
    expect(page.get_by_text(f"{total} of 2,000 documents match")).to_be_visible()
    guard.allow_status(422, "documents/list")
    page.get_by_role("button", name="Advanced").click()
    page.get_by_label("Filter", exact=True).fill('{"field": "section", "operator": "near", "value": 1}')
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("filters.operator is 'near'")
    # The rows of before stay.
    expect(grid(page).locator("[role=row]").nth(1)).to_be_visible()
    page.goto("/console#/default/collections/packages?filters=%7Bbroken")
    expect(page.get_by_text("could not be read")).to_be_visible()


def test_values_of_a_field_filter(page, server):
    page.goto("/console#/default/collections/packages")
    page.locator(".fields").get_by_role("button", name=re.compile("section")).click()
    values = api(server, "POST", "/v1/collections/packages/documents/distinct", {"field": "section", "limit": 12})
    first = values["values"][0]
    entries = page.locator(".values li")
    expect(entries).to_have_count(min(12, len(values["values"])))
    expect(entries.first).to_contain_text(first["value"])
    entries.first.get_by_role("button").click()
    expect(page.get_by_text(f"{first['count']} of 2,000 documents match")).to_be_visible()
    page.go_back()
    entries.first.get_by_role("button").click(modifiers=["Alt"])
    expect(page.get_by_text(f"{2000 - first['count']:,} of 2,000 documents match")).to_be_visible()
    # Few rows: axe looks at every place of a long list.
    page.goto("/console#/default/collections/packages/gwenview?search=gwenview&field=section")
    expect(page.locator(".values li").first).to_be_visible()
    axe(page)


def test_all_documents_are_walked_once(page, server):
    page.goto("/console#/default/collections/packages?filters=" + urllib.parse.quote(json.dumps(
        {"field": "section", "operator": "in", "value": ["kde", "web"]})))
    wanted = ids(api(server, "POST", LIST + "?limit=1000", {"filters": {"field": "section", "operator": "in", "value": ["kde", "web"]}}))
    expect(page.get_by_text(f"{len(wanted)} of 2,000")).to_be_visible()
    assert len(wanted) > 200  # More than two pages.
    for one in wanted[:20]:
        page.keyboard.press("j")
        expect(page).to_have_url(re.compile(f"/packages/{re.escape(one)}[?]"))
    grid(page).focus()
    last = grid(page).locator(f"[aria-rowindex='{len(wanted) + 1}']")
    for _ in range(100):  # To the end of what is loaded, and what follows.
        if last.count():
            break
        page.keyboard.press("End")
        page.wait_for_timeout(100)
    expect(last).to_contain_text(wanted[-1])
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Document", exact=True)).to_have_count(0)


def test_a_document_is_shown_as_it_is_and_its_values_filter(page, server):
    page.goto("/console#/default/collections/packages/gwenview")
    pane = page.get_by_role("region", name="Document", exact=True)
    expect(pane.locator(".tree")).to_contain_text('summary: "image viewer for everybody"')
    wanted = api(server, "POST", "/v1/retrievers/executions/list", {
        "returned_document": {"document_id": "gwenview", "collection_id": "packages"}, "start_time": "-24h", "fields": ["execution_id"]})
    pane.get_by_role("link", name="Runs that returned it").click()
    expect(page.locator(".figures strong")).to_have_text(re.compile(f"^{wanted['total']} execution"))
    page.go_back()
    pane.get_by_role("button", name='"kde"').click()
    total = api(server, "POST", LIST, {"filters": {"field": "section", "value": "kde"}})["total_documents"]
    expect(page.get_by_text(f"{total} of 2,000 documents match" if total != 1 else "1 of 2,000 documents matches")).to_be_visible()


def test_a_document_that_is_not_there(page, guard):
    guard.allow_status(404)
    page.goto("/console#/default/collections/packages/nowhere")
    expect(page.get_by_role("alert")).to_contain_text("Not there")
    expect(grid(page).locator("[role=row]").nth(1)).to_be_visible()
    page.goto("/console#/default/collections/nothing")
    expect(page.get_by_role("alert")).to_contain_text("nothing")
    expect(page.get_by_role("link", name="The collections that there are")).to_be_visible()


def test_import_tells_the_bad_lines_and_keeps_the_good(own_server, open_page):
    own_server.make_collection("books", [{"document_id": "moby", "title": "Moby Dick", "year": 1851}],
                               features=[{"fields": ["title"]}])
    page = open_page("/console#/default/collections/books", on=own_server)
    good = [json.dumps({"document_id": f"b{i}", "title": f"Book {i}", "year": 1800 + i}) for i in range(100)]
    lines = good[:10] + ['{"document_id": "x", '] + good[10:50] + ["[1, 2]"] + good[50:] + ['{"document_id": 7, "title": "<img src=x onerror=alert(1)>"}']
    page.get_by_role("button", name="Import …").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "books.ndjson", "mimeType": "application/x-ndjson", "buffer": ("\n".join(lines) + "\n").encode()})
    page.get_by_role("button", name="Import", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("100 documents stored, 3 lines not.")
    bad = dialog.locator("tbody tr")
    expect(bad).to_have_count(3)
    for row, line in zip(bad.all(), (11, 52, 103)):
        expect(row.locator("td").first).to_have_text(str(line))
        expect(row.locator("td").last).to_have_text(lines[line - 1])
    axe(page)
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save these lines").click()
    with open(download.value.path()) as saved:
        assert saved.read() == "".join(lines[line - 1] + "\n" for line in (11, 52, 103))
    dialog.locator(".dialog-body").get_by_role("button", name="Close").click()
    expect(page.get_by_text("101 documents", exact=True).first).to_be_visible()
    assert api(own_server, "GET", "/v1/collections/books")["document_count"] == 101


def test_an_edit_shows_what_it_changes_and_loses_nobody_elses(own_server, open_page):
    own_server.make_collection("books", [{"document_id": "moby", "title": "Moby Dick", "year": 1851, "tags": ["sea"]}],
                               features=[{"fields": ["title"]}])
    page = open_page("/console#/default/collections/books/moby", on=own_server)
    path = "/v1/collections/books/documents/moby"

    def edit(change):
        page.get_by_role("button", name="Edit …").click()
        field = page.get_by_role("dialog").get_by_role("textbox")
        field.fill(json.dumps(change(json.loads(field.input_value()))))
        page.get_by_role("button", name="See what changes").click()

    def removed(document):
        del document["tags"]
        return {**document, "title": "Moby-Dick; or, The Whale"}

    edit(removed)
    table = page.get_by_role("dialog").locator("tbody")
    expect(table.locator("tr")).to_have_text(['title"Moby Dick""Moby-Dick; or, The Whale"', 'tags["sea"]not there'])
    axe(page)
    assert "tags" in api(own_server, "GET", path)  # Nothing is written yet.
    page.get_by_role("button", name="Save 2 changes").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".tree")).to_contain_text("The Whale")
    stored = api(own_server, "GET", path)
    assert (stored["title"], "tags" in stored, stored["year"]) == ("Moby-Dick; or, The Whale", False, 1851)

    # Somebody else writes between.
    edit(lambda document: {**document, "year": 1852})
    own_server.ok("PATCH", path, {"title": "The Whale"})
    page.get_by_role("button", name="Save 1 change").click()
    expect(page.get_by_role("alert")).to_contain_text("changed meanwhile, and nothing is saved")
    assert api(own_server, "GET", path)["year"] == 1851
    page.keyboard.press("Escape")

    page.reload()
    page.get_by_role("button", name="Delete …").click()
    confirm = page.get_by_role("button", name="Delete it")
    expect(confirm).to_be_disabled()
    page.get_by_label("Type").fill("moby")
    confirm.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("No documents yet")).to_be_visible()
    assert own_server.request("GET", path).status == 404


def test_documents_are_shown_as_of_an_older_version(own_server, open_page, guard):
    own_server.make_collection("books", [{"document_id": "moby", "title": "The Whale"}], features=[{"fields": ["title"]}])
    version = api(own_server, "GET", "/v1/collections/books")["version"]
    own_server.ok("PATCH", "/v1/collections/books/documents/moby", {"title": "Moby-Dick"})
    page = open_page(f"/console#/default/collections/books/moby?version={version}", on=own_server)
    expect(page.locator(".tree")).to_contain_text("The Whale")
    expect(grid(page)).to_contain_text("The Whale")
    expect(page.get_by_role("button", name="Edit …")).to_be_disabled()
    expect(page.get_by_text("only the newest can be changed")).to_be_visible()
    page.get_by_role("button", name="Show the newest").click()
    expect(page.locator(".tree")).to_contain_text("Moby-Dick")
    expect(grid(page)).to_contain_text("Moby-Dick")
    guard.allow_status(422)
    page.goto(f"/console#/default/collections/books?version={version + 40}")
    expect(page.get_by_role("alert").first).to_contain_text(str(version + 40))


def test_a_key_that_may_only_read_is_told_so(open_page, reader):
    page = open_page("/console#/default/collections/packages/dillo", key=reader)
    pane = page.get_by_role("region", name="Document", exact=True)
    expect(pane).to_contain_text("The key “reader” may not change anything: it has read.")
    for name in ("Edit …", "Delete …"):
        expect(pane.get_by_role("button", name=name)).to_be_disabled()
    expect(page.get_by_role("button", name="Import …")).to_be_disabled()
    page.get_by_role("button", name="More").click()
    expect(page.get_by_role("menuitem", name="Delete the collection …")).to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_documents_are_text(own_server, open_page, width):
    markup = "<img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>"
    documents = [
        {"document_id": "d" * 290, "title": markup, markup: {"a.b": markup}, "long": "x" * 1_000_000},
        {"document_id": "\u202eright-to-left", "title": "שלום \u202e abc e\u0301\u0301\u0301", "empty": {}},
    ]
    own_server.make_collection("hostile", documents, features=[{"fields": ["title"]}])
    page = open_page("/console#/default/collections/hostile/" + "d" * 290, on=own_server,
                     viewport={"width": width, "height": 800})
    expect(page.locator(".tree")).to_contain_text(markup[:20])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.title() != "ran" and page.locator("main img").count() == 0
    page.get_by_role("button", name="Close the document").click()
    expect(grid(page)).to_contain_text("<img src=x")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_two_namespaces_are_apart(own_server, open_page):
    """No row, value, completion or cached reply of one namespace is seen in the other."""
    for namespace, word in (("default", "alpha"), ("other", "omega")):
        if namespace != "default":
            own_server.ok("POST", "/v1/namespaces", {"namespace_name": namespace})
        headers = {"X-Namespace": namespace}
        assert own_server.post("/v1/collections", {"collection_name": "books", "features": [{"fields": ["title"]}]},
                               headers=headers).status in (200, 201)
        assert own_server.post("/v1/collections/books/documents", {"document_id": f"{word}-1", "title": word, f"field_{word}": word},
                               headers=headers).status in (200, 201)
        body = {**history.example("search", query=word), "collection_identifiers": ["books"], "labels": {"team": word}}
        assert own_server.post("/v1/retrievers/execute", body, headers=headers).status == 200
    page = open_page("/console#/default/collections/books/alpha-1?field=title", on=own_server)
    replies = []
    page.on("response", lambda response: replies.append(response))

    def looks(word, other):
        expect(page.locator(".tree")).to_contain_text(word)
        expect(page.locator(".values")).to_contain_text(word)
        expect(page.locator(".fields")).to_contain_text(f"field_{word}")
        assert other not in page.locator("main").inner_text()

    looks("alpha", "omega")
    page.goto("/console#/other/collections/books/omega-1?field=title")
    looks("omega", "alpha")
    page.go_back()
    looks("alpha", "omega")
    for screen in ("stats?by=label:team", "executions", "collections"):
        page.goto(f"/console#/other/{screen}")
        page.wait_for_load_state("networkidle")
        expect(page.get_by_role("button", name="other")).to_be_visible()
        expect(page.locator("main")).not_to_contain_text("alpha")
    assert all(response.request.headers.get("x-namespace") in ("default", "other", None) for response in replies)
    bodies = bodies_of(page, "executions/aggregate")
    page.goto("/console#/default/stats?by=label:team")
    expect(page.get_by_role("grid", name="Figures by group")).to_contain_text("alpha")
    assert bodies and "omega" not in page.locator("main").inner_text()
