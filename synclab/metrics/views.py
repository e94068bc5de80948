"""Selects the views of a result that are scored, with the projector that the tasks use.

Every class here turns a picture (3, H, W) and its row into views (n, 3, h, w), all uint8.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import torch
from annotated_types import Ge, Interval
from torch import Tensor

from synclab.config.prompt_sets import read_sets
from synclab.core.streams import Streams
from synclab.errors import UserError, nearest
from synclab.metrics.extractors.pixels import tiles
from synclab.spaces.panorama import Panorama
from synclab.store.pictures import Picture, UnusableError

Row = Mapping[str, Any]
Size = Annotated[int, Ge(1)]
Fov = Annotated[float, Interval(gt=0, lt=180)]


class Cutter:
    """Base class of view cutters: by default the parameters decide which views are cut."""

    def key(self, row: Row) -> str:
        return str(self)

    def source(self, picture: Picture) -> Tensor:
        """The sample's picture."""
        return picture.load()

    def of_reference(self) -> "Cutter":
        """Whole pictures: those of a reference are single views."""
        return Whole()

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        raise NotImplementedError


@dataclass(frozen=True)
class Whole(Cutter):
    """The picture itself."""

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        return picture[None]


@dataclass(frozen=True)
class Tiles(Cutter):
    """Adjacent squares: 6 for SyncDiffusion's 512 x 3072."""

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        height_of_views(picture, row)
        return tiles(picture)


@dataclass(frozen=True)
class ZoomLevels(Tiles):
    """The levels of a zoom; leaves out zooms of other depths or steps than the reference has."""

    levels: Annotated[int, Ge(2)]
    magnification: Annotated[int, Ge(2)]

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        views = super().cut(picture, row)
        made = row.get("config", {}).get("task", {}).get("magnification", self.magnification)
        if (len(views), made) != (self.levels, self.magnification):
            raise UnusableError(
                f"it has {len(views)} levels, {made} times closer each; this protocol scores"
                f" {self.levels} levels, {self.magnification} times closer each"
            )
        return views


@dataclass(frozen=True)
class RandomCrop(Cutter):
    """One square at a random position that depends only on prompt and seed, not on the method."""

    seed: Annotated[int, Ge(0)] = 0

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        side = height_of_views(picture, row)
        rng = Streams("crop", self.seed, row["id"])
        return crop(picture, rng.integer("crop", 0, picture.shape[2] - side))


