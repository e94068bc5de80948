"""DeepFloyd IF: diffusion of pixels with T5's embeddings of the text.

https://github.com/deep-floyd/IF; the prior of Visual Anagrams, and of SyncTweedies' and SyncSDE's
ambiguous images. Its network predicts the noise and, in three more channels, variances, which DDIM
does not use. Its schedule ends in noise alone, so its estimates have to be clipped.
"""

from dataclasses import dataclass

from torch import Tensor

from synclab.core.protocols import Cond
from synclab.priors.branches import Inputs
from synclab.priors.pixel import PixelPrior
from synclab.priors.t5 import T5


@dataclass
class DeepFloyd(PixelPrior):
    """Stage I, of 64 x 64 pixels. The text encoder leaves the memory before anything is denoised."""

    def load_text_encoder(self) -> None:
        self.texts = T5(self.parts)
        self.tokenizer = self.texts.tokenizer

    def encode_text(self, text: str) -> Inputs:
        """Token features (1, 77, d)."""
        return (self.texts(text),)

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        self.texts.release()
        return super().predict(x, t, cond, guidance)
