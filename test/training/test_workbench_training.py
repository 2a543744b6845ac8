"""The workbench's training side: rules on arrays, truths, sentences without held-out pairs."""

import numpy as np
import pytest

from vljepa_ros.model.y_encoder import FINE
from vljepa_ros.sim.workbench_symbolic import (
    ACTIONS,
    FAILURES,
    WorkbenchState,
    apply,
    failure,
    random_state,
    works,
)
from vljepa_ros.training import corpus
from vljepa_ros.training import workbench_transitions as fast
from vljepa_ros.training.phrases import Sentence
from vljepa_ros.training.scene_semantics import SCENE
from vljepa_ros.training.workbench_generate import state_codes
from vljepa_ros.training.workbench_phrases import WorkbenchLanguage, WorkbenchSampler
from vljepa_ros.training.workbench_semantics import HELD_OUT_PLACES, WORKBENCH


def test_rules_on_arrays_are_the_rules_of_the_simulator():
    rng = np.random.default_rng(5)
    states = [random_state(rng, allow_held_out=True, elsewhere=0.2) for _ in range(60)]
    codes = np.array([state_codes(s) for s in states])
    possible = fast.works_all(codes)
    why = fast.failures_all(codes, possible)
    for a, action in enumerate(fast.ACTION_IDS):
        if action not in ACTIONS:
            continue
        reasons = [failure(s, action) for s in states]
        assert [None if w < 0 else FAILURES[w] for w in why[:, a]] == reasons, action
        truth = np.array([works(s, action) for s in states])
        assert (possible[:, a] == truth).all(), action
        after = fast.apply_all(codes, np.full(len(codes), a), possible[:, a])
        assert (after == [state_codes(apply(s, action)) for s in states]).all(), action


def test_a_hidden_cube_is_not_in_sight_unless_it_is_known():
    state = WorkbenchState(drawer="closed", cubes=(
        ("red", "drawer"), ("green", "front_left"), ("blue", "on_green")))
    codes = np.array([state_codes(state)] * 2)
    truth = fast.truth_of(codes, np.array([False, True]))
    column = WORKBENCH.subject_ids.index("red_place")
    said = [WORKBENCH.statement_ids[i] for i in truth[:, column]]
    assert said == ["red.unseen", "red.drawer"]
    count = WORKBENCH.subject_ids.index("count")
    assert WORKBENCH.statement_ids[truth[0, count]] == "count.one"


def test_training_never_draws_a_held_out_pair():
    rng = np.random.default_rng(1)
    states = np.array([state_codes(random_state(rng, allow_held_out=False)) for _ in range(400)])
    possible = fast.works_all(states)
    drawn = fast.draw_actions(states, possible, rng, np.zeros_like(possible))
    assert not {fast.ACTION_IDS[a] for a in drawn} & WORKBENCH.held_out_actions
    rows = WorkbenchLanguage().corpus(3, 0.02)
    assert not [r for r in rows if {*(r.parts or ()), r.statement} & WORKBENCH.held_out]
    assert WORKBENCH.never_negative[:, WORKBENCH.index["red.front_left"]].all()


def test_every_statement_can_be_said_and_asked():
    sampler = WorkbenchSampler(0)
    for statement in WORKBENCH.statements:
        assert sampler.single(statement).text
    for subject in WORKBENCH.subjects:
        assert sampler.question(subject)
    for action in WORKBENCH.actions:
        assert sampler.action(action).text
    assert len(HELD_OUT_PLACES) == 6


@pytest.mark.parametrize("share", [0.2, 0.8])
def test_the_share_of_working_actions_is_as_asked(share):
    rng = np.random.default_rng(2)
    states = np.array([state_codes(random_state(rng, allow_held_out=False)) for _ in range(500)])
    possible = fast.works_all(states)
    drawn = fast.draw_actions(states, possible, rng, np.zeros_like(possible), share)
    rate = possible[np.arange(500), drawn].mean()
    assert abs(rate - share) < 0.08


def test_every_kind_of_failure_is_drawn():
    rng = np.random.default_rng(4)
    states = np.array([state_codes(random_state(rng, allow_held_out=False)) for _ in range(1500)])
    possible = fast.works_all(states)
    drawn = fast.draw_actions(states, possible, rng, np.zeros_like(possible), 0.0)
    why = fast.failures_all(states, possible)[np.arange(1500), drawn]
    counts = np.bincount(why[why >= 0], minlength=len(FAILURES)) / 1500
    assert counts.min() > 0.04, dict(zip(FAILURES, counts, strict=True))


def test_an_actions_sentence_is_a_goal_too_but_not_at_a_held_out_place():
    said = corpus.as_goal(Sentence("red cube into the drawer", action="drawer_red"), WORKBENCH)
    assert said.parts == ("red.drawer",) and said.doubt == FINE
    pressed = Sentence("press the left button", action="press_left_button")
    assert corpus.as_goal(pressed, WORKBENCH) == pressed
    colour, place = next(iter(HELD_OUT_PLACES.items()))
    never = Sentence("so it goes", action=f"place_{colour}_{place}")
    assert corpus.as_goal(never, WORKBENCH).parts is None
    for world in (WORKBENCH, SCENE):
        assert all(s in world.statements and a in world.actions for a, s in world.outcomes.items())
