"""Benchmarks: every figure of the README, with its rivals, from one command."""

import vljepa_ros.sim  # noqa: F401  chooses MuJoCo's renderer before anything imports mujoco
