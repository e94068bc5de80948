"""Counts network evaluations and times the parts of a run without synchronising the device."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Meter:
    """`nfe` counts denoiser inputs; `with meter(part, device)` adds to the seconds of a part.

    On CUDA, time is measured between two events that are read only at the end, so measuring never
    blocks the host.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.nfe = 0
        self._start = time.perf_counter()
        self._seconds: dict[str, float] = defaultdict(float)
        self._events: list[tuple[str, torch.cuda.Event, torch.cuda.Event]] = []

    @contextmanager
    def __call__(self, part: str, device: torch.device) -> Iterator[None]:
        if device.type == "cuda":
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            yield
            end.record()
            self._events.append((part, begin, end))
        else:
            begin = time.perf_counter()
            yield
            self._seconds[part] += time.perf_counter() - begin

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Excludes auxiliary work, such as previews, from counts and times."""
        begin, nfe, seconds = time.perf_counter(), self.nfe, self.seconds()
        yield
        self.seconds()  # flushes pending CUDA timings
        self._seconds.clear()
        self._seconds.update(seconds)
        self.nfe = nfe
        self._start += time.perf_counter() - begin

    def total(self) -> float:
        """Seconds since the reset."""
        return time.perf_counter() - self._start

    def seconds(self) -> dict[str, float]:
        """Seconds by part so far; synchronises the device once."""
        if self._events:
            torch.cuda.synchronize()
            for part, begin, end in self._events:
                self._seconds[part] += begin.elapsed_time(end) / 1000
            self._events.clear()
        return dict(self._seconds)
