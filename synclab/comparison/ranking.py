"""Best and second of a column, as the papers mark them."""

from collections.abc import Sequence
from typing import Literal

from synclab.comparison.number import Number
from synclab.comparison.published import PrintedColumn

Mark = Literal["best", "second"]


def rank(numbers: Sequence[Number | None], column: PrintedColumn) -> list[Mark | None]:
    """Marks of a column's numbers; equals as printed share one, and one number alone has none."""
    rounded = [
        round(number.value, column.digits) if number and number.exact else None
        for number in numbers
    ]
    order = sorted({value for value in rounded if value is not None})
    if column.better == "higher":
        order.reverse()
    marks: dict[float | None, Mark] = dict(zip(order[:2], ("best", "second"), strict=False))
    alone = sum(value is not None for value in rounded) < 2
    return [None if alone else marks.get(value) for value in rounded]
