"""A script: what would the robot do, and then let it.

    python examples/first_goal.py "open the window"

Needs a planner that runs: vljepa up --sim, or ros2 launch vljepa_ros demo.launch.py
"""

import sys

from rclpy.utilities import remove_ros_args

from vljepa_ros.client import Planner, Progress, Status


def say(progress: Progress) -> None:
    if progress.phase == "execute" and progress.ranking.plan:
        print(f"step {progress.step}: {progress.ranking.plan[0].text}")


def main() -> None:
    goal = " ".join(remove_ros_args(sys.argv)[1:]) or "open the window"
    with Planner() as planner:
        ranking = planner.rank(goal)
        print(f"{goal}: {ranking.status.name}, {ranking.message}")
        if ranking.status == Status.OK:
            result = planner.pursue(goal, on_progress=say)
            print(f"{result.ending.name}: {result.message}")


if __name__ == "__main__":
    main()
