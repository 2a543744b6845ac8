"""Two planners in two namespaces from one launch: each with its own camera, goals and robot.

    ros2 launch vljepa_ros two_robots.launch.py
    ros2 launch vljepa_ros two_robots.launch.py sim:=false first:=left second:=right
    ros2 launch vljepa_ros two_robots.launch.py env:=workbench

Every name is relative, so nothing but the namespaces differs: /robot1/set_goal, /robot2/set_goal.
Without the simulator the cameras are expected on <namespace>/image.
"""

from pathlib import Path

from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    SetEnvironmentVariable,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from launch import LaunchDescription
from vljepa_ros.nodes import middleware

PLANNER = str(Path(__file__).parent / "planner.launch.py")


def stack(name: str) -> GroupAction:
    """One planner in the namespace of the argument ``name``; the group keeps it from the other."""
    namespace = [LaunchConfiguration("namespace"), "/", LaunchConfiguration(name)]
    given = {"namespace": namespace, "sim": LaunchConfiguration("sim")}
    source = PythonLaunchDescriptionSource(PLANNER)
    return GroupAction([IncludeLaunchDescription(source, launch_arguments=given.items())])


def generate_launch_description() -> LaunchDescription:
    profile = [SetEnvironmentVariable(*item) for item in middleware.environment().items()]
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "first", default_value="robot1", description="Namespace of the first planner."
            ),
            DeclareLaunchArgument(
                "second", default_value="robot2", description="Namespace of the second planner."
            ),
            DeclareLaunchArgument(
                "namespace", default_value="", description="Namespace around both; empty: none."
            ),
            DeclareLaunchArgument(
                "sim",
                default_value="true",
                choices=["true", "false"],
                description="A simulated robot for each.",
            ),
            *profile,
            stack("first"),
            stack("second"),
        ]
    )
