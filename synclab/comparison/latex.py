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
    """A floating table, no wider than the text, with notes on missing values below it."""
    frame = to_frame(table, show, escape)
    return TABLE.format(
        caption=" ".join(map(escape, [f"{table.title}.", *table.caption])),
        name=table.name,
        tabular=tabular(frame),
        notes="\n".join(note(i, gap) for i, gap in enumerate(table.notes, 1)),
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
    return rf"\par\footnotesize\raggedright $^{{{number}}}$ {escape(gap.reason)}{fill}"


def escape(text: str) -> str:
    return text.translate(LETTERS)
