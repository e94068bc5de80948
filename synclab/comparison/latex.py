r"""Tables in LaTeX, with \usepackage{amssymb, booktabs, graphicx, multirow}."""

import pandas as pd

from synclab.comparison.frame import to_frame
from synclab.comparison.gaps import Gap
from synclab.comparison.table import Cell, Table

MARKS = {None: "{}", "best": r"\textbf{{{}}}", "second": r"\underline{{{}}}"}

LETTERS = str.maketrans(
    {letter: f"\\{letter}" for letter in "#$%&_{}"}
    | {
        "\\": r"\textbackslash{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        "±": r"$\pm$",
        "×": r"$\times$",
        "✓": r"\checkmark{}",
        "✗": r"$\times$",
        "–": "--",
        "°": r"$^\circ$",
        "σ": r"$\sigma$",
        "Δ": r"$\Delta$",
        "λ": r"$\lambda$",
        "₀": "$_0$",
        "ₜ": "$_t$",
        "|": r"$|$",
    }
)

TABLE = r"""\begin{{table}}
\centering
\caption{{{caption}}}
\label{{tab:{name}}}
\resizebox{{\ifdim\width>\linewidth \linewidth\else\width\fi}}{{!}}{{%
{tabular}}}
{notes}
\end{{table}}
"""


def render(table: Table) -> str:
    """A floating table, no wider than the text; in small type below it what the numbers are and
    notes on missing ones.
    """
    notes = [note(number, gap) for number, gap in enumerate(table.notes, 1)]
    return TABLE.format(
        caption=escape(f"{table.title}."),
        name=table.name,
        tabular=tabular(to_frame(table, show, escape)),
        notes="\n".join(map(small, [*notes, *map(escape, table.caption)])),
    )


def tabular(frame: pd.DataFrame) -> str:
    columns = "l" * frame.index.nlevels + "r" * frame.shape[1]
    return frame.to_latex(escape=False, column_format=columns, multicolumn_format="c").strip()


def show(cell: Cell) -> str:
    if cell.note:
        return f"--$^{{{cell.note}}}$"
    return MARKS[cell.mark].format(escape(cell.text))


def note(number: int, gap: Gap) -> str:
    fill = rf": \texttt{{{escape(gap.command)}}}" if gap.command else ""
    return rf"$^{{{number}}}$ {escape(gap.reason)}{fill}"


def small(text: str) -> str:
    return rf"\par\footnotesize\raggedright {text}"


def escape(text: str) -> str:
    return text.translate(LETTERS)
