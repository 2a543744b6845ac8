"""Sentences of the workbench: the fixtures' patterns of scene-v0, and colours filled into its own.

Held-out combinations of colour and place are never drawn, in no part of any sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from vljepa_ros.model.y_encoder import CONTRADICTORY, FINE, UNRELATED
from vljepa_ros.sim.symbolic import PLACES

from .phrases import Patterns, Sampler, Sentence, bare, held_out_sentences, load_patterns, read_yaml
from .spintax import expand
from .workbench_compounds import Compounds
from .workbench_refusals import WorkbenchRefusals
from .workbench_semantics import (
    COLOURS,
    FIXTURE_ACTIONS,
    FIXTURES,
    HELD_OUT_PLACES,
    STATEMENTS,
    WORKBENCH,
)
from .workbench_slots import draw_names, fill, named_parts

FILES = ("workbench", "workbench2", "workbench3")
COMPOSED = 0.6  # of the goals of several parts: put together from clauses, not from a pattern


def load() -> tuple[Patterns, dict[str, list[Any]]]:
    """The scene's patterns (fixtures, macros) and the workbench's own, by section."""
    base = load_patterns()
    own: dict[str, list[Any]] = {}
    for name in FILES:
        content = read_yaml("vljepa_ros.training", f"phrases/train_{name}.yaml")
        base.macros.update(content.pop("macros", {}))
        for key, rows in content.items():
            own.setdefault(key, []).extend(rows)
    return base, own


class WorkbenchSampler(Sampler):
    """Draws training sentences; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        base, self.own = load()
        super().__init__(base, seed)
        self.compounds = Compounds(base.macros, seed)
        self.refusals = WorkbenchRefusals(self, self.own["goals_place"])

    def filled(self, patterns: list[str], names: dict[str, str]) -> str:
        """One sentence of a random pattern with colours and places."""
        return self.words([fill(patterns[self.rng.integers(len(patterns))], names)])

    def single(self, statement: str) -> Sentence:
        thing, value = statement.split(".")
        if thing in FIXTURES:
            return super().single(statement)
        if thing == "count":
            text = self.words(self.own[f"count_{value}"])
            return Sentence(text, statement=statement)
        names = {"C": thing, "D": value.removeprefix("on_")}
        section = value
        if value in PLACES:
            section, names["PLACE"] = "place", value
        elif value.startswith("on_"):
            section = "on"
        kinds = [k for k in ("goals", "statements", "events") if f"{k}_{section}" in self.own]
        shares = np.array([{"goals": 0.5, "statements": 0.38, "events": 0.12}[k] for k in kinds])
        kind = str(self.rng.choice(kinds, p=shares / shares.sum()))
        text = self.filled(self.own[f"{kind}_{section}"], names)
        asks = section != "unseen"
        return Sentence(text, statement=statement, parts=(statement,) if asks else None,
                        doubt=FINE if asks else -100)

    def statement(self, statement: str) -> str:
        """A wording of a statement as a fact."""
        thing, value = statement.split(".")
        if thing in FIXTURES:
            return self.words(self.patterns.statements[statement])
        if thing == "count":
            return self.words(self.own[f"count_{value}"])
        names = {"C": thing, "D": value.removeprefix("on_"), "PLACE": value}
        section = "place" if value in PLACES else "on" if value.startswith("on_") else value
        return self.filled(self.own[f"statements_{section}"], names)

    def question(self, subject: str) -> str:
        if subject in FIXTURES:
            return super().question(subject)
        if subject == "count":
            return self.words(self.own["questions_count"])
        colour, kind = subject.rsplit("_", 1)
        others = [c for c in COLOURS if c != colour]
        places = [p for p in PLACES if p != HELD_OUT_PLACES[colour]]
        names = {"C": colour, "D": str(self.rng.choice(others)),
                 "PLACE": str(self.rng.choice(places))}
        return self.filled(self.own[f"questions_{kind}"], names)

    def action(self, action: str) -> Sentence:
        if action in FIXTURE_ACTIONS:
            return super().action(action)
        if action.endswith("_at"):
            colour = action.split("_")[1]
            spot = [p.replace("<C>", f"{colour} ") for p in self.patterns.spot]
            return Sentence(self.words(spot), action=action)
        verb, colour, *rest = action.split("_", 2)
        names = {"C": colour}
        if verb == "place":
            names["PLACE"] = rest[0]
        elif verb == "stack":
            names["D"] = rest[0].removeprefix("on_")
        section = {"place": "place", "stack": "on", "drawer": "drawer"}[verb]
        # A goal "put blue under red" moves red's support: no wording of the action "red on blue".
        kind = "actions" if verb == "stack" or self.rng.random() < 0.7 else "goals"
        return Sentence(self.filled(self.own[f"{kind}_{section}"], names), action=action)

    def compound(self) -> Sentence:
        """Several parts: put together from clauses (most), patterns, or those of scene-v0."""
        if self.rng.random() < COMPOSED:
            return self.composed()
        if self.rng.random() < 0.2:
            while True:
                found = super().compound()
                if all(p.split(".")[0] in FIXTURES for p in found.parts or ()):
                    return found
        while True:
            entry = self.own["compounds"][self.rng.integers(len(self.own["compounds"]))]
            names = draw_names(self.rng)
            text = expand(fill(entry["text"], names), self.rng, self.patterns.macros)
            if bare(text) not in held_out_sentences():
                return Sentence(self.dress(text), parts=named_parts(entry["parts"], names),
                                doubt=FINE)

    def composed(self) -> Sentence:
        """Several parts, put together from clauses; some are sequences whose last step counts."""
        draw = self.compounds.sequence if self.rng.random() < 0.1 else self.compounds.draw
        return self.assembled(draw, FINE)

    def clashing(self) -> Sentence:
        """Clauses that exclude each other."""
        return self.assembled(lambda: (self.compounds.contradictory(), None), CONTRADICTORY)

    def exchanged(self) -> Sentence:
        """A goal of one part or several with a colour or thing that is not there."""
        while True:
            goal = self._plain() if self.rng.random() < 0.5 else self.composed()
            found = self.refusals.exchanged(goal)
            if found:
                return found

    def chatty(self) -> Sentence:
        """A goal of any kind, most of them fine, amid talk."""
        kinds: list[Callable[[], Sentence]] = [
            *[self._plain] * 8, *[self.composed] * 4, *[self.clashing] * 2, self.exchanged,
            self.refusals.contradictory,
        ]
        return self.refusals.chatty(kinds[self.rng.integers(len(kinds))]())

    def _plain(self) -> Sentence:
        asked = [s for s in STATEMENTS if not s.startswith("count") and s not in WORKBENCH.held_out
                 and not s.endswith(".unseen")]
        statement = asked[self.rng.integers(len(asked))]
        return Sentence(self._goal(statement), parts=(statement,), doubt=FINE)

    def joined(self) -> Sentence:
        """Independent goal clauses about different subjects, joined by a connective."""
        pattern = self.patterns.connectives[self.rng.integers(len(self.patterns.connectives))]
        for slot in "ABC":
            pattern = pattern.replace(f"<{slot}>", f"@{slot}")
        text = expand(pattern, self.rng, self.patterns.macros)
        slots = [slot for slot in ("@A", "@B", "@C") if slot in text]
        names = draw_names(self.rng)
        cubes = [names["C1"], names["C2"], names["C3"]]
        groups = self.rng.permutation([*FIXTURES, *cubes])[: len(slots)]
        used: set[str] = set()
        parts = []
        for slot, group in zip(slots, groups, strict=True):
            while True:
                statement = str(self.rng.choice([
                    s for s in STATEMENTS if s.split(".")[0] == group
                    and not s.endswith(".unseen") and s not in WORKBENCH.held_out
                ]))
                value = statement.split(".")[1]
                if value not in used or group in FIXTURES:
                    break
            used.add(value)
            parts.append(statement)
            text = text.replace(slot, self._goal(statement).rstrip(".!"), 1)
        return Sentence(self.dress(text), parts=tuple(parts), doubt=FINE)

    def _goal(self, statement: str) -> str:
        thing, value = statement.split(".")
        if thing in FIXTURES:
            return self.words(self.patterns.goals[statement])
        names = {"C": thing, "D": value.removeprefix("on_"), "PLACE": value}
        section = "place" if value in PLACES else "on" if value.startswith("on_") else value
        return self.filled(self.own[f"goals_{section}"], names)

    def unrelated(self) -> Sentence:
        if self.rng.random() < 0.4:
            return super().unrelated()
        return Sentence(self.words(self.own["unrelated"]), parts=(), doubt=UNRELATED)

    def contradictory(self) -> Sentence:
        kind = self.rng.random()
        if kind < 0.25:
            while True:
                found = super().contradictory()
                if "cube" not in found.text and "block" not in found.text:
                    return found
        names = draw_names(self.rng)
        if kind < 0.6:
            first, second = self.rng.choice(
                [s for s in STATEMENTS if s.split(".")[0] == names["C1"]
                 and s.split(".")[1] not in ("unseen", "table", "stacked")
                 and s not in WORKBENCH.held_out], 2, replace=False)
            joint = str(self.rng.choice([" and ", ", and ", " but also ", " while also ", "; "]))
            words = [self._goal(str(s)).rstrip(".!?") for s in (first, second)]
            return Sentence(self.dress(joint.join(words)), doubt=CONTRADICTORY)
        rows = self.own["contradictory"]
        text = self.filled([rows[self.rng.integers(len(rows))]["text"]], names)
        return Sentence(text, doubt=CONTRADICTORY)


