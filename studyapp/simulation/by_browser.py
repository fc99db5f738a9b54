"""Walk in a real browser: click, choose and type as a person would, on a running server on the same database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from urllib.parse import urlencode

from django.db import connections

from studyapp import models
from studyapp.core.chromium import launch
from studyapp.core.engine import flow
from studyapp.run import sessions, visitors

from .answering import Pairs, SimulationError, answer


class Walker:
    """One browser, a fresh profile for every bot."""

    def __init__(self, browser, url: str, apart: ThreadPoolExecutor):
        self.browser, self.url, self.apart = browser, url.rstrip("/"), apart

    def walk(self, study: models.Study, skill: str, rng: Random) -> models.Participant:
        """Walk one bot from the front door to the last page."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 720})
        try:
            return self._walk(context.new_page(), study, skill, rng)
        finally:
            context.close()

    def _walk(self, page, study: models.Study, skill: str, rng: Random) -> models.Participant:
        known = self._ask(lambda: set(study.participants.values_list("pk", flat=True)))
        page.goto(f"{self.url}/s/{study.slug}/?{urlencode({'bot': visitors.bot_link(skill)})}")
        page.locator("form button.primary").click()
        page.wait_for_url(f"**/s/{study.slug}/run/")
        pk = self._ask(lambda: study.participants.exclude(pk__in=known).filter(bot=skill).latest("pk").pk)
        while (run := self._ask(lambda: sessions.get(pk))).status == flow.ACTIVE:
            answered = self._ask(lambda run=run: answer(run, skill, rng))
            self._fill_pages(page, answered)
            if self._ask(lambda: sessions.get(pk)).position == run.position and "finished" not in page.url:
                self._require_progress(pk, run)
        return run

    def _fill_pages(self, page, answered: Pairs) -> None:
        """Fill the step in, page by page where it has several, until another step shows or nothing moves."""
        there, here = _place(page), None
        while there != here and (here is None or here[0] == there[0]):
            here = there
            fill(page, answered)
            with page.expect_navigation(wait_until="load"):
                page.locator("form#step .primary").click()
            there = _place(page)

    def _require_progress(self, pk: int, before: models.Participant) -> None:
        now = self._ask(lambda: sessions.get(pk))
        if now.status == flow.ACTIVE and now.position == before.position:
            raise SimulationError(f"step {before.plan.steps[before.position]['key']!r}: the page did not move on")

    def _ask(self, question: Callable):
        """Ask the database from a thread of its own: the browser's library runs an event loop in this one."""
        return self.apart.submit(question).result()


def _place(page) -> list[str]:
    """Return which step shows, by its token, and which of its pages."""
    return [
        field.input_value() if (field := page.locator(f'form#step [name="{name}"]').first).count() else ""
        for name in ("token", "at")
    ]


def fill(page, pairs: Pairs) -> None:
    """Choose and type the answer in the page's form."""
    for name, value in pairs:
        if name == "seen":
            continue  # stands on pages without scripts alone
        control = page.locator(f'form#step [name="{name}"]')
        kind = control.first.evaluate("control => control.type")
        if kind == "select-one":
            control.select_option(value, force=True)
        elif kind == "hidden":
            control.evaluate("(control, value) => { control.value = value; }", value)
        elif kind in ("radio", "checkbox"):
            page.locator(f'form#step [name="{name}"][value="{value}"]').check(force=True)
        else:
            control.fill(value)


@contextmanager
def browsing(url: str):
    """Yield a `walk` in a headless Chromium that visits the server at `url`."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise SimulationError("a real browser needs playwright; `make install` installs it") from None
    with ThreadPoolExecutor(1) as apart, sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            yield Walker(browser, url, apart).walk
        finally:
            browser.close()
            apart.submit(connections.close_all).result()
