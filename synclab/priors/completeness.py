"""Checks that a checkpoint has the weights of all its networks, before anything is loaded."""

import json
from collections.abc import Iterator
from pathlib import Path

STEMS = {"text_encoder": "model", "text_encoder_2": "model"}
"""Stems of weight files by part; `DEFAULT` for all other parts."""

DEFAULT = "diffusion_pytorch_model"
AGAIN = "download it again, it is incomplete"
POINTER = b"version https://git-lfs"
CONVERT = (
    "load it with diffusers and save it with save_pretrained(FOLDER), which writes safetensors"
)


def missing_weights(folder: Path, parts: list[str]) -> str | None:
    """The first fault in the weights of these parts, with its remedy; None if all are complete."""
    return next((fault for part in parts if (fault := fault_of(folder / part))), None)


def fault_of(part: Path) -> str | None:
    """The fault of one network's folder, with its remedy; None if it is complete."""
    stem = STEMS.get(part.name, DEFAULT)
    index = part / f"{stem}.safetensors.index.json"
    if index.is_file():
        return next(filter(None, map(damage, shards(index))), None)
    return damage(part / f"{stem}.safetensors", next(others(part, stem), AGAIN))


def damage(file: Path, remedy: str = AGAIN) -> str | None:
    """The fault of a weight file; `remedy` applies if it is missing."""
    name = f"{file.parent.name}/{file.name}"
    if not file.is_file():
        return f"{name} missing; {remedy}"
    if is_pointer(file):
        return f"{name} is a Git LFS pointer, not weights; run git lfs pull"
    return None


def shards(index: Path) -> list[Path]:
    """The files that an index lists; the index itself if it cannot be read."""
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, LookupError, AttributeError):
        return [index]
    return [index.parent / name for name in sorted(names)]


def others(part: Path, stem: str) -> Iterator[str]:
    """Remedies for weights that are present in another format."""
    if variants := sorted(part.glob(f"{stem}.*.safetensors")):
        copy = f"copy it to {stem}.safetensors; prior.precision sets the precision"
        yield f"{variants[0].name} is a variant; {copy}"
    if pickles := sorted([*part.glob("*.bin"), *part.glob("*.ckpt")]):
        yield f"{pickles[0].name} is not a safetensors file; {CONVERT}"


def is_pointer(file: Path) -> bool:
    """Whether a file is a Git LFS pointer instead of the weights."""
    with file.open("rb") as stream:
        return stream.read(len(POINTER)) == POINTER
