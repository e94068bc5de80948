"""Stable Diffusion's format: VAE, UNet, CLIP text encoder, scheduler, from a folder or the Hub.

`tiny` and the papers' checkpoints go through this one loader; only the folder differs.
"""

import logging
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from annotated_types import Ge
from torch import Tensor

from synclab.errors import UserError
from synclab.meter import Meter
from synclab.priors.checkpoint import EXPECTED, locate
from synclab.schedule import Schedule
from synclab.types import Views, frozen

log = logging.getLogger(__name__)

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Text:
    """Prompt embeddings (1 or n, tokens, d) for the guided and the negative branch."""

    positive: Tensor
    negative: Tensor

    def at(self, views: Views) -> "Text":
        n = len(views)
        return Text(self.positive.expand(n, -1, -1), self.negative.expand(n, -1, -1))


@dataclass
class LatentPrior:
    """A latent diffusion model as a `Prior`: guidance, chunking, precision and counting inside.

    Args:
        path: a diffusers folder, or a name on the Hub (`revision` pins it).
        mirrors: names that are tried in order where the path is gone from the Hub.
        negative_prompt: what guidance leads away from; the empty prompt is the plain choice.
        precision: fp32, bf16 or fp16 for all networks; results of VAE and UNet come back in fp32.
        batch: network inputs evaluated together at most; the two branches of guidance count.
        perceptual: whose features say how alike two images look, for SyncDiffusion.
    """

    path: str
    mirrors: list[str] = field(default_factory=list)
    revision: str | None = None
    negative_prompt: str = ""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    batch: Annotated[int, Ge(1)] = 32
    perceptual: Literal["judge"] | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        from diffusers import AutoencoderKL, UNet2DConditionModel
        from transformers import CLIPTextModel, CLIPTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # reading takes a second; stderr is for what matters
        self.path = locate(self.path, self.mirrors, self.revision)
        self.meter = Meter()
        self.dtype = DTYPES[self.precision]
        self.schedule = self._load_schedule()
        self.tokenizer = self._load_tokenizer(CLIPTokenizer)
        plainly = {"low_cpu_mem_usage": False}  # or diffusers asks for another package
        self.unet = self._load_network(UNet2DConditionModel, "unet", **plainly)
        self.vae = self._load_network(AutoencoderKL, "vae", **plainly)
        self.text_encoder = self._load_network(CLIPTextModel, "text_encoder")
        size = self.unet.config.sample_size
        self.shape = (self.unet.config.in_channels, size, size)
        self.factor = 2 ** (len(self.vae.config.block_out_channels) - 1)
        self._embed = lru_cache(maxsize=64)(self._encode_text)

    def _load_network(self, kind: Any, part: str, **options: Any) -> Any:
        module = self._load(kind, part, dtype=self.dtype, use_safetensors=True, **options)
        return frozen(module).to(self.device)

    def _load(self, kind: Any, part: str, **options: Any) -> Any:
        """A part of the checkpoint; the libraries raise errors of any kind over foreign files."""
        options |= {"subfolder": part, "revision": self.revision}
        try:
            return kind.from_pretrained(self.path, **options)
        except Exception as error:
            reason = str(error).split("\n")[0]
            raise UserError(
                f"prior.path={self.path}: no usable {part} there ({reason}); {EXPECTED}"
            ) from error

    def _load_tokenizer(self, kind: Any) -> Any:
        """Without its files transformers makes one that knows no words, and says nothing."""
        tokenizer = self._load(kind, "tokenizer")
        if len(tokenizer) <= len(tokenizer.all_special_tokens):
            raise UserError(f"prior.path={self.path}: its tokenizer knows no words; {EXPECTED}")
        return tokenizer

    def _load_schedule(self) -> Schedule:
        """Betas are all that the checkpoint's scheduler gives; its time grids are never used."""
        from diffusers import DDIMScheduler

        scheduler = self._load(DDIMScheduler, "scheduler")
        if scheduler.config.prediction_type != "epsilon":
            raise UserError(
                f"prior.path={self.path}: it predicts {scheduler.config.prediction_type!r};"
                " expected an epsilon-prediction checkpoint"
            )
        return Schedule(scheduler.alphas_cumprod.double())

    @property
    def image_size(self) -> int:
        """Pixels along a side of the prior's native image."""
        return self.shape[1] * self.factor

    @property
    def image_channels(self) -> int:
        return 3

    def embed(self, prompt: str) -> Text:
        """Encodes the prompt and the negative prompt; equal texts are encoded once."""
        return Text(self._embed(prompt), self._embed(self.negative_prompt))

    def _encode_text(self, text: str) -> Tensor:
        length = self.tokenizer.model_max_length
        self._warn_of_cut(text, length)
        tokens = self.tokenizer(
            text, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
        )
        return self.text_encoder(tokens.input_ids.to(self.device)).last_hidden_state

    def _warn_of_cut(self, text: str, length: int) -> None:
        """Says which words the text encoder never sees; the end token takes the last place."""
        tokens = self.tokenizer(text, verbose=False).input_ids
        if len(tokens) > length:
            lost = self.tokenizer.decode(tokens[length - 1 : -1])
            log.warning("prompt of %d tokens cut to %d; lost: %r", len(tokens), length, lost)

    def predict(self, x: Tensor, t: int, cond: Text, guidance: float) -> Tensor:
        """eps_u + guidance (eps_c - eps_u), (n c h w); one branch alone at guidance 0 or 1."""
        with self.meter("denoiser", x.device):
            if guidance in (0, 1):
                return self._unet(x, t, cond.positive if guidance else cond.negative)
            both = self._unet(torch.cat([x, x]), t, torch.cat([cond.negative, cond.positive]))
            eps_u, eps_c = both.chunk(2)
            return eps_u + guidance * (eps_c - eps_u)

    def _unet(self, x: Tensor, t: int, context: Tensor) -> Tensor:
        self.meter.nfe += len(x)
        time = torch.tensor(t, device=x.device)
        chunks = zip(x.to(self.dtype).split(self.batch), context.split(self.batch), strict=True)
        return torch.cat([self.unet(xs, time, cs).sample for xs, cs in chunks]).to(x.dtype)

    def distance(self, x0: Tensor, other: Tensor) -> Tensor:
        """Squared distance (n,) of the decoded images' features, each of length 1: 0 to 4."""
        first, second = (
            F.normalize(self._judge.features(self.decode(x)), dim=1) for x in (x0, other)
        )
        return (first - second).square().sum(1)

    @cached_property
    def _judge(self) -> Any:
        from synclab.metrics.judge import Judge

        if self.perceptual != "judge":
            raise UserError(
                "prior.perceptual=null: this method compares how views look; say"
                " prior.perceptual=judge"
            )
        return frozen(Judge.load()).to(self.device)

    def encode(self, image: Tensor, eps: Tensor | None = None) -> Tensor:
        """Images (n 3 h w) in [0, 1] to scaled latents: the posterior's mean, or mean + std eps."""
        with self.meter("vae", image.device):
            chunks = (2 * image - 1).to(self.dtype).split(self.batch)
            posteriors = [self.vae.encode(chunk).latent_dist for chunk in chunks]
            latent = torch.cat([posterior.mean for posterior in posteriors]).float()
            if eps is not None:
                latent = latent + torch.cat([p.std for p in posteriors]).float() * eps
            return latent * self.vae.config.scaling_factor

    def decode(self, latent: Tensor) -> Tensor:
        """Latents to images (n 3 h w), clamped to [0, 1]."""
        with self.meter("vae", latent.device):
            chunks = (latent / self.vae.config.scaling_factor).to(self.dtype).split(self.batch)
            images = torch.cat([self.vae.decode(chunk).sample for chunk in chunks]).float()
            return (images / 2 + 0.5).clamp(0, 1)
