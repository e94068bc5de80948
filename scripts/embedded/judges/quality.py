"""The judge of quality: trained on views with planted faults, scored on others."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from synclab.judges.quality import FAULTS, QualityJudge, Verdict, verdicts
from synclab.world import KINDS, OUTDOOR

from ..data.views import LEVEL
from ..training.muon import PlainAdamW
from ..training.trainer import Plan, Trainer
from .faults import PLANT, draw_strengths, plant
from .pairs import Pairs, cached_pairs

log = logging.getLogger("judge")

BATCH = 64
SEED = 27
TEST_SEED = 28
RATE = 3e-3
WEIGHT = 20.0  # of the mean over faults, which would else be learned last
IS_OUTDOOR = torch.tensor([kind in OUTDOOR for kind in KINDS])
STRENGTHS = (0.1, 0.3, 1.0)  # at which detection is measured
TOLD = "told from clean at strength"  # key of the card


@dataclass(frozen=True)
class Targets:
    """Kind, time and direction (n,) as indices, which views are level (n,), strengths of faults."""

    kind: Tensor
    time: Tensor
    direction: Tensor
    level: Tensor
    faults: Tensor

    @classmethod
    def of(cls, pairs: Pairs, index: Tensor, faults: Tensor) -> "Targets":
        elevation = pairs.elevation[index]
        direction = 1 + (elevation > LEVEL).long() - (elevation < -LEVEL).long()
        return cls(pairs.kind[index], pairs.time[index], direction, direction == 1, faults)


def loss(verdict: Verdict, targets: Targets) -> Tensor:
    """Cross-entropies; kind and time only of level views, for sky or ground fit several kinds."""
    outdoor = targets.level & IS_OUTDOOR[targets.kind]
    kind = functional.cross_entropy(verdict.kind[targets.level], targets.kind[targets.level])
    time = functional.cross_entropy(verdict.time[outdoor], targets.time[outdoor])
    direction = functional.cross_entropy(verdict.direction, targets.direction)
    faults = functional.binary_cross_entropy_with_logits(verdict.faults, targets.faults)
    return kind + time + 0.5 * direction + WEIGHT * faults


def draw_views(pairs: Pairs, index: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """One view of each scene, and the other one or, in one half, one of another scene."""
    n = len(index)
    first = torch.randint(2, (n,), generator=generator)
    elsewhere = index[torch.randperm(n, generator=generator)]
    same = torch.rand(n, generator=generator) < 0.5
    other = pairs.images[torch.where(same, index, elsewhere), 1 - first]
    return pairs.images[index, first].float() / 255, other.float() / 255


def resample(images: Tensor, generator: Generator) -> Tensor:
    """Half of the images enlarged by up to an eighth: resampling alone is no fault."""
    n = len(images)
    share = 1 - torch.rand(n, generator=generator) / 9
    share = torch.where(torch.rand(n, generator=generator) < 0.5, share, torch.ones_like(share))
    rows = torch.zeros(n, 2, 3)
    rows[:, 0, 0], rows[:, 1, 1] = share, share
    grid = functional.affine_grid(rows, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def batch_loss(judge: QualityJudge, pairs: Pairs) -> Callable[[Generator], Tensor]:
    """The loss of views with drawn faults; every kind is drawn equally often."""
    weights = (1 / torch.bincount(pairs.kind, minlength=len(KINDS)).float())[pairs.kind]

    def value(generator: Generator) -> Tensor:
        index = torch.multinomial(weights, BATCH, replacement=True, generator=generator)
        images, other = draw_views(pairs, index, generator)
        strengths = draw_strengths(BATCH, generator)
        images = plant(resample(images, generator), other, strengths, generator)
        mirrored = torch.rand(BATCH, 1, 1, 1, generator=generator) < 0.5
        images = torch.where(mirrored, images.flip(-1), images)
        return loss(judge(images), Targets.of(pairs, index, strengths))

    return value


def train(folder: Path, pairs: Pairs, steps: int, seed: int) -> QualityJudge:
    torch.manual_seed(seed)
    judge = QualityJudge()
    plan = Plan(steps, steps // 2, BATCH, "cpu", seed)
    modules = nn.ModuleDict({"judge": judge})
    trainer = Trainer(
        folder,
        modules,
        plan,
        RATE,
        warmup=50,
        weight_decay=0.05,
        averaging=0.99,
        optimizers=PlainAdamW,
    )
    value = batch_loss(judge, pairs)
    trainer.fit(value)
    calibrate(judge, value)
    judge.eval()
    return judge


@torch.no_grad()
def calibrate(judge: QualityJudge, loss: Callable[[Generator], Tensor], batches: int = 40) -> None:
    """Measures mean and deviation of the features under the averaged weights."""
    judge.scale.reset_running_stats()
    judge.scale.momentum = None  # the mean over all batches
    judge.train()
    for number in range(batches):
        loss(Generator().manual_seed(number))


def share(right: Tensor) -> float:
    return round(float(right.float().mean()), 4)


def accuracy(found: Verdict, targets: Targets) -> dict[str, float]:
    """Shares of right kinds of level views, of right times outdoors, and of right directions."""
    outdoor = targets.level & IS_OUTDOOR[targets.kind]
    return {
        "kind": share((found.kind.argmax(1) == targets.kind)[targets.level]),
        "time": share((found.time.argmax(1) == targets.time)[outdoor]),
        "direction": share(found.direction.argmax(1) == targets.direction),
    }


def separation(clean: Tensor, faulty: Tensor) -> float:
    """Probability that a faulty view has a higher score than a clean one: the area under ROC."""
    return share(faulty[:, None] > clean[None])


def score(judge: QualityJudge, pairs: Pairs) -> dict[str, object]:
    """Accuracies of clean views and by fault at full strength; how well each fault is told."""
    index, generator = torch.arange(len(pairs)), torch.Generator().manual_seed(TEST_SEED)
    targets = Targets.of(pairs, index, torch.zeros(len(pairs), len(FAULTS)))
    images, other = draw_views(pairs, index, generator)
    clean = verdicts(judge, images)
    found: dict[str, object] = {"clean": accuracy(clean, targets)}
    for number, name in enumerate(FAULTS):

        def planted(strength: float, name: str = name) -> Verdict:
            amount = torch.full((len(pairs), 1, 1, 1), strength)
            return verdicts(judge, PLANT[name](images, other, amount, generator).clamp(0, 1))

        seen = {strength: planted(strength) for strength in STRENGTHS}
        told = {
            f"{strength:g}": separation(clean.faults[:, number], each.faults[:, number])
            for strength, each in seen.items()
        }
        found[name] = accuracy(seen[STRENGTHS[-1]], targets) | {TOLD: told}
    return found


def make_judge(folder: Path, output: Path, scenes: int, test_scenes: int, steps: int) -> None:
    """Trains on `scenes`, scores on `test_scenes`; writes weights and a card to `output`."""
    pairs = cached_pairs(folder / "pairs", scenes, SEED)
    train(folder / "train", pairs, steps, SEED).save(output)
    judge = QualityJudge.load(output)  # score what was written, in half precision
    card = {
        "parameters": sum(parameter.numel() for parameter in judge.parameters()),
        "steps": steps,
        "batch": BATCH,
        "seed": SEED,
        "scenes": scenes,
        "test_seed": TEST_SEED,
        "test_scenes": test_scenes,
        "accuracy": score(judge, cached_pairs(folder / "test", test_scenes, TEST_SEED)),
    }
    (output / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    log.info("accuracy %s", json.dumps(card["accuracy"], indent=2))
