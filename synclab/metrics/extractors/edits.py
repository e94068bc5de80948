"""Scores of an edit of the embedded world, beside its source and the true edit."""

from dataclasses import dataclass
from functools import cached_property

from synclab.core.text import texts_of
from synclab.metrics.extractors import Cut, Outputs
from synclab.metrics.extractors.image_text import ImageTextEmbeddings
from synclab.metrics.extractors.judge import JudgeFeatures
from synclab.metrics.extractors.pixels import row

SAME = 2 / 255
"""Largest difference of a pixel of the background between source and true edit."""


@dataclass(frozen=True)
class EditScores:
    """Values (1, 1) of the views (edit, source, true edit) that `EditViews` cuts.

    `source`, `truth`: perceptual distance of the edit from either; `background`: that from the
    source where the true edit changes nothing, 0 if it changes everything (BG-LPIPS); `clip`:
    similarity to the target's text.
    """

    device: str = "cpu"
    name = "edit"

    @cached_property
    def identity(self) -> str:
        return f"{JudgeFeatures().identity} {ImageTextEmbeddings().identity}"

    def check(self) -> None:
        """Needs nothing: its weights are part of synclab."""

    @cached_property
    def judge(self) -> JudgeFeatures:
        return JudgeFeatures(self.device)

    @cached_property
    def texts(self) -> ImageTextEmbeddings:
        return ImageTextEmbeddings(self.device)

    def __call__(self, cut: Cut) -> Outputs:
        from synclab.metrics.formulas.lpips import background_distance, distance

        edit, source, truth = (cut.views.to(self.device).float() / 255).split(1)
        changed = ((source - truth).abs().amax(1, keepdim=True) > SAME).float()
        layers = self.judge.network.layers
        target = texts_of(cut.prompt)[-1]
        similar = self.texts.network.image(edit) @ self.texts.network.text([target]).T
        return {
            "source": row(float(distance(layers(source), layers(edit)))),
            "truth": row(float(distance(layers(truth), layers(edit)))),
            "background": row(float(background_distance(layers, source, edit, changed))),
            "clip": row(float(similar)),
        }
