"""The voice of decoder_node, as its parameters want it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..decoding.attempts import AttemptConfig
from ..decoding.detectors import ONLINE, Detector, make_detector
from ..decoding.segments import SegmentConfig
from ..decoding.voice import GATHER_S, Voice, our_config, our_detector, spoken_subjects
from ..decoding.words import Words, WrittenPhrase
from ..planning.vocabulary import MOMENTARY, Vocabulary
from .parameters import Parameters
from .share import share

SETTINGS = {
    "uniform": "period", "pixels": "threshold", "variance": "threshold", "ward": "mean_gap",
}
"""What `detector_setting` means to a detector; `adaptive` has parameters of its own."""
WARD_BLOCK_S = 30.0  # a live stream has no end: clustered in blocks this long, said so late
Y_DECODERS = ("nearest", "generator")
_SEGMENT_PARAMETERS = ("floor", "ceiling", "noise_factor", "noise_window", "hold", "hold_frames")


def declare(parameters: Parameters) -> None:
    """Declare everything that decides when and how is spoken."""
    parameters.declare(
        "detector", "adaptive", "What decides when to decode.", choices=tuple(ONLINE)
    )
    parameters.declare(
        "detector_setting", 0.0,
        "uniform: seconds between decodes; pixels: grey levels; variance: of a window; ward: mean "
        "seconds of a segment; 0: the detector's own default.",
        between=(0.0, 3600.0),
    )
    parameters.declare(
        "floor", 0.15, "Smallest cosine distance that counts as a change.", between=(0.001, 2.0)
    )
    parameters.declare(
        "ceiling", 0.5, "Largest threshold that noise can lead to.", between=(0.001, 2.0)
    )
    parameters.declare(
        "noise_factor", 6.0,
        "Robust sigmas of the stream's noise above which a distance counts.",
        between=(0.0, 100.0),
    )
    parameters.declare(
        "noise_window", 60, "States the noise is estimated over.", between=(4, 10000)
    )
    parameters.declare(
        "hold", 0.0,
        "Seconds a change must last to be spoken; 0: 1.2, or 1.6 where the model counts things.",
        between=(0.0, 60.0),
    )
    parameters.declare(
        "hold_frames", 3, "States a change must last to be spoken.", between=(1, 1000)
    )
    parameters.declare(
        "patience", 0.0, "Seconds a change may wait for others, to be decoded together.",
        between=(0.0, 3600.0),
    )
    parameters.declare(
        "gather", GATHER_S,
        "Seconds a change may wait while the number of things changes, or is all that changed.",
        between=(0.0, 3600.0),
    )
    parameters.declare(
        "min_confidence", 0.5, "A statement below this confidence is not spoken.",
        between=(0.0, 1.0),
    )
    parameters.declare(
        "silent_subjects", "activity", "Subjects that are not spoken of, separated by commas."
    )
    parameters.declare(
        "attempt_seconds", 1.2,
        "Seconds the robot must be seen pulling at something locked for that to be said.",
        between=(0.0, 60.0),
    )
    parameters.declare(
        "y_decoder", "nearest",
        "Words by the nearest phrase of the vocabulary, or written by the model's generator.",
        choices=Y_DECODERS,
    )
    parameters.declare(
        "generator_model", "", "Model folder of the generator; empty: models/compact."
    )
    parameters.declare("beams", 1, "Sentences the generator weighs at a time.", between=(1, 16))


class Speaking:
    """The parameters in force; makes a voice for a vocabulary. Raises ValueError where they do not
    fit one another, and ModelError where the generator cannot be used."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._segments = SegmentConfig(
            **{name: parameters[name] for name in _SEGMENT_PARAMETERS}
        )
        self._attempts = AttemptConfig(seconds=parameters["attempt_seconds"])
        self._writer: Any = None
        if parameters["y_decoder"] == "generator":
            folder = str(parameters["generator_model"] or share("models/compact"))
            self._writer = _load_writer(folder)
        nothing = Vocabulary("", ())
        self._detector(nothing, nothing)  # or the parameters fit no vocabulary

    @property
    def looks(self) -> bool:
        """Whether the detector needs the camera's pictures."""
        return bool(self._parameters["detector"] == "pixels")

    def voice(self, vocabulary: Vocabulary) -> Voice:
        """A voice that has said nothing yet."""
        silent = self._silent()
        subjects = spoken_subjects(vocabulary, silent)
        return Voice(
            vocabulary, min_confidence=self._parameters["min_confidence"],
            detector=self._detector(vocabulary, subjects), words=self._words(subjects),
            silent=silent, attempts=self._attempts,
        )

    def misnamed(self, vocabulary: Vocabulary) -> str:
        """Why not all of `silent_subjects` can be silent, in one line; "" when they can."""
        known = [subject.id for subject in vocabulary.subjects]
        wrong = sorted(self._silent().difference(known, MOMENTARY))
        if not wrong:
            return ""
        return (f"silent_subjects: {', '.join(map(repr, wrong))} not among the model's subjects; "
                f"allowed: {', '.join(known)}")

    def _silent(self) -> set[str]:
        names = (name.strip() for name in self._parameters["silent_subjects"].split(","))
        return {name for name in names if name}

    def _words(self, subjects: Vocabulary) -> Words | None:
        if self._writer is None:
            return None
        world, generator = self._writer
        if world.model_id != subjects.model_id:
            raise ValueError(f"generator_model: of {world.model_id!r}; allowed: the model that is "
                             f"seen with, {subjects.model_id!r}")
        beams = self._parameters["beams"]
        return WrittenPhrase(
            subjects, lambda means: generator.write(means, beams), world.embed_texts
        )

    def _detector(self, vocabulary: Vocabulary, subjects: Vocabulary) -> Detector:
        name, setting = self._parameters["detector"], self._parameters["detector_setting"]
        if name == "adaptive":
            hold = self._segments.hold or our_config(vocabulary).hold
            return our_detector(
                subjects, replace(self._segments, hold=hold), self._parameters["patience"],
                self._parameters["gather"],
            )
        options: dict[str, float] = {"block": WARD_BLOCK_S} if name == "ward" else {}
        if setting:
            options[SETTINGS[name]] = setting
        return make_detector(name, **options)


def _load_writer(folder: str) -> tuple[Any, Any]:
    """The model and its generator; torch is imported only here."""
    from ..model.world_model import LatentWorldModel
    from ..model.y_decoder import load_generator

    world = LatentWorldModel.load(folder)
    return world, load_generator(folder, world.model_id)
