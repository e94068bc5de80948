"""What a grid for a paper shows: methods beside each other, prompts below each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from synclab.errors import UserError, nearest
from synclab.store.pictures import Picture
from synclab.viewers.samples import read_samples


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
    names = grid.methods or {method: method for method in sorted(found)}
    check(names, found, "--methods", task)
    check([own.method for own in grid.arrows if own.method], names, "--arrow", task)
    prompts = dict.fromkeys(own.prompt for method in names for own in found[method].values())
    check(grid.prompts, prompts, "--prompt", task)
    rows = {
        prompt: {method: seeds(found[method].values(), prompt) for method in names}
        for prompt in grid.prompts or prompts
    }
    return Chosen(names, {prompt: common(own, prompt, grid) for prompt, own in rows.items()})


def check(asked: Iterable[str], known: Iterable[str], option: str, task: Path) -> None:
    """Raises: UserError for the first name that is not known."""
    known = list(known)
    for name in asked:
        if name not in known:
            raise UserError(f"{option} {name}: no samples in {task}; {nearest(name, known)}")


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
