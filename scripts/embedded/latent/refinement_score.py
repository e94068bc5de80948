"""Samples of the refined denoiser beside those of the one it began from, from the same noise."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from synclab.judges.classifier import Judge
from synclab.priors.latent import LatentPrior
from synclab.tasks.directions import DOWN, UP
from synclab.world import KINDS, OUTDOOR, TIMES, render_views, sample_scenes

from ..cards.sheets import sheet
from ..data.prompts import Prompt, draw_prompts, plain
from .refinement import draw_samples
from .score import distance, score_samples, true_views

STEEP = (45.0, 85.0)  # degrees up or down of the true views
SEED = 1_000_003


@dataclass(frozen=True)
class Steep:
    """Prompts that name the direction, and a true view of another scene for each."""

    texts: list[str]
    truth: Tensor

    @classmethod
    def draw(cls, size: int, seed: int = SEED) -> "Steep":
        """Two views up and two down of every kind, outdoors at two times."""
        generator, texts, truth = torch.Generator().manual_seed(seed), [], []
        for form, sign in ((UP, 1), (DOWN, -1)):
            for number, kind in enumerate(KINDS):
                for turn, elevation in enumerate(STEEP):
                    time = TIMES[(number + turn) % len(TIMES)] if kind in OUTDOOR else None
                    scene = sample_scenes(1, generator, kind, time)
                    azimuth = 360 * torch.rand(1, generator=generator)
                    view = render_views(scene, azimuth, torch.tensor([sign * elevation]), size)
                    texts.append(form.format(prompt=plain(kind, time)))
                    truth.append(view[0])
        return cls(texts, torch.cat(truth))


def score(judge: Judge, prompts: list[Prompt], level: Tensor, steep: Tensor, truth: Tensor) -> dict:
    """Verdicts on level samples, and distances of level and steep ones to true views."""
    return score_samples(judge, prompts, level)["all"] | {
        "fid": distance(judge, level, true_views(prompts)),
        "fid_steep": distance(judge, steep, truth),
    }


@torch.no_grad()
def score_refinement(base: Path, lora: Path, count: int, output: Path, device: str) -> None:
    """Writes scores.json, and samples.jpg with rows of level and of steep views.

    The scores of as many other true views are the least distance that so few samples can have.

    Each row of samples before stands above that after; below the steep ones is the truth.

    Args:
        count: level prompts for each kind and, outdoors, for each time.
    """
    priors = {
        name: LatentPrior(str(base), lora=weights, device=device)
        for name, weights in (("before", None), ("after", str(lora)))
    }
    judge, prompts = Judge.load(), draw_prompts(KINDS, count)
    steep = Steep.draw(priors["before"].image_size)
    scores, levels, steeps = {}, [], []
    for name, prior in priors.items():
        found = draw_samples(prior, [prompt.text for prompt in prompts])
        up_and_down = draw_samples(prior, steep.texts)
        scores[name] = score(judge, prompts, found, up_and_down, steep.truth)
        levels.append(found[:: len(found) // len(KINDS)][: len(KINDS)])
        steeps.append(up_and_down)
    others = Steep.draw(priors["before"].image_size, SEED + 1).truth
    scores["truth"] = score(judge, prompts, true_views(prompts, SEED), others, steep.truth)
    rows = [*levels, *(rows[first::4] for first in (0, 2) for rows in (*steeps, steep.truth))]
    output.mkdir(parents=True, exist_ok=True)
    sheet(torch.cat(rows), len(rows)).save(output / "samples.jpg", quality=78)
    (output / "scores.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
