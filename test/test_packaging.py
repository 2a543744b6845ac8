"""The package as others install it: what describes it agrees, and what it names exists."""

import ast
import importlib
import json
import re
import subprocess
import sys
from configparser import ConfigParser
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
MESSAGES = ROOT / "vljepa_msgs"
INTERFACES = sorted(
    p for kind in ("msg", "srv", "action") for p in MESSAGES.glob(f"{kind}/*.{kind}")
)


def setup_argument(name: str):
    """The literal value of one keyword argument of setup() in setup.py."""
    tree = ast.parse((ROOT / "setup.py").read_text())
    (value,) = (k.value for k in ast.walk(tree) if isinstance(k, ast.keyword) and k.arg == name)
    return ast.literal_eval(value)


def console_scripts() -> dict[str, str]:
    scripts = setup_argument("entry_points")["console_scripts"]
    return dict(re.split(r"\s*=\s*", script) for script in scripts)


def test_all_descriptions_name_the_same_version():
    import vljepa_ros

    package = ElementTree.parse(ROOT / "package.xml").getroot()
    messages = ElementTree.parse(MESSAGES / "package.xml").getroot()
    versions = {
        "package.xml": package.findtext("version"),
        "vljepa_msgs/package.xml": messages.findtext("version"),
        "setup.py": setup_argument("version"),
        "vljepa_ros.__version__": vljepa_ros.__version__,
    }
    assert len(set(versions.values())) == 1, versions


def test_package_xml_asks_for_what_ros_packages_the_code_imports():
    package = ElementTree.parse(ROOT / "package.xml")
    declared = {element.text for element in package.iter("exec_depend")}
    imported = imported_packages(ROOT / "vljepa_ros", ROOT / "launch")
    share = Path(sys.prefix) / "share"
    ros = {name for name in imported if (share / name / "package.xml").exists()}
    assert ros - {"vljepa_ros"} <= declared


def test_third_party_imports_are_in_the_requirements():
    distributions = metadata.packages_distributions()
    locked = {
        canonicalize_name(line.split("==")[0])
        for path in ROOT.glob("requirements*.txt")
        for line in path.read_text().splitlines()
        if re.match(r"[\w-]+==", line)
    }
    # On a ROS distribution its packages are Python distributions too, under their own names.
    package = ElementTree.parse(ROOT / "package.xml")
    ours_and_ros = {"vljepa_ros", *(element.text for element in package.iter("exec_depend"))}
    missing = {}
    for name in imported_packages(ROOT / "vljepa_ros", ROOT / "test") - ours_and_ros:
        names = {canonicalize_name(found) for found in distributions.get(name, [])}
        if names and not names & locked:
            missing[name] = names
    assert not missing, f"imported, but in no requirements file: {missing}"


def imported_packages(*folders: Path) -> set[str]:
    """Top-level names of all absolute imports below the folders, the standard library left out."""
    found = set()
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names


@pytest.mark.parametrize("path", INTERFACES, ids=lambda path: path.name)
def test_every_field_and_constant_has_a_comment(path: Path):
    previous = ""
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith(("#", "---")):
            assert previous.startswith("#"), f"{path.name}: no comment above `{line}`"
        previous = line


def test_everything_that_is_looked_up_in_the_share_folder_is_installed():
    """What colcon installs, asked of setup.py itself: models, lists, launch files of any world."""
    program = (
        "import json, setuptools; given = {}; setuptools.setup = lambda **k: given.update(k); "
        "exec(open('setup.py').read()); print(json.dumps(given['data_files']))"
    )
    asked = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    installed = {
        f"{folder}/{Path(file).name}"
        for folder, files in json.loads(asked.stdout)
        for file in files
    }
    wanted = [
        *ROOT.glob("models/*/*"), *ROOT.glob("config/**/*.*"), *ROOT.glob("launch/*.launch.py"),
    ]
    missing = {
        str(path.relative_to(ROOT)) for path in wanted
        if path.is_file() and f"share/vljepa_ros/{path.relative_to(ROOT)}" not in installed
    }
    assert not missing


def test_cmake_builds_every_interface_there_is():
    cmake = (MESSAGES / "CMakeLists.txt").read_text()
    listed = re.findall(r'"((?:msg|srv|action)/\S+)"', cmake)
    assert sorted(listed) == sorted(str(path.relative_to(MESSAGES)) for path in INTERFACES)


@pytest.mark.parametrize("path", INTERFACES, ids=lambda path: path.name)
def test_interfaces_are_built_and_importable(path: Path):
    module = importlib.import_module(f"vljepa_msgs.{path.parent.name}")
    assert hasattr(module, path.stem)


@pytest.mark.parametrize("script", console_scripts())
def test_commands_name_a_function_that_exists(script: str):
    module, function = console_scripts()[script].split(":")
    if not (ROOT / f"{module.replace('.', '/')}.py").exists():
        pytest.skip(f"{module} is not written yet")
    assert callable(getattr(importlib.import_module(module), function))


def test_ros_finds_executables_and_share_folder():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["install"]["install_scripts"] == "$base/lib/vljepa_ros"
    assert config["develop"]["script_dir"] == "$base/lib/vljepa_ros"
    if find_spec("ament_index_python") is None:
        pytest.skip("ament_index_python is not installed")
    from ament_index_python.packages import get_package_share_directory

    assert (Path(get_package_share_directory("vljepa_ros")) / "package.xml").exists()
