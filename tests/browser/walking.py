"""Ways through a study in a browser: by mouse, or by nothing but the keyboard."""

from functools import partial
from random import Random

from django.http import QueryDict
from playwright.sync_api import Page

from studyapp import models
from studyapp.run import sessions, showing
from studyapp.simulation import answering

SHOWN = "form#step:not([data-waiting])"
END = "main[data-status]"
FOCUSED = "selector => document.activeElement?.matches(selector) ?? false"
CHOSEN = {"response": "2", "confidence": "4"}  # No, and the second of four
MOVED_ON = f"old => document.querySelector('input[name=token]')?.value !== old || document.querySelector('{END}')"


def enter(page: Page, url: str) -> None:
    page.goto(url)
    page.click("button.primary")
    shown(page)


def shown(page: Page) -> None:
    """Wait until the step, or the last page, can be used."""
    page.wait_for_selector(f"{SHOWN}, {END}")


def token(page: Page) -> str:
    return page.input_value("input[name=token]")


def ended(page: Page) -> bool:
    return page.query_selector(END) is not None


def is_trial(page: Page) -> bool:
    return page.query_selector("main.trial") is not None


def answer_by_mouse(page: Page) -> None:
    for question in page.query_selector_all("#step fieldset.question"):
        question.query_selector("label.option").click()
    for field in page.query_selector_all("#step textarea"):
        field.fill("ears, tail")


def go_on(page: Page) -> None:
    before = token(page)
    page.click("#step .primary")
    page.wait_for_function(MOVED_ON, arg=before)
    shown(page)


def turn(page: Page, button: str = "#step .primary") -> None:
    """Press a plain form's button and wait for the page that comes: without scripts nothing else tells it has."""
    with page.expect_navigation():
        page.click(button)


def skip_to_trial(page: Page, url: str) -> None:
    """Enter in the browser, have all before the first trial answered by plain functions, and show the trial."""
    enter(page, url)
    run = sessions.get(models.Participant.objects.latest("pk").pk)
    while not (now := showing.step_of(run))[1].trial:
        step = now[2]
        data = QueryDict(mutable=True)
        data.update(answering.answer(run, "oracle", Random(step["key"])))
        sessions.submit(run.pk, sessions.token(run, run.position), partial(showing.validate, data), {})
        run = sessions.get(run.pk)
    page.reload()
    shown(page)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(80):
        if page.evaluate(FOCUSED, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} can't be reached with Tab")


def answer_by_keyboard(page: Page) -> None:
    names = page.evaluate("[...new Set([...document.querySelectorAll('#step input[type=radio]')].map(r => r.name))]")
    for field in page.query_selector_all("#step textarea"):
        tab_to(page, f"#{field.get_attribute('id')}")
        page.keyboard.type("mane")
    for name in sorted(names, key=lambda name: -len(name) if is_trial(page) else 0, reverse=True):
        page.evaluate("document.querySelector('main').focus()")
        tab_to(page, f"[name={name}]")
        page.keyboard.press(CHOSEN.get(name, "Space") if is_trial(page) else "Space")


def go_on_by_keyboard(page: Page) -> None:
    before = token(page)
    tab_to(page, "#step .primary")
    page.keyboard.press("Enter")
    page.wait_for_function(MOVED_ON, arg=before)
    shown(page)
