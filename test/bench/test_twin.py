"""The twin benchmark: the paper, the students' answers, and one whole run on few pictures."""

import numpy as np
import pytest
import torch

from vljepa_ros.bench import twin
from vljepa_ros.bench.twin_exam import Exam, owner
from vljepa_ros.bench.twin_students import ByText, Meaning, best_value
from vljepa_ros.model.config import YEncoderConfig
from vljepa_ros.model.sentence_encoder import Hashed
from vljepa_ros.sim.symbolic import ACTIONS, apply
from vljepa_ros.training.phrases import Sampler, load_patterns
from vljepa_ros.training.scene_semantics import STATE_SUBJECTS
from vljepa_ros.training.transitions import STATES
from vljepa_ros.training.twin import texts as twin_texts
from vljepa_ros.training.twin.samples import OUTCOME
from vljepa_ros.training.twin.texts import LASTING, Texts
from vljepa_ros.training.twin.tokens import Seen

FEW = {"statements": 4, "actions": 3, "questions": 2}


@pytest.fixture(scope="module")
def texts():
    torch.manual_seed(0)
    return Texts(Sampler(load_patterns(), 1),
                 Hashed(YEncoderConfig(name="hashed", text_width=32)), FEW)


@pytest.fixture(scope="module")
def exam(texts):
    """Pictures whose first token is the number of the state."""
    states = np.random.default_rng(0).permutation(112)[:40]
    tokens = torch.from_numpy(states)[:, None, None].expand(-1, 2, 4).half()
    return Exam(Seen(tokens, states), texts, np.random.default_rng(2))


class Knows:
    """Reads the state off the tokens, the action off its vector, and applies the rules."""

    def __init__(self, texts):
        self.texts = texts

    def _after(self, tokens, actions):
        names = self.texts.actions
        away = (names[None] - actions[:, None, None]).abs().sum(-1).amin(-1)
        return OUTCOME[tokens[:, 0, 0].long().numpy(), away.argmin(-1).numpy()]

    def outcomes(self, tokens, actions, questions, subjects):
        asked = (self.texts.questions[:, 0][None] - questions[:, None]).abs().sum(-1).argmin(-1)
        assert asked.tolist() == subjects.tolist()  # the question is about the subject
        return self._after(tokens, actions)[np.arange(len(subjects)), subjects]

    def scores(self, tokens, actions, questions, goals):
        return (self._after(tokens, actions) == goals[:, None]).any(axis=1).astype(float)


def test_who_knows_the_rules_gets_everything_right_and_the_blind_do_not(exam, texts):
    knows = exam.marks(Knows(texts))
    assert knows["outcome"]["rate"] == 1.0 and knows["top1"]["rate"] == 1.0
    assert knows["outcome"]["n"] == 120 and knows["top1"]["n"] == 40
    assert exam.marks(Knows(texts), shift=1)["outcome"]["rate"] < 0.95
    assert exam.marks(Knows(texts), count=10)["top1"]["n"] == 10
    chance = exam.chance()
    assert 0.2 < chance["outcome"] < 0.5 and 0.05 < chance["top1"] < 0.3


def test_questions_are_of_their_kind(exam):
    o = exam.outcomes
    for picture, action, subject, statement, kind in zip(
        o.picture, o.action, o.subject, o.statement, o.kind, strict=True
    ):
        before = STATES[exam.seen.state[picture]]
        works = apply(before, ACTIONS[action]) != before
        if kind < 2:
            assert works == (kind == 0)
        same = OUTCOME[exam.seen.state[picture], ACTIONS.index("wait"), subject] == statement
        assert same == (kind != 0)


def test_goals_are_open_and_within_reach(exam):
    g = exam.goals
    for picture, goal, reached in zip(g.picture, g.statement, g.reached, strict=True):
        state = exam.seen.state[picture]
        assert goal not in OUTCOME[state, ACTIONS.index("wait")] and reached.any()
        assert goal in OUTCOME[state, int(np.flatnonzero(reached)[0])]
    assert STATE_SUBJECTS[owner(LASTING.index("cube_in.drawer"))] == "cube_in"


def test_generated_text_is_understood_by_letters_or_by_meaning(texts):
    def embed(said):
        rows = torch.zeros(len(said), len(LASTING))
        for i, text in enumerate(said):
            rows[i, 1 if "strange" in text else i % len(LASTING)] = 1.0
        return rows

    meaning = Meaning(texts, embed)
    wording = texts.statement_texts[3][2]
    found = meaning.of([wording, wording.upper() + " !", "strange words", ""])
    assert found.tolist() == [3, 3, 1, -1]
    assert meaning.of(["strange words"]).tolist() == [1]
    assert (meaning.asked, meaning.exact) == (5, 2)


def test_only_values_of_the_subject_are_chosen_from(texts):
    likeness = np.zeros((2, len(LASTING)))
    likeness[:, LASTING.index("window.open")] = 1.0
    likeness[:, LASTING.index("drawer.open")] = 0.5
    said = best_value(likeness, np.array([0, 1]))
    assert [LASTING[m] for m in said] == ["drawer.open", "window.open"]
    scores = ByText(texts).scores(torch.zeros(2, 2, 4), texts.actions[:2, 0],
                                  texts.questions[:2, 0], np.array([0, 1]))
    assert scores.shape == (2,)


def test_the_verdict_says_what_was_measured():
    rates = {"ours_full": 0.9, "ours_half": 0.7, "twin_generation": 0.8, "twin_likelihood": 0.6}
    times = {"ours_full": 0.1, "ours_half": 0.05, "twin_generation": 1.0, "twin_likelihood": 0.3}
    words = "\n".join(twin.verdict({
        "final": {k: {"outcome": {"rate": r}, "top1": {"rate": r}} for k, r in rates.items()},
        "ms_per_candidate": {"one_subject": times, "whole_state": times},
    }))
    assert "half does not reach" in words and "as hoped: no (10.0" in words


def test_a_run_from_nothing_measures_everything(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # no training pictures here: they are rendered
    monkeypatch.setattr(twin_texts, "WORDINGS", FEW)
    monkeypatch.setattr(twin, "REPEATS", 2)
    found = twin.run(episodes=5, steps=2, stills=6, plot=tmp_path / "twin.png")
    names = {"ours_full", "ours_half", "twin_generation", "twin_likelihood"}
    assert names <= set(found["final"]) and [p["samples"] for p in found["curve"]] == [256]
    count = found["trained_parameters"]
    assert count["ours_half"] <= count["twin"] / 2 and count["ours_full"] <= count["twin"]
    assert set(found["ms_per_candidate"]["one_subject"]) == names
    assert found["ms_per_candidate"]["candidates"] == 40
    assert all(v > 0 for v in found["ms_per_candidate"]["whole_state"].values())
    assert found["baselines"]["oracle"] == 1.0 and len(found["verdict"]) == 7
    assert (tmp_path / "twin.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match="steps = 0"):
        twin.run(steps=0)
