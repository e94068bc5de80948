"""Which seeds of each prompt are scored: scores of sets depend on their number."""

import logging
from collections.abc import Mapping, Sequence

from synclab.metrics.reference import by_prompt
from synclab.store.pictures import Picture

log = logging.getLogger(__name__)


def equal(pictures: Sequence[Picture], seeds: int | None) -> list[Picture]:
    """The first `seeds` pictures of each prompt, by seed; warns of all that are left out.

    Prompts that have fewer are left out. None stands for all seeds, with a warning if their numbers
    differ.
    """
    found = by_prompt(pictures, {picture.prompt for picture in pictures})
    warn(found, seeds)
    whole = (own for own in found.values() if seeds is None or len(own) >= seeds)
    return [picture for own in whole for picture in own[:seeds]]


def warn(found: Mapping[str, list[Picture]], seeds: int | None) -> None:
    """Warns of prompts with more or fewer pictures than `seeds`, or than other prompts."""
    if not found:
        return
    counts = {prompt: len(own) for prompt, own in found.items()}
    place = next(iter(found.values()))[0].path.parent
    least, most = min(counts.values()), max(counts.values())
    if seeds is None and least != most:
        log.warning("%s: prompts have %d to %d seeds; all are scored", place, least, most)
    if seeds is not None and most > seeds:
        log.warning("%s: scored: the first %d of %d seeds of each prompt", place, seeds, most)
    if seeds is not None and least < seeds:
        fewer = [prompt for prompt, count in counts.items() if count < seeds]
        log.warning(
            "%s: left out: %d prompts with fewer than %d seeds, first %r",
            place,
            len(fewer),
            seeds,
            fewer[0],
        )
