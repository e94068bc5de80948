"""The embedded judge: features and logits of views, and how alike a picture's own tiles look."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from synclab.core.hashing import sha256
from synclab.metrics.extractors import Cut, Outputs
from synclab.metrics.extractors.pixels import row, tiles

if TYPE_CHECKING:
    from synclab.judges.classifier import Judge


@dataclass(frozen=True)
class OfJudge:
    """Base of both extractors: one network, always available."""

    device: str = "cpu"

    @cached_property
    def identity(self) -> str:
        from synclab.judges.classifier import FOLDER

        return f"judge {sha256((FOLDER / 'model.safetensors').read_bytes())[:12]}"

    def check(self) -> None:
        """Its weights lie in the repository."""

    @cached_property
    def network(self) -> "Judge":
        from synclab.judges.classifier import Judge

        return Judge.load().to(self.device)


class JudgeFeatures(OfJudge):
    """`features` (n, 192) and `logits` (n, 18) over the kinds of scene, in place of Inception's."""

    name = "judge"

    def __call__(self, cut: Cut) -> Outputs:
        features = self.network.features(cut.views.to(self.device).float() / 255)
        logits = self.network.kind(features)
        return {"features": features.cpu().numpy(), "logits": logits.cpu().numpy()}


class JudgeCoherence(OfJudge):
    """`intra_lpips` and `intra_style` (1, 1) of a wide picture's tiles, in place of VGG's."""

    name = "judge_coherence"

    def __call__(self, cut: Cut) -> Outputs:
        from synclab.metrics.formulas.lpips import intra_distance
        from synclab.metrics.formulas.style import intra_style

        layers = self.network.layers(tiles(cut.picture).to(self.device).float() / 255)
        return {"intra_lpips": row(intra_distance(layers)), "intra_style": row(intra_style(layers))}
