"""Prompts by region: each fills its own part of the canvas, and all parts fit together."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import close, prior_of, random_state, streams, wide
from PIL import Image as Picture
from torch import Tensor

from synclab.core.protocols import Sample, Views
from synclab.core.sync import gather, project
from synclab.errors import UserError
from synclab.jobs.counting import CountingPrior
from synclab.methods.ddim import DDIM
from synclab.methods.multidiffusion import MultiDiffusion
from synclab.methods.stochsync import StochSync
from synclab.methods.syncsde import SyncSDE
from synclab.methods.synctweedies import SyncTweedies
from synclab.priors.exact import Gaussian
from synclab.spaces.layers import Layers
from synclab.tasks.by_view import ByNumber
from synclab.tasks.regions import RegionsTask, read_region

LEFT = torch.arange(32).expand(8, -1) < 16


def layers(*regions: Tensor, background: Tensor | None = None) -> Layers:
    """A wide canvas of 8 x 32 cells with these regions; the background is beside them."""
    fills = torch.stack([region.double() for region in regions])
    beside = (1 - fills.sum(0)).clamp_min(0) if background is None else background.double()
    weights = torch.cat([beside[None], fills])
    grey = torch.zeros(1, 2, 8, 8, dtype=torch.float64)
    return Layers(
        channels=2, height=8, width=32, view_size=8, stride=4,
        weights=weights, backdrops=lambda: grey,
    )  # fmt: skip


@dataclass(frozen=True)
class Mean:
    """A prompt that asks for a mean: (n, 1, 1, 1)."""

    value: Tensor

    @classmethod
    def of(cls, mean: float) -> "Mean":
        return cls(torch.full((1, 1, 1, 1), mean, dtype=torch.float64))

    def at(self, views: Views) -> "Mean":
        return Mean(self.value.expand(len(views), 1, 1, 1))

    def take(self, rows: slice) -> "Mean":
        return Mean(self.value[rows])

    def join(self, others: Any) -> "Mean":
        return Mean(torch.cat([self.value, *(other.value for other in others)]))


class Obedient(Gaussian):
    """Draws pixels around the mean that its prompt asks for."""

    def predict(self, x: Tensor, t: int, cond: Any, guidance: float) -> Tensor:
        return replace(self, mean=cond.value).plain(x, t, guidance)

    def plain(self, x: Tensor, t: int, guidance: float) -> Tensor:
        return super().predict(x, t, Mean.of(0), guidance)


def draw(method: Any, space: Any, condition: Any, seed: int = 0) -> Tensor:
    *_, z = method(prior_of(space, Obedient, std=0.1), space, condition, streams(seed))
    return z


def prompts(*means: float) -> ByNumber:
    return ByNumber([Mean.of(mean) for mean in means], place=2)


# ------------------------------------------------------------------------------------------ methods


@pytest.mark.parametrize("bootstrap", [0, 2])
def test_a_region_of_everything_is_its_prompt_and_of_nothing_the_background(bootstrap: int) -> None:
    method, everything = MultiDiffusion(steps=4, bootstrap=bootstrap), torch.ones(8, 32)
    whole, none = layers(everything), layers(0 * everything)
    close(draw(method, whole, prompts(-1, 2)), draw(method, wide(), Mean.of(2)), 1e-12)
    close(draw(method, none, prompts(-1, 2)), draw(method, wide(), Mean.of(-1)), 1e-12)


@pytest.mark.parametrize(
    "method",
    [DDIM(), MultiDiffusion(bootstrap=20), SyncTweedies(), StochSync(steps=4), SyncSDE()],
    ids=lambda method: type(method).__name__,
)
def test_every_prompt_fills_its_region(method: Any) -> None:
    z = draw(method, layers(LEFT), prompts(-1, 2))
    close(z[..., :16].mean(), torch.tensor(2.0, dtype=z.dtype), 0.1)
    close(z[..., 16:].mean(), torch.tensor(-1.0, dtype=z.dtype), 0.1)


def test_a_background_everywhere_is_averaged_with_the_region() -> None:
    """SyncSDE, eq. 23."""
    z = draw(SyncTweedies(), layers(LEFT, background=torch.ones(8, 32)), prompts(-1, 2))
    close(z[..., :16].mean(), torch.tensor(0.5, dtype=z.dtype), 0.1)
    close(z[..., 16:].mean(), torch.tensor(-1.0, dtype=z.dtype), 0.1)


def test_regions_that_overlap_are_averaged() -> None:
    z = draw(MultiDiffusion(), layers(LEFT, LEFT), prompts(-1, 2, 4))
    close(z[..., :16].mean(), torch.tensor(3.0, dtype=z.dtype), 0.1)


def test_without_regions_there_is_nothing_to_bootstrap() -> None:
    plain, with_key = MultiDiffusion(steps=4), MultiDiffusion(steps=4, bootstrap=2)
    condition = Mean.of(1)
    assert torch.equal(draw(plain, wide(), condition), draw(with_key, wide(), condition))


# ------------------------------------------------------------------------------------------- spaces


def test_what_is_seen_is_gathered_again() -> None:
    space = layers(LEFT)
    z, views = random_state(space), space.all_views()
    close(gather(space, project(space, z, views), views), z, 1e-12)


def test_gradients_reach_only_the_region_of_a_layer() -> None:
    space = layers(LEFT)
    z = random_state(space).requires_grad_()
    (gradient,) = torch.autograd.grad(space.project(z, ((12.0, 0.0, 1.0),)).sum(), z)
    assert gradient[0].nonzero()[:, 1].unique().tolist() == [12, 13, 14, 15]


def test_the_background_keeps_what_it_sees() -> None:
    space = layers(LEFT)
    solid, region = space.beside(((12.0, 0.0, 0.0), (12.0, 0.0, 1.0)), streams())
    assert solid.shape == (2, 2, 8, 8) and (region[0] == 1).all()
    assert region[1, 0, 0].tolist() == [1] * 4 + [0] * 4


# -------------------------------------------------------------------------------------------- tasks


def test_shapes_lie_where_they_are_said_to() -> None:
    box = read_region("box 0.25 0 0.5 0.5", 4, 8)
    assert box.nonzero().tolist() == [[0, 2], [0, 3], [1, 2], [1, 3]]
    ellipse = read_region("ellipse 0 0 1 1", 100, 200)
    assert ellipse.mean().item() == pytest.approx(np.pi / 4, abs=0.01)
    assert ellipse[0, 0] == 0 and ellipse[50, 0] == 1


def test_white_of_a_file_is_the_region(tmp_path: Path) -> None:
    mask = np.zeros((8, 16), np.uint8)
    mask[:, 12:] = 255
    Picture.fromarray(mask).save(tmp_path / "m.png")
    assert read_region(str(tmp_path / "m.png"), 4, 8).sum(0).tolist() == [0] * 6 + [4] * 2


def test_layers_of_a_task() -> None:
    task = RegionsTask(regions=("box 0 0 0.5 1", "box 0.25 0 0.75 1"))
    assert task.weights(1, 4).tolist() == [[[0, 0, 0, 1]], [[1, 1, 0, 0]], [[0, 1, 1, 0]]]
    everywhere = replace(task, background="everywhere")
    assert everywhere.weights(1, 4)[0].tolist() == [[1, 1, 1, 1]]


def test_a_latent_canvas_has_solid_colours_of_the_prior() -> None:
    prior = CountingPrior(channels=4)
    space: Any = RegionsTask().space(prior, streams(), Sample("a", "a sea", 0))
    assert space.backdrops().shape == (20, *prior.shape)


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("circle 0 0 1 1", "no shape is called circle; choices: box, ellipse"),
        ("elipse 0 0 1 1", "no shape is called elipse; did you mean 'ellipse'"),
        ("box 0 0 1", "expected four numbers from 0 to 1"),
        ("box 0 0 1 2", "expected four numbers from 0 to 1"),
        ("box 0.5 0 0.2 1", "expected four numbers from 0 to 1"),
        ("box a b c d", "expected four numbers from 0 to 1"),
        ("box 0 0 0.001 0.001", "it is empty; expected white pixels"),
        ("nowhere.png", "no such file; expected a PNG or JPEG"),
    ],
)
def test_a_region_that_is_none_is_named(region: str, said: str) -> None:
    with pytest.raises(UserError, match=f"task.regions={region}: .*{said}".replace("  ", " ")):
        read_region(region, 16, 32)


def test_files_that_are_no_regions_are_named(tmp_path: Path) -> None:
    Picture.new("L", (8, 8), 255).save(tmp_path / "a.png")
    with pytest.raises(UserError, match="8 x 8 pixels; expected the aspect ratio of 32 x 16"):
        read_region(str(tmp_path / "a.png"), 16, 32)
    Picture.new("L", (32, 16)).save(tmp_path / "b.png")
    with pytest.raises(UserError, match="b.png: it is empty"):
        read_region(str(tmp_path / "b.png"), 16, 32)


def test_as_many_texts_as_layers() -> None:
    task, prior = RegionsTask(), Gaussian(shape=(3, 16, 16))
    task.condition(prior, Sample("a", "one | two | three", 0))
    task.condition(prior, Sample("a", "one", 0))
    with pytest.raises(UserError, match="2 texts for a background and 2 regions"):
        task.condition(prior, Sample("a", "one | two", 0))
