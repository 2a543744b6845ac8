"""Opening against closing, from a moment in between where one picture cannot tell.

Clips of real skill runs that end while the slide is between 35% and 65% of its way. The ablation
shows the newest frame four times: what the model then still knows comes from the pose of the arm.
"""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel
from vljepa_ros.planning.at_rest import ACTIVITY
from vljepa_ros.planning.protocols import Array
from vljepa_ros.sim.appearance import Appearance
from vljepa_ros.sim.scene import CONTROL_PERIOD_S

from .environment import HELD_OUT_SEED, Environment, open_environment
from .progress import progress
from .report import share
from .worlds import model_folder

MIDDLE = (0.35, 0.65)  # share of the slide's whole way
TRAVEL_M = {"drawer": -0.16, "window": 0.2}
LEAST_M = 0.0005  # a slide that moved less than this in a control step stands still
_TRIES = 4


def run(
    seed: int = 0, episodes: int = 100, model: Path | None = None, env: str = "scene-v0",
    first_seed: int = HELD_OUT_SEED,
) -> dict[str, Any]:
    """`episodes` clips, drawer and window, opening and closing in turn, half in other light."""
    started = time.time()
    world = LatentWorldModel.load(model_folder(model, env))
    known = [subject.id for subject in world.vocabulary.subjects]
    if ACTIVITY not in known:
        raise ValueError(f"model {world.model_id} does not speak of {ACTIVITY}; it speaks of "
                         f"{', '.join(known)}")
    place = open_environment(env)
    rng = np.random.default_rng(first_seed + 404 + seed)
    ways = ("restricted", "unrestricted", "one_frame", "one_frame_unrestricted", "blind")
    right: dict[str, list[bool]] = {way: [] for way in ways}
    by_kind: dict[str, list[bool]] = {}
    said: dict[str, dict[str, int]] = {}
    earlier: list[Array] = []
    for i in progress(range(episodes), "motion"):
        thing = ("drawer", "window")[i % 2]
        verb, other = (("open", "close"), ("close", "open"))[i // 2 % 2]
        clip = film(place, world, thing, verb, rng, first_seed)
        true, false = f"activity.{verb}_{thing}", f"activity.{other}_{thing}"
        whole = _likeness(world, clip)
        frozen = _likeness(world, np.repeat(clip[-1:], len(clip), axis=0))
        earlier.append(clip)
        right["restricted"].append(whole[true] > whole[false])
        right["one_frame"].append(frozen[true] > frozen[false])
        if i > 0:
            blind = _likeness(world, earlier[rng.integers(i)])
            right["blind"].append(blind[true] > blind[false])
        best = max(whole, key=whole.__getitem__)
        right["unrestricted"].append(best == true)
        right["one_frame_unrestricted"].append(max(frozen, key=frozen.__getitem__) == true)
        by_kind.setdefault(f"{verb}_{thing}", []).append(right["restricted"][-1])
        answers = said.setdefault(f"{verb}_{thing}", {})
        answers[best] = answers.get(best, 0) + 1
    return {
        "name": "motion", "env": env, "seed": seed, "episodes": episodes,
        "model_id": world.model_id, "figure": share(right["restricted"])["rate"],
        **{way: share(right[way]) for way in ways if way != "blind"},
        "interval95": share(right["restricted"])["interval95"],
        "by_kind": {k: share(v) for k, v in by_kind.items()},
        "answers": said,
        "baselines": {
            "random": 0.5, "text_only": 0.5, "blind": share(right["blind"])["rate"],
            "oracle": 1.0, "one_frame": share(right["one_frame"])["rate"],
        },
        "seconds": round(time.time() - started, 1),
    }


def film(
    place: Environment, world: LatentWorldModel, thing: str, verb: str,
    rng: np.random.Generator, first_seed: int,
) -> Array:
    """A clip (T, 3, H, W), oldest first, that ends with the slide moving in the middle."""
    scene = place.scene
    gap = round(world.clip_stride / CONTROL_PERIOD_S)
    for _ in range(_TRIES):
        scene.appearance = Appearance.random(rng) if rng.random() < 0.5 else Appearance()
        _start(place, thing, verb, rng, first_seed)
        past: deque[Array] = deque(maxlen=gap * (world.clip_frames - 1) + 1)
        moments: list[list[Array]] = []
        positions = [_way(scene, thing)]

        def on_step(
            *_: object, past: deque[Array] = past, moments: list[list[Array]] = moments,
            positions: list[float] = positions,
        ) -> None:
            past.append(scene.data.qpos.copy())
            positions.append(_way(scene, thing))
            moved = abs(positions[-1] - positions[-2]) * abs(TRAVEL_M[thing])
            if MIDDLE[0] <= positions[-1] <= MIDDLE[1] and moved >= LEAST_M:
                moments.append(list(past)[-1::-gap][::-1])

        place.runner.run(f"{verb}_{thing}", on_step=on_step)
        if moments:
            return _pictures(scene, moments[rng.integers(len(moments))])
    raise ValueError(f"{verb}_{thing} never moved through the middle in {_TRIES} runs")


def _start(
    place: Environment, thing: str, verb: str, rng: np.random.Generator, first_seed: int
) -> None:
    """A random scene in which the skill works."""
    while True:
        state = place.random_state(rng)
        if place.works(state, f"{verb}_{thing}"):
            place.scene.reset(state, seed=place.random_seed(rng, first_seed))
            return


def _way(scene: Any, thing: str) -> float:
    """How far the slide is, 0 shut to 1 open."""
    return float(scene.data.joint(f"{thing}_slide").qpos[0]) / TRAVEL_M[thing]


def _pictures(scene: Any, moments: list[Array]) -> Array:
    """Rendered after the run: only the frames that are shown are paid for."""
    frames = []
    for qpos in moments:
        scene.data.qpos[:] = qpos
        mujoco.mj_forward(scene.model, scene.data)
        frames.append(scene.render().transpose(2, 0, 1))
    return np.stack(frames)


def _likeness(world: LatentWorldModel, clip: Array) -> dict[str, float]:
    """Activity statement id -> cosine with the answer to "what is the robot doing?"."""
    activity = world.vocabulary.subject(ACTIVITY)
    answer = world.read(world.encode(clip), activity.query[None])[0, 0]
    return dict(zip(activity.statement_ids, (activity.embeddings @ answer).tolist(), strict=True))
