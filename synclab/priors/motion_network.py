"""MDM's denoiser of motions: a transformer that predicts clean features (Tevet et al. 2023).

Tevet et al., "Human Motion Diffusion Model", 2023 (arXiv 2209.14916), fig. 2, its encoder variant.
The names of the weights are those of the published checkpoints.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LONGEST = 5000
"""Positions of the table of sines, as in the published checkpoints."""


class MotionTransformer(nn.Module):
    """Clean features (n, c, 1, F) of noisy ones, with time and text as the first token.

    Args:
        channels: numbers of a frame.
        width, layers, heads, inner: sizes of the transformer.
        text_width: numbers of a text's embedding.
        patch: frames that share a token; 1 in the published checkpoints.
        everywhere: whether time and text are added to every token too, which a small model needs
            less training to follow; not so in the published checkpoints.
        smooth: how often the answer is averaged over neighbouring frames, 1/4, 1/2, 1/4: a little
            trained model trembles; 0 in the published checkpoints.
    """

    def __init__(
        self,
        channels: int,
        width: int,
        layers: int,
        heads: int,
        inner: int,
        text_width: int,
        patch: int = 1,
        everywhere: bool = False,
        smooth: int = 0,
    ) -> None:
        super().__init__()
        self.patch, self.everywhere, self.smooth = patch, everywhere, smooth
        self.input_process = nn.ModuleDict({"poseEmbedding": nn.Linear(channels * patch, width)})
        self.sequence_pos_encoder = Positions(width)
        layer = nn.TransformerEncoderLayer(width, heads, inner, 0.0, "gelu", batch_first=True)
        self.seqTransEncoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        embedding = [nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)]
        self.embed_timestep = nn.ModuleDict({"time_embed": nn.Sequential(*embedding)})
        self.embed_text = nn.Linear(text_width, width)
        self.output_process = nn.ModuleDict({"poseFinal": nn.Linear(width, channels * patch)})

    def forward(self, x: Tensor, times: Tensor, text: Tensor) -> Tensor:
        """Clean features (n, c, 1, F).

        Args:
            x: noisy features (n, c, 1, F), F a multiple of `patch`.
            times: (n,) diffusion times.
            text: embeddings (n, text_width); zeros for no text.
        """
        frames = x[:, :, 0].mT.unflatten(1, (-1, self.patch)).flatten(2)
        position = self.sequence_pos_encoder.pe[:, 0]
        first = self.embed_timestep["time_embed"](position[times]) + self.embed_text(text)
        tokens = self.input_process["poseEmbedding"](frames)
        tokens = tokens + first[:, None] if self.everywhere else tokens
        tokens = torch.cat([first[:, None], tokens], 1)
        tokens = self.seqTransEncoder(tokens + position[: tokens.shape[1]])[:, 1:]
        frames = self.output_process["poseFinal"](tokens)
        frames = frames.unflatten(2, (self.patch, -1)).flatten(1, 2).mT
        for _ in range(self.smooth):
            frames = averaged(frames)
        return frames[:, :, None]


def averaged(x: Tensor) -> Tensor:
    """x (..., F) with 1/4, 1/2 and 1/4 of each frame and its neighbours; the ends are repeated."""
    around = F.pad(x, (1, 1), mode="replicate")
    return around[..., :-2] / 4 + x / 2 + around[..., 2:] / 4


class Positions(nn.Module):
    """The table `pe` (5000, 1, width) of sines and cosines (Vaswani et al. 2017)."""

    pe: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        place = torch.arange(LONGEST).float()[:, None]
        rates = torch.exp(torch.arange(0, width, 2).float() * (-math.log(10000.0) / width))
        table = torch.zeros(LONGEST, 1, width)
        table[:, 0, 0::2], table[:, 0, 1::2] = (place * rates).sin(), (place * rates).cos()
        self.register_buffer("pe", table, persistent=False)
