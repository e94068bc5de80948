"""Captions of tables: sources of the numbers, numbers of images, prior and protocol."""

from collections.abc import Iterator, Mapping
from typing import Any

from synclab.comparison.number import Number
from synclab.comparison.orders import FEWEST, neighbours
from synclab.comparison.pairing import Pairing
from synclab.comparison.published import Published
from synclab.comparison.published_orders import published_orders, tally
from synclab.comparison.scores import as_printed


def describe(pairing: Pairing) -> list[str]:
    """The sentences of a caption."""
    return [
        *([] if pairing.plain else [about_published(pairing.layout.published)]),
        about_ours(pairing),
        about_reference(pairing),
        *about_custom(pairing),
        about_marks(pairing),
        *about_orders(pairing),
    ]


def about_published(published: Published) -> str:
    secondary = ", from a secondary source" if published.recovered == "secondary" else ""
    scaled = [f"{name} × {c.scale:g}" for name, c in published.columns.items() if c.scale != 1]
    also = f"; {', '.join(scaled)}" if scaled else ""
    return f"Published: {published.source}{secondary}; n = {published.n or 'not stated'}{also}."


def about_ours(pairing: Pairing) -> str:
    """The scores, n, prompts and seeds, which all rows share, and the priors."""
    own, protocol = list(pairing.shown.values()), pairing.scores.protocol
    name = pairing.asked.get("prompts")
    prompts = f"{own[0]['prompts']} prompts{f' of {name}' if name else ''}"
    priors = ", ".join(sorted({str(prior) for entry in own for prior in listed(entry["prior"])}))
    scores = ", ".join(score for _, score in pairing.used())
    images = f"n = {own[0]['n']} ({prompts}, {about_seeds(own[0])})"
    return (
        f"Ours: {scores}, ± one standard error; {images};"
        f" prior {priors}; protocol {protocol['name']} version {protocol['version']}."
    )


def about_seeds(own: Mapping[str, Any]) -> str:
    """How many seeds each prompt has, and all seeds."""
    each, rest = divmod(len(own["samples"]), own["prompts"])
    number = "unequal numbers of seeds" if rest else f"{each} seed{'' if each == 1 else 's'}"
    return f"{number} of each: {', '.join(map(str, own['seeds']))}"


def about_marks(pairing: Pairing) -> str:
    """The rule of bold and underlined numbers."""
    apart, mixed = "", ""
    if not pairing.plain:
        apart = ", separately for published numbers and ours"
        mixed = " If prior, judge or n differ, only the order of rows can be compared."
    return (
        f"Best in bold and second best underlined{apart}, if better than all others by more than"
        f" one standard error of the difference.{mixed}"
    )


def about_orders(pairing: Pairing) -> Iterator[str]:
    """How sure the order of neighbouring rows is, column by column."""
    if pairing.prompt_count < FEWEST:
        count = pairing.prompt_count
        yield f"{count} prompts show no order of rows; at least {FEWEST} are needed for that."
        return
    for name, _ in pairing.used():
        digits = pairing.layout.published.columns[name].digits
        orders = [
            f"{o.better} before {o.worse} by {Number(o.gap, o.error).show(digits)}"
            f" ({o.probability:.0%})"
            for o in neighbours(pairing, name)
        ]
        if orders:
            yield f"Order of {name}, paired over prompts (probability): {'; '.join(orders)}."
    if told := [f"{name} {tally(own)}" for name, own in published_orders(pairing).items()]:
        yield f"Pairs of rows in the paper's order: {'; '.join(told)}."


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def about_reference(pairing: Pairing) -> str:
    """The reference set, and the noise floor: the score of a held-out set against it."""
    reference = pairing.scores.body.get("reference") or {}
    found = [f"{name} {number}" for name, number in noise_floor(pairing)]
    floor = f"; a held-out set of the same size scores {', '.join(found)}" if found else ""
    priors = ", ".join(map(str, listed(reference.get("prior") or [])))
    by = f" by prior {priors}" if priors and reference["kind"] == "run" else ""
    return f"Reference: {reference.get('n', 'no')} images{by}{floor}."


def about_custom(pairing: Pairing) -> Iterator[str]:
    """A warning for every judge whose weights are not verified as the published ones."""
    for name, identity in pairing.scores.protocol.get("identities", {}).items():
        if "(custom)" in identity:
            yield f"Weights of {name} not verified as the published ones: {identity}."


def noise_floor(pairing: Pairing) -> Iterator[tuple[str, str]]:
    """The noise floor in the format of the paper's columns."""
    floor = (pairing.scores.body.get("noise_floor") or {}).get("scores", {})
    for name, score in pairing.used():
        column, entry = pairing.layout.published.columns[name], floor.get(score)
        if entry and entry["value"] is not None:
            yield name, as_printed(entry, column, score).show(column.digits)


def describe_run(own: Mapping[str, Any]) -> str:
    """Facts about one method's samples, from their rows."""
    facts = {
        "prior": ", ".join(map(str, listed(own["prior"]))),
        "configuration": ", ".join(str(name)[:8] for name in listed(own["config_hash"])),
        "network evaluations": own["nfe"] and f"{own['nfe']:g}",
        "seconds": own["runtime"]["seconds"] and f"{own['runtime']['seconds']:.1f}",
    }
    known = ", ".join(f"{name} {fact}" for name, fact in facts.items() if fact)
    return f"{len(own['samples'])} samples, {known}"
