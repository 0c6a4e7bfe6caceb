"""GET /console and its files, as they come out of the binary. tests/console uses the page."""

import gzip
import http.client
import re
import shutil
import subprocess

import pytest

# As browsers ask.
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def ask(library):
    """A request without a key, whose body is bytes."""

    def send(path, method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", library.port, timeout=60)
        try:
            connection.request(method, path, headers={
                name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            response.body = response.read()
            return response
        finally:
            connection.close()

    return send


@pytest.fixture(scope="module", autouse=True)
def is_there(ask):
    if ask("/console").status == 404:
        pytest.skip("the binary was built without its console")


@pytest.fixture(scope="module")
def files(ask):
    """The paths that the page names, and those that its scripts do."""
    found, queue = set(), ["/console"]
    while queue:
        path = queue.pop()
        text = ask(path).body.decode()
        for name in re.findall(r"[\w.-]+-[0-9a-f]{12}\.(?:js|css)\b", text):
            if f"/console/{name}" not in found:
                found.add(f"/console/{name}")
                queue.append(f"/console/{name}")
    return sorted(found)


def test_browsers_are_sent_to_the_console(ask):
    reply = ask("/", **BROWSER)
    assert (reply.status, reply.getheader("Location")) == (302, "/console")
    assert "Accept" in reply.getheader("Vary").split(", ")
    # Programs get the list of places, with it.
    assert b'"console":"/console"' in ask("/").body


def test_the_page_runs_its_own_scripts_alone(ask):
    reply = ask("/console")
    assert reply.status == 200
    assert reply.getheader("Content-Type") == "text/html; charset=utf-8"
    assert reply.getheader("Cache-Control") == "no-cache"
    policy = dict(part.strip().partition(" ")[::2]
                  for part in reply.getheader("Content-Security-Policy").split(";"))
    assert policy == {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'",
        "connect-src": "'self'", "img-src": "'self' data:", "base-uri": "'none'",
        "form-action": "'none'", "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'", "trusted-types": "'none'"}
    assert reply.getheader("Referrer-Policy") == "no-referrer"
    assert reply.getheader("X-Content-Type-Options") == "nosniff"
    assert reply.getheader("Cross-Origin-Opener-Policy") == "same-origin"
    # Nothing inline, which the policy would refuse, and no other host.
    page = reply.body.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?://", page)


def test_its_files_are_beside_it_below_any_path(ask):
    # Relative, so that a proxy may serve it as /trawl/console.
    named = re.findall(r'(?:src|href)="([^"]*)"', ask("/console").body.decode())
    assert all(name.startswith(("console/", "data:")) for name in named), named
    reply = ask("/console/")
    assert (reply.status, reply.getheader("Location")) == (308, "../console")


def test_what_is_named_by_its_content_is_kept_for_ever(ask, files):
    assert any(name.endswith(".js") for name in files)
    assert any(name.endswith(".css") for name in files)
    for path in files:
        reply = ask(path)
        assert reply.status == 200, path
        assert reply.getheader("Cache-Control") == "public, max-age=31536000, immutable"
        assert reply.getheader("X-Content-Type-Options") == "nosniff"
        kind = "text/javascript" if path.endswith(".js") else "text/css"
        assert reply.getheader("Content-Type") == f"{kind}; charset=utf-8"


def unpacked(coding, body):
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "zstd":
        return subprocess.run(["zstd", "-dc"], input=body, capture_output=True, check=True).stdout
    return body


def test_every_coding_unpacks_to_the_same(ask, files):
    assert shutil.which("zstd"), "install zstd, as scripts/setup does"
    for path in ["/console", "/console/licences.txt", *files]:
        plain = ask(path)
        assert plain.getheader("Content-Encoding") is None
        tags = {plain.getheader("ETag")}
        for coding in ("gzip", "zstd"):
            reply = ask(path, Accept_Encoding=coding)
            assert reply.getheader("Content-Encoding") == coding
            assert "Accept-Encoding" in reply.getheader("Vary").split(", ")
            assert unpacked(coding, reply.body) == plain.body, (path, coding)
            tags.add(reply.getheader("ETag"))
        assert len(tags) == 3, "a strong tag names the bytes of one coding"
        assert not any(tag.startswith("W/") for tag in tags)


@pytest.mark.parametrize("accepted, coding", [
    ("gzip, deflate, br, zstd", "zstd"), ("gzip, deflate", "gzip"), ("br", None),
    ("gzip;q=0.2, zstd;q=0", "gzip"), ("identity", None), ("*", "gzip")])
def test_the_client_chooses_the_coding(ask, accepted, coding):
    assert ask("/console", Accept_Encoding=accepted).getheader("Content-Encoding") == coding


def test_what_is_known_is_not_sent_again(ask, files):
    for path in ["/console", files[0]]:
        tag = ask(path, Accept_Encoding="gzip").getheader("ETag")
        for known in (tag, f'"other", {tag}', "*"):
            reply = ask(path, Accept_Encoding="gzip", If_None_Match=known)
            assert (reply.status, reply.body) == (304, b"")
            assert reply.getheader("ETag") == tag
        # The tag of another coding is another file's.
        assert ask(path, If_None_Match=tag).status == 200


def test_a_head_tells_the_length(ask, files):
    for path in ["/console", files[0]]:
        got = ask(path, Accept_Encoding="gzip")
        head = ask(path, "HEAD", Accept_Encoding="gzip")
        assert (head.status, head.body) == (200, b"")
        assert head.getheader("Content-Length") == str(len(got.body))
        assert head.getheader("ETag") == got.getheader("ETag")


@pytest.mark.parametrize("name", ["nothing.js", "index.html", "manifest.json", "..%2Findex.html",
                                  "%2e%2e", "main.js%00", "a" * 2000])
def test_what_is_not_there_is_404(ask, name):
    reply = ask(f"/console/{name}")
    assert reply.status in (400, 404)
    assert reply.getheader("Content-Type") == "application/json"


def test_the_licences_are_served(ask):
    text = ask("/console/licences.txt").body.decode()
    assert "preact" in text and "Permission is hereby granted" in text


def test_nothing_else_is_allowed(ask):
    reply = ask("/console", "POST")
    assert reply.status == 405
    assert reply.getheader("Allow") == "GET, HEAD, OPTIONS"
