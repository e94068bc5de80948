"""Tables of plain text for the terminal."""


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of a table; columns are as wide as needed, and numbers are right-aligned."""
    cells = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(align(row, widths)).rstrip() for row in cells]


def align(row: tuple[str, ...], widths: list[int]) -> list[str]:
    first, *numbers, last = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(text.rjust(width) for text, width in numbers), last[0]]
