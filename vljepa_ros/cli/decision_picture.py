"""A decision as a picture: what was imagined, what was chosen, what was dropped and why.

One column a depth. In each, the plan's state first, then the best others behind a state that is
shown; what was dropped behind a state of the plan is listed in grey, the rest is counted.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.planning.plans import Plan
from vljepa_ros.planning.tree import SearchTree, TreeNode

BRANCHES = 3  # shown at each depth beside the plan's own
REASONS = 5  # dropped branches named behind a state of the plan
WORDS = {
    "fails": "fails", "no change": "changes nothing", "merged": "there is a cheaper way",
    "beam": "no room in the beam", "too dear": "cannot beat the plan",
}
COUNTED = {
    "fails": "not expected to work", "no change": "without effect",
    "merged": "reached more cheaply", "beam": "without room in the beam",
    "too dear": "too dear to beat the plan",
}
_BOX, _GAP = (3.3, 1.02), (0.75, 0.3)
_LINE = 0.19  # height of a line in a grey box
_WRAP = 40
_CHARACTERS = 11  # of the summary, on an inch


def draw(
    tree: SearchTree, found: Plan, title: str, out: Path, picture: np.ndarray | None = None
) -> None:
    """Write the picture of a search to ``out``; the ending chooses the format.

    ``picture`` (H, W, 3) uint8 RGB: the scene it began from, shown under "now".
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = shown_nodes(tree)
    columns = 1 + max(tree.nodes[i].depth for i in shown)
    places, bottom, notes = _places(tree, shown)
    if picture is not None:
        top = places[0][1] + _BOX[1] + _GAP[1]
        height = min(_BOX[0] * picture.shape[0] / picture.shape[1], 2 * _BOX[0])
        bottom = max(bottom, top + height + 0.1)
    width = columns * (_BOX[0] + _GAP[0]) + 0.3
    summary = textwrap.wrap(_summary(tree, found), int(_CHARACTERS * (width - 0.4)))
    head = 0.8 + _LINE * (len(summary) - 1)
    figure = pyplot.figure(figsize=(width, bottom + head + 0.2))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(bottom + 0.2, -head)
    axes.axis("off")
    title = _cut(title, 30 * columns)
    axes.text(0.2, 0.3 - head, title, fontsize=13, weight="bold", va="center")
    for row, line in enumerate(reversed(summary)):
        axes.text(0.2, -0.2 - _LINE * row, line, fontsize=9, va="center", color="0.25")
    worst = max([0.1, *(n.distance for n in (tree.nodes[i] for i in shown)
                        if n.distance is not None)])
    if picture is not None:
        x = places[0][0]
        axes.imshow(picture, extent=(x, x + _BOX[0], top + height, top), aspect="auto")
    for i in shown:
        _draw_node(axes, tree, i, places, worst)
    for x, y, lines in notes:
        _draw_note(axes, x, y, lines)
    figure.savefig(out, dpi=110)
    pyplot.close(figure)


def shown_nodes(tree: SearchTree) -> list[int]:
    """Indices of the states to show: the start, the plan, and the best few of each depth whose
    parent is shown; in the order in which they stand, depth by depth."""
    shown, last = [0], {0}
    while last:
        children = [i for i, node in enumerate(tree.nodes) if node.parent in last]
        chosen = [i for i in children if tree.nodes[i].chosen]
        others = sorted(
            (i for i in children
             if not tree.nodes[i].chosen and tree.nodes[i].fate in ("open", "explored", "met")),
            key=lambda i: ((tree.nodes[i].distance or 0.0) + tree.nodes[i].cost, i),
        )
        # Beyond the plan's end nothing is of interest, beside it what was really looked behind.
        room = BRANCHES if chosen or not any(n.chosen for n in tree.nodes[1:]) else 0
        level = [*chosen, *others[:room]]
        shown.extend(level)
        last = set(level)
    return shown


def dropped(tree: SearchTree, index: int) -> list[str]:
    """The dropped branches behind a state in words, those that came close first."""
    order = list(WORDS)
    rows = [
        (order.index(node.fate), -node.works, node)
        for node in (tree.nodes[i] for i in tree.children(index)) if node.fate in WORDS
    ]
    rows.sort(key=lambda row: (-row[0], row[1]))
    lines = [f"{_cut(node.text, 42)}: {_reason(node)}" for _, _, node in rows]
    if len(lines) > REASONS:
        rest = Counter(COUNTED[node.fate] for _, _, node in rows[REASONS - 1 :])
        words = ", ".join(f"{count} {reason}" for reason, count in rest.items())
        lines = [*lines[: REASONS - 1], f"and {sum(rest.values())} more ({words})"]
    return lines


