"""OpenAI's CLIP through open_clip."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from synclab.errors import UserError
from synclab.judges.requirements import HubWeights, check_package, clip_weights
from synclab.metrics.extractors import Cut, Outputs
from synclab.metrics.extractors.weights import identify


@contextmanager
def quiet() -> Iterator[None]:
    """Hides open_clip's progress messages, which it logs to the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)


@dataclass(frozen=True)
class Clip:
    """`image` (n, d) of the views and `text` (1, d) of the prompt, cut to 77 tokens.

    `model` is open_clip's name. OpenAI trained with QuickGELU, and open_clip only warns where a
    model without it is given those weights, so the name must end in -quickgelu.
    """

    model: str
    repository: str
    device: str = "cpu"

    @property
    def name(self) -> str:
        return f"clip_{self.model}"

    @cached_property
    def identity(self) -> str:
        return f"open_clip {self.model} {self.repository} {identify(self.weights)}"

    @property
    def weights(self) -> HubWeights:
        return clip_weights(self.repository)

    def check(self) -> None:
        if self.repository.endswith(".openai") and not self.model.endswith("-quickgelu"):
            raise UserError(f"model={self.model}: OpenAI's weights need {self.model}-quickgelu")
        check_package("open_clip")
        self.weights.check()

    @cached_property
    def network(self) -> tuple[Any, Any, Any]:
        """The model, its preprocessing of PIL images and its tokenizer."""
        import open_clip  # pyright: ignore[reportMissingImports]

        path = str(self.weights.path)
        with quiet():
            model, _, prepare = open_clip.create_model_and_transforms(self.model, pretrained=path)
            tokenize = open_clip.get_tokenizer(self.model)
        return model.eval().to(self.device), prepare, tokenize

    def __call__(self, cut: Cut) -> Outputs:
        import torch
        from PIL import Image

        model, prepare, tokenize = self.network
        pictures = [Image.fromarray(view.permute(1, 2, 0).numpy()) for view in cut.views]
        batch = torch.stack([prepare(picture) for picture in pictures]).to(self.device)
        with torch.no_grad():
            image, text = (
                model.encode_image(batch),
                model.encode_text(tokenize([cut.prompt]).to(self.device)),
            )
        return {"image": image.float().cpu().numpy(), "text": text.float().cpu().numpy()}