class WorkbenchLanguage:
    """See `wording.Language`."""

    world = WORKBENCH

    def corpus(self, seed: int, scale: float = 1.0) -> list[Sentence]:
        """At most 90,000 sentences at scale 1, a fifth of them put together from clauses."""
        sampler = WorkbenchSampler(seed)
        return list({
            (row.text, row.statement, row.action): row for row in self._rows(sampler, scale)
        }.values())

    @staticmethod
    def _rows(sampler: WorkbenchSampler, scale: float) -> Iterable[Sentence]:
        def times(n: int) -> range:
            return range(max(1, int(n * scale)))

        for statement in (s for s in STATEMENTS if s not in WORKBENCH.held_out):
            many = 350 if statement.split(".")[0] in FIXTURES else 190
            yield from (sampler.single(statement) for _ in times(many))
        yield from (sampler.compound() for _ in times(24000))
        yield from (sampler.joined() for _ in times(6000))
        for action in (a for a in WORKBENCH.actions if a not in WORKBENCH.held_out_actions):
            many = 220 if action in FIXTURE_ACTIONS else 90
            yield from (sampler.action(action) for _ in times(many))
        refusals = sampler.refusals
        found: list[tuple[Callable[[], Sentence], int]] = [
            (sampler.unrelated, 4000), (sampler.contradictory, 3000), (sampler.clashing, 5000),
            (refusals.contradictory, 3000), (lambda: refusals.neighbour("fine"), 2000),
            (lambda: refusals.neighbour("aside"), 600), (refusals.absent, 4000),
            (refusals.mixed, 1500), (sampler.exchanged, 4000), (refusals.elsewhere, 500),
            (sampler.chatty, 4000),
        ]
        for drawn, count in found:
            yield from (drawn() for _ in times(count))

    def development(self) -> dict[str, list[Sentence]]:
        content = read_yaml("vljepa_ros.training", "phrases/dev_workbench.yaml")
        refusal = read_yaml("vljepa_ros.training", "phrases/dev_refusal.yaml")["workbench"]
        rng = np.random.default_rng(3)
        sets = filled_sections(content, rng)
        sets["refusal"] = refusals(refusal, content["places"], rng)
        return sets


