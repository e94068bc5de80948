"""A user study: forced choice between the pictures of two methods, with vigilance items.

Yeo et al. 2025 (arXiv 2501.15445), App. C: 25 pairs in random order on random sides, 5 of which set
a real picture beside one of concatenated squares. The page does not tell which method is which;
`key.json`, beside the folder of the page, does.
"""

import itertools
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from synclab.core.atomic import write_atomically
from synclab.core.hashing import sha256
from synclab.errors import UserError
from synclab.places import ASSETS
from synclab.store.pictures import Picture
from synclab.viewers.media import encoded
from synclab.viewers.samples import read_samples
from synclab.viewers.sheet import picture_of

QUESTION = (
    "Which image has better quality, fewer seams, fewer distortions, and better alignment with the"
    " given text prompt?"
)

KEY, PAGE = "key.json", "page"

PARTS = ("index.html", "style.css", "page.js")

WIDEST = 2048
"""Pixels; larger pictures are scaled down."""


@dataclass(frozen=True)
class Plan:
    """What a study asks.

    Args:
        methods: two or more; each is compared with each.
        each: pairs that a rater sees, without the vigilance items.
        vigilance: vigilance items that a rater sees.
        seed: of the shuffled squares, and of the study's name.
        endpoint: where answers are sent; without one a rater saves them as a file.
    """

    methods: Sequence[str]
    each: int = 20
    vigilance: int = 5
    seed: int = 0
    endpoint: str | None = None


def make_study(task: Path, folder: Path, plan: Plan) -> Path:
    """Writes the page of a study of a task's finished samples; returns its path.

    Raises: UserError for methods without samples, or without a prompt and seed in common.
    """
    pairs = list(find_pairs(task, plan.methods))
    pictures = Pictures(folder / PAGE)
    items = [
        {"id": f"{i}", "prompt": a.prompt, "pictures": [pictures.add(show(own)) for own in (a, b)]}
        for i, (a, b) in enumerate(pairs)
    ]
    key = {
        item["id"]: [own.path.parent.name for own in pair]
        for item, pair in zip(items, pairs, strict=True)
    }
    chance = random.Random(plan.seed)
    watched = chance.sample(pairs, min(plan.vigilance, len(pairs)))
    vigilance = [vigilance_item(i, a, pictures, chance) for i, (a, _) in enumerate(watched)]
    study = {
        "id": sha256(json.dumps([key, plan.seed]).encode())[:12], "question": QUESTION,
        "each": plan.each, "endpoint": plan.endpoint, "wide": pictures.wide,
        "items": items, "vigilance": vigilance,
    }  # fmt: skip
    write_atomically(folder / PAGE / "study.js", f"const STUDY = {json.dumps(study)};\n".encode())
    for part in PARTS:
        write_atomically(folder / PAGE / part, (ASSETS / "study" / part).read_bytes())
    secret = {"study": study["id"], "items": key, "vigilance": [own["id"] for own in vigilance]}
    write_atomically(folder / KEY, json.dumps(secret, indent=1).encode())
    return folder / PAGE / "index.html"


def find_pairs(task: Path, methods: Sequence[str]) -> list[tuple[Picture, Picture]]:
    """Samples of the same prompt and seed by each two of the methods."""
    samples = read_samples(task)
    if missing := [name for name in methods if name not in samples]:
        known = ", ".join(sorted(samples))
        raise UserError(f"--methods {missing[0]}: no samples in {task}; expected some of {known}")
    if len(set(methods)) < 2:
        raise UserError(f"--methods {','.join(methods)}: expected two or more methods")
    found = [
        (samples[a][name], samples[b][name])
        for a, b in itertools.combinations(methods, 2)
        for name in samples[a]
        if name in samples[b]
    ]
    if not found:
        raise UserError(f"{task}: no prompt and seed that two of the methods have in common")
    return found


class Pictures:
    """The pictures of a study, under names that tell nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wide = folder, False

    def add(self, image: Image.Image) -> str:
        """Writes a picture; returns its path from the page."""
        self.wide = self.wide or image.width > 1.5 * image.height
        data = encoded(image, "WEBP", quality=92)
        name = f"pictures/{sha256(data)[:16]}.webp"
        (self.folder / "pictures").mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / name, data)
        return name


def show(sample: Picture) -> Image.Image:
    """A sample as raters see it: without unseen rows, of a mesh its views."""
    picture = picture_of(sample)
    picture.thumbnail((WIDEST, WIDEST))
    return picture


def vigilance_item(
    number: int, sample: Picture, pictures: Pictures, chance: random.Random
) -> Mapping[str, Any]:
    """A pair whose first picture is the right answer; the second has its squares shuffled."""
    whole = show(sample)
    both = [pictures.add(whole), pictures.add(scrambled(whole, chance))]
    return {"id": f"vigilance-{number}", "prompt": sample.prompt, "pictures": both}


def scrambled(image: Image.Image, chance: random.Random) -> Image.Image:
    """The squares of an image, each in another place.

    They are as high as a long strip, else half as high: the halves of a panorama that change places
    would be a panorama again.
    """
    low, high = sorted(image.size)
    side = low if high >= 3 * low else low // 2
    across, down = (range(0, end - side + 1, side) for end in image.size)
    corners = list(itertools.product(across, down))
    mixed = corners[1:] + corners[:1]
    chance.shuffle(mixed)
    while any(a == b for a, b in zip(corners, mixed, strict=True)):
        chance.shuffle(mixed)
    result = image.copy()
    for corner, (left, top) in zip(corners, mixed, strict=True):
        result.paste(image.crop((left, top, left + side, top + side)), corner)
    return result
