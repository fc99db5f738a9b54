"""The clustering board as its browser tests find it: where things are, what was stored."""

import io

from PIL import Image

from studyapp import models

XNN = {"stages": [["XNN", "xnn"]], "datasets": ["gulls"]}
SINGLE = {"stages": [["1-Heatmap", "c_mwp"]], "datasets": ["gulls"]}
BARE = {"stages": [["NoVis", "none"]], "datasets": ["gulls"]}


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (96, 96), (90, 140, 190)).save(content, "WEBP")
    return content.getvalue()


def photo(number: int) -> str:
    return f".card[data-picture='{number}'] .photo"


def tray(group: str) -> str:
    return f"[data-group={group}]"


def placed(page) -> str:
    return "".join(page.input_value(f"[name=picture_{number}]") or "-" for number in range(1, 11))


def selected(page) -> list[int]:
    return [int(card.get_attribute("data-picture")) for card in page.query_selector_all(".card.selected")]


def events(name: str) -> list[models.Event]:
    return list(models.Event.objects.filter(name=name).order_by("pk"))


def moves() -> list[tuple]:
    return [(row.data["picture"], row.data["from"], row.data["to"], row.input_mode) for row in events("moved")]


def sortings() -> list[models.Response]:
    return [row for row in models.Response.objects.order_by("position") if "placement" in row.answer]
