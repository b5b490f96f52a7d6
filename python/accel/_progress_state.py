"""What a progress display knows: the layers of a job, how far each is, and how fast."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from accel._core.base import ProgressEvent

_RATE_WINDOW = 3.0  # seconds a rate is taken over
_VERBS = {"convert": "converting", "check": "checking", "push": "copying", "pull": "reading"}
_TERMINAL = {"done", "skipped", "failed"}


@dataclass
class Meter:
    """Bytes over time."""

    done: int = 0
    total: int = 0
    samples: deque[tuple[float, int]] = field(default_factory=deque)

    def update(self, now: float, done: int, total: int) -> None:
        """Takes a new count; a step that begins again starts the rate anew."""
        if done < self.done:
            self.samples.clear()
        self.done = done
        self.total = max(total, self.total)
        self.samples.append((now, done))
        while self.samples[0][0] < now - _RATE_WINDOW and len(self.samples) > 2:
            self.samples.popleft()

    def rate(self) -> float:
        """Bytes a second over the last seconds; 0 when there is too little to tell."""
        if len(self.samples) < 2:
            return 0.0
        (first, before), (last, after) = self.samples[0], self.samples[-1]
        return (after - before) / (last - first) if last > first else 0.0

    def seconds_left(self) -> float | None:
        """At the present rate; None when there is no telling."""
        rate = self.rate()
        return max(self.total - self.done, 0) / rate if rate > 0 and self.total else None


@dataclass
class Layer:
    """One blob on its way."""

    digest: str
    begun: float
    platform: str = ""
    reading: Meter = field(default_factory=Meter)
    written: dict[str, str | int] = field(default_factory=dict)  # driver → bytes so far, or what happened instead
    open_steps: set[tuple[str, str]] = field(default_factory=set)
    ended: float | None = None
    failed: bool = False


class JobState:
    """The blobs of a job's present phase, in the order in which they began.

    A conversion that verifies has two phases or more: what was written is read again, under digests of its own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.begun = clock()
        self.main_phase = (0, 0)  # blobs and bytes of the first phase, which is what the job is about
        self._first = True
        self._begin_phase("reading")

    def _begin_phase(self, verb: str) -> None:
        self.verb = verb
        self.layers: dict[str, Layer] = {}
        self.layer_count = 0  # blobs to come, and their bytes, when the job said so
        self.expected = 0
        self.overall = Meter()

    def now(self) -> float:
        """Seconds of the clock everything here is measured with."""
        return self._clock()

    def take(self, event: ProgressEvent) -> None:
        """Brings the state up to date with one event."""
        now = self.now()
        if self.layers and (event.kind == "check") != (self.verb == "checking"):
            self._begin_phase(_VERBS["check"] if event.kind == "check" else _VERBS["push"])
            self._first = False
        if event.kind == "image":
            self.expected += event.total
            self.layer_count += int(event.detail or 0)
            return
        if event.kind in {"convert", "check"} or self.verb == _VERBS["pull"]:
            self.verb = _VERBS.get(event.kind, self.verb)
        digest, _, driver = event.id.partition("@")
        layer = self.layers.setdefault(digest, Layer(digest, now))
        self._count(layer, event, driver, now)
        self._track_steps(layer, event, driver, now)
        done, total = self.totals()
        self.overall.update(now, done, total)
        if self._first:
            self.main_phase = (len(self.layers), done)

    @staticmethod
    def _count(layer: Layer, event: ProgressEvent, driver: str, now: float) -> None:
        skipped = event.state == "skipped"
        if event.kind == "convert":
            layer.platform = event.detail or layer.platform
        elif event.kind == "push" and driver:
            layer.written[driver] = event.detail if skipped else event.done
        else:
            layer.reading.update(now, event.total if skipped else event.done, event.total)
            if skipped:
                layer.written[""] = event.detail

    def _track_steps(self, layer: Layer, event: ProgressEvent, driver: str, now: float) -> None:
        step = (event.kind, driver)
        if event.state in _TERMINAL:
            layer.open_steps.discard(step)
        else:
            layer.open_steps.add(step)
        layer.failed |= event.state == "failed"
        layer.ended = None if layer.open_steps else now

    def totals(self) -> tuple[int, int]:
        """Bytes done and bytes in all, as far as is known."""
        done = sum(layer.reading.done for layer in self.layers.values())
        known = sum(layer.reading.total for layer in self.layers.values())
        return done, max(known, self.expected)

    def finished(self) -> int:
        """Layers that need nothing more."""
        return sum(layer.ended is not None for layer in self.layers.values())

    def visible(self, rows: int) -> list[Layer]:
        """Those worth showing in `rows` rows: all that are under way, then the last that ended."""
        layers = list(self.layers.values())
        active = [layer for layer in layers if layer.ended is None][:rows]
        ended = sorted((layer for layer in layers if layer.ended is not None), key=lambda layer: layer.ended or 0.0)
        room = rows - len(active)
        chosen = {id(layer) for layer in active} | {id(layer) for layer in (ended[-room:] if room else [])}
        return [layer for layer in layers if id(layer) in chosen]
