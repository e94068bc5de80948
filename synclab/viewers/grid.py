"""A grid of samples for a paper: methods beside each other, prompts below each other."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import numpy as np
import pandas as pd
from PIL import Image

from synclab.errors import UserError, nearest
from synclab.store.pictures import Picture
from synclab.viewers.drawing import COLOURS, STYLE, literal, new_figure
from synclab.viewers.fonts import fonts_for
from synclab.viewers.sheet import picture_of, read_samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP, LINE = 0.04, 0.16
"""Inches between pictures, and of a line of text."""

DPI = 300
"""Pixels of a picture for each inch."""

LETTERS = 13
"""Letters of a prompt for each inch."""

ARROW = 16
"""Length of an arrow across and down, in points."""


@dataclass(frozen=True)
class Crop:
    """A detail that is shown enlarged, in parts of the picture."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def read(cls, text: str) -> "Crop":
        """Raises: UserError unless it is four numbers of a part inside the picture."""
        try:
            left, top, width, height = parts_of(text.split())
            if min(width, height) == 0 or max(left + width, top + height) > 1 + 1e-9:
                raise ValueError("not inside")
        except ValueError as error:
            raise UserError(
                f"--crop {text}: expected LEFT TOP WIDTH HEIGHT inside the picture, in parts of it,"
                ' such as "0.4 0.3 0.1 0.2"'
            ) from error
        return cls(left, top, width, height)

    def cut(self, image: Image.Image) -> Image.Image:
        right, bottom = self.left + self.width, self.top + self.height
        parts = (self.left, self.top, right, bottom)
        sides = (image.width, image.height, image.width, image.height)
        left, top, right, bottom = (round(p * s) for p, s in zip(parts, sides, strict=True))
        return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


@dataclass(frozen=True)
class Arrow:
    """An arrow to a place, in parts of the picture, from its left and from its top.

    Args:
        method: whose pictures have it; None for all.
    """

    x: float
    y: float
    method: str | None = None

    @classmethod
    def read(cls, text: str) -> "Arrow":
        """Raises: UserError unless it is a place in the picture, behind a method's name or none."""
        words = text.split()
        try:
            x, y = parts_of(words[-2:])
            (method,) = words[:-2] or [None]
        except ValueError as error:
            raise UserError(
                f"--arrow {text}: expected X Y or METHOD X Y, in parts of the picture from its left"
                ' and its top, such as "sds 0.4 0.3"'
            ) from error
        return cls(x, y, method)


def parts_of(words: Sequence[str]) -> list[float]:
    """Numbers from 0 to 1; ValueError for others."""
    numbers = [float(word) for word in words]
    if not all(0 <= number <= 1 for number in numbers):
        raise ValueError("not from 0 to 1")
    return numbers


@dataclass(frozen=True)
class Grid:
    """What a grid shows.

    Args:
        methods: the names of methods by their folders; empty for all under their folders' names.
        prompts: empty for all.
        seed: None for the lowest that all these methods have of a prompt.
        columns: methods beside each other; further ones go on in the next line of their prompt.
        width: inches.
    """

    methods: Mapping[str, str]
    prompts: Sequence[str] = ()
    seed: int | None = None
    crops: Sequence[Crop] = ()
    arrows: Sequence[Arrow] = ()
    columns: int = 4
    width: float = 6.875


@dataclass(frozen=True)
class Chosen:
    """The samples of a grid: of each prompt one of each method, and the methods' names."""

    names: Mapping[str, str]
    rows: Mapping[str, Mapping[str, Picture]]

    @property
    def table(self) -> pd.DataFrame:
        """Columns prompt, method, seed, picture, sha256."""
        rows = [
            (prompt, method, own.row["seed"], own.path.as_posix(), own.row["sha256"])
            for prompt, samples in self.rows.items()
            for method, own in samples.items()
        ]
        return pd.DataFrame(rows, columns=["prompt", "method", "seed", "picture", "sha256"])


