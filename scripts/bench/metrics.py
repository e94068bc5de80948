"""What the exact low-rank Frechet distance saves: the same features through other libraries.

    python scripts/bench.py metrics

Features of the papers' size: 1210 images (121 prompts, ten views) of 2048 numbers. One run, one
process, one thread, and the seconds of the processor, which busy neighbours do not lengthen. A
library that is not installed has no figures. Takes minutes.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch and numpy

import argparse
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from synclab.metrics.formulas.fid import frechet_distance

log = logging.getLogger("bench")


@dataclass(frozen=True)
class Answer:
    """A library's distance and the processor's seconds, or why there is none."""

    value: float | None
    seconds: float | None
    note: str = ""


def features(count: int, width: int, seed: int) -> np.ndarray:
    """Correlated float32 rows with a falling spectrum, half of them cut at zero as by a ReLU."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(0).standard_normal((width, width))
    spread = 1 / np.sqrt(np.arange(1, width + 1))
    return np.maximum(random.standard_normal((count, width)) * spread @ mixing, 0, dtype=np.float32)


def torchmetrics(x: np.ndarray, y: np.ndarray) -> float:
    from torchmetrics.image.fid import FrechetInceptionDistance

    identity: Any = torch.nn.Identity()
    identity.num_features = x.shape[1]
    metric = FrechetInceptionDistance(feature=identity)
    metric.update(torch.from_numpy(x), real=False)
    metric.update(torch.from_numpy(y), real=True)
    return float(metric.compute())


def clean_fid(x: np.ndarray, y: np.ndarray) -> float:
    from cleanfid.fid import frechet_distance as distance  # pyright: ignore[reportMissingImports]

    moments = [(rows.mean(0), np.cov(rows, rowvar=False)) for rows in (x, y)]
    return float(distance(*moments[0], *moments[1]))


LIBRARIES = {"synclab": frechet_distance, "torchmetrics": torchmetrics, "clean-fid": clean_fid}


def timed(distance: Callable[[np.ndarray, np.ndarray], float], *sets: np.ndarray) -> Answer:
    """One call after one on a few rows, which imports and warms up."""
    try:
        distance(*(rows[:8, :8].copy() for rows in sets))
    except (ImportError, RuntimeError) as error:  # the latter: torchvision of another torch
        return Answer(None, None, f"not usable here ({error})")
    start = time.process_time()
    value = distance(*sets)
    return Answer(value, time.process_time() - start)


def line(name: str, answer: Answer, ours: Answer) -> str:
    if answer.value is None or answer.seconds is None or not (ours.value and ours.seconds):
        return f"| {name} | – | – | – | {answer.note} |"
    off, slower = abs(answer.value / ours.value - 1), answer.seconds / ours.seconds
    return f"| {name} | {answer.seconds:.2f} | {slower:.1f} | {answer.value:.6f} | {off:.0e} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--images", type=int, default=1210)
    parser.add_argument("--width", type=int, default=2048)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sets = [features(args.images, args.width, seed) for seed in (1, 2)]
    log.info("FID of two sets of %d x %d\n", *sets[0].shape)
    log.info("| library | seconds | times ours | distance | relative difference |")
    log.info("| --- | --- | --- | --- | --- |")
    ours = timed(frechet_distance, *sets)
    for name, distance in LIBRARIES.items():
        log.info(line(name, ours if name == "synclab" else timed(distance, *sets), ours))


if __name__ == "__main__":
    main()
