"""This machine: versions, the model, system libraries, socket buffers, shared memory."""

from __future__ import annotations

import ctypes.util
import importlib
import os
import platform
import shutil
import sys
from importlib import metadata
from pathlib import Path

from ..nodes.share import model_folder
from .finding import Finding, fix, good, note

# (module, what pip calls it); all of it is needed for the nodes to work
_PACKAGES = (
    ("numpy", "numpy"),
    ("cv2", "opencv-python-headless"),
    ("yaml", "PyYAML"),
    ("transforms3d", "transforms3d"),
    ("safetensors", "safetensors"),
    ("torch", "torch"),
    ("transformers", "transformers"),
    ("sentence_transformers", "sentence-transformers"),
)
_SIMULATOR = (("mujoco", "mujoco"), ("ogbench", "ogbench"))
_SMALLEST_BUFFER = 1 << 20  # bytes: an image of 640 x 480 rgb8 in one go from another host
_SMALLEST_SHM = 64 << 20  # bytes: a segment for each of four processes
_LIBRARIES = (("EGL", "libegl1"), ("OpenGL", "libopengl0"))


def versions() -> list[Finding]:
    """Python, ROS, and the packages that the nodes import."""
    found = [good("python", f"{platform.python_version()} in {sys.prefix}")]
    try:
        from rclpy.utilities import get_rmw_implementation_identifier
    except ImportError as error:
        return [*found, fix("ros", f"no rclpy: {error}", "source your ROS 2, or run: make setup")]
    distribution = os.environ.get("ROS_DISTRO") or ("jazzy (wheels)" if _wheels() else "unknown")
    found.append(good("ros", f"{distribution}, {get_rmw_implementation_identifier()}"))
    try:
        importlib.import_module("vljepa_msgs.msg")
    except ImportError as error:
        advice = "colcon build both packages and source install/setup.bash, or run: make setup"
        found.append(fix("interfaces", f"no vljepa_msgs: {error}", advice))
    missing = [pip for module, pip in _PACKAGES if not _there(module)]
    if missing:
        advice = f"{sys.executable} -m pip install -r requirements.txt"
        found.append(fix("packages", f"missing: {', '.join(missing)}", advice))
    else:
        names = ("torch", "numpy", "transformers")
        found.append(good("packages", ", ".join(f"{n} {_version(n)}" for n in names)))
    return found


def model(given: str) -> Finding:
    """The model that would be loaded, with its fingerprint checked."""
    try:
        from ..model.checkpoint import ModelError, load_model

        folder = model_folder(given)
        try:
            loaded = load_model(folder)
        except ModelError as error:
            return fix("model", str(error), "vljepa models lists those that are here")
    except (ImportError, ValueError) as error:
        return fix("model", str(error), "see above, or vljepa models")
    return good("model", f"{loaded.vocabulary.model_id} in {folder}")


def simulator() -> Finding:
    """What only the simulated robot needs."""
    missing = [pip for module, pip in _SIMULATOR if not _there(module)]
    if missing:
        advice = f"{sys.executable} -m pip install -r requirements.txt"
        return note("simulator", f"missing: {', '.join(missing)} (for --sim and the demo)", advice)
    absent = [package for name, package in _LIBRARIES if not _library(name)]
    if absent:
        advice = f"sudo apt-get install -y {' '.join(absent)} libgl1-mesa-dri"
        return note("simulator", f"missing system packages: {', '.join(absent)}", advice)
    return good("simulator", f"mujoco {_version('mujoco')}, MUJOCO_GL={_gl()}")


def buffers() -> Finding:
    """Socket buffers: they matter for images from another host."""
    sizes = {}
    for name in ("rmem_max", "rmem_default"):
        try:
            sizes[name] = int(Path("/proc/sys/net/core", name).read_text())
        except (OSError, ValueError):  # another system, or a namespace without them
            return note("sockets", f"net.core.{name} cannot be read here")
    words = f"rmem_max {sizes['rmem_max'] >> 10} KB, rmem_default {sizes['rmem_default'] >> 10} KB"
    if sizes["rmem_max"] < _SMALLEST_BUFFER:
        advice = "for a camera on another host: sudo sysctl -w net.core.rmem_max=8388608"
        return note("sockets", words, advice)
    return good("sockets", words)


def shared_memory() -> Finding:
    """Where images pass between processes of one host."""
    try:
        usage = shutil.disk_usage("/dev/shm")
    except OSError as error:
        return fix("/dev/shm", str(error), "images need it; in docker: --ipc=host")
    words = f"{usage.free >> 20} of {usage.total >> 20} MB free"
    if usage.free < _SMALLEST_SHM:
        advice = "remove what is left in /dev/shm, or in docker: --shm-size=256m"
        return fix("/dev/shm", words, advice)
    return good("/dev/shm", words)


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "?"


def _wheels() -> bool:
    try:
        metadata.version("ros-jazzy-rclpy")
    except metadata.PackageNotFoundError:
        return False
    return True


def _library(name: str) -> bool:
    return ctypes.util.find_library(name) is not None


def _gl() -> str:
    return os.environ.get("MUJOCO_GL", "egl")
