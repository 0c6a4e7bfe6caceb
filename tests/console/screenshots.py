"""Takes the pictures of docs/console.md and the README: of this server's own page, over the
history that `make run` leaves.

    make pictures

Each is a PNG of at most 150 KB, with a palette. They are the only binary files of the project:
what is looked at is told by a picture.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/images"
BYTES_MAX = 150_000
BINARY = os.environ.get("TRAWL_BINARY", str(ROOT / "build/release/trawl"))
ADDRESS = "127.0.0.1:18217"
URL = f"http://{ADDRESS}"


def ask(path, body, key):
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), {
        "Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def start(data_dir):
    server = subprocess.Popen([BINARY, "serve", "--data-dir", data_dir, "--listen", ADDRESS],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            urllib.request.urlopen(URL + "/readyz").close()
            return server
        except OSError:
            if server.poll() is not None:
                sys.exit(f"screenshots.py: {BINARY} did not start on {ADDRESS}")
            time.sleep(0.1)
    sys.exit("screenshots.py: the server is not ready after a minute")


def save(page, name):
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    # 128 colours are enough for a page, and a third of the bytes.
    subprocess.run(["pngquant", "--force", "--strip", "--ext", ".png", "128", str(path)], check=True)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size:,} bytes")
    if size > BYTES_MAX:
        sys.exit(f"screenshots.py: {path} has more than {BYTES_MAX:,} bytes")


def take(page, key):
    def open_at(fragment):
        page.goto(f"{URL}/console#/default/{fragment}")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(700)

    runs = ask("/v1/retrievers/executions/list?limit=100", {}, key)["results"]
    viewers = [run for run in runs if run["query_summary"] == "image viewer"]
    first = viewers[-1]["execution_id"]
    failed = next(run for run in runs if run["status"] == "failed" and run["total_stages"] == 3)
    changed = next(run["execution_id"] for run in viewers if run["total_returned"] and run["execution_id"] != first)
    open_at(f"executions?open={failed['execution_id']}")
    save(page, "console-list")
    open_at(f"executions/{first}?tab=documents")
    save(page, "console-run")
    open_at(f"why/{first}/packages/gwenview")
    save(page, "console-why")
    page.emulate_media(color_scheme="dark")
    open_at(f"compare/{first}/{changed}")
    save(page, "console-compare")


def main(data_dir):
    key = (pathlib.Path(data_dir) / "admin.key").read_text().strip()
    FOLDER.mkdir(parents=True, exist_ok=True)
    server = start(data_dir)
    try:
        with sync_playwright() as playwright:
            arguments = ["--disable-background-networking", "--disable-sync", "--no-first-run"]
            if os.geteuid() == 0:
                arguments.append("--no-sandbox")
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=arguments)
            page = browser.new_page(viewport={"width": 1280, "height": 760}, locale="en-US",
                                    timezone_id="UTC", color_scheme="light")
            page.goto(f"{URL}/console#key={key}")
            page.wait_for_url(lambda url: not re.search("#key=", url))
            take(page, key)
            browser.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
