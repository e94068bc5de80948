"""Factorised images: parts that add up, each from its own view."""

import pytest
import torch
from conftest import close, last, prior_of, random_state, streams
from torch import Tensor

from synclab.core.streams import Streams
from synclab.core.sync import gather, project
from synclab.errors import UserError
from synclab.methods.ddim import DDIM
from synclab.methods.outpainting import Outpainting
from synclab.methods.synctweedies import SyncTweedies
from synclab.methods.visual_anagrams import VisualAnagrams
from synclab.priors.exact import Gaussian, Mixture
from synclab.spaces.factors import PARTS, Factors, count
from synclab.tasks.factorized import FactorizedTask

SIZE = 16

each = pytest.mark.parametrize("parts", PARTS)


def factors(parts: str) -> Factors:
    return Factors(channels=3, height=SIZE, width=SIZE, view_size=SIZE, parts=parts)


def pictures(count: int, seed: int = 0) -> Tensor:
    return streams(seed).normal("pictures", (count, 3, SIZE, SIZE))


class Shared(Streams):
    """All views and the canonical state begin with the same noise."""

    def __init__(self) -> None:
        super().__init__("test", 0, dtype=torch.float64)

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        return pictures(1)[0].expand(shape)


@each
def test_parts_add_up_to_the_picture_and_are_linear(parts):
    first, second = pictures(2).split(1)
    split = PARTS[parts]
    close(torch.stack(split(first)).sum(0), first, 1e-12)
    for mixed, a, b in zip(split(first + 2 * second), split(first), split(second), strict=True):
        close(mixed, a + 2 * b, 1e-12)


@each
def test_gathering_what_was_projected_returns_the_state(parts):
    space = factors(parts)
    z = random_state(space)
    close(gather(space, project(space, z, space.all_views()), space.all_views()), z, 1e-12)


def test_a_view_changes_its_own_part_only():
    space, z = factors("colour"), random_state(factors("colour"))
    other = pictures(1, seed=1)
    grey = gather(space, other, ((0.0,),), old=z)
    close(grey.mean(0), other[0].mean(0), 1e-12)
    close(grey - grey.mean(0), z - z.mean(0), 1e-12)


def test_coarse_parts_are_smooth_and_fine_ones_average_out():
    noise = streams().normal("noise", (1, 3, 64, 64))
    coarse, fine = PARTS["frequencies"](noise)
    assert coarse.diff(dim=-1).std() < 0.3 * fine.diff(dim=-1).std()
    constant = torch.full((1, 3, SIZE, SIZE), 0.7).double()
    close(PARTS["frequencies"](constant)[1], 0 * constant, 1e-12)


@each
@pytest.mark.parametrize("method", [VisualAnagrams, SyncTweedies])
def test_with_one_text_it_is_the_plain_prior(parts, method):
    """A linear score splits into parts as its argument does."""
    space = factors(parts)
    prior = prior_of(space, Gaussian)
    start = method(steps=5, guidance=1.0)
    if method is SyncTweedies:
        start = SyncTweedies(steps=5, guidance=1.0, start="shared")
    same = last(DDIM(steps=5, guidance=1.0), prior, factors(parts), Shared())
    close(last(start, prior, space, Shared()), same, 1e-9)


@pytest.mark.parametrize(("parts", "number"), [("frequencies", 2), ("three_frequencies", 3)])
def test_a_prompt_has_a_text_for_each_part(parts, number):
    task = FactorizedTask(parts=parts)
    assert count(parts) == number
    task.check_prompt(" | ".join("abc"[:number]))
    with pytest.raises(UserError, match=f"4 texts for {number} parts"):
        task.check_prompt("a | b | c | d")


def test_a_latent_has_no_grey():
    prior = Mixture(shape=(4, 8, 8))
    with pytest.raises(UserError, match="task.parts=colour: a state of 4 channels has no grey"):
        FactorizedTask(parts="colour").canvas(prior, "latent")


def test_outpainting_would_ignore_all_texts_but_the_first():
    with pytest.raises(UserError, match="method=outpainting: paints each cell once"):
        FactorizedTask().check(Outpainting(), "outpainting")
