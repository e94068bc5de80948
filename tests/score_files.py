"""Files of scores as `python -m synclab.evaluate` writes them, with numbers of our own."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

BETTER = {"fid": "lower", "kid": "lower"}
SCALE = {"kid": 1000, "giqa": 1000}


def scored(number: float, count: int = 2, **changes: Any) -> dict[str, Any]:
    """A method's entry: every score `number`, of `count` samples with ten views each."""
    names = ("fid", "kid", "is_1", "is_10", "giqa", "clip_embedded")
    return {
        "n": 10 * count,
        "prompts": count,
        "seeds": [0],
        "prior": "tiny",
        "config_hash": "0123456789abcdef",
        "samples": [f"prompt-{i}-s0" for i in range(count)],
        "scores": {name: score(name, number) for name in names},
        "runtime": {"seconds": number, "error": 1.0},
        "nfe": 100.0,
        "memory_mb": 1.0,
    } | changes


def score(name: str, value: float | None, **changes: Any) -> dict[str, Any]:
    meaning = {"scale": SCALE.get(name, 1), "better": BETTER.get(name, "higher")}
    return {"value": value, "error": 0.5, **meaning} | changes


def write_scores(
    run: Path,
    methods: dict[str, Any],
    task: str = "panorama",
    protocol: str = "embedded",
    paired: Mapping[str, Any] = MappingProxyType({}),
) -> Path:
    path = run / task / f"scores.{protocol}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {
        "protocol": {"name": protocol, "version": 1},
        "reference": {"kind": "run", "path": "reference/image/ddim", "n": 20, "prior": "tiny"},
        "noise_floor": {"n": 20, "scores": {"fid": score("fid", 3.0)}},
        "methods": methods,
        "paired": dict(paired),
    }
    path.write_text(json.dumps(body))
    return path
