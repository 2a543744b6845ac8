"""Benchmarks show how far they are on a terminal, and write nothing where there is none."""

from __future__ import annotations

import importlib
import io
import json
import sys

import pytest

from vljepa_ros.bench.progress import counting, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_bar_on_a_terminal_and_nothing_elsewhere(monkeypatch, capsys, stream):
    monkeypatch.setattr(sys, "stderr", stream())
    assert list(progress(range(7), "works")) == list(range(7))
    with counting("indexing", total=3) as bar:
        bar.update(3)
    written = sys.stderr.getvalue()
    if stream is Terminal:
        assert "works" in written and "/7" in written and "indexing" in written
    else:
        assert written == ""
    assert capsys.readouterr().out == ""


def test_a_benchmark_keeps_its_bar_off_the_json(monkeypatch, capsys, tmp_path):
    """The whole command: the object alone on stdout, the bar alone on stderr."""
    from vljepa_ros.cli.main import main

    camera = importlib.import_module("vljepa_ros.bench.camera")
    monkeypatch.setattr(camera, "measure", lambda *given: {"lost_percent": 0.0})
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert main(["bench", "camera", "--episodes", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"]["raw_reliable"]["stock"]
    assert "camera" in sys.stderr.getvalue() and "/8" in sys.stderr.getvalue()
