"""The card of the judge of quality: its scores, and disturbance curves as a table and a plot."""

import json
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from synclab.judges.quality import FAULTS, FOLDER

from ..cards.tables import percent, table
from .curves import INDEPENDENT, NONE, Row, curve, gap, sees
from .planted import DISTURBANCES
from .quality import TOLD

SHOWN = {
    "fid": "FID",
    "fid_truth": "FID, truth",
    "sfid_truth": "sFID, truth",
    "kid_prompts_truth": "KID, truth",
    "cmmd_truth": "CMMD, truth",
    "giqa": "GIQA",
    "seam_views": "seam ratio",
    "ds_views": "DS",
    "fid_classifier": "FID, 64 px",
}
"""Columns of the table, by their names in the protocol."""

PLOTTED = ("fid_truth", "sfid_truth", "cmmd_truth", "ds_views", "fid_classifier")

CARD = """# judge_2: the embedded judge of quality

What `fid`, `sfid`, `kid`, `giqa`, `is` and the coherence columns read under `eval=embedded` from
version 2 on: {parameters:,} parameters that see views of 128 x 128 pixels, none of them reduced.
It was trained to name the kind of scene, the time of day and the direction of a view of the
procedural world (`synclab.world`), and the strength of every fault in it.
(`scripts/embedded/judges/card.py` wrote this card.)

## How it was made

{scenes} scenes with two views each, {steps} steps of {batch} views, AdamW, one CPU thread; the
weights are moving averages. Three views in ten are left as they are, five have one fault, two
have two, each at a strength drawn uniformly:
{faults}.
Half of the views are resampled first, which is no fault.

**Not in its training: {unknown}.** It saw no picture of any generative model.

```
python -m scripts.embedded judge --scenes {scenes} --steps {steps}
python -m scripts.embedded disturbance
```

## What it scores on {test_scenes} views of scenes that it has not seen

Kind of level views (of 18), time outdoors (of 4), direction (down, level, up), with every fault
at full strength; and the probability that a view with the fault gets a higher strength of it than
one without (area under the ROC curve; 50 % is chance).

{accuracy}

## Disturbance curves

Faults planted into {panoramas} true panoramas, ten views each, scored as `eval=embedded_world`
does: "truth" columns against as many other true panoramas, the others against views of
independent scenes. "FID, 64 px" is that of the classifier, which was the judge in version 1.

{curves}

Bold: the column gets worse at every step of the fault, and in all by more than the gap that
coherence alone makes (true panoramas against independent views: {gaps}), or by a tenth for seam
ratio and DS, which are taken at the borders of views, every 36 degrees. KID, CMMD and GIQA are
printed times 1000. Units of the amounts:
{units}.
All columns are in `disturbance.csv`.

![Columns over the amount of each fault, relative to the undisturbed panoramas](disturbance.svg)

## Limits

- {blind}
- Seams and mirrored halves hardly move a distance of features: read DS and the seam ratio beside
  it.
- It knows this world only. No number made with it can stand beside a paper's.
- FID grows where a set is coherent, for one panorama a prompt is one palette a prompt. The truth
  columns do not cure that, since two sets of true panoramas differ in their palettes too: views of
  independent scenes score less against the truth than other true panoramas do. Read every column
  beside the row `truth`, and compare only methods that make whole panoramas of the same prompts.
"""


def write_card(output: Path, rows: Sequence[Row], panoramas: int) -> None:
    """Writes README.md and disturbance.svg, with the scores of the judge that was used."""
    card = json.loads((FOLDER / "card.json").read_text(encoding="utf-8"))
    plot(rows, output / "disturbance.svg")
    (output / "README.md").write_text(text(card, rows, panoramas), encoding="utf-8")


def text(card: dict[str, Any], rows: Sequence[Row], panoramas: int) -> str:
    unknown = [name for name, each in DISTURBANCES.items() if not each.trained]
    gaps = [f"{SHOWN[name]} {gap(rows, name):.2f}" for name in ("fid", "fid_classifier")]
    return CARD.format(
        **card | {"accuracy": accuracy_table(card["accuracy"])},
        faults=", ".join(FAULTS),
        unknown=", ".join(unknown),
        panoramas=panoramas,
        curves=curves_table(rows),
        gaps=", ".join(gaps),
        units=fill("; ".join(f"{name}: {each.unit}" for name, each in DISTURBANCES.items()), 98),
        blind=blind(rows),
    )


def blind(rows: Sequence[Row]) -> str:
    """Which faults each of the main columns does not notice."""
    found = []
    for column in ("fid_truth", "kid_prompts_truth", "sfid_truth", "cmmd_truth", "ds_views"):
        missed = [name for name in DISTURBANCES if not sees(rows, name, column)]
        found.append(f"{SHOWN[column]} misses {', '.join(missed) or 'none'}")
    return fill(f"By the rule above, {'; '.join(found)}.", 96, subsequent_indent="  ")


def accuracy_table(accuracy: dict[str, Any]) -> str:
    strengths = accuracy[FAULTS[0]][TOLD]
    head = ["views", "kind", "time", "direction", *(f"told at {s}" for s in strengths)]
    rows = []
    for name, found in accuracy.items():
        told = found.get(TOLD, {})
        shares = [percent(found[what]) for what in ("kind", "time", "direction")]
        rows.append([name, *shares, *(percent(told[s]) if told else "" for s in strengths)])
    return table(head, rows)


def curves_table(rows: Sequence[Row]) -> str:
    found = {(row.fault, row.amount, row.column): row.value for row in rows}

    def line(label: str, amount: float, fault: str) -> list[str]:
        cells = [label, f"{amount:g}" if amount else ""]
        for column in SHOWN:
            value = found.get((fault, amount, column))
            number = "" if value is None else f"{value:.3g}"
            cells.append(f"**{number}**" if amount and sees(rows, fault, column) else number)
        return cells

    lines = [line(INDEPENDENT, 0, INDEPENDENT), line("true panoramas", 0, NONE)]
    for name, each in DISTURBANCES.items():
        lines += [line(name, amount, name) for amount in each.amounts]
    return table(["fault", "amount", *SHOWN.values()], lines)


def plot(rows: Sequence[Row], file: Path) -> None:
    """Every column relative to the undisturbed panoramas, a panel for each fault."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    figure = Figure(figsize=(14, 6), layout="constrained")
    panels = figure.subplots(2, 5, sharey=True).flatten()
    for axes, (name, each) in zip(panels, DISTURBANCES.items(), strict=True):
        for column in PLOTTED:
            amounts, values = zip(*curve(rows, name, column), strict=True)
            axes.plot(amounts, [v / values[0] for v in values], marker="o", label=SHOWN[column])
        axes.set(title=name + ("" if each.trained else " (not trained)"), yscale="log")
        axes.set_xlabel(each.unit, fontsize=7)
    panels[0].legend(fontsize=7)
    figure.supylabel("relative to true panoramas")
    figure.savefig(file, metadata={"Date": None})
