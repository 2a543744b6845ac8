"""The thin ROS 2 nodes."""

import os

# Must be set before torch is loaded. OpenMP threads that spin while they wait take the cores from
# the executor and from DDS: a forward pass of 18 ms takes 50 (vljepa bench latency on two cores).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
