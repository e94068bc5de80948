"""A number as printed in a table."""

import re
from dataclasses import dataclass
from typing import Any

PRINTED = re.compile(r"(?P<above>>)?(?P<value>\d+(\.\d+)?)(?P<kilo>K)?( ± (?P<error>\d+(\.\d+)?))?")


@dataclass(frozen=True)
class Number:
    """A value with its standard error, if known; `printed` is the text of a bound such as ">1K"."""

    value: float
    error: float | None = None
    printed: str | None = None

    @property
    def exact(self) -> bool:
        """Whether it can be ranked: a bound such as ">1K" cannot."""
        return self.printed is None

    def show(self, digits: int) -> str:
        """With as many decimals; two significant digits where they would make even the error 0."""
        if self.printed:
            return self.printed
        if self.error is None:
            return f"{self.value:.{digits}f}"
        hidden = self.error and not round(self.error, digits) and not round(self.value, digits)
        form = ".2g" if hidden else f".{digits}f"
        return f"{self.value:{form}} ± {self.error:{form}}"


def read_number(entry: Any) -> Number | None:
    """A number of `published.yaml`: 57.88, "0.72 ± 0.08", ">1K" or null.

    Raises: ValueError for anything else.
    """
    if entry is None:
        return None
    if isinstance(entry, int | float) and not isinstance(entry, bool):
        return Number(float(entry))
    match = PRINTED.fullmatch(str(entry))
    if not match:
        raise ValueError(f"{entry!r}: expected a number, '0.72 ± 0.08', '>1K' or null")
    value = float(match["value"]) * (1000 if match["kilo"] else 1)
    error = float(match["error"]) if match["error"] else None
    return Number(value, error, str(entry) if match["above"] else None)
