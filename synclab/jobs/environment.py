"""Machine details recorded in every row."""

import importlib.metadata
import platform
import resource
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import torch

from synclab.places import CHECKOUT, INSTALLED

PACKAGES = ("torch", "diffusers", "transformers", "numpy")


def describe(device: str) -> dict[str, Any]:
    """Versions, revision, device and threads."""
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or "cpu"
    return {
        "device": f"{device} ({name})",
        "threads": torch.get_num_threads(),
        "revision": revision(),
        "versions": versions(),
    }


@cache
def versions() -> dict[str, str]:
    return {package: importlib.metadata.version(package) for package in PACKAGES}


@cache
def revision() -> str | None:
    """`git describe` of the checkout, or the installed version; None for a checkout without git."""
    if INSTALLED:  # a virtual environment may lie in a checkout of something else
        return f"synclab {importlib.metadata.version('synclab')}"
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(
            command, cwd=CHECKOUT, capture_output=True, encoding="utf-8", timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def reset_peak_memory(device: str) -> None:
    """Resets the peak, so that a sample's peak excludes earlier jobs of the same sweep."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text(
            "5", encoding="utf-8"
        )  # Linux: the process's high-water mark


def peak_memory(device: str) -> int:
    """Peak memory since the reset, in megabytes: of the GPU, or else of the process.

    Systems other than Linux report only the peak since the process started.
    """
    if device == "cuda":
        return round(torch.cuda.max_memory_allocated() / 2**20)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))
