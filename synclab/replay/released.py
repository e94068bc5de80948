"""From the authors' configuration to our space and method."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from synclab.core.protocols import Cond, Denoiser, Method, Prior, Rng, Space, Views
from synclab.errors import UserError, nearest
from synclab.methods.sdi_released import ReleasedSDI
from synclab.methods.sds import SDS
from synclab.methods.stochsync_released import ReleasedStochSync
from synclab.replay.recording import RecordedNoise, Recording
from synclab.spaces.canvas import Canvas
from synclab.spaces.codec import ReleasedCodec
from synclab.spaces.image import Image
from synclab.spaces.inpainting import Inpainting
from synclab.spaces.surface import Sphere, Torus
from synclab.spaces.wide import Wide
from synclab.tasks.panorama import PanoramaTask
from synclab.tasks.task import cells
from synclab.tasks.wide import WideTask

STOCHASTICITY = {"sds": "maximum", "ddim": "none", "generalized_ddim": "time"}
"""Ours by the authors' names of noise samplers."""


def build_space(recording: Recording, prior: Prior, noise: RecordedNoise) -> Space:
    """The canvas, holding what the recorded run began with."""
    canvas = SPACES[kind(recording)](recording, prior, noise)
    canvas.initial = recording.get("init/z")
    return canvas


def kind(recording: Recording) -> str:
    """Which canvas: their key `model`, and `mode` where a panorama may be another surface."""
    model = str(recording.settings.get("mode", recording.settings.get("model")))
    if model not in SPACES:
        raise UserError(f"model={model}: no replay for it; {nearest(model, SPACES)}")
    return model


def image(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    channels, height, width = recording.get("init/z").shape
    return Image(channels=channels, height=height, width=width, view_size=width)


def inpainting(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    """What is known is what the first update put in place of the views."""
    z, seen = recording.step(0, "z"), recording.step(0, "target")[0]
    size = z.shape[-1]
    mask = (z != seen).any(0, keepdim=True)
    return Inpainting(channels=len(z), height=size, width=size, view_size=size, known=z, mask=mask)


def wide(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    """Crops evenly spaced from end to end, as many as noises were drawn."""
    channels, size, width = recording.get("init/z").shape
    task = WideTask(columns=width // size, crops=len(recording.step(0, "fwd_noise")))
    stride = task.pitch(size, width)
    return Wide(channels=channels, height=size, width=width, view_size=size, stride=stride)


def panorama(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    settings = recording.settings
    task = PanoramaTask(
        codec="released",
        fov=settings["fov"],
        rows=settings["pano_height"] // settings["height"],
        views=view_sets(recording),
        sampling="nearest",
        grid="corners",
        margin=1,
    )
    return task.own_canvas(prior, noise)


@dataclass(kw_only=True)
class RecordedSphere(Sphere):
    """Takes the recorded views of every step, turned as they were."""

    recording: Recording

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        turn = self.rotation(rng)
        return tuple((*view, *turn) for view in self.recording.views(step))

    def rotation(self, rng: Rng) -> tuple[float, ...]:
        """Recorded quaternions have unit length already."""
        return tuple(rng.normal("rotation", (4,)).tolist())


@dataclass(kw_only=True)
class RecordedTorus(Torus):
    """Takes the recorded views of every step."""

    recording: Recording

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        return self.recording.views(step)


def sphere(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    return RecordedSphere(**surface(recording, prior, noise), recording=recording)


def torus(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    return RecordedTorus(**surface(recording, prior, noise), recording=recording)


def surface(recording: Recording, prior: Prior, noise: RecordedNoise) -> dict[str, Any]:
    """What spheres and tori share: all as in the released code."""
    channels, height, width = recording.get("init/z").shape
    return {
        **cells(prior, "rgb"),
        "channels": channels,
        "height": height,
        "width": width,
        "fov": float(recording.settings["fov"]),
        "codec": ReleasedCodec(prior, noise),
        "sampling": "nearest",
        "grid": "corners",
        "margin": 1.0,
    }


def view_sets(recording: Recording) -> tuple[tuple[tuple[float, float], ...], ...]:
    """The sets of views in the order in which they were first taken."""
    steps = [recording.views(k) for k in range(recording.settings["max_steps"])]
    return tuple(dict.fromkeys(steps))


SPACES = {
    "image": image,
    "image_inpainting": inpainting,
    "image_wide": wide,
    "panorama": panorama,
    "sphere": sphere,
    "torus": torus,
}
"""Builders by the authors' key `model`, or `mode` where there is one."""

CLOSED = {"panorama", "sphere", "torus"}
"""Canvases whose steps take sets of views in turn."""


def build_method(recording: Recording) -> Method:
    settings = recording.settings
    canvas, sampler = kind(recording), settings["noise_sampler"]
    if settings["use_closed_form"]:
        return synchronisation(settings, disjoint=canvas in CLOSED and sampler == "sds")
    if canvas != "image":
        raise UserError(f"model={canvas}: distillation is replayed on model=image alone")
    if sampler == "sdi":
        return RecordedSDI(
            **distillation(settings), t_max=settings["t_max"], t_min=settings["t_min"]
        )
    return SDS(**distillation(settings))


def synchronisation(settings: dict[str, Any], disjoint: bool) -> Method:
    """The authors' closed-form loop, which runs StochSync, its ablations and SyncTweedies."""
    sampler = str(settings["noise_sampler"])
    if sampler not in STOCHASTICITY:
        raise UserError(f"noise_sampler={sampler}: {nearest(sampler, STOCHASTICITY)}")
    stochasticity: Any = STOCHASTICITY[sampler]
    return ReleasedStochSync(
        steps=settings["max_steps"],
        t_max=settings["t_max"],
        t_min=settings["t_min"],
        ode_steps=max(2, settings["ode_steps"]),
        solver="dpm" if settings.get("try_fast_sampling") else "ddim",
        seam_steps=settings["seam_removal_steps"],
        guidance=settings["guidance_scale"],
        stochasticity=stochasticity,
        multi_step=settings["use_ode"],
        disjoint=disjoint,
        warmup=settings["warmup_steps"],
    )


def distillation(settings: dict[str, Any]) -> dict[str, Any]:
    """Adam at a constant rate on a flat image."""
    return {
        "steps": settings["max_steps"],
        "guidance": settings["guidance_scale"],
        "views": settings["batch_size"],
        "weight": "sigma^4",
        "lr": settings["learning_rate"],
        "lr_decay": "none",
        "warmup": 0,
    }


class RecordedSDI(ReleasedSDI):
    """The recording holds the noise that inversion found, not what was drawn on the way to it."""

    def invert(self, prior: Denoiser, x0: Tensor, t: int, cond: Cond, rng: Rng) -> Tensor:
        return rng.normal("noise", tuple(x0.shape))