def filled_sections(
    content: dict[str, Any], rng: np.random.Generator, each: int = 2, held_out: bool = False
) -> dict[str, list[Sentence]]:
    """A development or held-out file -> sentences by section, `each` drawing of every template.

    With `held_out` only held-out combinations of colour and place are drawn (where a template has a
    place), without it none.
    """
    def drawn() -> dict[str, str]:
        names = draw_names(rng)
        if held_out:
            names["P1"] = HELD_OUT_PLACES[names["C1"]]
        return names

    def text_of(template: str, names: dict[str, str]) -> str:
        phrase = {p: str(rng.choice(content["places"][names[p]])) for p in ("P1", "P2", "P3")}
        return template.format(
            C=names["C1"], D=names["C2"], P=phrase["P1"], X=absent_colour(names),
            **{k: names[k] for k in ("C1", "C2", "C3")}, **phrase,
        )

    def rows(table: dict[Any, list[str]], asks: bool) -> list[Sentence]:
        found = []
        for key, templates in table.items():
            section = "on" if key is True else str(key)  # YAML 1.1 reads a bare `on` as true
            if held_out and section != "place":
                continue
            for template in templates:
                for _ in range(each):
                    names = drawn()
                    value = {"place": names["P1"], "on": f"on_{names['C2']}"}.get(section, section)
                    statement = f"{names['C1']}.{value}"
                    found.append(Sentence(
                        text_of(template, names), statement=statement,
                        parts=(statement,) if asks and section != "unseen" else None,
                    ))
        return found

    def actions(table: dict[Any, list[str]]) -> list[Sentence]:
        found = []
        for key, templates in table.items():
            section = "on" if key is True else str(key)
            if held_out and section != "place":
                continue
            for template in templates:
                names = drawn()
                action = {
                    "place": f"place_{names['C1']}_{names['P1']}",
                    "drawer": f"drawer_{names['C1']}",
                    "on": f"stack_{names['C1']}_on_{names['C2']}",
                }.get(section, section)
                found.append(Sentence(text_of(template, names), action=action))
        return found

    sets = {
        "goals": rows(content["goals"], asks=True),
        "statements": rows(
            {k: v for k, v in content["statements"].items() if k != "unseen"}, asks=True
        ),
        "actions": actions(content["actions"]),
    }
    if held_out:
        return sets
    compounds = []
    for row in content["compounds"]:
        for _ in range(each):
            names = drawn()
            compounds.append(Sentence(text_of(row["text"], names),
                                      parts=named_parts(row["parts"], names)))
    sets["compounds"] = compounds
    sets["unrelated"] = [Sentence(t, parts=()) for t in content["unrelated"]]
    return sets


def absent_colour(names: dict[str, str]) -> str:
    """A colour that is none of the three."""
    return next(c for c in COLOURS if c not in names.values())


def refusals(
    content: dict[str, list[Any]], places: dict[str, list[str]], rng: np.random.Generator
) -> list[Sentence]:
    """Goals that must be refused by their words alone, and reachable ones, with their doubts."""
    rows = []
    doubts = {"contradictory": CONTRADICTORY, "absent": UNRELATED, "foreign": UNRELATED,
              "nonsense": UNRELATED, "reachable": FINE}
    for kind, doubt in doubts.items():
        for entry in content[kind]:
            template = entry["text"] if isinstance(entry, dict) else entry
            if "{X}" in template:  # the words are fine, the thing is not there
                continue
            names = draw_names(rng)
            phrase = {p: str(rng.choice(places[names[p]])) for p in ("P1", "P2", "P3")}
            text = template.format(
                C=names["C1"], D=names["C2"], P=phrase["P1"],
                **{k: names[k] for k in ("C1", "C2", "C3")}, **phrase,
            ) if "{C" in template or "{P" in template else template
            rows.append(Sentence(text, doubt=doubt))
    return rows
