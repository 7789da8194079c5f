# SPDX-License-Identifier: MIT
"""An OTLP/HTTP endpoint with moods, for tests of who sends to it.

export_endpoint.py MOOD LOG [CERTIFICATE KEY]: prints "listening 127.0.0.1:PORT", and appends
to LOG a JSON line for each request: time, path, spans in it, headers, answer. MOOD:

  flaky     503 with "Retry-After: 1", 429 with a date one or two seconds away, 502, a connection
            that is closed without an answer, then 200
  refusing  400 with a text
  partial   200, but two spans of each request were rejected
  hanging   never answers
"""
import email.utils
import gzip
import http.server
import json
import ssl
import sys
import threading
import time

MOOD, LOG = sys.argv[1:3]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = 0
    lock = threading.Lock()

    def log_message(self, *args):
        pass

    def note(self, spans, answer):
        with open(LOG, "a", encoding="utf-8") as log:
            print(json.dumps({"at": time.monotonic(), "path": self.path, "spans": spans,
                              "headers": {k.lower(): v for k, v in self.headers.items()},
                              "answer": answer}), file=log)

    def reply(self, status, text="{}", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        document = json.loads(gzip.decompress(body))
        spans = [span["spanId"] for resource in document.get("resourceSpans", ())
                 for scope in resource["scopeSpans"] for span in scope["spans"]]
        with self.lock:
            turn = Handler.seen
            Handler.seen += 1
        if MOOD == "hanging":
            self.note(spans, 0)
            time.sleep(60)
        elif MOOD == "refusing":
            self.note(spans, 400)
            self.reply(400, "no such tenant\n")
        elif MOOD == "partial":
            self.note(spans, 200)
            self.reply(200, json.dumps({"partialSuccess": {"rejectedSpans": "2"}}))
        else:
            self.flaky(turn, spans)

    def flaky(self, turn, spans):
        later = email.utils.formatdate(time.time() + 1.6, usegmt=True)
        answers = [(503, [("Retry-After", "1")]), (429, [("Retry-After", later)]), (502, [])]
        if turn < len(answers):
            self.note(spans, answers[turn][0])
            self.reply(answers[turn][0], "busy", answers[turn][1])
        elif turn == len(answers):
            self.note(spans, 0)
            self.close_connection = True
        else:
            self.note(spans, 200)
            self.reply(200)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[3:5])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(f"listening 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
