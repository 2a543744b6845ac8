"""Goals of several parts: parts that hold together, no held-out pair, every cube named."""

import random
import re

import pytest

from vljepa_ros.model.y_encoder import CONTRADICTORY, FINE, UNRELATED
from vljepa_ros.sim.symbolic import PLACES
from vljepa_ros.training.phrases import Sentence, bare, held_out_sentences
from vljepa_ros.training.spintax import draw, parse
from vljepa_ros.training.workbench_arrangements import LAYOUTS, PAIRS, Arrangement, against, units
from vljepa_ros.training.workbench_compounds import Compounds
from vljepa_ros.training.workbench_phrases import WorkbenchSampler, load
from vljepa_ros.training.workbench_semantics import COLOURS, HELD_OUT_PLACES, WORKBENCH

SYNONYMS = {"red": ("scarlet", "crimson"), "blue": ("navy",), "purple": ("violet", "lilac"),
            "green": (), "yellow": (), "white": ()}


@pytest.fixture(scope="module")
def base():
    return load()[0]


def test_parts_hold_together():
    rng = random.Random(4)
    for _ in range(3000):
        made = Arrangement(rng)
        assert len(set(made.parts)) == len(made.parts)
        assert all(part in WORKBENCH.index for part in made.parts)
        values = list(made.cubes.values())
        standing = [v for v in values if v in PLACES]
        carried_by = [v[3:] for v in values if v.startswith("on_")]
        assert len(set(standing)) == len(standing)
        assert len(set(carried_by)) == len(carried_by)
        assert values.count("drawer") <= 1
        assert not [c for c in carried_by if made.cubes.get(c) == "drawer"]
        for cube in made.cubes:  # following the supports downwards ends
            for _ in range(3):
                cube = made.cubes.get(cube, "")[3:]
            assert cube not in COLOURS
        for thing in ("drawer", "window"):
            assert not {f"{thing}.open", f"{thing}_lock.locked"} <= set(made.parts)


def test_units_say_every_part_once():
    rng = random.Random(5)
    for _ in range(3000):
        made = Arrangement(rng)
        found = units(made, rng)
        said = [part for unit in found for part in parts_of(unit.section, unit.slots)]
        assert sorted(said) == sorted(made.parts)


def parts_of(section, slots):
    """What a unit asks for, from the definition of the sections in the clause file."""
    a, b, c, p = (slots.get(k, "") for k in "abcp")
    sealed = ["drawer.closed", "drawer_lock.locked"]
    return {
        "place": [f"{a}.{p}"], "drawer": [f"{a}.drawer"], "on": [f"{a}.on_{b}"],
        "table": [f"{a}.table"], "stacked": [f"{a}.stacked"],
        "table2": [f"{a}.table", f"{b}.table"], "table3": [f"{x}.table" for x in (a, b, c)],
        "pair": [f"{a}.{p}", f"{b}.on_{a}"], "tower": [f"{b}.on_{a}", f"{c}.on_{b}"],
        "tower_at": [f"{a}.{p}", f"{b}.on_{a}", f"{c}.on_{b}"],
        "shut": [f"{a}.drawer", "drawer.closed"], "sealed": [f"{a}.drawer", *sealed],
        "ajar": [f"{a}.drawer", "drawer.open"],
    }.get(section) or section.split()


def test_sentences_name_every_cube_and_no_other_is_asked_for(base):
    compounds, seen = Compounds(base.macros, 1), set()
    for _ in range(3000):
        text, parts = compounds.draw()
        words = text.lower()
        assert 2 <= len(parts) <= 5
        assert not set("[]<>^{}|") & set(words.replace("->", "").replace("<3", ""))
        for part in parts:
            seen.add(part)
            thing, value = part.split(".")
            for colour in {thing, value.removeprefix("on_")} & set(COLOURS):
                assert any(w in words for w in (colour, *SYNONYMS[colour])), (text, parts)
    asked = {s for s in WORKBENCH.statements if not s.startswith("count.")}
    assert {s for s in asked if not s.endswith("unseen")} - WORKBENCH.held_out <= seen


def test_no_held_out_pair_is_drawn_or_mentioned(base, monkeypatch):
    compounds, mentioned = Compounds(base.macros, 2), []
    for place in PLACES:  # a place is said as its name, so that mentions can be found
        for kind in ("", "TO_", "N_"):
            compounds.phrases[kind, place] = place
    monkeypatch.setattr("vljepa_ros.training.workbench_compounds.type_carelessly",
                        lambda text, rng: text)
    for _ in range(3000):
        text, parts = compounds.draw()
        assert not set(parts) & WORKBENCH.held_out
        places = {p for p in PLACES if p in text}
        mentioned.append(len(places))
        for colour, place in HELD_OUT_PLACES.items():
            words = "|".join((colour, *SYNONYMS[colour]))
            named = re.search(rf"\b({words})\b", text, re.IGNORECASE)  # not in "requiRED"
            assert not (named and place in places), text
    assert max(mentioned) == 3


