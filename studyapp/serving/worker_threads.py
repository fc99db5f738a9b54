"""gunicorn's worker, with threads that fetch their own work.

In gunicorn's `gthread` one thread waits for connections, hands each request to another and takes the connection back:
two changes of thread a request, each with a fight for Python's lock. Here all threads wait at one epoll set. The kernel
wakes one of them for a connection (EPOLLONESHOT); it reads the request, answers it and puts the connection back. What a
request is, its limits, its errors and its hooks are gunicorn's.
"""

import os
import select
import time
from threading import Thread
from typing import Any

from gunicorn.workers import gthread

ONCE = select.EPOLLIN | select.EPOLLONESHOT
LOOK_S = 1.0  # between two looks at the parent process and at connections that have been idle for long


class Threads(gthread.ThreadWorker):
    """Serves the connections that are `here`; those in `keepalived_conns`, by file number, wait for a request.

    Whoever pops a connection there, which two threads can't both do, has it alone until it is put back or closed.
    """

    def init_process(self) -> None:
        self.here: set[gthread.TConn] = set()
        self.keepalived_conns: dict[int, gthread.TConn] = {}
        self.is_full = self.is_over = False
        super().init_process()

    def run(self) -> None:
        self.waiting = select.epoll()
        self.listening = {listener.fileno(): listener for listener in self.sockets}
        for number, listener in self.listening.items():
            listener.setblocking(False)
            self.waiting.register(number, ONCE)
        threads = [Thread(target=self._serve, daemon=True) for _ in range(self.cfg.threads)]
        for thread in threads:
            thread.start()
        while self.alive and self.is_parent_alive():
            self._look(LOOK_S)
        self._finish()
        self.is_over = True
        for thread in threads:
            thread.join(LOOK_S)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to end: the signal wakes the main thread, too, which waits at the pipe that signals are written to."""
        self.alive = False

    def _look(self, seconds: float) -> None:
        """Tell the arbiter that this worker lives, close what has been idle for too long, and wait."""
        self.notify()
        now = time.monotonic()
        for number, conn in list(self.keepalived_conns.items()):
            if conn.timeout < now and self.keepalived_conns.pop(number, None):
                self._close(conn)
        if select.select([self.PIPE[0]], [], [], seconds)[0]:
            os.read(self.PIPE[0], 4096)

    def _finish(self) -> None:
        """Take nobody in any more, and let those who are here have what they asked for."""
        for listener in self.listening.values():
            self.waiting.unregister(listener)
            listener.close()
        end = time.monotonic() + self.cfg.graceful_timeout
        linger = time.monotonic() + gthread.STOP_KEEPALIVE_LINGER
        while self.here and time.monotonic() < end:
            for conn in list(self.keepalived_conns.values()):
                conn.timeout = min(conn.timeout, linger)
            self._look(0.05)

    def _serve(self) -> None:
        while not self.is_over:
            for number, _ in self.waiting.poll(LOOK_S, 1):
                if number in self.listening:
                    self._take_in(number)
                elif conn := self.keepalived_conns.pop(number, None):
                    self._answer(conn)

    def _take_in(self, number: int) -> None:
        """Accept one connection, which waits for its first request; leave the next to whoever is free."""
        listener = self.listening[number]
        try:
            client, address = listener.accept()
        except OSError:  # another worker was quicker, or the visitor has gone, or this worker is ending
            client = None
        self.is_full = len(self.here) + 1 >= self.worker_connections
        self._arm_listeners()
        if client is None:
            return
        conn = gthread.TConn(self.cfg, client, address, listener.getsockname())
        conn.data_ready = True  # whenever it is answered
        self.here.add(conn)
        self._put_back(conn, self.waiting.register)

    def _arm_listeners(self) -> None:
        if not self.alive or self.is_full:
            return
        for number in self.listening:
            try:
                self.waiting.modify(number, ONCE)
            except OSError:  # it was closed just now, as this worker ends
                return

    def _answer(self, conn: gthread.TConn) -> None:
        try:
            stays = self.handle(conn)
            while stays and conn.parser.unreader.buf.getvalue():  # the next request came with this one
                stays = self.handle(conn)
            if stays:
                self._put_back(conn, self.waiting.modify)
            else:
                self._close(conn, graceful=True)
        except Exception:
            self.log.exception("A connection could not be served")
            self._close(conn)

    def _put_back(self, conn: gthread.TConn, arm: Any) -> None:
        conn.set_timeout()
        number = conn.sock.fileno()
        self.keepalived_conns[number] = conn
        arm(number, ONCE)

    def _close(self, conn: gthread.TConn, *, graceful: bool = False) -> None:
        self.here.discard(conn)
        conn.close(graceful=graceful)
        if self.is_full:
            self.is_full = False
            self._arm_listeners()
