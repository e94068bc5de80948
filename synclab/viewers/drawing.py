"""Drawings by matplotlib: sizes, colours and formats that all plots share."""

import io
import logging
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from synclab.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTHS = {"column": 3.25, "page": 6.875}
"""Inches of one column and of both in the templates of CVPR and ICCV."""

HEIGHT = 2.2
"""Inches of a row of panels."""

COLOURS = ("#1f77b4", "#c46500", "#2a9a2a", "#d62728", "#9467bd", "#8c6d4b", "#0e8a9a", "#7f7f7f")
"""Each stands out from white and from the dark page, by at least 3 to 1."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""Seven shapes and eight colours: 56 methods look different."""

STYLE: dict[Any, Any] = {
    "font.size": 8,
    "pdf.fonttype": 42,  # TrueType, which conferences ask for
    "svg.fonttype": "none",  # texts stay texts
    "svg.hashsalt": "synclab",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
}

STAMPS = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
"""What leaves the date out of each format, so that equal figures give equal bytes."""


def canvas(
    rows: int, columns: int, width: float, height: float = HEIGHT
) -> "tuple[Figure, list[list[Axes]]]":
    """A figure without a display, and its panels in rows.

    Args:
        width: inches of the figure.
        height: inches of a row.

    Raises: UserError if matplotlib is not installed.
    """
    figure = new_figure(width, height * rows, "constrained")
    from matplotlib import rc_context

    with rc_context(STYLE):
        panels = figure.subplots(rows, columns, squeeze=False)
    return figure, [list(row) for row in panels]


def new_figure(
    width: float, height: float, layout: Literal["constrained"] | None = None
) -> "Figure":
    """An empty figure without a display, its sizes in inches.

    Raises: UserError if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError("matplotlib is not installed; use pip install -e '.[figures]'") from error
    return Figure(figsize=(width, height), layout=layout)


def rendered(figure: "Figure", kind: str, dpi: int = 300) -> bytes:
    """The file of a figure: svg, pdf or png; equal figures give equal bytes."""
    from matplotlib import rc_context

    for talkative in ("fontTools", "matplotlib.font_manager"):
        logging.getLogger(talkative).setLevel(logging.ERROR)
    buffer = io.BytesIO()
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # fonts_for names them
        figure.savefig(buffer, format=kind, metadata=STAMPS[kind], dpi=dpi)
    return buffer.getvalue()


def looks(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """A colour and a marker for each name."""
    return {
        name: {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}
        for i, name in enumerate(names)
    }


def literal(name: object) -> str:
    """A name that matplotlib shows letter by letter: $ begins no formula."""
    return str(name).replace("$", r"\$")


def legend_below(figure: "Figure", axes: "Axes") -> None:
    """The legend of one panel, below all of them."""
    handles, names = axes.get_legend_handles_labels()
    columns = max(1, min(len(names), round(figure.get_figwidth() / 1.3)))
    figure.legend(
        handles, names, loc="outside lower center", ncols=columns, frameon=False, fontsize=7
    )
