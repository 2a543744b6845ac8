"""The ablations: same start and steps for all, one row each, a table kept up to date."""

import pytest
import torch
import yaml
from tiny_pictures import tiny_model, write_pictures

from vljepa_ros.model.checkpoint import save_model
from vljepa_ros.model.vljepa import VLJEPA
from vljepa_ros.training import ablations, run, sentence_bank
from vljepa_ros.training.ablations import BEGIN, END, VARIANTS, Ablations, config_of, write_table
from vljepa_ros.training.motion_check import opening_against_closing
from vljepa_ros.training.scene_scenario import SceneScenario
from vljepa_ros.training.sentence_bank import SentenceBank
from vljepa_ros.training.stages import VisionConfig, VisionTrainer

THRESHOLDS = {"met_threshold": 0.3, "understood_threshold": 0.5, "works_threshold": 0.5}


@pytest.fixture(autouse=True)
def few_wordings(monkeypatch):
    monkeypatch.setattr(sentence_bank, "WORDINGS", 4)
    monkeypatch.setattr(sentence_bank, "QUESTION_WORDINGS", 4)


def make(tmp_path, steps, lines):
    if not (tmp_path / "data").exists():
        write_pictures(tmp_path / "data")
    vision = {"stage1_steps": 1, "stage2_steps": 3, "batch": 6, "rollout_batch": 4,
              "max_rollout": 2, "warm_up": 1}
    config = {"data": str(tmp_path / "data"), "vision": vision}
    return Ablations(config, steps, tmp_path / "out", None, lines.append, tiny_model())


def test_every_variant_takes_the_same_number_of_steps_and_leaves_one_thing_out():
    base = VisionConfig(stage1_steps=120, stage2_steps=1400)
    made = {v.name: config_of(base, v, 300) for v in VARIANTS}
    assert {c.stage1_steps + c.stage2_steps for c in made.values()} == {300}
    assert made["base"].stage1_steps == 24 and made["no_stage1"].stage1_steps == 0
    assert not made["no_latent"].latent and made["cosine"].cosine_only
    assert made["frozen_text"].freeze_text and made["single_frame"].single_frame


def test_variants_start_alike_and_fill_a_table(tmp_path):
    lines = []
    work = make(tmp_path, 2, lines)
    first, second = work.start().state_dict(), work.start().state_dict()
    assert all(torch.equal(first[k], second[k]) for k in first)
    chosen = [v for v in VARIANTS if v.name in ("base", "single_frame")]
    rows = work.run(chosen)
    assert [row["reached"] for row in rows] == [2, 2]
    assert all(0 <= row["reading"] <= 1 and "imagined_8_changed" in row for row in rows)
    lines.clear()
    assert work.run(chosen) == rows  # finished ones are kept
    assert lines == ["base: already there", "single_frame: already there"]
    text = ablations.table(rows)
    assert text.count("\n| ") == 2 and "the newest frame instead of a clip | 2 |" in text


def test_after_a_finished_stage_1_only_the_variant_without_it_starts_from_random(tmp_path):
    work = make(tmp_path, 2, [])
    torch.manual_seed(9)
    seen = VLJEPA(tiny_model())
    save_model(tmp_path / "seen", "seen", seen, {"a": {"a.yes": "yes", "a.no": "no"}},
               torch.zeros(1, 16), {"a": torch.zeros(2, 16)}, THRESHOLDS)
    work.stage1 = tmp_path / "seen"
    weight = seen.x_encoder.state_dict()
    begun, random = work.start().x_encoder.state_dict(), work.start(False).x_encoder.state_dict()
    assert all(torch.allclose(begun[k], weight[k], atol=1e-2) for k in weight)
    assert not all(torch.allclose(random[k], weight[k], atol=1e-2) for k in weight)
    made = config_of(work.base, VARIANTS[0], 2, stage1_done=True)
    assert (made.stage1_steps, made.stage2_steps) == (0, 2)


def test_frozen_heads_do_not_learn_but_are_saved(tmp_path):
    work = make(tmp_path, 2, [])
    network = work.start()
    before = network.y_encoder.head.skip.weight.detach().clone()
    config = VisionConfig(stage1_steps=1, stage2_steps=1, batch=6, freeze_text=True, warm_up=1)
    trainer = VisionTrainer(network, work.data, work.bank, config)
    for number in range(trainer.total):
        trainer.step(number)
    assert torch.equal(network.y_encoder.head.skip.weight, before)
    trainer.thaw()
    assert all(p.requires_grad for p in network.y_encoder.head.parameters())


def test_what_runs_out_of_time_says_so_and_goes_on(tmp_path):
    lines = []
    row = make(tmp_path, 5, lines).run(VARIANTS[:1], minutes=0.0)[0]
    assert row["reached"] == 1
    assert "| 1 of 5 |" in ablations.table([row])
    row = make(tmp_path, 5, lines).run(VARIANTS[:1])[0]
    assert row["reached"] == 5 and "resumed at step 1" in lines


def test_the_table_replaces_only_what_is_between_its_markers(tmp_path):
    path = tmp_path / "docs" / "page.md"
    write_table("| new |", path)
    assert path.read_text() == f"# Ablations\n\n{BEGIN}\n| new |\n{END}\n"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_table("| new |", path)
    assert path.read_text() == f"before\n{BEGIN}\n| new |\n{END}\nafter\n"
    path.write_text("no markers")
    with pytest.raises(ValueError, match="lacks the lines"):
        write_table("| new |", path)
    with pytest.raises(ValueError, match="steps = 1"):
        make(tmp_path, 1, [])


def test_a_picture_that_does_not_change_cannot_tell_opening_from_closing(tmp_path):
    write_pictures(tmp_path, still=True)
    data = SceneScenario(tmp_path)
    data.pictures.held_motion = data.pictures.motion
    torch.manual_seed(0)
    model = VLJEPA(tiny_model())
    found = opening_against_closing(model, data, SentenceBank(model.y_encoder, data, 1))
    assert found["motion"] == 0.5 and found["motion_clips"] > 20


def test_the_command_takes_the_language_of_a_model_and_writes_the_table(tmp_path, capsys):
    write_pictures(tmp_path / "data")
    torch.manual_seed(5)
    teacher = VLJEPA(tiny_model())
    save_model(tmp_path / "teacher", "teacher", teacher, {"a": {"a.yes": "yes", "a.no": "no"}},
               torch.zeros(1, 16), {"a": torch.zeros(2, 16)}, THRESHOLDS)
    learner = VLJEPA(tiny_model())
    assert run.take_language(learner, tmp_path / "teacher") == len(
        teacher.y_encoder.state_dict())
    torch.testing.assert_close(learner.y_encoder.head.skip.weight,
                               teacher.y_encoder.head.skip.weight, rtol=1e-2, atol=1e-2)
    assert not torch.equal(learner.predictor.head.weight, teacher.predictor.head.weight)
    config = {"model": tiny_model().to_dict(),
              "vision": {"batch": 6, "rollout_batch": 4, "max_rollout": 2}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    command = ["--config", str(tmp_path / "config.yaml"), "--steps", "2", "--only", "cosine",
               "--data", str(tmp_path / "data"), "--language", str(tmp_path / "teacher"),
               "--out", str(tmp_path / "out"), "--table", str(tmp_path / "page.md")]
    assert ablations.main(command) == 0
    assert "| cosine to the true statement" in (tmp_path / "page.md").read_text()
    assert ablations.main([*command, "--steps", "1"]) == 2
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith("ablations: steps = 1")
