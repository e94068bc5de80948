"""Compares our states with the recorded ones, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from synclab.priors.latent import LatentPrior
from synclab.replay.recording import Observed, RecordedNoise, Recording, Ties
from synclab.replay.released import build_method, build_space

NEGATIVE_PROMPT = "low quality, blurry, bad anatomy, disfigured, poorly drawn face"
Z_TOLERANCE = 2e-3  # of 99.9 % of the canonical cells, on another backend than the recording's
X0_TOLERANCE = 5e-3  # of every value of the clean latents


@dataclass(frozen=True)
class Deviation:
    """Absolute differences of two tensors: the largest and the 99.9 % quantile."""

    largest: float
    most: float

    @classmethod
    def between(cls, ours: Tensor, theirs: Tensor) -> "Deviation":
        error = (ours - theirs).abs().flatten()
        rank = max(1, round(0.999 * error.numel()))
        return cls(float(error.max()), float(error.kthvalue(rank).values))

    def __str__(self) -> str:
        return f"largest {self.largest:.1e}, 99.9 % {self.most:.1e}"


@dataclass(frozen=True)
class Difference:
    """Deviations after a step; `x0` if the recording holds clean estimates, `ties` in the views at
    its start.
    """

    step: int
    z: Deviation
    x0: Deviation | None
    ties: Ties

    @property
    def within(self) -> bool:
        near = self.x0 is None or self.x0.largest <= X0_TOLERANCE
        return near and self.z.most <= Z_TOLERANCE and self.ties.few

    def __str__(self) -> str:
        x0 = f"   x0 {self.x0}" if self.x0 else ""
        ties = f"   {self.ties}" if self.ties.count else ""
        verdict = "ok" if self.within else "TOO FAR"
        return f"step {self.step:02d}   z {self.z}{x0}{ties}   {verdict}"


def replay(recording: Recording, folder: str) -> Iterator[Difference]:
    """Runs the recorded settings on a checkpoint and compares every step."""
    prior, noise = LatentPrior(folder, negative_prompt=NEGATIVE_PROMPT), RecordedNoise(recording)
    space, method = Observed(build_space(recording, prior, noise), noise), build_method(recording)
    condition = prior.embed(recording.settings["text_prompt"])
    for k, z in enumerate(method(prior, space, condition, noise)):
        assert z is not None
        apart = Deviation.between(z, recording.step(k, "z"))
        yield Difference(k, apart, clean(recording, space, k), space.ties)


def clean(recording: Recording, space: Observed, k: int) -> Deviation | None:
    """Deviation of the clean estimates, if both the loop and the recording have them."""
    key = "x0_latent" if recording.has(k, "x0_latent") else "target"
    if space.x0 is None or not recording.has(k, key):
        return None
    theirs = recording.step(k, key)
    return Deviation.between(space.x0, theirs) if theirs.shape == space.x0.shape else None
