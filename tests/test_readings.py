"""Scores of ambiguous images: what the readings are, and whether they are recognised."""

import pytest
import torch
from torch import Tensor

from synclab.core.protocols import Sample
from synclab.metrics.extractors import Cut
from synclab.metrics.extractors.readings import ReadingScores
from synclab.metrics.readings import ReadingReference, Readings
from synclab.store.pictures import UnusableError
from synclab.world.request import rendering

TEXTS = ("a desert on a sunny day", "a city at night")


def row(*transforms: str) -> dict:
    return {"id": "a-s0", "config": {"task": {"transforms": list(transforms)}}}


def scenes() -> Tensor:
    """True views (2, 3, 128, 128) of both texts."""
    views = [rendering("desert", "day", 0, 128), rendering("city", "night", 0, 128)]
    return (torch.stack(views) * 255).round().byte()


def scores(views: Tensor, *texts: str) -> dict[str, float]:
    found = ReadingScores()(Cut(views[0], views, " | ".join(texts)))
    return {name: float(value[0, 0]) for name, value in found.items()}


def test_readings_are_the_views_of_the_task():
    (picture, _) = scenes()
    seen = Readings().cut(picture, row("identity", "rotate_180", "negate", "flip"))
    expected = [picture, picture.rot90(2, (1, 2)), 255 - picture, picture.flip(1)]
    assert torch.equal(seen, torch.stack(expected))


def test_pictures_of_other_tasks_have_no_readings():
    with pytest.raises(UnusableError, match="names no task.transforms"):
        Readings().cut(scenes()[0], {"id": "a-s0"})


def test_true_views_are_recognised_and_swapped_ones_are_not():
    right, swapped = scores(scenes(), *TEXTS), scores(scenes().flip(0), *TEXTS)
    assert (right["recognised"], swapped["recognised"]) == (1, 0)
    assert right["concealment"] > 0.9 and swapped["concealment"] < 0.1
    assert right["alignment"] > swapped["alignment"] + 20


def test_one_picture_in_both_readings_conceals_at_chance():
    assert scores(scenes()[:1].repeat(2, 1, 1, 1), *TEXTS)["concealment"] == pytest.approx(0.5)


def test_the_reference_shows_the_readings_in_turn():
    reference = ReadingReference(per_prompt=2, size=32)
    for seed in range(4):
        shown = reference.render(Sample("id", " | ".join(TEXTS), seed))
        assert shown == reference.view(TEXTS[seed % 2], seed // 2, reference.fov)
