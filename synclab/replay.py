"""Replays a recorded run of the authors' code: their noises in, our canonical states beside theirs.

    python -m synclab.replay GOLDEN.npz --prior FOLDER

Prints the largest and the 99.9 % difference of z after every step; the exit code is 0 exactly when
all are within tolerance. A recording holds the authors' configuration (`meta/config_yaml`) and what
every step drew and left.
"""

import argparse
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synclab.command import complain
from synclab.errors import UserError, nearest

log = logging.getLogger(__name__)

NEGATIVE_PROMPT = "low quality, blurry, bad anatomy, disfigured, poorly drawn face"
TOLERANCE = 2e-3  # of 99.9 % of the canonical cells, on another backend than the recording's


class Recording:
    """A recorded run: its settings and what every step held."""

    def __init__(self, path: Path) -> None:
        import numpy as np
        import yaml

        try:
            self.arrays = np.load(path)
            self.settings: dict[str, Any] = yaml.safe_load(str(self.arrays["meta/config_yaml"]))
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{path}: not a recorded run ({error}); expected an .npz") from error

    def step(self, k: int, key: str) -> Any:
        import torch

        return torch.from_numpy(self.arrays[f"step{k:02d}/{key}"])


class RecordedNoise:
    """Answers a method's draws with the noises of a recording; a step begins with its `noise`."""

    KEYS = {"noise": "fwd_noise", "vae": "vae_eps", "seam": "clean_eps"}

    def __init__(self, recording: Recording) -> None:
        self.recording, self.k = recording, -1

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Any:
        self.k += purpose == "noise"
        noise = self.recording.step(self.k, self.KEYS[purpose])
        if tuple(noise.shape) != shape:
            raise UserError(f"step {self.k}: {purpose} of shape {tuple(noise.shape)}, drew {shape}")
        return noise


def stochsync_panorama(settings: dict[str, Any]) -> tuple[Any, Any]:
    """Task and method of `model: panorama` with multi-step x0 and closed-form update."""
    from synclab.methods.stochsync_released import ReleasedStochSync
    from synclab.tasks.panorama import PanoramaTask

    task = PanoramaTask(
        codec="released",
        fov=settings["fov"],
        rows=settings["pano_height"] // settings["height"],
        sampling="nearest",
        grid="corners",
        margin=1,
    )
    method = ReleasedStochSync(
        steps=settings["max_steps"],
        t_max=settings["t_max"],
        t_min=settings["t_min"],
        ode_steps=settings["ode_steps"],
        solver="dpm" if settings.get("try_fast_sampling") else "ddim",
        seam_steps=settings["seam_removal_steps"],
        warmup=settings["warmup_steps"],
        guidance=settings["guidance_scale"],
    )
    return task, method


MODELS = {"panorama": stochsync_panorama}
"""Builders by the authors' key `model`."""


@dataclass(frozen=True)
class Difference:
    """How far z is from the recorded one after a step."""

    step: int
    largest: float
    most: float  # of 99.9 % of the cells

    @property
    def within(self) -> bool:
        return self.most <= TOLERANCE


def replay(recording: Recording, folder: str) -> Iterator[Difference]:
    """Runs the recorded settings on a checkpoint and compares every step."""
    from synclab.priors.latent import LatentPrior
    from synclab.types import Sample

    settings = recording.settings
    model = str(settings.get("model"))
    if model not in MODELS:
        raise UserError(f"model={model}: no replay for it yet; {nearest(model, MODELS)}")
    task, method = MODELS[model](settings)
    prior, noise = LatentPrior(folder, negative_prompt=NEGATIVE_PROMPT), RecordedNoise(recording)
    condition = task.condition(prior, Sample("replay", settings["text_prompt"], 0))
    states = method(prior, task.space(prior, noise), condition, noise)
    for k, z in enumerate(states):
        error = (z - recording.step(k, "z")).abs()
        yield Difference(k, float(error.max()), float(error.quantile(0.999)))


def main() -> int:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description="Replays a recorded run of the authors' code.")
    parser.add_argument("recording", type=Path)
    parser.add_argument("--prior", required=True, help="diffusers folder it was recorded with")
    args = parser.parse_args()
    try:
        differences = list(replay(Recording(args.recording), args.prior))
    except UserError as error:
        return complain(str(error))
    for d in differences:
        verdict = "ok" if d.within else "TOO FAR"
        log.info("step %02d  largest %.2e  99.9 %% %.2e  %s", d.step, d.largest, d.most, verdict)
    return 0 if all(d.within for d in differences) else 1


if __name__ == "__main__":
    sys.exit(main())
