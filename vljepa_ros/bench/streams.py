"""Camera streams with a true event log, for everything that listens to a stream.

A stream is skill after skill in real physics, works or not, with pauses in between so that events
come a chosen mean gap apart; or a still scene under everything a camera does to it. Streams are
written once to a folder (frames as .npy, the rest as JSON) and read from there: rendering costs
more than everything that is measured on them.

    python -m vljepa_ros.bench.streams --out data/streams --gaps 5 --minutes 10
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vljepa_ros.decoding.detectors import coarse
from vljepa_ros.planning.protocols import Array
from vljepa_ros.sim.appearance import Appearance
from vljepa_ros.sim.scene import CONTROL_PERIOD_S

from .environment import HELD_OUT_SEED, Environment, open_environment
from .progress import progress

FRAME_PERIOD_S = 0.2
FRAME_SIZE = 128
EPISODE_S = 600.0  # a stream starts in a new scene, in new light, this often
GAPS_S = (5.0, 2.0, 20.0, 60.0)
QUIET = 0.0  # "gap" of a still scene
SENSOR_SIGMA = 2.0  # grey levels of noise on every frame of a stream with events
_NATURAL_GAP_S = 4.5  # what a skill and the way to it take; shorter gaps are played faster
_SETTLED_STEPS = 6  # control steps a new state must last to be an event
_WORKING = 0.7  # share of the actions that change something
_PULLS = 0.6  # share of the others that pull at something locked, where there is any
_LOCKED = "locked"  # in a skill's message: the pull was seen, nothing moved
_OPENED = {"open": "open", "close": "closed"}


@dataclass(frozen=True)
class Event:
    """Something that happened at ``time`` (seconds since the stream began).

    ``kind`` is 'change' or 'attempt' (seen to fail); ``statements`` are the ids that became true,
    of an attempt those that it left as they were; ``before`` those that were true of the same
    subjects, same order; ``action`` is the skill that was running.
    """

    time: float
    kind: str
    statements: tuple[str, ...]
    before: tuple[str, ...]
    action: str


@dataclass(frozen=True)
class Stream:
    """Frames (N, S, S, 3) uint8 every `FRAME_PERIOD_S`, what is true at each, and what happened.

    ``truth`` holds per frame subject id -> statement id; a subject without a truth (a cube in the
    air is at no place) is absent. Frames carry their sensor's noise already.
    """

    name: str
    gap: float
    seed: int
    frames: Array
    truth: list[dict[str, str]]
    events: list[Event]

    def small(self) -> Stream:
        """The same with frames (N, 16, 16, 3) float32, means of cells: a fraction of the memory."""
        return replace(self, frames=np.stack([coarse(frame) for frame in self.frames]))

    @property
    def stamps(self) -> Array:
        """(N,) seconds since the stream began."""
        return np.arange(len(self.frames)) * FRAME_PERIOD_S

    @property
    def seconds(self) -> float:
        return len(self.frames) * FRAME_PERIOD_S

    def truth_at(self, time: float) -> dict[str, str]:
        """What is true at a time; before the first frame, of the first."""
        index = int(np.clip(np.floor(time / FRAME_PERIOD_S + 1e-6), 0, len(self.truth) - 1))
        return self.truth[index]


class Filming:
    """Skills on camera: a clock, the frames due, and the events the physics shows."""

    def __init__(self, place: Environment, speed: float) -> None:
        self.place, self.speed = place, speed
        self.time = 0.0
        self.frames: list[Array] = []
        self.truth: list[dict[str, str]] = []
        self.events: list[Event] = []
        self._lasting = set(place.semantics.state_subjects)
        self._settled = self._now()
        self._new: tuple[float, dict[str, str], int] | None = None
        self._pull: float | None = None
        self._action = ""

    def act(self, action: str) -> None:
        """Run a skill to its end, filming."""
        self._action, self._pull = action, None
        result = self.place.runner.run(action, on_step=self._step)
        if _LOCKED in result.message and self._pull is not None:
            self._log_attempt(action, self._pull)

    def idle(self, seconds: float) -> None:
        """Nothing happens: the last picture again and again."""
        self.time += seconds
        if self._due():
            self._film(self._picture())
        while self._due():
            self._film(self.frames[-1])

    def _step(self, phase: str, _: int) -> None:
        self.time += CONTROL_PERIOD_S / self.speed
        if self._pull is None and phase.startswith("move "):
            self._pull = self.time
        self._watch()
        while self._due():
            self._film(self._picture())

    def _due(self) -> bool:
        return len(self.frames) * FRAME_PERIOD_S <= self.time + 1e-9

    def _film(self, picture: Array) -> None:
        self.frames.append(picture)
        self.truth.append(self._now())

    def _picture(self) -> Array:
        picture = self.place.scene.render()
        return cv2.resize(picture, (FRAME_SIZE, FRAME_SIZE), interpolation=cv2.INTER_AREA)

    def _now(self) -> dict[str, str]:
        return self.place.statements(self.place.scene.truth())

    def _watch(self) -> None:
        """A state is new once it is whole (nothing in the air), differs, and lasts."""
        now = self._now()
        if now == self._settled or set(now) != self._lasting:
            self._new = None
            return
        if self._new is None or self._new[1] != now:
            self._new = (self.time, now, 0)
        since, _, steps = self._new
        self._new = (since, now, steps + 1)
        if steps + 1 < _SETTLED_STEPS:
            return
        changed = [s for s in now if now[s] != self._settled.get(s)]
        after = tuple(dict.fromkeys(now[s] for s in changed))
        before = tuple(dict.fromkeys(self._settled[s] for s in changed))
        self.events.append(Event(since, "change", after, before, self._action))
        self._settled, self._new = now, None

    def _log_attempt(self, action: str, time: float) -> None:
        thing = action.split("_")[-1]
        left = tuple(self._settled[s] for s in (thing, f"{thing}_lock") if s in self._settled)
        self.events.append(Event(time, "attempt", left, left, action))


def film(place: Environment, gap: float, seconds: float, seed: int) -> Stream:
    """A stream with events a mean `gap` seconds apart; without noise."""
    rng = np.random.default_rng(seed)
    place.scene.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
    place.scene.reset(place.draw_knowable(rng), seed=seed)
    camera = Filming(place, max(1.0, _NATURAL_GAP_S / gap))
    camera.idle(min(3.0, gap))
    acting = 0.0
    while camera.time < seconds:
        action = _draw(place, rng)
        began = camera.time
        if action is not None:
            camera.act(action)
        acting += camera.time - began
        cost = acting / max(1, len(camera.events))
        camera.idle(float(rng.exponential(max(0.2, gap - cost))))
    count = round(seconds / FRAME_PERIOD_S)
    events = [event for event in camera.events if event.time < seconds]
    return Stream(f"gap{gap:g}", gap, seed, np.stack(camera.frames[:count]),
                  camera.truth[:count], sorted(events, key=lambda e: e.time))


def _draw(place: Environment, rng: np.random.Generator) -> str | None:
    """An action that works, or one that fails: then often a pull at something locked."""
    state = place.scene.truth()
    if rng.random() < _WORKING:
        return place.draw_action(state, rng, True)
    true = set(place.statements(state).values())
    pulls = [
        a for a in place.actions(state)
        if (verb := a.split("_")[0]) in _OPENED and f"{(thing := a.split('_')[-1])}_lock.locked"
        in true and f"{thing}.{_OPENED[verb]}" not in true
    ]
    if pulls and rng.random() < _PULLS:
        return str(rng.choice(pulls))
    return place.draw_action(state, rng, False)


def still(place: Environment, seconds: float, seed: int) -> Stream:
    """A scene at rest; see `disturb` for what the camera does to it."""
    rng = np.random.default_rng(seed)
    place.scene.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
    place.scene.reset(place.draw_knowable(rng), seed=seed)
    camera = Filming(place, 1.0)
    camera.idle(seconds)
    count = round(seconds / FRAME_PERIOD_S)
    frames = np.repeat(camera.frames[:1], count, axis=0)
    return Stream("quiet", QUIET, seed, frames, camera.truth[:1] * count, [])


def with_noise(frames: Array, rng: np.random.Generator, sigma: float = SENSOR_SIGMA) -> Array:
    """Frames (N, S, S, 3) uint8 with a sensor's noise."""
    noisy = np.empty_like(frames)
    for i, frame in enumerate(frames):
        grain = rng.normal(0.0, sigma, frame.shape).astype(np.float32)
        noisy[i] = np.clip(frame + grain, 0, 255).astype(np.uint8)
    return noisy


