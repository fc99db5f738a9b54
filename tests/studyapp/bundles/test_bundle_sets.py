"""Several bundles read as one: every image, prediction and map is there, under its data set's name."""

import hashlib
import json
import zipfile

import pytest
from django.core.management import CommandError, call_command

from studyapp import models
from studyapp.bundles import stimuli
from studyapp.core.bundles.bundle import Bundle, BundleError
from studyapp.core.bundles.sets import BundleSet, open_bundle
from studyapp.data import study_files
from tests.bundles import write_bundle


@pytest.fixture
def folder(tmp_path):
    """A folder with two data sets whose models know other classes."""
    write_bundle(tmp_path / "both" / "gulls", classes=("herring gull", "western gull"))
    write_bundle(tmp_path / "both" / "cells", classes=("bleb", "edge"), per_outcome={"TP": 2, "TN": 1})
    return tmp_path / "both"


def test_images_predictions_and_maps_of_all_data_sets_are_found(folder):
    together = open_bundle(folder)
    parts = {name: Bundle(folder / name) for name in ("gulls", "cells")}
    assert isinstance(together, BundleSet)
    assert {image["dataset"] for image in together.images.values()} == {"gulls", "cells"}
    for name, part in parts.items():
        for image_id in part.images:
            assert together.images[image_id]["dataset"] == name
            assert together.predictions[image_id] == part.predictions[image_id]
            node = together.heatmap(image_id, "lrp", part.classes[0])
            own = part.heatmap(image_id, "lrp", part.classes[0])
            assert node.map_file == f"{name}/{own.map_file}"
            assert (together.saliency(node) == part.saliency(own)).all()
            for file in (node.map_file, together.image_file(image_id)):
                assert (together.folder / file).is_file()
        some, *others = part.images
        assert together.similarity(some, others) == part.similarity(some, others)
    assert together.classes == ["bleb", "edge", "herring gull", "western gull"]
    assert set(together.methods) == {"lrp", "multiscale_occlusion"}
    with pytest.raises(BundleError, match="several models"):
        _ = together.features


def test_a_folder_with_a_manifest_is_a_plain_bundle(folder):
    assert type(open_bundle(folder / "gulls")) is Bundle
    with pytest.raises(BundleError, match="manifest"):
        open_bundle(folder.parent)


def test_the_hash_depends_on_every_part_and_its_name_not_on_where_it_lies(folder):
    together = open_bundle(folder)
    named = open_bundle({"cells": folder / "cells", "gulls": folder / "gulls"})
    assert together.sha256 == named.sha256
    assert open_bundle({"birds": folder / "gulls", "cells": folder / "cells"}).sha256 != together.sha256


def test_a_damaged_file_is_named_with_its_data_set(folder):
    (folder / "cells" / "predictions.csv").write_text("damaged")
    (found,) = open_bundle(folder).check_files()
    assert found.startswith("cells/predictions.csv: differs")


def test_every_file_is_listed_with_the_hash_it_has(folder):
    together = open_bundle(folder)
    assert set(together.files) == set(together.manifest["files"])
    for name, digest in together.manifest["files"].items():
        assert hashlib.sha256(together.files[name].read_bytes()).hexdigest() == digest


def test_an_image_in_two_data_sets_and_a_name_that_is_no_folder_are_refused(tmp_path):
    for name in ("one", "two"):
        write_bundle(tmp_path / name)
    with pytest.raises(BundleError, match="is in another data set as well"):
        _ = open_bundle({"one": tmp_path / "one", "two": tmp_path / "two"}).images
    with pytest.raises(BundleError, match=r"data set '\.\./x'"):
        open_bundle({"../x": tmp_path / "one"})


@pytest.mark.database
@pytest.mark.django_db
def test_a_set_is_loaded_served_and_read_again(folder, settings):
    record = stimuli.load_bundle(folder, "both")
    assert record.n_images == len(open_bundle(folder).images)
    read = stimuli.reader(record)
    assert (read.sha256, set(read.images)) == (record.sha256, set(open_bundle(folder).images))
    for image in read.images.values():
        address = stimuli.stimulus_url(record, image["file"])
        assert (settings.STIMULI_ROOT / address.removeprefix("/stimuli/")).is_file()
    assert stimuli.load_bundle(folder, "both").pk == record.pk


@pytest.mark.database
@pytest.mark.django_db
def test_the_command_takes_several_folders(folder, capsys):
    call_command("load_bundle", str(folder / "gulls"), str(folder / "cells"))
    assert capsys.readouterr().out.startswith("Bundle gulls-cells: ")
    with pytest.raises(CommandError, match="the same name"):
        call_command("load_bundle", str(folder / "gulls"), str(folder / "gulls"))


@pytest.mark.database
@pytest.mark.django_db
def test_a_zip_with_several_bundles_is_one_with_several_data_sets(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    record, _ = study_files.load_zipped_bundle(tmp_path / "both.zip", "both")
    assert record.sha256 == open_bundle(folder).sha256


@pytest.mark.database
def test_a_study_file_names_each_data_sets_bundle_and_goes_round(folder, draft, tmp_path):
    file = tmp_path / "study.json"
    content = study_files.record(draft) | {"slug": "two", "stimuli": {}}
    content["bundle"] = {"name": "both", "path": {"gulls": "both/gulls", "cells": "both/cells"}}
    file.write_text(json.dumps(content))
    study = study_files.load_study(file)
    assert study.bundle.name == "both"
    study_files.dump_study(study, tmp_path / "study.zip")
    digest, stimuli_before = study.bundle.sha256, study_files.record(study)["stimuli"]
    study.delete()
    models.Bundle.objects.filter(name="both").delete()
    again = study_files.load_study(tmp_path / "study.zip")
    assert again.bundle.sha256 == digest
    assert study_files.record(again)["stimuli"] == stimuli_before
    content["bundle"] = {"path": ["both/gulls"]}
    file.write_text(json.dumps(content | {"slug": "three"}))
    with pytest.raises(study_files.StudyFileError, match=r"bundle\.path: expected a path, or an object"):
        study_files.load_study(file)
