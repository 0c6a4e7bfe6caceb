"""Waits until a page has nothing more to ask and has drawn the answers, however it goes about it."""

import time

import conftest

# These are answered as long as they last.
STREAMS = ("/tail", "/events")


class Quiet:
    """Counts what is under way, from now on."""

    def __init__(self, page):
        self.page = page
        self.under_way = set()
        page.on("request", self.on_request)
        for event in ("requestfinished", "requestfailed"):
            page.on(event, self.on_end)

    def on_request(self, request):
        if not any(stream in request.url for stream in STREAMS):
            self.under_way.add(request)

    def on_end(self, request):
        self.under_way.discard(request)

    def wait(self):
        """Nothing is under way, and nothing was begun while the page drew itself."""
        until = time.monotonic() + conftest.PATIENCE_MS / 1000
        calm = 0
        while calm < 3:
            assert time.monotonic() < until, (
                f"still asking: {sorted(one.url for one in self.under_way)}")
            self.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            calm = 0 if self.under_way else calm + 1