def choose(task: Path, grid: Grid) -> Chosen:
    """The samples that a grid of a task shows.

    Raises: UserError for methods or prompts without samples, or without a seed in common.
    """
    found = read_samples(task)
    names = grid.methods or {method: method for method in found}
    for method in names:
        if method not in found:
            raise UserError(f"--methods {method}: no samples in {task}; {nearest(method, found)}")
    samples = [own for method in names for own in found[method].values()]
    known = dict.fromkeys(own.prompt for own in samples)
    for prompt in grid.prompts:
        if prompt not in known:
            raise UserError(f"--prompt {prompt}: no sample in {task}; {nearest(prompt, known)}")
    by_prompt = {
        prompt: {method: seeds(found[method].values(), prompt) for method in names}
        for prompt in grid.prompts or known
    }
    return Chosen(names, {prompt: common(own, prompt, grid) for prompt, own in by_prompt.items()})


def seeds(samples: Iterable[Picture], prompt: str) -> dict[int, Picture]:
    """The samples of a prompt by their seeds."""
    return {own.row["seed"]: own for own in samples if own.prompt == prompt}


def common(
    samples: Mapping[str, Mapping[int, Picture]], prompt: str, grid: Grid
) -> dict[str, Picture]:
    """Each method's sample of the grid's seed, or of the lowest that all methods have."""
    shared = set.intersection(*(set(own) for own in samples.values()))
    seed = min(shared, default=None) if grid.seed is None else grid.seed
    if seed is None or seed not in shared:
        some = f" with seed {grid.seed}" if grid.seed is not None else ""
        raise UserError(
            f"--methods {','.join(samples)}: not all have a sample of {prompt!r}{some}; leave out"
            " methods with --methods, or choose prompts with --prompt"
        )
    return {method: own[seed] for method, own in samples.items()}


def draw_grid(chosen: Chosen, grid: Grid) -> "Figure":
    """The pictures under their methods' names, each row under its prompt.

    Raises: UserError if matplotlib is not installed.
    """
    place = Layout(chosen, grid)
    figure = new_figure(grid.width, place.height)
    texts = [*chosen.rows, *chosen.names.values()]
    style: Any = {"family": families(texts), "fontsize": STYLE["font.size"], "va": "top"}
    top = 0.0
    for prompt, samples in chosen.rows.items():
        lines = [literal(line) for line in place.wrapped(prompt)]
        for line in lines:
            figure.text(0, 1 - top / place.height, line, ha="left", **style)
            top += LINE
        for index, (method, sample) in enumerate(samples.items()):
            line, column = divmod(index, place.columns)
            left, upper = column * (place.cell + GAP), top + line * place.step
            middle = (left + place.cell / 2) / grid.width
            name = literal(chosen.names[method])
            figure.text(middle, 1 - upper / place.height, name, ha="center", **style)
            draw_cell(figure, place, (left, upper + LINE), place.pictures[sample.path], method)
        top += place.lines * place.step + GAP
    return figure


