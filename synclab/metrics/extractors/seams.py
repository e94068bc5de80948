"""Seam ratios and discontinuity scores of a whole picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Gt

from synclab.metrics.extractors import Computed, Cut, Outputs
from synclab.metrics.extractors.pixels import row, tiles

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Seams(Computed):
    """`views` (1, 1): the ratio at the borders of a method's views, `every` picture heights apart.

    For a `closed` picture also `border`: the ratio where its ends meet, at +-180 degrees. Adjacent
    views of 72 degrees, shifted by half a view at every other step, have borders every 36 degrees:
    a fifth of a panorama's height.
    """

    every: Annotated[float, Gt(0)]
    closed: bool
    device: str = "cpu"

    @property
    def name(self) -> str:
        return f"seams_{self.every:g}{'_closed' if self.closed else ''}"

    def __call__(self, cut: Cut) -> Outputs:
        from synclab.metrics.formulas.seam import ratio_of, steepness

        image = cut.picture.float() / 255
        steep, inside = steepness(image), borders(image, self.every)
        found = {"views": row(ratio_of(steep, inside, self.closed))}
        return found | {"border": row(ratio_of(steep, [0], True))} if self.closed else found


def borders(image: Tensor, every: float) -> list[int]:
    """Columns inside the image (3, H, W) where views begin or end."""
    height, width = image.shape[1:]
    step = every * height
    return [round(step * count) for count in range(1, round(width / step))]


@dataclass(frozen=True)
class Discontinuities(Computed):
    """`border` (1, 1): the discontinuity score where a panorama's ends meet, at +-180 degrees.

    `views` (1, 1): its mean at the borders of a method's views, `every` picture heights apart.
    """

    every: Annotated[float, Gt(0)]
    device: str = "cpu"

    @property
    def name(self) -> str:
        return f"discontinuities_{self.every:g}"

    def __call__(self, cut: Cut) -> Outputs:
        from synclab.metrics.formulas.discontinuity import discontinuity

        image = cut.picture.float() / 255
        places = {"border": [0], "views": borders(image, self.every)}
        return {name: row(discontinuity(image, columns)) for name, columns in places.items()}


@dataclass(frozen=True)
class ZoomSeams(Computed):
    """`levels` (1, 1): the mean ratio at the borders of each level within the one around it."""

    magnification: Annotated[int, Ge(2)]
    device: str = "cpu"

    @property
    def name(self) -> str:
        return f"zoom_seams_{self.magnification}"

    def __call__(self, cut: Cut) -> Outputs:
        from synclab.metrics.formulas.seam import frame_ratio

        wider = tiles(cut.picture.float() / 255)[:-1]
        inner = cut.picture.shape[1] // self.magnification
        return {"levels": row(sum(frame_ratio(level, inner) for level in wider) / len(wider))}
