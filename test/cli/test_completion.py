"""Shell completion: commands, options and choices, asked of bash itself."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from vljepa_ros.cli.main import COMMANDS


def complete(script, *words):
    """What bash offers for the last word."""
    line = " ".join(f"'{word}'" for word in ("vljepa", *words))
    code = f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _vljepa; echo ${{COMPREPLY[@]}}"
    command = ["bash", "--norc", "-c", f"{script}\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert not done.stderr, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def script():
    from vljepa_ros.cli.completion import bash

    return bash()


def test_bash_completes_commands_options_and_choices(script):
    assert set(complete(script, "")) == set(COMMANDS)
    assert complete(script, "goa") == ["goal"]
    assert "--dry-run" in complete(script, "goal", "--d")
    assert set(complete(script, "alert", "--l")) == {"--list", "--listen"}
    assert "planning" in complete(script, "bench", "plan")
    assert set(complete(script, "completion", "")) >= {"bash", "zsh", "fish"}
    assert complete(script, "bench", "planning", "--wording", "held") == ["held_out"]


def test_every_shell_gets_a_script(vljepa):
    for shell in ("bash", "zsh", "fish"):
        done = vljepa("completion", shell)
        assert done.status == 0 and "goal" in done.out
    assert vljepa("completion", "csh").status == 2
    if shutil.which("fish"):
        subprocess.run(["fish", "--no-execute"], input=done.out, text=True, check=True)
