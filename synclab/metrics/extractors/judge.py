"""The embedded judge: features and logits of views, and the coherence of a picture's tiles."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from synclab.core.file_hash import file_hash
from synclab.metrics.extractors import Cut, Outputs
from synclab.metrics.extractors.pixels import row, tiles

if TYPE_CHECKING:
    from synclab.judges.quality import QualityJudge


@dataclass(frozen=True)
class OfJudge:
    """Base class of both extractors: one network, always available."""

    device: str = "cpu"

    @cached_property
    def identity(self) -> str:
        from synclab.judges.quality import FOLDER

        return f"judge_2 {file_hash(FOLDER / 'model.safetensors')[:12]}"

    def check(self) -> None:
        """Needs nothing: its weights are part of synclab."""

    @cached_property
    def network(self) -> "QualityJudge":
        from synclab.judges.quality import QualityJudge

        return QualityJudge.load().to(self.device)


class JudgeFeatures(OfJudge):
    """`features` (n, 592), `logits` (n, 18) over kinds of scene and `spatial` (n, 448) of views.

    Counterparts of Inception's pooled features, its logits, and the inner layer that sFID reads.
    """

    name = "judge_2"

    def __call__(self, cut: Cut) -> Outputs:
        seen = self.network(cut.views.to(self.device).float() / 255)
        found = {"features": seen.features, "logits": seen.kind, "spatial": seen.spatial}
        return {name: rows.cpu().numpy() for name, rows in found.items()}


class JudgeCoherence(OfJudge):
    """`intra_lpips` and `intra_style` (1, 1) of a wide picture's tiles, counterparts of VGG's."""

    name = "judge_2_coherence"

    def __call__(self, cut: Cut) -> Outputs:
        from synclab.metrics.formulas.lpips import intra_distance
        from synclab.metrics.formulas.style import intra_style

        layers = self.network.layers(tiles(cut.picture).to(self.device).float() / 255)
        return {"intra_lpips": row(intra_distance(layers)), "intra_style": row(intra_style(layers))}
