"""Latent trees: learned from outputs, read from files, and what they say about confusion."""

import itertools
import json

import numpy as np
import pytest

from explainers.cli import main
from explainers.errors import UserError
from explainers.trees import Latent, as_tree, clusters, read_tree, top_classes
from explainers.trees.learning import _Model, _observations, learn_tree, structure


def test_top_classes_are_the_smallest_set_with_the_mass_the_most_probable_first():
    probabilities = [0.02, 0.5, 0.3, 0.16, 0.02]
    assert top_classes(probabilities) == [1, 2, 3]
    assert top_classes(probabilities, mass=0.5) == [1]
    assert top_classes(probabilities, mass=0.97) == [1, 2, 3, 0]
    assert top_classes(probabilities, most=2) == [1, 2]
    assert top_classes(probabilities, mass=1.0) == [1, 2, 3, 0, 4]
    assert top_classes([0.1] * 10) == [0, 1, 2, 3, 4]


def confused_sets(n=1200, seed=0):
    """Three groups whose members are confused; the first two also with each other now and then; 9 and 10 alone."""
    random = np.random.default_rng(seed)
    groups, sets = [[0, 1, 2], [3, 4], [5, 6, 7, 8]], []
    for _ in range(n):
        group = groups[random.integers(3)]
        found = list(random.choice(group, size=2, replace=False))
        if group != groups[2] and random.random() < 0.1:
            found.append(random.choice(groups[0] + groups[1]))
        sets.append([int(index) for index in found])
    return sets + [[9], [10]] * 20


def test_planted_groups_are_found_and_classes_that_are_never_confused_stay_alone():
    tree = learn_tree(confused_sets(), [f"class {k}" for k in range(11)], cut=0.9)
    assert sorted(map(sorted, tree.groups())) == [[0, 1, 2], [3, 4], [5, 6, 7, 8]]
    assert tree.parameters["images"] == 1240
    assert tree.parameters["confused"] == 1200
    assert {index for root in tree.roots for index in root.classes} == set(range(9))
    higher = tree.groups(level=5)
    assert sorted(map(sorted, higher)) == [[0, 1, 2, 3, 4], [5, 6, 7, 8]]


def test_levels_grow_towards_the_roots_and_every_variable_has_several_children():
    tree = learn_tree(confused_sets(), [f"class {k}" for k in range(11)], cut=0.9)
    for latent in tree.latents():
        assert len(latent.children) > 1
        assert all(child.level < latent.level for child in latent.children if isinstance(child, Latent))


def small_model():
    root = Latent("2-0", 2, (Latent("1-0", 1, (0, 1, 2)), Latent("1-3", 1, (3, 4)), 5))
    sets = [found + ([5] if n % 3 else []) for n, found in enumerate(confused_sets(150)) if max(found) < 5]
    model, observations = _Model(root), _observations(root, sets)
    return model, observations


def by_enumeration(model, row):
    """P(observation) as the sum over all states of the hidden variables."""
    hidden = [n for n in range(len(model.variables)) if model.hidden[n]]
    total = 0.0
    for states in itertools.product((0, 1), repeat=len(hidden)):
        state = dict(zip(hidden, states, strict=True))
        for n, variable in enumerate(model.variables):
            if n not in state:
                state[n] = int(row[model.root.classes.index(variable)])
        probability = 1.0
        for n, parent in enumerate(model.parent):
            on = model.on[n, state[parent] if parent >= 0 else 0]
            probability *= on if state[n] else 1 - on
        total += probability
    return total


def test_inference_equals_the_sum_over_all_hidden_states():
    model, (rows, counts) = small_model()
    model.train((rows, counts))
    joint, log_likelihood = model.infer(model._observed(rows))
    for row, found in zip(rows, np.exp(log_likelihood), strict=True):
        assert found == pytest.approx(by_enumeration(model, row), rel=1e-9)
    every = np.array(list(itertools.product((False, True), repeat=6)))
    assert np.exp(model.infer(model._observed(every))[1]).sum() == pytest.approx(1)
    np.testing.assert_allclose(joint.sum(axis=(2, 3)), 1)


def test_each_round_of_em_raises_its_objective():
    model, observations = small_model()
    course = model.train(observations)
    assert len(course) > 3
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(course))


def test_a_hidden_variable_that_is_on_makes_its_classes_likelier():
    tree = learn_tree(confused_sets(), [f"class {k}" for k in range(11)], cut=0.9)
    for latent in tree.latents():
        if latent.level == 1:
            for index in latent.classes:
                off, on = tree.class_probability[index]
                assert on > 2 * off


