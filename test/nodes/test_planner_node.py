"""planner_node with semantic_state_node on a toy model, a camera and a skill server."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from rclpy.action import ActionClient
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

from test.nodes.fakes import ACTIONS, MODEL_ID, D, ToyModel, picture, toy_vocabulary
from test.nodes.ros import Spinner
from test.nodes.toy_robot import ToyRobot
from vljepa_msgs.action import ExecuteAction, PursueGoal
from vljepa_msgs.msg import CandidateActionSet, Embedding, ExecutedAction, Goal, RankedActions
from vljepa_msgs.srv import GetCandidateActions, SetCandidateActions, SetGoal
from vljepa_ros.nodes import convert, qos
from vljepa_ros.nodes.images import encode_rgb8
from vljepa_ros.nodes.planner_node import PlannerNode
from vljepa_ros.nodes.pursue import PursueServer, _Over
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode
from vljepa_ros.planning.candidates import Candidate, Pose
from vljepa_ros.planning.plans import UNFINISHED
from vljepa_ros.planning.pursuit import Decision

R = RankedActions
P = PursueGoal.Result
STORED = "the cube is in the drawer and the drawer is closed"


@pytest.fixture
def actions_file(tmp_path):
    path = tmp_path / "actions.yaml"
    items = [{"id": key, "text": text, "timeout": 20.0} for key, text in ACTIONS.items()]
    path.write_text(yaml.safe_dump({"frame_id": "world", "actions": items}))
    return str(path)


@pytest.fixture
def robot(stack, namespace):
    spinner = Spinner(ToyRobot(namespace))
    stack.callback(spinner.stop)
    return spinner.node


@pytest.fixture
def planner(launch, extrinsics, actions_file, robot, probe):
    launch(SemanticStateNode, {"extrinsics_file": extrinsics}, load=lambda path, device: ToyModel())
    spinner = launch(
        PlannerNode,
        {
            "extrinsics_file": extrinsics,
            "actions_file": actions_file,
            "stale_after": 0.6,
            "ranking_rate": 20.0,
            "rest_timeout": 0.6,
            "camera_patience": 5.0,
        },
    )
    probe.listen(R, "ranked_actions", qos.NEWEST)
    probe.listen(Goal, "goal", qos.LATCHED)
    probe.listen(CandidateActionSet, "candidate_actions", qos.LATCHED)
    probe.wait(lambda: spinner.node.view is not None, "a semantic state at the planner")
    return spinner.node


def set_goal(probe, text="", kind=SetGoal.Request.KIND_TEXT, **fields):
    return probe.call(SetGoal, "set_goal", SetGoal.Request(kind=kind, text=text, **fields))


class Pursuing:
    """A client of pursue_goal."""

    def __init__(self, probe):
        self.probe = probe
        self.client = ActionClient(probe.node, PursueGoal, probe.name("pursue_goal"))
        probe.wait(self.client.server_is_ready, "pursue_goal")
        self.feedback = []
        self.on_feedback = lambda feedback: None

    def _take_feedback(self, message):
        self.feedback.append(message.feedback)
        self.on_feedback(message.feedback)

    def start(self, text, **fields):
        goal = PursueGoal.Goal(kind=PursueGoal.Goal.KIND_TEXT, text=text, **fields)
        handle = self.probe.ask(
            lambda: self.client.send_goal_async(goal, self._take_feedback), "acceptance"
        )
        assert handle.accepted
        return handle

    def end(self, handle, timeout=60.0):
        answer = self.probe.ask(handle.get_result_async, "the pursuit's end", timeout)
        return answer.status, answer.result

    def run(self, text, **fields):
        return self.end(self.start(text, **fields))


@pytest.fixture
def pursuing(planner, probe):
    pursuing = Pursuing(probe)
    yield pursuing
    pursuing.client.destroy()


# -- goals and ranking -----------------------------------------------------------------------------


def test_a_goal_in_words_is_latched_and_actions_are_ranked_with_a_plan_through_the_lock(
    planner, probe
):
    answer = set_goal(probe, STORED)
    assert answer.success and answer.understood, answer.message
    assert answer.message == f"understood as: {STORED}"
    goal = probe.first("goal", lambda m: m.goal_id == answer.goal_id)
    assert goal.source == Goal.SOURCE_TEXT and len(goal.parts) == 2
    ranking = probe.first("ranked_actions", lambda m: m.goal_id == answer.goal_id)
    assert ranking.status == R.OK
    assert ranking.header.frame_id == "camera_optical" and ranking.state_id
    assert [step.action_id for step in ranking.plan] == [
        "press_button",
        "open_drawer",
        "put_cube",
        "close_drawer",
    ]
    assert ranking.actions[0].action_id == "press_button"
    assert {action.action_id for action in ranking.actions} == set(ACTIONS)
    assert ranking.distance_now == pytest.approx(1.0, abs=1e-3)
    assert ranking.plan[-1].distance_after == pytest.approx(0.0, abs=1e-3)


def test_met_no_goal_and_not_understood_are_different_answers(planner, probe):
    assert probe.first("ranked_actions", lambda m: m.status == R.NO_GOAL).actions == []
    set_goal(probe, "the drawer is closed")
    met = probe.first("ranked_actions", lambda m: m.status == R.MET)
    assert met.plan == []
    answer = set_goal(probe, "make me happy")
    assert answer.success and not answer.understood
    probe.first("ranked_actions", lambda m: m.status == R.NOT_UNDERSTOOD)
    assert probe.call(Trigger, "clear_goal", Trigger.Request()).success
    probe.next("ranked_actions", lambda m: m.status == R.NO_GOAL)
    assert probe.messages[probe.name("goal")][-1].source == Goal.SOURCE_NONE


def test_out_of_reach_is_said(planner, probe, robot):
    only = [convert.candidate_msg(Candidate("put_cube", ACTIONS["put_cube"]))]
    probe.call(
        SetCandidateActions, "set_candidate_actions", SetCandidateActions.Request(actions=only)
    )
    set_goal(probe, STORED)
    ranking = probe.first("ranked_actions", lambda m: m.status == R.OUT_OF_REACH)
    assert ranking.plan == []


def test_a_search_that_time_ends_says_so_and_a_new_budget_counts_at_once(planner, probe):
    assert planner.search_config().budget_ms == 20000.0
    assert planner.set_parameters([Parameter("budget_ms", value=0.001)])[0].successful
    set_goal(probe, STORED)
    cut = probe.first("ranked_actions", lambda m: m.status == R.OUT_OF_REACH)
    assert cut.message == UNFINISHED and len(cut.actions) == len(ACTIONS)
    assert not planner.set_parameters([Parameter("budget_ms", value=-1.0)])[0].successful
    assert planner.set_parameters([Parameter("budget_ms", value=0.0)])[0].successful
    whole = probe.next("ranked_actions", lambda m: m.status == R.OK)
    assert len(whole.plan) == 4


def test_a_bare_embedding_is_a_goal(planner, probe):
    opened = toy_vocabulary().subject("drawer").embeddings[1]
    answer = set_goal(
        probe,
        kind=SetGoal.Request.KIND_EMBEDDING,
        embedding=convert.embedding_msg(MODEL_ID, opened),
    )
    assert answer.success, answer.message
    ranking = probe.first("ranked_actions", lambda m: m.goal_id == answer.goal_id)
    assert [step.action_id for step in ranking.plan] == ["press_button", "open_drawer"]
    goal = probe.first("goal", lambda m: m.goal_id == answer.goal_id)
    assert goal.source == Goal.SOURCE_EMBEDDING


def unit(model_id=MODEL_ID, **changes):
    row = toy_vocabulary().subject("drawer").embeddings[1].copy()
    for index, value in changes.items():
        row[int(index[1:])] = value
    return convert.embedding_msg(model_id, row)


def posed(frame, x=0.0):
    target = PoseStamped()
    target.header.frame_id, target.pose.position.x = frame, x
    return target


def test_a_picture_is_a_goal_and_a_useless_one_is_not_understood(planner, probe):
    shown = encode_rgb8(Image(), picture((1, 0, 1)))
    answer = set_goal(probe, kind=SetGoal.Request.KIND_IMAGE, image=shown)
    assert answer.success and answer.understood, answer.message
    assert "the cube is in the drawer" in answer.message
    goal = probe.first("goal", lambda m: m.goal_id == answer.goal_id)
    assert goal.source == Goal.SOURCE_IMAGE and len(goal.parts) == 3
    ranking = probe.first("ranked_actions", lambda m: m.goal_id == answer.goal_id)
    assert [step.action_id for step in ranking.plan][:2] == ["press_button", "open_drawer"]
    grey = encode_rgb8(Image(), np.full((48, 48, 3), 200, np.uint8))
    useless = set_goal(probe, kind=SetGoal.Request.KIND_IMAGE, image=grey)
    assert useless.success and not useless.understood
    assert "no contrast" in useless.message and useless.confidence < 0.5


def test_bad_goals_are_refused_in_one_line_and_the_goal_before_stays(planner, probe):
    good = set_goal(probe, "the drawer is open")
    bad = [
        ({"text": "   "}, "text: 0 characters; allowed: 1 to 500"),
        ({"text": "x" * 501}, "text: 501 characters; allowed: 1 to 500"),
        ({"kind": 0, "text": "the drawer is open"}, "kind: 0; allowed: 1 (text), 2 (image)"),
        ({"kind": 2}, "image.encoding: ''; allowed: rgb8"),
        ({"kind": 2, "image": Image(encoding="rgb8", height=2, width=2, step=3)}, "image.step: 3"),
        ({"kind": 4}, "target.header.frame_id: empty"),
        ({"kind": 4, "target": posed("world", x=math.inf)}, "target.pose.position.x: inf"),
        ({"kind": 4, "target": posed("moon")}, "target.header.frame_id: 'moon'; allowed"),
        ({"kind": 4, "target": posed("world"), "tolerance_m": -1.0}, "tolerance_m: -1.0"),
        ({"kind": 4, "target": posed("world")}, "locates nothing in metres"),
        ({"kind": 4, "target": posed("world"), "text": "x"}, "text: given beside target"),
        ({"text": "open", "embedding": unit()}, "embedding: given beside text"),
        (
            {"kind": 3, "embedding": unit("other")},
            "embedding.model_id: 'other'; allowed: 'toy-model'",
        ),
        ({"kind": 3, "embedding": unit(_0=math.nan)}, "embedding.data: non-finite"),
        ({"kind": 3, "embedding": unit(_0=50.0)}, "allowed: 1 (a unit vector)"),
        ({"kind": 3, "embedding": Embedding(model_id=MODEL_ID)}, f"0 values; allowed: {D}"),
    ]
    for fields, message in bad:
        answer = set_goal(probe, **fields)
        assert not answer.success and message in answer.message, answer.message
        assert "\n" not in answer.message
        assert planner.goal.goal_id == good.goal_id
    assert set_goal(probe, STORED).success


# -- candidates ------------------------------------------------------------------------------------


def place(**fields):
    return convert.candidate_msg(Candidate("place", "place the cube", **fields))


def test_candidates_are_replaced_as_a_whole_or_not_at_all(planner, probe):
    def replace(*actions):
        request = SetCandidateActions.Request(actions=list(actions))
        return probe.call(SetCandidateActions, "set_candidate_actions", request)

    def current():
        return probe.call(
            GetCandidateActions, "get_candidate_actions", GetCandidateActions.Request()
        )

    before = current().candidates
    assert [action.id for action in before.actions] == list(ACTIONS)
    wait = convert.candidate_msg(Candidate("wait", "do nothing"))
    bent = place(target=Pose("world", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 2.0)))
    bad = [
        ([wait, wait], "actions[1].id: 'wait' a second time; allowed: unique ids"),
        ([], "actions: 0 of them; allowed: 1 to 128"),
        ([convert.candidate_msg(Candidate(f"a{i}", "x")) for i in range(129)], "129 of them"),
        ([wait, bent], "orientation: [0.0, 0.0, 0.0, 2.0] of length 2; allowed: a unit quaternion"),
        (
            [place(target=Pose("moon", (0.0, 0.0, 0.0)))],
            "frame_id: 'moon'; allowed: camera_optical",
        ),
        ([place(target=Pose("world", (math.inf, 0.0, 0.0)))], "position.x: inf"),
        ([place(cost=math.nan)], "cost: nan; allowed: 0 to 10"),
        ([convert.candidate_msg(Candidate("a", ""))], "text: ''; allowed: 1 to 256"),
    ]
    for actions, message in bad:
        answer = replace(*actions)
        assert not answer.success and message in answer.message, answer.message
        assert answer.candidate_set_id == before.candidate_set_id
    assert current().candidates.actions == before.actions
    answer = replace(wait, place(target=Pose("world", (0.5, 0.0, 0.0))))
    assert answer.success and answer.candidate_set_id != before.candidate_set_id
    latched = probe.first(
        "candidate_actions", lambda m: m.candidate_set_id == answer.candidate_set_id
    )
    assert len(latched.actions) == 2


# -- a silent camera -------------------------------------------------------------------------------


def test_a_silent_camera_makes_the_ranking_stale_and_it_recovers_by_itself(planner, probe, robot):
    set_goal(probe, STORED)
    probe.first("ranked_actions", lambda m: m.status == R.OK)
    robot.camera_on = False
    stale = probe.next("ranked_actions", lambda m: m.status == R.STALE)
    assert stale.actions == [] and stale.plan == []
    robot.camera_on = True
    probe.next("ranked_actions", lambda m: m.status == R.OK)


# -- pursuing --------------------------------------------------------------------------------------


def test_a_pursuit_executes_looks_again_and_ends_when_the_goal_is_met(pursuing, robot):
    status, result = pursuing.run(STORED)
    assert (status, result.result) == (GoalStatus.STATUS_SUCCEEDED, P.MET), result.message
    assert result.message == "goal met in 4 actions"
    assert robot.done == ["press_button", "open_drawer", "put_cube", "close_drawer"]
    assert robot.state == (1, 0, 1)
    assert len(set(robot.execution_ids)) == 4
    executed = result.executed
    assert [item.result for item in executed] == [ExecuteAction.Result.SUCCEEDED] * 4
    assert executed[0].distance_before == pytest.approx(1.0, abs=1e-3)
    assert executed[-1].distance_after == pytest.approx(0.0, abs=1e-3)
    assert result.final_distance == pytest.approx(0.0, abs=1e-3)
    assert {"look", "plan", "execute", "check"} <= {item.phase for item in pursuing.feedback}
    assert any(item.ranking.plan for item in pursuing.feedback)


def test_met_on_the_word_of_memory_says_what_was_not_believed():
    run = SimpleNamespace(result=PursueGoal.Result(executed=[ExecutedAction()]))
    doubt = "not believed, since it was misread before: the cube is left"
    with pytest.raises(_Over) as over:
        PursueServer._next_action(None, run, Decision("met", None, message=doubt))
    assert (over.value.result, over.value.message) == (P.MET, f"goal met in 1 action; {doubt}")


def test_a_camera_silent_between_looks_is_enough(pursuing, robot):
    robot.camera_on = False
    pursuing.probe.next("ranked_actions", lambda m: m.status == R.STALE)
    # One picture whenever the planner looks, and none in between.
    pursuing.on_feedback = lambda f: robot.show() if f.phase in ("look", "check") else None
    _, result = pursuing.run("the drawer is open")
    assert result.result == P.MET, result.message
    assert robot.done == ["press_button", "open_drawer"]


def test_a_camera_that_stays_silent_ends_the_pursuit_as_stale(pursuing, robot, planner):
    robot.hold.set()
    handle = pursuing.start("the drawer is open")
    pursuing.probe.wait(lambda: robot.started, "the first action")
    robot.camera_on = False
    robot.hold.clear()
    _, result = pursuing.end(handle)
    assert result.result == P.STALE and "came for 5 s" in result.message
    robot.camera_on = True
    _, result = pursuing.run("the drawer is open")
    assert result.result == P.MET


def test_a_dry_run_plans_and_moves_nothing(pursuing, robot):
    status, result = pursuing.run(STORED, dry_run=True)
    assert (status, result.result) == (GoalStatus.STATUS_SUCCEEDED, P.PLANNED)
    assert result.message.startswith("plan: press the button, open the drawer")
    assert robot.started == []


def test_an_action_without_effect_is_noticed_and_not_repeated_for_ever(pursuing, robot):
    robot.broken.add("press_button")
    _, result = pursuing.run("the drawer is open")
    assert result.result == P.OUT_OF_REACH
    assert 1 <= len(robot.done) <= 4 and set(robot.done) == {"press_button"}


def test_a_robot_that_fails_ends_the_pursuit_with_its_words(pursuing, robot):
    robot.failing.add("press_button")
    _, result = pursuing.run("the drawer is open")
    assert result.result == P.EXECUTION_FAILED and "the gripper is stuck" in result.message
    assert result.executed[0].result == ExecuteAction.Result.FAILED


def test_limits_on_actions_and_time(pursuing, robot):
    _, result = pursuing.run(STORED, max_actions=2)
    assert result.result == P.MAX_ACTIONS and len(result.executed) == 2
    robot.hold.set()
    _, result = pursuing.run(STORED, time_budget=convert.to_duration(0.5))
    assert result.result == P.TIME_BUDGET
    pursuing.probe.wait(lambda: robot.cancelled or not robot.started[2:], "the cancelled action")


def test_stop_cancels_what_the_robot_does(pursuing, robot, probe):
    robot.hold.set()
    handle = pursuing.start("the drawer is open")
    probe.wait(lambda: robot.started, "the first action")
    assert probe.call(Trigger, "stop", Trigger.Request()).message == "stopping"
    status, result = pursuing.end(handle)
    assert (status, result.result) == (GoalStatus.STATUS_ABORTED, P.STOPPED)
    assert robot.cancelled == ["press_button"]
    assert result.executed[0].result == ExecuteAction.Result.PREEMPTED
    assert probe.call(Trigger, "stop", Trigger.Request()).message == "nothing was being pursued"


def test_a_client_may_cancel(pursuing, robot, probe):
    robot.hold.set()
    handle = pursuing.start("the drawer is open")
    probe.wait(lambda: robot.started, "the first action")
    probe.ask(handle.cancel_goal_async, "the cancelling")
    status, result = pursuing.end(handle)
    assert (status, result.result) == (GoalStatus.STATUS_CANCELED, P.STOPPED)
    assert robot.cancelled == ["press_button"]


def test_a_new_goal_preempts_the_old_one(pursuing, robot, probe):
    robot.hold.set()
    old = pursuing.start("the drawer is open")
    probe.wait(lambda: robot.started, "the first action")
    new = pursuing.start("the drawer is unlocked")
    _, result = pursuing.end(old)
    assert result.result == P.PREEMPTED and robot.cancelled == ["press_button"]
    robot.hold.clear()
    _, result = pursuing.end(new)
    assert result.result == P.MET and robot.state[0] == 1


def test_a_bad_goal_of_a_pursuit_is_refused_and_the_next_served(pursuing, robot):
    status, result = pursuing.run("")
    assert status == GoalStatus.STATUS_ABORTED and "text: 0 characters" in result.message
    _, result = pursuing.run(STORED, time_budget=convert.to_duration(-5.0))
    assert result.message == "time_budget: -5 s; allowed: 0 (the planner's own) or more"
    _, result = pursuing.run("win the lottery")
    assert result.result == P.NOT_UNDERSTOOD and "lottery" in result.message
    assert pursuing.run("the drawer is unlocked")[1].result == P.MET


def test_bad_parameters_and_files_fail_in_configure_with_one_line(launch, extrinsics, tmp_path):
    bad_list = tmp_path / "bad.yaml"
    bad_list.write_text("actions:\n  - {id: a, text: go}\n  - {id: a, text: stay}\n")
    cases = [
        ({"depth": 99}, "parameter depth: 99; allowed: 1 to 16"),
        ({"beam": "wide"}, "parameter beam: 'wide'; allowed: 1 to 512"),
        ({"budget_ms": -1.0}, "parameter budget_ms: -1.0; allowed: 0.0 to 600000.0"),
        ({"budget_ms": "soon"}, "parameter budget_ms: 'soon'; allowed: 0.0 to 600000.0"),
        ({"actions_file": "/nowhere.yaml"}, "/nowhere.yaml: cannot be read"),
        ({"actions_file": str(bad_list)}, "actions[1].id: 'a' a second time"),
    ]
    for parameters, message in cases:
        node = launch(PlannerNode, {"extrinsics_file": extrinsics, **parameters}).node
        assert not node.active and message in node.problem, node.problem
        assert "\n" not in node.problem
