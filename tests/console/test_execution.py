"""Scenarios 6 and 7: one execution, in every outcome, and one with forty thousand candidates."""

import json
import os
import random
import re
import socket
import subprocess
import sys
import time

import pytest
from playwright.sync_api import expect

from conftest import KEY, Server, axe, trawl_server

stage = trawl_server.stage


def open_run(page, run, **params):
    query = "&".join(f"{name}={value}" for name, value in params.items())
    page.goto(f"/console#/default/executions/{run}" + (f"?{query}" if query else ""))
    expect(page.get_by_role("tablist")).to_be_visible()


def record_of(server, run):
    return server.ok("GET", f"/v1/retrievers/executions/{run}")


def count(number):
    return f"{number:,}"


def test_the_waterfall_is_the_record(page, server):
    run = server.ids["viewer"]
    record = record_of(server, run)
    open_run(page, run)
    expect(page.get_by_role("heading", level=1)).to_have_text("image viewer")
    rows = page.locator(".waterfall li")
    expect(rows).to_have_count(len(record["stages"]))
    whole = max([record["duration_ms"]] +
                [one["start_offset_ms"] + one["duration_ms"] for one in record["stages"]])
    for row, one in zip(rows.all(), record["stages"]):
        expect(row).to_contain_text(one["stage_name"])
        expect(row).to_contain_text(f"{count(one['input_count'])} → {count(one['output_count'])}")
        bar = row.locator(".stage-bar")
        left = float(re.search(r"([\d.]+)%", bar.evaluate("(bar) => bar.style.left"))[1])
        width = float(re.search(r"([\d.e-]+)%", bar.evaluate("(bar) => bar.style.width"))[1])
        assert left == pytest.approx(100 * one["start_offset_ms"] / whole, abs=0.01)
        assert width == pytest.approx(100 * one["duration_ms"] / whole, abs=0.01)
    # The last stage is open; its documents are those of the record, in their order.
    shown = page.get_by_role("grid").locator("[role=row] a").all_inner_texts()
    assert shown == [one["document_id"] for one in record["stages"][-1]["candidates"]][:len(shown)]
    # Another is chosen by key, and stands in the address.
    page.keyboard.press("[")
    expect(page).to_have_url(re.compile(r"stage=2\b"))
    expect(page.get_by_role("region", name="Stage smallest_first")).to_be_visible()


def test_documents_show_where_each_was_lost(page, server):
    run = server.ids["viewer"]
    record = record_of(server, run)
    open_run(page, run, tab="documents")
    grid = page.get_by_role("grid", name="Documents of the run")
    everything = {one["document_id"] for part in record["stages"] for one in part["candidates"]}
    expect(grid).to_have_attribute("aria-rowcount", str(len(everything) + 1))
    page.get_by_label("Show").select_option(label="dropped by programs_that_fit")
    kept = {one["document_id"] for one in record["stages"][1]["candidates"]}
    expect(grid).to_have_attribute("aria-rowcount", str(len(everything - kept) + 1))
    page.keyboard.press("f")
    page.keyboard.type("gwenview")
    row = grid.get_by_role("row").nth(1)
    expect(row).to_contain_text("dropped by programs_that_fit")
    # Its title is that of the document, which the record does not hold.
    expect(row).to_contain_text("image viewer for everybody")
    page.reload()
    expect(grid.get_by_role("row").nth(1)).to_contain_text("gwenview")


def test_a_failure_says_why_and_how_often(page, server):
    run = server.ids["failing_0"]
    record = record_of(server, run)
    open_run(page, run)
    failure = page.get_by_role("group", name="The failure")
    expect(failure).to_contain_text(record["error"])
    expect(failure.get_by_role("link", name="name_matches")).to_be_visible()
    expect(failure).to_contain_text("2 other runs failed like this in the last 24 hours")
    expect(page.locator(".waterfall")).to_contain_text("failed here")
    expect(page.locator(".waterfall")).to_contain_text("did not run")
    failure.get_by_role("link", name="2 other runs").click()
    expect(page.locator("main[data-screen=executions] [role=grid]")).to_have_attribute("aria-rowcount", "4")


def test_a_stage_that_lost_everything_is_marked(page, server):
    open_run(page, server.ids["nothing"])
    expect(page.locator(".waterfall")).to_contain_text("nothing was found")


