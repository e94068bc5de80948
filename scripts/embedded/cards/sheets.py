"""Contact sheets of samples."""

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from synclab.world import OUTDOOR, TIMES

from ..data.prompts import Prompt


def sheet(images: Tensor, rows: int) -> Image.Image:
    """Images (n, 3, h, w) in [0, 1] side by side in `rows` rows of equal length."""
    lines = [torch.cat(list(line), -1) for line in images.clamp(0, 1).cpu().chunk(rows)]
    pixels = (torch.cat(lines, -2) * 255).round().byte().permute(1, 2, 0)
    return Image.fromarray(pixels.numpy())


def sheet_cells(prompts: list[Prompt], kind: str) -> list[int]:
    """Indices of a row's pictures: the plain prompt of each time, or every prompt indoors."""
    of_kind = [i for i, prompt in enumerate(prompts) if prompt.kind == kind]
    if kind in OUTDOOR:
        of_kind = [i for i in of_kind if prompts[i].wording == "plain"]
    return of_kind[: len(TIMES)]


def contact_sheet(prompts: list[Prompt], images: Tensor) -> Image.Image:
    """Rows are kinds, columns times; kinds without a time show their first prompts instead."""
    side, left, top = images.shape[-1], 100, 18
    kinds = list(dict.fromkeys(prompt.kind for prompt in prompts))
    sheet = Image.new("RGB", (left + side * len(TIMES), top + side * len(kinds)), "white")
    draw = ImageDraw.Draw(sheet)
    for column, time in enumerate(TIMES):
        draw.text((left + side * column + 4, 3), time, "black")
    for row, kind in enumerate(kinds):
        draw.text((4, top + side * row + side // 2 - 6), kind, "black")
        for column, index in enumerate(sheet_cells(prompts, kind)):
            pixels = (images[index] * 255).round().byte().permute(1, 2, 0).numpy()
            sheet.paste(Image.fromarray(pixels), (left + side * column, top + side * row))
    return sheet
