"""Tables as HTML pages whose cells link to their samples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from synclab.comparison.difference import with_differences
from synclab.comparison.frame import to_frame
from synclab.comparison.gaps import Gap
from synclab.comparison.table import Cell, Table

MARKS = {None: "{}", "best": "<b>{}</b>", "second": "<u>{}</u>"}

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 72em; margin: 2em auto; padding: 0 1em }}
table {{ border-collapse: collapse; border-top: 2px solid; border-bottom: 2px solid }}
th, td {{ padding: .2em .7em; text-align: right; white-space: nowrap }}
thead tr:last-child th {{ border-bottom: 1px solid; font-weight: normal }}
thead th[colspan] {{ text-align: center }}
tbody th {{ text-align: left }}
td a {{ color: #0645ad; text-decoration: none }} /* underlined is second */
td a:hover {{ background: #eef }}
.wide {{ overflow-x: auto }}
code {{ background: #f3f3f3; padding: .1em .3em }}
</style>
<h1>{title}</h1>
{body}
<h2>Samples</h2>
{runs}
</html>
"""

BODY = """<p>{caption}</p>
<div class="wide" tabindex="0" role="region" aria-label="{title}">
{table}
</div>
<ol>
{notes}
</ol>
{again}
"""


def render(table: Table) -> str:
    """An HTML page for the folder of tables, which lies beside the folders of tasks."""
    runs = [samples(table, method, own) for method, own in table.pairing.shown.items()]
    text = body(table, lambda method: f"#{quote(method)}")
    return PAGE.format(title=escape(table.title), body=text, runs="\n".join(runs))


def body(table: Table, place: Callable[[str], str]) -> str:
    """Caption, table and notes, with our numbers less the published ones.

    Args:
        place: the address of a method's samples, percent-encoded.
    """
    wide = with_differences(table)
    return BODY.format(
        title=escape(table.title),
        caption="<br>\n".join(map(escape, table.caption)),
        table=to_frame(wide, Show(table, place), escape).to_html(escape=False, border=0),
        notes="\n".join(note(table, i, gap) for i, gap in enumerate(table.notes, 1)),
        again=f"<p>After these: <code>{escape(table.again)}</code></p>" if table.again else "",
    )


@dataclass(frozen=True)
class Show:
    """A number links to its samples, a gap to its note; both have a tooltip."""

    table: Table
    place: Callable[[str], str]

    def __call__(self, cell: Cell) -> str:
        if cell.note:
            gap = self.table.notes[cell.note - 1]
            return link(f"#{note_id(self.table, cell.note)}", gap.command or gap.reason, "–")
        text = MARKS[cell.mark].format(escape(cell.text))
        if not cell.method:
            return text
        return link(self.place(cell.method), self.table.runs[cell.method], text)


def runs(table: Table, place: Callable[[str], str]) -> str:
    """A list of the methods with facts about their samples, as the tooltips of the cells say."""
    lines = [
        f"<li>{link(place(name), 'samples', escape(name))}: {escape(facts)}</li>"
        for name, facts in table.runs.items()
    ]
    return "\n".join(["<ul>", *lines, "</ul>"])


def link(target: str, title: str, text: str) -> str:
    return f'<a href="{escape(target)}" title="{escape(title)}">{text}</a>'


def note_id(table: Table, number: int) -> str:
    """The anchor of a note; a page may hold several tables."""
    return f"{table.name}-{table.pairing.protocol}-{number}"


def note(table: Table, number: int, gap: Gap) -> str:
    fill = f"<br><code>{escape(gap.command)}</code>" if gap.command else ""
    return f'<li id="{note_id(table, number)}">{escape(gap.reason)}{fill}</li>'


def samples(table: Table, method: str, own: Mapping[str, Any]) -> str:
    """Links to every picture of a method and to its row."""
    folder = quote(f"../{table.task}/{method}")
    links = [
        f"<li>{link(f'{folder}/{quote(name)}.png', 'picture', escape(name))}"
        f" {link(f'{folder}/{quote(name)}.json', 'how it was made', 'row')}</li>"
        for name in own["samples"]
    ]
    title = f'<h3 id="{escape(method)}">{escape(method)}</h3><p>{escape(table.runs[method])}</p>'
    return "\n".join([title, "<ul>", *links, "</ul>"])
