"""The client class: sync and async, with and without a running executor, names, errors."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pytest
import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from std_srvs.srv import Trigger

from test.nodes.ros import Spinner
from test.nodes.test_planner_node import STORED, actions_file, planner, robot  # noqa: F401
from vljepa_ros.client import Ending, Planner, PlannerError, PlannerNotFound, SkillResult, Status
from vljepa_ros.nodes.decoder_node import DecoderNode
from vljepa_ros.planning.candidates import Candidate

OPEN = "the drawer is open"


@pytest.fixture
def client(stack, namespace):
    """client(node=None, **kwargs) -> a Planner of the test's namespace."""

    def client(node=None, **kwargs):
        if node is None:
            kwargs.setdefault("namespace", namespace)
        return stack.enter_context(Planner(node, **kwargs))

    return client


@pytest.fixture
def user(stack, namespace):
    """user(*cli) -> a node of the user's, in the test's namespace, not spun."""

    def user(*cli, name="user", place=namespace):
        node = rclpy.create_node(name, namespace=place, cli_args=["--ros-args", *cli])
        stack.callback(node.destroy_node)
        return node

    return user


@pytest.fixture
def decoder(planner, launch, probe):  # noqa: F811
    """decoder_node beside the planner, with the toy model's vocabulary."""
    node = launch(DecoderNode).node
    probe.wait(lambda: node._vocabulary is not None, "the vocabulary")
    return node


def test_without_a_node_or_an_executor(planner, robot, client):  # noqa: F811
    robot_planner = client()
    ranking = robot_planner.rank(OPEN)
    assert ranking.status == Status.OK and ranking.best.text == "press the button"
    assert [step.action_id for step in ranking.plan] == ["press_button", "open_drawer"]
    assert ranking.distance == pytest.approx(1.0, abs=0.01)

    plan = robot_planner.plan(STORED)
    assert plan.ending == Ending.PLANNED and not plan.executed and not robot.done
    assert [step.action_id for step in plan.ranking.plan][:2] == ["press_button", "open_drawer"]

    progress = []
    result = robot_planner.pursue(STORED, on_progress=progress.append)
    assert result.met and result.goal_id and robot.state == (1, 0, 1)
    assert [e.result for e in result.executed] == [SkillResult.SUCCEEDED] * 4
    assert {p.phase for p in progress} >= {"plan", "execute", "check"}
    assert robot_planner.state().readings["cube"].statement == "the cube is in the drawer"
    assert robot_planner.rank(STORED).status == Status.MET
    assert robot_planner.clear_goal() == "goal cleared"
    assert robot_planner.stop() == "nothing was being pursued"


def test_what_the_robot_can_do_is_asked_for_and_replaced(planner, client):  # noqa: F811
    robot_planner = client()
    before = robot_planner.actions()
    assert {a.id for a in before} >= {"press_button", "wait"} and before[0].timeout == 20.0
    name = robot_planner.set_actions([Candidate("wait", "do nothing")])
    assert name and [a.id for a in robot_planner.actions()] == ["wait"]
    with pytest.raises(PlannerError, match="wait"):
        robot_planner.set_actions([Candidate("wait", "a"), Candidate("wait", "b")])
    assert [a.id for a in robot_planner.actions()] == ["wait"]


def test_await_in_a_callback_keeps_the_others_going_and_goes_on_at_once(
    planner,  # noqa: F811
    robot,  # noqa: F811
    client,
    user,
    probe,
):
    node = user()
    robot_planner = client(node)
    ticks, ended = [], []
    node.create_timer(0.02, lambda: ticks.append(time.monotonic()))

    async def on_go(request, response):
        result = await robot_planner.pursue_async(OPEN)
        ended.append(time.monotonic())
        response.success, response.message = result.met, result.message
        return response

    node.create_service(Trigger, "go", on_go, callback_group=MutuallyExclusiveCallbackGroup())
    robot.hold.set()
    spinner = Spinner(node)
    asked = threading.Thread(
        target=lambda: answers.append(probe.call(Trigger, "go", Trigger.Request())), daemon=True
    )
    answers = []
    asked.start()
    probe.wait(lambda: robot.started, "the first action")
    count = len(ticks)
    probe.wait(lambda: len(ticks) > count + 5, "ticks meanwhile")
    robot.hold.clear()
    asked.join(20)
    spinner.stop()
    assert answers[0].success, answers[0].message
    assert spinner.errors == []


