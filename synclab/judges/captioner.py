"""Captions of photos by BLIP: Li et al. 2022, arXiv 2201.12086."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from synclab.errors import UserError

MEAN = (0.48145466, 0.4578275, 0.40821073)
"""Of the colours that BLIP was trained on, which are CLIP's."""

STD = (0.26862954, 0.26130258, 0.27577711)

WORDS = 50
"""Tokens of a caption at most."""


class Captioner:
    """A BLIP model that describes pictures.

    Args:
        model: a folder in transformers format, or a name on the Hub such as
            Salesforce/blip-image-captioning-base; with HF_HUB_OFFLINE=1 its cache only.

    Raises: UserError if there is no such model.
    """

    def __init__(self, model: str, device: str = "cpu") -> None:
        from transformers import BertTokenizer, BlipForConditionalGeneration
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # loading takes a second and needs no bar
        try:
            self.tokenizer: Any = BertTokenizer.from_pretrained(model)
            network: Any = BlipForConditionalGeneration.from_pretrained(model)
        except Exception as error:  # the libraries raise errors of any type for foreign files
            reason = str(error).split("\n")[0]
            raise UserError(
                f"--model {model}: no usable BLIP there ({reason}); expected a folder or a name on"
                " the Hub such as Salesforce/blip-image-captioning-base"
            ) from error
        self.network, self.device = network.eval().to(device), device

    @torch.inference_mode()
    def __call__(self, picture: Tensor) -> str:
        """The caption of a picture (3, h, w) in [0, 1], which BLIP sees as a square."""
        side = self.network.config.vision_config.image_size
        square = interpolate(picture[None], (side, side), mode="bicubic", antialias=True)
        mean, std = (torch.tensor(own).view(1, 3, 1, 1) for own in (MEAN, STD))
        pixels = ((square.clamp(0, 1) - mean) / std).to(self.device)
        (tokens,) = self.network.generate(pixel_values=pixels, max_new_tokens=WORDS)
        return self.tokenizer.decode(tokens, skip_special_tokens=True)
