#!/usr/bin/env python3
"""How quick the console is, in Chromium, as ratios to what the same browser does without it.

    bench/console/measure.py                      the checkout's release binary
    bench/console/measure.py --binary build/debug/trawl --rounds 5

  first row      from the navigation to the first row on the screen, in a new profile, against a
                 bare page that draws the same reply by hand and loads its chart first (bare.js);
                 both in turn, through the same small proxy, which has the files of both
  open a run     of 4 × 10,000 candidates, from the change of the address to its first candidate,
                 against fetching and parsing its whole record
  next row       from the key to the next run in the pane beside the list, its record prefetched,
                 against two frames of the same page at rest
  scrolling      the worst frame of 120 through 10,000 documents of that run, against the
                 median frame of the same page at rest; and the most DOM nodes
  heap           of the list with 10,000 rows loaded, after a collection
  requests       up to that of the first row, and calls for a change of the filter

Medians of all rounds. A table on a terminal, JSON elsewhere; progress on standard error. Exit
status 1 when a goal is missed. Playwright is that of tests/console, in build/console-tests.
"""

import argparse
import gzip
import http.client
import http.server
import importlib.util
import json
import os
import pathlib
import statistics
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CHART = ROOT / "build/console/node_modules/uplot/dist/uPlot.iife.min.js"


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


try:
    from playwright.sync_api import sync_playwright
except ImportError:
    environment = load("console_run", ROOT / "tests/console/run.py")
    python = environment.make_environment(ROOT / "build/console-tests")
    os.execv(python, [str(python), *sys.argv])

# What the page is built to keep; milliseconds are those of an idle machine.
GOALS = {
    "first row / a bare page": 1.1,
    "open a run / fetching its record": 3,
    "worst frame (ms)": 50,
    "DOM nodes": 1200,
    "heap with 10,000 rows (MB)": 60,
    "next row (ms)": 50,
    "files that the first row needs": 3,
    "calls up to that of the first row": 1,
    "calls for a change of the filter": 2,
}
ROWS = 10_000

# Notes when the first row of either page has been painted: the task after the frame that has it.
NOTE_FIRST_ROW = """
  sessionStorage.setItem('trawl.key', %s);
  const observer = new MutationObserver(() => {
    if (!document.querySelector('[role=grid] [role=row][aria-rowindex="2"], tbody tr')) return;
    observer.disconnect();
    requestAnimationFrame(() => { const port = new MessageChannel();
      port.port1.onmessage = () => { window.firstRow = performance.now(); };
      port.port2.postMessage(0); });
  });
  observer.observe(document, {childList: true, subtree: true});
"""

# Resolves once `selector` matches an element whose text holds `text`, after `begin()`.
UNTIL = """
  ([start, selector, text]) => new Promise((done) => {
    const is = () => [...document.querySelectorAll(selector)].some((one) => one.textContent.includes(text));
    const begin = performance.now();
    const observer = new MutationObserver(() => { if (!is()) return; observer.disconnect();
      requestAnimationFrame(() => { const port = new MessageChannel();
        port.port1.onmessage = () => done(performance.now() - begin); port.port2.postMessage(0); }); });
    observer.observe(document, {childList: true, subtree: true, characterData: true, attributes: true});
    if (start.hash) location.hash = start.hash;
    if (start.key) document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: start.key, bubbles: true}));
  })
"""

FETCH = """
  async ([path, key]) => {
    const begin = performance.now();
    await (await fetch(path, {headers: {Authorization: `Bearer ${key}`}})).json();
    return performance.now() - begin;
  }
"""

# Frames while something scrolls by `step` pixels each: [times, most nodes].
SCROLL = """
  ([selector, step, frames]) => new Promise((done) => {
    const box = selector ? document.querySelector(selector) : null;
    const times = [];
    let last = 0, nodes = 0, left = frames;
    const frame = (now) => {
      if (last) times.push(now - last);
      last = now;
      nodes = Math.max(nodes, document.querySelectorAll('*').length);
      if (left-- === 0) { done([times, nodes]); return; }
      if (box) box.scrollTop += step;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })
"""


def say(text):
    print(text, file=sys.stderr, flush=True)


