"""DeepFloyd IF: diffusion of pixels with T5's embeddings of the text.

https://github.com/deep-floyd/IF; the prior of Visual Anagrams, and of SyncTweedies' and SyncSDE's
ambiguous images. Its network predicts the noise and, in three more channels, variances, which DDIM
does not use. Its schedule ends in noise alone, so its estimates have to be clipped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from synclab.core.protocols import Cond, Condition, Time, Views
from synclab.errors import UserError
from synclab.priors.branches import Beside, Inputs
from synclab.priors.pixel import RGB, PixelPrior
from synclab.priors.t5 import T5


@dataclass
class DeepFloyd(PixelPrior):
    """Stage I, of 64 x 64 pixels. The text encoder leaves the memory before denoising begins."""

    def load_text_encoder(self) -> None:
        self.texts = T5(self.parts)
        self.tokenizer = self.texts.tokenizer

    def encode_text(self, text: str) -> Inputs:
        """Token features (1, 77, d)."""
        return (self.texts(text),)

    def attention(self, x: Tensor, t: int, cond: Cond) -> tuple[Tensor, Tensor]:
        """Refused: its layers attend to the text and the image together."""
        raise UserError(
            f"prior.path={self.path}: its attention is of text and image together, which gives no"
            " mask; expected a UNet with cross-attention, such as prior=sd21_base; or use"
            " task.mask=FILE"
        )

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        self.texts.release()
        return super().predict(x, t, cond, guidance)


@dataclass
class DeepFloydUpscaler(DeepFloyd):
    """Stage II, from 64 x 64 pixels to 256 x 256: the network also sees the small image, noised.

    Args:
        noise_level: time up to which the small image is noised, so that its faults can be
            corrected; the checkpoint's schedule for it is that of the denoiser.
    """

    noise_level: Time = 50

    needs: ClassVar[tuple[str, ...]] = ("coarse",)
    extra_channels: ClassVar[int] = RGB

    def with_coarse(
        self, text: Condition, coarse: Callable[[Views], Tensor], noise: Callable[[Views], Tensor]
    ) -> Beside:
        def show(views: Views) -> Tensor:
            return self.schedule.noise(self.encode(coarse(views)), noise(views), self.noise_level)

        return Beside(text, show)

    def answer(self, t: int, x: Tensor, *condition: Tensor) -> Tensor:
        context, coarse = condition
        level = torch.full((len(x),), self.noise_level, device=x.device)
        inputs = torch.cat([x, coarse], 1)
        answer = self.unet(inputs, self.time(t), context, class_labels=level).sample
        return answer[:, :RGB]
