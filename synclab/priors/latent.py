"""Latent diffusion in diffusers format: VAE, denoiser, text encoder, scheduler; folder or Hub.

`tiny` and the papers' checkpoints share this loader and differ only in the folder. Subclasses add
another denoiser or further conditions (depth.py, controlnet.py, flow.py).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Any, ClassVar, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from synclab.core.meter import Meter
from synclab.core.protocols import Cond, Condition, Views
from synclab.core.torchvision_build import check_torchvision
from synclab.errors import UserError
from synclab.priors.attention import recorded
from synclab.priors.branches import Branches, Inputs, as_branches, stack
from synclab.priors.checkpoint import Names, locate, weights_hash
from synclab.priors.lora import merge
from synclab.priors.parts import Parts
from synclab.priors.perceptual import PERCEPTUAL, Distance
from synclab.priors.prediction import NOISE
from synclab.priors.text import token_ids, word_tokens

DTYPES = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp8": torch.bfloat16,  # 8-bit weights are converted to this, one layer at a time
}


@dataclass
class LatentPrior:
    """A latent diffusion model as a `Prior`: guidance, chunking, precision and counting inside.

    Args:
        path: a diffusers folder, or names on the Hub, `owner/name@revision`, in the order in
            which they are tried; after loading, the one that was found.
        negative_prompt: the prompt of guidance's second branch; empty for plain guidance.
        precision: of all networks; VAE and denoiser return fp32. fp8 stores the denoiser's weights
            in 8 bits and computes in bf16.
        compile: whether to torch.compile the denoiser, which takes minutes at the first call.
        batch: largest number of network inputs per call, counting both branches of guidance.
        lora: a LoRA to merge into the denoiser, such as LCM's or TCD's: a .safetensors file, or
            `owner/name@revision` on the Hub.
        perceptual: the perceptual distance between images, for SyncDiffusion.
    """

    path: Names
    negative_prompt: str = ""
    precision: Literal["fp32", "bf16", "fp16", "fp8"] = "fp32"
    compile: bool = False
    batch: Annotated[int, Ge(1)] = 32
    lora: str | None = None
    perceptual: Literal["judge", "lpips"] | None = None
    device: str = "cpu"

    needs: ClassVar[tuple[str, ...]] = ()
    """Inputs that a task must provide for every view besides the prompt."""

    extra_channels: ClassVar[int] = 0
    """Input channels of the UNet besides the latent's."""

    def __post_init__(self) -> None:
        check_torchvision()
        from diffusers import AutoencoderKL
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # loading takes a second and needs no bar
        place = locate(self.path)
        self.meter = Meter()
        self.dtype = DTYPES[self.precision]
        self.path, self.parts = place, Parts(place, self.dtype, self.device)
        self.schedule, self.prediction = self.parts.scheduler()
        self.vae = self.parts.network(AutoencoderKL, "vae")
        self.factor = 2 ** (len(self.vae.config.block_out_channels) - 1)
        side = self.load_denoiser()
        self.load_text_encoder()
        self.shape = (self.vae.config.latent_channels, side, side)
        self._embed = lru_cache(maxsize=64)(self.encode_text)

    def load_text_encoder(self) -> None:
        from transformers import CLIPTextModel, CLIPTokenizer

        self.tokenizer = self.parts.tokenizer(CLIPTokenizer, "tokenizer")
        self.text_encoder = self.parts.text_encoder(CLIPTextModel, "text_encoder")
        self.tokenizer.model_max_length = min(  # some files omit it, which means 1e30
            self.tokenizer.model_max_length, self.text_encoder.config.max_position_embeddings
        )

    def load_denoiser(self) -> int:
        """Loads the denoiser and returns the side of the latents that it was trained on."""
        from diffusers import UNet2DConditionModel

        self.unet = self.prepare(self.parts.network(UNet2DConditionModel, "unet"))
        expected = self.vae.config.latent_channels + self.extra_channels
        if self.unet.config.in_channels != expected:
            raise UserError(
                f"prior.path={self.path}: its unet takes {self.unet.config.in_channels} channels;"
                f" expected {expected}; use prior=sd2_depth for a depth model, prior=sd21_base for"
                " a plain one"
            )
        if self.unet.config.addition_embed_type is not None:
            raise UserError(
                f"prior.path={self.path}: its unet needs added conditions, like SD XL's;"
                " expected a model of Stable Diffusion 1 or 2, such as prior=sd21_base"
            )
        return self.side_of(self.unet.config.sample_size)

    def side_of(self, size: int | list[int] | None) -> int:
        """The side of a square latent, from a network's configuration.

        Raises: UserError if the size is missing or not square.
        """
        sides = set(size) if isinstance(size, list | tuple) else {size}
        if len(sides) != 1 or None in sides:
            raise UserError(
                f"prior.path={self.path}: its unet has sample_size={size}; expected one number,"
                " the side of its latents; set it in unet/config.json"
            )
        return int(sides.pop() or 0)

    def prepare(self, network: Any) -> Any:
        """Applies `lora`, `precision` and `compile` to a denoiser."""
        if self.lora is not None:
            merge(network, self.lora)
        if self.precision == "fp8":
            network.enable_layerwise_casting(torch.float8_e4m3fn, self.dtype)
        return torch.compile(network) if self.compile else network

    @property
    def image_size(self) -> int:
        """Pixels along a side of the prior's native image."""
        return self.shape[1] * self.factor

    @property
    def image_channels(self) -> int:
        return 3

    @property
    def checkpoint(self) -> str | None:
        return self.parts.path

    @property
    def weights_hash(self) -> str | None:
        """SHA-256 of the denoiser's weights in the folder or in the Hub's cache."""
        return weights_hash(self.parts.path)

    def embed(self, prompt: str) -> Branches:
        """Encodes the prompt and the negative prompt; equal texts are encoded once."""
        return Branches(self._embed(prompt), self._embed(self.negative_prompt))

    def with_depth(self, text: Condition, disparity: Callable[[Views], Tensor]) -> Condition:
        """Returns the text unchanged: this prior uses no depth."""
        return text

    def encode_text(self, text: str) -> Inputs:
        """Token features (1, n, d)."""
        ids = token_ids(self.tokenizer, text).to(self.device)
        return (self.text_encoder(ids).last_hidden_state,)

    def attention(self, x: Tensor, t: int, cond: Cond) -> tuple[Tensor, Tensor]:
        """Mean maps of the UNet under the positive prompt; see `synclab.priors.attention`."""
        with self.meter("denoiser", x.device), recorded(self.unet) as maps:
            self._evaluate(x, t, as_branches(cond).positive)
        return maps.cross(x.shape[-2:]), maps.own()

    def token_places(self, prompt: str, words: Collection[str]) -> list[int]:
        return word_tokens(self.tokenizer, prompt, words)

    def predict(self, x: Tensor, t: int, cond: Cond, guidance: float) -> Tensor:
        """eps_u + guidance (eps_c - eps_u), (n c h w); one branch only at guidance 0 or 1."""
        branches = as_branches(cond)
        with self.meter("denoiser", x.device):
            if guidance in (0, 1):
                answer = self._evaluate(x, t, branches.positive if guidance else branches.negative)
            else:
                both = stack([branches.negative, branches.positive])
                low, high = self._evaluate(torch.cat([x, x]), t, both).chunk(2)
                answer = low + guidance * (high - low)
            return NOISE[self.prediction](answer, x, t, self.schedule)

    def _evaluate(self, x: Tensor, t: int, condition: Inputs) -> Tensor:
        """The network's output, computed in chunks of at most `batch` inputs."""
        self.meter.nfe += len(x)
        inputs = (each.to(self.dtype).split(self.batch) for each in (x, *condition))
        chunks = zip(*inputs, strict=True)
        return torch.cat([self.answer(t, *chunk) for chunk in chunks]).to(x.dtype)

    def answer(self, t: int, x: Tensor, *condition: Tensor) -> Tensor:
        """One call of the network."""
        return self.unet(x, self.time(t), *condition).sample

    def time(self, t: int) -> Tensor:
        """The network's time input at t, a 0-d tensor."""
        return self.schedule.times[t].to(self.device)

    def distance(self, x0: Tensor, other: Tensor) -> Tensor:
        """Perceptual distance of the decoded images (n,); see `perceptual`."""
        return self._perceptual(self.decode(x0), self.decode(other))

    @cached_property
    def _perceptual(self) -> Distance:
        if self.perceptual is None:
            raise UserError(
                "prior.perceptual=null: this method needs a perceptual distance; use"
                f" prior.perceptual={' or '.join(PERCEPTUAL)}"
            )
        return PERCEPTUAL[self.perceptual](self.device)

    def encode(self, image: Tensor, eps: Tensor | None = None) -> Tensor:
        """Images (n 3 h w) in [0, 1] to scaled latents: the posterior's mean, or mean + std eps."""
        with self.meter("vae", image.device):
            chunks = (2 * image - 1).to(self.dtype).split(self.batch)
            posteriors = [self.vae.encode(chunk).latent_dist for chunk in chunks]
            latent = torch.cat([posterior.mean for posterior in posteriors]).float()
            if eps is not None:
                latent = latent + torch.cat([p.std for p in posteriors]).float() * eps
            return (latent - self._shift) * self.vae.config.scaling_factor

    def decode(self, latent: Tensor) -> Tensor:
        """Latents to images (n 3 h w), clamped to [0, 1]."""
        with self.meter("vae", latent.device):
            latent = latent / self.vae.config.scaling_factor + self._shift
            chunks = latent.to(self.dtype).split(self.batch)
            images = torch.cat([self.vae.decode(chunk).sample for chunk in chunks]).float()
            return (images / 2 + 0.5).clamp(0, 1)

    @property
    def _shift(self) -> float:
        """The mean of the VAE's latents if the checkpoint defines one (SD3), else 0."""
        return self.vae.config.shift_factor or 0.0