@pytest.fixture(scope="module")
def slow(server):
    """A collection in which comparing all documents with each other takes ten seconds: they are
    of the same words in different orders."""
    rng = random.Random(1)
    words = ["%05x" % (n * 2654435761 % 1048573) for n in range(100)]
    server.make_collection("slow", [
        {"document_id": f"d{n}", "text": " ".join(rng.sample(words, len(words)))}
        for n in range(4000)])


def test_a_running_one_becomes_final(page, server, slow):
    body = json.dumps({
        "collection_identifiers": ["slow"], "inputs": {"query": "slow one"},
        "stages": [stage("attribute_filter", "all", field="text", operator="exists", value=True),
                   stage("deduplicate", strategy="content", content_field="text",
                         similarity_threshold=0.9)]})
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall((f"POST /v1/retrievers/execute HTTP/1.1\r\nHost: x\r\n"
                            f"Authorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
                            f"{body}").encode())
        deadline = time.monotonic() + 20
        running = []
        while not running and time.monotonic() < deadline:
            running = server.ok("POST", "/v1/retrievers/executions/list", {"status": "processing"})["results"]
        run = running[0]["execution_id"]
        asked = []
        page.on("response", lambda reply: asked.append(reply.status) if run in reply.url else None)
        open_run(page, run)
        expect(page.locator(".run-head")).to_contain_text("processing")
        expect(page.locator(".run-head")).to_contain_text("still running")
        expect(page.get_by_role("button", name="Delete")).to_be_disabled()
        # Unchanged, asking again costs a status.
        for _ in range(100):
            if 304 in asked:
                break
            page.wait_for_timeout(100)
        assert 304 in asked
    expect(page.locator(".run-head")).to_contain_text("cancelled")
    expect(page.get_by_role("group", name="The failure")).to_contain_text("the client closed the connection")


