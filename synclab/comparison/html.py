"""Tables as HTML pages whose cells link to their samples."""

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

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
<p>{caption}</p>
<div class="wide" tabindex="0">
{table}
</div>
<ol>
{notes}
</ol>
{again}
<h2>Samples</h2>
{runs}
</html>
"""


def render(table: Table) -> str:
    """An HTML page for the folder of tables, which lies beside the folders of tasks."""
    frame = to_frame(table, lambda cell: show(table, cell), escape)
    return PAGE.format(
        title=escape(table.title),
        caption="<br>\n".join(map(escape, table.caption)),
        table=frame.to_html(escape=False, border=0),
        notes="\n".join(note(i, gap) for i, gap in enumerate(table.notes, 1)),
        again=f"<p>After these: <code>{escape(table.again)}</code></p>" if table.again else "",
        runs="\n".join(samples(table, name, own) for name, own in table.pairing.shown.items()),
    )


def show(table: Table, cell: Cell) -> str:
    """A number links to its samples, a gap to its note; both have a tooltip."""
    if cell.note:
        gap = table.notes[cell.note - 1]
        return link(f"#note-{cell.note}", gap.command or gap.reason, "–")
    text = MARKS[cell.mark].format(escape(cell.text))
    return link(f"#{cell.method}", table.runs[cell.method], text) if cell.method else text


def link(target: str, title: str, text: str) -> str:
    return f'<a href="{quote(target, safe="#/.")}" title="{escape(title)}">{text}</a>'


def note(number: int, gap: Gap) -> str:
    fill = f"<br><code>{escape(gap.command)}</code>" if gap.command else ""
    return f'<li id="note-{number}">{escape(gap.reason)}{fill}</li>'


def samples(table: Table, method: str, own: Mapping[str, Any]) -> str:
    """Links to every picture of a method and to its row."""
    folder = f"../{table.task}/{method}"
    links = [
        f"<li>{link(f'{folder}/{name}.png', 'picture', name)}"
        f" {link(f'{folder}/{name}.json', 'how it was made', 'row')}</li>"
        for name in own["samples"]
    ]
    title = f'<h3 id="{escape(method)}">{escape(method)}</h3><p>{escape(table.runs[method])}</p>'
    return "\n".join([title, "<ul>", *links, "</ul>"])
