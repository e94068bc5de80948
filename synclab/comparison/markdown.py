"""Tables in GitHub's Markdown."""

from synclab.comparison.frame import to_frame
from synclab.comparison.gaps import Gap
from synclab.comparison.table import Cell, Table

MARKS = {None: "{}", "best": "**{}**", "second": "<u>{}</u>"}


def render(table: Table) -> str:
    """Title, caption, table, notes on missing values, and the samples behind each row."""
    caption = "\n".join(map(escape, table.caption))
    again = f"After the commands below: `{table.again}`" if table.again else ""
    notes = "\n".join(note(table, i, gap) for i, gap in enumerate(table.notes, 1))
    samples = "" if table.pairing.plain else runs(table)
    parts = (f"## {escape(table.title)}", caption, grid(table), samples, again, notes)
    return "\n\n".join(part for part in parts if part) + "\n"


def grid(table: Table) -> str:
    frame = to_frame(table, lambda cell: show(table, cell), escape)
    head = [table.published.head, *map(join, frame.columns)]
    rows = zip(map(join, frame.index), frame.to_numpy().tolist(), strict=True)
    lines = [head, [":--", *["--:"] * frame.shape[1]], *([name, *texts] for name, texts in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def join(names: str | tuple[str, ...]) -> str:
    """A heading of one or two levels."""
    return names if isinstance(names, str) else " ".join(filter(None, names))


def show(table: Table, cell: Cell) -> str:
    if cell.note:
        return f"–[^{table.name}-{cell.note}]"
    return MARKS[cell.mark].format(escape(cell.text))


def note(table: Table, number: int, gap: Gap) -> str:
    fill = f": `{gap.command}`" if gap.command else ""
    return f"[^{table.name}-{number}]: {escape(gap.reason)}{fill}"


def runs(table: Table) -> str:
    """A link to the samples behind each row."""
    return "\n".join(
        f"- [{name}](../{table.task}/{name}): {escape(facts)}" for name, facts in table.runs.items()
    )


def escape(text: str) -> str:
    """Escapes Markdown markup."""
    for letter in "\\|*_<>`":
        text = text.replace(letter, f"\\{letter}")
    return text
