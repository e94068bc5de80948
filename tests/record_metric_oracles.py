"""Writes tests/metric_oracles.json: what other libraries answer to the seeded inputs.

    pip install clean-fid torch-fidelity lpips "scipy<1.18"
    python tests/record_metric_oracles.py

They need torchvision, which does not import beside a CPU build of torch (and then takes diffusers
with it); so the answers are kept and the tests need none of them.
"""
# pyright: reportMissingImports=false

import importlib.metadata
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
# A CUDA build of torchvision names these operators while it is imported, and misses them on a CPU.
OPERATORS = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import lpips  # noqa: E402
import metric_inputs as inputs  # noqa: E402
import torch_fidelity  # noqa: E402
from cleanfid import fid as cleanfid  # noqa: E402
from PIL import Image  # noqa: E402
from torch_fidelity.feature_extractor_base import FeatureExtractorBase  # noqa: E402
from torch_fidelity.metric_isc import isc_features_to_metric  # noqa: E402

PACKAGES = ("clean-fid", "torch-fidelity", "lpips", "scipy", "torchvision")


class Registered(FeatureExtractorBase):
    """The small network as torch-fidelity wants it."""

    def __init__(self, name: str, features_list: list[str], **_: Any) -> None:
        super().__init__(name, features_list)
        self.network = inputs.SmallNetwork()

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(self.network(images) for _ in self.features_list)

    @staticmethod
    def get_provided_features_list() -> tuple[str, ...]:
        return ("small",)

    @staticmethod
    def get_default_feature_layer_for_metric(metric: str) -> str:
        return "small"

    @staticmethod
    def can_be_compiled() -> bool:
        return False

    @staticmethod
    def get_dummy_input_for_compile() -> torch.Tensor:
        raise NotImplementedError


def save(folder: Path, images: np.ndarray) -> str:
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image.transpose(1, 2, 0)).save(folder / f"{number:02d}.png")
    return str(folder)


def of_features() -> dict[str, float]:
    x, y = inputs.features(90, 32, 1, shift=0.3), inputs.features(70, 32, 2)
    np.random.seed(11)
    kid = cleanfid.kernel_distance(x, y, num_subsets=20, max_subset_size=50)
    moments = [(f.mean(0), np.cov(f, rowvar=False)) for f in (x, y)]
    logits = torch.from_numpy(inputs.features(95, 12, 3))
    return {
        "fid clean-fid": float(cleanfid.frechet_distance(*moments[0], *moments[1])),
        "kid of subsets clean-fid": kid,
        **{
            f"is_{splits} torch-fidelity": isc_features_to_metric(logits, splits)[
                "inception_score_mean"
            ]
            for splits in (1, 10)
        },
    }


def of_images(folder: Path) -> dict[str, float]:
    one, two = (save(folder / str(seed), inputs.images(seed)) for seed in (1, 2))
    network = inputs.SmallNetwork()
    clean = cleanfid.compute_fid(
        one,
        two,
        custom_feat_extractor=network,
        num_workers=0,
        device=torch.device("cpu"),
        verbose=False,
    )
    torch_fidelity.register_feature_extractor("small", Registered)
    found = torch_fidelity.calculate_metrics(
        input1=one,
        input2=two,
        feature_extractor="small",
        fid=True,
        kid=True,
        isc=True,
        prc=True,
        kid_subsets=1,
        kid_subset_size=inputs.IMAGES,
        cache=False,
        cuda=False,
        verbose=False,
    )
    return {"fid clean-fid": clean} | {f"{k} torch-fidelity": v for k, v in found.items()}


def of_activations() -> list[float]:
    model = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    stacks = iter([inputs.stack(1), inputs.stack(2)])
    model.net.forward = lambda _: next(stacks)
    for layer, weight in zip(model.lins, inputs.heads(), strict=True):
        layer.model[-1].weight.data = weight.view(1, -1, 1, 1)
    blank = torch.zeros(3, 3, 16, 16)
    return model(blank, blank).flatten().tolist()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        answers = {
            "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
            "features": of_features(),
            "images": of_images(Path(folder)),
            "lpips": of_activations(),
        }
    path = Path(__file__).with_name("metric_oracles.json")
    path.write_text(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
