"""What axes and tables call a method, by what its bundle's manifest says."""

import json

from studyapp.core.bundles.bundle import Bundle
from tests.bundles import write_bundle

LONG = "A method whose title no axis has room for"


def test_a_short_title_counts_before_a_title_and_what_is_long_or_another_s_is_left_out(tmp_path):
    said = {"lrp": {"title": LONG, "short": "LRP"}, "rise": {"title": "RISE"}, "cam_a": {"title": "CAM"},
            "cam_b": {"title": "CAM"}, "long_one": {"title": LONG}, "bare_one": {}}  # fmt: skip
    folder = write_bundle(tmp_path / "bundle", methods=tuple(said), per_outcome={"TP": 1})
    manifest = json.loads((folder / "manifest.json").read_text())
    for method in manifest["methods"]:
        method |= said[method["name"]]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert Bundle(folder).short_titles() == {"lrp": "LRP", "rise": "RISE"}