def test_a_summary_says_what_was_not_recorded(page, server):
    run = server.ok("POST", "/v1/retrievers/execute", {
        "collection_identifiers": ["packages"], "recording": "summary",
        "stages": [stage("attribute_filter", field="name", operator="eq", value="feh")]})["execution_id"]
    open_run(page, run)
    expect(page.locator(".run-stage")).to_contain_text("not recorded (summary)")
    for tab in ("Documents", "Inputs", "Pipeline"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel")).to_contain_text("not recorded (summary)")
    expect(page.get_by_role("link", name="What is recorded")).to_have_attribute("href", "#/default/settings/recording")
    page.get_by_role("button", name="Copy as").click()
    expect(page.get_by_role("menuitem", name="curl")).to_have_attribute("aria-disabled", "true")
    axe(page)


def test_deleting_and_what_is_left_of_it(page, server, guard):
    run = server.execute(["packages"], [stage("attribute_filter", field="name", operator="eq", value="feh")]).json["execution_id"]
    open_run(page, run)
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_role("textbox").fill("delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(r"#/default/executions(\?|$)"))
    assert server.request("GET", f"/v1/retrievers/executions/{run}").status == 404
    guard.allow_status(404, run)
    page.go_back()
    expect(page.locator(".error-box")).to_contain_text("It may have been deleted")
    axe(page)


def test_who_may_not_delete_is_told(open_page, server, reader):
    page = open_page(f"/console#/default/executions/{server.ids['search']}", key=reader)
    button = page.get_by_role("button", name="Delete")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", re.compile("may not delete"))


@pytest.mark.parametrize("form", ["curl", "Python", "trawl execute"])
def test_a_copy_runs(open_page, server, form, tmp_path):
    run = server.ids["viewer"]
    page = open_page(f"/console#/default/executions/{run}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as").click()
    page.get_by_role("menuitem", name=form).click()
    expect(page.locator(".run-said")).to_contain_text(f"Copied as {form}")
    text = page.evaluate("navigator.clipboard.readText()")
    assert KEY not in text
    (tmp_path / "trawl").symlink_to(trawl_server.BINARY)
    command = [sys.executable, "-c", text] if form == "Python" else ["sh", "-c", text]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, env={
        **os.environ, "TRAWL_API_KEY": KEY, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    assert done.returncode == 0, done.stderr
    wanted = [one["document_id"] for one in record_of(server, run)["results"]]
    if form != "Python":
        assert [one["document_id"] for one in json.loads(done.stdout)["documents"]] == wanted
    else:
        found = [name for line in done.stdout.splitlines() for name in wanted if name in line.split()]
        assert found == wanted, done.stdout


def test_a_replay_says_whether_it_is_the_same(page, server):
    open_run(page, server.ids["viewer"])
    page.get_by_role("button", name="Replay").click()
    page.get_by_role("menuitem", name="documents of then").click()
    expect(page.locator(".run-said")).to_contain_text("identical")
    page.get_by_role("link", name="Open the replay").click()
    expect(page.locator(".run-head")).to_contain_text("Replay of")


def test_a_run_is_compared_with_the_one_before(page, server):
    open_run(page, server.ids["viewer_wider"])
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("menuitem", name="of this pipeline shape").click()
    expect(page).to_have_url(re.compile(f"compare/{server.ids['viewer']}/{server.ids['viewer_wider']}"))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    (folder / "trawl.toml").write_text("[ledger]\nboundary_candidates_max = 10000\n")
    server = Server(folder / "data", ["--config", str(folder / "trawl.toml")]).start()
    server.make_collection("many", [{"document_id": f"d{n:05}", "n": n} for n in range(10_000)])
    server.run = server.ok("POST", "/v1/retrievers/execute", {
        "collection_identifiers": ["many"], "limit": 10, "stages": [
            stage("attribute_filter", "all", field="n", operator="gte", value=0),
            stage("sort_attribute", "down", field="n", direction="desc"),
            stage("sort_attribute", "up", field="n", direction="asc"),
            stage("sort_attribute", "again", field="n", direction="desc")]})["execution_id"]
    yield server
    assert server.stop() == 0, "".join(server.log)


NODES = "document.querySelectorAll('*').length"


def test_ten_thousand_candidates_have_an_end(open_page, large):
    page = open_page(f"/console#/default/executions/{large.run}", on=large)
    grid = page.get_by_role("grid", name="Documents after again")
    expect(grid).to_have_attribute("aria-rowcount", "10001")
    expect(grid).to_contain_text("d09999")
    assert page.evaluate(NODES) <= 1200
    grid.focus()
    page.keyboard.press("End")
    # The first thousand came with the record; the rest is loaded when it is wanted.
    expect(grid).not_to_contain_text("d09999")
    for _ in range(100):
        if "d00000" in grid.inner_text():
            break
        page.keyboard.press("End")
        page.wait_for_timeout(100)
    expect(grid).to_contain_text("d00000")
    assert page.evaluate(NODES) <= 1200


def test_the_last_of_forty_thousand_is_found(open_page, large):
    page = open_page(f"/console#/default/executions/{large.run}?tab=documents", on=large)
    grid = page.get_by_role("grid", name="Documents of the run")
    expect(grid).to_have_attribute("aria-rowcount", "10001")
    page.keyboard.press("f")
    page.keyboard.type("d00000")
    expect(grid).to_have_attribute("aria-rowcount", "2")
    row = grid.get_by_role("row").nth(1)
    expect(row).to_contain_text("d00000")
    expect(row).to_contain_text("10,000")
    assert page.evaluate(NODES) <= 1200


def test_a_narrow_window_loses_nothing(open_page, server):
    page = open_page(viewport={"width": 320, "height": 700})
    for tab in ("flow", "documents", "inputs", "pipeline", "raw"):
        open_run(page, server.ids["viewer"], tab=tab)
        expect(page.get_by_role("tab", selected=True)).to_have_text(tab.capitalize())
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, tab


def test_a_copy_does_not_round_large_numbers(open_page, server):
    run = server.execute(["packages"], [
        stage("attribute_filter", field="installed_size", operator="lt", value=9007199254740993)],
        inputs={"id": 1234567890123456789}).json["execution_id"]
    page = open_page(f"/console#/default/executions/{run}", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as").click()
    page.get_by_role("menuitem", name="curl").click()
    expect(page.locator(".run-said")).to_contain_text("Copied as curl")
    text = page.evaluate("navigator.clipboard.readText()")
    assert '"value": 9007199254740993' in text and '"id": 1234567890123456789' in text


def test_rows_of_groups_are_shown_as_rows(page, server):
    run = server.ids["group"]
    record = record_of(server, run)
    open_run(page, run, stage=1)
    grid = page.get_by_role("grid", name="Documents after by_section")
    first = record["stages"][1]["candidates"][0]["written"]
    expect(grid.get_by_role("row").nth(1)).to_contain_text(f"group_key: {first['group_key']}")
    grid.get_by_role("row").nth(1).click()
    expect(page.get_by_role("region", name="Row 1")).to_contain_text(first["group_key"])
    page.get_by_role("tab", name="Documents").click()
    expect(page.get_by_role("grid")).to_contain_text("in a row of by_section")
    expect(page.get_by_role("grid")).not_to_contain_text("dropped by by_section")
