"""Base class of tasks: an RGB or latent canonical state, with sizes taken from the prior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, NotRequired, TypedDict

import torch
from torch import Tensor

from synclab.core.protocols import Canonical, Condition, Method, Prior, Rng, Sample, Space
from synclab.core.sync import gather
from synclab.errors import UserError
from synclab.spaces.canvas import Canvas, Codec
from synclab.spaces.codec import ReleasedCodec
from synclab.tasks.by_view import embed_texts


@dataclass(frozen=True)
class CanvasTask:
    """Builds the space a method works in and turns its final state into an RGB image.

    With `canonical="rgb"` the space holds pixels and views are encoded for the network; with
    "latent" it holds latents, at their resolution. `codec` "clean" encodes views to the posterior's
    mean, "released" as StochSync's code does. `prompt_prefix` is prepended to every prompt; it
    should end with a space.
    """

    provides: ClassVar[tuple[str, ...]] = ()

    overlaps: ClassVar[bool] = False
    """Whether what neighbouring views share is a view as well; see `Space.overlaps`."""

    edits: ClassVar[bool] = False
    """Whether its samples begin with a picture and its inversion."""

    canonical: Canonical = "rgb"
    codec: Literal["clean", "released"] = "clean"
    prompt_prefix: str = ""

    def check(self, method: Method, name: str) -> None:
        """Refuses a method that needs another canonical state, overlaps, or a source to edit."""
        needed = method.canonical
        if needed not in (None, self.canonical):
            raise UserError(
                f"task.canonical={self.canonical}: method={name} averages noisy states; expected"
                f" {needed}; use task.canonical={needed}"
            )
        if method.needs_source and not self.edits:
            raise UserError(
                f"method={name}: edits a picture, which this task does not have; use task=edit"
            )
        if method.needs_overlaps and not self.overlaps:
            raise UserError(
                f"method={name}: needs the windows that neighbouring views share, which this task"
                " does not have; expected crops of one canvas; use task=wide"
            )

    def check_prior(self, prior: Prior, name: str) -> None:
        """Refuses a prior whose images are not RGB."""
        if prior.image_channels != 3:
            raise UserError(
                f"prior={name}: its images have {prior.image_channels} channels; expected 3, as in"
                " prior.shape=[3,64,64]"
            )

    def check_prompt(self, prompt: str) -> None:
        """Refuses a prompt without the texts that the task needs."""
        self.texts(prompt)

    def texts(self, prompt: str) -> Sequence[str]:
        """The texts of a prompt: by default one, for every view.

        Raises: UserError if the task cannot divide them among its views.
        """
        return [prompt]

    @property
    def version(self) -> int:
        """Incremented when the same values produce different pictures than before."""
        return 1

    def inputs(self) -> Mapping[str, Path]:
        """Files that the pictures depend on, by key; none by default."""
        return {}

    def space(self, prior: Prior, rng: Rng, sample: Sample) -> Space:
        """The space of the method."""
        return self.own_canvas(prior, rng)

    def own_canvas(self, prior: Prior, rng: Rng) -> Canvas:
        """The canvas of the configured canonical state, with its codec."""
        canvas = self.canvas(prior, self.canonical)
        if self.canonical == "rgb" and self.codec == "released":
            canvas.codec = ReleasedCodec(prior, rng)
        return canvas

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        """The canvas of a canonical state of either kind."""
        raise NotImplementedError

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        """The texts with their prefix: one for every view, or one for each by its number."""
        texts = [self.prompt_prefix + text for text in self.texts(sample.prompt)]
        return embed_texts(prior, texts)

    def image(self, prior: Prior, z: Tensor) -> Tensor:
        """The finished canonical state as (3, H, W) in [0, 1]."""
        return (z if self.canonical == "rgb" else self.decode(prior, z)).clamp(0, 1)

    def metadata(self, height: int, width: int) -> str:
        """XMP packet for the file of an image of this size; none by default."""
        return ""

    def artefacts(self, prior: Prior, z: Tensor, image: Tensor) -> Mapping[str, bytes]:
        """Files written beside the picture, by file ending; none by default."""
        return {}

    def encode(self, prior: Prior, image: Tensor) -> Tensor:
        """An image (3, H, W) as a latent canonical state: encodes its views and averages them."""
        views = self.canvas(prior, "latent").all_views()
        seen = self.canvas(prior, "rgb").project(image, views)
        return gather(self.canvas(prior, "latent"), prior.encode(seen), views)

    def decode(self, prior: Prior, z: Tensor) -> Tensor:
        """A latent canonical state as RGB: decodes its views and averages them."""
        latents = self.canvas(prior, "latent")
        views = latents.all_views()
        return gather(self.canvas(prior, "rgb"), latents.project(z, views), views)


class Cells(TypedDict):
    """Arguments of a `Canvas` that follow from the prior."""

    channels: int
    view_size: int
    device: str
    codec: NotRequired[Codec]
    factor: NotRequired[int]


def cells(prior: Prior, canonical: Canonical) -> Cells:
    """Canvas arguments taken from the prior: channels and size of a view, codec, device."""
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
    """Circular padding of (c, H, W) by `pad` columns at both sides."""
    return torch.cat([z[..., -pad:], z, z[..., :pad]], -1)
