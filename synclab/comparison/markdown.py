"""Tables in GitHub's Markdown."""

from synclab.comparison.frame import to_frame
from synclab.comparison.gaps import Gap
from synclab.comparison.table import Cell, Table

MARKS = {None: "{}", "best": "**{}**", "second": "<u>{}</u>"}


def render(table: Table) -> str:
    """Title, caption, table, what is missing, and whose samples it shows."""
    caption = "\n".join(map(escape, table.caption))
    again = f"After the commands below: `{table.again}`" if table.again else ""
    notes = "\n".join(note(table, i, gap) for i, gap in enumerate(table.notes, 1))
    parts = (f"## {escape(table.title)}", caption, grid(table), runs(table), again, notes)
    return "\n\n".join(part for part in parts if part) + "\n"


def grid(table: Table) -> str:
    frame = to_frame(table, lambda cell: show(table, cell), escape)
    levels = frame.columns.nlevels
    head = [" ".join(filter(None, [name] if levels == 1 else name)) for name in frame.columns]
    corner = [table.layout.published.head]
    names = [
        " ".join(filter(None, [name] if isinstance(name, str) else name)) for name in frame.index
    ]
    rows = [[name, *texts] for name, texts in zip(names, frame.to_numpy().tolist(), strict=True)]
    rule = [":--", *["--:"] * len(head)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [[*corner, *head], rule, *rows])


def show(table: Table, cell: Cell) -> str:
    if cell.note:
        return f"–[^{table.layout.name}-{cell.note}]"
    return MARKS[cell.mark].format(escape(cell.text))


def note(table: Table, number: int, gap: Gap) -> str:
    fill = f": `{gap.command}`" if gap.command else ""
    return f"[^{table.layout.name}-{number}]: {escape(gap.reason)}{fill}"


def runs(table: Table) -> str:
    """A link to the samples behind each row."""
    return "\n".join(
        f"- [{name}](../{table.layout.task}/{name}): {escape(facts)}"
        for name, facts in table.runs.items()
    )


def escape(text: str) -> str:
    """Without what Markdown reads as markup."""
    for letter in "\\|*_<>`":
        text = text.replace(letter, f"\\{letter}")
    return text
