"""The workbench in motion: what is true while a cube is in the air, which frames make a clip."""

import json

import numpy as np
import pytest
import torch
from tiny_pictures import tiny_model

from vljepa_ros.model.vljepa import VLJEPA
from vljepa_ros.sim.workbench_symbolic import HELD_OUT_COMBINATIONS, WorkbenchState
from vljepa_ros.training import (
    export,
    workbench_generate,
    workbench_motion,
    workbench_scenario,
)
from vljepa_ros.training.objectives import none_loss
from vljepa_ros.training.scenario import NONE
from vljepa_ros.training.workbench_generate import WHERES, state_codes
from vljepa_ros.training.workbench_motion import MOTION_LABELS, Motion, truth_in_motion
from vljepa_ros.training.workbench_scenario import WorkbenchScenario
from vljepa_ros.training.workbench_semantics import COLOURS, WORKBENCH

FRAMES = 60


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """A folder with a few chains and FRAMES frames of motion, in two parts."""
    folder = tmp_path_factory.mktemp("workbench")
    write = workbench_generate.main
    write(["--out", str(folder), "--count", "80", "--seed", "5"])
    for part in "ab":
        write(["--out", str(folder), "--kind", "motion", "--count", str(FRAMES // 2),
               "--seed", "31" if part == "a" else "47", "--part", part])
    return folder


def labels(folder):
    return np.concatenate([np.load(p) for p in sorted(folder.glob("motion_*_labels.npy"))])


def test_no_frame_shows_a_held_out_pair_and_cubes_do_fly(filmed):
    rows = labels(filmed)
    assert len(rows) >= FRAMES
    for colour, place in HELD_OUT_COMBINATIONS:
        column = MOTION_LABELS.index(f"{colour}_cube")
        assert not (rows[:, column] == WHERES.index(place)).any()
    facts = json.loads((filmed / "motion_a.json").read_text())
    assert facts["kind"] == "motion" and facts["seed"] == 31
    flying = rows[rows[:, 12] >= 0]
    assert len(flying), "no cube was carried in the fixture's episodes: choose another seed"
    for row in flying:
        assert WHERES[row[4 + row[12]]] == "elsewhere"


def test_a_cube_above_its_held_out_place_is_held_out_too():
    bench = workbench_motion.Workbench()
    cubes = (("red", "back_left"), ("green", "front_left"), ("blue", "front_right"))
    bench.reset(WorkbenchState(cubes=cubes), seed=3)
    assert not workbench_motion.shows_held_out(bench)
    assert workbench_motion.airborne(bench) == -1
    x, y = workbench_motion.PLACE_XY["front_left"]
    bench._put_cube(0, x, y, 0.2, 0.0)  # red, carried across
    assert workbench_motion.airborne(bench) == COLOURS.index("red")
    assert workbench_motion.shows_held_out(bench)
    bench._put_cube(0, x, y + 0.06, 0.2, 0.0)
    assert not workbench_motion.shows_held_out(bench)


def test_of_a_cube_in_the_air_no_place_is_true():
    state = WorkbenchState(cubes=(
        ("red", "elsewhere"), ("green", "back_left"), ("blue", "on_green")))
    codes = np.array([state_codes(state)] * 2)
    truth = truth_in_motion(codes, np.array([COLOURS.index("red"), -1]))
    named = dict(zip(WORKBENCH.subject_ids, truth.T, strict=True))
    assert named["red_place"].tolist() == [NONE, -1]
    assert named["red_in"].tolist() == [-1, WORKBENCH.index["red.table"]]
    assert (named["count"] == WORKBENCH.index["count.two"]).all()
    assert (named["blue_place"] == WORKBENCH.index["blue.on_green"]).all()


def test_clips_never_reach_over_a_cut(filmed):
    motion = Motion.load(filmed)
    parts = [np.load(filmed / f"motion_{part}_000_labels.npy")[:, 11] for part in "ab"]
    assert len(np.unique(motion.segment)) == sum(len(np.unique(part)) for part in parts)
    index = motion.clips(np.arange(len(motion.segment)))
    assert (motion.segment[index] == motion.segment[:, None]).all()
    assert index[len(parts[0])].tolist() == [len(parts[0])] * 4  # another part, another scene
    inside = np.flatnonzero(motion.segment[3:] == motion.segment[:-3])[0] + 3
    assert index[inside].tolist() == [inside - 3, inside - 2, inside - 1, inside]
    assert index[0].tolist() == [0, 0, 0, 0]


def test_a_batch_has_its_share_of_motion_and_rolls_out_from_rest_only(filmed):
    data = WorkbenchScenario(filmed)
    clips = data.draw(20, np.random.default_rng(0), share_motion=0.35)
    assert clips.clip.shape[:2] == (20, 4)
    assert clips.start.sum() == 13
    assert (clips.caption[~clips.start] == -1).all()
    roll = data.rollouts(clips, np.flatnonzero(clips.start), 2, np.random.default_rng(1))
    assert roll.truth.shape == (13, 3, len(WORKBENCH.subjects))
    assert not (clips.truth[clips.start] == NONE).any()
    moving = data.held_out(5, np.random.default_rng(0), moving=True)
    assert (moving.row >= data.chained).all()
    newest = torch.from_numpy(data.frames[moving.row]).permute(0, 3, 1, 2)
    assert torch.equal(moving.clip[:, -1], newest)


def test_without_motion_everything_is_as_it_was(filmed, tmp_path):
    for path in filmed.glob("chains_*"):
        (tmp_path / path.name).symlink_to(path)
    data = WorkbenchScenario(tmp_path)
    assert not data.moves
    assert data.draw(8, np.random.default_rng(0), share_motion=0.5).start.all()
    with pytest.raises(ValueError, match="moving = True; allowed: where the data have motion"):
        data.held_out(2, np.random.default_rng(0), moving=True)


def test_answering_none_of_them_is_an_even_guess():
    statements = torch.eye(4, 8)
    even = torch.nn.functional.normalize(torch.ones(1, 8), dim=-1)
    leaning = torch.nn.functional.normalize(even + 0.3 * statements[:1], dim=-1)
    assert float(none_loss(even, statements)) == pytest.approx(0.0, abs=1e-5)
    assert float(none_loss(statements[:1], statements)) > float(none_loss(leaning, statements)) > 0


def test_the_limits_of_what_was_never_shown_come_from_what_was(filmed, monkeypatch):
    monkeypatch.setattr(workbench_scenario, "HELD_SHARE", 0.5)
    data = WorkbenchScenario(filmed)
    data.frames = data.frames[:, ::4, ::4]  # as small as the tiny model wants them
    torch.manual_seed(2)
    network = VLJEPA(tiny_model()).eval()
    width = network.config.embedding
    statements, queries = (
        torch.nn.functional.normalize(torch.randn(count, width), dim=-1)
        for count in (len(WORKBENCH.statements), len(WORKBENCH.subjects))
    )
    export.expect_novel(network, data, statements, queries, count=30)
    held_out = sorted(WORKBENCH.index[s] for s in WORKBENCH.held_out)
    assert network.config.novel == len(held_out) == 6
    torch.testing.assert_close(network.predictor.novel, statements[held_out])
    limits = network.predictor.novel_limits.clone()
    network.predictor.novel_limits.fill_(2.0)  # nothing is drawn anywhere
    clips = data.held_out(30, np.random.default_rng(29))
    with torch.no_grad():
        slots = network.x_encoder(clips.clip)
        for row, limit in zip(held_out, limits, strict=True):
            subject = WORKBENCH.subjects_of[WORKBENCH.statement_ids[row]][0]
            colour = WORKBENCH.statement_ids[row].split(".")[0]
            truth = clips.truth[:, subject]
            there = torch.from_numpy((truth >= 0) & (truth != WORKBENCH.index[f"{colour}.unseen"]))
            asked = torch.stack((queries[subject], statements[row]))
            beyond = network.predictor(slots[there], asked) @ statements[row] > limit
            assert 0 < beyond.sum() <= max(1, export.MAX_NOVEL * beyond.numel())
