"""A bundle's confusable pairs in four stages: mark the classes, nominate pairs, vote, put the chosen ones into a study.

Everybody judges for themselves first: what the others said is shown once one's own word is kept.
"""

from collections.abc import Callable
from functools import partial

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path

from studyapp import models, publishing
from studyapp.access import roles
from studyapp.bundles import pairing
from studyapp.bundles.stimuli import reader, stimulus_url
from studyapp.core.bundles.pairs import CRITERIA
from studyapp.data import audit
from studyapp.models.studies import new_seed

STAGES = {
    "classes": (
        "Mark classes",
        "Untick what does not hold for a class, then save. A class to which anybody objects is left out.",
    ),
    "nominate": ("Nominate", "Tick the pairs that you would like to see in a study."),
    "vote": ("Vote", "Tick the nominated pairs that should be in a study."),
    "choose": ("Choose", "Pairs with most votes come first. Tick those that go into the study."),
}
WORDS = {"familiar": "familiar", "unambiguous": "unambiguous", "non_specific": "not a kind of another"}
PROPOSED = 10  # pairs ticked at first under “Choose”: as many as the paper used
ROLES = (("training", "Training"), ("evaluation", "Evaluation"), ("worked", "Worked example"))


class CountsForm(forms.Form):
    """How many images each pair needs; what is left out has the kind's default."""

    training = forms.IntegerField(min_value=1, max_value=100, initial=8, required=False)
    evaluation = forms.IntegerField(min_value=1, max_value=100, initial=8, required=False)

    def counts(self) -> dict[str, int]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or field.initial for name, field in self.fields.items()}


def urls(model_admin) -> list:
    """Return the addresses of the pages, below a bundle's."""
    wrap = model_admin.admin_site.admin_view
    return [
        path("<int:pk>/pairs/record/", wrap(_record), name="pairs_record"),
        path("<int:pk>/pairs/drawn/<slug:slug>/", wrap(_page(model_admin, _drawn)), name="pairs_drawn"),
        path("<int:pk>/pairs/<slug:stage>/", wrap(_page(model_admin, _stage)), name="pairs"),
    ]


def _page(model_admin, view):
    def shown(request: HttpRequest, pk: int, **named) -> HttpResponse:
        bundle = get_object_or_404(models.Bundle, pk=pk)
        if not model_admin.has_view_permission(request, bundle):
            raise PermissionDenied
        common = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, "bundle": bundle}
        return view(request, bundle, common, **named)

    return shown


def _stage(request: HttpRequest, bundle: models.Bundle, common: dict, stage: str) -> HttpResponse:
    if stage not in STAGES:
        raise Http404
    sizes = CountsForm(request.GET)
    counts = sizes.counts()
    standings = pairing.standings(bundle, sum(counts.values()) + 1)
    if request.method == "POST":
        return _SAVE[stage](request, bundle, standings, counts) or redirect(request.get_full_path())
    title, meaning = STAGES[stage]
    context = {
        **common,
        "title": f"Confusable pairs of {bundle}",
        "stage": stage,
        "stages": [(name, words) for name, (words, _) in STAGES.items()],
        "stage_title": title,
        "meaning": meaning,
        "sizes": CountsForm(initial=counts),
        "query": request.GET.urlencode(),
        "latent": bool(reader(bundle).latent_tree),
        "n_pairs": len(standings),
        **_SHOW[stage](request, bundle, standings),
    }
    return TemplateResponse(request, f"admin/studyapp/pairs/{stage}.html", context)


def _show_classes(request: HttpRequest, bundle: models.Bundle, standings) -> dict:
    own = {mark.class_name: mark for mark in bundle.class_marks.filter(researcher=request.user.pk)}
    against = pairing.objections(bundle)
    place = {name: number for number, name in enumerate(reader(bundle).classes)}
    names = sorted(
        {name for one in standings for name in one.pair.labels}, key=lambda name: place.get(name, len(place))
    )
    return {
        "classes": [
            {
                "name": name,
                "image": _example(bundle, standings, name),
                "ticks": [(key, WORDS[key], getattr(own.get(name), key, True)) for key in CRITERIA],
                "marked": name in own,
                "objections": against.get(name, []) if name in own else [],
            }
            for name in names
        ]
    }


def _save_classes(request: HttpRequest, bundle: models.Bundle, standings, _counts) -> None:
    ticked = {name: set(request.POST.getlist(name)) for name in CRITERIA}
    shown = {name for one in standings for name in one.pair.labels}
    marks = {name: {key: name in ticked[key] for key in CRITERIA} for name in sorted(shown)}
    pairing.mark_classes(bundle, request.user, marks)
    messages.success(request, f"Your marks of {len(marks)} classes are kept.")


def _show_ballot(request: HttpRequest, bundle: models.Bundle, standings, field: str) -> dict:
    own = list(bundle.pair_ballots.filter(researcher=request.user.pk))
    chosen = {ballot.pair for ballot in own if getattr(ballot, field)}
    offered = _offered(standings, field)
    has_voted = any(ballot.voted for ballot in own)
    return {
        "pairs": [_card(bundle, one, ticked=one.pair.name in chosen) for one in _listed(offered)],
        "left_out": [one for one in standings if not one.in_question],
        "show_votes": field == "voted" and has_voted,
        "field": field,
    }


def _save_ballot(request: HttpRequest, bundle: models.Bundle, standings, field: str) -> None:
    chosen = request.POST.getlist("pair")
    pairing.ballot(bundle, request.user, field, [one.pair.name for one in _offered(standings, field)], chosen)
    messages.success(request, f"Your {'nominations' if field == 'nominated' else 'votes'} are kept.")


