"""Opening against closing on held-out clips of scene-v0, each also run backwards.

A clip and its reverse show the same frames in the opposite order, so that one frame cannot tell
them apart better than by chance on the pair.
"""

from __future__ import annotations

import numpy as np
import torch

from vljepa_ros.model.vljepa import VLJEPA
from vljepa_ros.sim.symbolic import ACTIONS

from .pictures import REVERSED, SLIDE_MOVES_M, Pictures
from .scenario import Clips
from .scene_semantics import INDEX, SUBJECTS
from .sentence_bank import SentenceBank
from .validation import Reader, encode

TRAVEL_M = (-0.16, 0.2)  # drawer and window, shut to open
MIDDLE = (0.35, 0.65)  # share of the way at the clip's end
MAX_CLIPS = 200


def middle_rows(pictures: Pictures) -> np.ndarray:
    """Held-out motion rows at which a slide that is being opened or shut is mid-way."""
    rows = []
    for row in pictures.held_motion:
        activity = pictures.activity[row]
        action = ACTIONS[activity] if activity < len(ACTIONS) else ""
        if action not in REVERSED:
            continue
        slide = 0 if action.endswith("drawer") else 1
        way = pictures.slides[row, slide] / TRAVEL_M[slide]
        begin = max(pictures.first[row], row - 6)
        moved = abs(pictures.slides[row, slide] - pictures.slides[begin, slide])
        same = pictures.activity[begin] == activity
        if MIDDLE[0] <= way <= MIDDLE[1] and moved > SLIDE_MOVES_M and same:
            rows.append(row)
    return np.array(rows[:MAX_CLIPS], dtype=np.int64)


@torch.no_grad()
def opening_against_closing(
    model: VLJEPA, data: object, bank: SentenceBank, single_frame: bool = False
) -> dict[str, float]:
    """Share of clips, as filmed and backwards, whose true activity is nearer than its reverse.

    `motion` over both, `motion_filmed` as filmed alone, `motion_clips` how many; empty where the
    data hold no such clip.
    """
    pictures: Pictures = data.pictures  # type: ignore[attr-defined]
    rows = middle_rows(pictures)
    if not len(rows):
        return {"motion_clips": 0}
    model.eval()
    filmed = pictures.clips(rows, None)
    read = Reader(model, data, bank)  # type: ignore[arg-type]
    question = read.questions[list(SUBJECTS).index("activity")]
    names = [ACTIONS[a] for a in pictures.activity[rows]]
    true = torch.tensor([INDEX[f"activity.{name}"] for name in names])
    other = torch.tensor([INDEX[f"activity.{REVERSED[name]}"] for name in names])
    right = []
    for clip, yes, no in ((filmed.clip, true, other), (filmed.clip.flip(1), other, true)):
        shown = Clips(clip, filmed.truth, filmed.position, filmed.caption, filmed.start, rows)
        answer = model.predictor(encode(model, shown, single_frame), question[None])[:, 0]
        nearer = (answer * read.statements[yes]).sum(-1) > (answer * read.statements[no]).sum(-1)
        right.append(nearer.numpy())
    return {"motion": round(float(np.mean(right)), 4),
            "motion_filmed": round(float(right[0].mean()), 4), "motion_clips": 2 * len(rows)}
