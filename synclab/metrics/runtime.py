"""Provenance and cost of a set of samples, from their rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from synclab.store.pictures import Picture


def provenance(pictures: Sequence[Picture]) -> dict[str, Any]:
    """Provenance of the samples; `prior` and `config_hash` are lists if a folder mixes several."""
    rows = [picture.row for picture in pictures]
    return {
        "prompts": len({row["prompt"] for row in rows}),
        "seeds": sorted({row["seed"] for row in rows}),
        "prior": common([row.get("prior") for row in rows]),
        "config_hash": common([row.get("hash") for row in rows]),
        "samples": [row["id"] for row in rows],
    }


def common(values: Sequence[Any]) -> Any:
    """The value that all share, or the list of distinct values."""
    unique = sorted(set(values), key=str)
    return unique[0] if len(unique) == 1 else unique


def cost(pictures: Sequence[Picture]) -> dict[str, Any]:
    """Mean seconds and network evaluations per sample, and the largest memory in megabytes.

    Values are None if the rows lack them, as those of ingested pictures may.
    """
    rows = [picture.row for picture in pictures]
    seconds = [row["seconds"]["total"] for row in rows if "seconds" in row]
    evaluations = [row["nfe"] for row in rows if "nfe" in row]
    memory = [row["peak_memory_mb"] for row in rows if "peak_memory_mb" in row]
    return {
        "runtime": {"seconds": mean(seconds), "error": standard_error(seconds)},
        "nfe": mean(evaluations),
        "memory_mb": max(memory, default=None),
    }


def mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def standard_error(values: Sequence[float]) -> float | None:
    """Standard error of the mean of independent samples; None for fewer than two."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
