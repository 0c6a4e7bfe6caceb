"""Scenario 12, the figures: they are those of `aggregate`, and each leads to its executions."""

import csv
import json
import re
import urllib.parse

from playwright.sync_api import expect

import history
from conftest import api, axe

DAY = "start_time=-24h"


def aggregate(server, **body):
    return api(server, "POST", "/v1/retrievers/executions/aggregate", {"start_time": "-24h", **body})


def table(page):
    return page.get_by_role("grid", name="Figures by group")


def groups(page):
    """The rows of the table: their link and the texts of their cells."""
    expect(table(page)).not_to_have_class(re.compile("is-old"))
    return [(row.get_by_role("link"), row.locator("[role=gridcell]").all_inner_texts())
            for row in table(page).locator(".grid-body [role=row]").all()]


def open_stats(page, query=DAY):
    page.goto(f"/console#/default/stats?{query}")
    expect(table(page)).to_be_visible()


def listed(page):
    """How many executions the list says that there are."""
    expect(page.locator("main[data-screen=executions]")).to_be_visible()
    expect(page.locator(".figures strong")).to_be_visible()
    shown = page.locator(".figures strong").inner_text()
    return int(re.sub(r"[^\d]", "", shown))


def test_the_headline_is_the_total(page, server):
    open_stats(page)
    total = aggregate(server)["total"]
    tiles = page.get_by_role("list", name="All together")
    for name, value in (("executions", total["count"]), ("failed", total["error_count"]), ("found nothing", total["zero_result_count"])):
        expect(tiles.get_by_role("listitem").filter(has_text=re.compile(f"{name}$"))).to_contain_text(f"{value:,}")
    axe(page)
    tiles.get_by_role("link", name="failed").click()
    assert listed(page) == total["error_count"]
    page.go_back()
    tiles.get_by_role("link", name="found nothing").click()
    assert listed(page) == total["zero_result_count"]


def test_a_row_leads_to_as_many_executions_as_it_counts(page, server):
    for by in ("shape", "status", "failed_stage", "error", "label:team", "stage", "collection", "caller"):
        open_stats(page, f"{DAY}&by={urllib.parse.quote(by)}")
        counts = sorted((row["count"] for row in aggregate(server, group_by=by)["results"]), reverse=True)
        expect(page.get_by_role("region", name="By group").get_by_role("status")).to_have_text(re.compile(f"^{len(counts)} group"))
        assert [int(cells[1].replace(",", "")) for _, cells in groups(page)] == counts, by
        for at in {0, len(counts) - 1}:  # The most frequent, and the rarest.
            link, cells = groups(page)[at]
            if cells[0] == "no stage":  # No filter says this.
                assert link.count() == 0
                continue
            if by == "collection" and counts[at] == history.IMPORTED:
                continue  # Imported under what is a name here, and names mean the collection, too.
            link.click()
            assert listed(page) == counts[at], (by, cells)
            page.go_back()
            expect(table(page)).to_be_visible()


def test_the_table_is_sorted_by_any_figure(page, server):
    open_stats(page, f"{DAY}&by=failed_stage")
    wanted = aggregate(server, group_by="failed_stage")["results"]
    table(page).get_by_role("button", name="Failed").click()
    expect(table(page).get_by_role("columnheader", name=re.compile("^Failed"))).to_have_attribute("aria-sort", "descending")
    rates = [float(cells[2].rstrip(" %")) for _, cells in groups(page)]
    assert rates == sorted(rates, reverse=True) and len(rates) == len(wanted)
    with page.expect_download() as download:
        page.get_by_role("region", name="By group").get_by_role("button", name="CSV").click()
    with open(download.value.path(), newline="") as saved:
        lines = list(csv.DictReader(saved))
    assert {line["failed_stage"]: int(line["count"]) for line in lines} == {row["failed_stage"] or "": row["count"] for row in wanted}


def test_a_pipeline_is_shown_by_its_stages(page):
    open_stats(page, f"{DAY}&labels.team=parsers")
    expect(table(page)).to_contain_text("search › name_matches › first_ten")


