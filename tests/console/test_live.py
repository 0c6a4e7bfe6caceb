"""Scenario 5: the list follows what is executed, and loses nothing when the server is killed."""

import json
import re
import time

from playwright.sync_api import expect

import history

# Nothing is timed, but the promise is two seconds: this is when a test gives up.
SOON_MS = 15_000


def execute(server, query):
    return server.ok("POST", "/v1/retrievers/execute", history.example("search", query=query))["execution_id"]


def ids(page):
    """The ids of the rows that are drawn."""
    rows = page.get_by_role("grid", name="Executions").locator(".grid-body [role=row]")
    return [one.partition(":")[2] for one in rows.evaluate_all("all => all.map((one) => one.id)")]


def top(page, wanted):
    page.wait_for_function("(id) => document.querySelector('.grid-body [role=row]')?.id === `Executions:${id}`", arg=wanted, timeout=SOON_MS)


def filled(server):
    server.make_collection("packages", history.packages()[:50], features=[{
        "feature_uri": "trawl://bm25@v1/text", "fields": ["name", "summary"]}])
    lines = "".join(json.dumps(one) + "\n" for one in history.imported()[:300])
    server.ok("POST", "/v1/retrievers/executions/import", lines)


def test_what_is_executed_comes_at_the_top_and_survives_a_kill(own_server, open_page, guard):
    guard.allow_message("ERR_|net::|network error")
    filled(own_server)
    page = open_page("/console#/default/executions?start_time=-24h&live=1", on=own_server)
    expect(page.locator(".live-state")).to_have_text("following")
    first = execute(own_server, "image viewer")
    top(page, first)
    second = execute(own_server, "web browser")
    top(page, second)

    # Further down nothing moves, and what is new is counted.
    page.evaluate("document.querySelector('[role=grid]').scrollTop = 2000")
    page.wait_for_function("() => document.querySelector('.grid-body [role=row]').getAttribute('aria-rowindex') > 20")
    before = ids(page)
    more = [execute(own_server, f"office {number}") for number in range(3)]
    expect(page.locator(".live-pill")).to_contain_text("3 new")
    assert ids(page) == before
    assert page.evaluate("document.querySelector('[role=grid]').scrollTop") == 2000

    # Killed and started again: the banner, and then what was missed, each once.
    port = own_server.port
    own_server.kill()
    expect(page.locator(".banner")).to_be_visible()
    own_server.start(port=port)
    more += [execute(own_server, f"after {number}") for number in range(2)]
    expect(page.locator(".live-pill")).to_contain_text("5 new", timeout=60_000)
    expect(page.locator(".banner")).to_have_count(0)
    page.locator(".live-pill").click()
    top(page, more[-1])
    drawn = ids(page)
    assert drawn[:7] == [*reversed(more), second, first]
    assert len(set(drawn)) == len(drawn)


def test_live_needs_a_range_that_reaches_to_now(page):
    page.evaluate("location.hash = '#/default/executions?start_time=-24h&end_time=-1h'")
    switch = page.get_by_role("button", name="live")
    expect(switch).to_have_attribute("aria-disabled", "true")
    expect(switch).to_have_attribute("title", re.compile("reaches to now"))


def test_a_hidden_page_closes_its_stream(own_server, open_page):
    filled(own_server)
    page = open_page(on=own_server)
    page.locator(".list").wait_for()
    page.clock.install()
    page.get_by_role("button", name="live").click()
    expect(page.locator(".live-state")).to_have_text("following")
    page.evaluate("""() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }""")
    page.clock.fast_forward(31_000)
    expect(page.locator(".live-state")).to_have_text("paused")
    missed = execute(own_server, "image viewer")
    page.evaluate("""() => {
      Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }""")
    for _ in range(100):
        page.clock.run_for(300)
        if ids(page)[:1] == [missed]:
            break
        time.sleep(0.1)
    assert ids(page)[0] == missed


def test_a_run_becomes_final_in_its_row(own_server, open_page):
    filled(own_server)
    page = open_page("/console#/default/executions?start_time=-24h&status=processing&live=1", on=own_server)
    expect(page.locator(".live-state")).to_have_text("following")
    expect(page.get_by_text("No execution matches this filter.")).to_be_visible()

    def row(event, **fields):
        data = {"execution_id": "exec_running", "execution_mode": "adhoc", "timestamp": "2026-11-30T00:00:00.000000Z", "duration_ms": 0,
                "credits_used": 0, "total_processed": 0, "total_returned": 0, "cache_hit_rate": None, "query_summary": "slow one",
                "stages_completed": 0, "total_stages": 1, "collection_ids": None, **fields}
        return f"event: {event}\nid: {event}\ndata: {json.dumps(data)}\n\n"

    # The stream as the server sends it, told here: a run that is caught at work would be a matter of luck.
    page.route("**/executions/tail**", lambda route: route.fulfill(
        content_type="text/event-stream",
        body=row("execution_started", status="processing") + row("execution_ended", status="completed", total_returned=4, duration_ms=1500)
        + row("execution_ended", execution_id="exec_other", status="completed")
        + 'event: dropped\ndata: {"count": 7, "since": "x"}\n\n'))
    page.get_by_role("button", name="live").click()
    page.get_by_role("button", name="live").click()
    expect(page.locator("[id='Executions:exec_running']")).to_contain_text("completed")
    expect(page.locator("[id='Executions:exec_running']")).to_contain_text("1.5 s")
    expect(page.locator("[id='Executions:exec_other']")).to_have_count(0)
    expect(page.get_by_text("7 executions went by too quickly")).to_be_visible()
