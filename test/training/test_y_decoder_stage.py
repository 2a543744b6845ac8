"""What the generator is taught: canonical words for many wordings, captions that can be true."""

from __future__ import annotations

import pytest
import torch

from vljepa_ros.training.scene_phrases import SceneLanguage
from vljepa_ros.training.scene_semantics import SCENE
from vljepa_ros.training.y_decoder_stage import StageConfig, noisy, texts


@pytest.fixture(scope="module")
def rows():
    corpus = SceneLanguage().corpus(0, 0.005)
    return texts(SCENE, corpus, StageConfig(captions=200, seed=0))


def test_every_statement_is_taught_in_its_own_words_and_in_others(rows):
    targets = [target for _, target in rows]
    for statement in SCENE.statements.values():
        assert (statement, statement) in rows
        assert targets.count(statement) > 1, statement
    assert any(wording != target for wording, target in rows)


def test_captions_never_say_two_places_of_one_thing(rows):
    captions = [target.split(", ") for _, target in rows if ", " in target]
    assert len(captions) > 100
    ids = {text: key for key, text in SCENE.statements.items()}
    for facts in captions:
        subjects = [ids[fact].split(".")[0] for fact in facts]
        assert sum(s.startswith("cube") for s in subjects) <= 1, facts
        assert len(set(subjects)) == len(subjects), facts
        assert facts == sorted(facts, key=lambda f: list(ids).index(f)) or "in the drawer" in str(
            facts
        )


def test_the_noise_turns_embeddings_by_a_bounded_angle():
    torch.manual_seed(0)
    rows = torch.nn.functional.normalize(torch.randn(200, 256), dim=-1)
    turned = noisy(rows, 0.6)
    cosines = (rows * turned).sum(-1)
    assert torch.allclose(turned.norm(dim=-1), torch.ones(200), atol=1e-5)
    assert 0.8 < float(cosines.min()) < 0.9 and float(cosines.max()) > 0.99
