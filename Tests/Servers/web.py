#!/usr/bin/env python3
"""Web server of the tests: serves ROOT/HOST/PATH, and does with each file what FILE.serve says.

web.py ROOT LOG --http PORT... --https PORT... [--certificate NAME:PEM...]

A host that speaks http only has its files in ROOT/http:HOST.

Runs in a network namespace of its own, so ports and host names are free to choose. A directory stands for its
index.html. FILE.serve is a JSON object, or a list with one for each request, of which the last one stays:

  status, headers, body      what is answered in place of 200 and the file
  redirect                   a URL for 'Location'; the status is 302 unless given
  etag, modified             validators; 'modified' is the time of the file, true unless said otherwise
  ranges                     whether parts can be asked for, true unless said otherwise
  zeros                      a body of so many zero bytes; endless: one that does not end
  authorization, challenge   the 'Authorization' that is asked for, else 401 with this 'WWW-Authenticate'
  after, then                after so many bytes of the body: 'close', or 'stall' until the client goes away
  seconds                    how long the body takes
  wait                       a FIFO; the answer begins when somebody has written to it

LOG gets a line for each request when it comes in: method, scheme, port, host, target, headers; tabs between them. Requests with whole URLs, as proxies get them, are served
alike; CONNECT leads to the port on loopback.
"""
import argparse
import http.server
import json
import os
import select
import socket
import socketserver
import ssl
import fcntl
import struct
import sys
import threading
import time
import urllib.parse
from email.utils import formatdate

arguments = argparse.ArgumentParser()
arguments.add_argument("root")
arguments.add_argument("log")
arguments.add_argument("--http", type=int, nargs="*", default=[])
arguments.add_argument("--https", type=int, nargs="*", default=[])
arguments.add_argument("--certificate", nargs="*", default=[])
options = arguments.parse_args()
lock = threading.Lock()
counts = {}
log_file = open(options.log, "a", buffering=1)


def log(*fields):
    with lock:
        log_file.write("\t".join(str(field).replace("\t", " ") for field in fields) + "\n")


