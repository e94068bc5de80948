"""The committed denoiser trained further, as a LoRA: views of every elevation, the world of today.

The denoiser keeps its schedule and what it predicts, so whatever was made of it stays valid.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from synclab.core.solvers import dpm_x0
from synclab.priors.latent import LatentPrior
from synclab.tasks.directions import DOWN, UP

from ..cards.sheets import sheet
from ..training.diffusion import rates, weighted_noise_error
from ..training.trainer import Plan
from .adaptation import adapt, frozen_prior, load_views, trainer_of
from .preview import GUIDANCE, prompts
from .score import join
from .student import start_noise
from .unet import UNPROMPTED, Batch, Captioned

RANK = 32  # of the LoRA
POINTS = 12  # of the grid of a sample's times
TOGETHER = 15  # samples


def refinement_loss(prior: LatentPrior, batch: Batch) -> Tensor:
    """Weighted squared error (n,) of the noise, which the network predicts in its own precision."""
    with torch.no_grad():
        context = prior.text_encoder(batch.words).last_hidden_state
    alpha, sigma = rates(prior.schedule, batch.t, batch.x0)
    x = (alpha * batch.x0 + sigma * batch.eps).to(prior.dtype)
    answer = prior.unet(x, batch.t, context.to(prior.dtype)).sample.float()
    return weighted_noise_error(answer, batch.eps, alpha)


def draw_samples(prior: LatentPrior, texts: list[str]) -> Tensor:
    """Guided samples (n, 3, h, w), a few at a time, always from the same noise."""
    noise, last, images = start_noise(prior, len(texts)), prior.schedule.last, []
    for start in range(0, len(texts), TOGETHER):
        part = slice(start, start + TOGETHER)
        latents = dpm_x0(prior, noise[part], last, join(prior, texts[part]), GUIDANCE, POINTS)
        images.append(prior.decode(latents).cpu())
    return torch.cat(images)


@dataclass(frozen=True)
class Refinement:
    """The committed denoiser with the changes that training makes, and its views."""

    prior: LatentPrior
    views: Captioned
    held_out: Captioned

    def loss(self, count: int, generator: torch.Generator) -> Tensor:
        return refinement_loss(self.prior, self.views.draw(count, UNPROMPTED, generator)).mean()

    @torch.no_grad()
    def check(self, folder: Path, step: int) -> dict[str, float]:
        """Loss on views held out; draws samples into `folder`, level, upwards and downwards."""
        batch = self.held_out.draw(
            2 * len(self.held_out.latents), 0.0, torch.Generator().manual_seed(0)
        )
        steep = [form.format(prompt=text) for form in (UP, DOWN) for text in prompts()[:8]]
        folder.mkdir(parents=True, exist_ok=True)
        sheet(draw_samples(self.prior, prompts() + steep), 2).save(folder / f"{step:07d}.png")
        return {"loss": round(float(refinement_loss(self.prior, batch).mean()), 5)}


def refine(
    folder: Path, data: Path, begin: Path, plan: Plan, output: Path, lora: Path | None = None
) -> None:
    """Trains a LoRA of the checkpoint `begin` on the views of a data folder; writes it to `output`.

    Args:
        data: a folder with views, and with latents encoded by the checkpoint's own autoencoder.
        plan: with `bf16` the frozen network computes in bfloat16.
        lora: a LoRA of this checkpoint to go on from.
    """
    torch.manual_seed(plan.seed)
    prior = frozen_prior(begin, plan)
    held_out, views = load_views(prior, data)
    refinement = Refinement(prior, views, held_out)
    changes = adapt(prior, plan, RANK, lora)
    trainer = trainer_of(changes, folder, plan, warmup=50, seconds=1800)
    trainer.fit(
        lambda generator: refinement.loss(plan.batch, generator),
        lambda step: refinement.check(folder / "previews", step),
    )
    changes.save(output, prior.weights_hash)
