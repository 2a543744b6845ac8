"""The nodes that run in this domain, and the camera they see."""

from __future__ import annotations

from ..nodes import middleware
from ..watch.view import PERCEPTION, Report, Watcher
from .finding import Finding, fix, good, note

LISTEN_S = 3.0  # diagnostics come once a second
_NODES = (PERCEPTION, "planner_node", "decoder_node")
_MUCH_LOSS = 5.0  # percent
_IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")


def nodes(namespace: str) -> list[Finding]:
    """What our nodes say of themselves; without any, the cameras there are."""
    with Watcher(namespace) as watcher:
        watcher.spin(LISTEN_S)
        reports, place = watcher.view.reports, watcher.view.place
        topics = watcher.topics(_IMAGES)
    ours = {name: report for name, report in reports.items() if name in _NODES}
    if not ours:
        words = f"none of ours in {place}"
        advice = "vljepa up --sim, or: ros2 launch vljepa_ros demo.launch.py"
        return [note("nodes", words, advice), *_cameras(topics)]
    found = [_node(name, ours.get(name)) for name in _NODES]
    if PERCEPTION in ours:
        found.append(_camera(ours[PERCEPTION], topics))
    return found


def _node(name: str, report: Report | None) -> Finding:
    if report is None:
        return note(name, "does not run here", "vljepa up, or ros2 launch, starts all of them")
    if report.level == 0:
        return good(name, report.message)
    if report.level == 2:
        return fix(name, report.message, "set it right and start the node again")
    return note(name, report.message)


def _camera(report: Report, topics: list[str]) -> Finding:
    values = report.values
    rate, lost = values.get("images (Hz)", "0"), values.get("images lost (%)", "0")
    words = (
        f"{rate} Hz, {lost}% lost, {values.get('reliability', '?').replace('_', ' ')}, "
        f"from {values.get('camera', '?')}"
    )
    if float(rate) == 0:
        there = f"; images are on {', '.join(topics)}" if topics else ""
        advice = f"start the camera, or name its topic with image_topic:={there}"
        return fix("camera", f"no images: {report.message}", advice)
    if float(lost) > _MUCH_LOSS:
        return fix("camera", words, middleware.advice())
    return good("camera", words)


def _cameras(topics: list[str]) -> list[Finding]:
    if not topics:
        return []
    advice = f"ros2 launch vljepa_ros planner.launch.py image_topic:={topics[0].split()[0]}"
    return [note("cameras", ", ".join(topics), advice)]