def behaviour(path):
    """What FILE.serve says for this request, and whether there is one."""
    try:
        with open(path + ".serve") as file:
            serve = json.load(file)
    except FileNotFoundError:
        return None
    if isinstance(serve, dict):
        return serve
    with lock:
        number = counts.get(path, 0)
        counts[path] = number + 1
    return serve[min(number, len(serve) - 1)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_CONNECT(self):
        self.note(self.path, "CONNECT")
        port = int(self.path.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as target:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            while True:
                ready, _, _ = select.select([self.connection, target], [], [])
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        self.close_connection = True
                        return
                    (target if source is self.connection else self.connection).sendall(data)

    def note(self, target, method):
        headers = (f"{name.lower()}:{value}" for name, value in self.headers.items())
        host = self.headers.get("Host", "")
        log(method, self.server.scheme, self.server.server_address[1], host, target, *headers)

    def do_GET(self):
        self.note(self.path, self.command)
        url = urllib.parse.urlsplit(self.path)
        host = (url.netloc or self.headers.get("Host", "")).rsplit(":", 1)[0]
        if self.server.scheme == "http" and os.path.isdir(os.path.join(options.root, "http:" + host)):
            host = "http:" + host
        path = os.path.join(options.root, host, urllib.parse.unquote(url.path).lstrip("/"))
        if ".." in path.split("/"):
            return self.answer(400, {}, [b"dots\n"], 5)
        if os.path.isdir(path):
            path = os.path.join(path, "index.html")
        self.serve(path, behaviour(path))

    do_HEAD = do_GET
    do_POST = do_GET

    def serve(self, path, serve):
        if serve is None and not os.path.isfile(path):
            return self.answer(404, {}, [b"not found\n"], 10)
        serve = serve or {}
        if "wait" in serve:
            with open(serve["wait"], "rb") as fifo:
                fifo.read(1)
        headers = dict(serve.get("headers", {}))
        if "authorization" in serve and self.headers.get("Authorization") != serve["authorization"]:
            headers["WWW-Authenticate"] = serve.get("challenge", 'Basic realm="tests"')
            return self.answer(401, headers, [b"who are you?\n"], 13)
        if "redirect" in serve:
            headers["Location"] = serve["redirect"]
            return self.answer(serve.get("status", 302), headers, [], 0)
        status = serve.get("status", 200)
        if "etag" in serve:
            headers["ETag"] = serve["etag"]
            if self.headers.get("If-None-Match") == serve["etag"]:
                return self.answer(304, headers, [], None)
        size, pieces = self.content(path, serve)
        if os.path.isfile(path) and serve.get("modified", True):
            headers["Last-Modified"] = formatdate(os.stat(path).st_mtime, usegmt=True)
        if serve.get("ranges", True) and size is not None and status == 200:
            headers["Accept-Ranges"] = "bytes"
            first = self.first_byte(headers, size)
            if first == size and size > 0:
                return self.answer(416, {"Content-Range": f"bytes */{size}"}, [], 0)
            if first > 0:
                status = 206
                headers["Content-Range"] = f"bytes {first}-{size - 1}/{size}"
                pieces = skip(pieces, first)
                size -= first
        if "seconds" in serve and size:
            pieces = slowly(pieces, size, serve["seconds"])
        self.answer(status, headers, pieces, size, serve.get("after"), serve.get("then", "close"))

    def first_byte(self, headers, size):
        """Where the part begins that was asked for; 0 when it is the whole."""
        wanted = self.headers.get("Range", "")
        condition = self.headers.get("If-Range")
        if condition and condition not in (headers.get("ETag"), headers.get("Last-Modified")):
            return 0
        if not wanted.startswith("bytes=") or not wanted.endswith("-"):
            return 0
        return min(int(wanted[6:-1]), size)

    def content(self, path, serve):
        if "body" in serve:
            body = serve["body"].encode()
            return len(body), [body]
        if serve.get("endless"):
            return None, endless()
        if "zeros" in serve:
            return serve["zeros"], zeros(serve["zeros"])
        if not os.path.isfile(path):
            return 0, []
        return os.path.getsize(path), blocks(path)

    def answer(self, status, headers, pieces, size, after=None, then="close"):
        self.send_response(status)
        for name, value in headers.items():
            for line in value if isinstance(value, list) else [value]:
                self.send_header(name, line)
        if size is not None:
            self.send_header("Content-Length", str(size))
        elif status != 304:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            for piece in pieces:
                if after is not None and len(piece) >= after:
                    self.wfile.write(piece[:after])
                    self.wfile.flush()
                    return self.stop(then)
                self.wfile.write(piece)
                after = None if after is None else after - len(piece)
            if after is not None:
                self.wfile.flush()
                self.stop(then)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def stop(self, then):
        self.close_connection = True
        log("!", self.path, then)
        if then == "stall":
            try:
                self.connection.recv(1)
            except OSError:
                pass


def blocks(path):
    with open(path, "rb") as file:
        while block := file.read(1 << 16):
            yield block


def slowly(pieces, size, seconds):
    for piece in pieces:
        for start in range(0, len(piece), 8192):
            part = piece[start:start + 8192]
            yield part
            time.sleep(seconds * len(part) / size)


def zeros(count):
    while count > 0:
        yield bytes(min(count, 1 << 16))
        count -= 1 << 16


def endless():
    while True:
        yield b" " * 65536


def skip(pieces, count):
    for piece in pieces:
        if count < len(piece):
            yield piece[count:]
        count = max(0, count - len(piece))


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port, contexts):
        self.contexts = contexts
        self.scheme = "https" if contexts else "http"
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self):
        # HTTPServer asks for the name of the address here.
        socketserver.TCPServer.server_bind(self)

    def finish_request(self, request, address):
        if self.contexts:
            try:
                request = self.contexts[""].wrap_socket(request, server_side=True)
            except (OSError, ssl.SSLError):
                return
        super().finish_request(request, address)

    def handle_error(self, *_):
        pass


def context(certificate):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def raise_loopback():
    with socket.socket() as probe:
        request = struct.pack("16sh", b"lo", 0x1 | 0x40)  # SIOCSIFFLAGS: up, running
        fcntl.ioctl(probe, 0x8914, request + bytes(24))


raise_loopback()
contexts = {}
for word in options.certificate:
    name, file = word.split(":", 1)
    contexts[name] = context(file)
if contexts:
    def choose(connection, name, _):
        if name in contexts:
            connection.context = contexts[name]
    contexts[""].sni_callback = choose
servers = [Server(port, {}) for port in options.http] + [Server(port, contexts) for port in options.https]
for server in servers:
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 3600}, daemon=True).start()
print("serving", flush=True)
threading.Event().wait()
