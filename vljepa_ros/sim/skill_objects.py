"""Skills for the things that do not leave their place: buttons, drawer and window."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from vljepa_ros.sim.arm import ALONG_X, OPEN, SHUT, Arm
from vljepa_ros.sim.tabletop import Tabletop

REACHED_M = 0.012  # a slide counts as moved when it is this near to its end
LOCKED_M = 0.008  # a slide that moved less than this under a full pull is locked
GRASPED_M = 0.03  # the handle is between the fingers when the gripper is this near to it
_TRIES = 3


class Moved(Enum):
    """How far a slide came: to its end, not at all although it was pulled, or part of the way."""

    THERE = "there"
    STUCK = "stuck"
    SHORT = "short"


@dataclass(frozen=True)
class Slide:
    """A drawer or window: which way its handle moves and where it ends (metres)."""

    name: str
    axis: np.ndarray  # world displacement of the handle per metre of slide
    yaw: float  # fingers on both sides of the bar, along the axis
    approach: float  # height above the handle from which the gripper comes down
    open_at: float
    speed: float  # how far ahead of the gripper the target is set, metres
    aside: tuple[float, float, float] = (0.0, 0.0, 0.0)  # from the middle of the bar, metres

    def position(self, scene: Tabletop) -> float:
        """Slide position, metres."""
        return scene.drawer_pos if self.name == "drawer" else scene.window_pos

    def handle(self, scene: Tabletop) -> np.ndarray:
        """Where to grasp (3,), metres, world."""
        env = scene.env
        site = env._drawer_site_id if self.name == "drawer" else env._window_site_id
        return scene.data.site_xpos[site] + np.array(self.aside)

    def goal(self, opened: bool) -> float:
        """The end of the slide, metres."""
        return self.open_at if opened else 0.0


DRAWER = Slide("drawer", np.array([0.0, -1.0, 0.0]), 0.0, 0.12, -0.16, 0.03)
WINDOW = Slide("window", np.array([1.0, 0.0, 0.0]), ALONG_X, 0.07, 0.2, 0.05)


def move_slide(arm: Arm, slide: Slide, opened: bool) -> Moved:
    """Grasp the handle and pull or push to the end stop.

    Tries again from a fresh grasp when it stopped short; gives up at once when the grasped handle
    did not move at all (locked).
    """
    scene, goal = arm.scene, slide.goal(opened)
    for _ in range(_TRIES):
        start = slide.position(scene)
        handle = slide.handle(scene)
        above = handle + [0.0, 0.0, slide.approach]
        arm.phase(f"reach {slide.name}")
        arm.move(above, yaw=slide.yaw, grip=OPEN, tolerance=0.02)
        arm.move(handle, tolerance=0.006, max_steps=25, straight=True)
        arm.phase(f"grasp {slide.name}")
        arm.hold(5, SHUT)
        if held := bool(np.linalg.norm(scene.effector_pos - slide.handle(scene)) < GRASPED_M):
            arm.phase(f"move {slide.name}")
            _pull(arm, slide, goal)
        arm.hold(3, OPEN)
        here = scene.effector_pos
        arm.move(here + [0.0, 0.0, slide.approach], tolerance=0.04, max_steps=12)
        reached = abs(slide.position(scene) - goal) <= REACHED_M
        locked = held and abs(slide.position(scene) - start) < LOCKED_M
        if reached or locked:
            return Moved.THERE if reached else Moved.STUCK
    return Moved.SHORT


def _pull(arm: Arm, slide: Slide, goal: float) -> None:
    """Move the grasped handle along its axis until it is at its end or does not move any more."""
    scene = arm.scene
    stalled = 0
    for _ in range(40):
        before = slide.position(scene)
        if abs(before - goal) <= 0.002:
            return
        # A little beyond the end: the stop itself makes the last millimetres.
        ahead = goal - before + np.sign(goal - before) * 0.01
        arm.move(
            scene.effector_pos + slide.axis * ahead,
            tolerance=0.0,
            max_step=slide.speed,
            max_steps=1,
        )
        stalled = stalled + 1 if abs(slide.position(scene) - before) < 5e-4 else 0
        if stalled >= 8:
            return


def press(arm: Arm, button: int) -> bool:
    """Press button 0 (left) or 1 (right) once; True when its state toggled exactly once."""
    scene = arm.scene
    start = int(scene.env._cur_button_states[button])
    site = scene.env._button_site_ids[button]

    def toggled() -> bool:
        return int(scene.env._cur_button_states[button]) != start

    for _ in range(_TRIES):
        top = scene.data.site_xpos[site].copy()
        arm.phase("reach button")
        arm.move(top + [0.0, 0.0, 0.06], grip=SHUT, tolerance=0.012)
        arm.phase("press")
        arm.move(top - [0.0, 0.0, 0.04], tolerance=0.0, max_steps=15, until=toggled)
        arm.phase("release button")
        arm.move(top + [0.0, 0.0, 0.08], tolerance=0.03, max_steps=15)
        if toggled():
            return True
    return False
