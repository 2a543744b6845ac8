"""The generator: learns to write from embeddings, greedy and beam agree with brute force, files."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from vljepa_ros.model.checkpoint import ModelError
from vljepa_ros.model.y_decoder import (
    END,
    FILE,
    PAD,
    SPECIAL,
    START,
    Generator,
    GeneratorConfig,
    load_generator,
    save_generator,
    words_of,
)
from vljepa_ros.training.y_decoder_stage import loss_of

D = 16
TEXTS = ("the drawer is open", "the drawer is closed", "the cube is in the drawer, it is red")


def tiny(seed=0):
    torch.manual_seed(seed)
    words = sorted({w for text in TEXTS for w in words_of(text)})
    sizes = GeneratorConfig(D, len(words) + 3, width=16, heads=2, layers=2, prefix=2, max_words=16)
    return Generator(sizes, [*SPECIAL, *words]).eval()


@pytest.fixture(scope="module")
def trained():
    """A tiny generator that has learnt the three texts, and their embeddings."""
    generator = tiny()
    embeddings = torch.nn.functional.normalize(torch.randn(3, D), dim=-1)
    rows = [[START, *generator.ids(t)] for t in TEXTS]
    longest = max(map(len, rows))
    words = torch.tensor([r + [PAD] * (longest - len(r)) for r in rows])
    optimiser = torch.optim.Adam(generator.parameters(), lr=0.01)
    for _ in range(120):
        loss = loss_of(generator, embeddings, words)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return generator.eval(), embeddings


def test_it_writes_what_it_learnt_with_confidence(trained):
    generator, embeddings = trained
    for beams in (1, 3):
        written = generator.generate(embeddings, beams)
        assert [g.text for g in written] == list(TEXTS)
        assert all(g.confidence > 0.8 for g in written)
    pairs = generator.write(embeddings.numpy())
    assert [text for text, _ in pairs] == list(TEXTS)
    assert generator.generate(embeddings[:0]) == []


def test_cached_words_are_those_of_the_whole_sentence_at_once():
    """Greedy with keys and values kept equals choosing the best word with everything run anew."""
    generator = tiny(3)
    embeddings = torch.nn.functional.normalize(torch.randn(2, D), dim=-1)
    for row, written in zip(embeddings, generator.generate(embeddings), strict=True):
        ids = [START]
        while len(ids) <= generator.config.max_words and ids[-1] != END:
            ids.append(int(generator(row[None], torch.tensor([ids]))[0, -1].argmax()))
        assert written.text == generator.text(ids[1:])


def test_a_wide_beam_finds_the_likeliest_sentence():
    torch.manual_seed(5)
    sizes = GeneratorConfig(D, 5, width=16, heads=2, layers=1, prefix=1, max_words=3)
    generator = Generator(sizes, [*SPECIAL, "a", "b"]).eval()
    row = torch.nn.functional.normalize(torch.randn(1, D), dim=-1)

    @torch.no_grad()
    def probability(ids):
        logits = generator(row, torch.tensor([[START, *ids[:-1]]]))[0].log_softmax(-1)
        return float(sum(logits[i, w] for i, w in enumerate(ids)))

    sentences = [ids for n in (1, 2, 3) for ids in itertools.product(range(5), repeat=n)
                 if END not in ids[:-1] and (ids[-1] == END or n == 3)]
    best = max(sentences, key=probability)
    (found,) = generator.generate(row, beams=16)
    assert found.text == generator.text(list(best))
    assert found.confidence == pytest.approx(np.exp(probability(best)), rel=1e-4)


def test_words_and_marks_come_back_as_they_were():
    generator = tiny()
    for text in TEXTS:
        assert generator.text(generator.ids(text)) == text
    with pytest.raises(ValueError, match="'zebra'"):
        generator.ids("the zebra")
    with pytest.raises(ValueError, match="beams = 0 .*1 to 16"):
        generator.generate(torch.zeros(1, D), beams=0)


def test_a_saved_generator_belongs_to_one_model(trained, tmp_path):
    generator, embeddings = trained
    save_generator(tmp_path, generator, "compact-abc")
    again = load_generator(tmp_path, "compact-abc")
    assert [g.text for g in again.generate(embeddings)] == list(TEXTS)
    with pytest.raises(ModelError, match="belongs to 'compact-abc'; allowed: 'compact-xyz'"):
        load_generator(tmp_path, "compact-xyz")
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:200])
    with pytest.raises(ModelError, match="cannot be read"):
        load_generator(tmp_path, "compact-abc")
    with pytest.raises(ModelError, match="is missing; train it"):
        load_generator(tmp_path / "nowhere", "compact-abc")
