"""Coherence of a wide picture's tiles from VGG: SyncDiffusion's Intra-LPIPS and Intra-Style-L."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from synclab.judges.requirements import VGG16, VGG19, check_package
from synclab.metrics.extractors import Cut, Outputs
from synclab.metrics.extractors.pixels import row, tiles
from synclab.metrics.extractors.weights import identify

STYLE_LAYERS = (0, 2, 5, 7, 10)  # conv_1 .. conv_5 of VGG-19's features
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class VggCoherence:
    """`intra_lpips` (LPIPS 0.1, VGG-16) and `intra_style` (VGG-19), both (1, 1)."""

    device: str = "cpu"
    name = "vgg_coherence"

    @cached_property
    def identity(self) -> str:
        return f"lpips 0.1 {identify(VGG16, VGG19)}"

    def check(self) -> None:
        check_package("lpips")
        check_package("torchvision")
        VGG16.check()
        VGG19.check()

    @cached_property
    def lpips(self) -> Any:
        from lpips import LPIPS  # pyright: ignore

        return LPIPS(net="vgg", verbose=False).eval().to(self.device)

    @cached_property
    def vgg(self) -> Any:
        import torch
        from torchvision.models import vgg19  # pyright: ignore[reportMissingImports]

        network = vgg19()
        network.load_state_dict(torch.load(VGG19.path, weights_only=True))
        return network.features.eval().to(self.device)

    def __call__(self, cut: Cut) -> Outputs:
        import torch

        from synclab.metrics.formulas.lpips import intra_distance
        from synclab.metrics.formulas.style import intra_style

        images = tiles(cut.picture).to(self.device).float() / 255
        with torch.no_grad():
            layers = self.lpips.net(self.lpips.scaling_layer(2 * images - 1))
            heads = [head.model[-1].weight.flatten() for head in self.lpips.lins]
            lpips = intra_distance(layers, heads)
            style = intra_style(self.style_layers(images))
        return {"intra_lpips": row(lpips), "intra_style": row(style)}

    def style_layers(self, images: Any) -> list[Any]:
        """Outputs of the first five convolutions, before their ReLUs."""
        mean, std = (images.new_tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
        x, found = (images - mean) / std, []
        for number, layer in enumerate(self.vgg[: STYLE_LAYERS[-1] + 1]):
            x = layer(x)
            if number in STYLE_LAYERS:
                found.append(x.clone())  # the next ReLU works in place
        return found
