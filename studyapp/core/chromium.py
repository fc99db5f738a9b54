"""A headless Chromium for Playwright: for bots in a real browser, tests and pictures."""

import os
import shutil
from typing import Any

NAMES = ("chromium-headless-shell", "google-chrome", "chromium", "chromium-browser")  # the first has no window to draw
# Without a graphics card Chromium imitates one, which takes several times longer than drawing without.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def launch(playwright: Any) -> Any:  # Playwright isn't there where the app only serves
    """Start `HEATWISE_BROWSER`'s Chromium, the system's, or else Playwright's own."""
    path = os.environ.get("HEATWISE_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    return playwright.chromium.launch(executable_path=path, args=FLAGS)
