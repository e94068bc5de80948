"""A reference of plain samples is of one prior: the command that makes it, and a check of it."""

import logging
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from synclab.config.overrides import assignment
from synclab.metrics.runtime import common
from synclab.store.pictures import Picture

log = logging.getLogger(__name__)

RUN = "python -m synclab.run"

ANY_SET = "prompts=SET"
"""Stands in a protocol's command for the prompts that are scored."""


def with_keys_of(scored: Sequence[Picture], command: str, results: Path) -> str:
    """A protocol's command, with the prompts and the folder of the samples that are scored.

    One that makes no samples is returned unchanged.
    """
    if not command.startswith(RUN):
        return command
    words = shlex.split(command.replace(ANY_SET, shlex.join(prompts_of(scored))))
    return shlex.join([*words, *where(results)])


def prompts_of(scored: Sequence[Picture]) -> list[str]:
    """The keys of the prompts: their set, the only one, or a word in place of several sets."""
    if set_name := shared(scored, "prompts"):
        return [assignment("prompts", set_name)]
    prompt = shared(scored, "prompt")
    return ["prompts=null", assignment("prompt", prompt)] if prompt else [ANY_SET]


def shared(scored: Sequence[Picture], key: str) -> str | None:
    """The value that all rows have; None if they differ."""
    found: Any = common([picture.row.get(key) for picture in scored])
    return found if isinstance(found, str) else None


def where(results: Path) -> list[str]:
    """The key of the results folder; none for the default."""
    here = Path.cwd()
    place = str(results.relative_to(here) if results.is_relative_to(here) else results)
    return [] if place == "results" else [assignment("results", place)]


def warn_of_another_prior(
    place: Path, reference: Sequence[Picture], scored: Sequence[Picture]
) -> None:
    """Warns of a reference by other weights than those of the samples, if both are known."""
    known = {weights(picture) for picture in reference} - {None}
    others = [own for own in scored if weights(own) not in {None, *known}]
    if known and others:
        log.warning(
            "%s: plain samples of prior=%s, with other weights than the samples of prior=%s: scores"
            " against them also measure how the priors differ; for a reference of the same prior,"
            " if it makes plain samples, use a results=FOLDER of its own",
            place, names(reference), names(others),
        )  # fmt: skip


def weights(picture: Picture) -> tuple[str, str | None] | None:
    """Hashes of the weights and of their LoRA; None if the row does not state them."""
    own = picture.row.get("weights")
    return own and (own, picture.row.get("config", {}).get("prior", {}).get("lora"))


def names(pictures: Iterable[Picture]) -> str:
    return ",".join(sorted({str(picture.row.get("prior")) for picture in pictures}))
