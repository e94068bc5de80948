"""How well samples keep to the depth that they were given, on solids held out from training."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.priors.branches import as_branches
from synclab.priors.depth_channel import DepthChannelPrior
from synclab.priors.latent import LatentPrior

from ..cards.sheets import sheet
from ..latent.score import denoise
from .denoiser import HELD_OUT
from .views import DepthViews, draw_solids

CLEAR = 4
"""Pixels from the outline at which the interior and the background begin."""

GUIDANCE = 5.0

COLUMNS = 8
"""Solids of the contact sheet."""


def gradient_magnitude(images: Tensor) -> Tensor:
    """Length of the grey level's gradient (n, h, w), from differences of neighbours."""
    grey = F.pad(images.mean(1, keepdim=True), (1, 1, 1, 1), mode="replicate")[:, 0]
    right = (grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2]) / 2
    down = (grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]) / 2
    return (right.square() + down.square()).sqrt()


def bands(disparity: Tensor, reach: int) -> tuple[Tensor, Tensor]:
    """Pixels within `reach` of a silhouette's outline, and the background beyond: (n, h, w) bool.

    The silhouette is where the disparity (n, 1, h, w) is not 0.
    """
    solid = (disparity > 0).float()
    size = 2 * reach + 1
    grown = F.max_pool2d(solid, size, 1, reach)[:, 0] > 0
    shrunk = F.max_pool2d(1 - solid, size, 1, reach)[:, 0] == 0
    return grown & ~shrunk, ~grown


def outline_contrast(images: Tensor, disparity: Tensor) -> float:
    """Mean gradient on the outline over the mean gradient of the picture elsewhere.

    The outline is a band of 2 pixels to either side; elsewhere begins `CLEAR` pixels from it. A
    picture that ignores the depth has about 1.
    """
    gradient = gradient_magnitude(images)
    on, _ = bands(disparity, 2)
    near, _ = bands(disparity, CLEAR)
    return float(gradient[on].mean() / gradient[~near].mean())


def background_gradient(images: Tensor, disparity: Tensor) -> float:
    """Mean gradient of the background over that of the solid; about 0 if it is plain."""
    gradient = gradient_magnitude(images)
    near, outside = bands(disparity, CLEAR)
    return float(gradient[outside].mean() / gradient[~near & ~outside].mean())


def agreement(images: Tensor, disparity: Tensor) -> dict[str, float]:
    return {
        "outline_contrast": round(outline_contrast(images, disparity), 3),
        "background_gradient": round(background_gradient(images, disparity), 3),
    }


def sample(prior: LatentPrior, views: DepthViews, steps: int) -> Tensor:
    """Plain DDIM samples (n, 3, h, w) of the captions at the views' depth, if the prior uses it.

    The noise is the same for every prior.
    """
    rows = tuple((float(i),) for i in range(len(views.captions)))
    first, *others = (prior.embed(text) for text in views.captions)
    disparity = views.disparity.to(prior.device)
    cond = as_branches(prior.with_depth(first.join(others), lambda _: disparity).at(rows))
    noise = torch.randn(len(rows), *prior.shape, generator=torch.Generator().manual_seed(HELD_OUT))
    return denoise(prior, noise.to(prior.device), cond, steps, GUIDANCE)


@torch.no_grad()
def score_depth(
    deep: DepthChannelPrior, plain: LatentPrior, count: int, steps: int, output: Path
) -> None:
    """Writes scores.json and samples.jpg: rows of disparities, samples with depth, samples of the
    plain prior from the same noise, and the held-out views themselves.
    """
    views = draw_solids(count, torch.Generator().manual_seed(HELD_OUT + 2))
    shown, alone = sample(deep, views, steps), sample(plain, views, steps)
    scores = {
        "views": agreement(views.images, views.disparity),
        "with_depth": agreement(shown, views.disparity),
        "with_depth_of_another_view": agreement(shown, views.disparity.roll(1, 0)),
        "without_depth": agreement(alone, views.disparity),
        "settings": {"count": count, "steps": steps, "guidance": GUIDANCE},
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / "scores.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
    rows = (views.disparity.expand(-1, 3, -1, -1), shown, alone, views.images)
    sheet(torch.cat([row[:COLUMNS] for row in rows]), 4).save(output / "samples.jpg", quality=92)
