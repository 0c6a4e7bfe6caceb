"""A client that reads an export slowly does not make the server's log grow."""

import json
import os
import random
import socket
import time

from conftest import KEY, Server

MIB = 1024 * 1024


def rows(prefix, count, padding):
    return "\n".join(json.dumps({
        "execution_id": f"{prefix}{n}", "status": "completed", "execution_mode": "adhoc",
        "timestamp": "2025-01-01T00:00:00Z", "query_summary": "x",
        "inputs": {"query": random.randbytes(padding).hex()}}) for n in range(count))


def test_a_slow_export_does_not_hold_the_log(data_dir):
    server = Server(data_dir).start()

    def load(prefix, count):
        report = server.ok("POST", "/v1/retrievers/executions/import",
                           rows(prefix, count, 60_000))
        assert report["imported_count"] == count, report

    def log_bytes():
        return os.path.getsize(os.path.join(data_dir, "ledger.db-wal"))

    try:
        # More than the buffers on the way take, so the export waits for its reader.
        for n in range(3):
            load(f"old{n}_", 60)
        with socket.create_connection(("127.0.0.1", server.port)) as reader:
            reader.sendall((
                "POST /v1/retrievers/executions/export?detail=true HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {KEY}\r\nContent-Length: 2\r\n\r\n{{}}").encode())
            assert reader.recv(1000).startswith(b"HTTP/1.1 200")
            longest, written = 0, 0
            for n in range(20):
                load(f"new{n}_", 60)  # 3.6 MB, or a little less when it is packed.
                written += 60 * 60_000
                time.sleep(0.1)
                longest = max(longest, log_bytes())
            # A log that is held has all of it; how soon one that is not is moved into the
            # file is a matter of the machine.
            assert longest < written * 0.7, (longest, written)
            # And the reader gets all that was there at first.
            received = bytearray()
            reader.settimeout(60)
            while not received.endswith(b"0\r\n\r\n") and b"X-Trawl-SHA256" not in received[-400:]:
                piece = reader.recv(1 << 20)
                assert piece, received[-500:]
                received += piece
            ids = {f"old{n}_{i}" for n in range(3) for i in range(60)}
            text = received.decode("latin-1")
            assert all(f'"execution_id":"{name}"' in text for name in ids)
            assert '"new' not in text
        deadline = time.monotonic() + 60
        while log_bytes() > 33 * MIB:
            assert time.monotonic() < deadline, log_bytes()
            time.sleep(0.1)
    finally:
        assert server.stop() == 0
    assert not os.path.exists(os.path.join(data_dir, "ledger.db-wal"))
