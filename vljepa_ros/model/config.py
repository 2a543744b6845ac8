"""Sizes of the parts, one frozen dataclass each, read once from YAML and checked at the door."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


class ConfigError(ValueError):
    """A configuration value that cannot be used; the message names field, value and range."""


def _require(ok: bool, name: str, value: object, allowed: str) -> None:
    if not ok:
        raise ConfigError(f"{name} = {value!r} is not usable; allowed: {allowed}")


@dataclass(frozen=True)
class XEncoderConfig:
    """Clip -> state tokens. `name` picks the implementation from the registry."""

    name: str = "difference_vit"
    image_size: int = 128  # pixels, square; frames are resized to it
    frames: int = 4  # frames in a clip, oldest first
    stride: float = 0.2  # seconds between two frames of a clip
    layers: int = 3
    tokens: int = 8  # state tokens (K)
    fine_layout: bool = False  # the layout is read before the last convolution, twice as fine

    def __post_init__(self) -> None:
        sized = self.image_size % 16 == 0 and 32 <= self.image_size <= 512
        _require(sized, "x_encoder.image_size", self.image_size, "a multiple of 16 in 32..512")
        _require(1 <= self.frames <= 64, "x_encoder.frames", self.frames, "1..64")
        _require(0 < self.stride <= 10, "x_encoder.stride", self.stride, "(0, 10] s")
        _require(1 <= self.layers <= 48, "x_encoder.layers", self.layers, "1..48")
        _require(1 <= self.tokens <= 4096, "x_encoder.tokens", self.tokens, "1..4096")


@dataclass(frozen=True)
class YEncoderConfig:
    """Text -> unit embedding. The sentence encoder is pretrained; its top layers may be tuned."""

    name: str = "minilm"
    text_width: int = 384
    tuned_layers: int = 2  # upper layers of the sentence encoder that are trained
    hidden: int = 512
    reader_layers: int = 2  # goal reader: which subjects a sentence speaks of, and what it says
    reader_width: int = 192
    reader_context: int = 0  # layers in which the reader's tokens see one another, with positions
    max_tokens: int = 96
    doubt: bool = False  # whether the goal reader also says what cannot be asked for

    def __post_init__(self) -> None:
        _require(0 <= self.tuned_layers <= 24, "y_encoder.tuned_layers", self.tuned_layers, "0..24")
        _require(0 <= self.reader_context <= 24, "y_encoder.reader_context", self.reader_context,
                 "0..24")
        _require(8 <= self.max_tokens <= 512, "y_encoder.max_tokens", self.max_tokens, "8..512")


@dataclass(frozen=True)
class StackConfig:
    """A bidirectional transformer stack."""

    layers: int = 3

    def __post_init__(self) -> None:
        _require(1 <= self.layers <= 48, "layers", self.layers, "1..48")


@dataclass(frozen=True)
class ModelConfig:
    """The whole model. `width` is the state tokens' width, `embedding` the shared space's (D)."""

    width: int = 192
    heads: int = 6
    embedding: int = 256
    x_encoder: XEncoderConfig = field(default_factory=XEncoderConfig)
    y_encoder: YEncoderConfig = field(default_factory=YEncoderConfig)
    predictor: StackConfig = field(default_factory=lambda: StackConfig(layers=3))
    dynamics: StackConfig = field(default_factory=lambda: StackConfig(layers=3))
    locate: bool = False  # a metric read-out: where a thing is, in metres
    suppose: bool = False  # the dynamics can be told statements about what is out of sight
    novel: int = 0  # statements training never showed that answers are drawn to (`expect`)

    def __post_init__(self) -> None:
        _require(0 <= self.novel <= 4096, "novel", self.novel, "0..4096")
        fits = self.heads >= 1 and self.width % (2 * self.heads) == 0 and self.width <= 4096
        _require(fits, "width", self.width, f"a multiple of 2 x heads ({2 * self.heads}), <= 4096")
        _require(16 <= self.embedding <= 4096, "embedding", self.embedding, "16..4096")

    @staticmethod
    def tiny() -> ModelConfig:
        """Runs in milliseconds; for tests."""
        return ModelConfig(
            width=24,
            heads=2,
            embedding=16,
            x_encoder=XEncoderConfig(image_size=32, frames=2, layers=1, tokens=3),
            y_encoder=YEncoderConfig(
                name="hashed", text_width=32, tuned_layers=0, hidden=32, reader_layers=1,
                reader_width=24,
            ),
            predictor=StackConfig(layers=1),
            dynamics=StackConfig(layers=1),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data; optional parts that are absent are left out."""
        values = asdict(self)
        for where, name in ((values, "locate"), (values, "suppose"), (values, "novel"),
                            (values["x_encoder"], "fine_layout"), (values["y_encoder"], "doubt"),
                            (values["y_encoder"], "reader_context")):
            if not where[name]:
                del where[name]
        return values

    @staticmethod
    def from_dict(values: dict[str, Any]) -> ModelConfig:
        """Build from plain data; an unknown key is an error that lists the known ones."""
        parts = {
            "x_encoder": XEncoderConfig,
            "y_encoder": YEncoderConfig,
            "predictor": StackConfig,
            "dynamics": StackConfig,
        }
        _known(ModelConfig, values, "model")
        built = dict(values)
        for name, cls in parts.items():
            if name in built:
                _known(cls, built[name], name)
                built[name] = cls(**built[name])
        return ModelConfig(**built)


def _known(cls: type, values: object, where: str) -> None:
    names = [f.name for f in fields(cls)]
    _require(isinstance(values, dict), where, values, "a mapping")
    for key in values:  # type: ignore[attr-defined]
        _require(key in names, f"{where}.{key}", values[key], ", ".join(names))  # type: ignore[index]
