"""Prompts by region: a background, and prompts that each fill a region of the canvas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from annotated_types import Ge, MinLen
from torch import Tensor

from synclab.core.protocols import Canonical, Condition, Prior, Sample
from synclab.core.text import texts_of
from synclab.errors import UserError
from synclab.spaces.canvas import Canvas
from synclab.spaces.layers import Layers
from synclab.tasks.by_view import embed_texts
from synclab.tasks.picture import check_shape, find_picture, read_file
from synclab.tasks.shape import is_shape, read_shape
from synclab.tasks.wide import WideTask

COLOURS = 20
"""Solid backgrounds of MultiDiffusion's bootstrapping, as in its released code."""


@dataclass(frozen=True)
class RegionsTask(WideTask):
    """A wide image whose prompt is "background | first region | second region ...".

    A region is a shape in parts of the canvas, "box LEFT TOP RIGHT BOTTOM" or "ellipse LEFT TOP
    RIGHT BOTTOM", or a file that is white there. Where regions overlap, they are averaged.
    `background` "outside" is drawn beside the regions only (MultiDiffusion); "everywhere" is also
    averaged with them (SyncSDE, eq. 23).
    """

    columns: Annotated[int, Ge(1)] = 2
    regions: Annotated[tuple[str, ...], MinLen(1)] = (
        "ellipse 0.05 0.2 0.45 0.95",
        "box 0.6 0.2 0.95 0.95",
    )
    background: Literal["outside", "everywhere"] = "outside"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.inputs()

    def inputs(self) -> Mapping[str, Path]:
        files = {
            f"regions.{i}": find_picture(region, "task.regions")
            for i, region in enumerate(self.regions)
            if not is_shape(region)
        }
        return {**super().inputs(), **files}

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        crops = self.crops_of(prior, canonical)
        return Layers(
            **crops,
            weights=self.weights(crops["height"], crops["width"]).to(prior.device),
            backdrops=cache(partial(solid_colours, prior)),
        )

    def weights(self, height: int, width: int) -> Tensor:
        """Weights (1 + regions, height, width): 1 inside a layer, 0 outside."""
        regions = torch.stack([read_region(region, height, width) for region in self.regions])
        outside = (1 - regions.sum(0)).clamp_min(0)
        whole = torch.ones_like(outside)
        return torch.cat([(whole if self.background == "everywhere" else outside)[None], regions])

    def texts(self, prompt: str) -> Sequence[str]:
        """The texts of the background and the regions, or one for all."""
        texts = texts_of(prompt)
        if len(texts) not in (1, self.layers):
            raise UserError(
                f"prompt={prompt}: {len(texts)} texts for a background and"
                f" {self.named_layers}; expected one for each, separated by"
                ' "|", or one for all'
            )
        return texts

    @property
    def layers(self) -> int:
        """Number of texts: of the background and of each region."""
        return 1 + len(self.regions)

    @property
    def named_layers(self) -> str:
        """The layers over the background, for messages."""
        return f"{len(self.regions)} regions"

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        return self.embed(prior, self.texts(sample.prompt))

    def embed(self, prior: Prior, texts: Sequence[str]) -> Condition:
        """A condition by layer, or one for all."""
        return embed_texts(prior, [self.prompt_prefix + text for text in texts], place=2)


def read_region(region: str, height: int, width: int) -> Tensor:
    """1 inside a region and 0 outside (height, width): a shape, or a file that is white there.

    Raises: UserError for a shape or a file that is none, does not fit, or contains no cell.
    """
    place = f"task.regions={region}"
    if is_shape(region):
        inside = read_shape(region, height, width, place)
    else:
        pixels = read_file(region, "task.regions")
        check_shape(pixels, height, width, place)
        white = pixels.known & (pixels.colour.mean(0, keepdim=True) >= 0.5)
        inside = F.interpolate(white.float()[None], (height, width), mode="nearest-exact")[0, 0]
    if not inside.any():
        raise UserError(f"{place}: it is empty; expected white pixels, or a shape of some size")
    return inside


def solid_colours(prior: Prior) -> Tensor:
    """Network inputs (k, c, h, w) of solid random colours, the same for all samples."""
    generator = torch.Generator().manual_seed(0)
    colour = torch.rand(COLOURS, prior.image_channels, 1, 1, generator=generator)
    size = prior.image_size
    return torch.cat([prior.encode(c.expand(1, -1, size, size).to(prior.device)) for c in colour])
