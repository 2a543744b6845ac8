"""Pictures that are misread: the planner notices, instead of going round in circles."""

from collections import Counter
from dataclasses import dataclass, field

from test.planning.bench_world import BenchStates, BenchWorld, candidates, goal_of
from vljepa_ros.planning.misreadings import DOUBTS, Misreadings
from vljepa_ros.planning.pursuit import Pursuit
from vljepa_ros.planning.things import Believed
from vljepa_ros.sim import workbench_symbolic as symbolic
from vljepa_ros.sim.workbench_symbolic import WorkbenchState


@dataclass
class Run:
    """A pursuit in which `misread` says what is read in place of the true state."""

    state: WorkbenchState
    goal: dict
    misread: object
    meddle: dict = field(default_factory=dict)  # after so many actions -> what the state is made
    max_actions: int = 12

    def __post_init__(self):
        self.decisions = []
        world = BenchWorld()
        self.pursuit = Pursuit(world, world.vocabulary, goal_of(self.goal),
                               candidates(self.state), max_actions=self.max_actions)
        while True:
            self.state = self.meddle.pop(len(self.pursuit.history), self.state)
            self.decisions.append(self.pursuit.look(BenchStates([self.misread(self.state)])))
            if self.decisions[-1].kind != "act":
                return
            action = self.decisions[-1].action.id
            worked = symbolic.works(self.state, action)
            self.state = symbolic.apply(self.state, action)
            self.pursuit.executed(action, "SUCCEEDED" if worked else "PRECONDITION")

    @property
    def actions(self):
        return [e.action.id for e in self.pursuit.history]


TOWER = WorkbenchState(cubes=(("green", "on_blue"), ("blue", "back_right"),
                              ("purple", "back_left")))
WANTED = {"purple_cube": "on_green", "blue_cube": "back_right"}


def blue_elsewhere_under_purple(state):
    return state.moved("blue", "front_left") if state.where("purple") == "on_green" else state


def test_a_thing_that_jumps_there_and_back_untouched_was_misread():
    run = Run(TOWER, WANTED, blue_elsewhere_under_purple)
    assert run.decisions[-1].kind == "met" and symbolic.goal_holds(run.state, WANTED)
    assert run.actions[0] == run.actions[2] == "stack_purple_on_green" and len(run.actions) == 3
    assert "misread before: the blue cube is front left" in run.decisions[-1].message
    assert all("misread" not in d.message for d in run.decisions[:-1])


def test_what_is_read_once_is_believed():
    moved = TOWER.moved("purple", "on_green").moved("blue", "front_left")
    run = Run(TOWER, {"purple_cube": "on_green"}, lambda state: state, {1: moved})
    assert run.decisions[-1].kind == "met" and run.decisions[-1].noticed
    assert run.pursuit.belief.of("blue_place").statement_id == "blue.front_left"
    assert run.pursuit.belief.doubted == ()


def doubts(places):
    """Of each place at which a thing is read that nothing moves: whether it is not believed."""
    misreadings, believed, found = Misreadings(), "left", []
    for place in places:
        held, read = ({"red_place": Believed("red_place", f"red.{p}", "", 1.0)}
                      for p in (believed, place))
        found.append(bool(misreadings.doubt(held, held, read)))
        if not found[-1]:
            misreadings.believed()
            believed = place
    return found


def test_a_misreading_is_doubted_only_so_often_and_what_it_was_taken_for_never():
    jumps = ["right", "left"]  # there and back: "right" is a misreading of "left"
    assert doubts([*jumps, "left", "right"]) == [False, False, False, True]
    stays = ["right"] * (DOUBTS + 1)  # it was moved after all
    assert doubts([*jumps, *stays, "left"]) == [False, False, *[True] * DOUBTS, False, False]


def purple_beside_green(state):
    return state.moved("purple", "front_left") if state.where("purple") == "on_green" else state


def test_what_keeps_going_astray_is_not_tried_for_ever_in_the_same_state():
    """The stack is always read as two cubes side by side: the goal is never seen to hold."""
    run = Run(TOWER, {"purple_cube": "on_green"}, purple_beside_green, max_actions=16)
    assert run.decisions[-1].kind == "out_of_reach" and len(run.actions) <= 8
    assert "'stack purple on green' did nothing 3 times" in run.decisions[-1].message
    tried = Counter((tuple(b.statement_id for b in d.beliefs), d.action.id)
                    for d in run.decisions if d.kind == "act")
    assert max(tried.values()) <= 2
    assert len({action for _, action in tried}) >= 3  # it did try something else


SHELF = WorkbenchState(cubes=(("green", "back_right"), ("red", "front_left"),
                              ("purple", "back_left")))


def purple_elsewhere(state):
    there = state.where("purple") == "back_left" and state.at("front_right") is None
    return state.moved("purple", "front_right") if there else state


def test_what_stands_where_it_is_not_read_is_put_out_of_the_way():
    goal = {"green_cube": "back_left"}
    run = Run(SHELF, goal, purple_elsewhere)
    assert run.decisions[-1].kind == "met" and symbolic.goal_holds(run.state, goal)
    assert len(run.actions) <= 8
    said = [d.message for d in run.decisions if "in the way" in d.message]
    assert said and "did nothing 2 times" in said[0]
    assert run.actions.count("place_green_back_left") <= 4


def test_every_thing_is_suspected_only_once():
    """The place is never free, whatever the pictures say: the planner gives up in the end."""

    goal = {"green_cube": "back_left"}
    state = SHELF.moved("purple", "front_middle")
    world = BenchWorld()
    pursuit = Pursuit(world, world.vocabulary, goal_of(goal), candidates(state), max_actions=30)
    cleared = []
    while (decision := pursuit.look(BenchStates([state]))).kind == "act":
        if "in the way" in decision.message:
            cleared.append(symbolic.move_of(decision.action.id).colour)
        refused = decision.action.id == "place_green_back_left"
        state = state if refused else symbolic.apply(state, decision.action.id)
        pursuit.executed(decision.action.id, "PRECONDITION" if refused else "SUCCEEDED")
    assert sorted(cleared) == ["purple", "red"]
