"""Draws a grid: prompts, names of methods, pictures, enlarged details and arrows."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from synclab.viewers.drawing import COLOURS, STYLE, literal, new_figure
from synclab.viewers.fonts import fonts_for
from synclab.viewers.grid import Arrow, Chosen, Crop, Grid
from synclab.viewers.grid_layout import GAP, LINE, Layout

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ARROW = 16
"""Length of an arrow across and down, in points."""

FRAME = 1.2
"""Width of the frame of a detail, in points."""


def draw_grid(chosen: Chosen, grid: Grid) -> "Figure":
    """The pictures under their methods' names, each row under its prompt.

    Raises: UserError if matplotlib is not installed.
    """
    layout = Layout(chosen, grid)
    paper = Paper(grid.width, layout.height)
    paper.use_fonts_for([*chosen.rows, *chosen.names.values()])
    top = GAP
    for prompt, samples in chosen.rows.items():
        for text in layout.wrapped(prompt):
            paper.write((0, top), text, "left")
            top += LINE
        for index, (method, sample) in enumerate(samples.items()):
            left, down = layout.corner(index)
            paper.write((left + layout.cell / 2, top + down), chosen.names[method], "center")
            arrows = [own for own in grid.arrows if own.method in (None, method)]
            place = (left, top + down + LINE)
            draw_sample(paper, layout, place, layout.pictures[sample.path], (grid.crops, arrows))
        top += layout.row
    return paper.figure


class Paper:
    """A figure on which places are inches from its left and from its top."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = new_figure(width, height)
        self.width, self.height = width, height
        self.style: dict[str, Any] = {"fontsize": STYLE["font.size"], "va": "top"}

    def use_fonts_for(self, texts: Iterable[str]) -> None:
        """Fonts that show all letters of some texts."""
        from matplotlib.font_manager import FontProperties, fontManager

        paths = fonts_for(texts)
        for path in paths:
            fontManager.addfont(path)
        self.style["family"] = [FontProperties(fname=path).get_name() for path in paths]

    def write(
        self, place: tuple[float, float], text: str, align: Literal["left", "center"]
    ) -> None:
        """A line of text below a place."""
        x, y = place[0] / self.width, 1 - place[1] / self.height
        self.figure.text(x, y, literal(text), ha=align, **self.style)

    def paste(self, place: tuple[float, float], width: float, image: Image.Image) -> "Axes":
        """A picture with its left upper corner at a place."""
        height = width * image.height / image.width
        left, bottom = place[0] / self.width, 1 - (place[1] + height) / self.height
        axes = self.figure.add_axes((left, bottom, width / self.width, height / self.height))
        axes.imshow(np.asarray(image), aspect="auto", interpolation="antialiased")
        axes.set(xticks=[], yticks=[])
        for side in axes.spines.values():
            side.set_visible(False)
        return axes


def draw_sample(
    paper: Paper,
    layout: Layout,
    place: tuple[float, float],
    image: Image.Image,
    marks: tuple[Iterable[Crop], Iterable[Arrow]],
) -> None:
    """A picture with its frames and arrows, and its details below it."""
    axes, (crops, arrows) = paper.paste(place, layout.cell, image), marks
    for arrow in arrows:
        add_arrow(axes, arrow)
    left, below = place[0], place[1] + layout.cell * image.height / image.width + GAP
    for index, crop in enumerate(crops):
        colour = COLOURS[index % len(COLOURS)]
        add_frame(axes, crop, colour)
        corner = (left + index * (layout.detail + GAP), below)
        for side in paper.paste(corner, layout.detail, crop.cut(image)).spines.values():
            side.set(visible=True, color=colour, linewidth=FRAME)


def add_frame(axes: "Axes", crop: Crop, colour: str) -> None:
    """The frame of a detail, with a white rim."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    corner = (crop.left, 1 - crop.top - crop.height)
    look: Any = {"transform": axes.transAxes, "fill": False, "color": colour, "linewidth": FRAME}
    look["path_effects"] = [withStroke(linewidth=2 * FRAME, foreground="white")]
    axes.add_patch(Rectangle(corner, crop.width, crop.height, **look))


def add_arrow(axes: "Axes", arrow: Arrow) -> None:
    """A white arrow with a dark rim, from the side where there is more room."""
    from matplotlib.patheffects import withStroke

    across = ARROW if arrow.x < 0.5 else -ARROW
    down = -ARROW if arrow.y < 0.5 else ARROW
    look: Any = {"arrowstyle": "-|>", "color": "white", "linewidth": 1.4, "shrinkB": 0}
    look["path_effects"] = [withStroke(linewidth=3, foreground="black")]
    axes.annotate(
        "", (arrow.x, 1 - arrow.y), (across, down),
        xycoords="axes fraction", textcoords="offset points", arrowprops=look,
    )  # fmt: skip
