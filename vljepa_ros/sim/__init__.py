"""The simulated robot: OGBench's tabletop, its skills, and the ROS node that offers both."""

import os

# MuJoCo chooses its renderer when it is first imported: without a screen that must be EGL.
os.environ.setdefault("MUJOCO_GL", "egl")
