"""Writes the measured figures of docs/bench/*.json into the README, between two markers.

    python -m vljepa_ros.bench.tables        # after `make bench`
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- figures: make bench -->", "<!-- /figures -->"
ROOT = Path(__file__).resolve().parents[2]


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def interval(row: dict[str, Any]) -> str:
    low, high = row["interval95"]
    return f"{percent(row['rate'])} ({percent(low)}–{percent(high)})"


def ranking(data: dict[str, Any]) -> list[str]:
    rows = []
    names = {
        "direct_plain": "Ranking, goal one action away", "direct_held_out": "… in held-out wording",
        "blocked_pairs_plain": "Ranking, blocked goals (both scenes of a pair right)",
        "blocked_pairs_held_out": "… in held-out wording",
    }
    targets = {"direct_plain": 98, "direct_held_out": 88, "blocked_pairs_plain": 95,
               "blocked_pairs_held_out": 88}
    for key, name in names.items():
        base = data[key]["baselines"]
        rows.append(_row(name, interval(data[key]), targets[key], base["blind"],
                         base["text_only"], base["random"], base["oracle"], data[key]["n"]))
    return rows


def planning(data: dict[str, Any], name: str, target: float | None) -> list[str]:
    base = {k: v["success_rate"] for k, v in data["baselines"].items()}
    figure = interval({"rate": data["success_rate"], "interval95": data["interval95"]})
    return [_row(name, figure, target, base["blind"], base["text_only"], base["random"],
                 base["oracle"], data["episodes"])]


def works(data: dict[str, Any]) -> list[str]:
    base = data["baselines"]
    rows = []
    for where in ("seen", "imagined"):
        for kind in ("working", "failing"):
            rows.append(_row(
                f"Will it work: actions that {'do' if kind == 'working' else 'do not'}, {where}",
                interval(data[f"{where}_{kind}"]), 98 if where == "seen" else None,
                base["blind"][kind], base["text_only"][kind], base["random"], base["oracle"],
                data[f"{where}_{kind}"]["n"],
            ))
    return rows


def _row(name: str, ours: str, target: float | None, blind: float | None,
         text: float | None, chance: float | None, oracle: float | None, count: int) -> str:
    wanted = "–" if target is None else f"{target:g}"
    return (f"| {name} | **{ours}** | {wanted} | {percent(blind)} | {percent(text)} | "
            f"{percent(chance)} | {percent(oracle)} | {count} |")


def table(folder: Path) -> str:
    """The markdown table of everything that was measured."""
    def read(name: str) -> dict[str, Any] | None:
        path = folder / f"{name}.json"
        return json.loads(path.read_text()) if path.is_file() else None

    lines = ["| % (95% interval) | ours | aim | blind | text only | random | oracle | n |",
             "|---|---|---|---|---|---|---|---|"]
    model_id = "?"
    if (data := read("ranking")) is not None:
        lines += ranking(data)
        model_id = data["model_id"]
    for name, words, target in (
        ("planning", "Planning in closed loop, 1 to 4 actions, half through a lock", 95),
        ("planning_held_out", "… in held-out wording", None),
        ("planning_tasks", "OGBench tasks 1, 2, 4, 5 in words, OGBench's own flag", None),
        ("planning_tasks_held_out", "… in held-out wording", None),
    ):
        if (data := read(name)) is not None:
            lines += planning(data, words, target)
    if (data := read("works")) is not None:
        lines += works(data)
    if (data := read("reading")) is not None:
        for key, words in (
            ("held_out_goals", "Held-out goal sentences read exactly right (no picture)"),
            ("held_out_compounds", "… with two to five parts"),
            ("held_out_unrelated", "… unrelated sentences recognised as such"),
        ):
            lines.append(_row(words, interval(data[key]), None, None, None,
                              data["baselines"]["random"], 1.0, data[key]["n"]))
    text = "\n".join(lines)
    if (data := read("skills")) is not None:
        worst = min(row["rate"] for row in data["skills"].values())
        runs = sum(row["n"] for row in data["skills"].values())
        text += (
            f"\n\nSkills of the simulated robot from states where they are legal: "
            f"{percent(data['figure'])}% of {runs} runs, the worst skill {percent(worst)}% "
            "(aim: 97)."
        )
    if (data := read("latency")) is not None:
        text += (
            f"\n\nImage published to `semantic_state` received, {data['image']}: "
            f"{data['image_to_state_ms']['p50']} ms at the median, of which the bare forward pass "
            f"{data['bare_forward_ms']['p50']} ms and a bare message trip "
            f"{data['bare_trip_ms']['p50']} ms: the node adds {data['added_ms_p50']} ms (aim: 5)."
        )
    return text + f"\n\nModel `{model_id}`, two shared CPU cores, no GPU."


def main() -> None:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    figures = table(ROOT / "docs" / "bench")
    readme.write_text(f"{text[:start]}\n{figures}\n{text[end:]}", encoding="utf-8")
    print(figures)


if __name__ == "__main__":
    main()
