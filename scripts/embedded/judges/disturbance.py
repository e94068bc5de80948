"""Disturbance curves: every column of the embedded protocol against faults of growing strength.

The faults are planted into true panoramas of the procedural world, so nothing but the fault keeps
them from the truth.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Generator, Tensor
from tqdm import tqdm

from synclab.config.prompts import read_prompts
from synclab.judges.classifier import FOLDER as CLASSIFIER
from synclab.judges.classifier import Judge
from synclab.metrics.columns import FID
from synclab.metrics.extractors import Cut, Extractor, Outputs
from synclab.metrics.features import Measured, ViewCutter, finite, measure
from synclab.metrics.protocol import read_protocol
from synclab.metrics.reference import choose
from synclab.metrics.scoring import Metrics, References, Refusal, of_views, score
from synclab.metrics.views import Whole
from synclab.store.pictures import Picture

from .card import write_card
from .curves import INDEPENDENT, NONE, Row, write
from .planted import DISTURBANCES, Disturbance

log = logging.getLogger("disturbance")

PROTOCOL = "embedded_world"
SEED = 41
HEIGHT = 512  # of the panoramas, as in the protocol


@dataclass(frozen=True)
class ClassifierFeatures:
    """`features` (n, 192) of the classifier at 64 pixels, which was the judge before."""

    name = "classifier"
    identity = f"classifier {CLASSIFIER.name}"

    def check(self) -> None:
        """Needs nothing: its weights are part of synclab."""

    @cached_property
    def network(self) -> Judge:
        return Judge.load()

    def __call__(self, cut: Cut) -> Outputs:
        return {"features": self.network.features(cut.views.float() / 255).numpy()}


@dataclass(frozen=True)
class Bench:
    """True panoramas to disturb, and what the protocol measures them with."""

    columns: Metrics
    extractors: Mapping[str, Extractor]
    views: ViewCutter
    references: References
    independent: Measured
    pictures: Sequence[Picture]

    def values(self, fault: str, amount: float, own: Measured, columns: Metrics) -> list[Row]:
        """One row for each column that could be computed."""
        found = score(columns, own, self.references, groups=1).items()
        pairs = [(name, each) for name, each in found if not isinstance(each, Refusal)]
        return [Row(fault, amount, name, each.value) for name, each in pairs]

    def measure(self, panoramas: Tensor) -> Measured:
        """Features of panoramas (n, 3, H, 2H) in [0, 1], in the order of `pictures`."""
        images = (panoramas.clamp(0, 1) * 255).round().byte()
        outcomes = [self.outcome(*pair) for pair in zip(images, self.pictures, strict=True)]
        return Measured(tuple(self.pictures), tuple(outcomes))

    def outcome(self, image: Tensor, picture: Picture) -> dict[str, Outputs]:
        cut = Cut(image, self.views.cut(image, picture.row), picture.prompt)
        return {name: finite(found(cut), name) for name, found in self.extractors.items()}


def prepare(folder: Path, prompts: Sequence[str], height: int = HEIGHT) -> Bench:
    """Renders all true pictures below `folder`, once, and measures the references."""
    protocol = read_protocol(PROTOCOL, "panorama")
    extractors = {**protocol.extractors("cpu"), "classifier": ClassifierFeatures()}
    columns = {**protocol.columns(), "fid_classifier": FID(of="classifier.features")}
    plain = choose(protocol.reference(), folder, prompts)
    whole = choose(replace(protocol.truth(), height=height), folder, prompts)
    of_single = {name: extractors[name] for name in ("judge", "image_text", "classifier")}
    reference, independent = (
        measure(own, Whole(), of_single, "views") for own in (plain.pictures, plain.held_out)
    )
    truth = measure(whole.pictures, protocol.views(), extractors, "truth")
    references = {"reference": reference, "truth": truth}
    return Bench(columns, extractors, protocol.views(), references, independent, whole.held_out)


def measure_all(bench: Bench, asked: Mapping[str, Disturbance]) -> list[Row]:
    """Rows of both undisturbed sets, and of every fault at each of its amounts."""
    panoramas = torch.stack([picture.load() for picture in bench.pictures]).float() / 255
    rows = bench.values(INDEPENDENT, 0, bench.independent, of_views(bench.columns))
    rows += bench.values(NONE, 0, bench.measure(panoramas), bench.columns)
    steps = [(name, fault, amount) for name, fault in asked.items() for amount in fault.amounts]
    for name, fault, amount in tqdm(steps, "faults", disable=None):
        disturbed = fault.plant(panoramas, amount, Generator().manual_seed(SEED))
        rows += bench.values(name, amount, bench.measure(disturbed), bench.columns)
    return rows


def make_curves(folder: Path, output: Path, prompts: str) -> None:
    """Measures all curves; writes `disturbance.csv` and the judge's card to `output`."""
    torch.set_grad_enabled(False)
    bench = prepare(folder, read_prompts(prompts))
    rows = measure_all(bench, DISTURBANCES)
    output.mkdir(parents=True, exist_ok=True)
    write(rows, output / "disturbance.csv")
    write_card(output, rows, len(bench.pictures))
    log.info("%s", output / "README.md")
