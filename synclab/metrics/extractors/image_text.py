"""The embedded image-text model, in place of CLIP."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from synclab.core.hashing import sha256
from synclab.metrics.extractors import Cut, Outputs

if TYPE_CHECKING:
    from synclab.judges.image_text import ImageText


@dataclass(frozen=True)
class ImageTextEmbeddings:
    """`image` (n, 128) of the views and `text` (1, 128) of the prompt, all of length 1."""

    device: str = "cpu"
    name = "image_text"

    @cached_property
    def identity(self) -> str:
        from synclab.judges.image_text import FOLDER

        return f"image_text {sha256((FOLDER / 'model.safetensors').read_bytes())[:12]}"

    def check(self) -> None:
        """Its weights lie in the repository."""

    @cached_property
    def network(self) -> "ImageText":
        from synclab.judges.image_text import ImageText

        return ImageText.load().to(self.device)

    def __call__(self, cut: Cut) -> Outputs:
        image = self.network.image(cut.views.to(self.device).float() / 255)
        return {
            "image": image.cpu().numpy(),
            "text": self.network.text([cut.prompt]).cpu().numpy(),
        }
