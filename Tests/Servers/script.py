#!/usr/bin/env python3
"""HTTP server on loopback that answers as a script says, for tests of clients.

script.py ROUTES LOG [PEM]

Prints 'port N' when it listens, with TLS if PEM is given, the certificate and key. ROUTES is read for each request: a JSON
object of paths without query, each with a list of answers, one for each request, of which the last one stays:

  status, headers, body, file   the answer; a value of a header may be a list
  authorization, challenge      what 'Authorization' has to be, else 401 with this 'WWW-Authenticate'
  length                        what 'Content-Length' says in place of the truth
  cut                           the connection ends after so many bytes of the body

LOG gets a line for each request: method, target, 'Authorization'; tabs between them.
"""
import http.server
import json
import os
import socketserver
import ssl
import sys
import threading

routes_file, log_file = sys.argv[1:3]
lock = threading.Lock()
counts = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        authorization = self.headers.get("Authorization", "")
        path = self.path.split("?")[0]
        with lock:
            with open(log_file, "a") as log:
                log.write("\t".join([self.command, self.path, authorization]) + "\n")
            with open(routes_file) as file:
                answers = json.load(file).get(path)
            number = counts[path] = counts.get(path, -1) + 1
        if not answers:
            return self.answer(404, {}, b"not found\n", {})
        script = answers[min(number, len(answers) - 1)]
        headers = dict(script.get("headers", {}))
        if "authorization" in script and script["authorization"] != authorization:
            headers["WWW-Authenticate"] = script.get("challenge", 'Basic realm="tests"')
            return self.answer(401, headers, b"who are you?\n", {})
        body = script.get("body", "").encode()
        if "file" in script:
            with open(script["file"], "rb") as file:
                body = file.read()
        status = script.get("status", 200)
        wanted = self.headers.get("Range", "")
        if status == 200 and wanted.startswith("bytes=") and wanted.endswith("-") and int(wanted[6:-1]) < len(body):
            first = int(wanted[6:-1])
            headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
            status, body = 206, body[first:]
        self.answer(status, headers, body, script)

    do_HEAD = do_GET

    def answer(self, status, headers, body, script):
        self.send_response(status)
        for name, value in headers.items():
            for line in value if isinstance(value, list) else [value]:
                self.send_header(name, line)
        self.send_header("Content-Length", str(script.get("length", len(body))))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(body[: script.get("cut", len(body))])
        if "cut" in script or "length" in script:
            self.close_connection = True


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        # HTTPServer asks for the name of the address here.
        socketserver.TCPServer.server_bind(self)

    def finish_request(self, request, address):
        if len(sys.argv) > 3:
            try:
                request = context.wrap_socket(request, server_side=True)
            except (OSError, ssl.SSLError):
                return
        super().finish_request(request, address)

    def handle_error(self, *_):
        pass


if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
server = Server(("127.0.0.1", 0), Handler)
print(f"port {server.server_address[1]}.", flush=True)
server.serve_forever(poll_interval=3600)