@dataclass(frozen=True)
class CentreCrop(Cutter):
    """One square in the middle."""

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        return crop(picture, (picture.shape[2] - height_of_views(picture, row)) // 2)


def height_of_views(picture: Tensor, row: Row) -> int:
    """The height of a wide picture, which is that of its views.

    Raises: UnusableError for wide pictures of several rows of views.
    """
    rows = row.get("config", {}).get("task", {}).get("rows", 1)
    if rows != 1:
        raise UnusableError(f"it has {rows} rows of views; this protocol scores one (task.rows=1)")
    return picture.shape[1]


def crop(picture: Tensor, left: int) -> Tensor:
    return picture[None, :, :, left : left + picture.shape[1]]


@dataclass(frozen=True)
class RenderedViews(Cutter):
    """Views of an object that its task rendered: squares in rows of `columns`, beside the texture.

    Ingested samples and Gaussians have them as their picture. Of each view the central square of
    `part` of its side is scored, so that a background need not be part of the reference.
    """

    columns: Size
    part: Annotated[float, Interval(gt=0, le=1)] = 1.0

    def source(self, picture: Picture) -> Tensor:
        views = picture.load_artefact("views.png")
        return picture.load() if views is None else views

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        side, rest = divmod(picture.shape[2], self.columns)
        if rest or picture.shape[1] % side:
            raise UnusableError(f"it has no rows of {self.columns} square views")
        squares = picture.unfold(1, side, side).unfold(2, side, side).flatten(1, 2).movedim(0, 1)
        inner = round(self.part * side)
        start = (side - inner) // 2
        return squares[:, :, start : start + inner, start : start + inner]


@dataclass(frozen=True)
class Perspective(Cutter):
    """Views of a panorama at fixed azimuths and one elevation, in degrees."""

    size: Size
    fov: Fov
    azimuths: tuple[float, ...]
    elevation: Annotated[float, Interval(ge=-90, le=90)] = 0.0

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        views = [(azimuth, self.elevation) for azimuth in self.azimuths]
        return look(picture, self.size, self.fov, views)


@dataclass(frozen=True)
class DrawnPerspective(Cutter):
    """Level views of a panorama at azimuths drawn for each prompt, one in each of `count` sectors.

    They depend on prompt and seed, not on the method, and fall on no method's own views.
    """

    size: Size
    fov: Fov
    count: Annotated[int, Ge(1)]
    seed: Annotated[int, Ge(0)] = 0

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        return look(picture, self.size, self.fov, [(a, 0.0) for a in self.azimuths(row)])

    def azimuths(self, row: Row) -> list[float]:
        """The azimuths of a row's prompt, in degrees."""
        draws = Streams("azimuths", self.seed, row["prompt"]).uniform("azimuth", 0, 1, self.count)
        return [360 * (sector + draw) / self.count for sector, draw in enumerate(draws)]


@dataclass(frozen=True)
class PromptPerspective(Cutter):
    """Level views of a panorama at the azimuths that a paper's prompt file lists for each prompt.

    `prompts` are names in prompts/papers.yaml; their files hold {"data": [{"captions": [prompt],
    "thetas": [degrees]}]}.
    """

    size: Size
    fov: Fov
    prompts: tuple[str, ...]

    def key(self, row: Row) -> str:
        """The azimuths are part of the key: they are read from files that may change."""
        return f"{self} {self.azimuths(row)}"

    def cut(self, picture: Tensor, row: Row) -> Tensor:
        return look(picture, self.size, self.fov, [(a, 0.0) for a in self.azimuths(row)])

    def azimuths(self, row: Row) -> list[float]:
        """The azimuths of a row's prompt, in degrees.

        Raises: UserError if the files do not list the prompt.
        """
        azimuths = read_azimuths(self.prompts).get(row["prompt"])
        if azimuths is None:
            raise UserError(
                f"{', '.join(self.prompts)}: no azimuths for the prompt {row['prompt']!r}; expected"
                " the paper's prompts; run python scripts/fetch_prompts.py, or use another eval"
            )
        return azimuths


@lru_cache
def read_azimuths(names: tuple[str, ...]) -> dict[str, list[float]]:
    """Evaluation azimuths of each prompt in degrees, from the sets that are downloaded."""
    sets = read_sets()
    for name in set(names) - sets.keys():
        raise UserError(f"views.prompts={name}: no such set; {nearest(name, sets)}")
    fetched = [sets[name] for name in names if sets[name].path.is_file()]
    for prompts in fetched:
        prompts.verify(str(prompts.path))
    return {k: v for prompts in fetched for k, v in entries(prompts.path)}


def entries(file: Path) -> list[tuple[str, list[float]]]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))["data"]
        return [(entry["captions"][0], entry["thetas"]) for entry in data]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(f"{file}: no readable prompt file with thetas ({error})") from error


def look(picture: Tensor, size: int, fov: float, views: list[tuple[float, float]]) -> Tensor:
    """Perspective views at (azimuth, elevation) of a panorama, rounded to the nearest of 256."""
    height, width = picture.shape[1:]
    if width != 2 * height:
        raise UserError(f"a picture of {width} x {height}; expected a panorama, twice as wide")
    space, values = projector(height, width, size, fov), picture.float()
    # One by one: the maps of ten random views at 512 pixels would fill the space's cache with 2 GB.
    return torch.cat([space.project(values, (view,)).round().byte() for view in views])


@lru_cache(maxsize=4)
def projector(height: int, width: int, size: int, fov: float) -> Panorama:
    return Panorama(channels=3, height=height, width=width, view_size=size, fov=fov)
