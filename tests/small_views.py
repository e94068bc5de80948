"""A data folder of a few grey views of no scene, as the stages of a training leave it."""

import json
from pathlib import Path

import numpy as np

COUNT = 16


def write(folder: Path) -> Path:
    """Views, captions, and latents of the small checkpoint's shape; returns the folder."""
    generator = np.random.default_rng(0)
    np.save(folder / "views.npy", np.full((COUNT, 3, 8, 8), 128, np.uint8))
    np.save(folder / "latents.npy", generator.standard_normal((COUNT, 2, 4, 8, 8), np.float32))
    captions = [json.dumps(["a desert"] * 4)] * COUNT
    (folder / "captions.jsonl").write_text("\n".join(captions), encoding="utf-8")
    record = json.dumps({"count": COUNT, "scale": 7.0})
    (folder / "latents.json").write_text(record, encoding="utf-8")
    return folder
