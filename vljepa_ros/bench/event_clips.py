"""Short videos of one skill each, done or tried in vain: what `classify` and `retrieve` find.

Written once to a folder (MP4 and a JSON of what happens in it) and read from there; real physics,
half in other light. A clip starts and ends at rest.

    python -m vljepa_ros.bench.event_clips --out data/event_clips --count 500
    python -m vljepa_ros.bench.event_clips --env workbench --out data/event_clips_workbench
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import mujoco
import numpy as np

from vljepa_ros.planning.protocols import Array
from vljepa_ros.sim.appearance import Appearance
from vljepa_ros.sim.scene import CONTROL_PERIOD_S
from vljepa_ros.sim.symbolic import ACTIONS, all_states, works

from . import workbench_events
from .environment import ENVIRONMENTS, HELD_OUT_SEED, open_environment
from .progress import progress

FAILABLE = ("open_drawer", "close_drawer", "open_window", "close_window")
KINDS = (*ACTIONS, *(f"failed_{action}" for action in FAILABLE))
"""What can happen in a clip: a skill that works, or the pull at something locked."""

FRAME_PERIOD_S = 0.2
_EVERY = round(FRAME_PERIOD_S / CONTROL_PERIOD_S)
FRAME_SIZE = 128
_REST_FRAMES = 3  # before and after the skill
_QUIET_FRAMES = 12  # a clip in which nothing happens
_LEAD_FRAMES, _TAIL_FRAMES = 8, 4  # shown before the first change and after the last
_TRIES = 6


@dataclass(frozen=True)
class EventClip:
    """A video and what happens in it; ``moment`` seconds of the clip at which the state changed
    (of a try in vain: the middle), ``seconds`` long."""

    file: str
    kind: str
    moment: float
    seconds: float
    before: dict[str, str]
    after: dict[str, str]
    colours: tuple[str, ...] = ()  # of the workbench's cubes


def event_clips(
    folder: Path, count: int, first_seed: int = HELD_OUT_SEED, env: str = "scene-v0"
) -> list[EventClip]:
    """The first `count` clips of a folder; those that are missing are made.

    Kinds come in turn, so any number of clips is balanced. Raises ValueError when the folder holds
    clips of other seeds or of another world.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "clips.jsonl"
    rows = [json.loads(line) for line in listed.read_text().splitlines()] if listed.exists() else []
    if rows and rows[0]["first_seed"] != first_seed:
        raise ValueError(f"'{folder}' holds clips of seeds from {rows[0]['first_seed']} on; "
                         f"allowed: {first_seed}, or another folder")
    if rows and bool(rows[0].get("colours")) != (env == "workbench"):
        raise ValueError(f"'{folder}' holds clips of another world than {env!r}; allowed: another "
                         "folder")
    if len(rows) < count:
        place = open_environment(env)
        numbers = range(len(rows), count)
        for number in progress(numbers, "clips"):
            clip = _film(place, folder, number, first_seed)
            row = {"first_seed": first_seed, **asdict(clip)}
            with listed.open("a") as file:
                file.write(json.dumps(row) + "\n")
            rows.append(row)
    kept = [{k: v for k, v in row.items() if k != "first_seed"} for row in rows[:count]]
    return [EventClip(**row | {"colours": tuple(row.get("colours", ()))}) for row in kept]


def _film(place: Any, folder: Path, number: int, first_seed: int) -> EventClip:
    draw = workbench_events.draw if place.name == "workbench" else _draw
    scene = place.scene
    for attempt in range(_TRIES):
        rng = np.random.default_rng([first_seed, number, attempt])
        scene.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
        kind, start = draw(number, rng)
        before = scene.reset(start, seed=first_seed + number * _TRIES + attempt)
        take = _Take(scene, before)
        if kind != "wait":
            place.runner.run(kind.removeprefix("failed_"), on_step=take.on_step)
        after = scene.truth()
        if _as_wanted(place, kind, before, after):
            frames, moment = take.frames()
            break
    else:
        raise ValueError(f"clip {number}: {kind} went wrong {_TRIES} times")
    name = f"clip_{number:04d}.mp4"
    write_video(folder / name, frames, FRAME_PERIOD_S)
    length = len(frames) * FRAME_PERIOD_S
    return EventClip(name, kind, moment or length / 2, length,
                     place.statements(before), place.statements(after),
                     tuple(getattr(before, "colours", ())))


