"""Scenarios 2 to 4: the list of executions, its filter, its range of time, its rows and its pane."""

import json
import re
import urllib.parse

import pytest
from playwright.sync_api import expect

import history
from conftest import Held, api, axe, bodies_of

LIST = "/v1/retrievers/executions/list"
AGGREGATE = "/v1/retrievers/executions/aggregate"
RANGE = "start_time=-24h"


def at(page, path):
    """Goes there as a click on a link does."""
    page.evaluate("(hash) => { location.hash = hash; }", f"#/default/executions{path}")
    page.locator(".list").wait_for()


def params(page):
    """The parameters of the address."""
    fragment = urllib.parse.urlsplit(page.url).fragment
    return dict(urllib.parse.parse_qsl(fragment.partition("?")[2], keep_blank_values=True))


def field(page):
    return page.get_by_role("combobox", name="Filter")


def grid(page):
    return page.get_by_role("grid", name="Executions")


def is_list(request):
    """Whether it asks for rows, not only for their number."""
    return LIST in request.url and "count_only" not in (request.post_data or "")


def shown_ids(page):
    """The ids of the rows that are drawn, from the top."""
    rows = grid(page).locator(".grid-body [role=row]")
    return [one.partition(":")[2] for one in rows.evaluate_all("all => all.map((one) => one.id)")]


def expect_list(page, server, body):
    """The list shows what the API says of `body`: its number, and its first rows in order."""
    said = api(server, "POST", f"{LIST}?limit=100", body)
    expect(page.locator(".list-foot")).to_contain_text(f"of {said['total']:,}")
    expected = [row["execution_id"] for row in said["results"]]
    page.wait_for_function(
        """([first]) => document.querySelector('.grid-body [role=row]')?.id === `Executions:${first}`""",
        arg=[expected[0]])
    drawn = shown_ids(page)
    assert drawn == expected[:len(drawn)]
    return said


def test_the_failures_of_the_day(page, server):
    expect(grid(page)).to_be_visible()
    assert params(page)["start_time"] == "-24h"
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Failed").click()
    failed = {"status": "failed", "start_time": "-24h"}
    said = expect_list(page, server, failed)
    assert said["total"] == 34
    expect(page.locator(".figures")).to_contain_text("34 executions")

    # A stretch of the chart becomes the range, and its bars are its rows.
    chart = page.locator(".chart-box")
    chart.focus()
    for key in ["End", "ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowLeft"]:
        chart.press(key)
    chosen = chart.get_attribute("aria-valuetext")
    assert "failed" in chosen
    chart.press("Enter")
    expect(page.get_by_role("button", name=re.compile("–"))).to_be_visible()
    brushed = params(page)
    assert brushed["end_time"].endswith("59.999999Z")
    said = expect_list(page, server, {**failed, **{key: brushed[key] for key in ("start_time", "end_time")}})
    assert 0 < said["total"] < 34
    rows = shown_ids(page)

    # The same from a reload, a link in another page, and after back and forward.
    page.reload()
    expect(page.locator(".list-foot")).to_contain_text(f"of {said['total']}")
    assert shown_ids(page) == rows
    page.go_back()
    expect(page.locator(".list-foot")).to_contain_text("of 34")
    page.go_forward()
    expect(page.locator(".list-foot")).to_contain_text(f"of {said['total']}")
    assert params(page) == brushed and shown_ids(page) == rows
    # Zooming out goes beyond what was chosen.
    page.locator("main").focus()
    page.keyboard.press("-")
    page.wait_for_function("(before) => !location.hash.includes(before)", arg=urllib.parse.quote(brushed["start_time"]))
    assert params(page)["start_time"] < brushed["start_time"]


def test_what_found_nothing(page, server):
    page.get_by_role("button", name=re.compile("found nothing")).click()
    expect_list(page, server, {"status": "completed", "returned": "zero", "start_time": "-24h"})
    # A value of a row, and with Alt all but that value.
    row = grid(page).locator(".grid-body [role=row]").nth(1)
    query = row.locator("[role=gridcell]").nth(4)
    words = query.locator("bdi").inner_text()
    query.hover()
    query.locator(".cell-pick").click(modifiers=["Alt"])
    expect(page.locator(".token", has_text=f"query_summary ≠ {words}")).to_be_visible()
    expect_list(page, server, {"status": "completed", "returned": "zero", "start_time": "-24h",
                               "filters": {"NOT": {"field": "query_summary", "operator": "eq", "value": words}}})


