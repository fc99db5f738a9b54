"""Firefox, WebKit and Chromium behind one small interface: only what a walk through a study needs.

Playwright drives Chromium; its own Firefox and WebKit are patched builds that no registry carries, so these two are
driven by what Debian and PyPI have of them.
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
from typing import ClassVar
from unittest.mock import patch

FIREFOX, WEBKIT, DISPLAY = "firefox-esr", "WebKitWebDriver", "Xvfb"
PATIENCE_S = 60
PREFERENCES = """user_pref("marionette.port", 0);
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
"""


ENTER, DELETE = "\ue007", "\ue017"  # as WebDriver writes keys
PLACE = """const box = document.querySelector(arguments[0]).getBoundingClientRect();
    return [Math.round(box.left + box.width / 2), Math.round(box.top + box.height / 2)];"""


class Tab:
    """One tab: `run(script, arguments)` runs JavaScript in it, `press(selector)` clicks as a person would.

    `act(steps)` moves the mouse: ("down",), ("up",) or ("move", x, y) in the window. `version` is the browser's own.
    """

    def __init__(self, version: str, go: Callable, run: Callable, find: Callable, act: Callable):
        self.version, self.go, self.run, self._find, self._act = version, go, run, find, act

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

    def drag(self, start: str, end: str) -> None:
        """Drag one element onto another, and wait until nothing travels any more."""
        for selector in (start, end):
            self.ask("document.querySelector(arguments[0]).scrollIntoView({block: 'nearest'})", selector)
        (x, y), (to_x, to_y) = self.run(PLACE, [start]), self.run(PLACE, [end])
        way = [("move", x + (to_x - x) * step // 4, y + (to_y - y) * step // 4) for step in range(1, 5)]
        self._act([("move", x, y), ("down",), *way, ("up",)])
        self.wait("document.querySelector('.likeness') === null")


def _pointer(steps: list[tuple]) -> list[dict]:
    """Return steps of the mouse as WebDriver's actions."""
    kinds = {
        "move": lambda x, y: {"type": "pointerMove", "x": x, "y": y, "duration": 30, "origin": "viewport"},
        "down": lambda: {"type": "pointerDown", "button": 0},
        "up": lambda: {"type": "pointerUp", "button": 0},
    }
    made = [kinds[name](*place) for name, *place in steps]
    return [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": made}]


@contextmanager
def firefox() -> Iterator[Tab]:
    """Start Firefox ESR without a window."""
    with TemporaryDirectory() as profile:
        Path(profile, "user.js").write_text(PREFERENCES)
        command = [shutil.which(FIREFOX), "--headless", "--marionette", "--no-remote", "--profile", profile]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with _marionette(Path(profile, "MarionetteActivePort")) as ask:
                session = ask("WebDriver:NewSession", {})
                ask("WebDriver:SetWindowRect", {"width": 1280, "height": 900})
                yield Tab(
                    session["capabilities"]["browserVersion"],
                    lambda address: ask("WebDriver:Navigate", {"url": address}),
                    lambda script, given: ask("WebDriver:ExecuteScript", {"script": script, "args": given})["value"],
                    partial(_Element, ask),
                    lambda steps: ask("WebDriver:PerformActions", {"actions": _pointer(steps)}),
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
            browser.capabilities["browserVersion"],
            browser.get,
            lambda script, given: browser.execute_script(script, *given),
            lambda selector: browser.find_element("css selector", selector),
            lambda steps: browser.execute("actions", {"actions": _pointer(steps)}),
        )


@contextmanager
def chromium(**options) -> Iterator[Tab]:
    """Start Chromium as the other tests do, with options of a context, as `has_touch`."""
    from playwright.sync_api import Error, sync_playwright

    from studyapp.core.chromium import launch

    with ExitStack() as stack:
        # Playwright's loop runs in this very thread
        stack.enter_context(patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="true"))
        browser = launch(stack.enter_context(sync_playwright()))
        stack.callback(browser.close)
        page = browser.new_context(viewport={"width": 1280, "height": 900}, **options).new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        mouse = {"move": page.mouse.move, "down": page.mouse.down, "up": page.mouse.up}

        def run(script: str, given: list):
            """Run a script in the page, or in the next one when the page goes while it runs."""
            try:
                return page.evaluate(f"(arguments) => {{ {script} }}", given)
            except Error as error:
                if "context was destroyed" not in error.message:
                    raise
                page.wait_for_load_state()
                return run(script, given)

        yield Tab(
            browser.version,
            page.goto,
            run,
            partial(_Handle, page),
            lambda steps: [mouse[name](*place) for name, *place in steps],
        )


class _Handle:
    """An element of a page, by its selector; fingers tap where the page has them."""

    KEYS: ClassVar = {ENTER: "Enter", DELETE: "Delete", " ": "Space"}

    def __init__(self, page, selector: str):
        self.page, self.selector = page, selector

    def click(self) -> None:
        touches = self.page.evaluate("navigator.maxTouchPoints > 0")
        (self.page.tap if touches else self.page.click)(self.selector)

    def send_keys(self, text: str) -> None:
        self.page.focus(self.selector)
        if text in self.KEYS or len(text) == 1:
            self.page.keyboard.press(self.KEYS.get(text, text))
        else:
            self.page.keyboard.insert_text(text)


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


ENGINES = {
    "chromium": (chromium, ()),
    "chromium-touch": (partial(chromium, has_touch=True), ()),
    "firefox": (firefox, (FIREFOX,)),
    "webkit": (webkit, (WEBKIT, DISPLAY)),
}


def lacking(name: str) -> list[str]:
    """Return which programs an engine lacks on this machine."""
    return [program for program in ENGINES[name][1] if not (shutil.which(program) or Path(program).is_file())]
