"""The planner with the simulated robot, and if wanted a goal to reach.

ros2 launch vljepa_ros demo.launch.py
ros2 launch vljepa_ros demo.launch.py goal:="put the cube in the drawer and shut it"
ros2 launch vljepa_ros demo.launch.py env:=workbench goal:="put the red cube on the blue cube"
"""

from pathlib import Path

from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, NotEqualsSubstitution
from launch_ros.actions import Node

from launch import LaunchDescription

PLANNER = str(Path(__file__).parent / "planner.launch.py")
START_S = "180"
"""Seconds that the goal waits for the planner to come up."""


def generate_launch_description() -> LaunchDescription:
    goal, namespace = LaunchConfiguration("goal"), LaunchConfiguration("namespace")
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "goal", default_value="", description="A goal in words; empty: none."
            ),
            DeclareLaunchArgument(
                "sim",
                default_value="true",
                choices=["true", "false"],
                description="The simulated robot; false: one that is started elsewhere.",
            ),
            IncludeLaunchDescription(PythonLaunchDescriptionSource(PLANNER)),
            Node(
                package="vljepa_ros",
                executable="vljepa",
                arguments=["goal", goal, "--namespace", namespace, "--timeout", START_S],
                condition=IfCondition(NotEqualsSubstitution(goal, "")),
                output="screen",
            ),
        ]
    )
