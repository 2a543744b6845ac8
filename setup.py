"""Installs the ROS package vljepa_ros: with colcon (ament_python) or, by `make setup`, with pip."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = "vljepa_ros"
SHARE = f"share/{NAME}"


def files(pattern: str) -> list[str]:
    """Files that match `pattern`, relative to this folder."""
    return sorted(str(path) for path in Path().glob(pattern) if path.is_file())


MODELS = sorted(Path().glob("models/*/model.yaml"))

setup(
    name=NAME,
    version="0.1.0",
    description="A robot that thinks in meanings: vision-language JEPA for ROS 2",
    maintainer="vljepa_ros maintainers",
    maintainer_email="maintainers@example.com",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: [str(p.relative_to(NAME)) for p in Path(NAME).rglob("*.yaml")]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (SHARE, ["package.xml"]),
        (f"{SHARE}/launch", files("launch/*.launch.py")),
        (f"{SHARE}/config", [*files("config/*.yaml"), *files("config/*.xml")]),
        (f"{SHARE}/config/cameras", files("config/cameras/*.yaml")),
        (f"{SHARE}/examples", files("examples/*.py")),
        *((f"{SHARE}/{path.parent}", files(f"{path.parent}/*")) for path in MODELS),
    ],
    # Third-party packages are in requirements.txt: a ROS distribution brings several of them.
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "vljepa = vljepa_ros.cli.main:main",
            "semantic_state_node = vljepa_ros.nodes.entry:semantic_state_node",
            "planner_node = vljepa_ros.nodes.entry:planner_node",
            "decoder_node = vljepa_ros.nodes.entry:decoder_node",
            "sim_node = vljepa_ros.nodes.entry:sim_node",
        ],
    },
)
