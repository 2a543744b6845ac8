"""The README's tables: only what was measured, each world by itself."""

import json

from vljepa_ros.bench import tables
from vljepa_ros.bench.report import balanced, share

BASE = {"blind": 0.3, "text_only": 0.2, "random": 0.1, "oracle": 1.0}


def write(folder, name, **data):
    (folder / f"{name}.json").write_text(json.dumps({"model_id": "m-1", **data}))


def test_each_world_has_its_own_table_with_its_own_aims(tmp_path):
    flags = [True] * 97 + [False] * 3
    changed = {"4": share(flags), "8": share(flags)}
    write(tmp_path, "imagined", changed=changed, baselines=BASE)
    write(tmp_path, "imagined_workbench", changed=changed, baselines=BASE)
    first, second, *_ = tables.table(tmp_path).split("**Three coloured cubes")
    assert "`m-1`" in first
    deep = next(line for line in first.splitlines() if "after 8" in line)
    assert deep.endswith("| **97.0 (91.5–99.0)** | 98 | 30.0 | 20.0 | 10.0 | 100.0 | 100 |")
    assert next(s for s in second.splitlines() if "after 4" in s).split("|")[3].strip() == "95"
    assert next(s for s in second.splitlines() if "after 8" in s).split("|")[3].strip() == "90"


def test_what_was_not_measured_has_no_row(tmp_path):
    write(tmp_path, "motion", restricted=share([True]), one_frame=share([False]), baselines=BASE)
    text = tables.table(tmp_path)
    assert "Opening or closing" in text
    assert "Ranking" not in text and "workbench" not in text and "Skills" not in text


def test_refusals_are_told_by_kind_beside_what_was_refused_wrongly(tmp_path):
    base = {"random": 0.5, "oracle": 1.0, "blind": 0.4, "text_only": 0.6,
            "reachable_refused": {"ours": 0.02, "blind": 0.1, "text_only": 0.03}}
    kinds = {kind: share([True, False]) | {"said": {}} for kind in ("absent", "missing_key")}
    reachable = share([False] * 98 + [True] * 2) | {"said": {}}
    write(tmp_path, "refusal", figure=0.5, interval95=[0.1, 0.9], baselines=base,
          reachable=reachable, **kinds)
    lines = tables.table(tmp_path).splitlines()
    assert any("… absent | **50.0" in line for line in lines)
    assert any("… the key is missing | **50.0" in line for line in lines)
    wrongly = next(line for line in lines if "can be done" in line)
    assert "**2.0 (0.5–7.0)**" in wrongly and wrongly.endswith("| 10.0 | 3.0 | – | – | 100 |")


def test_a_balanced_mean_lies_in_its_interval():
    many, few = share([True] * 90 + [False] * 10), share([True] * 2 + [False] * 8)
    both = balanced([many, few, share([])])
    assert both["n"] == 110 and both["rate"] == 0.55
    low, high = both["interval95"]
    assert low < 0.55 < high and high - low > 0.5 * (few["interval95"][1] - few["interval95"][0])
    assert balanced([])["rate"] is None


def test_speaking_has_its_rows_and_says_which_rival_never_gets_there(tmp_path):
    heard = {"recall": share([True] * 9 + [False]), "recall_changes": share([True] * 6),
             "recall_attempts": share([True] * 3 + [False]), "latency_s": {"p50": 1.4},
             "precision": share([True] * 10),
             "false_lines": share([False] * 10), "quiet_lines": 1, "quiet_minutes": 20.0}
    saved = {"ours": 7.5, "ours_at_decision": 6.0, "oracle": 8.0, "ward": 6.0, "variance": 5.5,
             "pixels": None}
    cpu = {"embedding_cpu_s_per_hour": 100.2, "embedding_of_nearest": 0.5,
           "embedding_of_generator": 0.125}
    write(tmp_path, "decoding", lines={"bank": heard, "generator": heard, "bank_paced": heard},
          savings={way: {"saved": value} for way, value in saved.items()}, minutes=100.0,
          interval95=[7.0, 8.0], events_by_gap={"5": 1200}, cpu=cpu)
    asked = {"overall": share([True] * 3 + [False]), "rivals": {"blind": 0.5, "majority": 0.6}}
    write(tmp_path, "vqa_workbench", plain=asked, held_out=asked | {"count": share([True])})
    text = tables.table(tmp_path)
    assert sum("Events said, dated within 1 s" in line for line in text.splitlines()) == 2
    assert "| … pulls at something locked | **75.0 (30.1–95.4)** |" in text
    assert "| … lines that are false (at most 3) | **0.0 (0.0–27.8)** |" in text
    assert "**7.5 (7.0–8.0) times fewer decodes**" in text and "pixel difference never" in text
    assert "(6.00 stamped when it was said, 1.4 s later" in text
    assert "1 lines in 20 still minutes" in text and "12.5% of the generator" in text
    asked = next(line for line in text.splitlines() if "Questions answered right" in line)
    assert asked.endswith("| **75.0 (30.1–95.4)** | 95 | 50.0 | – | – | 100.0 | 4 |")
    assert "how many cubes" in text.split("**Three coloured cubes")[1]
