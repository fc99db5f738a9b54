"""The least of a browser: one kept connection, cookies, redirects, and the form of a page."""

import html
import re
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

FORM = re.compile(r"<form\b(?=[^>]*\bmethod=\"?post)[^>]*>(.*?)</form>", re.S | re.I)
FIELD = re.compile(r"<(input|textarea)\b([^>]*)>", re.I)
ATTRIBUTE = re.compile(r"([\w-]+)=\"([^\"]*)\"")


@dataclass(frozen=True)
class Reply:
    """One answer of the server; `seconds` until its last byte, connecting again included where that was needed."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    path: str

    @property
    def text(self) -> str:
        return self.body.decode()


class Browser:
    """One person's browser, for one server on 127.0.0.1."""

    def __init__(self, port: int, *, timeout_s: float = 30, headers: dict[str, str] | None = None):
        self.cookies: dict[str, str] = {}
        self._headers = headers or {}
        self._connection = HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def get(self, path: str) -> Reply:
        """Return a page."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Reply:
        """Send a form; header names are given with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        return self._ask("POST", path, urlencode(fields).encode(), sent)

    def follow(self, reply: Reply, seen=None) -> Reply:
        """Return where redirects lead to; `seen(reply)` is told of every page on the way."""
        while reply.status in (302, 303, 307):
            reply = self.get(_path(reply.headers["location"]))
            if seen:
                seen(reply)
        return reply

    def close(self) -> None:
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        headers = self._headers | {"Cookie": self._cookie_header()} | headers
        begun = time.perf_counter()
        response = self._send(method, path, body, headers)
        content = response.read()
        seconds = time.perf_counter() - begun
        self._remember(response.headers.get_all("set-cookie", []))
        return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, content, seconds, path)

    def _cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def _remember(self, cookies) -> None:
        for cookie in cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value

    def _send(self, method, path, body, headers):
        """Send once more on a fresh connection where the kept one had been closed meanwhile, as browsers do."""
        kept = self._connection.sock is not None
        try:
            self._connection.request(method, path, body, headers)
            return self._connection.getresponse()
        except (HTTPException, OSError):
            self._connection.close()
            if not kept:
                raise
            self._connection.request(method, path, body, headers)
            return self._connection.getresponse()


def form_fields(page: str) -> list[dict[str, str]] | None:
    """Return the fields of the page's form as dicts of their attributes, `tag` among them; None without a form."""
    form = FORM.search(page)
    if form is None:
        return None
    return [
        {"tag": tag.lower()} | {name.lower(): html.unescape(value) for name, value in ATTRIBUTE.findall(attributes)}
        for tag, attributes in FIELD.findall(form[1])
    ]


def _path(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")
