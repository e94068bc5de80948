"""Conditions of several views: taken apart and joined without a row lost or changed."""

import pytest
import torch
from conftest import streams
from torch import Tensor

from synclab.core.protocols import Everywhere, Views
from synclab.priors.branches import Branches, as_branches
from synclab.tasks.by_view import ByNumber

VIEWS: Views = tuple((float(i),) for i in range(5))


def condition(rows: int, seed: int = 0) -> Branches:
    """Tokens, a vector for the text and a map, other ones in either branch."""
    rng = streams(seed)

    def inputs(branch: str) -> tuple[Tensor, ...]:
        return tuple(rng.normal(branch, (rows, *size)) for size in ((7, 4), (3,), (1, 2, 2)))

    return Branches(inputs("positive"), inputs("negative"))


def same(first: Branches, second: Branches) -> bool:
    ours, theirs = ((*b.positive, *b.negative) for b in (first, second))
    return len(ours) == len(theirs) and all(map(torch.equal, ours, theirs))


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_what_is_taken_apart_is_joined_again(cut):
    whole = condition(5)
    first, second = whole.take(slice(0, cut)), whole.take(slice(cut, 5))
    assert same(first.join([second]), whole)
    assert not same(second.join([first]), whole)


def test_rows_of_several_conditions_follow_each_other():
    parts = [condition(rows, seed) for seed, rows in enumerate((2, 1, 3))]
    joined = parts[0].join(parts[1:])
    for part, rows in zip(parts, (slice(0, 2), slice(2, 3), slice(3, 6)), strict=True):
        assert same(joined.take(rows), part)


def test_a_prompt_is_the_same_for_every_view():
    at = condition(1).at(VIEWS)
    for row in range(5):
        assert same(at.take(slice(row, row + 1)), condition(1))


def test_what_is_shown_beside_the_text_is_in_both_branches():
    shown = streams().normal("shown", (5, 1, 8, 8))
    cond = condition(1).at(VIEWS).beside(shown)
    assert torch.equal(cond.positive[-1], shown) and torch.equal(cond.negative[-1], shown)
    assert len(cond.positive) == len(cond.negative) == 4


def test_each_reading_stands_in_the_row_of_its_view():
    texts = [condition(1, seed) for seed in range(2)]
    cond = as_branches(ByNumber(texts).at(((1.0,), (0.0,), (1.0,))))
    for row, text in enumerate((texts[1], texts[0], texts[1])):
        assert same(cond.take(slice(row, row + 1)), text)


def test_the_condition_of_another_kind_of_prior_is_refused():
    with pytest.raises(TypeError, match="condition of a prompt, not Everywhere"):
        as_branches(Everywhere())
