"""Tables as CSV: one line per cell, with its provenance."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from synclab.comparison.table import Cell, Column, Table


def render(table: Table) -> str:
    return pd.DataFrame(records(table)).convert_dtypes().to_csv(index=False)


def records(table: Table) -> Iterator[dict[str, Any]]:
    for column in table.columns:
        for row, cell in zip(table.rows, column.cells, strict=True):
            yield {
                "table": table.name,
                "row": row,
                "column": column.head,
                "source": column.source,
                **number(cell),
                **origin(table, column, cell),
            }


def number(cell: Cell) -> dict[str, Any]:
    found = cell.number
    return {
        "value": found and found.value,
        "error": found and found.error,
        "text": cell.text,
        "mark": cell.mark,
    }


def origin(table: Table, column: Column, cell: Cell) -> dict[str, Any]:
    """The source of a number, or the reason for a gap and the command that fills it."""
    if column.source == "published":
        return {"n": table.published.n, "from": table.published.source}
    gap = table.notes[cell.note - 1] if cell.note else None
    if cell.number and not cell.method:
        return {"from": str(table.pairing.scores.path)}
    if gap or not cell.method:
        return {"gap": gap and gap.reason, "command": gap and gap.command}
    own = table.pairing.shown[cell.method]
    return {
        "n": own["n"],
        "from": str(table.pairing.scores.folder / cell.method),
        "prompts": own["prompts"],
        "seeds": " ".join(map(str, own["seeds"])),
        "prior": own["prior"],
        "config": own["config_hash"],
        "protocol": table.pairing.scores.protocol["name"],
        "version": table.pairing.scores.protocol["version"],
        "samples": " ".join(own["samples"]),
    }
