"""Providers of the configuration, as the server that is to ask them starts.

Servers of these tests answer on 127.0.0.1, well or badly.
"""

import datetime
import email.utils
import http.server
import json
import ssl
import subprocess
import threading

import pytest

from conftest import Server

SECRET = "sk-very-secret-0123"


class Provider:
    """Answers each POST with what `answer(handler, number)` writes."""

    def __init__(self, answer=None, context=None):
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, dict(self.headers), json.loads(body)))
                (answer or outer.embed)(self, len(outer.requests) - 1)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.server.server_address[1]

    def embed(self, handler, number):
        texts = self.requests[number][2]["input"]
        reply(handler, 200, {"data": [{"index": i, "embedding": [3.0, 4.0]}
                                      for i in range(len(texts))]})

    def end(self):
        self.server.shutdown()
        self.server.server_close()


def reply(handler, status, body, **headers):
    text = json.dumps(body).encode()
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text)


@pytest.fixture
def start(tmp_path):
    """start(lines, environment): a server with one provider of embeddings of these lines."""
    servers = []

    def begin(lines, environment=None):
        config = tmp_path / "trawl.toml"
        config.write_text('log_level = "trace"\n[providers.ai]\nkind = "openai-embeddings"\n'
                          'model = "m-1"\n' + "\n".join(lines) + "\n")
        server = Server(tmp_path / "data", ["--config", str(config)], environment)
        servers.append(server)
        return server.start()

    yield begin
    for server in servers:
        if server.process is not None:
            server.stop()


def refusal(start, lines, environment=None):
    with pytest.raises(RuntimeError) as refused:
        start(lines, environment)
    message = str(refused.value)
    assert SECRET not in message
    return message


def test_a_provider_whose_dimension_is_set_is_not_asked_at_the_start(start):
    server = start(['url = "https://nowhere.invalid/v1"', "dimensions = 3"])
    assert server.get("/v1/whoami").status == 200
    assert server.stop() == 0


def test_the_dimension_is_asked_for_where_it_is_not_set(start):
    soon = email.utils.format_datetime(
        datetime.datetime.now(datetime.timezone.utc), usegmt=True)

    def answer(handler, number):
        if number == 0:
            reply(handler, 429, {}, Retry_After=soon)
        elif number == 1:
            reply(handler, 500, {})
        else:
            provider.embed(handler, number)

    provider = Provider(answer)
    server = start([f'url = "http://127.0.0.1:{provider.port}/v1"', "allow_private = true",
                    'key_env = "TRAWL_TEST_AI_KEY"'], {"TRAWL_TEST_AI_KEY": SECRET})
    assert len(provider.requests) == 3
    path, headers, body = provider.requests[2]
    assert path == "/v1/embeddings"
    assert headers["Authorization"] == f"Bearer {SECRET}"
    assert body == {"model": "m-1", "input": ["dimension"], "encoding_format": "base64"}
    assert server.stop() == 0
    assert SECRET not in "".join(server.log)
    # A variable that holds a key is no setting that nobody knows.
    assert "TRAWL_TEST_AI_KEY" not in "".join(server.log)
    provider.end()


@pytest.mark.parametrize("status, body, said", [
    (401, {"error": {"message": f"Incorrect API key: {SECRET}"}},
     "the provider 'ai' answered 401: Incorrect API key: [the key]; check its key_env"),
    (200, {"data": []}, "the provider 'ai': it answered 0 vectors for 1 texts"),
    (307, {}, "which is not followed"),
])
def test_a_start_says_why_the_provider_could_not_be_asked(start, status, body, said):
    provider = Provider(lambda handler, number: reply(
        handler, status, body, Location="http://169.254.169.254/latest"))
    message = refusal(start, [f'url = "http://127.0.0.1:{provider.port}"',
                              "allow_private = true", 'key_env = "AI_KEY"'],
                      {"AI_KEY": SECRET})
    assert "providers.ai.dimensions is not set, and the provider could not be asked" in message
    assert said in message
    assert len(provider.requests) == 1
    provider.end()


def test_a_certificate_of_nobody_is_not_trusted(start, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    provider = Provider(context=context)
    message = refusal(start, [f'url = "https://localhost:{provider.port}"',
                              "allow_private = true"])
    assert "its certificate cannot be trusted" in message
    assert provider.requests == []
    provider.end()


def test_addresses_of_this_machine_are_refused_unless_allowed(start):
    provider = Provider()
    assert ("providers.ai.url is a loopback address, which is not connected to unless "
            "allow_private = true") in refusal(
        start, [f'url = "http://localhost:{provider.port}"'])
    # Written so that only whoever connects knows what it is.
    assert "it is at a loopback address, which is not connected to" in refusal(
        start, [f'url = "http://2130706433:{provider.port}"'])
    assert provider.requests == []
    provider.end()


def test_a_key_cannot_stand_in_the_configuration(start):
    message = refusal(start, ['url = "https://api.example.com"', f'key = "{SECRET}"'])
    assert "key is no setting, since keys do not stand in this file" in message
    message = refusal(start, ['url = "https://api.example.com"', 'key_env = "AI_KEY"'])
    assert "providers.ai.key_env names a variable that is not set" in message
