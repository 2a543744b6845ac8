"""Carries out the robot's actions on the workbench with real physics and honest results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vljepa_ros.sim import workbench_cube
from vljepa_ros.sim.arm import SAFE_Z, Arm
from vljepa_ros.sim.layout import CUBE_HALF, DRAWER_INNER_HALF, DRAWER_SHUT_Y, DRAWER_X
from vljepa_ros.sim.skill_objects import DRAWER, WINDOW
from vljepa_ros.sim.skill_runner import ON_THE_SPOT_M, PLACED_M, Outcome, Skills, needed
from vljepa_ros.sim.workbench import Workbench
from vljepa_ros.sim.workbench_layout import PLACE_XY
from vljepa_ros.sim.workbench_symbolic import (
    ACTIONS,
    COLOURS,
    PLACES,
    Move,
    WorkbenchState,
    failure,
    move_of,
)

_HANDLE_ASIDE = (0.02, 0.0, 0.0)  # grasped there, the gripper passes between the rows of places
_TABLE_CENTRE = (0.40, 0.05)
_LOOK_Z = 0.22  # the fingers end above a tower
_NEIGHBOUR_M = 0.055  # a target nearer than this to a cube is taken
_TRIES = 2
SPOT_ACTIONS = {f"place_{colour}_at": colour for colour in COLOURS}
"""Put a cube at a spot given in metres; no symbol stands for their outcome."""


class WorkbenchSkills(Skills):
    """Runs one skill at a time on a `Workbench`; `run` is in `Skills`.

    A `target_xy` replaces the named place of a `place_...` action; `place_<colour>_at` has no place
    but its target. An action that moves its cube
    but topples or displaces another one FAILED.
    """

    actions = (*ACTIONS, *SPOT_ACTIONS)
    slides = {"drawer": replace(DRAWER, aside=_HANDLE_ASIDE), "window": WINDOW}
    scene: Workbench

    def __init__(self, scene: Workbench) -> None:
        super().__init__(scene)

    def _carry_out(
        self, arm: Arm, action: str, target: tuple[float, float] | None
    ) -> tuple[Outcome, str]:
        if action in SPOT_ACTIONS:
            colour, target = SPOT_ACTIONS[action], needed(action, target)
            if np.linalg.norm(self.scene.cube_pos(colour) - [*target, CUBE_HALF]) <= ON_THE_SPOT_M:
                arm.hold(3)
                return Outcome.NO_EFFECT, f"the {colour} cube is already at the spot"
            action = f"place_{colour}_{PLACES[0]}"
        move = move_of(action)
        assert move is not None  # the other actions are those of every tabletop
        state = self.scene.truth()
        kind = failure(state, action)
        if target is not None and kind in (None, "occupied", "done"):
            kind = None if self._free(move.colour, target) else "occupied"
        if kind == "done":
            arm.hold(3)
            return Outcome.NO_EFFECT, f"the {move.colour} cube is already {_words(move.to)}"
        if kind is not None:
            return Outcome.PRECONDITION, self._refuse(arm, state, move, kind, target)
        return self._carry(arm, move, target)

    def _refuse(
        self,
        arm: Arm,
        state: WorkbenchState,
        move: Move,
        kind: str,
        target: tuple[float, float] | None,
    ) -> str:
        """Go and look at what is in the way; says what it is."""
        bench, base = self.scene, move.to.removeprefix("on_")
        if kind == "closed":
            self._look_at_drawer(arm)
            return "the drawer is closed"
        if kind == "absent":
            missing = move.colour if state.where(move.colour) is None else base
            self._look_at(arm, "table", _TABLE_CENTRE, _LOOK_Z)
            return f"there is no {missing} cube"
        if kind == "under":
            self._look_at(arm, f"{move.colour} cube", bench.cube_pos(move.colour), _LOOK_Z)
            return f"the {state.top_of(move.colour)} cube stands on the {move.colour} cube"
        if kind == "covered":
            self._look_at(arm, f"{base} cube", bench.cube_pos(base), _LOOK_Z)
            return f"the {state.top_of(base)} cube stands on the {base} cube"
        if move.to == "drawer":
            self._look_at_drawer(arm)
            return f"the {state.at('drawer')} cube is in the drawer"
        if move.to in PLACES:
            self._look_at(arm, "place", target or PLACE_XY[move.to], _LOOK_Z)
            return f"another cube stands {_words(move.to)}"
        self._look_at(arm, f"{base} cube", bench.cube_pos(base), _LOOK_Z)
        return f"nothing can stand on the {base} cube where it is"

    def _carry(
        self, arm: Arm, move: Move, target: tuple[float, float] | None
    ) -> tuple[Outcome, str]:
        """Pick the cube and put it where it should go; once more if it fell beside."""
        colour = move.colour
        others = self._others(colour)
        for _ in range(_TRIES):
            if not workbench_cube.pick(arm, self.scene, colour):
                return Outcome.FAILED, f"the {colour} cube could not be grasped"
            workbench_cube.put(arm, self.scene, colour, self._spot(move, target))
            if self._others(colour) != others:
                return Outcome.FAILED, "another cube was moved"
            if self._arrived(move, target):
                return Outcome.SUCCEEDED, f"the {colour} cube is {_words(move.to)}"
        return Outcome.FAILED, f"the {colour} cube was not where it should be"

    def _spot(self, move: Move, target: tuple[float, float] | None) -> np.ndarray:
        """Where the centre of the cube should be (3,), metres, world."""
        if move.to == "drawer":
            return workbench_cube.drawer_spot(self.scene)
        if move.to in PLACES:
            return np.array([*(target or PLACE_XY[move.to]), CUBE_HALF])
        return self.scene.cube_pos(move.to[3:]) + [0.0, 0.0, 2 * CUBE_HALF]

    def _arrived(self, move: Move, target: tuple[float, float] | None) -> bool:
        if move.to in PLACES:
            spot = self._spot(move, target)
            return bool(np.linalg.norm(self.scene.cube_pos(move.colour) - spot) <= PLACED_M)
        return self.scene.truth().where(move.colour) == move.to

    def _others(self, colour: str) -> list[tuple[str, str]]:
        return [cube for cube in self.scene.truth().cubes if cube[0] != colour]

    def _free(self, colour: str, xy: tuple[float, float] | np.ndarray) -> bool:
        """Whether no other cube is near `xy`."""
        return all(
            np.hypot(*(self.scene.cube_pos(other)[:2] - xy)) >= _NEIGHBOUR_M
            for other in self.scene.colours
            if other != colour
        )

    def _put_down_held(self, arm: Arm) -> None:
        """Into the drawer when the hand is above it and it is empty, else at the nearest place."""
        bench = self.scene
        colour = workbench_cube.held(bench)
        if colour is None:
            return
        arm.phase("put down cube")
        x, y, z = bench.effector_pos
        if z < SAFE_Z - 0.03:
            arm.move((x, y, SAFE_Z), tolerance=0.03, max_steps=15, straight=True)
        centre_y = DRAWER_SHUT_Y - bench.drawer_pos
        over = abs(x - DRAWER_X) < DRAWER_INNER_HALF[0] and abs(y - centre_y) < DRAWER_INNER_HALF[1]
        if over and bench.drawer_pos <= -0.1 and bench.truth().at("drawer") in (None, colour):
            workbench_cube.put(arm, bench, colour, workbench_cube.drawer_spot(bench))
            return
        free = [xy for xy in PLACE_XY.values() if self._free(colour, xy)]
        spot = min(free, key=lambda xy: np.hypot(xy[0] - x, xy[1] - y))
        workbench_cube.put(arm, bench, colour, np.array([*spot, CUBE_HALF]))


def _words(to: str) -> str:
    if to == "drawer":
        return "in the drawer"
    if to in PLACES:
        return f"at the {to.replace('_', ' ')}"
    return f"on the {to[3:]} cube"
