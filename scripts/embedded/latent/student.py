"""A student of a few calls: a LoRA that turns the guided denoiser into a consistency model.

A consistency function maps every point of an ODE's path to the path's clean end (Song et al. 2023,
2303.01469, eq. 4). The teacher is the denoiser under guidance (as in Luo et al. 2023, 2310.04378),
its paths are StochSync's G, and the student answers with their ends in one call and without
guidance. It begins as the teacher, whose own LoRA becomes part of the student's. It learns from the
ends themselves: on paths this short they cost less than a second network's answers. Half of the
paths begin in pure noise, as a picture does; the others in noised views of the world, as the later
rounds of StochSync do. Both have the views' captions, which name the direction of steep ones.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from synclab.core.solvers import consistency_x0, dpm_x0, nodes
from synclab.core.streams import Streams
from synclab.judges.classifier import Judge
from synclab.priors.branches import Branches
from synclab.priors.latent import LatentPrior
from synclab.world import KINDS

from ..cards.sheets import sheet
from ..data.prompts import draw_prompts
from ..training.diffusion import rates
from ..training.trainer import Plan
from .adaptation import adapt, frozen_prior, load_views, trainer_of
from .score import join, score_samples
from .unet import Captioned

RANK = 24  # of the LoRA
POINTS = (9, 14)  # of the grid of a path's times, both included
EARLIEST = 100  # below this time one unguided call is as good as the path, and nothing is learned
CALLS = (1, 2, 4)  # that are looked at during training
CHECKED = 6  # groups of paths of a check, each from one time


@dataclass(frozen=True)
class Paths:
    """States x (m, c, h, w) of the teacher's paths, their times (m,), texts (m, k, d), and ends."""

    x: Tensor
    t: Tensor
    context: Tensor
    end: Tensor


def draw_time(last: int, generator: torch.Generator) -> int:
    """Where paths begin: in half of the cases `last`, pure noise; else any time above EARLIEST."""
    if torch.rand((), generator=generator) < 0.5:
        return last
    return int(torch.randint(EARLIEST, last, (), generator=generator))


def conditions(prior: LatentPrior, words: Tensor) -> Branches:
    """Captions as token ids (n, k) beside the empty prompt, for guidance."""
    positive, empty = prior.text_encoder(words).last_hidden_state, prior.embed("").negative[0]
    return Branches((positive,), (empty.expand_as(positive),))


@torch.no_grad()
def draw_paths(
    prior: LatentPrior,
    views: Captioned,
    count: int,
    guidance: float,
    generator: torch.Generator,
) -> Paths:
    """`count` paths of the teacher from one time, over a grid of times that varies."""
    batch, t = views.draw(count, 0.0, generator), draw_time(prior.schedule.last, generator)
    x = batch.eps if t == prior.schedule.last else prior.schedule.noise(batch.x0, batch.eps, t)
    text = conditions(prior, batch.words)
    n = int(torch.randint(POINTS[0], POINTS[1] + 1, (), generator=generator))
    states = [x]

    def record(x: Tensor, *step: int) -> Tensor:
        states.append(x)
        return x

    end = dpm_x0(prior, x, t, text, guidance, n, record)
    times = torch.tensor([t for t in nodes(prior.schedule, t, n) if t >= EARLIEST])
    return Paths(
        torch.cat(states[: len(times)]),
        times.repeat_interleave(count).to(x.device),
        text.positive[0].repeat(len(times), 1, 1),
        end.repeat(len(times), 1, 1, 1),
    )


def consistency_loss(prior: LatentPrior, paths: Paths) -> Tensor:
    """Distance (m,) of the student's x0 from the paths' ends, times alpha.

    x0 = (x - sigma eps) / alpha: without the factor, the noisiest times would outweigh all others.
    """
    alpha, sigma = rates(prior.schedule, paths.t, paths.x)
    x, context = paths.x.to(prior.dtype), paths.context.to(prior.dtype)
    answer = prior.unet(x, paths.t, context).sample.float()
    eps = sigma * paths.x + alpha * answer if prior.prediction == "v_prediction" else answer
    return (paths.x - sigma * eps - alpha * paths.end).abs().mean((1, 2, 3))


def start_noise(prior: LatentPrior, count: int) -> Tensor:
    """The noise (count, c, h, w) that samples begin with, always the same."""
    return Streams("student", 0, device=prior.device).normal("start", (count, *prior.shape))


@torch.no_grad()
def sample(prior: LatentPrior, texts: list[str], calls: int) -> Tensor:
    """Images (n, 3, h, w) after some calls without guidance, always from the same noise."""
    x, rng = start_noise(prior, len(texts)), Streams("student", 0, device=prior.device)
    x0 = consistency_x0(prior, x, prior.schedule.last, join(prior, texts), 1.0, calls, rng)
    return prior.decode(x0).cpu()


@dataclass(frozen=True)
class Student:
    """The student as a prior, its teacher under guidance, and views held out of training."""

    prior: LatentPrior
    teacher: LatentPrior
    guidance: float
    held_out: Captioned

    def loss(self, views: Captioned, count: int, generator: torch.Generator) -> Tensor:
        """Mean distance from the ends of `count` paths that the teacher takes from the views."""
        paths = draw_paths(self.teacher, views, count, self.guidance, generator)
        return consistency_loss(self.prior, paths).mean()

    @torch.no_grad()
    def check(self, folder: Path, step: int) -> dict[str, float]:
        """Loss on views held out, and shares of samples that the judge recognises, by calls.

        Draws the samples into `folder`, a row for each number of calls.
        """
        generator = torch.Generator().manual_seed(0)
        losses = [float(self.loss(self.held_out, 4, generator)) for _ in range(CHECKED)]
        found, rows = {"loss": round(sum(losses) / len(losses), 5)}, []
        judge, prompts = Judge.load(), draw_prompts(KINDS, 1)
        for calls in CALLS:
            rows.append(sample(self.prior, [prompt.text for prompt in prompts], calls))
            seen = score_samples(judge, prompts, rows[-1])["all"]
            found |= {f"kind_{calls}": seen["kind"], f"time_{calls}": seen["time"]}
        folder.mkdir(parents=True, exist_ok=True)
        sheet(torch.cat(rows), len(rows)).save(folder / f"{step:07d}.png")
        return found


def train_student(
    folder: Path,
    data: Path,
    begin: Path,
    guidance: float,
    plan: Plan,
    output: Path,
    lora: Path | None = None,
) -> None:
    """Distils the checkpoint `begin` under guidance, and writes the LoRA to the file `output`.

    Args:
        data: a folder with views, and with latents encoded by the checkpoint's own autoencoder.
        plan: with `bf16` both networks compute in bfloat16.
        lora: the teacher's own LoRA, if it has one.
    """
    torch.manual_seed(plan.seed)
    teacher, prior = frozen_prior(begin, plan, lora), frozen_prior(begin, plan)
    held_out, views = load_views(prior, data)
    changes = adapt(prior, plan, RANK, lora)
    student = Student(prior, teacher, guidance, held_out)
    trainer = trainer_of(changes, folder, plan, warmup=30, seconds=1200)
    trainer.fit(
        partial(student.loss, views, plan.batch), partial(student.check, folder / "previews")
    )
    changes.save(output, prior.weights_hash)
