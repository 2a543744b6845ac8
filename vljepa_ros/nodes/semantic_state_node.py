"""Camera in, meanings out: encodes the newest window of frames and imagines what actions lead to.

The only node that holds weights. Callbacks check and store; one worker thread infers
(:mod:`.worker`), on the newest window only.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import Any

from sensor_msgs.msg import CompressedImage, Image

from vljepa_msgs.msg import CandidateActionSet, PredictedOutcomes, SemanticState
from vljepa_msgs.msg import Vocabulary as VocabularyMsg
from vljepa_msgs.srv import Ask, EncodeGoal, PredictOutcomes, Suppose

from ..decoding.pace import PacedEye
from ..planning.candidates import check_candidates, load_frames
from . import convert, middleware, qos
from .asking import ask
from .clip_buffer import Arrival, Clip, ClipBuffer, Frame
from .diagnostics import MUCH_LOSS, OK, WARN, Latency, Outage, Rate, Report
from .images import ImageError, check_image, decode_compressed, decode_image
from .lifecycle import ManagedNode, in_one_line, run
from .perception import Loader, Perception, Seen, load_model
from .semantic_state_messages import outcomes_msg, state_msg
from .semantic_state_parameters import PACED, declare_parameters
from .share import model_folder, share
from .worker import Worker

_COMPLAIN_EVERY_S = 5.0


class SemanticStateNode(ManagedNode):
    """Publishes semantic_state, predicted_outcomes and vocabulary; serves rollouts and goals."""

    def __init__(self, load: Loader = load_model, **kwargs: Any) -> None:
        super().__init__("semantic_state_node", **kwargs)
        self._load = load
        declare_parameters(self.parameters)
        self._worker: Worker[tuple[Clip, float]] | None = None
        self._perception: Perception | None = None
        self._eye: PacedEye | None = None  # the worker's, when pace is paced
        self._seen: Seen | None = None  # the worker's: what the camera saw last
        self._publishers: list[Any] = []
        self._reset_counters()

    # -- lifecycle ---------------------------------------------------------------------------------

    def setup(self) -> None:
        frames = load_frames(self.parameters["extrinsics_file"] or share("config/scene.yaml"))
        path = model_folder(self.parameters["model"])
        model = self._load(str(path), self.parameters["device"])
        self._perception = Perception(
            model, frames, self.parameters["real_states"], self.parameters["imagined_states"]
        )
        self.diagnostics.model_id = model.model_id
        self._reset_counters()
        self._buffer = ClipBuffer(model.clip_frames, model.clip_stride)
        self._eye = PacedEye(model.vocabulary) if self.parameters["pace"] == PACED else None
        self._state_pub = self._publisher(SemanticState, "semantic_state", qos.NEWEST)
        self._outcomes_pub = self._publisher(PredictedOutcomes, "predicted_outcomes", qos.NEWEST)
        vocabulary_pub = self._publisher(VocabularyMsg, "vocabulary", qos.LATCHED)
        vocabulary_pub.publish(convert.vocabulary_msg(model.vocabulary, model.can_suppose))
        self._worker = Worker(self, self._see, self._failed_frame)

    def start(self) -> None:
        compressed = self.parameters["image_transport"] == "compressed"
        message, callback = (
            (CompressedImage, self._on_compressed) if compressed else (Image, self._on_image)
        )
        self._camera = qos.CameraSubscription(self, message, "image", callback)
        self.own(self._camera.destroy)
        self.own_subscription(
            CandidateActionSet, "candidate_actions", self._on_candidates, qos.LATCHED
        )
        self.own_service(PredictOutcomes, "predict_outcomes", self._on_predict)
        self.own_service(Suppose, "suppose", self._on_suppose)
        self.own_service(EncodeGoal, "encode_goal", self._on_encode_goal)
        self.own_service(Ask, "ask", self._on_ask)
        self.own_timer(0.1, self._watch)

    def halt(self) -> None:
        self._buffer.clear()
        self._seen = None

    def teardown(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        while self._publishers:
            self.destroy_publisher(self._publishers.pop())
        self._perception = None

    def _publisher(self, *args: Any) -> Any:
        self._publishers.append(self.create_publisher(*args))
        return self._publishers[-1]

    # -- camera ------------------------------------------------------------------------------------

    def _on_image(self, msg: Image) -> None:
        try:
            check_image(msg)
        except ImageError as error:
            self._refuse_image(error)
        else:
            self._take(msg, lambda: decode_image(msg))

    def _on_compressed(self, msg: CompressedImage) -> None:
        self._take(msg, lambda: decode_compressed(msg))

    def _take(self, msg: Any, decode: Any) -> None:
        received = time.monotonic()
        self._in.tick()
        stamp = convert.seconds(msg.header.stamp)
        if stamp == 0.0:  # a driver that does not stamp: better a late time than none
            self._counts["unstamped"] += 1
            msg.header.stamp = self.get_clock().now().to_msg()
            stamp = convert.seconds(msg.header.stamp)
        arrival = self._buffer.push(Frame(stamp, msg.header, decode))
        if arrival is Arrival.LATE:
            self._counts["late"] += 1
            return
        if arrival is Arrival.JUMPED_BACK:
            self._counts["jumps back"] += 1
            self.get_logger().warning(
                f"image.header.stamp went back to {stamp:.3f}; starting a new window"
            )
        if self._worker is not None:
            self._worker.offer((self._buffer.clip(), received))

    def _refuse_image(self, error: Exception) -> None:
        self._counts["bad"] += 1
        # Whatever it says: a torn stream has another number of bytes in every frame.
        self.get_logger().error(
            f"image refused: {error}", throttle_duration_sec=_COMPLAIN_EVERY_S
        )

    def _watch(self) -> None:
        self._silent = self.parameters["silence_timeout"] < self._in.age < float("inf")
        self._outage.update(self._silent)

    # -- worker's side (publishing from here saves a trip through the executor, about 1 ms) --------

    def _see(self, item: tuple[Clip, float]) -> None:
        clip, received = item
        perception = self._perception
        if perception is None:
            return
        newest, eye = clip.newest, self._eye
        if eye is not None and not eye.due(newest.stamp, newest.pixels):
            return
        seen = self._seen = perception.see(clip)
        if eye is not None:
            eye.saw(newest.stamp, seen.answers, seen.contrast)
        self._publish_state(seen, received)
        rate, now = self.parameters["outcomes_rate"], time.monotonic()
        if rate > 0 and perception.candidates and now - self._outcomes_at >= 1 / rate:
            self._outcomes_at = now
            set_id, expected = perception.expect(seen.state_id)
            self._publish_outcomes(seen, set_id, expected)

    def _publish_state(self, seen: Seen, received: float) -> None:
        if not self.active or self._perception is None:
            return
        size = seen.clip.newest.pixels().shape[:2]
        if self._size not in (None, size):
            self._counts["resolution changes"] += 1
            self.get_logger().warning(
                f"image size is now {size[1]} x {size[0]}",
                throttle_duration_sec=_COMPLAIN_EVERY_S,
            )
        self._size = size
        self._state_pub.publish(state_msg(seen, self._perception.vocabulary))
        self._out.tick()
        self._latency.add(time.monotonic() - received)
        self._inference.add(seen.inference_s)

    def _publish_outcomes(self, seen: Seen, set_id: str, expected: list[Any]) -> None:
        if not self.active or self._perception is None:
            return
        model_id = self._perception.vocabulary.model_id
        self._outcomes_pub.publish(outcomes_msg(seen, set_id, expected, model_id))

    # -- executor's side ---------------------------------------------------------------------------

    def _failed_frame(self, error: Exception) -> None:
        if isinstance(error, ImageError):
            self._refuse_image(error)
        else:
            self.get_logger().error(
                f"a frame was lost: {in_one_line(error)}", throttle_duration_sec=_COMPLAIN_EVERY_S
            )

    def _on_candidates(self, msg: CandidateActionSet) -> None:
        perception = self._perception
        if perception is None:
            return
        try:
            given = [convert.candidate_of(action) for action in msg.actions]
            checked = check_candidates(given, perception.frames)
        except ValueError as error:
            self.get_logger().error(f"candidate_actions refused: {error}")
        else:
            perception.candidates = replace(checked, set_id=msg.candidate_set_id)

    async def _on_predict(
        self, request: PredictOutcomes.Request, response: PredictOutcomes.Response
    ) -> PredictOutcomes.Response:
        perception, worker = self._perception, self._worker
        try:
            return await worker.submit(lambda: perception.predict(request))
        except Exception as error:
            response.success, response.message = False, in_one_line(error)
            return response

    async def _on_suppose(
        self, request: Suppose.Request, response: Suppose.Response
    ) -> Suppose.Response:
        perception, worker = self._perception, self._worker
        try:
            response.state_id = await worker.submit(lambda: perception.suppose(request))
        except Exception as error:
            response.success, response.message = False, in_one_line(error)
            return response
        response.success, response.model_id = True, perception.vocabulary.model_id
        return response

    async def _on_encode_goal(
        self, request: EncodeGoal.Request, response: EncodeGoal.Response
    ) -> EncodeGoal.Response:
        perception, worker = self._perception, self._worker
        try:
            goal = await worker.submit(lambda: perception.encode_goal(request))
        except Exception as error:
            response.success, response.message = False, in_one_line(error)
            return response
        response.success, response.understood = True, goal.understood
        response.confidence, response.message = float(goal.confidence), goal.message
        response.parts = convert.part_msgs(goal, perception.vocabulary.model_id)
        return response

    async def _on_ask(self, request: Ask.Request, response: Ask.Response) -> Ask.Response:
        perception, worker = self._perception, self._worker
        try:
            return await worker.submit(lambda: ask(perception, self._seen, request))
        except Exception as error:
            response.success, response.message = False, in_one_line(error)
            return response

    # -- diagnostics -------------------------------------------------------------------------------

    def _reset_counters(self) -> None:
        self._in, self._out = Rate(), Rate()
        self._latency, self._inference = Latency(), Latency()
        self._counts: Counter[str] = Counter()
        self._silent, self._size = False, None
        self._outage = Outage(self.get_logger(), "camera is silent", "camera is back")
        self._outcomes_at = 0.0

    def report(self) -> Report:
        level, message = OK, "seeing"
        if self._in.count == 0:
            level, message = WARN, f"no image on {self._camera.topic} yet"
        elif self._silent:
            level, message = WARN, "camera is silent"
        elif self._camera.loss.share > MUCH_LOSS:
            level, message = WARN, f"images are lost on the way; {middleware.advice()}"
        if self._camera.problem:
            level, message = WARN, self._camera.problem
        values = {
            "model_id": self.diagnostics.model_id,
            "images (Hz)": f"{self._in.hz:.1f}",
            "states (Hz)": f"{self._out.hz:.1f}",
            "last image (s ago)": f"{self._in.age:.1f}",
            "dropped": str(self._worker.dropped if self._worker else 0),
            "passed over": str(self._eye.passed_over if self._eye else 0),
            **self._camera.values(),
            **{f"images {name}": str(count) for name, count in sorted(self._counts.items())},
            **self._latency.values("latency"),
            **self._inference.values("inference"),
        }
        return level, message, values


def main(args: list[str] | None = None) -> None:
    run(SemanticStateNode, args)


if __name__ == "__main__":
    main()
