"""Replays against plain loops written from the fact sheet: what no recording at hand holds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from synclab.priors.latent import LatentPrior
from synclab.replay.compare import NEGATIVE_PROMPT, replay
from synclab.replay.recording import Recording

STEPS, VIEWS, SIZE = 4, 5, 8
FLAT: dict[str, Any] = {
    "text_prompt": "a coral reef with fish",
    "max_steps": STEPS,
    "warmup_steps": 0,
    "use_ode": False,
    "ode_steps": -1,
    "seam_removal_steps": 0,
    "use_closed_form": True,
    "guidance_scale": 7.5,
    "t_max": 999,
    "t_min": 0,
}


class Loop:
    """The released loop on one network, writing down what a recording holds."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = FLAT | settings
        self.prior = LatentPrior(str(folder), negative_prompt=NEGATIVE_PROMPT)
        self.text = self.prior.embed(self.settings["text_prompt"])
        self.abar = self.prior.schedule.abar
        self.arrays: dict[str, Any] = {"meta/config_yaml": np.array(yaml.dump(self.settings))}
        self.noise = torch.Generator().manual_seed(0)

    def draw(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.noise)

    def eps(self, x: Tensor, t: int) -> Tensor:
        views = tuple((float(i),) for i in range(len(x)))
        return self.prior.predict(x, t, self.text.at(views), self.settings["guidance_scale"])

    def keep(self, k: int, **values: Tensor) -> None:
        for name, value in values.items():
            self.arrays[f"step{k:02d}/{name}"] = np.asarray(value)

    def save(self, folder: Path) -> Recording:
        path = folder / "recording.npz"
        np.savez(path, **self.arrays)
        return Recording(path)


def wide_loop(folder: Path, sampler: str) -> Loop:
    """Tweedie's x0 of overlapping crops, their mean, the noise kept or partly drawn anew."""
    loop = Loop(folder, model="image_wide", noise_sampler=sampler)
    offsets = np.linspace(0, 3 * SIZE, VIEWS).astype(int)
    z = loop.draw(4, SIZE, 4 * SIZE)
    loop.arrays["init/z"] = z.numpy()
    crops = [z[:, :, o : o + SIZE] for o in offsets]
    kept = torch.stack([noise + 0 for noise in crops])
    for k in range(STEPS):
        t = int(999 - 999 * k / STEPS)
        a = float(loop.abar[t])
        rho = t / 1000 if sampler == "generalized_ddim" and k else 0.0
        noise = (1 - rho) ** 0.5 * kept + rho**0.5 * loop.draw(VIEWS, 4, SIZE, SIZE)
        seen = torch.stack([z[:, :, o : o + SIZE] for o in offsets])
        x = noise if t == 999 else a**0.5 * seen + (1 - a) ** 0.5 * noise
        x0 = (x - (1 - a) ** 0.5 * loop.eps(x, t)) / a**0.5
        total, count = torch.zeros_like(z), torch.zeros(1, 1, 4 * SIZE)
        for view, o in zip(x0, offsets, strict=True):
            total[:, :, o : o + SIZE] += view
            count[:, :, o : o + SIZE] += 1
        z = total / count
        seen = torch.stack([z[:, :, o : o + SIZE] for o in offsets])
        kept = (x - a**0.5 * seen) / (1 - a) ** 0.5
        loop.keep(k, fwd_noise=noise, t_eff=torch.tensor(t), prev_eps=kept, z=z, target=x0)
    return loop


def sdi_loop(folder: Path) -> Loop:
    """Adam on one latent; the recording holds the noise as it came out of the inversion."""
    loop = Loop(
        folder,
        model="image",
        noise_sampler="sdi",
        use_closed_form=False,
        batch_size=1,
        learning_rate=0.01,
    )
    z = loop.draw(4, SIZE, SIZE)
    loop.arrays["init/z"] = z.numpy().copy()
    adam = torch.optim.Adam([z], lr=0.01)
    for k in range(STEPS):
        t = int(999 - 999 * k / STEPS)
        a = float(loop.abar[t])
        noise = loop.draw(1, 4, SIZE, SIZE)
        x = noise if t == 999 else a**0.5 * z[None] + (1 - a) ** 0.5 * noise
        x0 = (x - (1 - a) ** 0.5 * loop.eps(x, t)) / a**0.5
        z.grad = ((1 - a) ** 1.5 * a**0.5 * (z[None] - x0))[0]
        adam.step()
        loop.keep(k, fwd_noise=noise, t_eff=torch.tensor(t), z=z.clone())
    return loop


@pytest.mark.parametrize("sampler", ["ddim", "generalized_ddim"])
def test_wide_runs_replay(checkpoint: Path, tmp_path: Path, sampler: str) -> None:
    recording = wide_loop(checkpoint, sampler).save(tmp_path)
    differences = list(replay(recording, str(checkpoint)))
    assert len(differences) == STEPS
    assert all(d.within and d.x0 is not None for d in differences), differences


def test_kept_noise_is_our_own_not_the_recordings(checkpoint: Path, tmp_path: Path) -> None:
    loop = wide_loop(checkpoint, "ddim")
    for k in range(1, STEPS):
        loop.keep(k, fwd_noise=torch.zeros(VIEWS, 4, SIZE, SIZE))
    assert all(d.within for d in replay(loop.save(tmp_path), str(checkpoint)))


def test_another_schedule_is_found_out(checkpoint: Path, tmp_path: Path) -> None:
    recording = wide_loop(checkpoint, "ddim").save(tmp_path)
    recording.settings["t_max"] = 900
    assert not any(d.within for d in replay(recording, str(checkpoint)))


def test_sdi_replays_from_the_noise_that_was_found(checkpoint: Path, tmp_path: Path) -> None:
    differences = list(replay(sdi_loop(checkpoint).save(tmp_path), str(checkpoint)))
    assert len(differences) == STEPS
    assert all(d.within for d in differences), differences
