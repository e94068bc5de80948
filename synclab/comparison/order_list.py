"""The orders of a paper's rows and ours in GitHub's Markdown, a list for each printed column."""

from collections.abc import Sequence

from synclab.comparison.markdown import escape
from synclab.comparison.published_orders import SHARE, SURE, PublishedOrder, tally
from synclab.comparison.table import Table

ABOUT = (
    "Every two rows for which the paper and we have both numbers, the paper's better one first."
    " Difference: by how much it is better here, paired over prompts, ± one standard error. An"
    f" order holds or is reversed from {SURE:g} standard errors on. It is absent if the difference"
    f" plus {SURE:g} standard errors is less than {SHARE:.0%} of the paper's, both as shares of the"
    " mean of two numbers. Else it is open, and more prompts may tell."
)


def render(table: Table) -> str | None:
    """A document; None where no order was scored."""
    found = table.orders
    if not found:
        return None
    lists = [section(table, name, orders) for name, orders in found.items()]
    return "\n\n".join([f"# {escape(table.title)}: the orders", ABOUT, *lists]) + "\n"


def section(table: Table, name: str, orders: Sequence[PublishedOrder]) -> str:
    """The orders of one column: what holds, and a line for each."""
    column = table.published.columns[name]
    lines = [line(order, table, column.digits) for order in orders]
    head = "| better in the paper | than | published | ours | difference | here |"
    rows = "\n".join([head, "|:--|:--|--:|--:|--:|:--|", *lines])
    return f"## {escape(column.head(name))}\n\n{tally(orders)}.\n\n{rows}"


def line(order: PublishedOrder, table: Table, digits: int) -> str:
    names = [escape(table.pairing.layout.call(row)) for row in order.rows]
    pairs = (", ".join(f"{n.value:.{digits}f}" for n in own) for own in (order.printed, order.ours))
    return f"| {' | '.join([*names, *pairs, order.gap.show(digits), order.verdict])} |"
