r"""The LaTeX that includes a grid: a figure with \includegraphics and a caption."""

import re

from synclab.comparison.latex import escape
from synclab.viewers.grid import Chosen

FIGURE = r"""% \usepackage{{graphicx}}
% Letters beyond Latin: LuaLaTeX and XeLaTeX show them with a font that has them, pdfLaTeX as codes.
\providecommand{{\unicodetext}}[2]{{\ifdefined\Umathchar #1\else #2\fi}}
\begin{{{kind}}}
\centering
\includegraphics[width=\linewidth]{{{file}}}
\caption{{{caption}}}
\label{{fig:{label}}}
\end{{{kind}}}
"""

LATIN = "\u0000-\u017f‘’“”–—…"
"""What every LaTeX since 2018 reads as UTF-8."""


def render(chosen: Chosen, file: str, wide: bool) -> str:
    """The text of a .tex file.

    Args:
        file: of the grid.
        wide: whether it spans both columns.
    """
    names = [*map(text, chosen.names.values())]
    prompts = [rf"\emph{{{text(prompt or '(no prompt)')}}}" for prompt in chosen.rows]
    label = re.sub(r"[^A-Za-z0-9-]+", "-", file.rpartition(".")[0])
    return FIGURE.format(
        kind="figure*" if wide else "figure",
        file=rf"\detokenize{{{file}}}",
        caption=f"Samples of {listed(names)}. Prompts, from top to bottom: {'; '.join(prompts)}.",
        label=label,
    )


def text(words: str) -> str:
    """A text without commands; letters that pdfLaTeX cannot read fall back to their codes there."""
    return re.sub(rf"[^{LATIN}\\$]+", both, escape(" ".join(words.split())))


def both(letters: re.Match[str]) -> str:
    codes = " ".join(f"U+{ord(letter):04X}" for letter in letters[0])
    return rf"\unicodetext{{{letters[0]}}}{{[{codes}]}}"


def listed(names: list[str]) -> str:
    """Names as "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
