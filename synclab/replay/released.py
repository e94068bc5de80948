"""Builds our space and method from the authors' configuration."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from synclab.core.known import Known
from synclab.core.protocols import Cond, Denoiser, Method, Prior, Rng, Space, Views
from synclab.errors import UserError, nearest
from synclab.methods.sdi_released import ReleasedSDI
from synclab.methods.sds import SDS
from synclab.methods.stochsync_released import ReleasedStochSync
from synclab.replay.recording import RecordedNoise, Recording
from synclab.spaces.canvas import Canvas
from synclab.spaces.codec import ReleasedCodec
from synclab.spaces.image import Image
from synclab.spaces.surface import Sphere, Torus
from synclab.spaces.wide import Wide
from synclab.tasks.panorama import PanoramaTask
from synclab.tasks.task import cells
from synclab.tasks.wide import WideTask

STOCHASTICITY = {"sds": "maximum", "ddim": "none", "generalized_ddim": "time"}
"""Our stochasticity by the authors' names of noise samplers."""


def build_space(recording: Recording, prior: Prior, noise: RecordedNoise) -> Space:
    """The canvas, initialised with the recorded run's initial state."""
    canvas = SPACES[kind(recording)](recording, prior, noise)
    canvas.initial = recording.get("init/z")
    return canvas


def kind(recording: Recording) -> str:
    """The kind of canvas: their key `mode` if present, else `model`."""
    model = str(recording.settings.get("mode", recording.settings.get("model")))
    if model not in SPACES:
        raise UserError(f"model={model}: no replay for it; {nearest(model, SPACES)}")
    return model


def image(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    channels, height, width = recording.get("init/z").shape
    return Image(channels=channels, height=height, width=width, view_size=width)


def inpainting(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    """An inpainting space; the known region is where the first update replaced the views."""
    z, seen = recording.step(0, "z"), recording.step(0, "target")[0]
    size = z.shape[-1]
    mask = (z != seen).any(0, keepdim=True)
    known = Known(z, mask.to(z))
    return Image(channels=len(z), height=size, width=size, view_size=size, known=known)


def wide(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    """Crops evenly spaced from end to end, one per recorded noise."""
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
    """Uses the recorded views and rotation of every step."""

    recording: Recording

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        turn = self.rotation(rng)
        return tuple((*view, *turn) for view in self.recording.views(step))

    def rotation(self, rng: Rng) -> tuple[float, ...]:
        """The recorded quaternion, which has unit length."""
        return tuple(rng.normal("rotation", (4,)).tolist())


@dataclass(kw_only=True)
class RecordedTorus(Torus):
    """Uses the recorded views of every step."""

    recording: Recording

    def disjoint_views(self, step: int, rng: Rng) -> Views:
        return self.recording.views(step)


def sphere(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    return RecordedSphere(**surface(recording, prior, noise), recording=recording)


def torus(recording: Recording, prior: Prior, noise: RecordedNoise) -> Canvas:
    return RecordedTorus(**surface(recording, prior, noise), recording=recording)


def surface(recording: Recording, prior: Prior, noise: RecordedNoise) -> dict[str, Any]:
    """Arguments of spheres and tori, as in the released code."""
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
    """The distinct sets of views, in the order of their first use."""
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
"""Builders by the authors' key `mode` if present, else `model`."""

CLOSED = {"panorama", "sphere", "torus"}
"""Canvases whose steps use sets of views in turn."""


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
    """Reads the recorded result of the inversion: the noise drawn within it was not recorded."""

    def invert(self, prior: Denoiser, x0: Tensor, t: int, cond: Cond, rng: Rng) -> Tensor:
        return rng.normal("noise", tuple(x0.shape))
