"""A wide image from a prompt; with `ring` its ends meet."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Interval
from torch import Tensor

from synclab.core.protocols import Canonical, Method, Prior
from synclab.errors import UserError
from synclab.spaces.canvas import Canvas
from synclab.spaces.wide import Wide
from synclab.tasks.known import Border, KnownTask
from synclab.tasks.task import cells, wrap_columns


@dataclass(frozen=True)
class WideTask(KnownTask):
    """An image `columns` views wide and `rows` views high, with neighbouring crops `stride` view
    widths apart along both axes (SyncDiffusion: 1/4).

    `crops` sets the number of crops in a row instead, evenly spaced from end to end.
    """

    overlaps: ClassVar[bool] = True

    canonical: Canonical = "latent"
    columns: Annotated[int, Ge(1)] = 4
    rows: Annotated[int, Ge(1)] = 1
    stride: Annotated[float, Interval(gt=0, le=1)] = 0.25
    crops: Annotated[int, Ge(1)] | None = None
    ring: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.crops is not None and (self.ring or self.crops < self.columns):
            raise UserError(
                f"task.crops={self.crops}: does not cover a canvas of {self.columns} views;"
                f" expected at least {self.columns} with task.ring=false, or use task.crops=null"
            )

    def check(self, method: Method, name: str) -> None:
        """Also refuses methods of overlaps if these have two axes."""
        if method.needs_overlaps and self.rows > 1:
            raise UserError(
                f"task.rows={self.rows}: method={name} needs views that overlap along one axis;"
                " expected 1, or another method, such as method=multidiffusion"
            )
        super().check(method, name)

    @property
    def border(self) -> Border:
        return "closed" if self.ring else "open"

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        return Wide(**self.crops_of(prior, canonical))

    def crops_of(self, prior: Prior, canonical: Canonical) -> dict[str, Any]:
        """The arguments of the canvas and its crops."""
        cell = cells(prior, canonical)
        size = cell["view_size"]
        width = self.columns * size
        place = {"height": self.rows * size, "width": width, "stride": self.pitch(size, width)}
        return {**cell, **place, "ring": self.ring}

    def pitch(self, size: int, width: int) -> int | Fraction:
        """Cells between neighbouring crops of `size` cells."""
        if self.crops is None:
            return max(1, round(Fraction(self.stride) * size))
        return Fraction(width - size, max(1, self.crops - 1)) or size

    def encode(self, prior: Prior, image: Tensor) -> Tensor:
        """Encodes the whole canvas at once; a ring is padded circularly first."""
        if not self.ring:
            return prior.encode(image[None])[0]
        pad = prior.shape[2] // 2
        edge = pad * prior.image_size // prior.shape[2]
        return prior.encode(wrap_columns(image, edge)[None])[0][..., pad:-pad]

    def decode(self, prior: Prior, z: Tensor) -> Tensor:
        """Decodes the whole canvas at once; a ring is padded circularly first."""
        if not self.ring:
            return prior.decode(z[None])[0]
        pad = prior.shape[2] // 2
        edge = pad * prior.image_size // prior.shape[2]
        return prior.decode(wrap_columns(z, pad)[None])[0][..., edge:-edge]
