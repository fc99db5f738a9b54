"""Send whatever comes to mind to every address of participants, or of the API, and count what the server answers.

python -m benchmarks.fuzz                     10,000 requests to participants' addresses
python -m benchmarks.fuzz --requests 500      fewer
python -m benchmarks.fuzz --api               schemathesis on the API, by its own OpenAPI description

Exit code 1 where any answer was a 5xx; the requests that led there are printed.
"""

import argparse
import json
import os
import random
import string
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlencode

from .serving import servers
from .serving.study import SLUG
from .walking.browser import Browser, form_fields
from .walking.people import fill

ADDRESSES = ("", "run/", "run/state/", "run/events/", "run/draft/", "run/guide/", "run/leave/", "next/")
EXPORT_S = 300  # that an export may take, at the lowest priority beside others
ODD_METHODS = ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
TYPES = (
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=x",
    "text/plain",
    "",
    "é",
)
ODD = (
    "",
    "0",
    "-1",
    "1e999",
    "\0",
    "\ud800",
    "é" * 50,
    "'\"<>",
    "../../etc/passwd",
    "{{ x }}",
    "%s%n",
    "9" * 400,
    "\r\nX: y",
)
NAMES = (
    "token", "timing", "csrfmiddlewaretoken", "of", "choice", "number", "fields", "events", "PROLIFIC_PID", "link",
    "group", "bot", "sensitive_to", "ignores", "agree", "response_1",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--api", action="store_true", help="schemathesis on the API instead")
    parser.add_argument("--examples", type=int, default=50, help="of each operation of the API (default 50)")
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    options = parser.parse_args()
    os.environ["HEATWISE_API_RATE"] = "1000000/min"
    with servers.heatwise(options.database) as server:
        if options.api:
            server.run("manage.py", "simulate", SLUG, "--participants", "3")
            raise SystemExit(_api(server, options.examples))
        statuses, bad = _participants(server, options.requests, random.Random(options.seed))
    print(json.dumps({"requests": options.requests, "statuses": dict(sorted(statuses.items()))}, indent=2))
    if bad:
        print("\n".join(bad[:20]), file=sys.stderr)
        raise SystemExit(1)


def _participants(server: servers.Server, n_requests: int, rng: random.Random) -> tuple[Counter, list[str]]:
    """Ask as a participant who is somewhere in a run, most of whose requests are spoilt somewhere."""
    headers = {"X-Forwarded-Proto": "https", "Referer": f"https://127.0.0.1:{server.port}/"}
    statuses: Counter[int] = Counter()
    bad: list[str] = []
    browser = Browser(server.port, headers=headers)
    for number in range(n_requests):
        if number % 200 == 0:
            browser.close()
            browser = Browser(server.port, headers=headers)
            page = browser.get(f"/s/{SLUG}/?PROLIFIC_PID=fuzz-{number}")
            token = next(one["value"] for one in form_fields(page.text) or [] if one["name"] == "csrfmiddlewaretoken")
            browser.post(f"/s/{SLUG}/?PROLIFIC_PID=fuzz-{number}", {"csrfmiddlewaretoken": token})
        method, path, body, sent = _request(browser, rng)
        try:
            status = browser._ask(method, path, body, sent).status
        except OSError as broken:  # the server closed the connection on what is no HTTP
            status, _ = 400, browser.close()
            if not isinstance(broken, ConnectionError):
                raise
        statuses[status] += 1
        if status >= 500:
            bad.append(f"{status} {method} {path!r} {body!r:.300} {sent}")
    browser.close()
    return statuses, bad


def _request(browser: Browser, rng: random.Random) -> tuple[str, str, bytes | None, dict[str, str]]:
    address = rng.choice(ADDRESSES if rng.random() < 0.6 else ("run/", "run/events/", "run/draft/"))
    slug = SLUG if rng.random() < 0.9 else quote(_odd(rng), safe="", errors="surrogatepass")
    query = f"?{urlencode({rng.choice(NAMES): _odd(rng)}, errors='surrogatepass')}" if rng.random() < 0.4 else ""
    method = rng.choice(("GET", "POST", "POST") if rng.random() < 0.9 else ODD_METHODS)
    page = browser.get(f"/s/{SLUG}/run/") if rng.random() < 0.3 else None
    fields = fill(form_fields(page.text) or [], "fuzz") if page and page.status == 200 else {}
    fields |= {"csrfmiddlewaretoken": fields.get("csrfmiddlewaretoken") or browser.cookies.get("csrftoken", "")}
    for _ in range(rng.randrange(3)):
        fields[rng.choice([*NAMES, *fields])] = _odd(rng)
    sent = {"Content-Type": TYPES[0] if rng.random() < 0.6 else rng.choice(TYPES)}
    sent |= {"X-CSRFToken": fields["csrfmiddlewaretoken"]} if fields["csrfmiddlewaretoken"].isalnum() else {}
    if rng.random() < 0.3:
        sent["Accept"] = rng.choice(("application/json", "*/*", "image/png", ""))
    if sent["Content-Type"] == "application/json":
        body = json.dumps({name: _json(rng) for name in (*fields, "token", "events")}).encode()
    else:
        body = urlencode(fields, errors="surrogatepass").encode()
    if rng.random() < 0.05:
        body = rng.randbytes(rng.randrange(2000))
    return (
        method,
        f"/s/{slug}/{address}{query}",
        body,
        {k: v.encode("latin-1", "ignore").decode("latin-1") for k, v in sent.items()},
    )


def _odd(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return "".join(rng.choices(string.printable + "éßñ漢字\u202e", k=rng.randrange(1, 60)))
    return rng.choice(ODD)


def _json(rng: random.Random):
    return rng.choice(
        [None, [], {}, [{}], [{"name": _odd(rng), "t_ms": rng.choice([1, -1, "x", None])}], 1e300, _odd(rng)]
    )


def _api(server: servers.Server, n_examples: int) -> int:
    """Return what schemathesis ends with."""
    key = server.ask("benchmarks.serving.study", "key")
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"http://127.0.0.1:{server.port}/api/schema/",
        "--header", f"Authorization: Token {key}", "--header", "X-Forwarded-Proto: https",
        "--phases", "coverage,fuzzing,stateful", "--request-timeout", str(EXPORT_S), "--checks", "not_a_server_error",
        "--max-examples", str(n_examples), "--no-color",
    ]  # fmt: skip
    return subprocess.run(command, cwd=server.folder, env=server.environment).returncode


if __name__ == "__main__":
    main()
