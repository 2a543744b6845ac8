"""Ways to tell which candidate's end is nearest to a picture, and the rivals that imagine nothing.

Which way is ours was chosen on development seeds (below 1,000,000), not on the held-out ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vljepa_ros.model.world_model import LatentStates, LatentWorldModel
from vljepa_ros.planning.protocols import Array

from .environment import Environment, State
from .worldmodel_questions import Question
from .worlds import TextOnly

CHOSEN = "by_readouts"
NEAR_PX = 24.0  # of 256: what an action's target reaches in the picture


def nearest(
    world: LatentWorldModel, place: Environment, first: LatentStates, last: LatentStates,
    options: list[list[str]],
) -> dict[str, int]:
    """Index of the nearest imagined end, by several measures.

    readouts: mean cosine distance of the answers to the subjects' questions; surest: the negative
    log-likelihood of what is read in the last picture; latents: mean squared distance of the state
    tokens; both: readouts and latents, each in units of its mean over the candidates.
    """
    subjects = world.vocabulary.lasting
    queries = world.vocabulary.queries[subjects]
    seen = world.read(last, queries)[0]
    ends, tokens = [], []
    for option in options:
        states = first
        for action in place.candidates_in_order(option):
            imagined = world.imagine(states, [action], queries)
            states = imagined.states
        ends.append(imagined.readouts[0, 0])
        tokens.append(states.tokens[0].float().cpu().numpy())
    readouts = np.array([np.mean(1 - (end * seen).sum(-1)) for end in ends])
    target = last.tokens[0].float().cpu().numpy()
    latents = np.array([np.mean((t - target) ** 2) for t in tokens])
    surest = np.array([_surprise(world, subjects, end, seen) for end in ends])
    both = readouts / (readouts.mean() + 1e-9) + latents / (latents.mean() + 1e-9)
    return {name: int(np.argmin(rows)) for name, rows in (
        ("readouts", readouts), ("latents", latents), ("surest", surest), ("both", both))}


def _surprise(world: LatentWorldModel, subjects: list[int], end: Array, seen: Array) -> float:
    """Cross-entropy of the imagined readings under those of the picture, summed over subjects."""
    total = 0.0
    for i, s in enumerate(subjects):
        values = world.vocabulary.subjects[s].embeddings
        imagined, read = _log_softmax(values @ end[i]), np.exp(_log_softmax(values @ seen[i]))
        total -= float((read * imagined).sum())
    return total


def _log_softmax(cosines: Array) -> Array:
    logits = cosines / 0.07
    logits = logits - logits.max()
    return logits - np.log(np.exp(logits).sum())


class Captions:
    """MiniLM similarity of the actions' texts with captions of the pictures (true ones)."""

    def __init__(self, place: Environment) -> None:
        self.place = place
        self.text = TextOnly(place.candidates())

    def choose(self, question: Question, options: list[list[str]]) -> tuple[int, int]:
        """Nearest to the caption of the last picture; to what of it is new."""
        texts = [", then ".join(a.text for a in self.place.candidates_in_order(option))
                 for option in options]
        before = set(self._facts(question.before))
        after = self._facts(question.after)
        new = [fact for fact in after if fact not in before]
        return (self.text.nearest(", ".join(after), texts),
                self.text.nearest(", ".join(new or after), texts))

    def _facts(self, state: State) -> list[str]:
        return list(dict.fromkeys(self.place.say(s) for s in self.place.statements(state).values()))


def changed_pixels(
    place: Environment, first: Array, last: Array, options: Sequence[Sequence[str]]
) -> int:
    """The option whose actions' targets lie where the pictures differ most."""
    change = np.abs(first[0].astype(float) - last[0].astype(float)).mean(0)
    rows, columns = np.mgrid[: change.shape[0], : change.shape[1]]
    intrinsics = place.scene.camera_intrinsics()
    scores = []
    for option in options:
        score = 0.0
        for action in place.candidates_in_order(option):
            if action.target is None:
                continue
            x, y, z = intrinsics @ np.array(action.target)
            near = np.exp(-((columns - x / z) ** 2 + (rows - y / z) ** 2) / (2 * NEAR_PX**2))
            score += float((change * near).sum()) / len(option)
        scores.append(score)
    return int(np.argmax(scores))
