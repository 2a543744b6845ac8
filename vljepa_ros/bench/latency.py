"""What the node adds to the bare forward pass: image published -> semantic_state received.

Two processes: semantic_state_node with the real model, and this one as camera and listener. Minus a
bare trip (an image of the same size to an echo process, a SemanticState of the same size back) and
minus the bare forward pass, both measured here in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.model.world_model import LatentWorldModel

from .worlds import model_folder

SIDE = 256
TIMEOUT_S = 60.0
DOMAIN = 97


def run(seed: int = 0, episodes: int = 150, model: Path | None = None) -> dict[str, Any]:
    """Medians and 95th percentiles in milliseconds over `episodes` frames of SIDE x SIDE."""
    started = time.time()
    os.environ.setdefault("ROS_DOMAIN_ID", str(DOMAIN))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    folder = model_folder(model)
    forward, model_id = _forward_alone(folder, seed, episodes)
    trip = _measure([sys.executable, "-m", "vljepa_ros.bench.latency", "--echo"], seed, episodes)
    node = _measure(
        [sys.executable, "-m", "vljepa_ros.nodes.semantic_state_node", "--ros-args",
         "-p", f"model:={folder}", "-p", "outcomes_rate:=0.0"],
        seed, episodes,
    )
    inside = [t for _, t in node]
    whole = [t for t, _ in node]
    bare = [t for t, _ in trip]
    added = float(np.median(whole) - np.median(bare) - np.median(inside))
    against_idle = float(np.median(whole) - np.median(bare) - np.median(forward))
    return {
        "name": "latency", "seed": seed, "episodes": episodes, "model_id": model_id,
        "added_ms_p50": round(against_idle, 2),
        "added_ms_p50_forward_in_node": round(added, 2),
        "image_to_state_ms": _spread(whole),
        "bare_trip_ms": _spread(bare),
        "bare_forward_ms": _spread(forward),
        "forward_in_node_ms": _spread(inside),
        "image": f"{SIDE}x{SIDE} rgb8",
        "baselines": {"random": None, "text_only": None, "blind": None, "oracle": None},
        "seconds": round(time.time() - started, 1),
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"p50": round(float(np.median(values)), 2),
            "p95": round(float(np.quantile(values, 0.95)), 2)}


def _forward_alone(folder: Path, seed: int, count: int) -> tuple[list[float], str]:
    """`_forward_ms` in a process of its own, with the node's thread settings."""
    command = [sys.executable, "-m", "vljepa_ros.bench.latency", "--forward", str(folder),
               "--seed", str(seed), "--count", str(count)]
    env = {**os.environ, "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE")}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=TIMEOUT_S * 5)
    if done.returncode != 0:
        raise ValueError(f"the forward pass failed: {done.stderr.strip().splitlines()[-1]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["ms"], answer["model_id"]


def _forward_ms(folder: Path, seed: int, count: int) -> tuple[list[float], str]:
    """What the node infers for every frame, called directly."""
    world = LatentWorldModel.load(folder)
    rng = np.random.default_rng(seed)
    clip = rng.integers(0, 255, (world.clip_frames, 3, SIDE, SIDE), dtype=np.uint8)
    times = []
    for i in range(count + 10):
        begin = time.perf_counter()
        states = world.encode(clip)
        world.read(states, world.vocabulary.queries)
        world.describe(states)
        if i >= 10:
            times.append((time.perf_counter() - begin) * 1e3)
        time.sleep(0.02)  # the pauses between frames, as in the node
    return times, world.model_id


def _measure(command: list[str], seed: int, count: int) -> list[tuple[float, float]]:
    """(milliseconds from publishing to receiving, inference_ms in the answer) per frame."""
    import rclpy
    from sensor_msgs.msg import Image

    from vljepa_msgs.msg import SemanticState
    from vljepa_ros.nodes import qos

    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    rclpy.init()
    node = rclpy.create_node("latency_bench")
    received: dict[int, tuple[float, float]] = {}

    def on_state(msg: Any) -> None:
        received[msg.header.stamp.sec] = (time.perf_counter(), msg.inference_ms)

    subscription = node.create_subscription(SemanticState, "semantic_state", on_state, 1)
    publisher = node.create_publisher(Image, "image", qos.NEWEST)
    picture = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    msg = Image(height=SIDE, width=SIDE, encoding="rgb8", step=3 * SIDE)
    msg.data = picture.tobytes()
    try:
        _wait(node, lambda: publisher.get_subscription_count() > 0, process, "the subscriber")
        sent: dict[int, float] = {}
        stamp = 100
        while len([s for s in sent if s in received]) < count + 10:
            stamp += 1
            msg.header.stamp.sec = stamp
            sent[stamp] = time.perf_counter()
            publisher.publish(msg)
            patience = time.monotonic() + 5.0
            while stamp not in received and time.monotonic() < patience:
                rclpy.spin_once(node, timeout_sec=0.01)
            if process.poll() is not None:
                raise ValueError(f"{command[2]} ended with status {process.returncode}")
            if stamp - 100 > 3 * count + 100:
                raise ValueError(f"{command[2]} answers too few frames")
            time.sleep(0.02)
        rows = [((received[s][0] - t) * 1e3, received[s][1])
                for s, t in sent.items() if s in received]
        return rows[10 : count + 10]
    finally:
        node.destroy_subscription(subscription)
        node.destroy_node()
        rclpy.shutdown()
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(node: Any, ready: Callable[[], bool], process: Any, what: str) -> None:
    import rclpy

    limit = time.monotonic() + TIMEOUT_S
    while not ready():
        if process.poll() is not None or time.monotonic() > limit:
            raise ValueError(f"{what} did not come up within {TIMEOUT_S:.0f} s")
        rclpy.spin_once(node, timeout_sec=0.05)


def _echo() -> None:
    """Receives images and answers each with a SemanticState of the usual size."""
    import rclpy
    from rclpy.executors import ExternalShutdownException
    from sensor_msgs.msg import Image

    from vljepa_msgs.msg import Embedding, Readout, SemanticState
    from vljepa_ros.nodes import qos

    rclpy.init()
    node = rclpy.create_node("echo")
    publisher = node.create_publisher(SemanticState, "semantic_state", qos.NEWEST)
    rows = [np.zeros(256, np.float32) for _ in range(7)]
    answer = SemanticState(model_id="echo", state_id="0")
    answer.embedding = Embedding(model_id="echo", data=rows[0])
    answer.readouts = [
        Readout(subject="subject", statement="the robot is at rest",
                embedding=Embedding(model_id="echo", data=row)) for row in rows
    ]

    def on_image(msg: Image) -> None:
        answer.header = msg.header
        publisher.publish(answer)

    node.create_subscription(Image, "image", on_image, 1)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        node.destroy_node()


if __name__ == "__main__":
    _parser = argparse.ArgumentParser()
    _parser.add_argument("--echo", action="store_true")
    _parser.add_argument("--forward", type=Path)
    _parser.add_argument("--seed", type=int, default=0)
    _parser.add_argument("--count", type=int, default=100)
    _args = _parser.parse_args()
    if _args.echo:
        _echo()
    else:
        _times, _model_id = _forward_ms(_args.forward, _args.seed, _args.count)
        print(json.dumps({"ms": _times, "model_id": _model_id}))
