"""Number of CPU threads of torch."""

import os

import torch


def prepare_threads(count: int | None) -> None:
    """Sets torch's threads to `count`, or to the usable cores but at most eight.

    Networks on 128 px views do not scale beyond a few threads.
    """
    torch.set_num_threads(count or min(8, usable_cores()))


def usable_cores() -> int:
    """Cores that this process may use: a queue may grant fewer than the machine has.

    macOS reports only the machine's.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
