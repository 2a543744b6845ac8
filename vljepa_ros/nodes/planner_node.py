"""Goals in, ranked actions out: what could be done, by how close its meaning comes to the goal.

Holds no weights: rollouts run in semantic_state_node (:mod:`.remote_world_model`), asked for by
this node's worker thread, so that no callback ever waits for them.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any

from rclpy.task import Future
from std_srvs.srv import Trigger

from vljepa_msgs.action import PursueGoal
from vljepa_msgs.msg import RankedActions, SemanticState
from vljepa_msgs.msg import Vocabulary as VocabularyMsg
from vljepa_msgs.srv import PredictOutcomes, Suppose

from ..planning.at_rest import AtRest
from ..planning.candidates import CandidateSet, load_candidates, load_frames
from ..planning.goal import Goal
from ..planning.plans import SearchConfig
from ..planning.sight import nothing_seen
from ..planning.vocabulary import Vocabulary
from . import convert, qos
from .candidate_keeper import CandidateKeeper
from .diagnostics import OK, STALE, WARN, Outage, Rate, Report
from .goal_keeper import GoalKeeper
from .lifecycle import WIND_DOWN_S, ManagedNode, in_one_line, run
from .planner_parameters import declare_parameters
from .pursue import PursueServer
from .ranked_topic import RankedTopic
from .ranking import Ranker, View
from .remote_world_model import RemoteWorldModel
from .scene_memory import SceneMemory
from .share import share
from .waiting import Waiter
from .worker import Worker

_WATCH_S = 0.1


class PlannerNode(ManagedNode):
    """Publishes candidate_actions and ranked_actions; serves goals, candidates and pursuits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("planner_node", **kwargs)
        declare_parameters(self.parameters)
        self.candidates: CandidateSet | None = None
        self._worker: Worker[Any] | None = None
        self._forget()

    def _forget(self) -> None:
        self.vocabulary: Vocabulary | None = None
        self.world: RemoteWorldModel | None = None
        self.view: View | None = None
        self.memory: SceneMemory | None = None
        self.last_state = float("-inf")  # steady clock
        self.stale, self._ranking, self._ranked_at = False, False, 0.0
        self._states = Rate()
        self._outage = Outage(
            self.get_logger(), "semantic_state is silent", "semantic_state is back"
        )
        self._complaint = ""

    # -- lifecycle ---------------------------------------------------------------------------------

    def setup(self) -> None:
        self.frames = load_frames(self.parameters["extrinsics_file"] or share("config/scene.yaml"))
        path = self.parameters["actions_file"] or share("config/actions.yaml")
        self.candidates = load_candidates(path, self.frames)
        self.search_config()
        self._ranker = Ranker(self.parameters["max_plan_age"])
        self._worker = Worker(self)

    def start(self) -> None:
        self._forget()
        self.waiter = Waiter(self, self.steady_clock, self.awaiting)
        self.own(self.waiter.close)
        self.ranked = RankedTopic(self)
        self._predict = self.own_client(PredictOutcomes, "predict_outcomes")
        self._suppose = self.own_client(Suppose, "suppose")
        self.goals = GoalKeeper(self)
        self.pursuits = PursueServer(self)
        self.own(self.pursuits.destroy)
        self.own_subscription(VocabularyMsg, "vocabulary", self._on_vocabulary, qos.LATCHED)
        self.own_subscription(SemanticState, "semantic_state", self._on_state, qos.NEWEST)
        self.own_service(Trigger, "stop", self._on_stop)
        CandidateKeeper(self)
        self.own_timer(_WATCH_S, self._watch)

    async def wind_down(self) -> None:
        self.pursuits.end(PursueGoal.Result.STOPPED, "planner_node is going down")
        await self.waiter.until(lambda: not self.pursuits.busy, WIND_DOWN_S)

    def halt(self) -> None:
        self.pursuits.skills.cancel_now()
        if self.world is not None:
            self.world.close()

    def teardown(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def search_config(self) -> SearchConfig:
        names = ("depth", "beam", "step_cost", "budget_ms")
        config = SearchConfig(**{name: self.parameters[name] for name in names})
        if self.vocabulary is not None:
            config = replace(config, works_threshold=self.vocabulary.works_threshold)
        return config

    def at_rest(self, vocabulary: Vocabulary) -> AtRest:
        """A judge of when the scene has come to rest, with the node's parameters."""
        return AtRest(vocabulary, self.parameters["rest_frames"], self.parameters["rest_tolerance"])

    @property
    def sees_nothing(self) -> str:
        """Why the camera has been of no use for a while; "" when it is of use."""
        if self.memory is None:
            return ""
        return self.memory.sees_nothing(self.parameters["stale_after"])

    @property
    def goal(self) -> Goal | None:
        return self.goals.goal

    def submit(self, job: Any) -> Future:
        """Run a job in the worker's thread."""
        assert self._worker is not None
        return self._worker.submit(job)

    # -- what is seen ------------------------------------------------------------------------------

    def _on_vocabulary(self, msg: VocabularyMsg) -> None:
        try:
            vocabulary = convert.vocabulary_of(msg)
        except ValueError as error:
            self.get_logger().error(f"vocabulary refused: {error}")
            return
        if self.vocabulary is not None and self.vocabulary.model_id == vocabulary.model_id:
            return
        if self.goal is not None:
            self.get_logger().warning(f"the model is now {msg.model_id}; the goal is cleared")
            self.pursuits.end(PursueGoal.Result.STOPPED, "the model changed")
            self.goals.put(None)
        if self.world is not None:
            self.world.close()
        self.vocabulary, self.view = vocabulary, None
        self.world = RemoteWorldModel(
            self._predict,
            self._suppose,
            vocabulary.model_id,
            self.frames.optical_frame,
            can_suppose=msg.can_suppose,
            can_locate=bool(vocabulary.things),
        )
        self.memory = SceneMemory(self.world, vocabulary, self.at_rest(vocabulary), self.submit)
        self.diagnostics.model_id = vocabulary.model_id

    def _on_state(self, msg: SemanticState) -> None:
        vocabulary = self.vocabulary
        if vocabulary is None or msg.model_id != vocabulary.model_id:
            self._complain(f"semantic_state.model_id: {msg.model_id!r}; allowed: the vocabulary's")
            return
        try:
            answers = convert.answers_of(msg, vocabulary)
        except ValueError as error:
            self._complain(f"semantic_state refused: {error}")
            return
        self._complaint = ""
        self._states.tick()
        self.last_state = time.monotonic()
        self.stale = False
        reading = tuple(int(value) for value in vocabulary.readings(answers))
        stamp, window = convert.seconds(msg.header.stamp), convert.seconds(msg.window_start)
        nothing = nothing_seen(vocabulary, answers, msg.contrast)
        self.view = View(
            msg.state_id, msg.header, stamp, window, answers, reading, msg.contrast, nothing
        )
        look = self.memory.show(self.view, looking=not self.pursuits.busy)
        if look is not None:
            look.add_done_callback(self._looked)
        self.pursuits.show(self.view)
        self._rank()

    def _looked(self, done: Future) -> None:
        if done.exception() is not None:
            self._complain(f"no look: {in_one_line(done.exception())}")
            self.memory.look_anew()

    def _watch(self) -> None:
        """On the steady clock: a silent camera stops the recommending at once, and recovers."""
        now = time.monotonic()
        if not self.stale and now - self.last_state > self.parameters["stale_after"]:
            self.stale = True
            self.ranked.say_again()
        if self._states.count:
            self._outage.update(self.stale)
        if self.ranked.status_due:
            if self.stale:
                self.ranked.status(RankedActions.STALE)
            elif nothing := self.sees_nothing:
                self.get_logger().warning(nothing, throttle_duration_sec=10.0)
                self.ranked.status(RankedActions.STALE, nothing)

    # -- ranking -----------------------------------------------------------------------------------

    def _rank(self) -> None:
        """Rank for the newest view, unless one is being ranked or it was done just now."""
        now = time.monotonic()
        if self.pursuits.busy or self.stale or self.view is None or self._ranking:
            return
        if self.view.nothing_seen:
            return
        if self.goal is None or not self.goal.understood:
            if self.ranked.status_due:
                self.ranked.status(
                    RankedActions.NO_GOAL if self.goal is None else RankedActions.NOT_UNDERSTOOD
                )
            return
        if now - self._ranked_at < 1 / self.parameters["ranking_rate"] or self.world is None:
            return
        self._ranking, self._ranked_at = True, now
        view, goal, candidates = self.view, self.goal, self.candidates
        job = partial(self._ranker.rank, self.world, self.vocabulary, view, goal, candidates,
                      self.search_config(), self.memory.belief)

        def unwanted() -> bool:
            return self.pursuits.busy or self.goal is not goal

        future = self.submit(partial(self.world.unless, unwanted, job))
        future.add_done_callback(lambda done: self._ranked(done, view, goal, candidates))

    def _ranked(self, done: Future, view: View, goal: Goal, candidates: CandidateSet) -> None:
        self._ranking = False
        if self.goal is not goal or self.pursuits.busy:
            return  # nobody waits for it any more
        if done.exception() is not None:
            self._complain(f"no ranking: {in_one_line(done.exception())}")
        elif self.candidates is candidates and not self.stale:
            self.ranked.plan(view, done.result(), candidates.set_id)

    def rank_now(self) -> None:
        """The goal, the candidates or what may rank changed: rank at once."""
        self._ranked_at = 0.0
        self.ranked.say_again()
        self._rank()

    def pursuit_ended(self) -> None:
        """A pursuit is over: back to ranking."""
        self.waiter.nudge()
        if self.memory is not None:
            self.memory.look_anew()
        self.rank_now()

    # -- services ----------------------------------------------------------------------------------

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        stopped = self.pursuits.end(PursueGoal.Result.STOPPED, "stopped by the service stop")
        response.success = True
        response.message = "stopping" if stopped else "nothing was being pursued"
        return response

    # -- diagnostics -------------------------------------------------------------------------------

    def _complain(self, text: str) -> None:
        if text != self._complaint:
            self._complaint = text
            self.get_logger().warning(text)

    def report(self) -> Report:
        level, message = OK, "ranking" if self.goal is not None else "no goal"
        if self.pursuits.busy:
            message = "pursuing a goal"
        if self._complaint:
            level, message = WARN, self._complaint
        if nothing := self.sees_nothing:
            level, message = STALE, nothing
        if self.stale:
            level, message = STALE, "no recent semantic_state"
        values = {
            "model_id": self.diagnostics.model_id,
            "states (Hz)": f"{self._states.hz:.1f}",
            "rankings (Hz)": f"{self.ranked.plans.hz:.1f}",
            "full plans": str(self._ranker.full_plans),
            "last state (s ago)": f"{time.monotonic() - self.last_state:.1f}",
            "remembered": self.memory.in_words if self.memory is not None else "",
            "candidates": str(len(self.candidates.candidates)),
            **self.ranked.planning.values("planning"),
        }
        return level, message, values


def main(args: list[str] | None = None) -> None:
    run(PlannerNode, args)


if __name__ == "__main__":
    main()
