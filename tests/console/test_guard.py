"""The guard of conftest.py notices what it is there for; without that the others prove little."""

import pytest

from conftest import Guard, url_of


@pytest.fixture
def watched(browser, server):
    """A page that is watched by a guard of its own, whose findings are asked for."""
    context = browser.new_context(base_url=url_of(server))
    guard = Guard()
    guard.watch(context, url_of(server))
    page = context.new_page()
    page.goto("/console")
    page.wait_for_load_state("networkidle")
    assert guard.found == []
    yield page, guard
    context.close()


@pytest.mark.parametrize("what, script", [
    ("message", "console.error('wrong')"),
    ("message", "setTimeout(() => { throw new Error('wrong'); })"),
    ("message", "Promise.reject(new Error('wrong')) && 0"),
    ("message", "document.body.innerHTML = '<b>markup</b>'"),
    ("message", "document.body.setAttribute('style', 'color: red')"),
    ("message", "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))"),
    ("message", "fetch('http://127.0.0.1:9/').catch(() => 0)"),
    ("message", "new Image().src = 'http://127.0.0.1:9/a.png'"),
    ("request to another origin", "document.body.append(Object.assign("
     "document.createElement('a'), {href: 'http://127.0.0.1:9/', id: 'away'})), "
     "document.getElementById('away').click()"),
    ("status", "fetch('/v1/namespaces').then(() => 0)"),
])
def test_it_notices(watched, what, script):
    page, guard = watched
    page.evaluate(f"() => {{ try {{ {script} }} catch {{ /* The policy threw. */ }} }}")
    for _ in range(100):
        if guard.found:
            break
        page.wait_for_timeout(50)
    assert what in [kind for kind, _ in guard.found], guard.found
    with pytest.raises(AssertionError):
        guard.check()


def test_what_is_allowed_is_not_held_against_a_page(watched):
    page, guard = watched
    guard.allow_status(401, "/v1/namespaces")
    guard.allow_message("^expected$")
    page.evaluate("() => fetch('/v1/namespaces').then(() => console.error('expected'))")
    page.wait_for_load_state("networkidle")
    guard.check()
