"""The corpora of wordings: training patterns expanded, development sentences, held-out sentences.

Training wordings were written apart from the development ones (tuning) and from the held-out ones
(bench/phrases/heldout.yaml, never seen in training, never used as negatives).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml

from vljepa_ros.model.y_encoder import CONTRADICTORY, FINE, UNRELATED

from .scene_semantics import QUESTIONS, SPOT_ACTION, STATEMENTS
from .semantics import IGNORED
from .spintax import expand

TRAINING_FILES = ("fixtures", "cube", "actions", "compound", "fixtures2", "cube2", "refusal")


@dataclass(frozen=True)
class Sentence:
    """A wording and what it means.

    ``statement``: the one statement id it is a wording of, or "".
    ``action``: the action id it is a wording of, or "".
    ``parts``: what it asks for as a goal; None when it is not a goal (a caption, say).
    ``doubt``: one of y_encoder's FINE, CONTRADICTORY, UNRELATED, or IGNORED.
    """

    text: str
    statement: str = ""
    action: str = ""
    parts: tuple[str, ...] | None = None
    doubt: int = IGNORED


@dataclass
class Patterns:
    """Everything the training files say, macros filled in per place."""

    goals: dict[str, list[str]] = field(default_factory=dict)
    statements: dict[str, list[str]] = field(default_factory=dict)
    events: dict[str, list[str]] = field(default_factory=dict)
    questions: dict[str, list[str]] = field(default_factory=dict)
    actions: dict[str, list[str]] = field(default_factory=dict)
    activities: dict[str, list[str]] = field(default_factory=dict)
    compounds: list[dict[str, Any]] = field(default_factory=list)
    connectives: list[str] = field(default_factory=list)
    unrelated: list[str] = field(default_factory=list)
    contradictory: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    spot: list[str] = field(default_factory=list)
    macros: dict[str, str] = field(default_factory=dict)


def read_yaml(package: str, name: str) -> Any:
    """A YAML file that ships inside a package folder."""
    return yaml.safe_load((files(package) / name).read_text(encoding="utf-8"))


def load_patterns() -> Patterns:
    """Read the training files and fill the place patterns in for every place."""
    merged = Patterns()
    for name in TRAINING_FILES:
        content = read_yaml("vljepa_ros.training", f"phrases/train_{name}.yaml")
        merged.macros.update(content.get("macros", {}))
        for key in ("goals", "statements", "events", "questions", "actions", "activities"):
            for item, patterns in content.get(key, {}).items():
                if item == "place_patterns":
                    _fill_places(getattr(merged, key), patterns, key)
                else:
                    getattr(merged, key).setdefault(item, []).extend(patterns)
            _fill_places(getattr(merged, key), content.get(f"{key}_place", []), key)
        for key in ("compounds", "connectives", "unrelated", "contradictory", "foreign"):
            getattr(merged, key).extend(content.get(key, []))
        merged.compounds.extend(content.get("sequences", []))
        merged.unrelated.extend([*content.get("absent", []), *content.get("nonsense", [])])
    merged.spot = read_yaml("vljepa_ros.training", "phrases/train_spot.yaml")["spot"]
    return merged


def _fill_places(table: dict[str, list[str]], patterns: list[str], key: str) -> None:
    prefix = "place_" if key in ("actions", "activities") else "cube_place."
    for place in (s.split(".")[1] for s in STATEMENTS if s.startswith("cube_place.")):
        for pattern in patterns:
            for kind in ("", "TO_", "N_"):
                pattern = pattern.replace(f"<{kind}PLACE>", f"<{kind}{place.upper()}>")
            table.setdefault(f"{prefix}{place}", []).append(pattern)


def bare(text: str) -> str:
    """Letters and digits only, lower case: what makes two sentences the same."""
    return "".join(c for c in text.lower() if c.isalnum())


@lru_cache(maxsize=1)
def held_out_sentences() -> frozenset[str]:
    """Every held-out sentence without blanks to fill, bare: training never draws one of them."""
    content = read_yaml("vljepa_ros.bench", "phrases/heldout.yaml")
    rows = [row for part in sentences(content).values() for row in part]
    tasks = [text for task in content["scene_goals"].values() for text in task["texts"]]
    refused = [
        entry["text"] if isinstance(entry, dict) else entry
        for name in ("refusal", "refusal_second")
        for world in read_yaml("vljepa_ros.bench", f"phrases/{name}.yaml").values()
        for entries in world.values() for entry in entries
    ]
    texts = [*(row.text for row in rows), *tasks, *(t for t in refused if "{" not in t)]
    return frozenset(bare(text) for text in texts)


class Sampler:
    """Draws training sentences; the same seed draws the same ones."""

    def __init__(self, patterns: Patterns, seed: int) -> None:
        self.patterns = patterns
        self.rng = np.random.default_rng(seed)

    def words(self, options: list[str]) -> str:
        """One sentence of a random pattern, with the casing and full stops that people vary."""
        while True:
            pattern = options[self.rng.integers(len(options))]
            text = expand(pattern, self.rng, self.patterns.macros)
            if bare(text) not in held_out_sentences():
                return self.dress(text)

    def dress(self, text: str) -> str:
        kind = self.rng.random()
        if kind < 0.35:
            text = text[:1].upper() + text[1:]
        if kind < 0.25 and text[-1:].isalnum():
            text += "."
        return text

    def single(self, statement: str) -> Sentence:
        """A goal (half), a statement (two fifths) or an event wording of one statement."""
        p = self.patterns
        kind = self.rng.choice([0, 1, 2], p=[0.5, 0.38, 0.12])
        table = (p.goals, p.statements, p.events)[kind]
        options = table.get(statement) or p.goals[statement]
        return Sentence(self.words(options), statement=statement, parts=(statement,), doubt=FINE)

    def question(self, subject: str) -> str:
        """A question about a subject."""
        return self.words(self.patterns.questions.get(subject) or [QUESTIONS[subject]])

    def assembled(
        self, draw: Callable[[], tuple[str, tuple[str, ...] | None]], doubt: int
    ) -> Sentence:
        """What `draw` puts together, text and parts, drawn again while it is held out."""
        while True:
            text, parts = draw()
            if bare(text) not in held_out_sentences():
                return Sentence(self.dress(text), parts=parts, doubt=doubt)

    def compound(self) -> Sentence:
        while True:
            entry = self.patterns.compounds[self.rng.integers(len(self.patterns.compounds))]
            text = expand(entry["text"], self.rng, self.patterns.macros)
            if bare(text) not in held_out_sentences():
                return Sentence(self.dress(text), parts=tuple(entry["parts"]), doubt=FINE)

    def joined(self) -> Sentence:
        """Independent goal clauses about different subjects, joined by a connective."""
        pattern = self.patterns.connectives[self.rng.integers(len(self.patterns.connectives))]
        text = expand(pattern.replace("<A>", "@A").replace("<B>", "@B").replace("<C>", "@C"),
                      self.rng, self.patterns.macros)
        slots = [slot for slot in ("@A", "@B", "@C") if slot in text]
        groups = ["drawer", "window", "drawer_lock", "window_lock", "cube"]
        chosen = self.rng.choice(groups, size=len(slots), replace=False)
        parts = []
        for slot, group in zip(slots, chosen, strict=True):
            options = [s for s in self.patterns.goals if s.split(".")[0].startswith(group)
                       and (group != "drawer" or s.startswith("drawer."))
                       and (group != "window" or s.startswith("window."))]
            if group == "cube":
                kind = ("cube_in", "cube_place")[self.rng.integers(2)]
                options = [s for s in options if s.startswith(kind)]
            statement = options[self.rng.integers(len(options))]
            parts.append(statement)
            words = expand(
                self.patterns.goals[statement][
                    self.rng.integers(len(self.patterns.goals[statement]))
                ], self.rng, self.patterns.macros,
            )
            text = text.replace(slot, words.rstrip("."), 1)
        return Sentence(self.dress(text), parts=tuple(parts), doubt=FINE)

    def action(self, action: str) -> Sentence:
        if action == SPOT_ACTION:
            spot = [pattern.replace("<C>", "") for pattern in self.patterns.spot]
            return Sentence(self.words(spot), action=action)
        text = self.words(self.patterns.actions[action])
        no_goal = action in ("press_left_button", "press_right_button", "wait")
        return Sentence(text, action=action, parts=() if no_goal else None)

    def activity(self, action: str) -> Sentence:
        text = self.words(self.patterns.activities[action])
        return Sentence(text, statement=f"activity.{action}")

    def unrelated(self) -> Sentence:
        foreign = self.rng.random() < 0.2
        table = self.patterns.foreign if foreign else self.patterns.unrelated
        return Sentence(self.words(table), parts=(), doubt=UNRELATED)

    def contradictory(self) -> Sentence:
        """Two things that cannot both be; what it asks for is left open."""
        if self.rng.random() < 0.6:
            return Sentence(self.words(self.patterns.contradictory), doubt=CONTRADICTORY)
        goals = self.patterns.goals
        subject = str(self.rng.choice(["drawer", "window", "drawer_lock", "window_lock", "cube"]))
        options = [s for s in goals if s.split(".")[0] == subject or (
            subject == "cube" and s.startswith("cube_") and s != "cube_in.table")]
        first, second = self.rng.choice(len(options), 2, replace=False)
        joint = str(self.rng.choice([" and ", ", and ", " but also ", " while also ", ", but ",
                                     " and at the same time ", "; "]))
        words = [self.words(goals[options[i]]).rstrip(".!?") for i in (first, second)]
        return Sentence(self.dress(joint.join(words)), doubt=CONTRADICTORY)


def refusals(content: dict[str, list[Any]]) -> list[Sentence]:
    """Goals that must be refused by their words alone, and reachable ones, with their doubts."""
    doubts = {"contradictory": CONTRADICTORY, "absent": UNRELATED, "foreign": UNRELATED,
              "nonsense": UNRELATED, "reachable": FINE}
    return [
        Sentence(row["text"] if isinstance(row, dict) else row, doubt=doubt)
        for kind, doubt in doubts.items() for row in content[kind]
    ]


def sentences(content: dict[str, Any]) -> dict[str, list[Sentence]]:
    """A development or held-out file -> sentences by section."""

    def rows(table: dict[str, list[str]], **kind: bool) -> Iterable[tuple[str, str]]:
        return ((key, text) for key, texts in table.items() for text in texts)

    return {
        "goals": [Sentence(t, statement=k, parts=(k,)) for k, t in rows(content["goals"])],
        "statements": [
            Sentence(t, statement=k, parts=(k,)) for k, t in rows(content["statements"])
        ],
        "actions": [Sentence(t, action=k) for k, t in rows(content["actions"])],
        "compounds": [
            Sentence(row["text"], parts=tuple(row["parts"])) for row in content["compounds"]
        ],
        "unrelated": [Sentence(t, parts=()) for t in content["unrelated"]],
    }