def _show_choose(request: HttpRequest, bundle: models.Bundle, standings) -> dict:
    remaining = [one for one in standings if one.in_question]
    wanted = [one for one in remaining if one.votes][:PROPOSED]
    has_voted = bundle.pair_ballots.filter(researcher=request.user.pk, voted=True).exists()
    listed = remaining if has_voted else _listed(remaining)
    return {
        "pairs": [_card(bundle, one, ticked=has_voted and one in wanted) for one in listed],
        "left_out": [one for one in standings if not one.in_question],
        "show_votes": has_voted,
        "studies": _studies(request, bundle),
    }


def _save_choose(request: HttpRequest, bundle: models.Bundle, standings, counts: dict[str, int]):
    known = {one.pair.name for one in standings}
    chosen = [name for name in request.POST.getlist("pair") if name in known]
    study = next((one for one in _studies(request, bundle) if one.slug == request.POST.get("study")), None)
    if study is None or len(chosen) < 2:
        messages.error(request, "Choose a study and at least two pairs, one for each round.")
        return None
    before = audit.snapshot(study.pk)
    pairing.use(study, chosen, **{f"{phase}_trials": count for phase, count in counts.items()})
    audit.record(request.user, study, "Chose pairs of classes.", audit.differences(before, audit.snapshot(study.pk)))
    messages.success(request, f"“{study}” has {len(chosen)} pairs. This is what its seed draws.")
    return redirect("admin:pairs_drawn", bundle.pk, study.slug)


def _drawn(request: HttpRequest, bundle: models.Bundle, common: dict, slug: str) -> HttpResponse:
    """Show the images that a study's seed draws for each pair; a POST draws others."""
    study = next((one for one in _studies(request, bundle) if one.slug == slug), None)
    if study is None:
        raise Http404
    if request.method == "POST":
        study.seed, study.stimuli = new_seed(), None
        study.save(update_fields=["seed", "stimuli"])
        messages.success(request, "Drawn anew.")
        return redirect(request.path)
    problems = publishing.problems(study)
    drawn = [] if problems else publishing.definition(study)["stimuli"]["pairs"]
    context = {
        **common,
        "title": f"Images of “{study}”",
        "study": study,
        "problems": problems,
        "pairs": [_roles_of(bundle, pair) for pair in drawn],
    }
    return TemplateResponse(request, "admin/studyapp/pairs/drawn.html", context)


def _record(request: HttpRequest, pk: int) -> HttpResponse:
    """Give everybody's marks, nominations and votes as CSV, names included."""
    if not request.user.is_superuser:
        raise PermissionDenied
    bundle = get_object_or_404(models.Bundle, pk=pk)
    disposition = f'attachment; filename="{bundle.name}-marks-and-votes.csv"'
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})
    pairing.write_record(bundle, response)
    return response


def _studies(request: HttpRequest, bundle: models.Bundle) -> list[models.Study]:
    """Return the studies on this bundle that take pairs and that the user may change."""
    found = roles.studies(request.user, "change").filter(bundle=bundle).select_related("bundle", "current")
    return [study for study in found if pairing.takes_pairs(study)]


def _offered(standings, field: str) -> list[pairing.Standing]:
    return [one for one in standings if one.in_question and (field == "nominated" or one.nominations)]


def _listed(standings) -> list[pairing.Standing]:
    """Return pairs in an order that tells nothing of votes and nominations: by their number of images."""
    return sorted(standings, key=lambda one: (-len(one.pair.images), one.pair.name))


def _card(bundle: models.Bundle, one: pairing.Standing, ticked: bool) -> dict:
    sides = [
        {"label": label, "n_images": count, "image": _example(bundle, [one], label)}
        for label, count in zip(one.pair.labels, one.pair.per_class, strict=True)
    ]
    return {"standing": one, "name": one.pair.name, "sides": sides, "ticked": ticked}


def _example(bundle: models.Bundle, standings, label: str) -> str:
    """Return the address of an image that shows the class and qualifies for one of the pairs; empty without one."""
    predictions = reader(bundle).predictions
    for one in standings:
        for image_id in one.pair.images if label in one.pair.labels else ():
            if label in predictions[image_id] and predictions[image_id][label].truth:
                return _address(bundle, image_id)
    return ""


def _roles_of(bundle: models.Bundle, pair: dict) -> dict:
    images = {role: [pair[role]] if role == "worked" else pair[role] for role, _ in ROLES}
    shown = {
        title: [
            {"url": _address(bundle, name), "truth": pair["facts"][name]["truth"], "id": name} for name in images[role]
        ]
        for role, title in ROLES
    }
    return {"name": pair["name"], "roles": shown}


def _address(bundle: models.Bundle, image_id: str) -> str:
    return stimulus_url(bundle, reader(bundle).image_file(image_id))


_SHOW: dict[str, Callable[..., dict]] = {
    "classes": _show_classes,
    "nominate": partial(_show_ballot, field="nominated"),
    "vote": partial(_show_ballot, field="voted"),
    "choose": _show_choose,
}
_SAVE = {
    "classes": _save_classes,
    "nominate": lambda request, bundle, standings, _: _save_ballot(request, bundle, standings, "nominated"),
    "vote": lambda request, bundle, standings, _: _save_ballot(request, bundle, standings, "voted"),
    "choose": _save_choose,
}
