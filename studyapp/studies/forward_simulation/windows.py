"""How large a window a trial needs; the figures are those of `trial.css`."""

from studyapp.core.engine.sizes import BARS_PX, SCROLLBAR_PX, Window

PADDING_PX, GAP_PX, CARD_PX = 16, 6, 10  # a card is so much wider than what it shows
ANSWER_PX = Window(344, 548)  # the questions, beside a small picture
BESIDE, SCALE_PX, POINT_PX = 4, 86, 36  # points of confidence in a row, its height; one below another


def windows(definition: dict, bundle) -> list[Window]:
    """Return the window that holds three examples side by side beside the questions, which are in view as a whole."""
    parameters = definition["parameters"]
    tile = max(parameters["photo_px"], parameters["map_px"])
    width = 3 * (tile + CARD_PX) + 2 * GAP_PX + 3 * PADDING_PX + ANSWER_PX.width + SCROLLBAR_PX
    taller = max(0, parameters["photo_px"] - 130)
    points = len(parameters["confidence_labels"])
    taller += points * POINT_PX - SCALE_PX if points > BESIDE else 0
    return [Window(width, BARS_PX + PADDING_PX + ANSWER_PX.height + taller)]
