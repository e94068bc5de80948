"""Stable Diffusion 3's format: a transformer that predicts a flow, and two CLIP text encoders.

Esser et al., "Scaling Rectified Flow Transformers for High-Resolution Image Synthesis", 2024 (arXiv
2403.03206). The third text encoder, T5, is not used, which the paper allows at inference: its
tokens are replaced by zeros.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from synclab.core.protocols import Cond
from synclab.errors import UserError
from synclab.priors.branches import Inputs
from synclab.priors.latent import LatentPrior
from synclab.priors.text import token_ids

T5_TOKENS = 256


@dataclass
class FlowPrior(LatentPrior):
    """A multimodal diffusion transformer on a VAE's latents; otherwise as `LatentPrior`."""

    def load_text_encoder(self) -> None:
        from transformers import CLIPTextModelWithProjection, CLIPTokenizer

        self.readers = [
            (
                self.parts.tokenizer(CLIPTokenizer, f"tokenizer{which}"),
                self.parts.text_encoder(CLIPTextModelWithProjection, f"text_encoder{which}"),
            )
            for which in ("", "_2")
        ]

    def load_denoiser(self) -> int:
        from diffusers import SD3Transformer2DModel

        network = self.parts.network(SD3Transformer2DModel, "transformer")
        self.transformer = self.prepare(network)
        return network.config.sample_size

    def encode_text(self, text: str) -> Inputs:
        """Token features (1, n + T5_TOKENS, d) and pooled features (1, d) of both encoders."""
        read = [
            network(token_ids(tokenizer, text).to(self.device), output_hidden_states=True)
            for tokenizer, network in self.readers
        ]
        tokens = torch.cat([output.hidden_states[-2] for output in read], -1)
        missing = self.transformer.config.joint_attention_dim - tokens.shape[-1]
        pooled = torch.cat([output.text_embeds for output in read], -1)
        return F.pad(tokens, (0, missing, 0, T5_TOKENS)), pooled

    def attention(self, x: Tensor, t: int, cond: Cond) -> tuple[Tensor, Tensor]:
        """Refused: a transformer has no cross-attention, only one of text and image together."""
        raise UserError(
            f"prior.path={self.path}: a transformer has no cross-attention to take a mask from;"
            " expected a UNet, such as prior=sd21_base; or use task.mask=FILE"
        )

    def answer(self, t: int, x: Tensor, *condition: Tensor) -> Tensor:
        tokens, pooled = condition
        return self.transformer(x, tokens, pooled, self.time(t).expand(len(x))).sample
