"""Diffusion models of human motion as a `Prior`: HumanML3D's features in place of latents.

A state x is (n, 263, 1, F): the features of F frames, normalised. `encode` and `decode` normalise
features and undo it. The network predicts clean states; methods see noise, as of any prior.
"""

from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge
from torch import Tensor

from synclab.core.meter import Meter
from synclab.core.protocols import Cond, Condition, Views
from synclab.core.schedule import Schedule
from synclab.errors import UserError
from synclab.priors import motion_files
from synclab.priors.branches import Branches, as_branches, stack
from synclab.priors.motion_network import MotionTransformer
from synclab.priors.prediction import NOISE


@dataclass
class MotionPrior:
    """A text-to-motion model: guidance, chunking and counting inside.

    Args:
        model: its weights, in the format of the subclass.
        frames: of a segment, which is what a view shows.
        batch: largest number of network inputs per call, counting both branches of guidance.
    """

    model: str
    frames: Annotated[int, Ge(1)] = 120
    batch: Annotated[int, Ge(1)] = 64
    device: str = "cpu"

    needs: ClassVar[tuple[str, ...]] = ()

    prediction: ClassVar[str] = "sample"
    factor: ClassVar[int] = 1

    def __post_init__(self) -> None:
        self.meter, self.schedule = Meter(), Schedule.cosine()
        network, mean, std = self.load()
        self.network: MotionTransformer = network.eval().requires_grad_(False).to(self.device)
        self.mean, self.std = (each.view(-1, 1, 1).to(self.device) for each in (mean, std))
        if self.frames % self.network.patch:
            raise UserError(
                f"prior.frames={self.frames}: this model reads {self.network.patch} frames at a"
                f" time; expected a multiple, such as prior.frames=120"
            )
        self._embed = lru_cache(maxsize=64)(self._encode_text)

    @abstractmethod
    def load(self) -> tuple[MotionTransformer, Tensor, Tensor]:
        """The network, and mean and standard deviation (263,) of the features."""
        ...

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Embeddings (n, width) of texts; zeros for the empty one."""
        ...

    @property
    def shape(self) -> tuple[int, int, int]:
        return (len(self.mean), 1, self.frames)

    @property
    def distilled(self) -> bool:
        return False

    @property
    def checkpoint(self) -> str | None:
        return str(motion_files.find(self.model))

    @property
    def weights_hash(self) -> str | None:
        """SHA-256 of the model's files."""
        return motion_files.fingerprint(self.model)

    @property
    def image_size(self) -> int:
        """Frames of a segment: a motion has no pixels."""
        return self.frames

    @property
    def image_channels(self) -> int:
        """Numbers of a frame."""
        return len(self.mean)

    def embed(self, prompt: str) -> Branches:
        """Encodes the prompt; the branch without text sees zeros (Tevet et al. 2023)."""
        text = self._embed(prompt)
        return Branches((text,), (torch.zeros_like(text),))

    def _encode_text(self, text: str) -> Tensor:
        return self.encode_texts([text]).to(self.device)

    def with_depth(self, text: Condition, disparity: Callable[[Views], Tensor]) -> Condition:
        """Returns the text unchanged: motions have no depth."""
        return text

    def with_coarse(
        self, text: Condition, coarse: Callable[[Views], Tensor], noise: Callable[[Views], Tensor]
    ) -> Condition:
        """Returns the text unchanged: motions are no pictures."""
        return text

    def attention(self, x: Tensor, t: int, cond: Cond) -> tuple[Tensor, Tensor]:
        raise UserError("this prior makes motions, which have no attention maps; use prior=tiny")

    def token_places(self, prompt: str, words: Collection[str]) -> list[int]:
        raise UserError("this prior makes motions, which have no attention maps; use prior=tiny")

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        """eps_u + guidance (eps_c - eps_u), (n c 1 F); one branch only at guidance 0 or 1."""
        branches = as_branches(cond)
        with self.meter("denoiser", x.device):
            if guidance in (0, 1):
                (text,) = branches.positive if guidance else branches.negative
                answer = self._evaluate(x, t, text)
            else:
                (text,) = stack([branches.negative, branches.positive])
                low, high = self._evaluate(torch.cat([x, x]), t, text).chunk(2)
                answer = low + guidance * (high - low)
            return NOISE[self.prediction](answer, x, t, self.schedule)

    def _evaluate(self, x: Tensor, t: int, text: Tensor) -> Tensor:
        """Clean states (n c 1 F), in chunks of at most `batch` inputs."""
        self.meter.nfe += len(x)
        times = torch.full((len(x),), t, device=x.device)
        inputs = (each.split(self.batch) for each in (x.float(), times, text))
        return torch.cat([self.network(*chunk) for chunk in zip(*inputs, strict=True)]).to(x.dtype)

    def distance(self, x0: Tensor, other: Tensor) -> Tensor:
        """Mean square difference of the normalised features (n,)."""
        return (x0 - other).square().mean((1, 2, 3))

    def encode(self, image: Tensor, /, eps: Tensor | None = None) -> Tensor:
        """Features (n, 263, 1, F) as states; there is no posterior to sample."""
        return (image - self.mean.to(image)) / self.std.to(image)

    def decode(self, latent: Tensor, /) -> Tensor:
        """States (n, 263, 1, F) as features."""
        return latent * self.std.to(latent) + self.mean.to(latent)
