"""One rclpy context a test, and nodes that end with it."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from pathlib import Path

import pytest
import rclpy
from rclpy.parameter import Parameter

from test.nodes.ros import Probe, Spinner

_namespaces = (f"/t{i}" for i in itertools.count())

EXTRINSICS = """
optical_frame: camera_optical
frames:
  world: {position: [1.0, 0.0, 0.5], orientation: [0.5, -0.5, 0.5, -0.5]}
"""


@pytest.fixture(scope="session", autouse=True)
def context():
    if not rclpy.ok():
        rclpy.init()
    yield
    rclpy.try_shutdown()


@pytest.fixture
def namespace():
    """A namespace of its own: a test does not hear the one before."""
    return next(_namespaces)


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def probe(stack, namespace):
    probe = Probe(name="probe")
    stack.callback(probe.stop)
    return _Namespaced(probe, namespace)


class _Namespaced:
    """A probe whose names are relative to the test's namespace."""

    def __init__(self, probe, namespace):
        self.probe, self.namespace = probe, namespace

    def name(self, name):
        return name if name.startswith("/") else f"{self.namespace}/{name}"

    def __getattr__(self, attribute):
        member = getattr(self.probe, attribute)
        if attribute in ("listen", "publisher", "call"):
            return lambda kind, name, *a, **k: member(kind, self.name(name), *a, **k)
        if attribute in ("next", "first"):
            return lambda name, *a, **k: member(self.name(name), *a, **k)
        return member


@pytest.fixture
def extrinsics(tmp_path):
    path = Path(tmp_path, "scene.yaml")
    path.write_text(EXTRINSICS)
    return str(path)


@pytest.fixture
def launch(stack, namespace):
    """launch(NodeClass, parameters, autostart=True, **kwargs) -> the spinning node's Spinner."""

    def launch(make, parameters=None, autostart=True, **kwargs):
        overrides = [Parameter(name, value=value) for name, value in (parameters or {}).items()]
        node = make(namespace=namespace, parameter_overrides=overrides, **kwargs)
        spinner = Spinner(node)

        def stop():
            spinner.run(node.close)
            spinner.stop()
            assert spinner.errors == []

        stack.callback(stop)
        if autostart:
            spinner.run(node.autostart)
        return spinner

    return launch
