"""One picture of the video: the camera on the left, what planner and decoder say on the right."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .recording import Execution, Recording, newest
from .terminal import percent

SIZE = (1280, 720)
"""Width and height of the video in pixels."""

Array = np.ndarray
Colour = tuple[int, int, int]

_CAMERA = (24, 56, 640)  # left, top, side
_PANEL = (696, 1256)  # left, right
_ROWS = 5
_LINES = 4
_RANKING_TOP, _ROW = 246, 52
_SPOKEN_TOP = 556
_EXECUTED, _EXECUTED_ROW = 9, 32

_BACKGROUND: Colour = (18, 22, 29)
_CARD: Colour = (30, 36, 46)
_TRACK: Colour = (52, 60, 74)
_TEXT: Colour = (236, 240, 245)
_MUTED: Colour = (150, 160, 175)
_ACCENT: Colour = (255, 176, 59)
_BAR: Colour = (94, 129, 172)
_GOOD: Colour = (122, 201, 120)
_BAD: Colour = (235, 110, 100)
_SPOKEN: Colour = (120, 200, 230)


class Painter:
    """Draws the recording at any moment, in order of time; repeats what did not change."""

    def __init__(self, recording: Recording, start: str = "") -> None:
        self.recording = recording
        self.start = start
        looks = [look.distance for look in recording.looks]
        live = [distance for _, distance in recording.distances]
        self._scale = max([*looks, *live, 0.5])
        self._frame: bytes | None = None
        self._camera: Array | None = None
        self._key: tuple[Any, ...] = ()
        self._panel: Array | None = None

    def paint(self, moment: float) -> Array:
        """(720, 1280, 3) uint8 RGB."""
        jpeg = newest(self.recording.frames, moment)
        if jpeg is not self._frame or self._camera is None:
            self._frame, self._camera = jpeg, self._camera_picture(jpeg)
        key = self._state(moment)
        if key != self._key or self._panel is None:
            self._key, self._panel = key, self._draw(moment)
        picture = self._panel.copy()
        left, top, side = _CAMERA
        picture[top : top + side, left : left + side] = self._camera
        return picture

    def _camera_picture(self, jpeg: bytes | None) -> Array:
        side = _CAMERA[2]
        if jpeg is None:
            return np.full((side, side, 3), _CARD, np.uint8)
        pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        height, width = pixels.shape[:2]
        scale = side / max(height, width)
        size = (round(width * scale), round(height * scale))
        scaled = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
        out = np.full((side, side, 3), _CARD, np.uint8)
        y, x = (side - size[1]) // 2, (side - size[0]) // 2
        out[y : y + size[1], x : x + size[0]] = scaled
        return out

    def _state(self, moment: float) -> tuple[Any, ...]:
        """Everything the panel shows; equal states look the same."""
        recording = self.recording
        execution = recording.execution_at(moment)
        verdict = recording.verdict
        return (
            _tenths(moment),
            sum(look.at <= moment for look in recording.looks),
            sum(line.at <= moment for line in recording.spoken),
            id(execution),
            round(self._distance(moment) or -1.0, 2),
            verdict is not None and verdict.at <= moment,
        )

    def _distance(self, moment: float) -> float | None:
        """Of the newest frame; where that is not known, of the newest look."""
        live = newest(self.recording.distances, moment)
        if live is not None:
            return float(live)
        looks = [look for look in self.recording.looks if look.at <= moment]
        return looks[-1].distance if looks else None

    # -- drawing -----------------------------------------------------------------------------------

    def _draw(self, moment: float) -> Array:
        image = Image.new("RGB", SIZE, _BACKGROUND)
        draw = ImageDraw.Draw(image)
        self._title(draw, moment)
        self._goal(draw)
        self._goal_distance(draw, moment)
        self._now(draw, moment)
        self._ranking(draw, moment)
        self._speech(draw, moment)
        return np.asarray(image)

    def _title(self, draw: ImageDraw.ImageDraw, moment: float) -> None:
        left, top, side = _CAMERA
        draw.text((left, 18), "vljepa_ros", font=_font(20, bold=True), fill=_TEXT)
        draw.text((left + 126, 22), "camera of the simulated robot", font=_font(15), fill=_MUTED)
        clock = f"{int(moment) // 60}:{moment % 60:04.1f}"
        draw.text((left + side, 20), clock, font=_font(18, bold=True), fill=_TEXT, anchor="ra")

    def _goal(self, draw: ImageDraw.ImageDraw) -> None:
        left, right = _PANEL
        draw.text((left, 22), "GOAL", font=_font(14, bold=True), fill=_MUTED)
        font = _font(24, bold=True)
        lines = _wrap(f"“{self.recording.goal}”", font, right - left, 2)
        if len(lines) > 1:
            font = _font(20, bold=True)
            lines = _wrap(f"“{self.recording.goal}”", font, right - left, 2)
        for i, line in enumerate(lines):
            draw.text((left, 44 + i * 27), line, font=font, fill=_TEXT)

    def _goal_distance(self, draw: ImageDraw.ImageDraw, moment: float) -> None:
        left, right = _PANEL
        top = 108
        distance = self._distance(moment)
        draw.text((left, top), "goal distance", font=_font(17), fill=_MUTED)
        if distance is None:
            return
        met = self._met(moment)
        draw.text(
            (right, top - 2), f"{distance:.2f}", font=_font(20, bold=True),
            fill=_GOOD if met else _TEXT, anchor="ra",
        )
        box = (left, top + 28, right, top + 42)
        _bar(draw, box, distance / self._scale, _GOOD if met else _ACCENT)

    def _met(self, moment: float) -> bool:
        looks = [look for look in self.recording.looks if look.at <= moment]
        return bool(looks) and looks[-1].status == "MET"

    def _now(self, draw: ImageDraw.ImageDraw, moment: float) -> None:
        left, _ = _PANEL
        verdict = self.recording.verdict
        if verdict is not None and verdict.at <= moment:
            text, colour = verdict.text, _GOOD if verdict.met else _BAD
        else:
            text, colour = self._doing(moment)
        width, font = _PANEL[1] - left, _font(18, bold=True)
        if font.getlength(text) <= width:
            draw.text((left, 168), text, font=font, fill=colour)
            return
        font = _font(17, bold=True)
        first, comma, rest = text.partition(", ")
        halves = [first + comma, rest]
        fits = all(font.getlength(half) <= width for half in halves)
        for i, line in enumerate(halves if fits else _wrap(text, font, width, 2)):
            draw.text((left, 160 + i * 22), line, font=font, fill=colour)

    def _doing(self, moment: float) -> tuple[str, Colour]:
        recording = self.recording
        execution = recording.execution_at(moment)
        number = sum(e.began <= moment for e in recording.executions)
        if execution is not None:
            _, phase = execution.progress_at(moment)
            detail = f"  ({phase})" if phase else ""
            return f"step {number}: {execution.text}{detail}", _ACCENT
        done = [e for e in recording.executions if e.ended is not None and e.ended <= moment]
        if done:
            return f"looking at what came of it: {_answer(done[-1])}", _MUTED
        return "looking and planning", _MUTED

    def _ranking(self, draw: ImageDraw.ImageDraw, moment: float) -> None:
        left, right = _PANEL
        looks = [look for look in self.recording.looks if look.at <= moment]
        header = _RANKING_TOP - 26
        verdict = self.recording.verdict
        if self._met(moment) or (verdict is not None and verdict.at <= moment):
            self._done(draw)
            return
        draw.text((left, header), "RANKED ACTIONS", font=_font(14, bold=True), fill=_MUTED)
        draw.text((right - 70, header), "distance after", font=_font(14), fill=_MUTED, anchor="ra")
        draw.text((right - 8, header), "works", font=_font(14), fill=_MUTED, anchor="ra")
        if not looks:
            return
        look = looks[-1]
        for i, row in enumerate(look.rows[:_ROWS]):
            top = _RANKING_TOP + i * (_ROW + 6)
            chosen = row.action_id == look.chosen
            box = (left - 8, top, right, top + _ROW)
            draw.rounded_rectangle(
                box, 7, fill=_CARD, outline=_ACCENT if chosen else None, width=2
            )
            bold = _font(18, bold=chosen)
            draw.text((left + 4, top + 6), f"{i + 1}", font=_font(18), fill=_MUTED)
            indent = left + 28
            draw.text(
                (indent, top + 6), _fit(row.text, bold, right - 124 - indent), font=bold,
                fill=_TEXT if row.works >= 0.5 else _MUTED,
            )
            draw.text(
                (indent, top + 30), _fit(row.outcome, _font(14), right - 194 - indent),
                font=_font(14), fill=_MUTED,
            )
            draw.text(
                (right - 70, top + 5), f"{row.distance_after:.2f}", font=bold, fill=_TEXT,
                anchor="ra",
            )
            _bar(
                draw, (right - 180, top + 33, right - 70, top + 41),
                row.distance_after / self._scale, _ACCENT if chosen else _BAR,
            )
            colour = _GOOD if row.works >= 0.5 else _BAD
            draw.text(
                (right - 8, top + 15), percent(row.works), font=_font(17), fill=colour, anchor="ra"
            )

    def _done(self, draw: ImageDraw.ImageDraw) -> None:
        """In the place of the ranking: what was carried out."""
        left, right = _PANEL
        header = _RANKING_TOP - 26
        draw.text((left, header), "EXECUTED", font=_font(14, bold=True), fill=_MUTED)
        executions = self.recording.executions
        if not executions:
            draw.text((left, _RANKING_TOP), "nothing", font=_font(18), fill=_MUTED)
            return
        draw.text((right - 8, header), "seconds", font=_font(14), fill=_MUTED, anchor="ra")
        for i, execution in enumerate(executions[-_EXECUTED:]):
            y = _RANKING_TOP + i * _EXECUTED_ROW
            good = execution.result == "SUCCEEDED"
            number = len(executions) - len(executions[-_EXECUTED:]) + i + 1
            draw.text((left + 20, y), f"{number}", font=_font(18), fill=_MUTED, anchor="ra")
            note = "" if good else f" ({execution.result.lower().replace('_', ' ')})"
            text = _fit(execution.text + note, _font(18), right - 120 - left)
            draw.text((left + 32, y), text, font=_font(18), fill=_TEXT if good else _BAD)
            if execution.ended is not None:
                took = f"{execution.ended - execution.began:.1f}"
                draw.text((right - 8, y), took, font=_font(18), fill=_MUTED, anchor="ra")

    def _speech(self, draw: ImageDraw.ImageDraw, moment: float) -> None:
        left, right = _PANEL
        draw.text((left, _SPOKEN_TOP), "SPOKEN", font=_font(14, bold=True), fill=_MUTED)
        font, indent = _font(15), 44
        lines: list[tuple[str, str, bool]] = []
        said = [line for line in self.recording.spoken if line.at <= moment]
        for line in said[-_LINES:]:
            pieces = _wrap(line.text, font, right - left - indent, 3 if line is said[-1] else 1)
            for i, piece in enumerate(pieces):
                clock = f"{int(line.at) // 60}:{int(line.at) % 60:02d}" if i == 0 else ""
                lines.append((clock, piece, line is said[-1]))
        for i, (clock, piece, new) in enumerate(lines[-_LINES:]):
            y = _SPOKEN_TOP + 24 + i * 28
            draw.text((left, y), clock, font=font, fill=_MUTED)
            draw.text((left + indent, y), piece, font=font, fill=_SPOKEN if new else _MUTED)


def _answer(execution: Execution) -> str:
    return execution.message or execution.result.lower().replace("_", " ")


def _bar(
    draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], share: float, colour: Colour
) -> None:
    left, top, right, bottom = box
    radius = (bottom - top) // 2
    draw.rounded_rectangle(box, radius, fill=_TRACK)
    width = round((right - left) * min(max(share, 0.0), 1.0))
    if width >= 2 * radius:
        draw.rounded_rectangle((left, top, left + width, bottom), radius, fill=colour)
    elif width > 0:
        draw.ellipse((left, top, left + 2 * radius, bottom), fill=colour)


def _fit(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: float, most: int) -> list[str]:
    """At most ``most`` lines; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    rest = text.split()
    while rest and len(lines) < most - 1:
        line = rest.pop(0)
        while rest and font.getlength(f"{line} {rest[0]}") <= width:
            line = f"{line} {rest.pop(0)}"
        lines.append(_fit(line, font, width))
    if rest:
        lines.append(_fit(" ".join(rest), font, width))
    return lines


def _tenths(moment: float) -> int:
    return int(moment * 10)


@cache
def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib brings along."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", name)), size)
