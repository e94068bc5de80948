"""A recorded run of StochSync's released code: noise and states of every step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor

from synclab.core.forwarding import ForwardingSpace
from synclab.core.protocols import Space, Views
from synclab.errors import UserError


class Recording:
    """`settings` are the authors' configuration; keys are described beside the recordings."""

    def __init__(self, path: Path) -> None:
        try:
            self.arrays = np.load(path)
            self.settings: dict[str, Any] = yaml.safe_load(str(self.arrays["meta/config_yaml"]))
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{path}: not a recorded run ({error}); expected an .npz") from error

    def get(self, key: str) -> Tensor:
        if key not in self.arrays:
            raise UserError(f"the recording has no {key}; it is not of the kind its settings say")
        return torch.from_numpy(self.arrays[key])

    def step(self, k: int, key: str) -> Tensor:
        return self.get(f"step{k:02d}/{key}")

    def has(self, k: int, key: str) -> bool:
        return f"step{k:02d}/{key}" in self.arrays

    def views(self, k: int) -> tuple[tuple[float, float], ...]:
        """Azimuth and elevation of the views of a step, in degrees."""
        angles = self.step(k, "azimuth"), self.step(k, "elevation")
        return tuple(zip(*(angle.tolist() for angle in angles), strict=True))

    def rotation(self, k: int) -> Tensor:
        """The quaternion (w, x, y, z) of a step, from their axes (y down, z ahead) to ours."""
        return self.step(k, "quat").flatten() * torch.tensor([1.0, 1.0, -1.0, -1.0])


class RecordedNoise:
    """Answers a method's random draws with recorded ones; drawing `noise` starts a step."""

    def __init__(self, recording: Recording) -> None:
        self.recording, self.k, self._viewed = recording, -1, -1
        self.mixes = str(recording.settings["noise_sampler"]).startswith("generalized")

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        if purpose == "rotation":
            return self.recording.rotation(self.k + 1)
        self.k += purpose == "noise"
        noise = self._recorded(purpose)
        if tuple(noise.shape) != shape:
            raise UserError(f"step {self.k}: {purpose} of shape {tuple(noise.shape)}, drew {shape}")
        return noise

    def _recorded(self, purpose: str) -> Tensor:
        if purpose == "start":
            return self.recording.get("init/z")
        if purpose == "noise" and self.mixes and self.k > 0:
            return self._fresh()
        keys = {"noise": "fwd_noise", "vae": "vae_eps", "seam": "clean_eps"}
        return self.recording.step(self.k, keys[purpose])

    def _fresh(self) -> Tensor:
        """The drawn noise, recovered from its mixture with the kept noise."""
        rho = int(self.recording.step(self.k, "t_eff")) / 1000
        kept = self.recording.step(self.k - 1, "prev_eps")
        return (self.recording.step(self.k, "fwd_noise") - (1 - rho) ** 0.5 * kept) / rho**0.5

    def view(self) -> Tensor | None:
        """The recorded views of this step, on the first request; None if not recorded."""
        asked, self._viewed = self._viewed, self.k
        if asked == self.k or not self.recording.has(self.k, "view_rgb"):
            return None
        return self.recording.step(self.k, "view_rgb")

    def integer(self, purpose: str, low: int, high: int) -> int:
        """The time of the step that starts."""
        return int(self.recording.step(self.k + 1, "t_sampler"))

    def uniform(self, purpose: str, low: float, high: float, count: int) -> list[float]:
        raise UserError(f"a recording has no draw of {purpose}")


TIE = 2e-3
"""Difference of a pixel's value that rounding of the values cannot explain."""

MOST_TIES = 1e-4
"""Share of pixels that may differ between backends."""


@dataclass(frozen=True)
class Ties:
    """Pixels of a step's views that read another texel than in the recording.

    Where a pixel looks between two texels, single precision decides which one is nearer, and
    another backend may decide otherwise. That is no difference of the algorithm, but the encoder
    would spread it over the whole view.
    """

    count: int = 0
    pixels: int = 0

    @classmethod
    def between(cls, ours: Tensor, theirs: Tensor) -> "Ties":
        apart = ((ours - theirs).abs() > TIE).any(1)
        return cls(int(apart.sum()), apart.numel())

    @property
    def few(self) -> bool:
        return self.count <= MOST_TIES * self.pixels

    def __str__(self) -> str:
        return f"ties {self.count} of {self.pixels} pixels"


class Observed(ForwardingSpace):
    """A space that remembers the last clean estimates which went back through it.

    Where the first views of a step differ from the recorded ones in a few ties, the run goes on
    from the recorded ones.
    """

    def __init__(self, inner: Space, noise: RecordedNoise) -> None:
        super().__init__(inner)
        self.noise = noise
        self.x0: Tensor | None = None
        self.ties = Ties()

    def project(self, z: Tensor, views: Views) -> Tensor:
        ours, theirs = super().project(z, views), self.noise.view()
        if theirs is None or theirs.shape != ours.shape:
            return ours
        self.ties = Ties.between(ours, theirs)
        return theirs if self.ties.count and self.ties.few else ours

    def to_canonical(self, x: Tensor) -> Tensor:
        self.x0 = x
        return super().to_canonical(x)
