"""Both worlds as benchmarks see them: truth, sentences, candidates, questions, refusals."""

import numpy as np
import pytest

from vljepa_ros.bench import goalcheck, imagined, refusal_file, worldmodel_questions
from vljepa_ros.bench.environment import ENVIRONMENTS, open_environment


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def place(request):
    return open_environment(request.param)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_an_unknown_world_is_named():
    with pytest.raises(ValueError, match="env = 'moon'; allowed: scene-v0, workbench"):
        open_environment("moon")


def test_what_is_true_are_statements_of_their_subjects(place, rng):
    for _ in range(60):
        state = place.random_state(rng)
        for true in (place.statements(state), place.remembered(state)):
            for subject, statement in true.items():
                assert statement in place.semantics.subjects[subject]
        assert set(place.statements(state)) == set(place.semantics.state_subjects)


def test_candidates_are_what_the_model_was_trained_on(place, rng):
    state = place.random_state(rng)
    chosen = place.candidates(place.actions(state))
    assert [a.id for a in chosen] == place.actions(state)
    assert all(a.text == place.semantics.actions[a.id] for a in place.candidates())
    aimed = [a for a in chosen if a.target is not None]
    assert len(aimed) > len(chosen) / 2
    assert all(0.3 < a.target[2] < 3.0 for a in aimed)  # in front of the camera


def test_makers_are_the_only_way_to_make_a_statement_true(place, rng):
    for _ in range(60):
        state = place.random_state(rng)
        for action in place.actions(state):
            after = place.apply(state, action)
            for statement in set(place.remembered(after).values()) & set(
                place.goal_statements(state)
            ):
                if statement not in place.remembered(state).values():
                    assert action in place.makers(statement)


@pytest.mark.parametrize("kind", ["plain", "held_out"])
def test_every_goal_has_words_without_placeholders(place, rng, kind):
    wording = place.wording(kind, 5)
    state = place.random_state(rng)
    texts = [wording.of(s) for s in place.goal_statements(state)]
    for _ in range(20):
        text, parts = wording.compound(state)
        assert set(parts) <= set(place.goal_statements(state)) | {
            f"{c}.stacked" for c in getattr(state, "colours", ())}
        texts.append(text)
    assert all(text.strip() and not set("{}<>|") & set(text) for text in texts)


def test_a_case_of_goalcheck_is_met_once_and_once_not(place, rng):
    wording = place.wording("held_out", 1)
    for several in (False, True):
        case = goalcheck.draw(place, wording, rng, several)
        assert all(place.holds(case.met, s) for s in case.wanted)
        assert not all(place.holds(case.not_met, s) for s in case.wanted)
        assert goalcheck.in_sight(place, case.not_met, case.wanted)


@pytest.mark.parametrize("length", [1, 3])
def test_only_the_true_option_ends_where_it_ends(place, rng, length):
    made = 0
    while made < 8:
        state = place.draw_knowable(rng)
        options = worldmodel_questions.draw_options(place, state, length, rng)
        if options is None:
            continue
        made += 1
        ends = [worldmodel_questions.through(place, state, o) for o in options]
        assert len(options) == 4 and ends[0] not in ends[1:]
        if length == 1:
            assert any(not place.works(state, a) for (a,) in options[1:])
            about = [place.objects(a) & place.objects(options[0][0]) for (a,) in options[1:]]
            assert sum(bool(same) for same in about) >= 2


def test_what_is_out_of_reach_really_is(place, rng):
    requests = refusal_file.out_of_reach(place, rng, 4, 2000)
    kinds = {r.kind for r in requests}
    assert {"missing_action", "missing_key"} <= kinds
    assert ("too_many" in kinds) == (place.name == "workbench")
    for request in requests:
        goal = place.goal(request.parts)
        seen, frontier = {request.state}, [request.state]
        while frontier and len(seen) < 600:
            now = frontier.pop()
            assert not place.goal_holds(now, goal), request
            for action in request.candidates:
                after = place.apply(now, action)
                if after not in seen:
                    seen.add(after)
                    frontier.append(after)


def test_refusal_sentences_are_filled_in(place, rng):
    requests = refusal_file.read_requests(place, rng)
    assert {r.kind for r in requests} == set(refusal_file.SECTIONS)
    for request in requests:
        assert not set("{}") & set(request.text), request.text
        if request.kind == "reachable":
            known = {v for values in place.semantics.subjects.values() for v in values}
            assert set(request.parts) <= known, request


def test_sequences_are_made_of_what_is_there(place, rng):
    state = place.draw_knowable(rng)
    sequence, passed = imagined.draw_sequence(place, state, 12, rng)
    assert passed == imagined.roll(place, state, sequence)
    assert set(sequence) <= set(place.actions(state))
    assert 4 <= sum(a != b for a, b in zip(passed, passed[1:], strict=False)) <= 12


@pytest.mark.parametrize("text, message", [
    ("[", "is not YAML"), ("a: {}", "needs a key"),
    ("scene-v0: {rude: [x]}", "section 'rude' is unknown"),
    ("scene-v0: {absent: x}", "scene-v0.absent is not a list"),
    ("scene-v0: {absent: ['']}", "absent 1: text = ''"),
    ("scene-v0: {reachable: [open the window]}", "reachable 1: needs parts"),
    ("scene-v0: {foreign: [{text: x, parts: 3}]}", "foreign 1: parts = 3"),
])
def test_a_file_that_cannot_be_used_is_named(tmp_path, text, message):
    path = tmp_path / "goals.yaml"
    path.write_text(text)

    class Place:
        name = "scene-v0"

    with pytest.raises(ValueError, match=message) as error:
        refusal_file.read_requests(Place(), np.random.default_rng(0), path)
    assert "\n" not in str(error.value)