def disturb(frames: Array, rng: np.random.Generator) -> Array:
    """Everything a camera does to a still scene: noise, flicker, exposure steps, shake.

    Sensor noise of 2 to 6 grey levels throughout; light that flickers by up to 8% in some spells;
    auto-exposure that steps by up to 25% every 10 s or so and settles over half a second; spells
    of shake by up to 1.5 pixels.
    """
    count, size = len(frames), frames.shape[1]
    sigma = rng.uniform(2.0, 6.0)
    flicker = 1 + _spells(count, rng) * rng.uniform(-0.08, 0.08, count)
    exposure = _exposure(count, rng)
    shake = _spells(count, rng)[:, None] * rng.uniform(-1.5, 1.5, (count, 2))
    out = np.empty_like(frames)
    for i, frame in enumerate(frames):
        move = np.float32([[1, 0, shake[i, 0]], [0, 1, shake[i, 1]]])
        moved = cv2.warpAffine(frame, move, (size, size), borderMode=cv2.BORDER_REPLICATE)
        lit = moved * np.float32(exposure[i] * flicker[i])
        grain = rng.normal(0.0, sigma, frame.shape).astype(np.float32)
        out[i] = np.clip(lit + grain, 0, 255).astype(np.uint8)
    return out


def _spells(count: int, rng: np.random.Generator, seconds: float = 5.0) -> Array:
    """(N,) 0 or 1: stretches of a few seconds, on half of the time."""
    length = max(1, round(seconds / FRAME_PERIOD_S))
    switches = rng.random(count // length + 1) < 0.5
    return np.repeat(switches, length)[:count].astype(float)


def _exposure(count: int, rng: np.random.Generator) -> Array:
    """(N,) gains that step every 10 s or so and settle within half a second."""
    gains, gain, wanted = np.ones(count), 1.0, 1.0
    for i in range(count):
        if rng.random() < FRAME_PERIOD_S / 10.0:
            wanted = rng.uniform(0.75, 1.25)
        gain += 0.5 * (wanted - gain)
        gains[i] = gain
    return gains


def save(stream: Stream, folder: Path) -> None:
    """Write a stream whole or not at all: the JSON comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "frames.npy", stream.frames)
    subjects = sorted({subject for row in stream.truth for subject in row})
    facts = {
        "name": stream.name, "gap": stream.gap, "seed": stream.seed, "subjects": subjects,
        "truth": [[row.get(s, "") for s in subjects] for row in stream.truth],
        "events": [asdict(event) for event in stream.events],
    }
    partial = folder / "stream.json.tmp"
    partial.write_text(json.dumps(facts))
    partial.rename(folder / "stream.json")


def load(folder: Path) -> Stream:
    """A saved stream, its sensor's noise added; the same noise every time."""
    facts: dict[str, Any] = json.loads((folder / "stream.json").read_text())
    frames = np.load(folder / "frames.npy")
    rng = np.random.default_rng(facts["seed"] + 1)
    quiet = facts["gap"] == QUIET
    truth = [
        {s: v for s, v in zip(facts["subjects"], row, strict=True) if v} for row in facts["truth"]
    ]
    events = [
        Event(e["time"], e["kind"], tuple(e["statements"]), tuple(e["before"]), e["action"])
        for e in facts["events"]
    ]
    noisy = disturb(frames, rng) if quiet else with_noise(frames, rng)
    return Stream(facts["name"], facts["gap"], facts["seed"], noisy, truth, events)


def make(
    folder: Path, gap: float, minutes: float, seed: int = 0, env: str = "scene-v0",
    first_seed: int = HELD_OUT_SEED,
) -> list[Path]:
    """Folders of the streams of one gap (0: quiet) that add up to `minutes`; missing ones filmed.

    Held-out seeds by default; `first_seed` below `HELD_OUT_SEED` makes development streams.
    """
    seconds = min(EPISODE_S, minutes * 60)
    count = max(1, round(minutes * 60 / seconds))
    place: Environment | None = None
    folders = []
    for i in progress(range(count), f"streams, gap {gap:g} s"):
        number = first_seed + 7_000 + 1000 * seed + round(10 * gap) * 10_000 + i
        if first_seed < HELD_OUT_SEED:
            number %= HELD_OUT_SEED  # or those of long gaps would be held-out ones
        target = folder / f"{env}_gap{gap:g}_{seconds:g}s_{number}"
        folders.append(target)
        if (target / "stream.json").is_file():
            continue
        place = place or open_environment(env)
        made = still(place, seconds, number) if gap == QUIET else film(place, gap, seconds, number)
        save(made, target)
    return folders


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("data/streams"))
    parser.add_argument("--gaps", type=float, nargs="+", default=list(GAPS_S),
                        help="mean seconds between events; 0 is a still scene")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each gap")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--env", default="scene-v0")
    parser.add_argument("--first-seed", type=int, default=HELD_OUT_SEED,
                        help="below 1,000,000: development streams")
    args = parser.parse_args(argv)
    for gap in args.gaps:
        make(args.out, gap, args.minutes, args.seed, args.env, args.first_seed)


if __name__ == "__main__":
    main()
