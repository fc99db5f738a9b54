"""What axe and the window say of a page as it is now."""

from axe_playwright_python.sync_playwright import Axe


def findings(page, impacts=("minor", "moderate", "serious", "critical")) -> list[str]:
    """Return all that axe finds on the page as it is now."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']} {node['target']}"
        for violation in found
        if violation["impact"] in impacts
        for node in violation["nodes"]
    ]


def serious(page) -> list[str]:
    """Return what axe calls serious or worse on the page as it is now."""
    return findings(page, ("serious", "critical"))


def sideways(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
