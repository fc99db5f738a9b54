"""How gunicorn serves the app: `gunicorn -c python:studyapp.serving studyapp.wsgi`.

Threads wait for the database, processes share the processors. There is no access log here: a link's query holds
recruitment ids.
"""

import gc
import multiprocessing
import os
import select
from threading import Thread

from gunicorn.glogging import Logger

from studyapp.core.environment import JsonFormatter

bind = os.environ.get("HEATWISE_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("HEATWISE_WORKERS", multiprocessing.cpu_count()))
threads = int(os.environ.get("HEATWISE_THREADS", 4))
worker_class = "studyapp.serving.worker_threads.Threads" if hasattr(select, "epoll") else "gthread"  # Linux alone
keepalive = 75
timeout = 60
graceful_timeout = 30
preload_app = True
max_requests = int(os.environ.get("HEATWISE_RECYCLE", 50_000))  # then a fresh process takes the place of the old one
max_requests_jitter = max_requests // 10
accesslog = None
control_socket_disable = True


class JsonLogger(Logger):
    """gunicorn's own lines as the app writes its: its errors quote addresses, in which recruitment ids stand."""

    def setup(self, cfg):
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())


if os.environ.get("HEATWISE_ENV") == "production":
    logger_class = JsonLogger


def post_fork(server, worker) -> None:
    """Leave what was loaded before the fork out of every later search for garbage, and search less often."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def post_worker_init(worker) -> None:
    """Take up the jobs that waited when the server was stopped."""
    from studyapp import jobs  # only now is Django ready

    Thread(target=jobs.take_up, daemon=True).start()