class Proxy(http.server.BaseHTTPRequestHandler):
    """Serves the bare page below /bare, and everything else from the server: one origin. Files of
    either page come from its memory, so that neither waits longer for them than the other."""

    protocol_version = "HTTP/1.1"
    port = 0
    files = {}
    console = {}  # Replies of the server by path and what the browser takes.
    upstream = threading.local()

    def answer(self):
        if self.path.startswith("/bare"):
            kind, body = self.files[self.path]
            self.send(200, [("Content-Type", kind), ("Content-Encoding", "gzip")], body)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        wanted = (self.path, self.headers.get("Accept-Encoding"))
        if wanted in self.console:
            self.send(*self.console[wanted])
            return
        if not hasattr(self.upstream, "connection"):
            self.upstream.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in ("host", "connection")}
        self.upstream.connection.request(self.command, self.path, body, headers)
        reply = self.upstream.connection.getresponse()
        answer = (reply.status, [pair for pair in reply.getheaders() if pair[0].lower() not in (
            "content-length", "transfer-encoding", "connection")], reply.read())
        if self.path.startswith("/console") and reply.status == 200:
            self.console[wanted] = answer
        self.send(*answer)

    do_GET = do_POST = answer

    def send(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # A page that was closed takes no reply.


def serve_both(port):
    """The proxy's own port."""
    def packed(path):
        return gzip.compress(path.read_bytes(), 9)

    Proxy.port = port
    Proxy.files = {
        "/bare": ("text/html", packed(HERE / "bare.html")),
        "/bare/bare.css": ("text/css", packed(HERE / "bare.css")),
        "/bare/bare.js": ("text/javascript", packed(HERE / "bare.js")),
        "/bare/chart.js": ("text/javascript", packed(CHART))}
    server = QuietServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def fill(server, e2e, history):
    """A run of 4 × 10,000 candidates, and a list of as many executions; the run's id."""
    server.make_collection("many", [{"document_id": f"d{n:05}", "n": n} for n in range(ROWS)])
    order = [e2e.stage("sort_attribute", name, field="n", direction=direction)
             for name, direction in (("down", "desc"), ("up", "asc"), ("again", "desc"))]
    run = server.execute(["many"], [
        e2e.stage("attribute_filter", "all", field="n", operator="gte", value=0), *order],
        limit=10).json["execution_id"]
    lines = history.imported()
    copies = [{**one, "execution_id": f"{one['execution_id']}_{copy}"}
              for copy in range(ROWS // len(lines) + 1) for one in lines]
    report = server.ok("POST", "/v1/retrievers/executions/import",
                       "".join(json.dumps(one) + "\n" for one in copies))
    assert report["failed_count"] == 0, report
    return run


class Measure:
    def __init__(self, browser, origin, key):
        self.browser, self.origin, self.key = browser, origin, key

    def page(self, width=1280):
        context = self.browser.new_context(
            base_url=self.origin, viewport={"width": width, "height": 800}, reduced_motion="reduce",
            locale="en-US", timezone_id="UTC")
        context.add_init_script(NOTE_FIRST_ROW % json.dumps(self.key))
        return context.new_page()

    def first_row(self, path):
        """Milliseconds, and how many files and calls were begun up to the one that the first
        row needs; what is begun beside it, or after it, does not hold it up."""
        page = self.page()
        page.goto(path)
        found = page.evaluate("""() => new Promise((done) => {
            const look = () => (window.firstRow ? done(window.firstRow) : setTimeout(look, 5));
            look();
          })""")
        begun = page.evaluate("""() => {
            const all = performance.getEntriesByType('resource');
            const rows = all.find((one) => one.name.includes('/executions/list')).startTime;
            return all.filter((one) => one.startTime <= rows).map((one) => one.name);
          }""")
        calls = sum("/v1/" in name for name in begun)
        page.context.close()
        return found, len(begun) - calls + 1, calls  # The page itself is a file.

    def open_run(self, run):
        """Milliseconds to the first candidate, and of fetching and parsing the whole record."""
        page = self.page()
        page.goto("/console#/default/stats")
        page.locator("main[data-screen=stats]").wait_for()
        page.wait_for_load_state("networkidle")
        opened = page.evaluate(UNTIL, [{"hash": f"#/default/executions/{run}"}, "[role=gridcell]",
                                       "d09999"])
        fetched = page.evaluate(FETCH, [f"/v1/retrievers/executions/{run}", self.key])
        page.context.close()
        return opened, fetched

    def scroll(self, run):
        page = self.page()
        page.goto(f"/console#/default/executions/{run}?tab=documents")
        grid = '[role=grid][aria-label="Documents of the run"]'
        page.locator(f"{grid}[aria-rowcount='{ROWS + 1}']").wait_for()
        page.wait_for_load_state("networkidle")
        rest, _ = page.evaluate(SCROLL, [None, 0, 120])
        times, nodes = page.evaluate(SCROLL, [grid, 2300, 120])
        page.context.close()
        return max(times), statistics.median(rest), nodes

    def next_row(self):
        """From the key to the next run in the pane, ten times in one page."""
        page = self.page()
        page.goto("/console#/default/executions")
        rows = page.locator("[role=grid] [role=row]")
        rows.nth(1).wait_for()
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.locator("aside.run-pane").wait_for()
        times = []
        for _ in range(10):
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(400)  # The record of the next row is fetched meanwhile.
            before = page.locator("aside.run-pane").get_attribute("aria-label")
            times.append(page.evaluate("""
              (before) => new Promise((done) => {
                const begin = performance.now();
                const observer = new MutationObserver(() => {
                  const pane = document.querySelector('aside.run-pane');
                  if (!pane || pane.getAttribute('aria-label') === before || !pane.querySelector('[role=tabpanel]')) return;
                  observer.disconnect();
                  requestAnimationFrame(() => { const port = new MessageChannel();
                    port.port1.onmessage = () => done(performance.now() - begin); port.port2.postMessage(0); });
                });
                observer.observe(document, {childList: true, subtree: true, attributes: true});
                (document.activeElement ?? document.body).dispatchEvent(
                  new KeyboardEvent('keydown', {key: 'j', bubbles: true, cancelable: true}));
              })""", before))
        page.context.close()
        return statistics.median(times)

    def heap(self):
        """Megabytes of the list with ROWS rows, in pages of 1,000 where it takes them so."""
        page = self.page()
        page.goto("/console#/default/executions")
        grid = "main [role=grid]"
        page.locator(f"{grid} [role=row]").nth(1).wait_for()
        for _ in range(400):
            loaded = page.evaluate(
                "(grid) => { const box = document.querySelector(grid); box.scrollTop = box.scrollHeight;"
                " return Math.round(box.querySelector('.grid-body').offsetHeight / 28); }", grid)
            if loaded >= ROWS:
                break
            page.wait_for_timeout(50)
        assert loaded >= ROWS, f"only {loaded} rows were loaded"
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.enable")
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        page.context.close()
        return metrics["JSHeapUsedSize"] / 1e6

    def filter_requests(self):
        page = self.page()
        page.goto("/console#/default/executions?start_time=-24h")
        page.locator("main [role=grid] [role=row]").nth(1).wait_for()
        page.wait_for_load_state("networkidle")
        begun = []
        page.on("request", lambda request: "/v1/" in request.url and begun.append(request.url))
        page.evaluate("location.hash = '#/default/executions?start_time=-24h&status=failed'")
        page.wait_for_timeout(200)
        page.wait_for_load_state("networkidle")
        page.context.close()
        return len(begun)


def measure(measure, run, rounds):
    first, bare, opened, fetched, files, calls = [], [], [], [], [], []
    worst, rest, nodes, following = [], [], [], []
    measure.first_row("/console")  # The proxy has its files from now on.
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        # In turn, and each first every other time.
        for path in ("/console", "/bare") if number % 2 else ("/bare", "/console"):
            milliseconds, of_files, of_calls = measure.first_row(path)
            (first if path == "/console" else bare).append(milliseconds)
            if path == "/console":
                files.append(of_files)
                calls.append(of_calls)
        one, other = measure.open_run(run)
        opened.append(one)
        fetched.append(other)
        if number < 5:
            one, other, count = measure.scroll(run)
            worst.append(one)
            rest.append(other)
            nodes.append(count)
            following.append(measure.next_row())
    median = statistics.median
    say("the heap")
    return {
        "first row (ms)": median(first), "a bare page (ms)": median(bare),
        "first row / a bare page": median(first) / median(bare),
        "open a run (ms)": median(opened), "fetching its record (ms)": median(fetched),
        "open a run / fetching its record": median(opened) / median(fetched),
        "next row (ms)": median(following),
        "worst frame (ms)": median(worst), "worst frame / a frame at rest": median(worst) / median(rest),
        "DOM nodes": max(nodes),
        "heap with 10,000 rows (MB)": measure.heap(),
        "files that the first row needs": max(files),
        "calls up to that of the first row": max(calls),
        "calls for a change of the filter": measure.filter_requests(),
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/trawl"))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="also on a terminal")
    arguments = parser.parse_args()
    if not CHART.exists():
        sys.exit(f"measure.py: {CHART} is missing; scripts/console installs it")
    os.environ["TRAWL_BINARY"] = os.path.abspath(arguments.binary)
    e2e = load("trawl_server", ROOT / "tests/e2e/conftest.py")
    history = load("console_history", ROOT / "tests/console/history.py")

    with tempfile.TemporaryDirectory(prefix="trawl-bench-") as folder:
        settings = pathlib.Path(folder) / "trawl.toml"
        settings.write_text("[ledger]\nboundary_candidates_max = 10000\n")
        server = e2e.Server(f"{folder}/data", ["--config", str(settings)]).start()
        try:
            say("filling a server")
            run = fill(server, e2e, history)
            origin = f"http://127.0.0.1:{serve_both(server.port)}"
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
                    args=["--disable-background-networking", "--disable-component-update",
                          "--disable-sync", "--no-first-run",
                          *(["--no-sandbox"] if os.geteuid() == 0 else [])])
                figures = measure(Measure(browser, origin, e2e.KEY), run, arguments.rounds)
                browser.close()
        finally:
            server.stop()

    missed = [name for name, most in GOALS.items() if figures[name] > most]
    if arguments.json or not sys.stdout.isatty():
        print(json.dumps({"figures": figures, "goals": GOALS, "missed": missed}, indent=2))
    else:
        for name, value in figures.items():
            goal = f"  at most {GOALS[name]}{'  MISSED' if name in missed else ''}" if name in GOALS else ""
            print(f"{name:40} {value:10.2f}{goal}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