def test_an_idle_executor_is_woken_when_the_answer_is_there(planner, client, user):  # noqa: F811
    node = user()
    robot_planner = client(node)
    spinner = Spinner(node)
    took = []

    async def job():
        before = time.monotonic()
        await robot_planner.set_goal_async(OPEN)
        took.append(time.monotonic() - before)
        return True

    # Nothing but the answer happens in this executor; spin_once has no other reason to return.
    spinner._executor.spin_once = lambda timeout_sec=None: type(spinner._executor).spin_once(
        spinner._executor, 30.0
    )
    assert spinner.run(job) and took[0] < 5.0
    spinner.stop()


def test_a_plain_call_in_a_callback_of_a_single_threaded_executor_is_answered(
    planner,  # noqa: F811
    client,
    user,
):
    node = user()
    robot_planner = client(node)
    spinner = Spinner(node)
    assert spinner.run(lambda: robot_planner.set_goal(OPEN)).understood
    spinner.stop()


def test_asyncio(planner, client):  # noqa: F811
    robot_planner = client()

    async def both():
        return await asyncio.gather(
            robot_planner.set_goal_async(OPEN), robot_planner.actions_async()
        )

    goal, actions = asyncio.run(both())
    assert goal.understood and len(actions) == 5


def test_names_follow_the_nodes_namespace_and_remaps(planner, client, user, namespace):  # noqa: F811
    elsewhere = user(
        "-r", f"set_goal:={namespace}/set_goal", "-r", f"stop:={namespace}/stop", place="/elsewhere"
    )
    robot_planner = client(elsewhere, timeout=1.0)
    assert robot_planner.set_goal(OPEN).understood
    assert robot_planner.stop() == "nothing was being pursued"
    with pytest.raises(PlannerNotFound, match="nobody offers /elsewhere/clear_goal"):
        robot_planner.clear_goal()
    upstairs = client(user(place="/", name="upstairs"), namespace=f"{namespace.strip('/')}/")
    assert upstairs.set_goal(OPEN).understood


def test_a_pursuit_whose_planner_is_gone_ends(planner, robot, client, probe, monkeypatch):  # noqa: F811
    robot.hold.set()
    robot_planner = client(timeout=2.0)
    call = robot_planner.pursue_async(OPEN)
    probe.wait(lambda: robot.started, "the first action")
    monkeypatch.setattr(robot_planner._requests._pursue, "server_is_ready", lambda: False)
    with pytest.raises(PlannerNotFound, match="pursue_goal is gone in mid-pursuit"):
        call.result(20)


def test_a_pursuit_is_cancelled_by_its_call_and_by_closing(planner, robot, client, probe):  # noqa: F811
    robot.hold.set()
    robot_planner = client()
    call = robot_planner.pursue_async(OPEN)
    probe.wait(lambda: robot.started, "the first action")
    assert not call.done()
    call.cancel()
    assert call.result(20).ending == Ending.STOPPED
    assert robot.cancelled == ["press_button"]
    robot_planner.pursue_async(OPEN)
    probe.wait(lambda: len(robot.started) == 2, "the second pursuit")
    robot_planner.close()
    assert robot.cancelled == ["press_button"] * 2
    with pytest.raises(RuntimeError, match="closed"):
        robot_planner.set_goal(OPEN)


def test_listeners_hear_states_rankings_and_spoken_changes(planner, robot, client, probe):  # noqa: F811
    robot_planner = client()
    states, rankings, problems = [], [], []

    def on_state(state):
        states.append(state)
        try:
            robot_planner.actions()
        except RuntimeError as error:
            problems.append(str(error))

    goals = []
    robot_planner.listen(state=on_state, ranking=rankings.append, goal=goals.append)
    robot_planner.set_goal(OPEN)
    probe.wait(lambda: [g.text for g in goals if g.parts == (OPEN,)] == [OPEN], "the goal")
    probe.wait(lambda: [r for r in rankings if r.status == Status.OK], "a ranking")
    probe.wait(lambda: states, "a state")
    assert states[0].readings["lock"].confidence > 0.9
    assert "would wait for itself" in problems[0]


