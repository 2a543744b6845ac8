"""Visual question answering on held-out scenes, in wordings that were never trained on.

Kinds: open questions, yes-no questions (as often yes as no), a choice among given answers, counting
(workbench), questions about nothing in the scene, and (workbench) about things out of sight. A
hundred random scenes, half in other light; every question kind about every subject.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.decoding.questions import Answer, Question, answer_about, understand
from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.protocols import Action, Array
from vljepa_ros.planning.sight import contrast
from vljepa_ros.planning.vocabulary import UNSEEN
from vljepa_ros.sim.appearance import Appearance

from .environment import HELD_OUT_SEED, Environment, State, open_environment
from .progress import progress
from .report import share
from .vqa_questions import Item, items, rest_items
from .worlds import TextOnly, model_folder

_EXAMPLES = 20
_KINDS = ("open", "yes_no", "choice", "count", "unknown", "hidden")


@dataclass(frozen=True)
class View:
    """A scene: what is true of it (subject -> statement id) and what the model read."""

    truth: dict[str, str]
    answers: Array
    contrast: float


def run(
    seed: int = 0, episodes: int = 100, model: Path | None = None, env: str = "scene-v0",
    first_seed: int = HELD_OUT_SEED,
) -> dict[str, Any]:
    """`episodes` scenes; each is asked one question of every kind about every subject."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model, env))
    place = open_environment(env)
    rng = np.random.default_rng(first_seed + 909 + seed)
    views = [
        _view(world, place, rng, first_seed) for _ in progress(range(episodes), "vqa: looking")
    ]
    result: dict[str, Any] = {
        "name": "vqa", "env": env, "seed": seed, "episodes": episodes, "model_id": world.model_id,
    }
    for wording in ("plain", "held_out", "development"):
        asked = items(place, wording, seed)
        scored = _Scored(world, views, place.candidates(), rng)
        for view in progress(views, f"vqa: asking, {wording}"):
            for item in rest_items(asked, view.truth, rng):
                scored.ask(view, item)
        result[wording] = scored.figures()
    result["figure"] = result["plain"]["overall"]["rate"]
    result["interval95"] = result["plain"]["overall"]["interval95"]
    result["held_out_figure"] = result["held_out"]["overall"]["rate"]
    result["baselines"] = {
        **{k: result["plain"]["rivals"][k] for k in ("random", "text_only", "blind", "majority")},
        "oracle": 1.0,
    }
    result["seconds"] = round(time.time() - started, 1)
    return result


def _view(
    world: LatentWorldModel, place: Environment, rng: np.random.Generator, first_seed: int
) -> View:
    place.scene.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
    while True:
        state: State = place.scene.reset(
            place.random_state(rng), seed=place.random_seed(rng, first_seed)
        )
        truth = place.statements(state)
        if place.knowable(state):
            break
    clip = place.look()
    states = world.encode(clip)
    answers = world.read(states, world.vocabulary.queries)[0]
    return View(truth, answers, contrast(clip[-1].transpose(1, 2, 0)))


class _Scored:
    """Answers right and wrong, ours and the rivals'."""

    def __init__(
        self, world: LatentWorldModel, views: list[View], candidates: list[Action],
        rng: np.random.Generator,
    ) -> None:
        self.world, self.views, self.rng = world, views, rng
        self.text_only = TextOnly(candidates)
        self.right: dict[str, list[bool]] = defaultdict(list)
        self.rivals: dict[str, list[bool]] = defaultdict(list)
        self.direct: list[bool] = []
        self.wrong: Counter[str] = Counter()
        self._understood: dict[tuple[str, tuple[str, ...]], Question] = {}
        self._guesses: dict[tuple[str, tuple[str, ...]], str] = {}
        self._majority = {
            subject: Counter(view.truth[subject] for view in views if subject in view.truth)
            .most_common(1)[0][0]
            for subject in {s for view in views for s in view.truth}
        }

    def ask(self, view: View, item: Item) -> None:
        key = (item.text, item.choices)
        if key not in self._understood:
            self._understood[key] = understand(self.world, item.text, item.choices)
        question = self._understood[key]
        vocabulary = self.world.vocabulary
        found = answer_about(question, vocabulary, view.answers, view.contrast)
        right = item.right(found)
        self.right[item.kind].append(right)
        if not right:
            self.wrong[f"{item.text} | {found.text} | {item.expected}"] += 1
        if item.kind == "unknown":
            return
        other = self.views[self.rng.integers(len(self.views))]
        blind = answer_about(question, vocabulary, other.answers, other.contrast)
        self.rivals["blind"].append(item.right(blind))
        options = item.options(vocabulary)
        guess = options[self.rng.integers(len(options))]
        self.rivals["random"].append(item.right(_said(item, guess)))
        usual = self._majority.get(item.subject, options[0])
        if item.choices and usual not in options:  # the usual one is no choice here: out of sight
            usual = options[0]
        self.rivals["majority"].append(item.right(_said(item, usual)))
        self.rivals["text_only"].append(item.right(_said(item, self._nearest(item, options))))

    def _nearest(self, item: Item, options: tuple[str, ...]) -> str:
        """The option most similar to the question, by its text alone."""
        asked = (item.text, options)
        if asked not in self._guesses:
            vocabulary = self.world.vocabulary
            texts = []
            for option in options:
                subject, i = vocabulary.statement(option)
                texts.append(subject.statements[i])
            self._guesses[asked] = options[self.text_only.nearest(item.text, texts)]
        return self._guesses[asked]

    def figures(self) -> dict[str, Any]:
        counted = [kind for kind in _KINDS if kind in self.right]
        everything = [flag for kind in counted for flag in self.right[kind]]
        return {
            "overall": share(everything),
            **{kind: share(self.right[kind]) for kind in counted},
            "rivals": {name: share(flags)["rate"] for name, flags in self.rivals.items()},
            "examples_wrong": [f"{n}x {text}" for text, n in self.wrong.most_common(_EXAMPLES)],
        }


def _said(item: Item, statement: str) -> Answer:
    """An answer that claims a statement."""
    if item.kind == "yes_no":
        text = "Yes, so it is." if statement == item.asked else "No, it is not."
        return Answer(text, 1.0, statement_id=statement)
    if item.choices:
        return Answer(item.choice_of(statement), 1.0, statement_id=statement)
    visible = not statement.endswith(UNSEEN)
    return Answer("", 1.0, statement_id=statement, visible=visible)


