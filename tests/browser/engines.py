"""Firefox and WebKit, driven by what Debian and PyPI have of them: only what a walk through a study needs.

Playwright drives Chromium in the other tests; its own Firefox and WebKit are patched builds that no registry carries.
Debian has no geckodriver, so Firefox is spoken to in its own protocol, Marionette. WebKitGTK has a WebDriver; it wants
a display, which Xvfb gives.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

FIREFOX, WEBKIT, DISPLAY = "firefox-esr", "WebKitWebDriver", "Xvfb"
PATIENCE_S = 60
PREFERENCES = """user_pref("marionette.port", 0);
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
"""


class Tab:
    """One tab: `run(script, arguments)` runs JavaScript in it, `press(selector)` clicks as a person would."""

    def __init__(self, go: Callable, run: Callable, find: Callable):
        self.go, self.run, self._find = go, run, find

    def ask(self, expression: str, *arguments):
        """Return what a JavaScript expression says; `arguments[0]` and so on stand for what is given."""
        return self.run(f"return {expression}", list(arguments))

    def wait(self, expression: str, *arguments) -> None:
        until = time.monotonic() + PATIENCE_S
        while not self.ask(expression, *arguments):
            if time.monotonic() > until:
                raise AssertionError(f"never came true: {expression} at {self.ask('document.body.innerText')}")
            time.sleep(0.05)

    def press(self, selector: str) -> None:
        self.ask("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
        self._find(selector).click()

    def type(self, selector: str, text: str) -> None:
        self._find(selector).send_keys(text)


@contextmanager
def firefox() -> Iterator[Tab]:
    """Start Firefox ESR without a window."""
    with TemporaryDirectory() as profile:
        Path(profile, "user.js").write_text(PREFERENCES)
        command = [shutil.which(FIREFOX), "--headless", "--marionette", "--no-remote", "--profile", profile]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with _marionette(Path(profile, "MarionetteActivePort")) as ask:
                ask("WebDriver:NewSession", {})
                ask("WebDriver:SetWindowRect", {"width": 1280, "height": 900})
                yield Tab(
                    lambda address: ask("WebDriver:Navigate", {"url": address}),
                    lambda script, given: ask("WebDriver:ExecuteScript", {"script": script, "args": given})["value"],
                    partial(_Element, ask),
                )
        finally:
            browser.terminate()
            browser.wait()


class _Element:
    def __init__(self, ask: Callable, selector: str):
        found = ask("WebDriver:FindElement", {"using": "css selector", "value": selector})
        self.ask, self.id = ask, next(iter(found["value"].values()))

    def click(self) -> None:
        self.ask("WebDriver:ElementClick", {"id": self.id})

    def send_keys(self, text: str) -> None:
        self.ask("WebDriver:ElementSendKeys", {"id": self.id, "text": text})


@contextmanager
def _marionette(port_file: Path) -> Iterator[Callable]:
    """Yield `ask(command, parameters)` of Firefox's own protocol: JSON with its length before it, over a socket."""
    until = time.monotonic() + PATIENCE_S
    while not (port_file.is_file() and port_file.read_text().strip()):
        if time.monotonic() > until:
            raise AssertionError("Firefox did not start")
        time.sleep(0.1)
    with socket.create_connection(("127.0.0.1", int(port_file.read_text())), timeout=PATIENCE_S) as connection:
        stream, numbers = connection.makefile("rb"), count(1)

        def read():
            length = b"".join(iter(lambda: stream.read(1), b":"))
            return json.loads(stream.read(int(length)))

        def ask(command: str, parameters: dict):
            sent = json.dumps([0, next(numbers), command, parameters]).encode()
            connection.sendall(b"%d:%s" % (len(sent), sent))
            _, _, error, result = read()
            if error:
                raise AssertionError(f"{command} {parameters}: {error['error']}: {error['message']}")
            return result

        with stream:
            read()
            yield ask


@contextmanager
def webkit() -> Iterator[Tab]:
    """Start WebKitGTK's small browser on a display of its own."""
    from selenium import webdriver
    from selenium.webdriver.webkitgtk.options import Options
    from selenium.webdriver.webkitgtk.service import Service

    with ExitStack() as stack:
        service = Service(shutil.which(WEBKIT), env=os.environ | {"DISPLAY": stack.enter_context(_display())})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Selenium's WebKitGTK calls what Selenium deprecates
            browser = webdriver.WebKitGTK(options=Options(), service=service)
        stack.callback(browser.quit)
        browser.set_window_size(1280, 900)
        yield Tab(
            browser.get,
            lambda script, given: browser.execute_script(script, *given),
            lambda selector: browser.find_element("css selector", selector),
        )


@contextmanager
def _display() -> Iterator[str]:
    told, tell = os.pipe()
    command = [shutil.which(DISPLAY), "-displayfd", str(tell), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[tell], stderr=subprocess.DEVNULL)
    try:
        yield f":{os.read(told, 16).decode().strip()}"
    finally:
        server.terminate()
        server.wait()
        os.close(told)
        os.close(tell)


ENGINES = {"firefox": (firefox, (FIREFOX,)), "webkit": (webkit, (WEBKIT, DISPLAY))}


def lacking(name: str) -> list[str]:
    """Return which programs an engine lacks on this machine."""
    return [program for program in ENGINES[name][1] if not (shutil.which(program) or Path(program).is_file())]
