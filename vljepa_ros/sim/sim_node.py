"""The simulated robot as ROS nodes would see a real one: a camera and a skill server.

One thread owns the physics and the renderer (the OpenGL context is its own); the executor's thread
serves ``execute_action``. The scene's true state goes out on ``sim/truth`` for demos and tests; no
node of the planner listens to it.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

from vljepa_msgs.action import ExecuteAction
from vljepa_ros.nodes import convert, qos
from vljepa_ros.nodes.diagnostics import OK, Latency, Rate, Report
from vljepa_ros.nodes.images import encode_rgb8
from vljepa_ros.nodes.lifecycle import ManagedNode, in_one_line, run
from vljepa_ros.nodes.worker import Mailbox
from vljepa_ros.sim import environments

Result = ExecuteAction.Result
_REMEMBERED = 1000  # execution ids
_TYPICAL_STEPS = 90  # of a skill, for the progress in the feedback
_START_S = 180.0  # longest the scene may take to come up; 60 s were too few on a crowded machine
_STARTS = environments.start_parameters()


class _Job:
    """One skill to be carried out in the simulator's thread."""

    def __init__(self, handle: ServerGoalHandle) -> None:
        self.handle = handle
        self.action = handle.request.action
        self.preempted = threading.Event()
        self.result: Future = Future()


class _Stopped(Exception):
    """The node goes down in the middle of a skill."""


