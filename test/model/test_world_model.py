"""The in-process world model with tiny random weights: shapes, errors, determinism."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vljepa_ros.model.config import ModelConfig
from vljepa_ros.model.vljepa import VLJEPA
from vljepa_ros.model.world_model import MAX_TEXT, GoalError, LatentWorldModel
from vljepa_ros.planning.protocols import Action, WorldModel


@pytest.fixture(scope="module")
def world():
    return LatentWorldModel.tiny()


def clip(frames=2, height=40, width=56, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 255, (frames, 3, height, width), dtype=np.uint8)


def test_it_is_a_world_model(world):
    assert isinstance(world, WorldModel)


def test_any_picture_size_and_clip_length_is_taken(world):
    for frames, height, width in ((1, 32, 32), (2, 480, 640), (5, 17, 90)):
        assert len(world.encode(clip(frames, height, width))) == 1


def test_a_short_clip_is_padded_with_its_oldest_frame(world):
    one = clip(1)
    queries = world.vocabulary.queries
    np.testing.assert_allclose(
        world.read(world.encode(one), queries),
        world.read(world.encode(np.concatenate((one, one))), queries), atol=1e-5,
    )


def test_answers_are_unit_vectors(world):
    answers = world.read(world.encode(clip()), world.vocabulary.queries)
    assert answers.shape == (1, 2, world.embedding_dim) and answers.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(answers, axis=-1), 1, atol=1e-5)
    assert world.describe(world.encode(clip())).shape == (1, world.embedding_dim)


def test_queries_do_not_disturb_one_another(world):
    state, queries = world.encode(clip()), world.vocabulary.queries
    both = world.read(state, queries)[0]
    alone = world.read(state, queries[1:])[0]
    np.testing.assert_allclose(both[1:], alone, atol=1e-5)


def test_imagining_many_states_and_actions_equals_one_by_one(world):
    states = world.encode_many([clip(seed=1), clip(seed=2)])
    actions = [Action("a", "open the drawer"), Action("b", "wait", target=(0.1, 0.0, 0.5))]
    many = world.imagine(states, actions, world.vocabulary.queries)
    assert many.works.shape == (2, 2) and len(many.states) == 4
    assert ((many.works > 0) & (many.works < 1)).all()
    one = world.imagine(states.select([1]), actions[1:], world.vocabulary.queries)
    np.testing.assert_allclose(many.readouts[1, 1], one.readouts[0, 0], atol=1e-4)
    np.testing.assert_allclose(many.works[1, 1], one.works[0, 0], atol=1e-4)


def test_chosen_pairs_equal_the_product_they_belong_to(world):
    states = world.encode_many([clip(seed=1), clip(seed=2)])
    actions = [Action("a", "open the drawer"), Action("b", "wait", target=(0.1, 0.0, 0.5)),
               Action("c", "wait", target=(0.3, 0.0, 0.5))]
    queries = world.vocabulary.queries
    whole = world.imagine(states, actions, queries)
    pairs = np.array([(1, 2), (0, 0), (1, 1)])
    works = whole.works[pairs[:, 0], pairs[:, 1]]
    some = world.imagine_pairs(states, actions, pairs, queries, read_above=np.median(works))
    np.testing.assert_allclose(some.works, works, atol=1e-5)
    assert some.read.tolist() == np.flatnonzero(some.works >= np.median(works)).tolist()
    assert len(some.states) == len(some.read) < 3
    wanted = whole.readouts[pairs[some.read, 0], pairs[some.read, 1]]
    np.testing.assert_allclose(some.readouts, wanted, atol=1e-4)
    np.testing.assert_allclose(world.read(some.states, queries), wanted, atol=1e-4)


def test_half_precision_imagines_nearly_the_same_and_hands_out_full_precision(world):
    states = world.encode_many([clip(seed=1), clip(seed=2)])
    actions = [Action("a", "open the drawer"), Action("b", "wait", target=(0.1, 0.0, 0.5))]
    pairs, queries = np.array([(0, 0), (0, 1), (1, 0), (1, 1)]), world.vocabulary.queries
    half = LatentWorldModel(world.network, world.vocabulary, bfloat16=True)
    full = world.imagine_pairs(states, actions, pairs, queries)
    fast = half.imagine_pairs(states, actions, pairs, queries)
    assert fast.states.tokens.dtype == torch.float32 and fast.readouts.dtype == np.float32
    assert not np.array_equal(fast.readouts, full.readouts), "nothing was half"
    np.testing.assert_allclose(fast.works, full.works, atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(fast.readouts, axis=-1), 1, atol=1e-5)
    assert ((fast.readouts * full.readouts).sum(axis=-1) > 0.999).all()
    seen = half.read(states, queries), world.read(states, queries)
    np.testing.assert_array_equal(*seen)


def test_reading_and_locating_in_one_pass_is_both():
    torch.manual_seed(0)
    network = VLJEPA(replace(ModelConfig.tiny(), locate=True)).eval()
    state = torch.randn(3, network.config.x_encoder.tokens, network.config.width)
    rows = torch.nn.functional.normalize(torch.randn(5, network.config.embedding), dim=-1)
    with torch.no_grad():
        read, metres = network.predictor.read_and_locate(state, rows[:3], rows[3:])
        torch.testing.assert_close(read, network.predictor(state, rows[:3]))
        torch.testing.assert_close(metres, network.predictor.locate(state, rows[3:]))


def test_batches_join(world):
    first, second = (world.encode(clip(seed=seed)) for seed in (1, 2))
    joined = first.join([second, first])
    assert len(joined) == 3
    np.testing.assert_array_equal(joined.select([1]).tokens, second.tokens)


@pytest.mark.parametrize("bad", [
    np.zeros((2, 3, 8, 8), np.float32), np.zeros((3, 8, 8), np.uint8),
    np.zeros((0, 3, 8, 8), np.uint8), np.zeros((1, 4, 8, 8), np.uint8), "picture",
])
def test_a_bad_clip_is_named(world, bad):
    with pytest.raises(ValueError, match=r"allowed: uint8 \(T, 3, H, W\)"):
        world.encode(bad)


@pytest.mark.parametrize("text", ["", "   ", None, 7])
def test_an_empty_goal_is_refused(world, text):
    with pytest.raises(GoalError, match="goal text is empty; allowed: 1 to 500"):
        world.understand(text)


def test_a_goal_too_long_is_refused(world):
    with pytest.raises(GoalError, match=f"has {MAX_TEXT + 1} characters"):
        world.understand("x" * (MAX_TEXT + 1))


def test_nothing_is_understood_without_training_or_it_says_how_sure_it_is(world):
    goal = world.understand("open the drawer")
    assert 0 <= goal.confidence <= 1
    assert goal.understood == bool(goal.parts)