# Every key of the body: as it is written, and what is sent.
TOKENS = [
    ("white whale", {"query": "white whale"}),
    ('"small and fast" web*', {"query": '"small and fast" web*'}),
    ("status:failed", {"status": "failed"}),
    ("status:failed,cancelled", {"statuses": ["failed", "cancelled"]}),
    ("mode:replay,fork", {"modes": ["replay", "fork"]}),
    ("since:-7d", {"start_time": "-7d"}),
    ("until:-1h", {"start_time": "-24h", "end_time": "-1h"}),
    ("error:regular", {"error": "regular"}),
    ('error_kind:"stage … took N ms"', {"error_kind": "stage … took N ms"}),
    ("id:exec_imported_0001,exec_imported_0002", {"execution_ids": ["exec_imported_0001", "exec_imported_0002"]}),
    ("collection:packages", {"collection_ids": ["packages"]}),
    ("took:>=5ms", {"min_duration_ms": 5}),
    ("took:<=2s", {"max_duration_ms": 2000}),
    ("took:1ms..1s", {"min_duration_ms": 1, "max_duration_ms": 1000}),
    ("credits:1..2", {"min_credits": 1, "max_credits": 2}),
    ("found:0", {"returned": "zero"}),
    ("found:>0", {"returned": "nonzero"}),
    ("document:dillo", {"returned_document": "dillo"}),
    ("cache:>=0.5", {"cache_hit_rate": {"min": 0.5}}),
    ("cache:0", {"cache_hit_rate": 0}),
    ("stage:feature_search", {"stage_id": "feature_search"}),
    ("failed_stage:name_matches", {"failed_stage": "name_matches"}),
    ("fingerprint:abc", {"fingerprint": "abc"}),
    ("shape:abc", {"shape": "abc"}),
    ("inputs_hash:abc", {"inputs_hash": "abc"}),
    ("caller:key_1", {"caller": "key_1"}),
    ("request:req_1", {"request_id": "req_1"}),
    ("parent_execution_id:exec_1", {"parent_execution_id": "exec_1"}),
    ("retriever_id:ret_1", {"retriever_id": "ret_1"}),
    ('team=search "odd team"', {"labels": {"team": "search"}, "query": '"odd team"'}),
    ("-client:curl", {"filters": {"NOT": {"field": "client", "operator": "eq", "value": "curl"}}}),
    ('filters:={"OR":[{"status":"cancelled"},{"labels.team":"search"}]}',
     {"filters": {"OR": [{"status": "cancelled"}, {"labels.team": "search"}]}}),
]


def test_each_key_of_the_body_is_written_sent_and_removed(page, guard):
    # Some name what is not there; what is sent is what counts here.
    guard.allow_status(422)
    guard.allow_status(404)
    expect(grid(page)).to_be_visible()
    for written, wanted in TOKENS:
        at(page, f"?{RANGE}")
        field(page).fill(written)
        with page.expect_request(is_list) as sent:
            field(page).press("Enter")
        body = json.loads(sent.value.post_data)
        assert body == {"start_time": "-24h", **wanted}, written
        # Backspace takes the tokens away, the last first; the words are the field's own.
        left = set(wanted) - {"query", "start_time", "end_time"}
        if not left:
            continue
        expect(page.locator(".token").first).to_be_visible()
        field(page).press("Home")
        for _ in range(page.locator(".token").count()):
            with page.expect_request(is_list) as sent:
                field(page).press("Backspace")
        expect(page.locator(".token")).to_have_count(0)
        assert json.loads(sent.value.post_data) == {"start_time": "-24h", **({"query": wanted["query"]} if "query" in wanted else {})}


def test_all_keys_have_an_example(server):
    """A key that the server learns has to be added to TOKENS."""
    error = server.request("POST", LIST, {"no_such_key": 1}).json["error"]["message"]
    known = set(re.findall(r"\b[a-z_]+\b", error.partition("use one of")[2])) - {
        "budget_ms", "sort", "fields", "count_only"}
    assert known <= {key for _, wanted in TOKENS for key in wanted}


