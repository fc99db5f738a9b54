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


COVERED = """() => {
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
    const bars = [...document.querySelectorAll('.top, .actions')], found = [];
    const away = (element, x, y) => {  // scrolled out of view, or not meant to be seen
        for (let place = element; place; place = place.parentElement) {
            const { left, right, top, bottom, width } = place.getBoundingClientRect(), style = getComputedStyle(place);
            if (width <= 1 || style.opacity === '0') return true;
            const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY);
            if (scrolls && place !== document.documentElement && (x < left || x > right || y < top || y > bottom))
                return true;
        }
        return bars.some((bar) => !bar.contains(element) && bar.contains(document.elementFromPoint(x, y)));
    };
    while (words.nextNode()) {
        const element = words.currentNode.parentElement;
        if (!words.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
        if (element.closest('script, style, select, dialog, svg')) continue;
        range.selectNodeContents(words.currentNode);
        for (const { left, right, top, bottom } of range.getClientRects()) {
            const y = (top + bottom) / 2;
            if (right - left < 4 || y < 0 || y > innerHeight) continue;
            for (const x of [left + 2, right - 2]) {
                const hit = document.elementFromPoint(x, y);
                const shown = hit && (hit.contains(element) || element.contains(hit));
                if (!shown && !away(element, x, y)) found.push(words.currentNode.data.trim());
            }
        }
    }
    return [...new Set(found)];
}"""


def covered(page) -> list[str]:
    """Return the words in the window that are cut off at their beginning or end, or covered by something else."""
    return page.evaluate(COVERED)


def run_over(page) -> list[str]:
    """Return the words of table cells that are wider than their cell."""
    cells = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.innerText)"
    return page.eval_on_selector_all("th, td", cells)


def sideways(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
