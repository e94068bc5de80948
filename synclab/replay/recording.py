"""A recorded run of StochSync's released code: what every step drew and left."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor

from synclab.core.forwarding import ForwardingSpace
from synclab.core.protocols import Space
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


class RecordedNoise:
    """Answers a method's draws with those of a recording; a step begins with its `noise`."""

    def __init__(self, recording: Recording) -> None:
        self.recording, self.k = recording, -1
        self.mixes = str(recording.settings["noise_sampler"]).startswith("generalized")

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
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
        """What was drawn, taken back out of its mixture with the kept noise."""
        rho = int(self.recording.step(self.k, "t_eff")) / 1000
        kept = self.recording.step(self.k - 1, "prev_eps")
        return (self.recording.step(self.k, "fwd_noise") - (1 - rho) ** 0.5 * kept) / rho**0.5

    def integer(self, purpose: str, low: int, high: int) -> int:
        """The time of the step that begins."""
        return int(self.recording.step(self.k + 1, "t_sampler"))

    def uniform(self, purpose: str, low: float, high: float, count: int) -> list[float]:
        raise UserError(f"a recording has no draw of {purpose}")


class Observed(ForwardingSpace):
    """A space that remembers the last clean estimates which went back through it."""

    def __init__(self, inner: Space) -> None:
        super().__init__(inner)
        self.x0: Tensor | None = None

    def to_canonical(self, x: Tensor) -> Tensor:
        self.x0 = x
        return super().to_canonical(x)
