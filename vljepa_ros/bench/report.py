"""What every benchmark returns: one JSON-able dict with interval and baselines."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any


def wilson(right: float, count: int, z: float = 1.96) -> list[float]:
    """95% Wilson interval of a share."""
    if count == 0:
        return [0.0, 1.0]
    share = right / count
    centre = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    low, high = (centre - spread) / scale, (centre + spread) / scale
    return [round(max(0.0, low), 4), round(min(1.0, high), 4)]


def share(flags: list[bool]) -> dict[str, Any]:
    """n, rate and 95% interval of a list of successes."""
    right = sum(bool(f) for f in flags)
    rate = round(right / len(flags), 4) if flags else None
    return {"n": len(flags), "rate": rate, "interval95": wilson(right, len(flags))}


def balanced(shares: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean of several shares, each weighing the same; n over all of them.

    Its interval comes from theirs (MOVER: Donner and Zou 2012, Statistical Methods in Medical
    Research 21:347).
    """
    known = [s for s in shares if s["n"]]
    if not known:
        return {"n": 0, "rate": None, "interval95": [0.0, 1.0]}
    count = len(known)
    rate = sum(s["rate"] for s in known) / count
    down = math.sqrt(sum((s["rate"] - s["interval95"][0]) ** 2 for s in known)) / count
    up = math.sqrt(sum((s["interval95"][1] - s["rate"]) ** 2 for s in known)) / count
    return {
        "n": sum(s["n"] for s in known), "rate": round(rate, 4),
        "interval95": [round(max(0.0, rate - down), 4), round(min(1.0, rate + up), 4)],
    }


def write(result: dict[str, Any], path: Path | None) -> None:
    """Print the result as one JSON object and, when a path is given, write it there too."""
    text = json.dumps(result, indent=1, default=float)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    print(text)
