"""What the camera sees of the same physics: light, colours, floor pattern and a nudged camera.

An `Appearance` is drawn per episode (data augmentation) and written into the compiled model.
Nothing that carries meaning changes: the cube, the buttons and the two handles (red when locked,
white when unlocked) keep their colours.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

CAMERA_SHIFT_M = 0.01
CAMERA_TURN_RAD = float(np.radians(1.0))
_TINTED_MATERIALS = {"floor": "grid", "drawer": "drawer_body", "window": "window_body"}

Rgb = tuple[float, float, float]

# What `Appearance.held_out` draws from. `random` keeps the channels of a gain within 0.2 of each
# other; here red and blue of the light are at least 0.24 apart.
_CASTS: tuple[Rgb, ...] = ((1.2, 1.0, 0.74), (0.8, 0.97, 1.2))  # warm, cold
_HELD_OUT_LIGHT = ((0.62, 0.75), (1.2, 1.4))
_HELD_OUT_REPEAT = ((-1.8, -1.2), (1.2, 1.8))  # powers of two; `random` stays within -1 to 1
_FLOORS: tuple[Rgb, ...] = ((3.2, 2.2, 1.2), (1.0, 2.4, 1.4), (2.8, 2.6, 2.6))
_PAINTS: tuple[Rgb, ...] = ((1.05, 0.85, 0.6), (0.7, 0.95, 0.65), (0.9, 0.65, 0.85))


@dataclass(frozen=True)
class Appearance:
    """Multipliers and offsets; the default is the stock scene.

    Gains multiply the stock light colours (per channel); tints multiply the stock colours of floor,
    drawer body and window frame; `floor_repeat` scales how often the floor pattern repeats;
    `camera_shift` is metres in the world frame, `camera_turn` a rotation vector in radians in the
    camera's own frame.
    """

    diffuse_gain: Rgb = (1.0, 1.0, 1.0)
    ambient: Rgb = (0.1, 0.1, 0.1)
    light_offset: Rgb = (0.0, 0.0, 0.0)
    floor_tint: Rgb = (1.0, 1.0, 1.0)
    floor_repeat: float = 1.0
    drawer_tint: Rgb = (1.0, 1.0, 1.0)
    window_tint: Rgb = (1.0, 1.0, 1.0)
    camera_shift: Rgb = (0.0, 0.0, 0.0)
    camera_turn: Rgb = (0.0, 0.0, 0.0)

    @classmethod
    def random(cls, rng: np.random.Generator, strength: float = 1.0) -> Appearance:
        """Draw one. `strength` scales every range: 0 is stock, 1 the full range."""

        def gain(low: float, high: float) -> Rgb:
            common = rng.uniform(low, high)
            colour = rng.uniform(-0.1, 0.1, 3)
            return _rgb(1.0 + strength * (common - 1.0 + colour))

        return cls(
            diffuse_gain=gain(0.6, 1.35),
            ambient=_rgb(0.1 + strength * rng.uniform(-0.05, 0.2) * np.ones(3)),
            light_offset=_rgb(strength * rng.uniform(-0.6, 0.6, 3) * [1.0, 1.0, 0.3]),
            floor_tint=gain(0.6, 2.0),
            floor_repeat=float(2.0 ** (strength * rng.uniform(-1.0, 1.0))),
            drawer_tint=gain(0.75, 1.2),
            window_tint=gain(0.75, 1.0),
            camera_shift=_rgb(strength * rng.uniform(-1, 1, 3) * CAMERA_SHIFT_M),
            camera_turn=_rgb(strength * rng.uniform(-1, 1, 3) * CAMERA_TURN_RAD),
        )

    @classmethod
    def held_out(cls, rng: np.random.Generator) -> Appearance:
        """Draw one that `random` never draws: for benchmarks only.

        Light with a warm or a cold cast, dim or bright (the casts differ by more between red and
        blue than `random` allows), from further aside; another floor and other paint on drawer
        and window; a floor pattern coarser or finer than any in training. The camera is nudged as
        in `random`.
        """
        cast = _CASTS[rng.integers(len(_CASTS))]
        bright = rng.uniform(*_HELD_OUT_LIGHT[rng.integers(len(_HELD_OUT_LIGHT))])
        side = rng.choice((-1.0, 1.0), 2) * rng.uniform(0.75, 1.1, 2)
        repeat = rng.uniform(*_HELD_OUT_REPEAT[rng.integers(len(_HELD_OUT_REPEAT))])

        def paint() -> Rgb:
            tint = np.array(_PAINTS[rng.integers(len(_PAINTS))])
            return _rgb(tint * rng.uniform(0.9, 1.1))

        return cls(
            diffuse_gain=_rgb(bright * np.array(cast)),
            ambient=_rgb(rng.uniform(0.05, 0.25) * np.array(cast)),
            light_offset=_rgb(np.array([*side, rng.uniform(-0.1, 0.3)])),
            floor_tint=_rgb(np.array(_FLOORS[rng.integers(len(_FLOORS))]) * rng.uniform(0.8, 1.2)),
            floor_repeat=float(2.0**repeat),
            drawer_tint=paint(),
            window_tint=paint(),
            camera_shift=_rgb(rng.uniform(-1, 1, 3) * CAMERA_SHIFT_M),
            camera_turn=_rgb(rng.uniform(-1, 1, 3) * CAMERA_TURN_RAD),
        )


class AppearanceWriter:
    """Writes an `Appearance` into a compiled model and puts the stock values back."""

    def __init__(self, model: mujoco.MjModel, camera: str) -> None:
        self._model = model
        self._camera = model.camera(camera).id
        self._materials = {
            part: model.material(name).id for part, name in _TINTED_MATERIALS.items()
        }
        self._head = model.vis.headlight
        self._stock = {
            name: getattr(model, name).copy()
            for name in ("light_diffuse", "light_pos", "mat_rgba", "mat_texrepeat", "cam_pos",
                         "cam_quat")
        }  # fmt: skip
        self._stock_head = (self._head.diffuse.copy(), self._head.ambient.copy())

    def write(self, appearance: Appearance) -> None:
        """Make the model look like `appearance`, starting from stock (not from the last one)."""
        model, stock = self._model, self._stock
        # The handles' materials carry the lock state and are written by the environment itself.
        for part, tint in (
            ("floor", appearance.floor_tint),
            ("drawer", appearance.drawer_tint),
            ("window", appearance.window_tint),
        ):
            i = self._materials[part]
            model.mat_rgba[i, :3] = np.clip(stock["mat_rgba"][i, :3] * tint, 0.0, 3.0)
        floor = self._materials["floor"]
        model.mat_texrepeat[floor] = stock["mat_texrepeat"][floor] * appearance.floor_repeat
        model.light_diffuse[:] = stock["light_diffuse"] * appearance.diffuse_gain
        model.light_pos[:] = stock["light_pos"] + appearance.light_offset
        self._head.diffuse[:] = self._stock_head[0] * appearance.diffuse_gain
        self._head.ambient[:] = appearance.ambient
        model.cam_pos[self._camera] = stock["cam_pos"][self._camera] + appearance.camera_shift
        quat = stock["cam_quat"][self._camera].copy()
        mujoco.mju_quatIntegrate(quat, np.asarray(appearance.camera_turn, dtype=float), 1.0)
        model.cam_quat[self._camera] = quat


def _rgb(values: np.ndarray) -> Rgb:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
