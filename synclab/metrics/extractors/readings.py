"""Scores of the readings of an ambiguous image (Geng et al. 2024, section 4.4)."""

from dataclasses import dataclass
from functools import cached_property

from synclab.core.text import texts_of
from synclab.metrics.extractors import Cut, Outputs
from synclab.metrics.extractors.image_text import ViewTextEmbeddings
from synclab.metrics.extractors.judge import JudgeFeatures
from synclab.metrics.extractors.pixels import row
from synclab.metrics.world_reference import asked


@dataclass(frozen=True)
class ReadingScores:
    """Values (1, 1) of a picture whose prompt has a text for each of its views.

    `alignment`: the lowest similarity of a view to its text, times 100; `concealment`: the
    confidence of matching views to texts, 1 / n by chance; `recognised`: 1 if the judge sees in
    every view the kind of scene that its text names, else 0.
    """

    device: str = "cpu"
    name = "readings"

    @cached_property
    def identity(self) -> str:
        return f"{JudgeFeatures().identity} {ViewTextEmbeddings().identity}"

    def check(self) -> None:
        """Needs nothing: its weights are part of synclab."""

    @cached_property
    def judge(self) -> JudgeFeatures:
        return JudgeFeatures(self.device)

    @cached_property
    def embeddings(self) -> ViewTextEmbeddings:
        return ViewTextEmbeddings(self.device)

    def __call__(self, cut: Cut) -> Outputs:
        from synclab.metrics.formulas.clip_score import alignment, concealment

        found = self.embeddings(cut)
        cosines = found["image"] @ found["text"].T
        return {
            "alignment": row(100 * alignment(cosines)),
            "concealment": row(concealment(cosines)),
            "recognised": row(float(self.recognised(cut))),
        }

    def recognised(self, cut: Cut) -> bool:
        """Whether the most probable kind of every view is the one that its text names."""
        from synclab.world import KINDS

        wanted = [KINDS.index(asked(text)[0]) for text in texts_of(cut.prompt)]
        return bool((self.judge(cut)["logits"].argmax(1) == wanted).all())