def test_the_same_seed_draws_the_same_sentences(base):
    one, two, other = (Compounds(base.macros, seed) for seed in (3, 3, 4))
    drawn = [one.draw() for _ in range(50)]
    assert drawn == [two.draw() for _ in range(50)]
    assert drawn != [other.draw() for _ in range(50)]
    texts = {one.draw()[0] for _ in range(1000)}
    assert len(texts) > 990


def test_the_sampler_draws_composed_goals_and_none_that_is_held_out():
    sampler = WorkbenchSampler(0)
    rows = [sampler.compound() for _ in range(300)]
    assert all(isinstance(r, Sentence) and r.parts for r in rows)
    assert not {bare(r.text) for r in rows} & held_out_sentences()


def test_every_section_has_forms_in_every_mood(base):
    compounds = Compounds(base.macros, 0)
    sections = set(compounds.forms["state"])
    assert PAIRS <= sections and len(LAYOUTS) > 20
    assert all(set(forms) == sections for forms in compounds.forms.values())
    for forms in compounds.forms.values():  # without a further cube there is still a way to say it
        assert all(any(not form.other for form in rows) for rows in forms.values())


def test_a_parsed_pattern_draws_what_its_text_says():
    rng = random.Random(0)
    tree = parse("{a|b {c|}} <M>!", {"M": "{x|y}"})
    drawn = {draw(tree, rng) for _ in range(200)}
    assert drawn == {f"{first} {m}!" for first in ("a", "b c", "b ") for m in "xy"}
    for wrong in ("{a|b", "a}"):
        with pytest.raises(ValueError, match="unbalanced"):
            parse(wrong)
    with pytest.raises(ValueError, match="unknown"):
        parse("<NOPE>")


def test_a_clause_against_a_goal_excludes_one_of_its_parts():
    rng, seen = random.Random(6), set()
    for _ in range(3000):
        made = Arrangement(rng)
        unit, name = against(made, rng)
        extra = parts_of(unit.section, unit.slots)[0]
        thing, value = extra.split(".")
        assert extra not in WORKBENCH.held_out
        held = dict(part.split(".") for part in made.parts)
        if name:  # another value of what a part is about
            assert thing == name and held[name] != value
            assert {held[name], value} not in ({"table", p} for p in PLACES)
            assert not (held[name] == "stacked" and value.startswith("on_"))
            seen.add("same")
            continue
        below = value.removeprefix("on_")
        reasons = {
            "shared": value in held.values() and held.get(thing) != value,
            "ring": held.get(below) == f"on_{thing}",
            "in the drawer": held.get(below) == "drawer" or (
                value == "drawer" and f"on_{thing}" in held.values()),
        }
        assert any(reasons.values()), (made.parts, extra)
        seen.update(k for k, v in reasons.items() if v)
    assert seen == {"same", "shared", "ring", "in the drawer"}


def test_a_sequence_ends_with_what_it_asks_for(base):
    compounds = Compounds(base.macros, 7)
    for _ in range(500):
        text, parts = compounds.sequence()
        assert parts and not set(parts) & WORKBENCH.held_out
        assert any(word in text for word in ("then", "Then", "after", "After", "next", "finally",
                                             "once that is done"))


def test_refused_goals_of_the_workbench():
    sampler = WorkbenchSampler(3)
    goal = Sentence("put the red cube in the drawer", parts=("red.drawer",))
    drawn = [sampler.refusals.exchanged(goal) for _ in range(200)]
    kept = [found for found in drawn if found is not None]  # None: a held-out sentence came out
    assert len(kept) > 150
    for found in kept:
        assert found.doubt == UNRELATED and found.parts == () and found.text != goal.text
        assert not found.text.endswith("the red cube in the drawer"), found.text
    for _ in range(200):
        clash = sampler.clashing()
        assert clash.doubt == CONTRADICTORY and clash.parts is None
        neighbour = sampler.refusals.neighbour("fine")
        assert neighbour.parts and all(p in WORKBENCH.index for p in neighbour.parts)
        assert not set(neighbour.parts) & WORKBENCH.held_out
        assert sampler.chatty().doubt in (FINE, CONTRADICTORY, UNRELATED)
        for row in (sampler.refusals.absent(), sampler.refusals.mixed(), sampler.exchanged()):
            assert row.doubt == UNRELATED and bare(row.text) not in held_out_sentences()
