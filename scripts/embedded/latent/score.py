"""Scores of the embedded prior on scenes that it has never seen.

The VAE is measured on held-out views, the diffusion model by the judge's verdicts on its samples
and by their Fréchet distance to true views.
"""

import logging
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from tqdm import tqdm

from synclab.judges.classifier import Judge, verdicts
from synclab.metrics.formulas.fid import frechet_distance
from synclab.priors.branches import Branches
from synclab.priors.latent import LatentPrior
from synclab.priors.prompted import PromptedPrior
from synclab.world import KINDS, TIMES, render_views, sample_scenes

from ..data.prompts import Prompt
from ..data.views import SIZE
from ..judges.classifier import Labelled, accuracy, level_views
from .vae import RIM

log = logging.getLogger("score")

SEED = 1000


def join(prior: PromptedPrior, texts: Sequence[str]) -> Branches:
    """The conditions of several texts, one row for each."""
    first, *others = map(prior.embed, texts)
    return first.join(others)


def denoise(prior: PromptedPrior, x: Tensor, cond: Branches, steps: int, guidance: float) -> Tensor:
    """Plain DDIM from noise (n, c, h, w) to images (n, 3, H, W) in [0, 1]."""
    for t, s in prior.schedule.steps(steps):
        x0 = prior.schedule.x0(x, prior.predict(x, t, cond, guidance), t)
        x = prior.schedule.ddim(x, x0, t, s)
    return prior.decode(x).cpu()


def generate(
    prior: PromptedPrior, prompts: list[Prompt], steps: int, guidance: float, batch: int
) -> Tensor:
    """An image for each prompt; the noise depends on neither guidance nor batch."""
    generator = torch.Generator().manual_seed(SEED + 2)
    noise = torch.randn(len(prompts), *prior.shape, generator=generator)
    images = []
    for start in tqdm(range(0, len(prompts), batch), f"guidance {guidance:g}", disable=None):
        part = slice(start, start + batch)
        cond = join(prior, [prompt.text for prompt in prompts[part]])
        images.append(denoise(prior, noise[part].to(prior.device), cond, steps, guidance))
    return torch.cat(images)


def share(right: list[bool]) -> float | None:
    return round(sum(right) / len(right), 4) if right else None


def obeyed(prompts: list[Prompt], kinds: list[str], times: list[str]) -> dict:
    """Shares of prompts whose kind and (where it has one) time the judge recognised."""
    rows = list(zip(prompts, kinds, times, strict=True))
    return {
        "count": len(prompts),
        "kind": share([kind == prompt.kind for prompt, kind, _ in rows]),
        "time": share([time == prompt.time for prompt, _, time in rows if prompt.time]),
    }


def score_samples(judge: Judge, prompts: list[Prompt], images: Tensor) -> dict:
    """`obeyed` over all prompts, for each kind, and for each wording."""
    kind, time = verdicts(judge, images)
    kinds, times = [KINDS[i] for i in kind], [TIMES[i] for i in time]

    def by(names: list[str]) -> dict[str, dict]:
        found = {}
        for name in dict.fromkeys(names):
            where = [i for i, each in enumerate(names) if each == name]
            found[name] = obeyed(
                [prompts[i] for i in where], [kinds[i] for i in where], [times[i] for i in where]
            )
        return found

    return {
        "all": obeyed(prompts, kinds, times),
        "by_kind": by([prompt.kind for prompt in prompts]),
        "by_wording": by([prompt.wording for prompt in prompts]),
    }


def reconstruct(prior: LatentPrior, images: Tensor, batch: int) -> Tensor:
    starts = tqdm(images.split(batch), "reconstructions", disable=None)
    return torch.cat([prior.decode(prior.encode(part.to(prior.device))).cpu() for part in starts])


def rim_errors(error: Tensor) -> dict[str, float]:
    """Mean of an error map (h, w) in its outermost pixels, in the rest, and their ratio."""
    inside = torch.zeros_like(error, dtype=torch.bool)
    inside[RIM:-RIM, RIM:-RIM] = True
    rim, interior = float(error[~inside].mean()), float(error[inside].mean())
    return {
        "rim": round(rim, 5),
        "interior": round(interior, 5),
        "ratio": round(rim / interior, 4),
    }


def score_vae(prior: LatentPrior, judge: Judge, views: Labelled, batch: int) -> dict:
    """Faithfulness of decode(encode(image)), and what the judge still recognises."""
    images = views.images.float() / 255
    output = reconstruct(prior, images, batch)
    mse = (output - images).square().mean((1, 2, 3))
    return {
        "views": len(images),
        "psnr": round(float((-10 * mse.log10()).mean()), 2),
        "psnr_of_pooled_error": round(-10 * math.log10(float(mse.mean())), 2),
        "absolute_error": rim_errors((output - images).abs().mean((0, 1))),
        "judge_on_views": accuracy(judge, images, views),
        "judge_on_reconstructions": accuracy(judge, output, views),
    }


def true_views(prompts: list[Prompt], seed: int = SEED + 3) -> Tensor:
    """A level view of another scene for each prompt, of the kind and time that it asks for."""
    generator = torch.Generator().manual_seed(seed)
    images = []
    for prompt in prompts:
        scenes = sample_scenes(1, generator, prompt.kind, prompt.time)
        azimuth = torch.rand(1, generator=generator) * 360
        images.append(render_views(scenes, azimuth, torch.zeros(1), SIZE)[0])
    return torch.cat(images)


def distance(judge: Judge, images: Tensor, reference: Tensor) -> float:
    """Fréchet distance of the judge's features; compare it for equal numbers of images only."""
    first, second = (judge.features(part).double().numpy() for part in (images, reference))
    return round(frechet_distance(first, second), 4)


@torch.no_grad()
def score(
    prior: LatentPrior, views: int, prompts: list[Prompt], guidance: list[float], steps: int
) -> tuple[dict, dict[str, Tensor]]:
    """Scores of the autoencoder and of samples, and the samples at each guidance scale."""
    judge, batch = Judge.load(), max(1, prior.batch // 2)
    vae = score_vae(prior, judge, level_views(views, SEED), batch)
    log.info("vae: %s", vae)
    reference, scores, images = true_views(prompts), {}, {}
    for scale in guidance:
        name = f"{scale:g}"
        images[name] = generate(prior, prompts, steps, scale, batch)
        found = score_samples(judge, prompts, images[name])
        scores[name] = found | {"fid": distance(judge, images[name], reference)}
        log.info("guidance %s: %s, fid %s", name, found["all"], scores[name]["fid"])
    settings = {"seed": SEED, "steps": steps, "samples": len(prompts)}
    return {"vae": vae, "samples": scores, "settings": settings}, images
