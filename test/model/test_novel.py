"""Answers on the way to a statement training never showed are drawn to it; others stay."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from vljepa_ros.model.checkpoint import load_model, save_model
from vljepa_ros.model.config import ConfigError, ModelConfig
from vljepa_ros.model.predictor import Predictor
from vljepa_ros.model.vljepa import VLJEPA

LIMIT = 0.6


def axis(i, width=16):
    return F.one_hot(torch.tensor(i), width).float()


@pytest.fixture
def predictor():
    """A predictor whose answers are what is put into `said`."""
    made = Predictor(ModelConfig.tiny())
    made.head = torch.nn.Identity()
    made.expect(axis(0)[None], torch.tensor([LIMIT]))
    return made


def said(predictor, *rows):
    return predictor._said(torch.stack(rows)[None])[0]


def test_an_answer_between_two_statements_goes_to_the_one_never_shown(predictor):
    torn = F.normalize(0.68 * axis(0) + 0.73 * axis(1), dim=0)  # nearer to what was shown
    answer = said(predictor, torn)[0]
    assert answer[0] > answer[1]
    assert float(answer.norm()) == pytest.approx(1.0, abs=1e-5)


def test_an_answer_below_the_limit_stays(predictor):
    calm = F.normalize(0.59 * axis(0) + 0.9 * axis(1), dim=0)
    assert calm[0] < LIMIT
    torch.testing.assert_close(said(predictor, calm, axis(2)), torch.stack((calm, axis(2))))


def test_reading_and_locating_in_one_pass_gives_the_same_answers():
    torch.manual_seed(0)
    config = replace(ModelConfig.tiny(), locate=True)
    made = Predictor(config).eval()
    made.expect(F.normalize(torch.randn(2, 16), dim=-1), torch.zeros(2))
    state, queries = torch.randn(3, 3, 24), F.normalize(torch.randn(4, 16), dim=-1)
    with torch.no_grad():
        answers, _ = made.read_and_locate(state, queries, queries[:1])
        torch.testing.assert_close(answers, made(state, queries))


def test_it_is_saved_with_the_model(tmp_path):
    torch.manual_seed(1)
    network = VLJEPA(ModelConfig.tiny()).eval()
    before = network.config.to_dict()
    network.predictor.expect(F.normalize(torch.randn(2, 16), dim=-1), torch.tensor([0.5, 0.25]))
    network.config = replace(network.config, novel=2)
    rows = F.normalize(torch.randn(3, 16), dim=-1)
    save_model(
        tmp_path, "tiny", network, {"drawer": {"drawer.closed": "shut", "drawer.open": "open"}},
        rows[:1], {"drawer": rows[1:]},
        {"met_threshold": 0.3, "understood_threshold": 0.5, "works_threshold": 0.5},
    )
    again = load_model(tmp_path).network.predictor
    np.testing.assert_allclose(again.novel, network.predictor.novel, atol=0.01)
    assert again.novel_limits.tolist() == [0.5, 0.25]
    assert "novel" not in before  # models without it keep their fingerprint


def test_a_count_that_makes_no_sense_is_refused():
    with pytest.raises(ConfigError, match="novel = -1 is not usable; allowed: 0..4096"):
        ModelConfig.from_dict({"novel": -1})
