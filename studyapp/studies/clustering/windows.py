"""How large a window a trial needs; the figures are those of `board.css`."""

from studyapp.core.engine.sizes import BARS_PX, SCROLLBAR_PX, Window

COLUMNS, GAP_PX, BETWEEN_PX, PADDING_PX, HEAD_PX = 5, 8, 12, 16, 24
AROUND_PX = 130  # the heading and the legend, the switches and the distances between them
TRAYS_PX = Window(336, 146)  # the narrowest that groups can be beside the pictures, and the lowest below them


def windows(definition: dict, bundle) -> list[Window]:
    """Return the windows that hold the pictures with the groups beside them, or else below."""
    parameters = definition["parameters"]
    tile = parameters["photo_px"]
    rows = -(-parameters["batch_size"] // COLUMNS)
    photos = Window(COLUMNS * (tile + GAP_PX) - GAP_PX, rows * (tile + HEAD_PX + GAP_PX) - GAP_PX)
    width = photos.width + 2 * PADDING_PX + SCROLLBAR_PX
    height = BARS_PX + AROUND_PX + photos.height
    beside = Window(width + TRAYS_PX.width + BETWEEN_PX, height)
    return [beside, Window(width, height + GAP_PX + TRAYS_PX.height)]
