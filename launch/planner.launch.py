"""Starts the planner: camera to meanings, goals to ranked actions, changes to words.

    ros2 launch vljepa_ros planner.launch.py image_topic:=/camera/image_raw
    ros2 launch vljepa_ros planner.launch.py sim:=true
    ros2 launch vljepa_ros planner.launch.py sim:=true env:=workbench

Each node is a process of its own and drives its own lifecycle (argument ``autostart``). The
arguments are declared at the top level, so that --show-args lists them; an empty one leaves what
the params file says.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription
from vljepa_ros.nodes import middleware
from vljepa_ros.nodes.params_file import check_params_file
from vljepa_ros.nodes.share import share
from vljepa_ros.sim import environments

PACKAGE = "vljepa_ros"
BOOLEANS = ["true", "false"]
TRANSPORTS = ["", "raw", "compressed"]


def arguments() -> list[DeclareLaunchArgument]:
    """Everything that can be given on the command line."""
    params_file = Path(get_package_share_directory(PACKAGE), "config", "planner.yaml")

    def argument(name: str, default: str, description: str, choices: list[str] | None = None):
        return DeclareLaunchArgument(
            name, default_value=default, description=description, choices=choices
        )

    return [
        argument("image_topic", "image", "Topic of the camera (sensor_msgs/Image)."),
        argument(
            "image_transport",
            "",
            "raw, or compressed for sensor_msgs/CompressedImage; empty: as in the params file.",
            TRANSPORTS,
        ),
        argument("params_file", str(params_file), "YAML with the parameters of the nodes."),
        argument("model", "", "Name or folder of the model; empty: as in the params file."),
        argument("device", "", "cpu, cuda or cuda:N; empty: as in the params file."),
        argument("namespace", "", "Namespace of all nodes; one for each camera."),
        argument("actions_file", "", "YAML with the candidate actions; empty: as in params file."),
        argument("log_level", "info", "Log level.", ["debug", "info", "warn", "error", "fatal"]),
        argument("sim", "false", "Also start the simulated robot.", BOOLEANS),
        argument(
            "env",
            "",
            "World that model, actions and simulator are for; empty: as in the params file.",
            ["", *environments.ENVIRONMENTS],
        ),
        argument("autostart", "true", "Nodes configure and activate themselves.", BOOLEANS),
        argument("use_sim_time", "false", "Take the time from /clock.", BOOLEANS),
    ]


def nodes(context: LaunchContext) -> list[Node]:
    """The nodes for the arguments given. Raises ParamsFileError for one not meant for them."""

    def given(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    namespace = given("namespace").rstrip("/")
    model, actions_file = given("model"), given("actions_file")
    if shipped := environments.SHIPPED.get(given("env")):
        model = model or shipped.model
        actions_file = actions_file or str(share(shipped.actions_file))
    started = []

    def node(executable: str, **parameters: str | bool) -> None:
        set_here = {name: value for name, value in parameters.items() if value != ""}
        started.append(
            Node(
                package=PACKAGE,
                executable=executable,
                name=executable,
                namespace=namespace,
                parameters=[
                    given("params_file"),
                    {"autostart": given("autostart") == "true"},
                    set_here,
                ],
                remappings=[("image", given("image_topic"))],
                arguments=["--ros-args", "--log-level", given("log_level")],
                output="screen",
            )
        )

    clock = given("use_sim_time") == "true"
    node(
        "semantic_state_node",
        model=model,
        device=given("device"),
        image_transport=given("image_transport"),
        use_sim_time=clock,
    )
    node("planner_node", actions_file=actions_file, use_sim_time=clock)
    node("decoder_node", use_sim_time=clock)
    if given("sim") == "true":
        node("sim_node", env=given("env"))
    check_params_file(
        given("params_file"), [started_node.node_executable for started_node in started], namespace
    )
    return started


def generate_launch_description() -> LaunchDescription:
    profile = [SetEnvironmentVariable(*item) for item in middleware.environment().items()]
    return LaunchDescription([*arguments(), *profile, OpaqueFunction(function=nodes)])
