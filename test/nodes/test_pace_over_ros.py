"""semantic_state_node with pace: paced embeds few frames of a still scene, all of a change."""

from __future__ import annotations

import pytest
from sensor_msgs.msg import Image

from test.nodes.fakes import ToyModel
from test.nodes.test_semantic_state_node import image
from vljepa_msgs.msg import SemanticState
from vljepa_ros.nodes import convert, qos
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode

STEP_S = 0.1


class _Counting(ToyModel):
    def __init__(self):
        super().__init__()
        self.encoded = 0

    def encode(self, clip):
        self.encoded += 1
        return super().encode(clip)


@pytest.mark.parametrize("pace", ["paced", "every_frame"])
def test_only_what_can_matter_is_embedded(launch, probe, extrinsics, pace):
    model = _Counting()
    node = launch(
        SemanticStateNode, {"extrinsics_file": extrinsics, "pace": pace},
        load=lambda path, device: model,
    ).node
    probe.listen(SemanticState, "semantic_state")
    publisher = probe.publisher(Image, "image", qos.camera(qos.ReliabilityPolicy.RELIABLE))
    probe.wait(lambda: node._camera.reliability == qos.ReliabilityPolicy.RELIABLE)
    stamp = 1000.0

    def handled():
        passed = node._eye.passed_over if node._eye else 0
        return model.encoded + passed + node._worker.dropped

    def show(state):
        nonlocal stamp
        stamp += STEP_S
        before = handled()
        publisher.publish(image(state, stamp))
        probe.wait(lambda: handled() > before, "the frame was looked at")

    for _ in range(100):  # until DDS has matched
        stamp += STEP_S
        publisher.publish(image((0, 0, 0), stamp))
        try:
            probe.wait(handled, "a frame", timeout=0.3)
            break
        except AssertionError:
            continue
    first = model.encoded
    for _ in range(30):
        show((0, 0, 0))
    still = model.encoded - first
    assert still <= 4 if pace == "paced" else still == 30
    changed = stamp
    for _ in range(20):
        show((0, 1, 0))
    states = [m for m in probe.messages[probe.name("semantic_state")]
              if convert.seconds(m.header.stamp) > changed]
    noticed = next(convert.seconds(m.header.stamp) for m in states
                   if m.readouts[1].statement == "the drawer is open")
    assert noticed - changed <= 0.5  # one look in 0.4 s at the latest, though nothing moved before
    followed = model.encoded - first - still
    assert followed >= 12 if pace == "paced" else followed == 20
    if pace == "paced":
        assert node.report()[2]["passed over"] == str(node._eye.passed_over) != "0"
