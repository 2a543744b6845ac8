"""The twin and its rival: generation with a cache, likelihood, budgets, samples, learning."""

import numpy as np
import pytest
import torch

from vljepa_ros.model.config import YEncoderConfig
from vljepa_ros.model.sentence_encoder import Hashed
from vljepa_ros.sim.symbolic import ACTIONS, apply
from vljepa_ros.training.phrases import Sampler, load_patterns
from vljepa_ros.training.scene_semantics import STATE_SUBJECTS
from vljepa_ros.training.transitions import STATES
from vljepa_ros.training.twin import tokens as state_tokens
from vljepa_ros.training.twin.fit import FitConfig, fit
from vljepa_ros.training.twin.generator import Generator, GeneratorSize
from vljepa_ros.training.twin.imaginer import Imaginer, ImaginerSize, parameters, sized
from vljepa_ros.training.twin.samples import ABOUT, OUTCOME, Samples
from vljepa_ros.training.twin.texts import END, LASTING, PAD, Texts, Words
from vljepa_ros.training.twin.tokens import Seen

WIDTH, TEXT = 16, 32


@pytest.fixture(scope="module")
def texts():
    torch.manual_seed(0)
    encoder = Hashed(YEncoderConfig(name="hashed", text_width=TEXT))
    counts = {"statements": 4, "actions": 3, "questions": 3}
    return Texts(Sampler(load_patterns(), 1), encoder, counts)


@pytest.fixture(scope="module")
def seen():
    """Every state once, its tokens a random code of the state."""
    codes = torch.randn(len(STATES), 3, WIDTH, generator=torch.Generator().manual_seed(1))
    return Seen(codes.half(), np.arange(len(STATES)))


@pytest.fixture(scope="module")
def generator(texts):
    torch.manual_seed(2)
    return Generator(WIDTH, TEXT, len(texts.words), GeneratorSize(32, 2, 1, 2)).eval()


def inputs(count, seed=0):
    made = torch.Generator().manual_seed(seed)
    return (torch.randn(count, 3, WIDTH, generator=made),
            torch.randn(count, TEXT, generator=made), torch.randn(count, TEXT, generator=made))


def test_words_are_said_again_as_they_were_read():
    words = Words(["The drawer's open.", "it is shut"])
    ids = words.encode(["the drawer is open", "unheard it"])
    assert words.decode(ids[0, 1:].tolist()) == "the drawer is open"
    assert ids[1].tolist()[-2:] == [PAD, PAD] and ids[1, 3] == END
    assert words.decode(ids[1, 1:].tolist()) == "it"


@torch.no_grad()
def test_the_cache_gives_the_likelihood_of_the_whole_text(generator):
    state = inputs(5)
    said = generator.generate(*state)
    begun = torch.cat((torch.ones(5, 1, dtype=torch.long), said.ids), dim=1)
    whole = generator.likelihood(*state, begun[:, None])[:, 0]
    torch.testing.assert_close(whole, said.log_probability, rtol=1e-4, atol=1e-3)


@torch.no_grad()
def test_a_batch_says_what_each_row_says_alone(generator):
    state = inputs(4)
    together = generator.generate(*state)
    for i in range(4):
        alone = generator.generate(*(part[i : i + 1] for part in state))
        length = alone.ids.shape[1]
        assert together.ids[i, :length].tolist() == alone.ids[0].tolist()
        torch.testing.assert_close(together.log_probability[i], alone.log_probability[0],
                                   rtol=1e-4, atol=1e-3)


@torch.no_grad()
def test_several_texts_score_as_one_by_one(generator, texts):
    state, words = inputs(3), texts.ids[:, 0]
    every = generator.likelihood(*state, words)
    assert every.shape == (3, len(LASTING))
    for m in (0, 7, 15):
        alone = generator.likelihood(*state, words[m : m + 1])
        torch.testing.assert_close(every[:, m : m + 1], alone, rtol=1e-4, atol=1e-3)


@torch.no_grad()
def test_several_questions_about_one_outcome_are_answered_independently():
    torch.manual_seed(6)
    ours = Imaginer(WIDTH, TEXT, ImaginerSize(32, 2, 1, 1, 32, 32)).eval()
    tokens, actions, asked = inputs(3)
    together = ours.answer(tokens, actions, asked[None])  # all three questions, every outcome
    assert together.shape == (3, 3, 32)
    each = ours.answer(tokens, actions, asked)
    torch.testing.assert_close(together[[0, 1, 2], [0, 1, 2]], each, rtol=1e-4, atol=1e-5)
    alone = ours.answer(tokens[1:2], actions[1:2], asked[1:2])
    torch.testing.assert_close(alone, each[1:2], rtol=1e-4, atol=1e-5)