class SimNode(ManagedNode):
    """Publishes image, camera_info and sim/truth; serves execute_action."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("sim_node", **kwargs)
        declare = self.parameters.declare
        declare("env", "scene-v0", "The world.", choices=environments.ENVIRONMENTS)
        for key, start in _STARTS.items():
            declare(key, start.default, start.description, choices=start.allowed)
        declare("seed", 0, "Seed of the start's jitter.", between=(0, 2**31 - 1))
        declare("camera_rate", 12.0, "Pictures a second.", between=(1.0, 60.0))
        declare("width", 256, "Width of the picture in pixels.", between=(32, 2048))
        declare("height", 256, "Height of the picture in pixels.", between=(32, 2048))
        declare(
            "real_time_factor",
            1.0,
            "Simulated seconds a second; 0: as fast as it goes.",
            between=(0.0, 100.0),
        )
        self._thread: threading.Thread | None = None
        self._mailbox: Mailbox | None = None

    # -- lifecycle ---------------------------------------------------------------------------------

    def setup(self) -> None:
        self._env = self.parameters["env"]
        values = {key: self.parameters[key] for key in _STARTS}
        self._start_state = environments.start_state(self._env, values)
        self._frame_s = 1.0 / self.parameters["camera_rate"]
        self._factor = self.parameters["real_time_factor"]
        self._jobs: deque[_Job] = deque()
        self._executions: OrderedDict[str, _Job] = OrderedDict()
        self._running: _Job | None = None
        self._frames, self._render = Rate(), Latency()
        self._ending, self._live = threading.Event(), threading.Event()
        self._wake = threading.Event()
        self._publishing = threading.Lock()
        self._mailbox = Mailbox(self)
        self._image_pub = self.create_publisher(Image, "image", qos.NEWEST)
        self._info_pub = self.create_publisher(CameraInfo, "camera_info", qos.NEWEST)
        self._truth_pub = self.create_publisher(String, "sim/truth", qos.NEWEST)
        self._up = threading.Event()
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._simulate, name="simulator", daemon=True)
        self._thread.start()
        if not self._up.wait(_START_S):
            raise RuntimeError(f"the scene did not come up in {_START_S:g} s")
        if self._problem is not None:
            raise self._problem

    def start(self) -> None:
        server = ActionServer(
            self,
            ExecuteAction,
            "execute_action",
            execute_callback=self._execute,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=self.awaiting,
        )
        self.own(server.destroy)
        self._live.set()

    def halt(self) -> None:
        self._live.clear()
        for job in self._executions.values():
            job.preempted.set()

    def teardown(self) -> None:
        if self._thread is None:
            return
        self._ending.set()
        self._wake.set()
        self._thread.join(2.0)
        self._thread = None
        with self._publishing:  # the thread may be slower than the join above waits
            for publisher in (self._image_pub, self._info_pub, self._truth_pub):
                self.destroy_publisher(publisher)
        if self._mailbox is not None:
            self._mailbox.close()
            self._mailbox = None

    # -- skill server (executor's thread) ----------------------------------------------------------

    async def _execute(self, handle: ServerGoalHandle) -> ExecuteAction.Result:
        request = handle.request
        problem = self._problem_with(request)
        if problem:
            handle.abort()
            return Result(result=Result.FAILED, message=problem)
        job = self._executions.get(request.execution_id)
        if job is None:
            job = _Job(handle)
            for other in self._executions.values():
                other.preempted.set()
            self._executions[request.execution_id] = job
            while len(self._executions) > _REMEMBERED:
                self._executions.popitem(last=False)
            self._jobs.append(job)
            self._wake.set()
        result = await job.result  # of a known id: of the one time it was carried out
        if handle.is_cancel_requested:
            handle.canceled()
        elif result.result == Result.SUCCEEDED:
            handle.succeed()
        else:
            handle.abort()
        return result

    def _problem_with(self, request: ExecuteAction.Goal) -> str:
        if not request.execution_id:
            return "execution_id: empty; allowed: a name of its own for every execution"
        skill = request.action.skill or request.action.id
        allowed = environments.actions(self._env)
        if skill not in allowed:
            return f"action.skill: {skill!r}; allowed: {', '.join(allowed)}"
        timeout = convert.seconds(request.action.timeout)
        if timeout < 0:
            return f"action.timeout: {timeout:g} s; allowed: 0 (the robot's own) or more"
        return ""

    # -- simulator's thread ------------------------------------------------------------------------

    def _simulate(self) -> None:
        try:
            scene, self._runner = environments.make(
                self._env, self.parameters["width"], self.parameters["height"]
            )
            scene.reset(self._start_state, seed=self.parameters["seed"])
            scene.render()
            self._info = _camera_info(scene)
        except Exception as error:
            self._problem = RuntimeError(f"the scene does not come up: {in_one_line(error)}")
            self._up.set()
            return
        self._up.set()
        try:
            self._live_on(scene)
        finally:
            scene.close()

    def _live_on(self, scene: Any) -> None:
        next_frame = time.monotonic()
        while not self._ending.is_set():
            if self._jobs:
                self._carry_out(scene, self._jobs.popleft())
                next_frame = time.monotonic()
                continue
            if self._live.is_set():
                self._rest(scene)
                self._show(scene)
            next_frame = max(next_frame + self._frame_s, time.monotonic())
            if self._wake.wait(next_frame - time.monotonic()):
                self._wake.clear()

    def _carry_out(self, scene: Any, job: _Job) -> None:
        from vljepa_ros.sim.tabletop import CONTROL_PERIOD_S

        began = time.monotonic()
        next_frame = [began]

        def on_step(phase: str, step: int) -> None:
            if self._ending.is_set():
                raise _Stopped
            if time.monotonic() >= next_frame[0]:
                next_frame[0] = max(next_frame[0] + self._frame_s, time.monotonic())
                self._show(scene)
                self._feedback(job, phase, step)
            if self._factor > 0:
                due = began + step * CONTROL_PERIOD_S / self._factor
                self._ending.wait(max(due - time.monotonic(), 0.0))

        def should_stop() -> bool:
            return job.preempted.is_set() or job.handle.is_cancel_requested

        self._running = job
        try:
            if should_stop():
                result = Result(result=Result.PREEMPTED, message="stopped before it began")
            else:
                result = self._run_skill(job, on_step, should_stop)
        except _Stopped:
            return
        except Exception as error:
            result = Result(result=Result.FAILED, message=in_one_line(error))
        finally:
            self._running = None
        mailbox = self._mailbox
        if mailbox is not None:
            mailbox.post(lambda: job.result.set_result(result))

    def _run_skill(
        self, job: _Job, on_step: Callable[[str, int], None], should_stop: Callable[[], bool]
    ) -> ExecuteAction.Result:
        from vljepa_ros.sim.skill_runner import TIMEOUT_STEPS
        from vljepa_ros.sim.tabletop import CONTROL_PERIOD_S

        action = job.action
        skill = action.skill or action.id
        steps = round(convert.seconds(action.timeout) / CONTROL_PERIOD_S) or TIMEOUT_STEPS
        target = None
        if skill.startswith("place_") and action.has_target:
            target = self._on_table(action.target)
        done = self._runner.run(
            skill,
            on_step=on_step,
            should_stop=should_stop,
            target_xy=target,
            timeout_steps=min(steps, TIMEOUT_STEPS),
        )
        return Result(result=getattr(Result, done.result.name), message=done.message)

    def _on_table(self, target: Any) -> tuple[float, float]:
        """World x, y in metres of a PoseStamped in the world's or the camera's frame."""
        from vljepa_ros.sim.tabletop import CAMERA_FRAME, WORLD_FRAME

        frame, at = target.header.frame_id, target.pose.position
        point = np.array([at.x, at.y, at.z])
        if frame == CAMERA_FRAME:
            pose = self._runner.scene.camera_pose()
            point = pose[:3, :3] @ point + pose[:3, 3]
        elif frame != WORLD_FRAME:
            raise ValueError(
                f"action.target.header.frame_id: {frame!r}; allowed: {WORLD_FRAME}, {CAMERA_FRAME}"
            )
        return float(point[0]), float(point[1])

    def _feedback(self, job: _Job, phase: str, step: int) -> None:
        feedback = ExecuteAction.Feedback(
            progress=min(step / _TYPICAL_STEPS, 0.99),
            phase=phase,
            execution_id=job.handle.request.execution_id,
        )
        mailbox = self._mailbox
        if mailbox is not None:
            mailbox.post(lambda: job.handle.publish_feedback(feedback))

    def _rest(self, scene: Any) -> None:
        """Physics go on while nothing is done."""
        from vljepa_ros.sim.tabletop import REST_POS, REST_YAW

        scene.step(scene.action_towards(REST_POS, REST_YAW, 0.0))

    def _show(self, scene: Any) -> None:
        """Render and publish; nothing moves meanwhile, so the stamp is the moment shown."""
        from vljepa_ros.sim.tabletop import CAMERA_FRAME

        began = time.monotonic()
        stamp = self.get_clock().now().to_msg()
        image = encode_rgb8(Image(), scene.render())
        truth = environments.state_parts(scene.truth()) | {
            "moving": scene.moving(),
            "executing": self._running.action.id if self._running is not None else "",
            "stamp": convert.seconds(stamp),
        }
        with self._publishing:
            if self._ending.is_set() or not self._live.is_set():
                return
            for header in (image.header, self._info.header):
                header.stamp, header.frame_id = stamp, CAMERA_FRAME
            self._image_pub.publish(image)
            self._info_pub.publish(self._info)
            self._truth_pub.publish(String(data=json.dumps(truth)))
        self._frames.tick()
        self._render.add(time.monotonic() - began)

    def report(self) -> Report:
        values = {
            "images (Hz)": f"{self._frames.hz:.1f}",
            "executing": self._running.action.id if self._running is not None else "",
            "executions": str(len(self._executions)),
            **self._render.values("render and publish"),
        }
        return OK, "simulating", values


def _camera_info(scene: Any) -> CameraInfo:
    k = scene.camera_intrinsics()
    info = CameraInfo(width=scene.width, height=scene.height, distortion_model="plumb_bob")
    info.d = [0.0] * 5
    info.k = [float(value) for value in k.ravel()]
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    p = [[*row, 0.0] for row in k]
    info.p = [float(value) for row in p for value in row]
    return info


def main(args: list[str] | None = None) -> None:
    run(SimNode, args)


if __name__ == "__main__":
    main()
