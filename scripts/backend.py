#!/usr/bin/env python3
"""A small orders service for scripts/quickstart: answers every request with what it received.

    scripts/backend.py [PORT_FILE]

Listens on a free port of 127.0.0.1 and writes `127.0.0.1:PORT` into PORT_FILE, or to standard output.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Orders(BaseHTTPRequestHandler):
    """Echoes the request; the last path segment under /orders is the order's id."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length).decode("utf-8", "replace")
        segments = [segment for segment in self.path.split("?")[0].split("/") if segment]
        document = {
            "order": segments[1] if len(segments) > 1 else None,
            "method": self.command,
            "path": self.path,
            "headers": dict(self.headers.items()),
            "body": body,
        }
        payload = (json.dumps(document, indent=2) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_arguments):
        """The gateway has the access log."""


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Orders)
    address = "{}:{}".format(*server.server_address)
    if len(sys.argv) > 1:
        # Written whole or not at all: the reader polls for the file.
        partial = sys.argv[1] + ".partial"
        with open(partial, "w", encoding="ascii") as file:
            file.write(address + "\n")
        os.rename(partial, sys.argv[1])
    else:
        print(address, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
