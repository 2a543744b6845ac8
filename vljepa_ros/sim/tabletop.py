"""The simulated table without what lies on it: robot arm, drawer, window, buttons and camera.

Frames: `world` is the robot's base (x away from the robot towards the camera, y to the right in the
picture, z up); `front_camera_optical_frame` follows REP-103 (z forward, x right, y down). Metres.

A Tabletop belongs to one thread: its OpenGL context is made by the first `render`.
"""

from __future__ import annotations

from typing import Any, Protocol

import mujoco
import numpy as np
from ogbench.manipspace import lie
from ogbench.manipspace.envs.scene_env import SceneEnv

from vljepa_ros.sim.appearance import Appearance, AppearanceWriter
from vljepa_ros.sim.layout import DRAWER_OPEN_BELOW, WINDOW_OPEN_ABOVE, draw_slide

WORLD_FRAME = "world"
CAMERA_FRAME = "front_camera_optical_frame"
CAMERA = "front"
CONTROL_PERIOD_S = 0.05

REST_POS = np.array([0.28, 0.0, 0.33])  # pinch point of the gripper, world frame
# At this yaw the fingers open along x, as for the window and nearly every grasp of a cube: the
# wrist turns slowly (about 0.07 rad a step).
REST_YAW = np.pi / 2

MOVING_SPEED = 0.01  # m/s of an object, rad/s x 0.1 of the arm
_ARM_RANGE = ((0.25, -0.2, 0.20), (0.6, 0.2, 0.35))  # as OGBench's own sampling bounds
_SETTLE_STEPS = 50


class Fixtures(Protocol):
    """The part of a symbolic state that every tabletop has."""

    @property
    def drawer(self) -> str: ...
    @property
    def window(self) -> str: ...
    @property
    def drawer_lock(self) -> str: ...
    @property
    def window_lock(self) -> str: ...


