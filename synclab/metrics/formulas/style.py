"""Intra-Style-L: how differently the crops of one image are painted.

The style loss of Gatys et al. (1508.06576) between crops, as in SyncDiffusion (2306.05178).
"""

from torch import Tensor

from synclab.metrics.formulas.lpips import Layers, pairs


def gram(layer: Tensor) -> Tensor:
    """Activations (n, c, h, w) to (n, c, c), over the number of activations of one image."""
    flat = layer.flatten(2)
    return flat @ flat.transpose(1, 2) / layer[0].numel()


def intra_style(crops: Layers) -> float:
    """Squared error of Gram matrices, summed over layers, mean over all pairs of n >= 2 crops.

    SyncDiffusion's code sums over its 15 pairs of six crops; times 15 this is its number.
    """
    first, second = pairs(len(crops[0]), "intra_style")
    grams = [gram(layer) for layer in crops]
    errors = [(g[first] - g[second]).square().mean((1, 2)) for g in grams]
    return float(sum(error.mean() for error in errors))