def test_the_largest_size_within_the_budget_is_taken():
    full, size = sized(192, 384, 950_000)
    half, smaller = sized(192, 384, 475_000)
    assert 800_000 < parameters(full) <= 950_000 and 380_000 < parameters(half) <= 475_000
    assert size.width > smaller.width
    with pytest.raises(ValueError, match="budget of 1000 trained"):
        sized(192, 384, 1000)


def test_outcomes_are_those_of_the_rules():
    for s in (0, 33, 71, 111):
        for a, action in enumerate(ACTIONS):
            after = apply(STATES[s], action)
            said = {k: LASTING[m] for k, m in zip(STATE_SUBJECTS, OUTCOME[s, a], strict=True)}
            assert said["drawer"] == f"drawer.{after.drawer}"
            assert said["window_lock"] == f"window_lock.{after.window_lock}"
            in_drawer = after.cube == "drawer"
            assert said["cube_in"] == ("cube_in.drawer" if in_drawer else "cube_in.table")
            assert said["cube_place"] == (
                "cube_in.drawer" if in_drawer else f"cube_place.{after.cube}")
    about = {a: [STATE_SUBJECTS[s] for s in ABOUT[i]] for i, a in enumerate(ACTIONS)}
    assert about["open_drawer"] == ["drawer"] and about["press_right_button"] == ["window_lock"]
    assert about["take_cube_out"] == about["place_back_left"] == ["cube_in", "cube_place"]


def test_the_same_seed_draws_the_same_batches(seen, texts):
    first, second, other = (Samples(seen, texts, seed).draw(32) for seed in (4, 4, 5))
    assert torch.equal(first.words, second.words) and torch.equal(first.bank, second.bank)
    assert torch.equal(first.tokens, second.tokens)
    assert not torch.equal(first.statement, other.statement)
    said = texts.words.decode(first.words[0, 1:].tolist())
    options = {texts.words.decode(row[1:].tolist()) for row in texts.ids[first.statement[0]]}
    assert said in options


def test_both_learn_from_the_same_batches(seen, texts):
    torch.manual_seed(3)
    models = {"ours": Imaginer(WIDTH, TEXT, ImaginerSize(32, 2, 1, 1, 32, 32)),
              "twin": Generator(WIDTH, TEXT, len(texts.words), GeneratorSize(32, 2, 1, 1))}
    fresh = Samples(seen, texts, 9).draw(128)
    losses = {name: [float(model.loss(fresh).detach())] for name, model in models.items()}
    looked = []

    def look(step):
        looked.append((step, any(m.training for m in models.values())))
        for name, model in models.items():
            losses[name].append(float(model.loss(fresh).detach()))

    config = FitConfig(steps=60, batch=64, lr=5e-3, warm_up=5)
    seconds = fit(models, Samples(seen, texts, 0), config, [30, 60], look)
    assert looked == [(30, False), (60, False)] and set(seconds) == set(models)
    assert losses["ours"][-1] < 0.7 * losses["ours"][0]
    assert losses["twin"][-1] < 0.5 * losses["twin"][0]


class Eye(torch.nn.Module):
    """Counts what it is shown; the tokens are the mean of the newest frame."""

    def __init__(self):
        super().__init__()
        self.shown = 0

    def forward(self, clip):
        self.shown += len(clip)
        return clip[:, -1].float().mean(dim=(1, 2, 3))[:, None, None].expand(-1, 3, WIDTH)


def test_tokens_are_computed_once(tmp_path):
    from tiny_pictures import write_pictures

    write_pictures(tmp_path)
    eye = Eye()
    first = state_tokens.training(eye, "m-1", 4, tmp_path, 150, print)
    assert eye.shown == 150 and first.tokens.shape == (150, 3, WIDTH)
    again = state_tokens.training(eye, "m-1", 4, tmp_path, 150, print)
    assert eye.shown == 150 and torch.equal(first.tokens, again.tokens)
    assert np.array_equal(first.state, again.state) and set(first.state) == set(range(112))
    state_tokens.training(eye, "m-2", 4, tmp_path, 150, print)  # another model, other tokens
    assert eye.shown == 300
    with pytest.raises(ValueError, match="has no stills"):
        state_tokens.training(eye, "m-1", 4, tmp_path / "nothing", 10, print)
