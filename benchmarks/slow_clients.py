"""Ask gunicorn directly while many clients are slow, as no installation should let them: nginx has to stand before it.

python -m benchmarks.slow_clients [--clients 300] [--seconds 20]

Each slow client opens a connection and sends a request's header a byte every other second. Beside them the health
address is asked; printed is how many of these were answered within five seconds, without and with the slow clients.
"""

import argparse
import json
import socket
import time
from http.client import HTTPConnection, HTTPException

from .serving import servers

REQUEST = b"GET /health/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"a" * 500
PATIENCE_S = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_clients", description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=300, help="how many are slow (default 300)")
    parser.add_argument("--seconds", type=float, default=20, help="for how long it is asked (default 20)")
    options = parser.parse_args()
    with servers.heatwise("sqlite") as server:
        latencies = {"clients": options.clients, "without": _asked(server, options.seconds / 4, [])}
        slow = [
            socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) for _ in range(options.clients)
        ]
        try:
            latencies["with"] = _asked(server, options.seconds, slow)
        finally:
            for client in slow:
                client.close()
        latencies["after"] = _asked(server, options.seconds / 4, [])
    print(json.dumps(latencies, indent=2))


def _asked(server: servers.Server, seconds: float, slow: list[socket.socket]) -> dict:
    """Ask twice a second, and let the slow clients send a byte each every other second; return how it was answered."""
    times, n_asked, sent, until = [], 0, 0, time.monotonic() + seconds
    while time.monotonic() < until:
        if n_asked % 4 == 0:
            _drip(slow, sent)
            sent += 1
        n_asked += 1
        begun = time.monotonic()
        connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", server.health, headers=server.headers)
            connection.getresponse().read()
            times.append(time.monotonic() - begun)
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(max(0, 0.5 - (time.monotonic() - begun)))
    slowest_ms = round(1000 * max(times, default=0))
    return {"asked": n_asked, "answered": len(times), "slowest_ms": slowest_ms}


def _drip(slow: list[socket.socket], at: int) -> None:
    for client in slow:
        try:
            client.send(REQUEST[at % len(REQUEST)].to_bytes())
        except OSError:
            continue


if __name__ == "__main__":
    main()
