"""Edits of the embedded world beside their sources and the true edits."""

from dataclasses import dataclass

import torch
from torch import Tensor

from synclab.core.text import texts_of
from synclab.metrics.views import Cutter, Row
from synclab.metrics.world_reference import WorldReference, asked
from synclab.store.pictures import UnusableError
from synclab.world.request import rendering


@dataclass(frozen=True)
class EditViews(Cutter):
    """(edit, source, true edit): the world renders both texts of the prompt with the row's seed."""

    def key(self, row: Row) -> str:
        return f"{self} {row['seed']} {picture_of(row)}"

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        if picture_of(row) is not None:
            raise UnusableError(
                f"it edits {picture_of(row)}; only renderings of the embedded world"
                " (task.picture=null) have a true edit"
            )
        scenes = [asked(text) for text in texts_of(row["prompt"])]
        size = picture.shape[-1]
        views = [(rendering(*scene, row["seed"], size) * 255).round().byte() for scene in scenes]
        return torch.stack([picture, *views])


def picture_of(row: Row) -> str | None:
    """The file that a row edits; None for the world's rendering."""
    return row.get("config", {}).get("task", {}).get("picture")


@dataclass(frozen=True)
class EditReference(WorldReference):
    """Renderings of the target's scene."""

    path: str = "reference/edit/world"

    def scene(self, prompt: str) -> tuple[str, str | None]:
        return asked(texts_of(prompt)[-1])
