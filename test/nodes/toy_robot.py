"""A camera and a skill server in the toy world."""

from __future__ import annotations

import threading

import numpy as np
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from sensor_msgs.msg import Image

from test.nodes.fakes import picture, toy_step
from vljepa_msgs.action import ExecuteAction
from vljepa_ros.nodes import qos
from vljepa_ros.nodes.images import encode_rgb8
from vljepa_ros.nodes.waiting import Waiter

Result = ExecuteAction.Result
PERIOD_S = 0.05


class ToyRobot(Node):
    """Publishes pictures of its state and carries actions out, one at a time.

    ``hold`` keeps an action from ending; ``broken`` are action ids that report success and change
    nothing; ``failing`` are those that report FAILED; ``blind_while_idle`` silences the camera but
    for ``looks`` frames after each action; ``covered`` blackens the picture.
    """

    def __init__(self, namespace, state=(0, 0, 0)):
        super().__init__("toy_robot", namespace=namespace)
        self.state = state
        self.done, self.started, self.cancelled = [], [], []
        self.execution_ids = []
        self.hold = threading.Event()
        self.broken, self.failing = set(), set()
        self.camera_on, self.covered = True, False
        group = ReentrantCallbackGroup()
        self._camera = self.create_publisher(
            Image, "image", qos.camera(qos.ReliabilityPolicy.RELIABLE)
        )
        self.create_timer(PERIOD_S, self._tick, callback_group=group)
        self._waiter = Waiter(self, self.get_clock(), group)
        self._server = ActionServer(
            self,
            ExecuteAction,
            "execute_action",
            self._execute,
            callback_group=group,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    def _tick(self):
        if self.camera_on:
            self.show()

    def show(self):
        pixels = picture(self.state)
        msg = encode_rgb8(Image(), np.zeros_like(pixels) if self.covered else pixels)
        msg.header.stamp = self.get_clock().now().to_msg()
        msg.header.frame_id = "camera_optical"
        self._camera.publish(msg)

    async def _execute(self, handle):
        action_id = handle.request.action.id
        self.started.append(action_id)
        self.execution_ids.append(handle.request.execution_id)
        result = Result(result=Result.SUCCEEDED, message="done")
        await self._waiter.until(lambda: handle.is_cancel_requested or not self.hold.is_set(), 30.0)
        if handle.is_cancel_requested:
            self.cancelled.append(action_id)
            result = Result(result=Result.PREEMPTED, message="cancelled")
            handle.canceled()
            return result
        before = self.state
        if action_id in self.failing:
            result = Result(result=Result.FAILED, message="the gripper is stuck")
        elif action_id not in self.broken:
            self.state = toy_step(self.state, action_id)
            if self.state == before and action_id != "wait":
                result = Result(result=Result.NO_EFFECT, message="nothing moved")
        self.done.append(action_id)
        handle.succeed()
        return result