class _Take:
    """What happens in one run, rendered afterwards and only around the change: rendering costs
    more than the physics. The colours of the locks are kept beside the physics."""

    def __init__(self, scene: Any, before: Any) -> None:
        self.scene, self.before = scene, before
        self.first = _shot(scene)
        self.places: list[tuple[Array, Array]] = []
        self.changed: list[bool] = []
        self.steps = 0
        self.truth = before

    def on_step(self, phase: str, *_: object) -> None:
        self.steps += 1
        if self.steps % _EVERY == 0:
            truth = self.scene.truth()
            self.changed.append(truth != self.truth)
            self.truth = truth
            self.places.append(self._now())

    def frames(self) -> tuple[list[Array], float]:
        """Pictures (S, S, 3) every FRAME_PERIOD_S, and when the state changed first (0: never)."""
        if not self.places:
            return [self.first] * (_QUIET_FRAMES + 2 * _REST_FRAMES), 0.0
        end = self._now()
        last = _shot(self.scene)
        marks = np.flatnonzero(self.changed)
        begin, stop = 0, len(self.places)
        if len(marks):
            begin = max(0, int(marks[0]) - _LEAD_FRAMES)
            stop = min(stop, int(marks[-1]) + _TAIL_FRAMES)
        pictures = []
        for place in self.places[begin:stop]:
            self._pose(place)
            pictures.append(_shot(self.scene))
        self._pose(end)
        moment = (int(marks[0]) - begin + _REST_FRAMES) * FRAME_PERIOD_S if len(marks) else 0.0
        return [self.first] * _REST_FRAMES + pictures + [last] * _REST_FRAMES, moment

    def _now(self) -> tuple[Array, Array]:
        return self.scene.data.qpos.copy(), self.scene.model.geom_rgba.copy()

    def _pose(self, place: tuple[Array, Array]) -> None:
        self.scene.data.qpos[:], self.scene.model.geom_rgba[:] = place
        mujoco.mj_forward(self.scene.model, self.scene.data)


def _as_wanted(place: Any, kind: str, before: Any, after: Any) -> bool:
    """Whether the clip shows its kind: on the workbench nothing else may have moved."""
    if kind == "wait" or kind.startswith("failed_"):
        return bool(after == before)
    wanted = place.apply(before, kind)
    return bool(after == wanted if place.name == "workbench" else after != before)


def _draw(number: int, rng: np.random.Generator) -> tuple[str, Any]:
    """The kind of clip `number` of scene-v0 and a state that it can begin in."""
    kind = KINDS[number % len(KINDS)]
    action = kind.removeprefix("failed_")
    fitting = [s for s in all_states() if _fits(s, action, kind != action)]
    return kind, fitting[rng.integers(len(fitting))]


def _fits(state: Any, action: str, failed: bool) -> bool:
    if not failed:
        return action == "wait" or works(state, action)
    verb, thing = action.split("_")
    locked = getattr(state, f"{thing}_lock") == "locked"
    return locked and getattr(state, thing) == ("closed" if verb == "open" else "open")


def _shot(scene: Any) -> Array:
    size = (FRAME_SIZE, FRAME_SIZE)
    return cv2.resize(scene.render(), size, interpolation=cv2.INTER_AREA)


def write_video(path: Path, frames: list[Array], period: float) -> None:
    """Frames (H, W, 3) uint8 at an even pace as H.264; the file appears whole or not at all."""
    unfinished = path.with_name(f".unfinished-{path.name}")
    rate = Fraction(1) / Fraction(period).limit_denominator(1000)
    with av.open(str(unfinished), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "16"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    unfinished.replace(path)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/event_clips"))
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--first-seed", type=int, default=HELD_OUT_SEED)
    parser.add_argument("--env", choices=ENVIRONMENTS, default="scene-v0")
    args = parser.parse_args(argv)
    event_clips(args.out, args.count, args.first_seed, args.env)


if __name__ == "__main__":
    main()
