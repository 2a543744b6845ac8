"""A camera driver, or a bag, together with the planner that looks through it.

    ros2 launch vljepa_ros camera.launch.py camera:=usb_cam
    ros2 launch vljepa_ros camera.launch.py camera:=bag bag:=/data/kitchen image_topic:=/image_raw

What is started stands in config/cameras.yaml of this package, the driver's parameters in
config/cameras/<camera>.yaml; the driver's own package has to be installed (apt install
ros-jazzy-usb-cam, ...). Both sides get the DDS profile that keeps large images from being lost.
"""

from pathlib import Path

import yaml
from ament_index_python.packages import get_package_share_directory
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription
from vljepa_ros.nodes import middleware

PLANNER = str(Path(__file__).parent / "planner.launch.py")
CONFIG = Path(get_package_share_directory("vljepa_ros"), "config")
CAMERAS = yaml.safe_load((CONFIG / "cameras.yaml").read_text())


def start(context: LaunchContext) -> list:
    """The driver or player, and what the planner has to know of it."""
    given = context.launch_configurations
    name = given["camera"]
    about = CAMERAS[name]
    wanted = {
        "image_topic": given["image_topic"] or about["topic"],
        "image_transport": given["image_transport"] or about["transport"],
        "use_sim_time": given["use_sim_time"] or ("true" if name == "bag" else "false"),
    }
    started: list = [SetLaunchConfiguration(*item) for item in wanted.items()]
    if driver := about.get("driver"):
        started.append(
            Node(
                package=driver["package"],
                executable=driver["executable"],
                name=driver["node"],
                namespace=driver.get("namespace", ""),
                parameters=[str(CONFIG / "cameras" / f"{name}.yaml")],
                output="screen",
            )
        )
    elif name == "bag":
        if not given["bag"]:
            raise ValueError("bag: empty; allowed: the folder of a rosbag2 recording")
        command = ["ros2", "bag", "play", given["bag"], "--clock", "--loop"]
        started.append(ExecuteProcess(cmd=command, output="screen"))
    return started


def generate_launch_description() -> LaunchDescription:
    profile = [SetEnvironmentVariable(*item) for item in middleware.environment().items()]
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "camera",
                default_value="usb_cam",
                choices=list(CAMERAS),
                description="Which of config/cameras.yaml; it sets the image's topic and type.",
            ),
            DeclareLaunchArgument(
                "bag", default_value="", description="For camera:=bag, the recording's folder."
            ),
            DeclareLaunchArgument(
                "image_topic",
                default_value="",
                description="Topic of the camera; empty: as in config/cameras.yaml.",
            ),
            DeclareLaunchArgument(
                "image_transport",
                default_value="",
                choices=["", "raw", "compressed"],
                description="Type of its images; empty: as in config/cameras.yaml.",
            ),
            DeclareLaunchArgument(
                "use_sim_time",
                default_value="",
                choices=["", "true", "false"],
                description="Take the time from /clock; empty: with a bag.",
            ),
            *profile,
            OpaqueFunction(function=start),
            IncludeLaunchDescription(PythonLaunchDescriptionSource(PLANNER)),
        ]
    )
