"""Sizes of the parts of a grid, in inches."""

import textwrap
from unicodedata import east_asian_width

from PIL import Image

from synclab.viewers.grid import Chosen, Grid
from synclab.viewers.sheet import picture_of

GAP, LINE = 0.04, 0.16
"""Between pictures, and of a line of text."""

DPI = 300
"""Pixels of a picture for each inch."""

LETTERS = 13
"""Letters of a prompt for each inch."""


class Layout:
    """The pictures of a grid and where they stand; all of one size.

    Attributes:
        columns: methods beside each other.
        cell: width of a picture.
        picture: height of the highest picture.
        detail, details: width of a detail, and height of the highest.
        line: height of a line of methods, with their names and details.
        row: height of all lines of a prompt, without the prompt.
    """

    def __init__(self, chosen: Chosen, grid: Grid) -> None:
        samples = [own for row in chosen.rows.values() for own in row.values()]
        self.width, crops = grid.width, grid.crops
        self.columns = min(grid.columns, len(chosen.names))
        self.cell = (grid.width - GAP * (self.columns - 1)) / self.columns
        finest = min((crop.width for crop in crops), default=1)
        self.pictures = {own.path: self.shrunk(picture_of(own), finest) for own in samples}
        ratio = max(image.height / image.width for image in self.pictures.values())
        self.picture = self.cell * ratio
        self.detail = (self.cell - GAP * (len(crops) - 1)) / max(1, len(crops))
        highest = max((crop.height / crop.width for crop in crops), default=0)
        self.details = self.detail * ratio * highest
        self.line = LINE + self.picture + GAP + (self.details + GAP if crops else 0)
        self.row = -(-len(chosen.names) // self.columns) * self.line + GAP
        prompts = sum(LINE * len(self.wrapped(prompt)) for prompt in chosen.rows)
        self.height = GAP + prompts + len(chosen.rows) * self.row

    def corner(self, index: int) -> tuple[float, float]:
        """Left and top of the method of this index, from the prompt's first line of methods."""
        line, column = divmod(index, self.columns)
        return column * (self.cell + GAP), line * self.line

    def shrunk(self, image: Image.Image, finest: float) -> Image.Image:
        """Scaled to `DPI`, also where its finest detail is enlarged to the width of a picture."""
        width = round(DPI * self.cell / finest)
        if image.width <= width:
            return image
        return image.resize((width, round(width * image.height / image.width)))

    def wrapped(self, prompt: str) -> list[str]:
        """A prompt in lines; wide letters take twice the room."""
        wide = any(east_asian_width(letter) in "WF" for letter in prompt)
        room = round(LETTERS * self.width / (2 if wide else 1))
        return textwrap.wrap(prompt, room) or ["(no prompt)"]
