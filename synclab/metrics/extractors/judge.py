"""The embedded judge: features and logits of views, and the coherence of a picture's tiles."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from synclab.core.file_hash import file_hash
from synclab.metrics.extractors import Cut, Outputs
from synclab.metrics.extractors.pixels import row, tiles

if TYPE_CHECKING:
    from synclab.judges.classifier import Judge


@dataclass(frozen=True)
class OfJudge:
    """Base class of both extractors: one network, always available."""

    device: str = "cpu"

    @cached_property
    def identity(self) -> str:
        from synclab.judges.classifier import FOLDER

        return f"judge {file_hash(FOLDER / 'model.safetensors')[:12]}"

    def check(self) -> None:
        """Needs nothing: its weights are part of synclab."""

    @cached_property
    def network(self) -> "Judge":
        from synclab.judges.classifier import Judge

        return Judge.load().to(self.device)


class JudgeFeatures(OfJudge):
    """`features` (n, 192) and `logits` (n, 18) over kinds of scene, counterparts of Inception's."""

    name = "judge"

    def __call__(self, cut: Cut) -> Outputs:
        features = self.network.features(cut.views.to(self.device).float() / 255)
        logits = self.network.kind(features)
        return {"features": features.cpu().numpy(), "logits": logits.cpu().numpy()}


class JudgeCoherence(OfJudge):
    """`intra_lpips` and `intra_style` (1, 1) of a wide picture's tiles, counterparts of VGG's."""

    name = "judge_coherence"

    def __call__(self, cut: Cut) -> Outputs:
        from synclab.metrics.formulas.lpips import intra_distance
        from synclab.metrics.formulas.style import intra_style

        layers = self.network.layers(tiles(cut.picture).to(self.device).float() / 255)
        return {"intra_lpips": row(intra_distance(layers)), "intra_style": row(intra_style(layers))}
