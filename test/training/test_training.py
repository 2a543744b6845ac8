"""The trainer's parts: corpora, labels, losses, resuming. Small enough for seconds."""

import numpy as np
import pytest
import torch

from vljepa_ros.model.config import ModelConfig
from vljepa_ros.model.vljepa import VLJEPA
from vljepa_ros.sim.symbolic import ACTIONS
from vljepa_ros.training import checkpointing, phrases, scene_phrases
from vljepa_ros.training.objectives import (
    analogies,
    analogy_loss,
    caption_loss,
    position_loss,
    statement_loss,
    works_loss,
)
from vljepa_ros.training.scene_semantics import INDEX, SCENE, STATE_SUBJECTS, STATEMENT_IDS
from vljepa_ros.training.semantics import NOT_MENTIONED
from vljepa_ros.training.spintax import expand
from vljepa_ros.training.transitions import NEXT, STATES, TRUE, WORKS, draw_actions
from vljepa_ros.training.workbench_semantics import WORKBENCH


def test_spintax_expands_nested_choices_and_macros():
    rng = np.random.default_rng(0)
    seen = {expand("{a|b{1|2}} <X> {|please}", rng, {"X": "{x|y}"}) for _ in range(200)}
    assert seen == {f"{a} {x}{p}" for a in ("a", "b1", "b2") for x in "xy" for p in ("", " please")}


@pytest.mark.parametrize("pattern", ["{a|b", "a}", "<NOPE>"])
def test_a_broken_pattern_is_named(pattern):
    with pytest.raises(ValueError, match=r"unbalanced|unknown"):
        expand(pattern, np.random.default_rng(0), {})


def test_the_corpus_is_seeded_and_speaks_of_every_statement_and_action():
    rows = scene_phrases.corpus(3, 0.01)
    assert [r.text for r in rows] == [r.text for r in scene_phrases.corpus(3, 0.01)]
    assert {r.statement for r in rows} >= set(STATEMENT_IDS)
    assert {r.action for r in rows} >= set(ACTIONS)
    assert any(r.parts == () for r in rows)


def test_no_held_out_sentence_is_in_the_training_corpus():
    held_out = phrases.sentences(phrases.read_yaml("vljepa_ros.bench", "phrases/heldout.yaml"))
    training = {phrases.bare(r.text) for r in scene_phrases.corpus(0, 0.15)}
    both = [r.text for rows in held_out.values() for r in rows
            if phrases.bare(r.text) in training]
    assert both == []


def test_goal_labels_name_each_subject_once():
    labels = SCENE.reader_labels(("cube_in.drawer", "drawer.closed"))
    labels = dict(zip(STATE_SUBJECTS, labels, strict=True))
    assert labels["drawer"] == 1 and labels["cube_in"] == 2
    assert labels["window"] == labels["cube_place"] == NOT_MENTIONED


def test_transitions_follow_the_preconditions():
    for state in (0, 17, 63, 111):
        for action in range(len(ACTIONS)):
            assert WORKS[state, action] == (NEXT[state, action] != state)
    assert len(STATES) == 112 and TRUE.shape == (112, 7)


def test_a_third_or_more_of_the_drawn_actions_fail():
    rng = np.random.default_rng(0)
    states = rng.integers(112, size=4000)
    works = WORKS[states, draw_actions(states, rng)]
    assert 0.55 < works.mean() < 0.67


def test_the_statement_loss_is_low_for_the_truth_and_masks_what_is_also_true():
    bank = torch.nn.functional.normalize(torch.eye(len(STATEMENT_IDS)), dim=-1)[:, None]
    place, table = INDEX["cube_place.back_left"], INDEX["cube_in.table"]
    truth = torch.tensor([place, INDEX["drawer.open"]])

    def loss(rows):
        return statement_loss(bank[rows, 0], truth, bank, SCENE.never_negative)

    right, wrong = loss(truth), loss([INDEX["drawer.closed"], place])
    also_true = loss([table, INDEX["drawer.open"]])
    assert right < 0.1 < also_true < wrong


