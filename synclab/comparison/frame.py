"""A table as a pandas frame of text, with two-level headings, transposed if the paper's is."""

from collections.abc import Callable

import pandas as pd

from synclab.comparison.table import Cell, Table


def to_frame(
    table: Table, show: Callable[[Cell], str], escape: Callable[[str], str]
) -> pd.DataFrame:
    """Renders every cell with `show` and every text with `escape`."""
    body = {(label, ""): list(map(escape, texts)) for label, texts in table.labels.items()} | {
        (column.head, column.source): list(map(show, column.cells)) for column in table.columns
    }
    heads = [(escape(name), source) for name, source in body]
    if table.pairing.plain:  # all are ours
        columns = pd.Index([name for name, _ in heads])
    else:
        columns = pd.MultiIndex.from_tuples(heads)
    rows = pd.Index(list(map(escape, table.rows)))
    frame = pd.DataFrame(dict(enumerate(body.values())), index=rows).set_axis(columns, axis=1)
    return frame.T if table.published.transposed else frame
