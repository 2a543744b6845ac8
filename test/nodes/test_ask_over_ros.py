"""The ask service of semantic_state_node, on the toy model."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import Image

from test.nodes.fakes import ToyModel, picture
from vljepa_msgs.msg import SemanticState
from vljepa_msgs.srv import Ask
from vljepa_ros.nodes import convert, qos
from vljepa_ros.nodes.images import encode_rgb8
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode


class AskedModel(ToyModel):
    """Also reads questions: by the name of the subject in them."""

    def embed_texts(self, texts):
        return np.stack([self._row(text) for text in texts])

    def _row(self, text):
        for subject in self.vocabulary.subjects:
            if subject.id in text:
                return subject.query
        return np.eye(1, len(self.vocabulary.subjects[0].query))[0].astype(np.float32)

    def read_goals(self, texts):
        return [{s.id: (0.0, 0.5, None) for s in self.vocabulary.subjects} for _ in texts]


def test_questions_about_what_the_camera_sees_now(launch, probe, extrinsics):
    spinner = launch(SemanticStateNode, {"extrinsics_file": extrinsics},
                     load=lambda path, device: AskedModel())
    early = probe.call(Ask, "ask", Ask.Request(question="how is the drawer?"))
    assert not early.success and "no frame was seen yet" in early.message
    probe.listen(SemanticState, "semantic_state")
    camera = probe.publisher(Image, "image", qos.camera(qos.ReliabilityPolicy.RELIABLE))
    probe.wait(lambda: spinner.node._camera.reliability == qos.ReliabilityPolicy.RELIABLE)

    def show(state, stamp):
        msg = encode_rgb8(Image(), picture(state))
        msg.header.stamp, msg.header.frame_id = convert.to_time(stamp), "camera_optical"

        def seen():
            return [m for m in probe.messages[probe.name("semantic_state")]
                    if m.header.stamp == msg.header.stamp]

        for _ in range(100):
            camera.publish(msg)
            try:
                return probe.wait(seen, timeout=0.3)
            except AssertionError:
                continue
        raise AssertionError("no state")

    def ask(question, *choices):
        return probe.call(Ask, "ask", Ask.Request(question=question, choices=list(choices)))

    show((1, 1, 0), 50.0)
    found = ask("how is the drawer?")
    assert found.success and found.understood and found.visible, found.message
    assert (found.answer, found.subject) == ("The drawer is open.", "drawer")
    assert found.confidence > 0.9
    assert convert.seconds(found.header.stamp) == 50.0
    show((1, 0, 0), 60.0)
    assert ask("how is the drawer?").answer == "The drawer is closed."
    unknown = ask("who won the match?")
    assert unknown.success and not unknown.understood and unknown.subject == ""
    for bad in (ask(""), ask("how is the drawer?", "open"), ask("how is it?", "a", "A")):
        assert not bad.success and bad.message and "\n" not in bad.message
