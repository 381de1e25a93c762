"""An HTTP server on Python's own `http.server`, for runs against software that nobody here wrote.

    python http_server.py

Listens on a free loopback port, says `listening PORT`, ends when standard input does, and then says what it counted,
as one line of JSON.

`POST /login` takes a form or JSON with a user and sets two cookies, one of them for `/rooms` alone, through a redirect
where `?hop` is asked for. `GET /rooms` wants the first one. `PUT /echo` sends the body back with the method and the
headers that it saw, with `_` for `-`. `GET /once` closes the connection behind its answer; `GET /chunks` answers in chunks. `GET /big`
answers with as many letters as `?n` says.
"""

import json
import sys
import threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

counts = {"connections": 0, "requests": 0, "logins": 0, "cookies": 0, "bodies": 0, "bearer": 0}
lock = threading.Lock()


def count(name, by=1):
    with lock:
        counts[name] += by


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        count("connections")

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def json(self, status, value, headers=()):
        self.answer(status, json.dumps(value).encode(), [("Content-Type", "application/json"), *headers])

    def any(self):
        count("requests")
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        body = self.body()
        cookies = {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("Cookie", "")).items()}
        if (self.command, url.path) == ("POST", "/login"):
            count("logins")
            is_json = self.headers["Content-Type"] == "application/json"
            user = json.loads(body)["user"] if is_json else parse_qs(body.decode())["user"][0]
            set_cookies = [("Set-Cookie", f"sid={user}; Path=/; HttpOnly"), ("Set-Cookie", "deep=1; Path=/rooms")]
            if "hop" in query:
                self.answer(303, headers=[("Location", "rooms"), *set_cookies])
            else:
                self.json(200, {"user": user, "token": f"t-{user}"}, set_cookies)
        elif url.path == "/rooms" and self.command in ("GET", "HEAD"):
            count("cookies", by=len(cookies))
            status = 200 if "sid" in cookies else 403
            self.json(status, {"cookies": sorted(cookies), "sid": cookies.get("sid")}, [("ETag", '"e-1"')])
        elif url.path == "/echo":
            count("bodies", by=len(body))
            count("bearer", by=self.headers.get("Authorization") == "Bearer t")
            seen = {name.lower().replace("-", "_"): value for name, value in self.headers.items()}
            self.json(200, {"method": self.command, "query": query, "headers": seen, "body": body.decode()})
        elif url.path == "/once":
            self.close_connection = True
            self.answer(204, headers=[("Connection", "close")])
        elif url.path == "/chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (b'{"a":', b"[1,2", b",3]}"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        elif url.path == "/big":
            self.answer(200, b"x" * int(query["n"][0]))
        else:
            self.answer(404, b"nothing here")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_PURGE = any


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print("listening", server.server_address[1], flush=True)
sys.stdin.read()
print(json.dumps(counts), flush=True)
