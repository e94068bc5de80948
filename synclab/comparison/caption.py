"""What is said over a table: whose numbers, of how many images, by which prior and protocol."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synclab.comparison.layout import Layout
from synclab.comparison.number import Number
from synclab.comparison.scores import Samples, Scores, as_printed

MARKS = (
    "Best bold, second underlined, published and ours apart. Where prior, judge or n differ, only"
    " the order of rows can be compared."
)


def describe(layout: Layout, scores: Scores, common: Samples) -> list[str]:
    """The sentences of a caption."""
    methods = dict.fromkeys(layout.methods[row] for row in layout.published.rows)
    own = [entry for name, entry in scores.methods.items() if name in methods]
    same = [entry for entry in own if frozenset(entry["samples"]) == common]
    return [
        about_published(layout),
        about_ours(same, scores),
        about_columns(layout, scores),
        about_reference(layout, scores),
        MARKS,
    ]


def about_published(layout: Layout) -> str:
    published = layout.published
    secondary = ", from other people's notes" if published.recovered == "secondary" else ""
    scaled = [f"{name} × {c.scale:g}" for name, c in published.columns.items() if c.scale != 1]
    also = f"; {', '.join(scaled)}" if scaled else ""
    return f"Published: {published.source}{secondary}; n = {published.n or 'not said'}{also}."


def about_ours(own: Sequence[Mapping[str, Any]], scores: Scores) -> str:
    """n, prompts and seeds, which all rows share, and all priors."""
    first, protocol = own[0], scores.protocol
    prompts = f"{first['prompts']} prompts{asked_set(scores, first['samples'])}"
    seeds = ", ".join(map(str, first["seeds"]))
    priors = sorted({str(name) for entry in own for name in listed(entry["prior"])})
    return (
        f"Ours: n = {first['n']} ({prompts}, seeds {seeds}), ± one standard error;"
        f" prior {', '.join(priors)}; protocol {protocol['name']} version {protocol['version']}."
    )


def asked_set(scores: Scores, samples: Sequence[str]) -> str:
    prompts = scores.asked(frozenset(samples)).get("prompts")
    return f" of {prompts}" if prompts else ""


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def about_columns(layout: Layout, scores: Scores) -> str:
    """Which of our scores stand for the printed quantities."""
    return f"Ours by column: {', '.join(score for _, score in used(layout, scores))}."


def about_reference(layout: Layout, scores: Scores) -> str:
    """What was compared with, and how far apart two halves of it are."""
    reference, floor = scores.body.get("reference") or {}, scores.body.get("noise_floor") or {}
    found = [f"{name} {number}" for name, number in half_against_half(layout, scores, floor)]
    halves = f"; a second set against it: {', '.join(found)}" if found else ""
    return f"Reference: {reference.get('n', 'no')} images{halves}."


def used(layout: Layout, scores: Scores) -> Iterator[tuple[str, str]]:
    """Printed columns with the names of our scores."""
    for name in layout.published.columns:
        if score := layout.score(name, scores.protocol["name"]):
            yield name, score


def half_against_half(
    layout: Layout, scores: Scores, floor: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """The noise floor as the paper's columns print it."""
    for name, score in used(layout, scores):
        entry, column = floor.get("scores", {}).get(score), layout.published.columns[name]
        if entry and entry["value"] is not None:
            number: Number = as_printed(entry, column, f"{scores.path}: {score}")
            yield name, number.show(column.digits)


def describe_run(own: Mapping[str, Any]) -> str:
    """What there is to say of one method's samples, from their rows."""
    facts = {
        "prior": ", ".join(map(str, listed(own["prior"]))),
        "configuration": ", ".join(str(name)[:8] for name in listed(own["config_hash"])),
        "network evaluations": own["nfe"] and f"{own['nfe']:g}",
        "seconds": own["runtime"]["seconds"] and f"{own['runtime']['seconds']:.1f}",
    }
    told = ", ".join(f"{name} {fact}" for name, fact in facts.items() if fact)
    return f"{len(own['samples'])} samples, {told}"
