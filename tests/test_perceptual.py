"""How alike two views look, for SyncDiffusion; LPIPS itself stands behind a stub of its package."""

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import pytest
import torch
from conftest import close, streams
from torch import Tensor, nn

from synclab.errors import UserError
from synclab.judges.requirements import Weights
from synclab.methods.syncdiffusion import SyncDiffusion
from synclab.priors.latent import LatentPrior

VIEWS = ((0.0,), (1.0,), (2.0,))


class Stub(nn.Module):
    """What the package's class answers, with a mean square for a distance; keeps what it saw."""

    def __init__(self, net: str, verbose: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.net, self.seen = net, []

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        self.seen.append((first, second))
        return self.weight * (first - second).square().mean((1, 2, 3), keepdim=True)


def offer(monkeypatch: pytest.MonkeyPatch, make: Callable[..., Any]) -> None:
    module: Any = ModuleType("lpips")
    module.LPIPS, module.__spec__ = make, ModuleSpec("lpips", None)
    monkeypatch.setitem(sys.modules, "lpips", module)


@pytest.fixture
def prior(checkpoint, monkeypatch) -> LatentPrior:
    offer(monkeypatch, Stub)
    monkeypatch.setattr(Weights, "check", lambda weights: None)
    return LatentPrior(str(checkpoint), perceptual="lpips")


def latents(prior: LatentPrior) -> Tensor:
    return streams().normal("x", (len(VIEWS), *prior.shape)).float()


def stub_of(monkeypatch: pytest.MonkeyPatch) -> list[Stub]:
    """All stubs that will be made."""
    made: list[Stub] = []

    def make(**options: Any) -> Stub:
        made.append(Stub(**options))
        return made[-1]

    offer(monkeypatch, make)
    return made


def test_lpips_sees_images_between_minus_one_and_one(prior, monkeypatch):
    made = stub_of(monkeypatch)
    x = latents(prior)
    prior.distance(x, x[1:2])
    ((first, second),) = made[0].seen
    close(first, 2 * prior.decode(x) - 1, 1e-6)
    close(second, 2 * prior.decode(x[1:2]) - 1, 1e-6)
    assert made[0].net == "vgg"


def test_the_network_is_made_once_and_learns_nothing(prior, monkeypatch):
    made = stub_of(monkeypatch)
    x = latents(prior)
    prior.distance(x, x)
    prior.distance(x, x)
    assert len(made) == 1
    assert not made[0].training
    assert not made[0].weight.requires_grad


def test_there_is_one_distance_a_view_and_none_to_itself(prior):
    x = latents(prior)
    distance = prior.distance(x, x[1:2])
    assert distance.shape == (3,)
    assert distance[1] < 1e-9
    assert distance[[0, 2]].min() > 1e-6


def test_syncdiffusion_follows_its_gradient(prior):
    cond = prior.embed("a city").at(VIEWS)
    gradient = SyncDiffusion(guidance=1.0).disagreement(prior, latents(prior), 500, cond)
    assert not gradient[1].any()
    assert gradient[[0, 2]].abs().amax((1, 2, 3)).min() > 0


def test_a_missing_package_is_one_clear_line(checkpoint, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    prior = LatentPrior(str(checkpoint), perceptual="lpips")
    with pytest.raises(UserError, match=r"prior\.perceptual=lpips: no package.*synclab\.doctor"):
        prior.distance(latents(prior), latents(prior))


def test_missing_weights_are_one_clear_line(checkpoint, monkeypatch, tmp_path):
    offer(monkeypatch, Stub)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    prior = LatentPrior(str(checkpoint), perceptual="lpips")
    with pytest.raises(UserError, match=r"prior\.perceptual=lpips: no vgg16.*pth: curl .*doctor"):
        prior.distance(latents(prior), latents(prior))


def test_without_a_choice_the_choices_are_named(checkpoint):
    prior = LatentPrior(str(checkpoint))
    with pytest.raises(UserError, match=r"perceptual=null: .*perceptual=judge or lpips"):
        prior.distance(latents(prior), latents(prior))