def _reason(node: TreeNode) -> str:
    return f"fails ({node.works:.2f})" if node.fate == "fails" else WORDS[node.fate]


def _summary(tree: SearchTree, found: Plan) -> str:
    fates = Counter(node.fate for node in tree.nodes[1:])
    counts = ", ".join(f"{fates[fate]} {words}" for fate, words in COUNTED.items() if fates[fate])
    status = found.status.replace("_", " ")
    plan = f", {len(found.steps)} actions" if found.steps else ""
    unfinished = "" if found.complete else ", not all was looked at"
    return (f"{status}{plan}{unfinished}; distance now {found.distance_now:.2f}; "
            f"{found.explored} pairs imagined in {found.planning_ms:.0f} ms; dropped: "
            f"{counts or 'nothing'}. Colour: goal distance, green is near.")


def _places(
    tree: SearchTree, shown: list[int]
) -> tuple[dict[int, tuple[float, float]], float, list[tuple[float, float, list[str]]]]:
    """Upper left corner of every box, the bottom of all, and the grey notes with their corners."""
    heights: dict[int, float] = {}
    places, notes = {}, []
    on_plan = {tree.nodes[i].depth: i for i in shown if tree.nodes[i].chosen}
    for i in shown:
        depth = tree.nodes[i].depth
        y = heights.get(depth, 0.1)
        places[i] = (0.2 + depth * (_BOX[0] + _GAP[0]), y)
        heights[depth] = y + _BOX[1] + _GAP[1]
    for depth, i in sorted(on_plan.items()):
        lines = dropped(tree, i)
        if not lines:
            continue
        y = heights.get(depth + 1, 0.1)
        notes.append((0.2 + (depth + 1) * (_BOX[0] + _GAP[0]), y, lines))
        heights[depth + 1] = y + _LINE * (len(lines) + 1) + _GAP[1]
    return places, max(heights.values()), notes


def _draw_node(
    axes: Any, tree: SearchTree, i: int, places: dict[int, tuple[float, float]], worst: float
) -> None:
    from matplotlib import colormaps
    from matplotlib.patches import FancyBboxPatch

    node, (x, y) = tree.nodes[i], places[i]
    near = 1.0 - min(1.0, (node.distance or 0.0) / worst)
    face = colormaps["RdYlGn"](0.15 + 0.7 * near)
    axes.add_patch(FancyBboxPatch(
        (x, y), *_BOX, boxstyle="round,pad=0.02,rounding_size=0.08", facecolor=(*face[:3], 0.55),
        edgecolor="black" if node.chosen else "0.55", linewidth=2.6 if node.chosen else 0.8,
    ))
    weight = "bold" if node.chosen else "normal"
    head = node.text or "now"
    axes.text(x + 0.1, y + 0.17, _cut(head, _WRAP - 2), fontsize=9.5, weight=weight, va="center")
    words = textwrap.wrap(node.outcome, _WRAP + 4)[:2] if node.text else []
    for row, line in enumerate(words):
        axes.text(x + 0.1, y + 0.40 + 0.18 * row, line, fontsize=8.5, va="center", style="italic")
    distance = "not read" if node.distance is None else f"{node.distance:.2f}"
    figures = f"distance {distance}"
    if node.text:
        figures = f"works {node.works:.2f}   {figures}   cost {node.cost:.2f}"
    if node.fate == "met":
        figures += "   GOAL"
    axes.text(x + 0.1, y + 0.86, figures, fontsize=8, va="center", family="monospace")
    if node.parent in places:
        px, py = places[node.parent]
        axes.annotate(
            "", (x - 0.02, y + _BOX[1] / 2), (px + _BOX[0] + 0.02, py + _BOX[1] / 2),
            arrowprops={
                "arrowstyle": "-|>", "color": "black" if node.chosen else "0.6",
                "linewidth": 2.6 if node.chosen else 0.8, "connectionstyle": "arc3,rad=0",
            },
        )


def _draw_note(axes: Any, x: float, y: float, lines: list[str]) -> None:
    head = "dropped after the bold state on the left:"
    axes.text(x + 0.1, y + 0.1, head, fontsize=8, color="0.45", weight="bold", va="center")
    for row, line in enumerate(lines, 1):
        axes.text(x + 0.1, y + 0.1 + _LINE * row, line, fontsize=8, color="0.5", va="center")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
