"""Threads of torch on the CPU."""

import os

import torch


def prepare_threads(count: int | None) -> None:
    """Sets torch's threads: `count`, else the cores this process may use, at most eight.

    Networks on 128 px views stop scaling beyond a few threads.
    """
    torch.set_num_threads(count or min(8, usable_cores()))


def usable_cores() -> int:
    """A queue may grant fewer than the machine has; macOS reports only the latter."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
