"""The embedded image-text model, the counterpart of CLIP."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from synclab.core.file_hash import file_hash
from synclab.core.text import texts_of
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

        return f"image_text {file_hash(FOLDER / 'model.safetensors')[:12]}"

    def check(self) -> None:
        """Needs nothing: its weights are part of synclab."""

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


@dataclass(frozen=True)
class ViewTextEmbeddings(ImageTextEmbeddings):
    """`text` (n, 128) holds a text for each view: the prompt's parts, separated by "|", in order;
    a prompt of one text belongs to all views.
    """

    name = "view_text"

    def __call__(self, cut: Cut) -> Outputs:
        texts = texts_of(cut.prompt)
        texts = texts * len(cut.views) if len(texts) == 1 else texts
        return {**super().__call__(cut), "text": self.network.text(texts).cpu().numpy()}


@dataclass(frozen=True)
class WholeTextEmbeddings(ImageTextEmbeddings):
    """`text` (1, 128) is the prompt's last text, of the picture as a whole: task=masked."""

    name = "whole_text"

    def __call__(self, cut: Cut) -> Outputs:
        return super().__call__(replace(cut, prompt=texts_of(cut.prompt)[-1]))
