import pytest

from explainers.config import load_config
from explainers.errors import UserError

WHOLE = """
[model]
arch = "resnet18"
[images]
folder = "photos"
[[methods]]
name = "grad_cam"
relu = false
[output]
bundle = "out"
"""


def load(tmp_path, text):
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    return load_config(tmp_path / "c.toml")


def test_a_short_configuration_has_the_usual_values(tmp_path):
    config = load(tmp_path, WHOLE)
    assert config.model.height_width == (224, 224)
    assert config.output_size == (224, 224)
    assert config.targets.top == 1
    assert config.images.folder == tmp_path / "photos"
    assert config.methods[0].id == "grad_cam"
    assert config.methods[0].parameters == {"relu": False}


def test_the_written_size_keeps_the_inputs_proportions(tmp_path):
    text = WHOLE.replace('arch = "resnet18"', 'arch = "resnet18"\nsize = [120, 160]') + "size = 240\n"
    assert load(tmp_path, text).output_size == (240, 320)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('arch = "resnet18"', "", r"\[model\] arch: is missing; expected a torchvision name"),
        ('arch = "resnet18"', "arch = 18", r"\[model\] arch: expected a torchvision name .*, found 18"),
        (
            'arch = "resnet18"',
            'arch = "resnet18"\nszie = 3',
            r"\[model\]: there is no field 'szie'\. Did you mean size",
        ),
        ('arch = "resnet18"', 'arch = "resnet18"\nmean = [1, 2]', r"\[model\] mean: expected three numbers"),
        ('arch = "resnet18"', 'arch = "resnet18"\nstd = [1, 1, 0]', r"\[model\] std: expected three numbers above 0"),
        ('arch = "resnet18"', 'arch = "resnet18"\nresize = 200', r"\[model\] resize: expected at least size, 224"),
        ("[images]", "[image]", r"there is no table \[image\]\. Did you mean images"),
        ('name = "grad_cam"', "", r"\[\[methods\]\] number 1 name: is missing"),
        ("[[methods]]", "[methods]", r"expected at least one \[\[methods\]\]"),
        ('bundle = "out"', 'bundle = "out"\nscale = "global"', "scale: a bundle holds no colours any more"),
        ('bundle = "out"', 'bundle = "out', "is not valid TOML"),
        ("[images]", '[[methods]]\nname = "grad_cam"\n[images]', "stands twice; give each its own id"),
    ],
)
def test_each_error_names_the_field_and_what_was_expected(tmp_path, old, new, message):
    with pytest.raises(UserError, match=message):
        load(tmp_path, WHOLE.replace(old, new))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.toml: there is no such file"):
        load_config(tmp_path / "nowhere.toml")