def test_captions_of_the_same_scene_are_not_negatives():
    rows = torch.nn.functional.normalize(torch.randn(4, 8), dim=-1)
    same = caption_loss(rows, rows.flip(0), torch.zeros(4))
    assert float(same) == pytest.approx(0.0, abs=1e-6)


def test_training_goes_on_where_it_stopped(tmp_path):
    def step(model, optimizer):
        optimizer.zero_grad()
        model.predictor(torch.ones(2, 3, 24), None).sum().backward()
        optimizer.step()

    def make():
        torch.manual_seed(0)
        model = VLJEPA(ModelConfig.tiny())
        group = {"params": list(model.predictor.parameters()), "name": "all"}
        return model, torch.optim.AdamW([group], lr=1e-2)

    straight, optimizer = make()
    for _ in range(4):
        step(straight, optimizer)
    first, optimizer = make()
    for _ in range(2):
        step(first, optimizer)
    checkpointing.save(tmp_path / "run.safetensors", first, optimizer, 2)
    second, optimizer = make()
    assert checkpointing.load(tmp_path / "run.safetensors", second, optimizer)[0] == 2
    for _ in range(2):
        step(second, optimizer)
    for a, b in zip(straight.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_unknown_truth_costs_nothing():
    rows = torch.nn.functional.normalize(torch.randn(4, 8), dim=-1)
    bank, none = rows[:, None], torch.zeros(4, 4, dtype=torch.bool)
    assert float(statement_loss(rows, torch.full((4,), -1), bank, none)) == 0.0
    assert float(works_loss(torch.randn(4), np.full(4, np.nan, dtype=np.float32))) == 0.0
    unknown = np.full((4, 2, 3), np.nan, dtype=np.float32)
    assert float(position_loss(torch.randn(4, 2, 3), unknown)) == 0.0
    near = position_loss(torch.zeros(1, 1, 3), np.full((1, 1, 3), 0.01, dtype=np.float32))
    assert 0 < float(near) < float(
        position_loss(torch.zeros(1, 1, 3), np.full((1, 1, 3), 0.05, dtype=np.float32))
    )


def test_parallelograms_close_when_thing_and_value_add_up():
    quads = analogies(WORKBENCH)
    things = [s.split(".")[0] for s in WORKBENCH.statement_ids]
    values = [s.split(".")[1] for s in WORKBENCH.statement_ids]
    generator = torch.Generator().manual_seed(0)
    table = {k: torch.randn(8, generator=generator) for k in {*things, *values}}
    additive = torch.stack([table[t] + table[v] for t, v in zip(things, values, strict=True)])
    assert float(analogy_loss(additive, quads)) < 1e-8
    assert float(analogy_loss(torch.randn(len(things), 8, generator=generator), quads)) > 1.0
    held = torch.tensor([WORKBENCH.index[s] for s in WORKBENCH.held_out])
    assert not torch.isin(quads, held).any()


def test_focus_weighs_what_is_wrong():
    bank = torch.nn.functional.normalize(torch.eye(len(STATEMENT_IDS)), dim=-1)[:, None]
    truth = torch.tensor([INDEX["drawer.open"], INDEX["window.open"]])
    rows = bank[[INDEX["drawer.open"], INDEX["window.closed"]], 0]  # one right, one wrong
    plain = statement_loss(rows, truth, bank, SCENE.never_negative)
    focused = statement_loss(rows, truth, bank, SCENE.never_negative, focus=0.9)
    assert 1.3 * float(plain) < float(focused) < 2.0 * float(plain)
    logit, works = torch.tensor([4.0, 4.0]), np.array([1.0, 0.0], dtype=np.float32)
    assert float(works_loss(logit, works, 0.9)) > 1.5 * float(works_loss(logit, works))
