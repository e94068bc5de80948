"""A student of a few calls: a LoRA that turns the guided denoiser into a consistency model.

A consistency function maps every point of an ODE's path to the path's clean end (Song et al. 2023,
2303.01469, eq. 4). The teacher is the denoiser under guidance (as in Luo et al. 2023, 2310.04378),
its paths are StochSync's G, and the student answers with their ends in one call and without
guidance. It begins as the teacher, whose own LoRA becomes part of the student's. It learns from the
ends themselves: on paths this short they cost less than a second network's answers. Half of the
paths begin in pure noise, as a picture does; the others in noised views of the world, as the later
rounds of StochSync do.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from synclab.core.solvers import consistency_x0, dpm_x0, nodes
from synclab.core.streams import Streams
from synclab.judges.classifier import Judge
from synclab.priors.latent import LatentPrior
from synclab.world import KINDS, Scenes, caption, render_views, sample_scenes

from ..cards.sheets import sheet
from ..data.prompts import draw_prompts
from ..data.views import LEVEL
from ..training.diffusion import rates
from ..training.trainer import Plan
from .adaptation import adapt, frozen_prior, trainer_of
from .score import join, score_samples

RANK, KEPT = 48, 24  # of the LoRA in training, and of the file
FOV = 72.0  # degrees, of the panorama's views
POINTS = (9, 14)  # of the grid of a path's times, both included
EARLIEST = 100  # below this time one unguided call is as good as the path, and nothing is learned
CALLS = (1, 2, 4)  # that are looked at during training
HELD_OUT = 1_000_000_000  # seed of the paths that checks use
CHECKED = 6  # groups of those paths, each from one time


@dataclass(frozen=True)
class Paths:
    """States x (m, c, h, w) of the teacher's paths, their times (m,), texts (m, k, d), and ends."""

    x: Tensor
    t: Tensor
    context: Tensor
    end: Tensor


def draw_captions(scenes: Scenes, generator: torch.Generator) -> list[str]:
    return [caption(scenes, i, generator) for i in range(len(scenes.kind))]


def draw_views(scenes: Scenes, size: int, generator: torch.Generator) -> Tensor:
    """Views (n, 3, size, size) near the horizon; one in four looks up or down, by up to 30."""

    def uniform() -> Tensor:
        return torch.rand(len(scenes.kind), generator=generator)

    azimuth, level = 360 * uniform(), torch.randn(len(scenes.kind), generator=generator) * 3
    elevation = torch.where(uniform() < 0.25, LEVEL * (2 * uniform() - 1), level)
    return render_views(scenes, azimuth, elevation, size, FOV)[0]


def draw_start(
    prior: LatentPrior, scenes: Scenes, generator: torch.Generator
) -> tuple[Tensor, int]:
    """Where paths begin, and the time there: pure noise, or noised views at any time."""
    last = prior.schedule.last
    eps = torch.randn(len(scenes.kind), *prior.shape, generator=generator).to(prior.device)
    if torch.rand((), generator=generator) < 0.5:
        return eps, last
    t = int(torch.randint(EARLIEST, last, (), generator=generator))
    views = draw_views(scenes, prior.image_size, generator).to(prior.device)
    return prior.schedule.noise(prior.encode(views), eps, t), t


@torch.no_grad()
def draw_paths(
    prior: LatentPrior, count: int, guidance: float, generator: torch.Generator
) -> Paths:
    """`count` paths of the teacher from one time, over a grid of times that varies."""
    scenes = sample_scenes(count, generator)
    text = join(prior, draw_captions(scenes, generator))
    x, t = draw_start(prior, scenes, generator)
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
    """The student as a prior, and its teacher under guidance."""

    prior: LatentPrior
    teacher: LatentPrior
    guidance: float

    def loss(self, count: int, generator: torch.Generator) -> Tensor:
        """Mean distance from the ends of `count` paths that the teacher takes."""
        paths = draw_paths(self.teacher, count, self.guidance, generator)
        return consistency_loss(self.prior, paths).mean()

    @torch.no_grad()
    def check(self, folder: Path, step: int) -> dict[str, float]:
        """Loss on paths held out, and shares of samples that the judge recognises, by calls.

        Draws the samples into `folder`, a row for each number of calls.
        """
        generator = torch.Generator().manual_seed(HELD_OUT)
        losses = [float(self.loss(4, generator)) for _ in range(CHECKED)]
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
    begin: Path,
    guidance: float,
    plan: Plan,
    output: Path,
    lora: Path | None = None,
) -> None:
    """Distils the checkpoint `begin` under guidance, and writes the LoRA to the file `output`.

    Args:
        plan: with `bf16` both networks compute in bfloat16.
        lora: the teacher's own LoRA, if it has one.
    """
    torch.manual_seed(plan.seed)
    teacher, prior = frozen_prior(begin, plan, lora), frozen_prior(begin, plan)
    changes = adapt(prior, plan, RANK, lora)
    student = Student(prior, teacher, guidance)
    trainer = trainer_of(changes, folder, plan, warmup=30, averaging=0.99, seconds=1200)
    trainer.fit(partial(student.loss, plan.batch), partial(student.check, folder / "previews"))
    changes.save(output, prior.weights_hash, KEPT)