def test_completion_offers_keys_and_their_values(page, server):
    field(page).click()
    offers = page.get_by_role("listbox", name="Completions")
    page.keyboard.type("tea")
    expect(offers.get_by_role("option")).to_have_text([re.compile("team=.*label")])
    field(page).fill("")
    page.keyboard.type("failed_")
    expect(offers.get_by_role("option")).to_have_text([re.compile("failed_stage:")])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(offers.get_by_role("option", name="name_matches")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect_list(page, server, {"failed_stage": "name_matches", "start_time": "-24h"})


def test_what_the_server_refuses_is_marked_and_the_rows_stay(page, guard):
    guard.allow_status(422)
    expect(grid(page)).to_be_visible()
    rows = shown_ids(page)
    field(page).fill('filters:={"field":"status","operator":"eqq","value":1}')
    field(page).press("Enter")
    expect(page.locator(".token.is-invalid")).to_have_count(1)
    expect(page.locator(".filter-problems")).to_contain_text("'eqq'")
    assert rows[:10] == shown_ids(page)[:10]
    # What cannot be read is not sent at all.
    page.get_by_role("button", name=re.compile("^Remove ")).click()
    sent = bodies_of(page, LIST)
    field(page).fill("took:long")
    field(page).press("Enter")
    expect(page.locator(".filter-problems")).to_contain_text("took:>=500ms")
    assert sent == [] or all("min_duration_ms" not in body for body in sent)


def test_an_address_is_understood_or_says_what_was_left_out(page):
    at(page, "?start_time=-24h&status=failed&min_duration_ms=abc&colour=red")
    expect(page.get_by_text("min_duration_ms=abc was left out")).to_be_visible()
    expect(page.get_by_text("colour is no condition")).to_be_visible()
    expect(page.locator(".list-foot")).to_contain_text("of 34")


def test_the_range_is_kept_for_the_namespace(page):
    expect(grid(page)).to_be_visible()
    page.keyboard.press("t")
    page.get_by_role("dialog", name="Range of time").get_by_role("button", name="last 7 days").click()
    expect(page.get_by_role("button", name="last 7 days")).to_be_visible()
    page.get_by_role("link", name="Playground").click()
    page.get_by_role("link", name="Executions").click()
    page.wait_for_function("() => location.hash.includes('start_time=-7d')")


def test_walking_all_rows_by_j(page, server):
    """Each once, in the API's order, within the filter; pane and address follow."""
    body = {"labels": {"batch": "imported"}, "start_time": "-24h"}
    wanted = []
    cursor = None
    while True:
        query = f"?limit=1000{'&cursor=' + cursor if cursor else ''}"
        said = api(server, "POST", LIST + query, body)
        wanted += [row["execution_id"] for row in said["results"]]
        cursor = said["pagination"]["next_cursor"]
        if cursor is None:
            break
    assert len(wanted) == history.IMPORTED
    at(page, f"?{RANGE}&labels.batch=imported")
    expect(page.locator(".list-foot")).to_contain_text("of 1,200")
    walked = page.evaluate("""async (count) => {
      const channel = new MessageChannel();
      const tick = () => new Promise((resolve) => { channel.port1.onmessage = resolve; channel.port2.postMessage(0); });
      const seen = [];
      for (let i = 0; i < count + 5; ++i) {
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }));
        for (let wait = 0; wait < 1000; ++wait) {
          await (wait < 20 ? tick() : new Promise((resolve) => setTimeout(resolve, 5)));
          const at = document.querySelector('[role=grid] [aria-selected=true]');
          const id = at?.id.slice('Executions:'.length);
          if (id !== undefined && id !== seen.at(-1)) { seen.push(id); break; }
          if (i >= count && wait > 30) break;
        }
      }
      return seen;
    }""", history.IMPORTED)
    assert walked == wanted

    page.evaluate("document.querySelector('[role=grid]').scrollTop = 0")
    page.keyboard.press("Enter")
    expect(page.locator(".run-pane")).to_contain_text(wanted[-1])
    page.keyboard.press("k")
    page.wait_for_function("(id) => location.hash.includes(`open=${id}`)", arg=wanted[-2])
    expect(page.locator(".run-pane")).to_contain_text(wanted[-2])
    page.keyboard.press("Escape")
    expect(page.locator(".run-pane")).to_have_count(0)
    assert page.evaluate("document.activeElement.getAttribute('role')") == "grid"


def test_sorting_and_columns_read_what_they_show(page, server):
    grid(page).get_by_role("button", name=re.compile("^Took")).click()
    said = api(server, "POST", f"{LIST}?limit=5", {"start_time": "-24h", "sort": "duration_ms"})
    page.wait_for_function("(id) => document.querySelector('.grid-body [role=row]')?.id.endsWith(id)",
                           arg=said["results"][0]["execution_id"])
    assert params(page)["sort"] == "duration_ms"
    grid(page).get_by_role("button", name=re.compile("^Took")).click()
    page.wait_for_function("() => location.hash.includes('sort=%2Bduration_ms')")

    page.get_by_role("button", name="Columns").click()
    choice = page.get_by_role("dialog", name="Columns")
    choice.get_by_label("One label or input").fill("labels.team")
    choice.get_by_role("button", name="Add").click()
    choice.get_by_label("Error", exact=True).check()
    bodies = bodies_of(page, LIST)
    choice.get_by_role("button", name="Show").click()
    expect(grid(page).get_by_role("columnheader", name="labels.team")).to_be_visible()
    expect(grid(page).get_by_text("search", exact=True).first).to_be_visible()
    assert {"labels", "error", "execution_id"} <= set(bodies[-1]["fields"])
    # They are kept for other filters, and said in the address, which others may open.
    at(page, f"?{RANGE}&status=failed")
    expect(grid(page).get_by_role("columnheader", name="labels.team")).to_be_visible()
    assert params(page)["cols"].endswith("labels.team,error")


def test_an_export_is_checked(page, server):
    at(page, f"?{RANGE}&status=failed")
    page.evaluate("window.showSaveFilePicker = undefined")  # Its dialog is the browser's own.
    page.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save and check").click()
    lines = download.value.path().read_text().splitlines()
    expect(dialog).to_contain_text("34 executions")
    expect(dialog).to_contain_text("The digest is that of the server")
    listed = api(server, "POST", f"{LIST}?limit=100", {"status": "failed", "start_time": "-24h"})["results"]
    assert [json.loads(line) for line in lines] == listed

    # Or the browser fetches it, from an address that is good once.
    dialog.get_by_role("radio", name="CSV").check()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Let the browser download").click()
    assert re.fullmatch(r"executions-\d+T\d+Z\.csv", download.value.suggested_filename)
    text = download.value.path().read_text().splitlines()
    assert text[0].startswith("execution_id,") and text[-1].startswith("# rows=34 sha256=")


def test_a_cut_export_is_never_saved(page):
    def cut(route):
        reply = route.fetch()
        route.fulfill(response=reply, body=reply.body()[:-40])

    page.route("**/executions/export**", cut)
    page.evaluate("window.showSaveFilePicker = undefined")
    page.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export")
    dialog.get_by_role("button", name="Save and check").click()
    expect(dialog.get_by_role("alert")).to_contain_text("broke off")
    expect(dialog).to_contain_text("Nothing was saved")


def test_deletion_counts_first_and_takes_only_what_it_counted(own_server, open_page):
    lines = "".join(json.dumps(one) + "\n" for one in history.imported()[:80])
    own_server.ok("POST", "/v1/retrievers/executions/import", lines)
    page = open_page("/console#/default/executions?start_time=-24h&status=failed", on=own_server)
    expect(page.locator(".list-foot")).to_contain_text("of 2")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete").click()
    dialog = page.get_by_role("dialog", name="Delete executions")
    expect(dialog).to_contain_text("2 executions match")
    button = dialog.get_by_role("button", name="Delete 2 executions")
    expect(button).to_be_disabled()
    dialog.get_by_role("textbox").fill("2")
    button.click()
    expect(page.get_by_role("dialog", name="Deleted")).to_contain_text("2 executions were deleted")
    page.get_by_role("button", name="Close").last.click()
    expect(page.get_by_text("No execution matches this filter.")).to_be_visible()
    assert api(own_server, "POST", LIST, {"count_only": True})["total"] == 78


def test_an_empty_list_says_what_excludes(page, own_server, open_page):
    at(page, f"?{RANGE}&status=failed&labels.team=nobody")
    expect(page.get_by_text("No execution matches this filter.")).to_be_visible()
    page.get_by_role("button", name=re.compile("34 executions without “team = nobody”")).click()
    expect(page.locator(".list-foot")).to_contain_text("of 34")
    empty = open_page(on=own_server)
    expect(empty.get_by_text("Nothing was executed here yet.")).to_be_visible()
    expect(empty.locator("pre").last).to_contain_text("execute -f -")
    axe(empty)


def test_what_differs_about_the_failures(page, server):
    expect(grid(page)).to_be_visible()
    page.get_by_role("button", name="What differs?").click()
    panel = page.get_by_role("region", name="What differs")
    expect(panel).to_contain_text("34 executions that failed against")
    expect(panel).not_to_contain_text("looking")
    # What is said of the team: its share of what failed, and of all others, as the API counts them.
    counts = {}
    for part, body in {"part": {"status": "failed"}, "all": {}}.items():
        said = api(server, "POST", AGGREGATE, {"start_time": "-24h", "group_by": "label:team", **body})
        counts[part] = (next(row["count"] for row in said["results"] if row["label"] == "parsers"), said["total"]["count"])
    (failed, failures), (all_of_it, total) = counts["part"], counts["all"]
    row = panel.get_by_role("listitem").filter(has_text="team parsers")
    expect(row).to_contain_text(f"({failed}) against 0 % ({all_of_it - failed})")
    assert (failed, failures, all_of_it) == (3, 34, 3) and total > failures
    row.get_by_role("button").click()
    expect(page.locator(".token", has_text="team = parsers")).to_be_visible()
    axe(page)


def test_views_are_kept_and_links_pin_the_range(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    at(page, f"?{RANGE}&labels.team=parsers&sort=duration_ms")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Keep this as a view").click()
    page.get_by_role("dialog", name="Views").get_by_role("textbox").fill("Parsers")
    page.get_by_role("button", name="Keep", exact=True).click()
    at(page, f"?{RANGE}")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Parsers").click()
    expect(page.locator(".list-foot")).to_contain_text("of 3")
    assert params(page)["sort"] == "duration_ms"
    page.get_by_role("button", name="Link").click()
    page.get_by_role("menuitem", name="very range").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    pinned = dict(urllib.parse.parse_qsl(link.partition("?")[2]))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", pinned["start_time"]) and pinned["end_time"].endswith("Z")
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator(".list-foot")).to_contain_text("of 3")


@pytest.mark.parametrize("width", [1280, 320])
def test_nothing_is_wrong_for_assistive_technology(open_page, width):
    page = open_page(f"/console#/default/executions?{RANGE}&status=failed&labels.team=parsers", viewport={"width": width, "height": 800})
    expect(grid(page)).to_be_visible()
    expect(page.locator(".chart-box")).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ["Views", "More"]:
        page.get_by_role("button", name=name).click()
        axe(page, themes=("light",))
        page.keyboard.press("Escape")
    page.get_by_role("button", name="last 24 hours").click()
    expect(page.get_by_role("dialog", name="Range of time")).to_be_visible()
    axe(page)


def test_what_waits_for_its_answer_is_as_legible_as_the_answer(open_page):
    """Figures, rows and histogram of the earlier filter stay until those of the new one are
    there, and so does a condition while it is edited: marked, and not paler than text may be."""
    page = open_page(f"/console#/default/executions?{RANGE}&status=failed")
    expect(page.locator(".chart-box")).to_be_visible()
    expect(page.locator(".figures")).to_contain_text("failed")
    held = Held(page, re.compile("/executions/(list|aggregate)"))
    page.evaluate("(hash) => { location.hash = hash; }", f"#/default/executions?{RANGE}&status=completed")
    expect(page.locator(".figures.is-old")).to_be_visible()
    expect(page.locator(".grid.is-old")).to_be_visible()
    axe(page)
    held.release()
    expect(page.locator(".is-old")).to_have_count(0)
    page.locator(".token button").first.click()
    expect(page.locator(".token.is-edited")).to_be_visible()
    axe(page)


def test_what_was_counted_in_part_says_so(page):
    """The rows that came are shown, "Go on" asks for the next; nothing goes on by itself."""
    def in_part(route):
        reply = route.fetch()
        said = reply.json()
        said["partial"] = True
        if LIST in route.request.url and "cursor=" not in route.request.url:
            said |= {"total_relation": "at_least", "results": said["results"][:3]}
        route.fulfill(response=reply, json=said)

    page.route(re.compile("/executions/(list|aggregate)"), in_part)
    at(page, f"?{RANGE}&query=viewer")
    expect(page.locator(".list-foot")).to_contain_text(re.compile(r"^3 of ≥ \d+ · looked as long as it may"))
    expect(page.locator(".figures")).to_contain_text("≥")
    expect(page.locator(".figures")).to_contain_text("counted in part")
    expect(page.locator(".chart-foot")).to_contain_text("counted in part")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".list-foot")).to_contain_text(re.compile(r"^\d{2,} of"))


def test_figures_that_do_not_come_leave_the_rows(page, guard):
    guard.allow_status(503)
    page.route("**/executions/aggregate", lambda route: route.fulfill(status=503, json={
        "success": False, "error": {"message": "Too busy for figures.", "type": "UnavailableError"}}))
    at(page, f"?{RANGE}&status=failed")
    expect(page.get_by_text("The figures did not come: Too busy for figures.")).to_be_visible()
    expect(page.locator(".list-foot")).to_contain_text("of 34")
    page.unroute("**/executions/aggregate")
    page.locator(".figures").get_by_role("button", name="Ask again").click()
    expect(page.locator(".figures")).to_contain_text("34 executions")
