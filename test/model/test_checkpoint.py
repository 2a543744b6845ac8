"""Model folders: written, read back, and refused with one line when something is wrong."""

import shutil

import numpy as np
import pytest
import torch
import yaml

from vljepa_ros.model.checkpoint import ModelError, load_model, save_model
from vljepa_ros.model.config import ConfigError, ModelConfig
from vljepa_ros.model.vljepa import VLJEPA
from vljepa_ros.model.world_model import LatentWorldModel


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    torch.manual_seed(1)
    network = VLJEPA(ModelConfig.tiny())
    statements = {"drawer": {"drawer.closed": "it is closed", "drawer.open": "it is open"}}
    rows = torch.nn.functional.normalize(torch.randn(3, 16), dim=-1)
    model_id = save_model(
        folder, "tiny", network, statements, rows[:1], {"drawer": rows[1:]},
        {"met_threshold": 0.3, "understood_threshold": 0.5, "works_threshold": 0.5},
    )
    return folder, model_id


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved[0], tmp_path / "copy")


def one_line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_read_is_what_was_written(saved):
    folder, model_id = saved
    first, second = LatentWorldModel.load(folder), LatentWorldModel.load(folder)
    assert first.model_id == model_id
    picture = np.full((1, 3, 32, 32), 90, np.uint8)
    queries = first.vocabulary.queries
    np.testing.assert_array_equal(
        first.read(first.encode(picture), queries), second.read(second.encode(picture), queries)
    )


def test_a_missing_folder_says_how_to_get_it(tmp_path):
    with pytest.raises(ModelError) as error:
        load_model(tmp_path / "nowhere")
    assert "nowhere" in one_line(error) and "vljepa models" in str(error.value)


def test_missing_weights_say_how_to_get_them(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="is missing; the shipped model comes with"):
        load_model(copy)


def test_a_truncated_file_is_refused(copy):
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError) as error:
        load_model(copy)
    assert "fingerprint" in one_line(error)


def test_a_file_of_another_model_is_refused(copy):
    description = yaml.safe_load((copy / "model.yaml").read_text())
    description["model_id"] = "tiny-000000000000"
    (copy / "model.yaml").write_text(yaml.safe_dump(description))
    with pytest.raises(ModelError, match="does not belong to this model.yaml"):
        load_model(copy)


def test_an_unknown_part_lists_the_known_ones(copy):
    description = yaml.safe_load((copy / "model.yaml").read_text())
    description["config"]["banana"] = 1
    (copy / "model.yaml").write_text(yaml.safe_dump(description))
    with pytest.raises(ModelError, match=r"model.banana = 1 is not usable; allowed: width"):
        load_model(copy)


def test_yaml_that_is_none_and_a_newer_format_are_refused(copy):
    (copy / "model.yaml").write_text("{a: [")
    with pytest.raises(ModelError, match="is not YAML"):
        load_model(copy)
    (copy / "model.yaml").write_text("a: 1")
    with pytest.raises(ModelError, match="lacks format, model_id"):
        load_model(copy)


def test_a_device_that_is_not_there_is_named(saved):
    with pytest.raises(ModelError, match="device 'cuda:7' cannot be used here"):
        LatentWorldModel.load(saved[0], device="cuda:7")


@pytest.mark.parametrize("part, message", [
    ({"width": 25}, "width = 25"), ({"embedding": 4}, "embedding = 4"),
    ({"x_encoder": {"frames": 0}}, "x_encoder.frames = 0"),
    ({"x_encoder": {"image_size": 100}}, "a multiple of 16"),
    ({"y_encoder": 3}, "allowed: a mapping"),
])
def test_sizes_are_checked_at_the_door(part, message):
    with pytest.raises(ConfigError, match=message):
        ModelConfig.from_dict(part)
