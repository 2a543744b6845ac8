"""In a node of yours: a service that tidies up, while the node's other callbacks go on.

    python examples/in_a_node.py --ros-args -r __ns:=/robot1
    ros2 service call /robot1/tidy_up std_srvs/srv/Trigger

The planner is looked for in the node's own namespace, under the node's own remaps.
"""

import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_srvs.srv import Trigger

from vljepa_ros.client import Planner, PlannerError, Spoken

GOAL = "put the cube in the drawer and shut it"


class Tidier(Node):
    """Offers tidy_up and says what changes."""

    def __init__(self) -> None:
        super().__init__("tidier")
        self.declare_parameter("goal", GOAL)
        self.planner = Planner(self)
        self.planner.listen(spoken=self.on_spoken)
        # A group of its own: a callback that awaits holds its group, and the node's other callbacks
        # are in the default one.
        group = MutuallyExclusiveCallbackGroup()
        self.create_service(Trigger, "tidy_up", self.on_tidy_up, callback_group=group)
        self.create_timer(1.0, lambda: self.get_logger().info("still here"))

    def on_spoken(self, spoken: Spoken) -> None:
        """Runs in the client's thread: logging is fine, touching the node's data is not."""
        self.get_logger().info(spoken.text)

    async def on_tidy_up(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        """Awaits the robot, which may take a minute; the timer above ticks meanwhile."""
        try:
            result = await self.planner.pursue_async(self.get_parameter("goal").value)
            response.success, response.message = result.met, result.message
        except PlannerError as error:
            response.success, response.message = False, str(error)
        return response


def main() -> None:
    rclpy.init()
    node = Tidier()
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except RuntimeError:  # rclpy's own, when the shutdown comes just before a wait
        if rclpy.ok():
            raise
    finally:
        node.planner.close()  # stops what it still pursues
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
