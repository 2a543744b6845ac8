"""The index of a folder of recordings, on disk.

One folder of .npy files a recording (opened memory-mapped) and a manifest. Everything is written
beside its place and renamed into it, the manifest last: a kill at any moment leaves the index as it
was before the recording that was being read. Recordings that did not change are not read again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vljepa_ros.recordings.frames import RecordingError, open_recording, recordings_in

from .events import Event, found_in
from .features import RATE_HZ, Features, look_through
from .spans import spans_of

FORMAT = 2  # 2: a cube that is carried is one event
NAME = ".vljepa_index"
_MANIFEST = "manifest.json"
_SPANS = "spans.npy"


class SearchIndexError(ValueError):
    """An index that cannot be used; one line."""


@dataclass(frozen=True)
class Entry:
    """A recording of the index. ``path`` relative to the folder; ``problem`` why it was skipped."""

    path: str
    stamp: str
    key: str = ""
    seconds: float = 0.0
    flaws: tuple[str, ...] = ()
    problem: str = ""


@dataclass
class Update:
    """What an update did, by path; ``skipped`` with the reason."""

    added: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


class Index:
    """The index of ``folder``, kept in ``place`` (default: a hidden folder inside it)."""

    def __init__(self, folder: Path, model_id: str, place: Path | None = None) -> None:
        self.folder, self.model_id = Path(folder), model_id
        self.place = place or self.folder / NAME
        self.entries: dict[str, Entry] = self._read()

    def update(
        self, world: Any, tell: Callable[[str, int, int], None] | None = None
    ) -> Update:
        """Read what is new or changed, forget what is gone.

        Args:
            tell: hears (path, number done, number in all) before each recording that is read.

        Raises RecordingError when there is no folder, SearchIndexError when another one is at it.
        """
        found = {str(p.relative_to(self.folder)): p for p in recordings_in(self.folder)
                 if self.place not in p.parents}
        done = Update()
        with self._alone():
            self.entries = self._read()
            for path in [path for path in self.entries if path not in found]:
                del self.entries[path]
                done.removed.append(path)
            todo = [path for path in found
                    if path not in self.entries or self.entries[path].stamp != _stamp(found[path])]
            done.kept = [path for path in found if path not in todo]
            for number, path in enumerate(todo):
                if tell is not None:
                    tell(path, number, len(todo))
                self.entries[path] = self._take(world, path, found[path])
                self._write()
                if not self.entries[path].problem:
                    done.added.append(path)
            if done.removed:
                self._write()
            self._sweep()
        done.skipped = {path: e.problem for path, e in self.entries.items() if e.problem}
        return done

    def features(self, entry: Entry) -> Features:
        """The rows of a recording, memory-mapped. Raises SearchIndexError when they are damaged."""
        parts = []
        for name in Features.__dataclass_fields__:
            try:
                parts.append(np.load(self.place / entry.key / f"{name}.npy", mmap_mode="r"))
            except (OSError, ValueError, EOFError) as error:
                raise SearchIndexError(
                    f"index '{self.place}': {entry.path} is damaged ({name}); delete the index and "
                    "build it anew"
                ) from error
        return Features(*parts)

    def events(self, vocabulary: Any) -> Iterator[tuple[str, Event]]:
        """(path, event) of everything that happens in any recording."""
        for entry in self.entries.values():
            if entry.problem:
                continue
            features = self.features(entry)
            spans = np.load(self.place / entry.key / _SPANS)
            for event in found_in(features, vocabulary, spans):
                yield entry.path, event

    def _take(self, world: Any, name: str, path: Path) -> Entry:
        stamp = _stamp(path)
        try:
            recording = open_recording(path)
            features = look_through(world, recording, RATE_HZ)
        except Exception as error:  # whatever one damaged file leads to, the others are indexed
            problem = str(error) if isinstance(error, RecordingError) else f"{path}: {error}"
            return Entry(name, stamp, problem=" ".join(problem.split()) or type(error).__name__)
        key = hashlib.sha256(f"{name}|{stamp}|{self.model_id}".encode()).hexdigest()[:20]
        unfinished = self.place / f".unfinished-{key}"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for part in Features.__dataclass_fields__:
            np.save(unfinished / f"{part}.npy", getattr(features, part))
        np.save(unfinished / _SPANS, spans_of(features, world.vocabulary))
        shutil.rmtree(self.place / key, ignore_errors=True)
        unfinished.rename(self.place / key)
        seconds = float(features.stamps.max() - features.stamps.min())
        return Entry(name, stamp, key, seconds, tuple(recording.flaws.in_words()))

    def _read(self) -> dict[str, Entry]:
        path = self.place / _MANIFEST
        if not path.exists():
            return {}
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            same = content["format"] == FORMAT and content["model_id"] == self.model_id
            rows = [Entry(**{**row, "flaws": tuple(row["flaws"])}) for row in content["recordings"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SearchIndexError(f"'{path}' is damaged; delete '{self.place}' to build it anew"
                              ) from error
        return {row.path: row for row in rows} if same else {}

    def _write(self) -> None:
        content = {"format": FORMAT, "model_id": self.model_id, "rate_hz": RATE_HZ,
                   "recordings": [asdict(entry) for entry in self.entries.values()]}
        unfinished = self.place / f".unfinished-{_MANIFEST}"
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.place / _MANIFEST)

    def _sweep(self) -> None:
        """Remove what no entry names: of recordings that are gone, and of a kill."""
        keys = {entry.key for entry in self.entries.values()}
        for path in self.place.iterdir():
            if path.is_dir() and path.name not in keys:
                shutil.rmtree(path, ignore_errors=True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self.place.mkdir(parents=True, exist_ok=True)
            lock = (self.place / ".lock").open("w")
        except OSError as error:
            raise SearchIndexError(f"index '{self.place}' cannot be written: {error.strerror}; "
                              "give another place with --index") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise SearchIndexError(f"index '{self.place}' is being updated by another process"
                                  ) from error
            yield


def _stamp(path: Path) -> str:
    """Size and time of change of a recording: whether it is still the one that was read. Empty for
    one that is gone, or a link that leads nowhere."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = [file for file in files if file.is_file()]
    return ";".join(f"{f.stat().st_size}:{f.stat().st_mtime_ns}" for f in files)