def test_what_fails_most_is_said(page, server):
    open_stats(page)
    section = page.get_by_role("region", name="What stands out")
    failures = aggregate(server, status="failed", group_by="failed_stage")["results"][0]
    expect(section).to_contain_text(f"The stage {failures['failed_stage']}")
    kind = aggregate(server, status="failed", group_by="error")["results"][0]
    section.get_by_role("link", name=re.compile(re.escape(kind["error"][:20]))).click()
    assert listed(page) == kind["count"]


def chart(page, name):
    return page.get_by_role("slider", name=re.compile(f"^{name}"))


def test_a_chart_shows_the_buckets_and_zooms(page, server):
    open_stats(page)
    answer = aggregate(server, bucket="auto")
    page.get_by_role("group", name="Executions by outcome").get_by_role("button", name="numbers").click()
    numbers = page.get_by_role("region", name="Numbers of Executions by outcome").locator("tbody tr")
    expect(numbers).to_have_count(len(answer["results"]))
    cells = [[int(text.replace(",", "")) for text in row.locator("td").all_inner_texts()] for row in numbers.all()]
    assert [sum(row) for row in cells] == [row["count"] for row in answer["results"]]
    assert [row[0] for row in cells] == [row["error_count"] for row in answer["results"]]

    # By the keyboard: the third bucket and the two after it.
    chart(page, "Credits").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    part = answer["results"][2:5]
    expect(page.get_by_role("list", name="All together").get_by_role("listitem").first).to_contain_text(f"{sum(row['count'] for row in part):,}")
    # By the pointer, and back.
    page.go_back()
    expect(numbers).to_have_count(len(answer["results"]))
    chart(page, "Executions by outcome").scroll_into_view_if_needed()
    box = chart(page, "Executions by outcome").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("end_time="))
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.url).fragment.split("?", 1)[1]))
    total = aggregate(server, start_time=query["start_time"], end_time=query["end_time"])["total"]["count"]
    expect(page.get_by_role("list", name="All together").get_by_role("listitem").first).to_contain_text(f"{total:,}")


def test_a_range_is_compared_with_the_one_before(page, server):
    open_stats(page, "start_time=-6h&vs=previous")
    expect(page.locator(".chart-line.is-dashed path").first).to_be_attached()
    expect(page.locator(".tile-change").first).to_have_text(re.compile(r"[+−]|the same"))
    axe(page)


def test_a_filter_that_is_refused_marks_its_token_and_the_figures_stay(page, guard):
    guard.allow_status(422)
    open_stats(page)
    page.goto("/console#/default/stats?" + DAY + "&filters=" + urllib.parse.quote(json.dumps({"field": "labels.team", "operator": "near", "value": "x"})))
    expect(page.get_by_role("alert").first).to_contain_text("near")
    expect(page.get_by_role("list", name="All together")).to_be_visible()


def test_nothing_here_and_an_address_that_is_not_understood(page):
    page.goto("/console#/default/stats?start_time=-24h&labels.team=nobody")
    expect(page.get_by_text("No executions here")).to_be_visible()
    page.get_by_role("button", name="Without the filter").click()
    expect(table(page)).to_be_visible()
    page.goto("/console#/default/stats?start_time=-24h&by=moon&sort=tide&vs=never&bucket=eon")
    for said in ("grouped by moon", "no column tide", "comparison with never", "bucket of a eon"):
        expect(page.get_by_text(said)).to_be_visible()


def test_figures_of_a_part_say_so(page, server):
    answer = {**aggregate(server, bucket="hour"), "partial": True}
    page.route("**/executions/aggregate", lambda route: route.fulfill(json=answer))
    page.goto("/console#/default/stats?" + DAY)
    expect(page.get_by_text("Counted in part: ")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("≥.*executions"))).to_be_visible()
    page.get_by_role("button", name="Take up to a minute").click()
    expect(page.get_by_role("button", name="Take up to a minute")).to_have_count(0)


def test_it_fits_a_narrow_window(open_page):
    page = open_page("/console#/default/stats?" + DAY, viewport={"width": 320, "height": 800})
    expect(table(page)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
