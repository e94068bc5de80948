"""Reference sets: pictures of another run, or renderings of the procedural world.

A set consists of the first `per_prompt` pictures of each prompt by seed; the next `per_prompt` are
held out, and their score against the first is the noise floor.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Protocol

from synclab.core.protocols import Count
from synclab.core.text import texts_of
from synclab.errors import UserError
from synclab.metrics.same_prior import warn_of_another_prior, with_keys_of
from synclab.store.pictures import Picture, read_pictures

log = logging.getLogger(__name__)


class ReferenceSource(Protocol):
    """A source of reference pictures, and the command that generates them."""

    @property
    def path(self) -> str: ...
    @property
    def per_prompt(self) -> int: ...
    @property
    def command(self) -> str: ...

    def pictures(self, results: Path, prompts: Collection[str]) -> list[Picture]:
        """All pictures of these prompts below the results folder."""
        ...


@dataclass(frozen=True)
class RunReference:
    """The samples of a run at `path` below the results, such as plain images of the prior."""

    path: str
    per_prompt: Count
    command: str = "python -m synclab.run experiment=reference prompts=SET"
    kind: ClassVar[str] = "run"

    def pictures(self, results: Path, prompts: Collection[str]) -> list[Picture]:
        return [p for p in read_pictures(results / self.path) if p.prompt in prompts]


@dataclass(frozen=True)
class WholeReference(RunReference):
    """Plain images of a prompt's last text, which is of the picture as a whole: task=masked."""

    def pictures(self, results: Path, prompts: Collection[str]) -> list[Picture]:
        wholes = {prompt: texts_of(prompt)[-1] for prompt in prompts}
        found = super().pictures(results, wholes.values())
        return [
            replace(picture, row={**picture.row, "prompt": prompt})
            for prompt, whole in wholes.items()
            for picture in found
            if picture.prompt == whole
        ]


@dataclass(frozen=True)
class Reference:
    """The reference pictures, and a held-out set of the same size."""

    pictures: Sequence[Picture]
    held_out: Sequence[Picture]


def choose_for(scored: Sequence[Picture], source: ReferenceSource, results: Path) -> Reference:
    """The reference pictures for the prompts of samples; warns if another prior made them.

    Raises: UserError with the command that generates missing pictures.
    """
    prompts = {picture.prompt for picture in scored}
    chosen = choose(source, results, prompts, with_keys_of(scored, source.command, results))
    warn_of_another_prior(results / source.path, chosen.pictures, scored)
    return chosen


def choose(
    source: ReferenceSource, results: Path, prompts: Collection[str], command: str | None = None
) -> Reference:
    """The reference pictures of these prompts.

    Raises: UserError with the command that generates missing pictures, by default the source's.
    """
    command = command or source.command
    found = by_prompt(source.pictures(results, prompts), prompts)
    for prompt, pictures in found.items():
        if len(pictures) < source.per_prompt:
            raise UserError(
                f"{results / source.path}: {len(pictures)} reference images of {prompt!r}; expected"
                f" {source.per_prompt}; {command}"
            )
    n = source.per_prompt
    held_out = [picture for pictures in found.values() for picture in pictures[n : 2 * n]]
    if len(held_out) < n * len(found):
        log.warning(
            "%s: no noise floor: it needs %d images of each prompt; %s",
            results / source.path,
            2 * n,
            command,
        )
        held_out = []
    return Reference([p for pictures in found.values() for p in pictures[:n]], held_out)


def by_prompt(pictures: Sequence[Picture], prompts: Collection[str]) -> dict[str, list[Picture]]:
    """Pictures of these prompts by prompt, sorted by seed."""
    found: dict[str, list[Picture]] = {prompt: [] for prompt in sorted(prompts)}
    for picture in sorted(pictures, key=lambda picture: picture.row["seed"]):
        found[picture.prompt].append(picture)
    return found
