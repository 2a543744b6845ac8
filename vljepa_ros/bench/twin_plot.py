"""The curves of `bench twin` as a picture: accuracy against samples seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

NAMES = {
    "ours_full": "ours, as many parameters", "ours_half": "ours, half of them",
    "twin_generation": "twin, generated text", "twin_likelihood": "twin, likelihood",
}
COLOURS = {"ours_full": "#1b6ca8", "ours_half": "#63b3e4", "twin_generation": "#c0392b",
           "twin_likelihood": "#e59866"}


def draw(result: dict[str, Any], path: Path) -> None:
    """Two panels, outcome and top-1, with 95% intervals and the two rivals that do not look."""
    figure, panels = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True)
    base = result["baselines"]
    for panel, key, title, low in (
        (panels[0], "outcome", "outcome of an action named right", base),
        (panels[1], "top1", "best of 15 actions reaches the goal", base["top1"]),
    ):
        samples = [point["samples"] for point in result["curve"]]
        for name, words in NAMES.items():
            rows = [point[name][key] for point in result["curve"]]
            panel.plot(samples, [r["rate"] for r in rows], "o-", ms=4, color=COLOURS[name],
                       label=words)
            panel.fill_between(samples, [r["interval95"][0] for r in rows],
                               [r["interval95"][1] for r in rows], color=COLOURS[name], alpha=0.13)
        for rival, style in (("text_only", "--"), ("random", ":")):
            panel.axhline(low[rival], color="#777777", ls=style, lw=1,
                          label=rival.replace("_", " "))
        panel.set(xscale="log", xlabel="samples seen", title=title, ylim=(0, 1.02))
        panel.grid(alpha=0.25)
    panels[0].set_ylabel("share, held-out pictures")
    panels[0].legend(fontsize=8, loc="lower right")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
