"""A change is tried on many executions."""

import json
import urllib.parse

import pytest
from playwright.sync_api import expect

import history
from conftest import api, axe

JOBS = "/v1/retrievers/executions/replay-jobs"
CHANGE = [{"op": "replace", "path": "/stages/3/config/parameters/limit", "value": 2}]


@pytest.fixture(scope="module")
def many(server):
    """Twelve executions with a label of their own."""
    return [server.ok("POST", "/v1/retrievers/execute", {
        **history.example("filter_sort", query=query), "labels": {"batch": "jobs"}})["execution_id"]
        for query in ["image viewer", "window manager", "viewer", "command"] for _ in range(3)]


def test_a_job_from_its_form_to_its_report(page, server, many):
    change = urllib.parse.quote(json.dumps(CHANGE))
    page.goto(f"/console#/default/jobs?new=1&labels.batch=jobs&set={change}")
    expect(page.get_by_text("stage 3: limit = 2")).to_be_visible()
    expect(page.get_by_text("12 executions match.")).to_be_visible()
    axe(page)
    # Of those that match, the newest five.
    page.get_by_label("At most, the newest ones first").fill("5")
    expect(page.get_by_text("12 match; the newest 5 are run again")).to_be_visible()
    page.get_by_role("button", name="Run them again").click()
    page.wait_for_url("**/jobs/job_*")
    expect(page.get_by_text("completed", exact=False).first).to_be_visible()
    job = api(server, "GET", f"{JOBS}/latest")
    assert job["job_id"] in page.url and job["total"] == 5 and job["set"] == CHANGE
    expect(page.get_by_text(job["sentence"], exact=True)).to_be_visible()
    assert job["results_changed"] == 5
    changed = page.get_by_role("region", name="Executions that changed most").locator("tbody tr")
    expect(changed).to_have_count(5)
    for row, item in zip(changed.all(), job["report"]["most_changed"]):
        expect(row).to_contain_text(item["execution_id"])
        expect(row).to_contain_text("first_ten: count")
    expect(changed.first).to_contain_text("command")
    axe(page)
    page.get_by_label("List the executions").select_option("that are the same")
    expect(page.get_by_text("There are none")).to_be_visible()
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    # One of them beside its replay.
    page.get_by_role("button", name="run and compare").first.click()
    page.wait_for_url("**/compare/**")
    expect(page.get_by_role("list", name="What differs in the pipelines")).to_contain_text("limit 10 → 2")
    page.goto("/console#/default/jobs")
    expect(page.get_by_role("region", name="Jobs, newest first").locator("tbody tr").first).to_contain_text("batch=jobs")


def test_a_wrong_change_is_refused_at_its_field(page, many, guard):
    guard.allow_status(422, JOBS)
    page.goto("/console#/default/jobs?new=1&labels.batch=jobs")
    field = page.get_by_label("What is set in each pipeline")
    field.fill("{")
    expect(page.get_by_text("This is no JSON patch yet")).to_be_visible()
    expect(page.get_by_role("button", name="Run them again")).to_be_disabled()
    field.fill('[{"op": "replace", "path": "stages", "value": 1}]')
    page.get_by_role("button", name="Run them again").click()
    expect(page.get_by_role("alert").first).to_contain_text("'stages' is no JSON pointer")
    assert "/jobs?new=1" in page.url
