"""Generates samples with a prior, a task and a method: images and their rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from synclab.core.atomic import write_atomically
from synclab.core.measured_space import MeasuredSpace
from synclab.core.metered_space import MeteredSpace
from synclab.core.pictures import to_png
from synclab.core.protocols import Denoiser, Method, Prior, Rng, Sample, Space, Task
from synclab.core.streams import Streams
from synclab.errors import UserError
from synclab.jobs import environment
from synclab.jobs.batching import Batcher, Done, Failed
from synclab.places import portable


@dataclass(frozen=True)
class Finished:
    """A finished sample: its picture as PNG bytes, the files beside it, and its row."""

    png: bytes
    artefacts: Mapping[str, bytes]
    row: dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """The files of a sample: its picture as PNG bytes, and further files by their endings.

    Args:
        facts: for the row: what was measured on the way.
        nfe: network inputs of the task itself, such as an inversion.
    """

    png: bytes
    artefacts: Mapping[str, bytes]
    facts: Mapping[str, Any]
    nfe: int


@dataclass(frozen=True)
class Previews:
    """Saves an intermediate picture every `every` steps under `folder`/SAMPLE; none for 0."""

    folder: Path
    every: int

    def due(self, step: int) -> bool:
        """Whether step (counted from 1) is saved."""
        return bool(self.every) and step % self.every == 0

    def keep(self, sample: Sample, step: int, png: bytes) -> None:
        folder = self.folder / sample.id
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / f"{step:05d}.png", png)


@dataclass
class Job:
    """Generates samples.

    Args:
        task_name, method_name: names in the configuration; the task's name seeds the noise.
    """

    prior: Prior
    task: Task
    method: Method
    task_name: str
    method_name: str
    previews: Previews | None = None
    batcher: Batcher = field(init=False)

    def __post_init__(self) -> None:
        self.batcher = Batcher(self.prior)

    def make(self, sample: Sample) -> Finished:
        """Generates one sample.

        Raises: the sample's error.
        """
        (outcome,) = self.make_together([sample])
        if isinstance(outcome, Failed):
            raise outcome.error
        return outcome

    def make_together(self, samples: Sequence[Sample]) -> list[Finished | Failed]:
        """Generates samples with their views batched; an error affects only its own sample."""
        self.prior.meter.reset()
        environment.reset_peak_memory(self.prior.device)
        bar = tqdm(desc="steps", total=self.method.steps * len(samples), leave=False, disable=None)
        with bar:
            outcomes = self.batcher.run([partial(self.draw, s, bar.update) for s in samples])
        seconds = self.seconds(len(samples))

        def finish(sample: Sample, outcome: Done[Drawn] | Failed) -> Finished | Failed:
            if isinstance(outcome, Failed):
                return outcome
            drawn, nfe = outcome.result, outcome.nfe + outcome.result.nfe
            row = {**self.row(sample, nfe, seconds, len(samples)), **drawn.facts}
            return Finished(drawn.png, drawn.artefacts, row)

        return list(map(finish, samples, outcomes))

    def draw(self, sample: Sample, advance: Callable[[], object], denoiser: Denoiser) -> Drawn:
        """Generates one sample's files with a denoiser that other samples may share."""
        before = self.prior.meter.nfe
        rng = Streams(self.task_name, sample.prompt, sample.seed, device=self.prior.device)
        space = MeasuredSpace(
            MeteredSpace(self.task.space(self.prior, rng, sample), self.prior.meter)
        )
        nfe = self.prior.meter.nfe - before
        z = self.generate(sample, space, rng, advance, denoiser)
        image = self.task.image(self.prior, z)
        if not torch.isfinite(image).all():
            raise UserError(f"{sample.id}: the image is not finite: {cause_of_overflow(z)}")
        png = to_png(image, self.task.metadata(*image.shape[1:]))
        facts = {"measurement_error": space.errors} if space.errors else {}
        return Drawn(png, self.task.artefacts(self.prior, z, image), facts, nfe)

    def generate(
        self,
        sample: Sample,
        space: Space,
        rng: Rng,
        advance: Callable[[], object],
        denoiser: Denoiser,
    ) -> Tensor:
        """Runs the method to its end and returns the last canonical estimate."""
        z, condition = None, self.task.condition(self.prior, sample)
        for step, z in enumerate(self.method(denoiser, space, condition, rng), 1):
            advance()
            if self.previews and z is not None and self.previews.due(step):
                self.preview(self.previews, sample, step, z)
        assert z is not None, "a method must end with an estimate"
        return z

    def preview(self, previews: Previews, sample: Sample, step: int, z: Tensor) -> None:
        """Saves an intermediate estimate; excluded from the row's times and counts."""
        with self.prior.meter.aside(), torch.no_grad():
            previews.keep(sample, step, to_png(self.task.image(self.prior, z)))

    def seconds(self, count: int) -> dict[str, float]:
        """Seconds by part, divided equally among the samples; "rest" is unattributed time."""
        total, parts = self.prior.meter.total(), self.prior.meter.seconds()
        parts = {"total": total, **parts, "rest": total - sum(parts.values())}
        return {part: round(value / count, 3) for part, value in parts.items()}

    def row(
        self, sample: Sample, nfe: int, seconds: dict[str, float], together: int
    ) -> dict[str, Any]:
        return {
            "id": sample.id,
            "prompt": sample.prompt,
            "seed": sample.seed,
            "checkpoint": self.prior.checkpoint and portable(self.prior.checkpoint),
            "weights": self.prior.weights_hash,
            "nfe": nfe,
            "seconds": seconds,
            "samples_per_batch": together,
            "peak_memory_mb": environment.peak_memory(self.prior.device),
            **environment.describe(self.prior.device),
        }


def cause_of_overflow(z: Tensor) -> str:
    """Says which part made a final estimate or its image infinite or NaN, and what to do."""
    if torch.isfinite(z).all():
        return "its latents are finite, so the VAE overflowed; use prior.precision=fp32"
    return (
        "the method's estimate already is not; use prior.precision=fp32, and if that is in use,"
        " lower method.guidance or the method's learning rate, or check the checkpoint's weights"
    )
