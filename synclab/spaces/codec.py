"""Encoding and decoding of views by a VAE."""

from torch import Tensor

from synclab.core.protocols import Prior, Rng


class ReleasedCodec:
    """Follows StochSync's released code: samples the posterior and clips decoded pixels."""

    def __init__(self, prior: Prior, rng: Rng) -> None:
        self.prior, self.rng = prior, rng

    def encode(self, y: Tensor) -> Tensor:
        n, _, height, width = y.shape
        factor, channels = self.prior.factor, self.prior.shape[0]
        shape = (n, channels, height // factor, width // factor)
        return self.prior.encode(y, self.rng.normal("vae", shape))

    def decode(self, x: Tensor) -> Tensor:
        return self.prior.decode(x).clamp(0.01, 0.99)
