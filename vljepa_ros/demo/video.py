"""The demo as a film, at the pace at which it happened."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from .panel import SIZE, Painter
from .recording import Recording

FPS = 12
HOLD_S = 3.0
"""How long the last picture stays."""

_CODECS: tuple[tuple[str, dict[str, str]], ...] = (
    ("libx264", {"preset": "veryfast", "crf": "20"}),
    ("mpeg4", {"qscale": "3"}),
)


def write_video(recording: Recording, path: Path) -> None:
    """Encode the recording as MP4 (H.264 where PyAV has it, else MPEG-4 part 2; yuv420p).

    Raises OSError when the file cannot be written. A half-written file never carries the name.
    """
    painter = Painter(recording)
    unfinished = path.with_name(f".unfinished-{path.name}")
    codec, options = next((c, o) for c, o in _CODECS if c in av.codecs_available)
    try:
        with av.open(str(unfinished), "w", options={"movflags": "faststart"}) as container:
            stream = container.add_stream(codec, rate=FPS, options=options)
            stream.width, stream.height = SIZE
            stream.pix_fmt = "yuv420p"
            if codec == "mpeg4":
                stream.bit_rate = 4_000_000
            stream.time_base = Fraction(1, FPS)
            for i in range(int((recording.duration + HOLD_S) * FPS)):
                frame = av.VideoFrame.from_ndarray(
                    np.ascontiguousarray(painter.paint(i / FPS)), format="rgb24"
                )
                frame.pts, frame.time_base = i, Fraction(1, FPS)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
