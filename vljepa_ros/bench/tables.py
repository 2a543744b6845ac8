"""Writes the measured figures of docs/bench/*.json into the README, between two markers.

    python -m vljepa_ros.bench.tables        # after `make bench` and `make bench WORLD=workbench`

A result of the workbench is in `<name>_workbench.json`. What was not measured has no row.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from . import table_rows, table_speaking
from .table_rows import HEADER, Data, percent

BEGIN, END = "<!-- figures: make bench -->", "<!-- /figures -->"
ROOT = Path(__file__).resolve().parents[2]
WORLDS = (("scene-v0", "", "One cube (`scene-v0`)"),
          ("workbench", "_workbench", "Three coloured cubes, stacks (`workbench`)"))

ROWS: tuple[tuple[str, Callable[[Data], list[str]]], ...] = (
    ("ranking", table_rows.ranking),
    ("planning", table_rows.planning(
        "Planning in closed loop, {lengths} actions, half or more through a lock",
        {"scene-v0": 95}, apart=True)),
    ("planning_held_out", table_rows.planning("… in held-out wording", {})),
    ("planning_tasks", table_rows.planning(
        "OGBench tasks 1, 2, 4, 5 in words, OGBench's own flag", {"scene-v0": 97})),
    ("planning_tasks_held_out", table_rows.planning("… in held-out wording", {"scene-v0": 90})),
    ("planning_tasks_picture", table_rows.planning(
        "… all five tasks, the goal as a picture", {"scene-v0": 90})),
    ("planning_tasks_pose", table_rows.planning(
        "… tasks 1, 2 and 3, the cube's place as a pose", {})),
    ("planning_meddle", table_rows.planning(
        "… while somebody meddles once in every episode", {"scene-v0": 90, "workbench": 90})),
    ("planning_cover", table_rows.planning("… while the camera is covered for some looks", {})),
    ("hidden", table_rows.hidden),
    ("works", table_rows.works),
    ("imagined", table_rows.imagined),
    ("worldmodel", table_rows.worldmodel),
    ("goalcheck", table_rows.goalcheck),
    ("refusal", table_rows.refusal),
    ("motion", table_rows.motion),
    ("surface", table_rows.surface),
    ("reading", table_rows.reading),
    ("decoding", table_speaking.decoding),
    ("vqa", table_speaking.vqa),
    ("classify", table_speaking.classify),
    ("classify_stage1", table_speaking.stage1),
    ("retrieve", table_speaking.retrieve),
    ("retrieve_stage1", table_speaking.stage1),
)


def table(folder: Path) -> str:
    """The markdown of everything that was measured: one table a world, then a few sentences."""
    def read(name: str) -> Data | None:
        path = folder / f"{name}.json"
        return json.loads(path.read_text()) if path.is_file() else None

    blocks = []
    for env, suffix, title in WORLDS:
        lines: list[str] = []
        models: dict[str, None] = {}
        for name, rows in ROWS:
            if (data := read(name + suffix)) is not None:
                lines += rows(data | {"env": env})
                models[data["model_id"]] = None
        if lines:
            named = ", ".join(f"`{model}`" for model in models)
            blocks.append("\n".join([f"**{title}**, model {named}:", "", *HEADER, *lines]))
    blocks += _sentences(read)
    return "\n\n".join([*blocks, "Two shared CPU cores, no GPU."])


def _sentences(read: Callable[[str], Data | None]) -> list[str]:
    """What does not fit a table."""
    blocks = []
    for _, suffix, _ in WORLDS:
        if (data := read(f"skills{suffix}")) is not None:
            worst = min(row["rate"] for row in data["skills"].values())
            runs = sum(row["n"] for row in data["skills"].values())
            world = " (workbench)" if suffix else ""
            blocks.append(
                f"Skills of the simulated robot{world} from states where they are legal: "
                f"{percent(data['figure'])}% of {runs} runs, the worst skill {percent(worst)}% "
                "(aim: 97)."
            )
        if (data := read(f"surface{suffix}")) is not None:
            world = "workbench" if suffix else "scene-v0"
            blocks.append(table_rows.surface_sentence(data, world))
    if (data := read("decoding")) is not None:
        blocks.append(table_speaking.decoding_sentence(data))
    if (data := read("twin")) is not None:
        blocks.append(table_speaking.twin_sentence(data))
    if (data := read("plan_speed")) is not None:
        found = data["plan_ms_by_actions"]
        longest = max(found, key=int)
        blocks.append(
            f"40 candidates ranked in {data['ranking_40_candidates_ms_p50']} ms (aim: 60), a plan "
            f"of {longest} actions among {data['plan_candidates']} candidates found in "
            f"{found[longest]['p50']} ms; a goal that no plan reaches, searched in full 8 deep, "
            f"{data['out_of_reach_depth_8_ms_p50']} ms (aim: 300), medians with "
            f"`{data['model_id']}` and {data['threads']} threads "
            "([plot](docs/bench/plan_speed.png))."
        )
    if (data := read("latency")) is not None:
        blocks.append(
            f"Image published to `semantic_state` received, {data['image']}, measured with "
            f"`{data['model_id']}`: "
            f"{data['image_to_state_ms']['p50']} ms at the median, of which the bare forward pass "
            f"{data['bare_forward_ms']['p50']} ms and a bare message trip "
            f"{data['bare_trip_ms']['p50']} ms: the node adds {data['added_ms_p50']} ms (aim: 5)."
        )
    return blocks


def main() -> None:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    figures = table(ROOT / "docs" / "bench")
    readme.write_text(f"{text[:start]}\n{figures}\n{text[end:]}", encoding="utf-8")
    print(figures)


if __name__ == "__main__":
    main()
