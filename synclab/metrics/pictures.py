"""Finished samples of a results folder: images and their rows, nothing skipped in silence."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from synclab.store import sha256

log = logging.getLogger(__name__)


class UnusableError(Exception):
    """Why one picture is left out, while the others are scored."""


@dataclass(frozen=True)
class Picture:
    """One finished sample: where its image lies, and its row."""

    path: Path
    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.row["id"]

    @property
    def prompt(self) -> str:
        return self.row["prompt"]

    def load(self) -> Tensor:
        """The image, uint8 (3, H, W)."""
        try:
            with Image.open(self.path) as image:
                pixels = np.array(image.convert("RGB"))
        except (OSError, SyntaxError, ValueError) as error:
            raise UnusableError(f"no readable image ({error}); make it again") from error
        return torch.from_numpy(pixels).permute(2, 0, 1)


def read_pictures(folder: Path) -> list[Picture]:
    """All finished samples of one method, by id; a warning names each that cannot be used."""
    rows = sorted(folder.glob("*.json"))
    found = [picture for path in rows for picture in usable(path)]
    for image in sorted(set(folder.glob("*.png")) - {path.with_suffix(".png") for path in rows}):
        log.warning("%s: skipped, it has no row: its sample was never finished", image)
    return sorted(found, key=lambda picture: picture.id)


def usable(path: Path) -> Iterator[Picture]:
    """The sample of a row, unless its image is not what the row says."""
    try:
        row = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        log.warning("%s: skipped, not a readable row (%s)", path, error)
        return
    if not {"id", "prompt", "sha256"} <= row.keys():
        return  # the folder's configuration or status
    image = path.with_suffix(".png")
    if not image.is_file():
        log.warning("%s: skipped, its image is gone; run its command again", path)
    elif sha256(image.read_bytes()) != row["sha256"]:
        log.warning("%s: skipped, not the image that its row tells of; make it again", image)
    else:
        yield Picture(image, row)
