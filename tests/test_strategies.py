"""SyncTweedies' sixty strategies fall into the classes that the algebra predicts.

The partitions are facts of the authors' case table, extracted mechanically (8, 16 and 39 classes);
a network that treats every view differently makes sure that nothing coincides by accident.
"""

import pytest
import torch
from conftest import last, streams
from torch import Tensor

from synclab.core.protocols import Views
from synclab.methods.strategies import CASES
from synclab.methods.synctweedies import SyncTweedies
from synclab.priors.exact import ExactPrior
from synclab.spaces.wide import Wide

SIZE, COUNT = 6, 3


class ViewNetwork(ExactPrior):
    """A smooth, non-linear network with other weights for every view."""

    def predict(self, x: Tensor, t: int, cond: object, guidance: float) -> Tensor:
        weight = streams(7).normal("w", (len(x), SIZE, SIZE)) / SIZE
        mixed = torch.einsum("nchw,nvw->nchv", x, weight)
        return torch.tanh(mixed + 0.3 * x + t / 1000)


class Averaging(Wide):
    """A projection that blurs, so that gathering does not undo it: g(f(z)) != z."""

    def project(self, z: Tensor, views: Views) -> Tensor:
        return super().project(0.7 * z + 0.3 * z.roll(1, -1), views)


def result(kind: type[Wide], code: int, start: str) -> Tensor:
    space = kind(channels=1, height=SIZE, width=12, view_size=SIZE, stride=4, ring=True)
    prior = ViewNetwork(shape=(1, SIZE, SIZE))
    method = SyncTweedies(steps=12, strategy=code, start=start)  # type: ignore
    return last(method, prior, space, streams(1))


def classes(kind: type[Wide], start: str) -> set[frozenset[int]]:
    """Codes grouped by equal results."""
    groups: list[tuple[Tensor, set[int]]] = []
    for code in range(60):
        z = result(kind, code, start)
        for other, codes in groups:
            if torch.allclose(z, other, rtol=0, atol=1e-8):
                codes.add(code)
                break
        else:
            groups.append((z, {code}))
    return {frozenset(codes) for _, codes in groups}


def partition(*groups: list[int]) -> set[frozenset[int]]:
    """These groups, and every other code alone."""
    named = {code for group in groups for code in group}
    return {frozenset(g) for g in groups} | {frozenset({c}) for c in range(60) if c not in named}


def test_exact_projections_and_one_noise_leave_eight_classes():
    alone = {0, 9, 20, 24, 57, 58, 59}
    assert classes(Wide, "shared") == partition([c for c in range(60) if c not in alone])


def test_exact_projections_and_independent_noise_leave_sixteen_classes():
    x0 = [2, 11, 14, 16, 18, 35]
    states = [3, 25, 27, 29, 31, 33, 37, 39, 41, 43, 45, 47]
    inputs = [7, 8, 10, 12, 13, 15, 17, 19, 21, 23, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44, 46, 48]
    canonical = [4, 5, 6, 49, 50, 51, 52, 53]
    assert classes(Wide, "independent") == partition(x0, states, inputs, canonical)


def test_inexact_projections_leave_thirty_nine_classes():
    merged = [[1, 54], [2, 11, 35], [3, 25, 27, 37, 39, 41], [12, 13, 36], [26, 28, 38, 40, 42]]
    merged += [[29, 43], [30, 44], [31, 45], [32, 46], [33, 47], [34, 48], [50, 53]]
    assert classes(Averaging, "shared") == partition(*merged)


@pytest.mark.parametrize("code", [1, 3, 4, 20, 59])
def test_noisy_states_are_refused_an_rgb_canvas(code: int):
    assert SyncTweedies(strategy=code).canonical == "latent"


PAPER = ["instance_eps", "instance_x0", "instance_x", "canonical_eps", "canonical_x0"]
"""SyncTweedies, cases 1 to 5."""


@pytest.mark.parametrize(("code", "name"), enumerate(PAPER, 1))
def test_the_papers_cases_have_names(code, name):
    named, numbered = (SyncTweedies(strategy=strategy) for strategy in (name, code))
    assert named.code(500) == numbered.code(500) == code
    assert named.canonical == numbered.canonical
    assert len(CASES) == len(PAPER)
