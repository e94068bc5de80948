"""Which of a paper's orders hold here: every two rows of a printed column, paired over prompts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from synclab.comparison.number import Number
from synclab.comparison.orders import FEWEST, column, lead, our_numbers
from synclab.comparison.pairing import Pairing

Verdict = Literal["holds", "reversed", "absent", "open"]

SURE = 2.0
"""Standard errors from which on a difference has a sign."""

SHARE = 0.5
"""An order is absent if the gap here is surely below this share of the paper's."""


@dataclass(frozen=True)
class PublishedOrder:
    """Two rows, first the one that the paper has as the better one.

    Args:
        printed, ours: the numbers of both.
        gap: by how much the first is better here, negative if it is worse, with the error of the
            difference.
    """

    rows: tuple[str, str]
    printed: tuple[Number, Number]
    ours: tuple[Number, Number]
    gap: Number

    @property
    def verdict(self) -> Verdict:
        """Whether the order holds here, by the difference and its error.

        Gaps are compared as shares of the mean of both numbers, since judges differ in scale.
        """
        gap, error = self.gap.value, SURE * (self.gap.error or 0.0)
        if abs(gap) >= error:
            return "holds" if gap > 0 else "reversed"
        first, second = self.printed
        most = SHARE * abs(first.value - second.value) / mean(self.printed)
        return "absent" if (abs(gap) + error) < most * mean(self.ours) else "open"


def mean(numbers: tuple[Number, Number]) -> float:
    return sum(abs(number.value) for number in numbers) / 2


def published_orders(pairing: Pairing) -> dict[str, list[PublishedOrder]]:
    """The orders of every printed column that we have too; none of too few prompts."""
    if pairing.plain or pairing.prompt_count < FEWEST:
        return {}
    found = {name: list(of_column(pairing, name)) for name, _ in pairing.used()}
    return {name: orders for name, orders in found.items() if orders}


def of_column(pairing: Pairing, name: str) -> Iterator[PublishedOrder]:
    """The orders of a printed column, its best rows first.

    Left out are equal or bounded numbers of the paper, and pairs whose error was not recorded.
    """
    ours, rows = our_numbers(pairing, name), pairing.layout.published.rows
    printed = {row: n for row in ours if (n := rows[row].numbers[name]) and n.exact}
    sign = 1 if column(pairing, name).better == "lower" else -1
    for pair in combinations(sorted(printed, key=lambda row: sign * printed[row].value), 2):
        one, other = pair
        gap = lead(pairing, pair, name, ours)
        if gap and printed[one].value != printed[other].value:
            numbers = (printed[one], printed[other]), (ours[one], ours[other])
            yield PublishedOrder(pair, *numbers, gap)


def tally(orders: Sequence[PublishedOrder]) -> str:
    """ "6 of 10 hold, 3 reversed, 1 open"."""
    found = Counter(order.verdict for order in orders)
    others = [f"{found[name]} {name}" for name in ("reversed", "absent", "open") if found[name]]
    return ", ".join([f"{found['holds']} of {len(orders)} hold", *others])
