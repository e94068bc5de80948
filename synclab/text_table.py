"""Tables of plain text for the terminal."""


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Columns under a header, as wide as they need to be; numbers stand to the right."""
    cells = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(align(row, widths)).rstrip() for row in cells]


def align(row: tuple[str, ...], widths: list[int]) -> list[str]:
    first, *numbers, last = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(text.rjust(width) for text, width in numbers), last[0]]
