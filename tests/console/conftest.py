"""The console in a real browser: the server, the pages, and the guard that watches them.

    def test_something(page, server, guard):   # page: signed in, at the list
        page.goto("/console#/default/stats")

Run by run.py inside its virtual environment. Servers are those of the end-to-end tests.
"""

import importlib.util
import json
import os
import pathlib
import re
import sys
import urllib.parse

import pytest
from playwright.sync_api import expect, sync_playwright

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
AXE = ROOT / "build/console/node_modules/axe-core/axe.min.js"

sys.path.insert(0, str(HERE))
import history  # noqa: E402

_SPEC = importlib.util.spec_from_file_location("trawl_server", ROOT / "tests/e2e/conftest.py")
trawl_server = importlib.util.module_from_spec(_SPEC)
sys.modules["trawl_server"] = trawl_server
_SPEC.loader.exec_module(trawl_server)

KEY = trawl_server.KEY
Server = trawl_server.Server
# Ends what a failed test left running.
pytest_sessionfinish = trawl_server.pytest_sessionfinish

USER = "ada@example.org"
# How long the page may take to show something. Nothing is timed: it is when a test gives up.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One server with history.py's history for all tests that only look, or add. Its `ids`
    are those of history.run_examples(). What deletes or changes takes `own_server`."""
    server = Server(tmp_path_factory.mktemp("console") / "data").start()
    server.ids = history.fill(server)
    yield server
    assert server.stop() == 0, "".join(server.log)


@pytest.fixture
def own_server(data_dir):
    """An empty server of the test's own; history.fill() fills it."""
    server = Server(data_dir, ["--log-level", "debug"]).start()
    yield server
    if server.process is not None:
        assert server.stop() == 0, "".join(server.log)


data_dir = trawl_server.data_dir


def url_of(server):
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="session")
def make_key(server):
    """make_key("name", ["read"]) makes a key of the shared server and returns its secret."""
    def make(name, permissions, on=server, **fields):
        return on.ok("POST", f"/v1/organizations/users/{USER}/api-keys",
                     {"name": name, "permissions": permissions, **fields})["key"]
    return make


@pytest.fixture(scope="session")
def reader(make_key):
    """A key that may only read."""
    return make_key("reader", ["read"])


@pytest.fixture(scope="session")
def browser():
    arguments = ["--disable-background-networking", "--disable-component-update",
                 "--disable-sync", "--no-first-run"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium refuses to run as root with it.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=arguments)
        yield browser
        browser.close()


class Guard:
    """Fails a test for what no page may do: errors in the console, reports of the policy,
    requests to another origin, and replies of 4xx or 5xx that the test does not expect."""

    def __init__(self):
        self.found = []
        self.allowed_statuses = []
        self.allowed_messages = []

    def allow_status(self, status, path="."):
        """Replies with this status, where `path` (a regular expression) is in the target."""
        self.allowed_statuses.append((status, re.compile(path)))

    def allow_message(self, pattern):
        """Messages in the console that match, such as those of a server that was stopped."""
        self.allowed_messages.append(re.compile(pattern))

    def watch(self, context, origin):
        # Violations are errors in the console, too, but not all of them.
        context.add_init_script("""
            document.addEventListener('securitypolicyviolation', (event) => console.error(
              `policy: ${event.violatedDirective} forbids ${event.blockedURI || event.sample}`));
        """)
        context.on("console", self.on_message)
        context.on("weberror", lambda error: self.note("message", str(error.error)))
        context.on("request", lambda request: self.on_request(request, origin))
        context.on("response", self.on_response)

    def on_message(self, message):
        # What follows from a status is told by the status.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.note("message", message.text)

    def on_request(self, request, origin):
        parts = urllib.parse.urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != origin:
            self.note("request to another origin", request.url)

    def on_response(self, response):
        if response.status >= 400:
            self.note("status", (response.status, response.request.method, response.url))

    def note(self, kind, what):
        self.found.append((kind, what))

    def is_allowed(self, kind, what):
        if kind == "message":
            return any(pattern.search(what) for pattern in self.allowed_messages)
        if kind == "status":
            return any(what[0] == status and path.search(what[2])
                       for status, path in self.allowed_statuses)
        return False

    def check(self):
        bad = [f"{kind}: {what}" for kind, what in self.found if not self.is_allowed(kind, what)]
        assert not bad, "\n".join(["the page did what it may not:", *bad])


@pytest.fixture
def guard():
    guard = Guard()
    yield guard
    guard.check()


@pytest.fixture
def open_page(browser, guard, server):
    """open_page(path, key=KEY, on=server, …) opens a page in a profile of its own; with a key
    it is signed in. What is left goes to browser.new_context()."""
    contexts = []

    def open_one(path="/console", key=KEY, on=server, **options):
        settings = {"locale": "en-US", "timezone_id": "UTC", "reduced_motion": "reduce",
                    "viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(base_url=url_of(on), **settings)
        contexts.append(context)
        guard.watch(context, url_of(on))
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        if key is not None:
            # As the link of `make run` does; then to where the test wants to be.
            page.goto(f"/console#key={urllib.parse.quote(key)}")
            # Not by wait_for_function: it evaluates text, which the policy forbids.
            expect(page).not_to_have_url(re.compile("#key="))
        if key is None or path != "/console":
            page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page):
    """Signed in with the administrator's key, at the list of executions."""
    page = open_page()
    page.locator("main[data-screen=executions]").wait_for()
    return page


def axe(page, themes=("light", "dark"), leave_out=()):
    """Asserts that axe-core finds nothing wrong with what the page shows, in both themes.
    `leave_out` names selectors that are not looked at; say why where you use it."""
    assert AXE.exists(), f"{AXE} is missing; scripts/console installs it"
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE.read_text())
    wrong = []
    for theme in themes:
        page.emulate_media(color_scheme=theme)
        found = page.evaluate(
            """async (leftOut) => {
                 await document.fonts.ready;
                 const found = await axe.run(leftOut.length ? {exclude: leftOut} : document,
                                             {resultTypes: ['violations']});
                 return found.violations.map(({id, help, nodes}) => ({
                   id, help, nodes: nodes.slice(0, 5).map((node) =>
                     `${node.target.join(' ')}: ${node.failureSummary}`)}));
               }""", [[selector] for selector in leave_out])
        wrong += [f"{theme}: {one['id']}: {one['help']}\n    " + "\n    ".join(one["nodes"])
                  for one in found]
    assert not wrong, "\n".join(wrong)


class Held:
    """Requests to what matches wait from now on, until release() lets them and all that come
    later go on."""

    def __init__(self, page, pattern):
        self.routes = []
        self.go_on = None
        page.route(pattern, self.on_route)

    def on_route(self, route):
        if self.go_on is None:
            self.routes.append(route)
        else:
            self.go_on(route)

    def release(self, go_on=lambda route: route.continue_()):
        self.go_on = go_on
        for route in self.routes:
            go_on(route)


def api(page_or_server, method, path, body=None, key=KEY):
    """What the API says, to be compared with what the page shows."""
    return page_or_server.ok(method, path, body, key=key)


def bodies_of(page, part):
    """Collects the bodies of the requests whose URL holds `part`, from now on."""
    bodies = []

    def on_request(request):
        if part in request.url and request.post_data:
            bodies.append(json.loads(request.post_data))

    page.on("request", on_request)
    return bodies
