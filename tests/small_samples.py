"""Finished samples as `synclab run` writes them, of small pictures made here."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from synclab.config.prompts import sample_id
from synclab.core.hashing import digest
from synclab.store.folder import Store

PANORAMA, SQUARE = (64, 32), (16, 16)


def png(key: str, size: tuple[int, int]) -> bytes:
    """A patchwork of seeded colours."""
    random = np.random.RandomState(int(digest(key)[:7], 16))
    width, height = size
    patches = random.randint(0, 256, (height // 4, width // 4, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(patches).resize(size, Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


def add(method: Path, prompt: str, seed: int = 0, size: tuple[int, int] = PANORAMA) -> Path:
    """A finished sample; returns its image."""
    store, sample = Store(method), sample_id(prompt, seed)
    store.open({"method": method.name})
    row = {
        "id": sample,
        "prompt": prompt,
        "seed": seed,
        "prior": "tiny",
        "hash": method.name,
        "nfe": 100,
        "seconds": {"total": 2.0},
        "peak_memory_mb": 7,
    }
    store.write(sample, png(f"{method.name} {prompt} {seed}", size), row)
    return store.image(sample)


def add_truth(results: Path, prompts: tuple[str, ...], seeds: int = 2) -> None:
    """Small pictures of each prompt where the protocol keeps the world's true panoramas."""
    store = Store(results / "reference" / "panorama" / "world")
    store.open({"world": {"height": 512}})
    for prompt in prompts:
        for seed in range(seeds):
            sample = sample_id(prompt, seed)
            row = {"id": sample, "prompt": prompt, "seed": seed, "prior": "world"}
            store.write(sample, png(f"truth {prompt} {seed}", PANORAMA), row)
