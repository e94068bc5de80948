"""A long motion from one prompt, or from a text for each of its segments (Lee et al. 2025)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval
from torch import Tensor

from synclab.core.protocols import Canonical, Condition, Method, Prior, Sample
from synclab.core.video import to_gif
from synclab.errors import UserError
from synclab.spaces.canvas import Canvas
from synclab.spaces.segments import Segments
from synclab.tasks.by_view import ByNumber, split_texts
from synclab.tasks.task import CanvasTask
from synclab.world.motion import CHANNELS, FPS, to_joints
from synclab.world.motion.pictures import film, passages, strip_of_poses, to_npy


@dataclass(frozen=True)
class MotionTask(CanvasTask):
    """`segments` of the prior's length, each of which shares `overlap` frames with the next.

    A prompt gives each segment its text, separated by "|", or one text to all. With `ring` the last
    segment goes on into the first. The picture is a strip of poses. Beside it are the positions of
    the joints (npy) and, unless `film` is false, a GIF of the skeleton.
    """

    overlaps: ClassVar[bool] = True

    canonical: Canonical = "latent"
    segments: Annotated[int, Interval(ge=1, le=64)] = 3
    overlap: Annotated[int, Ge(0)] = 30
    ring: bool = False
    film: bool = True

    def __post_init__(self) -> None:
        if self.canonical != "latent":
            raise UserError(
                f"task.canonical={self.canonical}: a motion has no pixels; expected latent"
            )
        if self.ring and self.segments == 1:
            raise UserError(
                "task.ring=true: one segment alone cannot go on into itself; expected"
                " task.segments=2 or more"
            )

    def check(self, method: Method, name: str) -> None:
        """Also refuses methods that compare pictures."""
        super().check(method, name)
        if method.needs_distance:
            raise UserError(
                f"method={name}: compares views by a perceptual distance of pictures, which motions"
                " do not have; use another method, such as method=multidiffusion"
            )

    def check_prior(self, prior: Prior, name: str) -> None:
        """Refuses priors of anything but this skeleton's motions, and segments that are too short
        for the overlap.
        """
        channels, height, frames = prior.shape
        if (channels, height) != (CHANNELS, 1):
            raise UserError(
                f"prior={name}: denoises states of {channels} x {height} x {frames}; expected"
                f" {CHANNELS} x 1 x frames, motions of 22 joints; use prior=tiny_motion"
            )
        if 2 * self.overlap > frames:
            raise UserError(
                f"task.overlap={self.overlap}: segments of {frames} frames are too short to share"
                f" so many at both ends; expected at most {frames // 2}"
            )

    def texts(self, prompt: str) -> Sequence[str]:
        return split_texts(prompt, self.segments, "segment")

    def canvas(self, prior: Prior, canonical: Canonical) -> Canvas:
        channels, height, frames = prior.shape
        stride = frames - self.overlap
        return Segments(
            channels=channels,
            height=height,
            width=self.segments * stride + (0 if self.ring else self.overlap),
            view_size=frames,
            stride=stride,
            ring=self.ring,
            device=prior.device,
        )

    def condition(self, prior: Prior, sample: Sample) -> Condition:
        """A text for each segment; views of no single segment have none, unless all share one."""
        told = [prior.embed(self.prompt_prefix + text) for text in self.texts(sample.prompt)]
        if len(told) == 1 < self.segments:
            return told[0]
        return ByNumber([*told, prior.embed("")], place=2)  # the last: number -1

    def image(self, prior: Prior, z: Tensor) -> Tensor:
        """A strip of poses, the overlaps shaded."""
        return strip_of_poses(self.joints(prior, z), self.shared(prior))

    def shared(self, prior: Prior) -> list[tuple[int, int]]:
        """First frame and end of every overlap."""
        closing = [(0, self.overlap)] if self.ring else []
        return closing + passages(self.segments, prior.shape[2], self.overlap)

    def artefacts(self, prior: Prior, z: Tensor, image: Tensor) -> Mapping[str, bytes]:
        """The joints' positions (F, 22, 3) in metres, and the skeleton as a GIF."""
        joints = self.joints(prior, z)
        shown = {"gif": to_gif(film(joints), 2 / FPS)} if self.film else {}
        return {"npy": to_npy(joints), **shown}

    def joints(self, prior: Prior, z: Tensor) -> Tensor:
        """Joint positions (F, 22, 3) of a finished state (263, 1, F)."""
        features = prior.decode(z[None])[0, :, 0].mT
        return to_joints(features.double())[:-1].float().cpu()
