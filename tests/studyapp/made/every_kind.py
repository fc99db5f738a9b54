"""A study of any registered kind, ready to publish, on the bundle that the kind's own tests write or the usual one."""

import importlib

from studyapp import models
from studyapp.bundles import stimuli
from studyapp.core.engine.kinds import kind
from studyapp.desk.study.forms import crossed_conditions
from tests import bundles, loaded


def make_draft(name: str, slug: str = "any-kind", **parameters) -> models.Study:
    """Return a draft of the kind with every combination of its factors that the bundle has maps for as a condition."""
    bundle = loaded.load(_writer(name), f"made-{slug}")
    study = models.Study.objects.create(
        slug=slug, title="Any kind", kind=name, bundle=bundle, seed=1, parameters=parameters
    )
    shown = {"none", *stimuli.reader(bundle).methods}
    open_factors = {factor.name for factor in kind(name).factors if factor.open}
    for cell in crossed_conditions(kind(name)):
        if all(level in shown for factor, level in cell["factors"].items() if factor in open_factors):
            models.Condition.objects.create(study=study, **cell)
    return study


def _writer(name: str):
    try:
        module = importlib.import_module(f"tests.studyapp.made.{name}")
    except ModuleNotFoundError:
        return bundles.write_bundle
    return getattr(module, "write_bundle", bundles.write_bundle)
