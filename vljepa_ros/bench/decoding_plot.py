"""The curves of `bench decoding` as a picture."""

from __future__ import annotations

from pathlib import Path

from .cider import Point

_STYLE = {
    "uniform": ("#8a8a8a", "-", "uniform"),
    "pixels": ("#c9a227", "-", "pixel difference"),
    "variance": ("#7a9e7e", "-", "window variance"),
    "ward": ("#4a7fb5", "-", "Ward, offline"),
    "ours": ("#c8102e", "-", "ours, online"),
    "oracle": ("#111111", "--", "true change points"),
}


def draw(curves: dict[float, dict[str, list[Point]]], minutes: dict[float, float],
         path: Path) -> None:
    """One panel a mean gap between events: decodes a minute against CIDEr."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(curves), figsize=(4.2 * len(curves), 3.8), sharey=True,
                                squeeze=False, layout="constrained")
    for axis, gap in zip(axes[0], sorted(curves), strict=True):
        for way, (colour, line, label) in _STYLE.items():
            points = sorted(curves[gap].get(way, []), key=lambda p: p.decodes)
            if points:
                axis.plot([p.decodes / minutes[gap] for p in points], [p.cider for p in points],
                          line, color=colour, marker="o", markersize=3, label=label)
        axis.set_xscale("log")
        axis.set_title(f"events {gap:g} s apart")
        axis.set_xlabel("decodes a minute")
        axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("CIDEr")
    axes[0][0].legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
