"""Contact sheets: one row for each prompt, one column for each method, of what lies in results.

python -m synclab.report results/tiny/panorama
"""

import json
import logging
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from synclab.command import complain
from synclab.errors import UserError
from synclab.store import write_atomically

log = logging.getLogger(__name__)

LABEL = 18  # pixels of a line of text
WIDTH = 512  # pixels of a panorama on the sheet
ORDER = ("ddim", "multidiffusion", "synctweedies", "sds", "stochsync")  # the paper's story


def read_rows(folder: Path) -> dict[str, dict[str, Any]]:
    """Rows of all finished samples below a task's folder: {method: {sample id: row}}."""
    rows: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*/*.json")):
        row = json.loads(path.read_text())
        if "sha256" in row:
            rows.setdefault(path.parent.name, {})[row["id"]] = row
    if not rows:
        raise UserError(f"{folder}: no finished sample there; run python -m synclab.run first")
    return rows


def rank(method: str) -> tuple[int, str]:
    return (ORDER.index(method) if method in ORDER else len(ORDER), method)


def contact_sheet(folder: Path) -> Image.Image:
    """All samples of a task; a method that lacks one shows a gap."""
    rows = read_rows(folder)
    methods = sorted(rows, key=rank)
    ids = list(dict.fromkeys(sample for method in methods for sample in rows[method]))
    sizes = [crop_blank(Image.open(folder / m / f"{i}.png")).size for m in methods for i in rows[m]]
    height = max(round(WIDTH * h / w) for w, h in sizes)
    sheet = Image.new("RGB", (WIDTH * len(methods), LABEL + (height + LABEL) * len(ids)), "white")
    write = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for column, method in enumerate(methods):
        write.text((WIDTH * column + 4, 1), method, "black", font)
        for line, sample in enumerate(ids):
            top = LABEL + (height + LABEL) * line
            row = rows[method].get(sample)
            if row is None:
                continue
            picture = crop_blank(Image.open(folder / method / f"{sample}.png"))
            picture = picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)))
            sheet.paste(picture, (WIDTH * column, top + LABEL))
            write.text((WIDTH * column + 4, top + 1), caption(row), "black", font)
    return sheet


def caption(row: dict[str, Any]) -> str:
    return f"{row['prompt'] or '(no prompt)'}, seed {row['seed']}, {row['seconds']['total']:.0f} s"


def crop_blank(image: Image.Image) -> Image.Image:
    """Without the rows that no view has seen: a ring of level views leaves the poles black."""
    box = image.getbbox()
    return image.crop((0, box[1], image.width, box[3])) if box else image


def save(image: Image.Image, path: Path) -> None:
    import io

    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())
    log.info("%s", path)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        for name in sys.argv[1:] or ["results/tiny/panorama"]:
            save(contact_sheet(Path(name)), Path(name) / "sheet.png")
    except UserError as error:
        return complain(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
