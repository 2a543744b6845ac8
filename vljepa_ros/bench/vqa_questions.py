"""The questions of `bench vqa`: wordings by kind and subject, and what a right answer is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vljepa_ros.decoding.questions import Answer
from vljepa_ros.planning.vocabulary import UNSEEN, Vocabulary
from vljepa_ros.training.phrases import Sampler, load_patterns, read_yaml
from vljepa_ros.training.workbench_phrases import WorkbenchSampler
from vljepa_ros.training.workbench_semantics import COLOURS

from .environment import Environment

_FILES = {
    "held_out": ("vljepa_ros.bench", "phrases/heldout_questions.yaml",
                 "phrases/heldout_workbench.yaml"),
    "development": ("vljepa_ros.training", "phrases/dev_questions.yaml",
                    "phrases/dev_workbench.yaml"),
}
_PLAIN_QUESTIONS = 30  # of each subject
_FINER = {"cube_in": "cube_place"}
"""A question about the first may be answered with what is true of the second, which says more."""


@dataclass(frozen=True)
class Wordings:
    """``values``: subject -> its statement ids; ``open``: subject -> questions; ``yes_no``:
    statement id -> questions; ``choice``: questions and answers by statement id; ``unknown``:
    questions about nothing in the scene."""

    values: dict[str, tuple[str, ...]]
    open: dict[str, list[str]] = field(default_factory=dict)
    yes_no: dict[str, list[str]] = field(default_factory=dict)
    choice: list[tuple[list[str], dict[str, str]]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """One question; ``expected`` are the statement ids that answer it in this scene."""

    kind: str
    text: str
    subject: str = ""
    expected: tuple[str, ...] = ()
    asked: str = ""
    answers: tuple[tuple[str, str], ...] = ()  # statement id, choice

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(choice for _, choice in self.answers)

    def choice_of(self, statement: str) -> str:
        return dict(self.answers)[statement]

    def right(self, found: Answer) -> bool:
        """Whether an answer is right."""
        if self.kind == "unknown":
            return not found.understood
        if self.kind == "hidden":
            return found.understood and not found.visible
        if not found.understood or not found.visible:
            return False
        if self.kind == "choice":
            return found.text == self.choice_of(self.expected[0])
        if self.kind == "yes_no":
            return found.text.split(",")[0] == ("Yes" if self.asked in self.expected else "No")
        return found.statement_id in self.expected

    def options(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """The statement ids a guesser may choose from."""
        if self.answers:
            return tuple(statement for statement, _ in self.answers)
        values = vocabulary.subject(self.subject).statement_ids
        if self.kind == "yes_no":
            return (self.asked, next(value for value in values if value != self.asked))
        return values


def items(place: Environment, wording: str, seed: int) -> Wordings:
    """The wordings `plain` (training patterns, canonical statements), `held_out`, `development`."""
    return _plain(place, seed) if wording == "plain" else _written(place, *_FILES[wording])


def rest_items(
    words: Wordings, truth: dict[str, str], rng: np.random.Generator
) -> Iterator[Item]:
    """One question of every kind about every subject of a scene, drawn at random."""

    def one(options: list[Any]) -> Any:
        return options[rng.integers(len(options))]

    for subject, questions in words.open.items():
        if subject not in truth:
            continue
        expected = tuple({truth[subject], truth.get(_FINER.get(subject, ""), truth[subject])})
        kind = "count" if subject == "count" else "open"
        kind = "hidden" if truth[subject].endswith(UNSEEN) else kind
        yield Item(kind, one(questions), subject, expected)
    for subject, value in truth.items():
        values = [s for s in words.values.get(subject, ()) if s in words.yes_no]
        if value.endswith(UNSEEN) or not values:
            continue
        others = [s for s in values if s != value]
        asked = value if value in values and rng.random() < 0.5 else one(others or values)
        yield Item("yes_no", one(words.yes_no[asked]), subject, (value,), asked)
    for questions, answers in words.choice:
        for subject, value in truth.items():
            # A statement of two subjects: the choice is about the one all its answers belong to.
            if value in answers and set(answers) <= set(words.values.get(subject, ())):
                yield Item("choice", one(questions), subject, (value,),
                           answers=tuple(answers.items()))
    if words.unknown:
        for _ in range(2):
            yield Item("unknown", one(words.unknown))


def _plain(place: Environment, seed: int) -> Wordings:
    semantics = place.semantics
    sampler: Any = (Sampler(load_patterns(), 1_000_000 + seed) if place.name == "scene-v0"
                    else WorkbenchSampler(1_000_000 + seed))
    asked = {
        subject: [sampler.question(subject) for _ in range(_PLAIN_QUESTIONS)]
        for subject in semantics.state_subjects
    }
    yes_no = {}
    for statement, text in semantics.statements.items():
        found = inverted(text)
        if found and not statement.endswith(UNSEEN) and statement.split(".")[0] != "activity":
            yes_no[statement] = [found]
    choice = [
        ([semantics.questions[subject]],
         {v: semantics.statements[v] for v in values if not v.endswith(UNSEEN)})
        for subject, values in semantics.subjects.items() if subject in semantics.state_subjects
    ]
    return Wordings(dict(semantics.subjects), asked, yes_no, choice)


def inverted(statement: str) -> str:
    """"the drawer is open" -> "is the drawer open?"; "" where there is no copula."""
    for copula in ("is", "are"):
        before, found, after = statement.partition(f" {copula} ")
        if found:
            return f"{copula} {before} {after}?"
    return ""


def _written(place: Environment, package: str, scene: str, workbench: str) -> Wordings:
    content = read_yaml(package, scene)
    subjects = place.semantics.subject_ids
    known = set(place.semantics.statements)
    words = Wordings(
        dict(place.semantics.subjects),
        {s: q for s, q in content["open"].items() if s in subjects},
        {s: q for s, q in content["yes_no"].items() if s in known},
        [(entry["questions"], entry["answers"]) for entry in content["choice"]
         if set(entry["answers"]) <= known],
        content["unknown"],
    )
    if place.name == "workbench":
        questions = read_yaml(package, workbench)["questions"]
        for colour in COLOURS:
            for kind in ("place", "in"):
                words.open[f"{colour}_{kind}"] = [
                    q.replace("{C}", colour) for q in questions[kind]
                ]
        words.open["count"] = questions["count"]
    return words