class Layout:
    """Sizes in inches of the parts of a grid."""

    def __init__(self, chosen: Chosen, grid: Grid) -> None:
        samples = [own for row in chosen.rows.values() for own in row.values()]
        self.grid = grid
        self.columns = min(grid.columns, len(chosen.names))
        self.lines = -(-len(chosen.names) // self.columns)  # of a prompt
        self.cell = (grid.width - GAP * (self.columns - 1)) / self.columns
        self.pictures = {own.path: self.shrunk(picture_of(own)) for own in samples}
        ratios = [image.height / image.width for image in self.pictures.values()]
        self.picture = self.cell * max(ratios)
        self.detail = (self.cell - GAP * (len(grid.crops) - 1)) / max(1, len(grid.crops))
        self.details = self.detail * max(
            (max(ratios) * crop.height / crop.width for crop in grid.crops), default=0
        )
        self.step = LINE + self.picture + GAP + (self.details + GAP if grid.crops else 0)
        texts = sum(len(self.wrapped(prompt)) for prompt in chosen.rows)
        self.height = texts * LINE + len(chosen.rows) * (self.lines * self.step + GAP)

    def shrunk(self, image: Image.Image) -> Image.Image:
        """Scaled to `DPI`, unless a detail of it is shown enlarged."""
        width = round(DPI * self.cell / min((crop.width for crop in self.grid.crops), default=1))
        if image.width > width:
            return image.resize((width, round(width * image.height / image.width)))
        return image

    def wrapped(self, prompt: str) -> list[str]:
        """A prompt in lines; wide letters take twice the room."""
        wide = any(east_asian_width(letter) in "WF" for letter in prompt)
        room = round(LETTERS * self.grid.width / (2 if wide else 1))
        return textwrap.wrap(prompt, room) or ["(no prompt)"]


def draw_cell(
    figure: "Figure", place: Layout, corner: tuple[float, float], image: Image.Image, method: str
) -> None:
    """A picture with its boxes and arrows, and its details below it."""
    left, top = corner
    height = place.cell * image.height / image.width
    axes = add_picture(figure, place, (left, top, place.cell, height), image)
    for arrow in place.grid.arrows:
        if arrow.method in (None, method):
            add_arrow(axes, arrow)
    for index, crop in enumerate(place.grid.crops):
        colour = COLOURS[index % len(COLOURS)]
        add_box(axes, crop, colour)
        detail = crop.cut(image)
        box = (
            left + index * (place.detail + GAP),
            top + height + GAP,
            place.detail,
            place.detail * detail.height / detail.width,
        )
        for side in add_picture(figure, place, box, detail).spines.values():
            side.set(visible=True, color=colour, linewidth=1.2)


def add_picture(
    figure: "Figure",
    place: Layout,
    box: tuple[float, float, float, float],
    image: Image.Image,
) -> "Axes":
    """A picture at left, top, width and height in inches."""
    left, top, width, height = box
    total = place.height
    bounds = (left / place.grid.width, 1 - (top + height) / total)
    axes = figure.add_axes((*bounds, width / place.grid.width, height / total))
    axes.imshow(np.asarray(image), aspect="auto", interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    for side in axes.spines.values():
        side.set_visible(False)
    return axes


def add_box(axes: "Axes", crop: Crop, colour: str) -> None:
    """The frame of a detail, with a white rim."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    corner = (crop.left, 1 - crop.top - crop.height)
    place: Any = {"transform": axes.transAxes, "fill": False, "color": colour, "linewidth": 1.2}
    rim = [withStroke(linewidth=2.4, foreground="white")]
    axes.add_patch(Rectangle(corner, crop.width, crop.height, path_effects=rim, **place))


def add_arrow(axes: "Axes", arrow: Arrow) -> None:
    """A white arrow with a dark rim, from the side where there is more room."""
    from matplotlib.patheffects import withStroke

    across = ARROW if arrow.x < 0.5 else -ARROW
    down = -ARROW if arrow.y < 0.5 else ARROW
    shape: Any = {"arrowstyle": "-|>", "color": "white", "linewidth": 1.4, "shrinkB": 0}
    shape["path_effects"] = [withStroke(linewidth=3, foreground="black")]
    axes.annotate(
        "", (arrow.x, 1 - arrow.y), (across, down),
        xycoords="axes fraction", textcoords="offset points", arrowprops=shape,
    )  # fmt: skip


def families(texts: Sequence[str]) -> list[str]:
    """Names of the fonts that show some texts, in order."""
    from matplotlib.font_manager import FontProperties, fontManager

    names = []
    for path in fonts_for(texts):
        fontManager.addfont(path)
        names.append(FontProperties(fname=path).get_name())
    return names