def test_the_written_tree_is_read_back_the_same(tmp_path):
    tree = learn_tree(confused_sets(), [f"class {k}" for k in range(11)], cut=0.9)
    tree.write(tmp_path / "tree.json")
    assert read_tree(tmp_path / "tree.json").as_dict() == tree.as_dict()
    assert as_tree(str(tmp_path / "tree.json")).groups() == tree.groups()


def hlta(name, text, level, *children):
    data = {"name": name, "level": level, "percentage": 0.4}
    return {"id": name, "text": text, "data": data, "children": list(children)}


HLTA = [
    hlta("Z3", "c2-sea_gull 0.1 c0-cello 0.2 c1-violin 0.2", 2, hlta("Z1", "c0-cello 0.1 c1-violin 0.2", 1)),
    hlta("Z9", "c4-cab 0.1 c6-van 0.1", 1),
]


def test_hltas_forest_is_read(tmp_path):
    (tmp_path / "hlta.json").write_text(json.dumps(HLTA))
    tree = read_tree(tmp_path / "hlta.json")
    assert tree.groups() == [(0, 1), (4, 6)]
    assert tree.groups(level=2) == [(0, 1, 2), (4, 6)]
    assert [tree.name(index) for index in (0, 2, 3, 6)] == ["cello", "sea gull", "class 3", "van"]
    assert [root.level for root in tree.roots] == [2, 1]


def test_clusters_follow_the_tree_at_the_chosen_level_and_keep_the_order():
    tree = as_tree([[3, 5], [7, 1, 2], [8]])
    assert clusters([2, 5, 7, 3, 8, 0], tree) == [(2, 7), (5, 3), (8,), (0,)]
    assert clusters([4], tree) == [(4,)]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ("missing.json", "cannot read"),
        (7, r"expected a latent tree, a file of one, or clusters such as \[\[3, 5\], \[7\]\], found 7"),
        ([3, 5], "3 is no list of class indices"),
        ([[0, 1], [1, 2]], "class 1 stands in two places"),
        ([["cello"]], r"\['cello'\] is no list of class indices"),
    ],
)
def test_what_is_no_tree_is_refused(tree, message):
    with pytest.raises(UserError, match=message):
        as_tree(tree)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ('{"roots": []}', "expected schema_version 1"),
        ('[{"id": "Z1"}]', "KeyError"),
        (json.dumps([hlta("Z1", "cello", 1)]), "names no class"),
        (json.dumps([hlta("Z1", "c0-cello 0.1", 1), hlta("Z2", "c0-cello 0.1", 1)]), "class 0 stands in two places"),
    ],
)
def test_a_file_that_is_no_tree_is_refused_with_its_name(tmp_path, content, message):
    (tmp_path / "tree.json").write_text(content)
    with pytest.raises(UserError, match=rf"tree\.json.*{message}"):
        read_tree(tmp_path / "tree.json")


def test_outputs_without_confusion_teach_nothing():
    with pytest.raises(UserError, match="no image has two top classes"):
        learn_tree([[0], [1]], ["a", "b"])
    assert structure([[0, 1], [2, 3]], 0.5)[0].classes == (0, 1)


@pytest.fixture
def hlta_file(tmp_path):
    (tmp_path / "hlta.json").write_text(json.dumps(HLTA))
    return tmp_path / "hlta.json"


def test_the_command_reads_hltas_forest_lists_its_groups_and_draws_it(hlta_file, tmp_path, capsys):
    out, picture = tmp_path / "tree.json", tmp_path / "tree.svg"
    assert main(["tree", "--hlta", str(hlta_file), "--out", str(out), "--picture", str(picture)]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["cello · violin", "cab · van"]
    assert read_tree(out).groups() == [(0, 1), (4, 6)]
    assert "<svg" in picture.read_text()


def test_the_command_learns_from_a_bundles_predictions_and_warns_of_few(tmp_path, capsys):
    from tests.explainers.outputs.test_tree_bundles import explain, make_project

    assert explain(make_project(tmp_path)) == 0
    assert main(["tree", str(tmp_path / "bundle"), "--out", str(tmp_path / "tree.json"), "--mass", "0.99"]) == 0
    assert "warning: learned from" in capsys.readouterr().out
    tree = read_tree(tmp_path / "tree.json")
    assert tree.class_names == ("cello", "violin", "cab", "van")
    assert tree.parameters["images"] == 5
    assert tree.parameters["mass"] == 0.99


def test_the_command_wants_a_bundle_or_a_forest(hlta_file, tmp_path, capsys):
    assert main(["tree", "--out", str(tmp_path / "tree.json")]) == 2
    assert "give either a BUNDLE to learn from or --hlta FILE" in capsys.readouterr().err
