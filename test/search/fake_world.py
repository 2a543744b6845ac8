"""A world of two things read off a picture's halves, behind what the search needs of a model.

The left half is the drawer (dark closed, bright open), the right half the window. Texts are
embedded by the words they hold; imagination knows "open" and "close".
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from vljepa_ros.model.world_model import LatentStates
from vljepa_ros.planning.goal import Goal, GoalPart
from vljepa_ros.planning.protocols import Imagined
from vljepa_ros.planning.vocabulary import Subject, Vocabulary

D = 16
ROWS = np.linalg.qr(np.random.default_rng(5).normal(size=(D, D)))[0].astype(np.float32)
DRAWER = Subject("drawer", ROWS[0], ("drawer.closed", "drawer.open"),
                 ("the drawer is closed", "the drawer is open"), ROWS[1:3])
WINDOW = Subject("window", ROWS[3], ("window.closed", "window.open"),
                 ("the window is closed", "the window is open"), ROWS[4:6])
ACTIVITY = Subject("activity", ROWS[6], ("activity.wait", "activity.move"),
                   ("the robot is at rest", "the robot is moving"), ROWS[7:9])
_KINDS = {"done": 0, "failed": 1, "quiet": 2}


class _Encoder:
    """Sentence vectors: done, failed or quiet, by a word."""

    def vectors(self, texts):
        rows = torch.zeros(len(texts), 4)
        for i, text in enumerate(texts):
            words = text.lower()
            kind = "done"
            if any(w in words for w in ("fail", "cannot", "vain", "stuck", "locked", "without suc",
                                        "nothing moves", "no effect", "not budge", "jammed",
                                        "unsuccessful", "would not", "will not", "stays shut",
                                        "changes nothing", "tries")):
                kind = "failed"
            elif any(w in words for w in ("nothing is", "at rest", "nobody", "calm", "waits",
                                          "stays where", "no action", "still", "not working",
                                          "motionless", "quiet")):
                kind = "quiet"
            rows[i, _KINDS[kind]] = 1.0
        return rows


class World:
    clip_frames, clip_stride, model_id = 2, 0.2, "fake-1"
    vocabulary = Vocabulary("fake-1", (DRAWER, WINDOW, ACTIVITY))
    network = SimpleNamespace(y_encoder=_Encoder())

    def __init__(self):
        self.encoded = 0

    def encode_many(self, clips):
        self.encoded += len(clips)
        newest = [clip[-1].astype(float) for clip in clips]
        halves = [[float(p[..., : p.shape[-1] // 2].mean() > 128),
                   float(p[..., p.shape[-1] // 2 :].mean() > 128)] for p in newest]
        return LatentStates(torch.tensor(halves)[:, None])

    def encode(self, clip):
        return self.encode_many([clip])

    def read(self, states, queries):
        rows = states.tokens[:, 0].numpy() > 0.5
        return np.stack([
            [DRAWER.embeddings[int(d)], WINDOW.embeddings[int(w)], ACTIVITY.embeddings[0]]
            for d, w in rows
        ])

    def describe(self, states):
        rows = self.read(states, None).sum(axis=1)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def imagine(self, states, actions, queries):
        rows = states.tokens[:, 0].numpy() > 0.5
        after = np.stack([[self._after(row, a.text) for a in actions] for row in rows])
        works = (after != rows[:, None]).any(axis=-1).astype(np.float32)
        tokens = torch.tensor(after.reshape(-1, 1, 2).astype(np.float32))
        readouts = self.read(LatentStates(tokens), queries)
        shape = (len(rows), len(actions))
        return Imagined(LatentStates(tokens), works, readouts.reshape(*shape, 3, D))

    @staticmethod
    def _after(row, text):
        drawer, window = row
        if "drawer" in text:
            drawer = "open" in text
        if "window" in text:
            window = "open" in text
        return drawer, window

    def embed_texts(self, texts):
        return np.stack([self._row(text.lower()) for text in texts])

    def _row(self, text):
        for subject in (DRAWER, WINDOW):
            if subject.id in text:
                return subject.embeddings[int("open" in text)]
        return ACTIVITY.embeddings[0] if "rest" in text or "quiet" in text else ROWS[D - 1]

    def read_goals(self, texts):
        return [{s.id: self._reading(s, text.lower()) for s in (DRAWER, WINDOW)} for text in texts]

    @staticmethod
    def _reading(subject, text):
        i = int("open" in text)
        part = GoalPart(subject.statements[i], subject.embeddings[i], subject.id,
                        subject.statement_ids[i])
        return (0.99 if subject.id in text else 0.01), 0.99, part

    def understand(self, text):
        for subject in (DRAWER, WINDOW):
            if subject.id in text:
                i = int("open" in text)
                part = GoalPart(subject.statements[i], subject.embeddings[i], subject.id,
                                subject.statement_ids[i])
                return Goal((part,), text=text, confidence=0.99)
        return Goal((), text=text, understood=False, confidence=0.1)


def picture(drawer, window, size=(32, 64)):
    pixels = np.full((*size, 3), 40, np.uint8)
    pixels[:, : size[1] // 2] = 220 if drawer else 40
    pixels[:, size[1] // 2 :] = 220 if window else 40
    return pixels


def film(*scenes, fps=10):
    """Frames of (drawer, window, seconds) one after another."""
    return [picture(d, w) for d, w, seconds in scenes for _ in range(round(seconds * fps))]
