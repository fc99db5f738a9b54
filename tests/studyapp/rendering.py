"""A step's page rendered by itself, without the engine around it."""

from itertools import count

from django.template.loader import render_to_string

STUDY = {
    "study_title": "A study",
    "language": "en",
    "submit_url": "/run/",
    "events_url": "/events/",
    "state_url": "/state/",
    "guide_url": "/guide/",
    "leave_url": "/leave/",
}
RUN = {
    "key": "anna",
    "token": "1-abc",
    "progress": {"number": 1, "total": 14, "label": "Picture 1 of 14", "percent": 7},
    "next_images": [],
}
RENDERINGS = count()


def rendered(page, shown: dict, form) -> str:
    """Return the page's HTML; nothing is taken from a cache, every rendering is its own."""
    same = {**STUDY, **shown, "page": page.name, "rendering": next(RENDERINGS)}
    return render_to_string(page.template, {**RUN, **same, "same": same, "form": form})
