"""The arm as the skills use it: closed-loop moves; every step is counted and interruptible."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vljepa_ros.sim.tabletop import REST_POS, REST_YAW, Tabletop

OPEN, SHUT = 0.0, 1.0
AJAR = 0.3  # fingers just wide enough for the cube: fits between the walls of the drawer
SAFE_Z = 0.26  # clears the drawer, its handle and the buttons also with a cube in hand
ALONG_X = np.pi / 2  # yaw at which the fingers open along x; at 0 they open along y

_STRAIGHT_M = 0.012  # this far off the vertical a straight move nearly stops going down
_STRAIGHT_GAIN = 2.0
_STILL_STEPS = 6  # how long to wait for everything to stand still before a skill ends

StepCallback = Callable[[str, int], None]


class Preempted(Exception):
    """`should_stop` said so."""


class TimedOut(Exception):
    """The skill used up its control steps."""


class Unstable(Exception):
    """The physics threw the cube out of the workspace (OGBench then resets it)."""


class Arm:
    """Moves the gripper of a `Tabletop` through waypoints (metres and radians, world frame).

    After every control step (50 ms) `on_step(phase, step)` is called and `should_stop()` asked.
    Raises Preempted, TimedOut or Unstable out of any move.
    """

    def __init__(
        self,
        scene: Tabletop,
        on_step: StepCallback | None = None,
        should_stop: Callable[[], bool] | None = None,
        timeout_steps: int = 400,
    ) -> None:
        self.scene = scene
        self.steps = 0
        self.grip = OPEN
        self.yaw = REST_YAW
        self._phase = "start"
        self._on_step = on_step
        self._should_stop = should_stop
        self._limit = timeout_steps

    def phase(self, name: str) -> None:
        """Name what the arm is doing, for feedback."""
        self._phase = name

    def allow(self, steps: int) -> None:
        """Ignore preemption from here on and allow `steps` more: for getting back to safety."""
        self._should_stop = None
        self._limit = self.steps + steps

    def move(
        self,
        pos: np.ndarray | tuple[float, float, float],
        *,
        yaw: float | None = None,
        grip: float | None = None,
        tolerance: float = 0.006,
        max_step: float = 0.05,
        max_steps: int = 40,
        until: Callable[[], bool] | None = None,
        straight: bool = False,
    ) -> bool:
        """Go to `pos` (3,); True when it was reached (or `until` came true) within `max_steps`.

        `yaw` and `grip` stay what they were when not given. `straight` keeps to the vertical
        through `pos`: the joints lag, and a fast descent would swing 2 cm to the side.
        """
        target = np.asarray(pos, dtype=float)
        self.yaw = self.yaw if yaw is None else yaw
        self.grip = self.grip if grip is None else grip
        for _ in range(max_steps):
            if until is not None and until():
                return True
            if self._near(target, tolerance):
                return until is None
            aim = self._straight(target, max_step) if straight else target
            self._step(self.scene.action_towards(aim, self.yaw, self.grip, max_step))
        return self._near(target, tolerance) if until is None else until()

    def hold(self, steps: int, grip: float | None = None) -> None:
        """Stay where the arm is for `steps`, moving the fingers to `grip` when given."""
        self.grip = self.grip if grip is None else grip
        target = self.scene.effector_pos
        for _ in range(steps):
            self._step(self.scene.action_towards(target, self.yaw, self.grip))

    def to_rest(self, max_steps: int = 60) -> bool:
        """Back to the rest pose with open fingers, rising first when low."""
        self.phase("return")
        here = self.scene.effector_pos
        if here[2] < 0.2:
            self.move((here[0], here[1], SAFE_Z), tolerance=0.06, max_steps=12)
        there = self.move(REST_POS, yaw=REST_YAW, grip=OPEN, tolerance=0.006, max_steps=max_steps)
        for _ in range(_STILL_STEPS):
            if not self.scene.moving():
                break
            self.hold(1)
        return there

    def _straight(self, target: np.ndarray, max_step: float) -> np.ndarray:
        """A point to aim at that first closes the gap to the vertical, then goes down or up."""
        here = self.scene.effector_pos
        sideways = target[:2] - here[:2]
        slow = float(np.clip(1.2 - np.linalg.norm(sideways) / _STRAIGHT_M, 0.1, 1.0))
        vertical = float(np.clip(target[2] - here[2], -max_step, max_step)) * slow
        return here + [*(_STRAIGHT_GAIN * sideways), vertical]

    def _near(self, target: np.ndarray, tolerance: float) -> bool:
        turn = (self.yaw - self.scene.effector_yaw + np.pi) % (2 * np.pi) - np.pi
        distance = float(np.linalg.norm(target - self.scene.effector_pos))
        return distance <= tolerance and abs(turn) <= 0.08

    def _step(self, action: np.ndarray) -> None:
        if self._should_stop is not None and self._should_stop():
            raise Preempted
        if self.steps >= self._limit:
            raise TimedOut
        before = self.scene.cube_positions()
        self.scene.step(action)
        self.steps += 1
        # OGBench puts a cube that left the workspace back at random; no push moves it so fast.
        moved = np.linalg.norm(self.scene.cube_positions() - before, axis=1)
        if moved.max() > 0.12:
            raise Unstable
        if self._on_step is not None:
            self._on_step(self._phase, self.steps)
