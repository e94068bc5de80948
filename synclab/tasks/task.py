"""What all tasks share: the canonical state is RGB or latent, the sizes follow the prior."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from synclab.core.protocols import Cond, Rng, Sample, Space
from synclab.errors import UserError
from synclab.spaces.codec import ReleasedCodec

Canonical = Literal["rgb", "latent"]


@dataclass(frozen=True)
class Task:
    """A task builds the space a method works in and turns the final state into an RGB image.

    `codec` "clean" encodes views to the posterior's mean, "released" as StochSync's code does.
    `prompt_prefix` stands before every prompt that is encoded, with its own space at the end.

    With `canonical="rgb"` the space holds pixels and views are encoded for the network; with
    "latent" it holds what the network denoises, at the latent's resolution.
    """

    canonical: Canonical = "rgb"
    codec: Literal["clean", "released"] = "clean"
    prompt_prefix: str = ""

    def check(self, method: Any, name: str) -> None:
        """Refuses a method that needs another kind of canonical state."""
        needed = getattr(method, "canonical", None)
        if needed not in (None, self.canonical):
            raise UserError(
                f"task.canonical={self.canonical}: method={name} averages noisy states and expects"
                f" {needed}; say task.canonical={needed}"
            )

    def space(self, prior: Any, rng: Rng, sample: Sample) -> Space:
        """The space of the method."""
        space: Any = self.canvas(prior, self.canonical)
        if self.canonical == "rgb" and self.codec == "released":
            space.codec = ReleasedCodec(prior, rng)
        return space

    def canvas(self, prior: Any, canonical: Canonical) -> Space:
        raise NotImplementedError

    def condition(self, prior: Any, sample: Sample) -> Cond:
        """What the denoiser is told; here the prompt after its prefix, the same for every view."""
        return prior.embed(self.prompt_prefix + sample.prompt)

    def image(self, prior: Any, z: Tensor) -> Tensor:
        """The finished canonical state as (3, H, W) in [0, 1]."""
        return (z if self.canonical == "rgb" else self.decode(prior, z)).clamp(0, 1)

    def decode(self, prior: Any, z: Tensor) -> Tensor:
        """A latent canonical state as RGB."""
        raise NotImplementedError


def cells(prior: Any, canonical: Canonical) -> dict[str, Any]:
    """What a canvas needs to know of the prior: channels and size of a view, codec, device."""
    if canonical == "rgb":
        return {
            "channels": prior.image_channels,
            "view_size": prior.image_size,
            "codec": prior,
            "factor": prior.image_size // prior.shape[1],
            "device": prior.device,
        }
    return {"channels": prior.shape[0], "view_size": prior.shape[1], "device": prior.device}


def wrap_columns(z: Tensor, pad: int) -> Tensor:
    """(c, H, W) with `pad` columns of the other end at both sides."""
    return torch.cat([z[..., -pad:], z, z[..., :pad]], -1)
