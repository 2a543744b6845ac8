"""What the demo prints."""

import io
from dataclasses import replace

import pytest

from vljepa_ros.demo.recording import Execution, Line
from vljepa_ros.demo.terminal import Terminal, percent, state_in_words

from .examples import look

STATE = {"drawer": "closed", "window": "open", "drawer_lock": "locked",
         "window_lock": "unlocked", "cube": "front_left"}


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class Ascii(io.StringIO):
    encoding = "ascii"


def printed(stream, call):
    call(Terminal(stream, width=100))
    return stream.getvalue()


def test_table_shows_five_and_marks_the_chosen_one():
    lines = printed(Tty(), lambda t: t.look(look())).splitlines()
    ranked = [line for line in lines if "%" in line]
    assert len(ranked) == 5
    assert "▸    1  press the left button" in ranked[0]
    assert "1.00" in ranked[0] and "98%" in ranked[0] and "the drawer is unlocked" in ranked[0]


def test_chosen_action_is_shown_though_it_ranks_low():
    text = printed(io.StringIO(), lambda t: t.look(look(chosen="close_the_window")))
    marked = [line for line in text.splitlines() if line.strip().startswith(">")]
    assert len(marked) == 1 and "7  close the window" in marked[0]


def test_what_is_remembered_and_what_was_noticed_is_shown():
    told = replace(look(), remembered=("the red cube is in the drawer",),
                   noticed="the drawer is closed", message="plan: press the left button")
    text = printed(io.StringIO(), lambda t: t.look(told))
    assert "remembers   the red cube is in the drawer" in text
    assert "noticed     the drawer is closed" in text and "because" not in text
    sought = replace(look(), message="the red cube is not in sight; open the drawer to look for it")
    assert "because     the red cube is not in sight" in printed(
        io.StringIO(), lambda t: t.look(sought))


def test_no_line_is_wider_than_the_terminal():
    wide = replace(look(), rows=tuple(replace(r, outcome=r.outcome * 9) for r in look().rows))
    long = Line(3.0, 2.0, "the drawer is open " * 20)
    for call in (lambda t: t.look(wide), lambda t: t.spoken(long),
                 lambda t: t.fact("goal", "open the drawer " * 20)):
        for line in printed(io.StringIO(), call).splitlines():
            assert len(line) <= 100


def test_colours_only_on_a_terminal(monkeypatch):
    execution = Execution("a", "open it", 1.0, 3.5, "NO_EFFECT", "it is locked")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\033[" in printed(Tty(), lambda t: t.answer(execution))
    assert "\033[" not in printed(io.StringIO(), lambda t: t.answer(execution))
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(Tty(), lambda t: t.answer(execution))
    assert "\033[" not in text and "no effect in 2.5 s: it is locked" in text


def test_ascii_terminal_gets_ascii():
    text = printed(Ascii(), lambda t: (t.look(look()), t.spoken(Line(61, 60, "Fertig – gut."))))
    assert text.isascii() and "1:01" in text


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0%"), (0.001, "<1%"), (0.5, "50%"), (0.999, "99%"), (1, "100%")]
)
def test_percent(share, words):
    assert percent(share) == words


def test_state_in_words():
    assert state_in_words(STATE) == (
        "drawer closed and locked, window open and unlocked, cube at the front left"
    )
    state = {**STATE, "red_cube": "on_blue", "blue_cube": "drawer"}
    del state["cube"]
    assert state_in_words(state).endswith(", red cube on the blue cube, blue cube in the drawer")