class Tabletop:
    """A `SceneEnv` with its camera; subclasses add the cubes and the truth about them.

    The picture is `height` x `width`. `env` must draw no goal into it (`visualize_info=False`).
    """

    def __init__(self, env: SceneEnv, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.env = env
        env.reset(seed=0, options={"task_id": 1})
        self.model, self.data = env.model, env.data
        self.model.vis.quality.shadowsize = 0  # a frame costs 6 times as much with shadows
        self.model.vis.quality.offsamples = 0
        self._look = AppearanceWriter(self.model, CAMERA)
        self._appearance = Appearance()
        self._rest_qpos = self._solve_arm(REST_POS, REST_YAW)

    # -- acting --

    def step(self, action: np.ndarray) -> None:
        """One control step (50 ms) with OGBench's relative action (5,) in [-1, 1]."""
        self.env.step(np.asarray(action, dtype=float))

    def action_towards(
        self, pos: np.ndarray, yaw: float, gripper: float, max_step: float = 0.05
    ) -> np.ndarray:
        """The action (5,) that moves the gripper towards a pose.

        `pos` (3,) pinch point in metres, world; `yaw` radians; `gripper` 0 open to 1 closed;
        `max_step` limits how far ahead of the gripper the target is set, which limits its speed.
        """
        delta = np.asarray(pos, dtype=float) - self.effector_pos
        length = float(np.linalg.norm(delta))
        if length > max_step:
            delta *= max_step / length
        turn = (yaw - self.effector_yaw + np.pi) % (2 * np.pi) - np.pi
        opening = float(np.clip(self.data.qpos[self.env._gripper_opening_joint_id] / 0.8, 0, 1))
        return self.env.normalize_action(np.array([*delta, turn, gripper - opening]))

    @property
    def effector_pos(self) -> np.ndarray:
        """Pinch point of the gripper (3,), metres, world."""
        return self.data.site_xpos[self.env._pinch_site_id].copy()

    @property
    def effector_yaw(self) -> float:
        """Yaw of the gripper, radians, world."""
        matrix = self.data.site_xmat[self.env._pinch_site_id].reshape(3, 3)
        return float(lie.SO3.from_matrix(matrix).compute_yaw_radians())

    def at_rest(self, tolerance: float = 0.012, yaw_tolerance: float = 0.1) -> bool:
        """Whether the gripper is at the rest pose (`tolerance` metres, `yaw_tolerance` radians)."""
        turn = (self.effector_yaw - REST_YAW + np.pi) % (2 * np.pi) - np.pi
        near = float(np.linalg.norm(self.effector_pos - REST_POS)) <= tolerance
        return near and abs(turn) <= yaw_tolerance

    # -- truth --

    def fixtures(self) -> dict[str, str]:
        """Drawer, window and their locks in words."""
        locks = self.env._cur_button_states
        return {
            "drawer": "open" if self.drawer_pos <= DRAWER_OPEN_BELOW else "closed",
            "window": "open" if self.window_pos >= WINDOW_OPEN_ABOVE else "closed",
            "drawer_lock": "unlocked" if locks[0] else "locked",
            "window_lock": "unlocked" if locks[1] else "locked",
        }

    @property
    def drawer_pos(self) -> float:
        """Slide of the drawer in metres: -0.16 open, 0 shut."""
        return float(self.data.joint("drawer_slide").qpos[0])

    @property
    def window_pos(self) -> float:
        """Slide of the window in metres: 0.2 open, 0 shut."""
        return float(self.data.joint("window_slide").qpos[0])

    def cube_positions(self) -> np.ndarray:
        """Centres of all cubes (n, 3), metres, world."""
        return np.array([self._cube(i).qpos[:3] for i in range(self.env._num_cubes)])

    def moving(self) -> bool:
        """Whether an object or the arm moves."""
        objects = [
            *(float(np.linalg.norm(self._cube(i).qvel[:3])) for i in range(self.env._num_cubes)),
            abs(float(self.data.joint("drawer_slide").qvel[0])),
            abs(float(self.data.joint("window_slide").qvel[0])),
        ]
        arm = float(np.abs(self.data.qvel[self.env._arm_joint_ids]).max()) * 0.1
        return max(*objects, arm) > MOVING_SPEED

    # -- camera --

    def render(self) -> np.ndarray:
        """The camera's picture, (height, width, 3) uint8 RGB."""
        return self.env.render(camera=CAMERA)

    def close(self) -> None:
        """Free the renderer, in the thread that rendered; the next `render` would make a new one.

        Left to the garbage collector, which runs in any thread, it ends in an EGL error.
        """
        renderer, self.env._renderer = self.env._renderer, None
        if renderer is not None:
            renderer.close()

    @property
    def appearance(self) -> Appearance:
        """Light, colours and camera offset of the pictures; assign to change them."""
        return self._appearance

    @appearance.setter
    def appearance(self, appearance: Appearance) -> None:
        self._appearance = appearance
        self._look.write(appearance)
        mujoco.mj_camlight(self.model, self.data)

    def camera_intrinsics(self) -> np.ndarray:
        """K, (3, 3), in pixels; square pixels, no distortion."""
        fovy = np.radians(self.model.camera(CAMERA).fovy[0])
        focal = self.height / (2 * np.tan(fovy / 2))
        return np.array(
            [[focal, 0, self.width / 2], [0, focal, self.height / 2], [0, 0, 1]], dtype=float
        )

    def camera_pose(self) -> np.ndarray:
        """Pose of the optical frame in the world, (4, 4): p_world = T @ p_optical (metres)."""
        pose = np.eye(4)
        rotation = self.data.camera(CAMERA).xmat.reshape(3, 3)
        # OpenGL looks along -z with y up; the optical frame looks along +z with y down.
        pose[:3, :3] = rotation @ np.diag([1.0, -1.0, -1.0])
        pose[:3, 3] = self.data.camera(CAMERA).xpos
        return pose

    def to_optical(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) from the world into the optical frame, metres."""
        pose = self.camera_pose()
        return (np.asarray(points) - pose[:3, 3]) @ pose[:3, :3]

    # -- inside --

    def _begin(self, seed: int, arm: str) -> None:
        """Back to the compiled state; the steps of a reset follow."""
        if arm not in ("rest", "random"):
            raise ValueError(f"arm is {arm!r}; allowed: ['rest', 'random']")
        mujoco.mj_resetData(self.model, self.data)
        self.env._reset_next_step = False
        self.env.np_random = np.random.default_rng(seed)

    def _put_slides(
        self,
        state: Fixtures,
        drawer_pos: float | None,
        window_pos: float | None,
        rng: np.random.Generator,
    ) -> None:
        """Set drawer and window to positions (metres) that fit `state`, or to the given ones."""
        drawer = draw_slide("drawer", state.drawer, rng) if drawer_pos is None else drawer_pos
        window = draw_slide("window", state.window, rng) if window_pos is None else window_pos
        self.data.joint("drawer_slide").qpos[0] = drawer
        self.data.joint("window_slide").qpos[0] = window

    def _put_arm(self, arm: str, rng: np.random.Generator) -> None:
        self.data.qpos[self.env._arm_joint_ids] = (
            self._rest_qpos if arm == "rest" else self._random_arm(rng)
        )

    def _put_locks(self, state: Fixtures) -> None:
        self.env._cur_button_states = np.array(
            [int(state.drawer_lock == "unlocked"), int(state.window_lock == "unlocked")]
        )
        self.env._apply_button_states()

    def _put_cube(self, i: int, x: float, y: float, z: float, yaw: float) -> None:
        joint = self._cube(i)
        joint.qpos[:3] = x, y, z
        joint.qpos[3:] = lie.SO3.from_z_radians(yaw).wxyz

    def _cube(self, i: int) -> Any:
        """The free joint of cube `i`."""
        return self.data.joint(f"object_joint_{i}")

    def _cube_yaw(self, i: int) -> float:
        return float(lie.SO3(self._cube(i).qpos[3:]).compute_yaw_radians())

    def _paint_cubes(self, colours: np.ndarray) -> None:
        """Give cube `i` the colour `colours[i]` (r, g, b, alpha in [0, 1]); hide the goal marks."""
        self.env._cube_colors = np.asarray(colours, dtype=float)
        for i, geoms in enumerate(self.env._cube_geom_ids_list):
            self.model.geom_rgba[geoms] = self.env._cube_colors[i]
        for geoms in self.env._cube_target_geom_ids_list:
            self.model.geom_rgba[geoms, 3] = 0.0

    def _random_arm(self, rng: np.random.Generator) -> np.ndarray:
        return self._solve_arm(rng.uniform(*_ARM_RANGE), rng.uniform(-np.pi, np.pi))

    def _solve_arm(self, pos: np.ndarray, yaw: float) -> np.ndarray:
        rotation = lie.SO3.from_z_radians(yaw) @ self.env._effector_down_rotation
        pinch = lie.SE3.from_rotation_and_translation(rotation, np.asarray(pos, dtype=float))
        wrist = pinch @ self.env._T_pa
        return self.env._ik.solve(
            pos=wrist.translation(), quat=wrist.rotation().wxyz, curr_qpos=self.env._home_qpos
        )

    def _settle(self) -> None:
        """A few physics steps with the arm held, so that nothing jumps at the first action."""
        self.data.ctrl[self.env._arm_actuator_ids] = self.data.qpos[self.env._arm_joint_ids]
        self.data.ctrl[self.env._gripper_actuator_ids] = 0.0
        self.env.pre_step()
        mujoco.mj_step(self.model, self.data, nstep=_SETTLE_STEPS)
        mujoco.mj_forward(self.model, self.data)
