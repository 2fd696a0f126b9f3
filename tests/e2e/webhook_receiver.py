#!/usr/bin/env python3
"""A receiver of webhooks as a stranger would write it from the Standard Webhooks specification, with nothing of dq's.

Usage: webhook_receiver.py FOLDER FAILURES

Listens on a free port of 127.0.0.1, which it writes to FOLDER/port. Verifies every message with the secret in FOLDER/secret
and appends what it got to FOLDER/received, a line of JSON each. Answers 500 to the first FAILURES attempts of each message,
and 503 while there is FOLDER/down.
"""

import base64
import collections
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import sys
import time

AGE_SECONDS_MAX = 300


def is_signed(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [part.split(",", 1) for part in headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(signature, wanted) for version, signature in given)


def is_new(headers):
    return abs(time.time() - int(headers["webhook-timestamp"])) < AGE_SECONDS_MAX


def main():
    folder, failures = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    attempts = collections.Counter()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = self.headers["webhook-id"]
            attempts[message] += 1
            status = 503 if (folder / "down").exists() else 500 if attempts[message] <= failures else 204
            signed = is_signed((folder / "secret").read_text(), self.headers, body)
            entry = {"id": message, "signed": signed, "genuine": signed and is_new(self.headers),
                     "status": status, "type": self.headers["Content-Type"], "body": json.loads(body)}
            with open(folder / "received", "a", encoding="utf-8") as out:
                out.write(json.dumps(entry) + "\n")
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    (folder / "port.new").write_text(str(server.server_address[1]))
    os.rename(folder / "port.new", folder / "port")
    server.serve_forever()


main()
