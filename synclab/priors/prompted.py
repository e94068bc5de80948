"""Networks in diffusers format that denoise under a prompt: what latent and pixel priors share."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
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
from synclab.priors.checkpoint import PARTS, Names, expected, locate, weights_hash
from synclab.priors.lora import merge
from synclab.priors.parts import Parts
from synclab.priors.perceptual import PERCEPTUAL, Distance
from synclab.priors.prediction import NOISE
from synclab.priors.text import token_ids, word_tokens

log = logging.getLogger(__name__)

DTYPES = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp8": torch.bfloat16,  # 8-bit weights are converted to this, one layer at a time
}


@dataclass
class PromptedPrior:
    """A UNet with a text encoder: guidance, chunking, precision and counting.

    A subclass loads its networks in `load`, and says how images become what the UNet denoises.

    Args:
        path: a diffusers folder, or names on the Hub, `owner/name@revision`, in the order in
            which they are tried; after loading, the one that was found.
        negative_prompt: the prompt of guidance's second branch; empty for plain guidance.
        precision: of all networks; predictions and images are fp32. fp8 stores the denoiser's
            weights in 8 bits and computes in bf16.
        compile: whether to torch.compile the denoiser, which takes minutes at the first call.
        batch: largest number of network inputs per call, counting both branches of guidance.
        lora: a LoRA to merge into the denoiser, such as LCM's or TCD's: a .safetensors file, or
            `owner/name@revision` on the Hub.
        distilled: whether guidance is in the weights, as in SD-Turbo's and LCM's; a guidance scale
            above 1 saturates colours and gives a warning.
        perceptual: the perceptual distance between images, for SyncDiffusion.
    """

    path: Names
    negative_prompt: str = ""
    precision: Literal["fp32", "bf16", "fp16", "fp8"] = "fp32"
    compile: bool = False
    batch: Annotated[int, Ge(1)] = 32
    lora: str | None = None
    distilled: bool = False
    perceptual: Literal["judge", "lpips"] | None = None
    device: str = "cpu"

    needs: ClassVar[tuple[str, ...]] = ()
    """Inputs that a task must provide for every view besides the prompt."""

    folders: ClassVar[tuple[str, ...]] = PARTS
    """Parts of the checkpoint besides the denoiser."""

    def __post_init__(self) -> None:
        place = locate(self.path, self.folders)  # before imports that take seconds
        check_torchvision()
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # loading takes a second and needs no bar
        self.meter = Meter()
        self.dtype = DTYPES[self.precision]
        self.path = place
        self.parts = Parts(place, self.dtype, self.device, expected=expected(self.folders))
        self.schedule, self.prediction = self.parts.scheduler()
        self.unet: Any = None  # set by `load`
        self.shape = self.load()
        self.load_text_encoder()
        self._embed = lru_cache(maxsize=64)(self.encode_text)

    def load(self) -> tuple[int, int, int]:
        """Loads all networks but the text encoder; returns the shape that the UNet denoises."""
        raise NotImplementedError

    def decode(self, latent: Tensor, /) -> Tensor:
        """Clean states (n c h w) as images (n 3 H W) in [0, 1]."""
        raise NotImplementedError

    def load_text_encoder(self) -> None:
        from transformers import CLIPTextModel, CLIPTokenizer

        self.tokenizer = self.parts.tokenizer(CLIPTokenizer, "tokenizer")
        self.text_encoder = self.parts.text_encoder(CLIPTextModel, "text_encoder")
        self.tokenizer.model_max_length = min(  # some files omit it, which means 1e30
            self.tokenizer.model_max_length, self.text_encoder.config.max_position_embeddings
        )

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
            merge(network, self.lora, self.weights_hash)
        if self.precision == "fp8":
            network.enable_layerwise_casting(torch.float8_e4m3fn, self.dtype)
        return torch.compile(network) if self.compile else network

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

    def with_coarse(
        self, text: Condition, coarse: Callable[[Views], Tensor], noise: Callable[[Views], Tensor]
    ) -> Condition:
        """Returns the text unchanged: this prior enlarges no picture."""
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
        if self.distilled and guidance > 1:
            warn_of_guidance(guidance)
        if x.requires_grad and self.dtype == torch.bfloat16:
            warn_of_gradient(self.precision)
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


@cache
def warn_of_guidance(guidance: float) -> None:
    """Warns once in a process that a distilled network is guided again."""
    log.warning(
        "method.guidance=%g: the prior is distilled, with guidance in its weights; a scale above 1"
        " saturates colours; use method.guidance=1",
        guidance,
    )


@cache
def warn_of_gradient(precision: str) -> None:
    """Warns once in a process of a gradient through a network in bfloat16.

    With `tiny` its cosine to the gradient in single precision was 0.5 to 1, its norm up to four
    times as large.
    """
    log.warning(
        "prior.precision=%s: the method takes a gradient through the network, which bfloat16 rounds"
        " so coarsely that parts of the picture may burn out; use prior.precision=fp32",
        precision,
    )
