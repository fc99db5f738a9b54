"""Studies that nobody has in mind: few and many examples, groups and points, long labels, pictures that aren't square.

On every kind of page of theirs nothing scrolls sideways, no words are cut off or covered, and axe finds nothing.
"""

from functools import partial

import pytest

from studyapp import models, publishing
from studyapp.run import sessions, showing
from tests import bundles, loaded
from tests.browser import walking
from tests.browser.looking import covered, findings, sideways
from tests.browser.tasks.test_sizes import WINDOWS, go_on
from tests.studyapp.made import clustering

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE, TALL = (400, 120), (90, 400)
TERRIERS = ("American Staffordshire terrier, pit bull terrier", "West Highland white terrier")
FEW = {"examples": {"TP": 1, "FN": 1, "FP": 0}, "queries_per_class": {"TP": 1, "FN": 0, "FP": 1, "TN": 0}}
MANY = {"examples": {"TP": 9, "FN": 5, "FP": 5}, "queries_per_class": {"TP": 1, "FN": 1, "FP": 0, "TN": 0}}
POINTS = ["not at all confident about it", "hardly", "somewhat", "rather", "fairly", "very", "entirely confident"]
SHORT = {"stages": [["Alone", "none"], ["One", "c_mwp"], ["All of them", "xnn"]], "datasets": ["cells"], "batches": 3}
WRITERS = {
    "forward_simulation": partial(
        bundles.write_bundle, classes=TERRIERS, per_outcome=dict.fromkeys(bundles.OUTCOMES, 12)
    ),
    "clustering": clustering.write_bundle,
}
FACTORS = {"forward_simulation": {"heatmap": "lrp", "scores": "shown"}, "clustering": {}}
UNUSUAL = {
    "few examples": ("forward_simulation", WIDE, {**FEW, "photo_px": 220, "map_px": 96}),
    "many examples": ("forward_simulation", TALL, {**MANY, "photo_px": 96, "map_px": 180, "score_bars": 6}),
    "seven points": ("forward_simulation", WIDE, {**FEW, "confidence_labels": POINTS, "heatmap_layout": "overlay"}),
    "two groups": ("clustering", WIDE, {**SHORT, "groups": 2, "batch_size": 4, "photo_px": 260, "map_px": 260}),
    "six groups": ("clustering", TALL, {**SHORT, "groups": 6, "photo_px": 90, "map_px": 90}),
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_no_page_of_an_unusual_study_runs_over_hides_words_or_shuts_anybody_out(browser, live_server, storage, case):
    name, size, parameters = UNUSUAL[case]

    def write(folder):
        return bundles.reshaped(WRITERS[name](folder), size)

    if name == "forward_simulation":
        parameters = {**parameters, "classes": list(TERRIERS)}
    study = models.Study.objects.create(
        slug="unusual",
        title="A study with quite a long title about terriers and cells",
        kind=name,
        bundle=loaded.load(write, case.replace(" ", "-")),
        seed=1,
        parameters=parameters,
    )
    models.Condition.objects.create(study=study, name="only", factors=FACTORS[name])
    publishing.publish(study)
    context = browser.new_context()
    page, met = context.new_page(), set()
    walking.enter(page, f"{live_server.url}/s/unusual/")
    run = sessions.get(models.Participant.objects.get().pk)
    while run.status == "active":
        step = showing.step_of(run)[2]
        sort = step["page"], step.get("method"), step["data"].get("part")
        if sort not in met:
            met.add(sort)
            page.reload()
            walking.shown(page)
            for width, height in WINDOWS:
                page.set_viewport_size({"width": width, "height": height})
                assert sideways(page) <= 0, (step["key"], width)
                assert covered(page) == [], (step["key"], width)
            assert findings(page) == [], step["key"]
        run = go_on(run)
    context.close()
    assert len(met) > 10
