"""What a round of StochSync costs outside the networks at the papers' sizes, beside the authors'.

    python scripts/bench.py overhead

The method itself runs, on networks that answer at once: views of 512 pixels, RGB canvas, single
precision, one thread. Seconds are the process's CPU time, user and kernel, so that others at work
on the machine count for less; they still share its caches and its memory, so measure when it is
quiet. "First use" is the mean of the rounds that meet their set of views for the first time and map
it, "steady" the median of the others. Every case has a process of its own, so that its peak of
memory is its own: how far the process grew from the imports on.

"Reused" forbids glibc to hand freed memory back to the system. As it comes, large tensors are
mapped anew, page by page: two thirds of the authors' steady time. Our canvases come in large pages
where Linux has them (synclab/spaces/memory.py), so they depend on it less.
"""

import json
import logging
import math
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from synclab.core.protocols import Cond, Everywhere
from synclab.core.schedule import Schedule
from synclab.core.streams import Streams
from synclab.methods.stochsync import StochSync
from synclab.methods.stochsync_released import ReleasedStochSync
from synclab.spaces.panorama import Panorama

log = logging.getLogger("bench")

VIEW, LATENT = 512, 64
ALLOCATORS = {
    "as it comes": {},
    "reused": {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)},
}


@dataclass(frozen=True)
class Figures:
    """CPU seconds a round and growth in MiB; NaN where nobody measured."""

    first: float = math.nan
    steady: float = math.nan
    memory: float = math.nan


@dataclass(frozen=True)
class Case:
    """A panorama `rows` views high, and what the authors' code takes under each allocator."""

    name: str
    rows: int
    view: dict[str, Any]
    method: type[StochSync] = StochSync
    theirs: dict[str, Figures] = field(default_factory=dict)


RELEASED: dict[str, Any] = {"grid": "corners", "sampling": "nearest", "margin": 1.0}

# The authors' code outside its networks, measured by us on a machine of the same kind: unmodified,
# tiny networks, logger off; growth from the imports to the peak.
RING = {"as it comes": Figures(8.21, 2.98, 2100), "reused": Figures(3.80, 0.82, 3225)}
SPHERE = {"as it comes": Figures(8.57, 8.57, 1075), "reused": Figures(3.04, 3.04, 1380)}
LARGE = {"as it comes": Figures(122, 122, 16100), "reused": Figures(64.9)}

CASES = (
    Case("panorama 2048x4096", 4, {}, theirs=RING),
    Case("the same on the released grid", 4, RELEASED, ReleasedStochSync, theirs=RING),
    Case("sphere 2048x4096", 4, {"cover": "sphere", "fov": 90.0}, theirs=SPHERE),
    Case("8K 4096x8192", 8, {"cover": "checkerboard", "fov": 36.0}, theirs=LARGE),
)


class Instant:
    """A prior that predicts no noise, and a codec that has its answers ready."""

    schedule = Schedule.scaled_linear()
    shape = (4, LATENT, LATENT)

    def __init__(self, views: int) -> None:
        self.latents = torch.rand(views, *self.shape)
        self.pixels = torch.rand(views, 3, VIEW, VIEW)

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        return torch.zeros_like(x)

    def encode(self, y: Tensor) -> Tensor:
        return self.latents

    def decode(self, x: Tensor) -> Tensor:
        return self.pixels


def canvas(case: Case) -> Panorama:
    height = case.rows * VIEW
    size: dict[str, Any] = {"channels": 3, "height": height, "width": 2 * height}
    space = Panorama(**size, view_size=VIEW, factor=VIEW // LATENT, **case.view)
    space.initial = torch.zeros(space.shape)
    return space


def rounds(case: Case, space: Panorama) -> Iterator[float]:
    """CPU seconds of round after round: each set of views five times."""
    prior: Any = Instant(len(space.disjoint_views(0, Streams("bench"))))
    space.codec = prior
    method = case.method(steps=5 * len(space.sets), ode_steps=25, solver="dpm")
    states = method(prior, space, Everywhere(), Streams("bench"))
    estimate = None
    for _ in range(method.steps):
        start = time.process_time()
        estimate = next(states)  # held until the next one is there, as a run does
        yield time.process_time() - start
    del estimate


def peak() -> float:
    """MiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def measure(name: str) -> Figures:
    """One case, in this process."""
    torch.set_num_threads(1)
    case, before = next(case for case in CASES if case.name == name), peak()
    space = canvas(case)
    seconds, sets = list(rounds(case, space)), len(space.sets)
    steady = statistics.median(seconds[sets:])
    return Figures(statistics.mean(seconds[:sets]), steady, peak() - before)


def alone(case: Case, allocator: str) -> Figures:
    """One case, in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **ALLOCATORS[allocator]}
    command = [sys.executable, __file__, case.name]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return Figures(**json.loads(done.stdout))


def main() -> None:
    """The table, in Markdown."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    log.info("| case | memory | first use, s | theirs | steady, s | theirs | MiB | theirs |")
    log.info("|---|---|---|---|---|---|---|---|")
    for case in CASES:
        for allocator in ALLOCATORS:
            ours, theirs = alone(case, allocator), case.theirs[allocator]
            log.info("| %s | %s |%s", case.name, allocator, cells(ours, theirs))


def cells(ours: Figures, theirs: Figures) -> str:
    pairs = zip(vars(ours).values(), vars(theirs).values(), strict=True)
    return "".join(f" {written(mine)} | {compared(mine, other)} |" for mine, other in pairs)


def compared(mine: float, other: float) -> str:
    """The authors' figure and how many times ours it is."""
    return f"{written(other)} ({other / mine:.1f} x)" if math.isfinite(other) else "not measured"


def written(figure: float) -> str:
    return f"{figure:.0f}" if figure > 100 else f"{figure:.2f}"


if __name__ == "__main__":
    if sys.argv[1:]:
        json.dump(vars(measure(sys.argv[1])), sys.stdout)
    else:
        main()