def test_alerts_are_added_listed_heard_and_removed(decoder, robot, client, probe):  # noqa: F811
    robot_planner = client()
    heard = []
    robot_planner.listen(alert=heard.append)
    assert robot_planner.alerts() == ()
    added = robot_planner.add_alert("tell me when the drawer is open for a second", name="left")
    assert (added.id, added.condition, added.hold) == ("left", OPEN, 1.0)
    assert added.confidence > 0.9
    other = robot_planner.add_alert("the drawer is closed", hold=3.5, threshold=0.25)
    assert (other.id, other.hold) == ("alert_2", 3.5)
    [left, closed] = robot_planner.alerts()
    assert (left.id, left.condition, left.raised, left.holding) == ("left", OPEN, 0, False)
    assert left.text == "tell me when the drawer is open for a second" and left.hold == 1.0
    assert closed.threshold == pytest.approx(0.25)
    assert robot_planner.remove_alert("alert_2") is None

    robot.state = (1, 1, 0)
    probe.wait(lambda: heard, "the alert to be raised")
    assert heard[0].raised and heard[0].id == "left" and heard[0].held >= 0.99
    assert heard[0].stamp == pytest.approx(heard[0].since + heard[0].held, abs=0.01)
    assert heard[0].rule == left.text and heard[0].text == "The drawer is open for 1 second now."
    assert [alert.raised for alert in asyncio.run(_listed(robot_planner))] == [1]
    robot.state = (1, 0, 0)
    probe.wait(lambda: len(heard) == 2, "the alert to be over")
    assert not heard[1].raised and heard[1].text.startswith("No longer: The drawer is open.")
    asyncio.run(_removed(robot_planner, "left"))
    assert robot_planner.alerts() == ()


async def _listed(robot_planner):
    return await robot_planner.alerts_async()


async def _removed(robot_planner, name):
    added = await robot_planner.add_alert_async("the cube is on the table", name="cube")
    await robot_planner.remove_alert_async(added.id)
    await robot_planner.remove_alert_async(name)


def test_alerts_that_cannot_be_are_refused_in_the_nodes_words(decoder, client):
    robot_planner = client()
    for text, words in (
        ("the soup is hot", "not understood; allowed: about lock, drawer, cube"),
        ("the drawer is open or the drawer is locked", "'or' in .*; allowed: one condition"),
        ("", "text: ''; allowed: 1 to 500"),
    ):
        with pytest.raises(PlannerError, match=words):
            robot_planner.add_alert(text)
    robot_planner.add_alert(OPEN, name="a")
    with pytest.raises(PlannerError, match="id: 'a' is in use"):
        robot_planner.add_alert(OPEN, name="a")
    with pytest.raises(PlannerError, match="id: 'b'; allowed: a"):
        robot_planner.remove_alert("b")
    with pytest.raises(PlannerError, match="hold: -1.0; allowed: 0 to"):
        robot_planner.add_alert(OPEN, hold=-1.0)
    with pytest.raises(PlannerNotFound, match="is decoder_node running"):
        client(namespace="/nowhere", timeout=0.2).alerts()


def test_what_the_planner_refuses_is_raised_in_its_words(planner, client):  # noqa: F811
    robot_planner = client()
    for bad in ("", "  ", "x" * 600):
        with pytest.raises(PlannerError, match="allowed: 1 to"):
            robot_planner.set_goal(bad)
        with pytest.raises(PlannerError, match="allowed: 1 to"):
            robot_planner.pursue(bad)
    with pytest.raises(TypeError, match="goal: int; allowed: words"):
        robot_planner.set_goal(3)
    with pytest.raises(ValueError, match="allowed: .H, W, 3. uint8"):
        robot_planner.set_goal(np.zeros((4, 4)))
    assert not robot_planner.set_goal("peace on earth").understood
    assert robot_planner.pursue("peace on earth").ending == Ending.NOT_UNDERSTOOD


def test_nobody_there_is_said_in_time(client):
    began = time.monotonic()
    with pytest.raises(PlannerNotFound, match="is planner_node running") as caught:
        client(timeout=0.5).pursue(OPEN)
    assert time.monotonic() - began < 5 and "\n" not in str(caught.value)
    with pytest.raises(TimeoutError, match="no semantic_state in 0.2 s"):
        client(timeout=0.2).state()
