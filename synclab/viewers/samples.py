"""Finished samples of a task, by method."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from synclab.errors import UserError
from synclab.store.folder import method_folders
from synclab.store.pictures import Picture, read_pictures
from synclab.viewers.entries import Entry

Samples = Mapping[str, Mapping[str, Picture]]
"""Samples by id, by method in the order of the papers' story."""

ORDER = (
    "ddim",
    "outpainting",
    "multidiffusion",
    "streammultidiffusion",
    "spotdiffusion",
    "diffcollage",
    "doubletake",
    "syncdiffusion",
    "syncsde",
    "alm",
    "syncmvd",
    "synctweedies",
    "visual_anagrams",
    "sdedit",
    "ddib",
    "ddim_inversion",
    "negative_prompt_inversion",
    "sds",
    "sdi",
    "ism",
    "stochsync",
    "stochsync_ddim",
    "stochsync_fast",
    "stochsync_fast_dpm",
    "stochsync_turbo",
    "stochsync_released",
    "stochsync_ablation",
    "ablation_1",
    "ablation_2",
    "ablation_3",
    "ablation_4",
    "ablation_5",
    "ablation_6",
)
"""The papers' story: one view after another, synchronised denoising, edits, score distillation,
StochSync and its variants.
"""


def rank(method: str) -> tuple[int, str]:
    """Sorts methods in the order of the papers' story; others come last."""
    return (ORDER.index(method) if method in ORDER else len(ORDER), method)


def samples_of(task: Path) -> Samples:
    """The samples in a task's folder, if there are any; warns of each that is left out."""
    folders = sorted(method_folders(task), key=lambda folder: rank(folder.name))
    found = {folder.name: read_pictures(folder) for folder in folders}
    return {name: {own.id: own for own in pictures} for name, pictures in found.items() if pictures}


def read_samples(task: Path) -> Samples:
    """The samples in a task's folder.

    Raises: UserError if there are none.
    """
    if samples := samples_of(task):
        return samples
    raise UserError(f"{task}: no finished sample there; run python -m synclab.run first")


def by_task(entries: Sequence[Entry]) -> Mapping[Path, Samples]:
    """Samples by the folder of their task."""
    found: dict[Path, dict[str, dict[str, Picture]]] = {}
    for own in sorted(entries, key=lambda own: rank(own.method)):
        task = found.setdefault(own.picture.path.parent.parent, {})
        task.setdefault(own.method, {})[own.picture.id] = own.picture
    return found
