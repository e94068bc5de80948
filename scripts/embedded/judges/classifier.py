"""The classifier of the embedded world: trained on freshly rendered views, scored on others."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from synclab.judges.classifier import SIZE, Judge, verdicts
from synclab.world import KINDS, OUTDOOR, Scenes

from ..data.views import LEVEL, Chunk, render_chunk
from ..training.trainer import Plan, Trainer

log = logging.getLogger("judge")

BATCH = 64
SEED = 7
TEST_SEED = 8
IS_OUTDOOR = torch.tensor([kind in OUTDOOR for kind in KINDS])


@dataclass(frozen=True)
class Labelled:
    """uint8 images (n, 3, 128, 128), their kind (n,) and time (n,)."""

    images: Tensor
    kind: Tensor
    time: Tensor

    @classmethod
    def of(cls, images: Tensor, scenes: Scenes) -> "Labelled":
        return cls(images, scenes.kind, scenes.time)


def level_rows(chunk: Chunk) -> Tensor:
    """Indices of the views that do not look steeply: sky or ground fit several kinds."""
    return (chunk.cameras.elevation.abs() <= LEVEL).nonzero()[:, 0]


def level_views(count: int, seed: int) -> Labelled:
    """The first `count` views of a seed that do not look steeply up or down."""
    chunks: list[Labelled] = []
    with tqdm(total=count, desc="views", disable=None) as bar:
        while (found := sum(len(chunk.kind) for chunk in chunks)) < count:
            chunk = render_chunk(len(chunks), seed)
            rows = level_rows(chunk)
            chunks.append(Labelled.of(chunk.images[rows], chunk.scenes[rows]))
            bar.update(min(len(rows), count - found))
    images, kind, time = (
        torch.cat([getattr(chunk, name) for chunk in chunks])[:count]
        for name in ("images", "kind", "time")
    )
    return Labelled(images, kind, time)


def cached_views(folder: Path, count: int, seed: int) -> Labelled:
    """`level_views`, rendered once; the labels are written last, when all else is complete."""
    labels = folder / "labels.json"
    wanted = {"count": count, "seed": seed}
    if not labels.exists() or json.loads(labels.read_text(encoding="utf-8"))["made"] != wanted:
        labels.unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        views = level_views(count, seed)
        np.save(folder / "views.npy", views.images.numpy())
        row = {"made": wanted, "kind": views.kind.tolist(), "time": views.time.tolist()}
        labels.write_text(json.dumps(row), encoding="utf-8")
    row = json.loads(labels.read_text(encoding="utf-8"))
    images = torch.from_numpy(np.load(folder / "views.npy"))
    return Labelled(images, torch.tensor(row["kind"]), torch.tensor(row["time"]))


def uniform(
    images: Tensor, low: float, high: float, generator: torch.Generator, channels: int = 1
) -> Tensor:
    """A number (n, channels, 1, 1) for each image."""
    draw = torch.rand(len(images), channels, 1, 1, generator=generator)
    return low + (high - low) * draw


def crop(images: Tensor, generator: torch.Generator) -> Tensor:
    """A random square of 0.85 to 1 of the side, half of them mirrored, at the judge's size."""
    share = uniform(images, 0.85, 1.0, generator).flatten()
    shift = (2 * torch.rand(len(images), 2, generator=generator) - 1) * (1 - share)[:, None]
    side = torch.randint(2, (len(images),), generator=generator) * 2 - 1
    zero = torch.zeros_like(share)
    rows = [
        torch.stack([side * share, zero, shift[:, 0]], 1),
        torch.stack([zero, share, shift[:, 1]], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    images = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    return functional.interpolate(images, (SIZE, SIZE), mode="area")


def recolour(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shifts saturation, contrast, white balance and brightness a little, as guidance does."""
    grey = images.mean(1, keepdim=True)
    images = torch.lerp(grey, images, uniform(images, 0.8, 1.3, generator))
    images = (images - 0.5) * uniform(images, 0.85, 1.2, generator) + 0.5
    images = images * uniform(images, 0.93, 1.07, generator, channels=3)
    return images + uniform(images, -0.06, 0.06, generator)


def blur(images: Tensor, size: int) -> Tensor:
    """Down to `size` pixels and back up: what a VAE and few denoising steps lose."""
    small = functional.interpolate(images, (size, size), mode="area")
    return functional.interpolate(small, images.shape[-2:], mode="bilinear", align_corners=False)


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (n, 3, 128, 128) in [0, 1] to what a generative model might make of them, 64 px."""
    images = recolour(crop(images, generator), generator)
    sizes = torch.randint(20, 97, (8,), generator=generator).tolist()
    groups = zip(images.chunk(len(sizes)), sizes, strict=True)
    images = torch.cat([blur(group, size) if size < SIZE else group for group, size in groups])
    noise = torch.randn(images.shape, generator=generator)
    return (images + uniform(images, 0.0, 0.08, generator) * noise).clamp(0, 1)


def judge_loss(judge: Judge, views: Labelled) -> Callable[[torch.Generator], Tensor]:
    """Cross-entropy of kind and, outdoors, of time; every kind is drawn equally often."""
    frequency = torch.bincount(views.kind, minlength=len(KINDS)).float()
    weights = (1 / frequency)[views.kind]

    def loss(generator: torch.Generator) -> Tensor:
        index = torch.multinomial(weights, BATCH, replacement=True, generator=generator)
        images = augment(views.images[index].float() / 255, generator)
        kind_logits, time_logits = judge(images)
        outdoor = IS_OUTDOOR[views.kind[index]]
        kind = functional.cross_entropy(kind_logits, views.kind[index])
        return kind + functional.cross_entropy(time_logits[outdoor], views.time[index][outdoor])

    return loss


def train(folder: Path, views: Labelled, steps: int, seed: int) -> Judge:
    torch.manual_seed(seed)
    judge = Judge()
    modules = nn.ModuleDict({"judge": judge})
    plan = Plan(steps, steps // 2, BATCH, "cpu", seed)
    trainer = Trainer(folder, modules, plan, 2e-3, weight_decay=0.05, averaging=0.99)
    trainer.fit(judge_loss(judge, views))
    return judge.eval()


def accuracy(judge: Judge, images: Tensor, views: Labelled) -> dict[str, float]:
    """Shares of right kinds, and of right times outdoors."""
    kind, time = verdicts(judge, images)
    outdoor = IS_OUTDOOR[views.kind]
    right = {"kind": kind == views.kind, "time": (time == views.time)[outdoor]}
    return {name: round(float(value.float().mean()), 4) for name, value in right.items()}


def accuracies(judge: Judge, views: Labelled) -> dict[str, dict[str, float]]:
    """Held-out accuracy on clean views and on views worse than what the prior should make."""
    clean = views.images.float() / 255
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(TEST_SEED))
    return {
        "clean": accuracy(judge, clean, views),
        "blurred to 32 px": accuracy(judge, blur(clean, 32), views),
        "noise 0.1": accuracy(judge, (clean + 0.1 * noise).clamp(0, 1), views),
    }


def confusions(judge: Judge, views: Labelled) -> list[str]:
    """'kind seen as kind: count' for each wrong verdict, most frequent first."""
    kind, _ = verdicts(judge, views.images)
    wrong = (kind != views.kind).nonzero()[:, 0].tolist()
    pairs = [f"{KINDS[views.kind[i]]} seen as {KINDS[kind[i]]}" for i in wrong]
    return [f"{p}: {pairs.count(p)}" for p in sorted(set(pairs), key=pairs.count, reverse=True)]


def make_judge(folder: Path, output: Path, views: int, test_views: int, steps: int) -> None:
    """Trains on `views`, scores on `test_views`; writes weights and a card to `output`."""
    seen = cached_views(folder / "views", views, SEED)
    test = cached_views(folder / "test", test_views, TEST_SEED)
    train(folder / "train", seen, steps, SEED).save(output)
    judge = Judge.load(output)  # score what was written, in half precision
    card = {
        "parameters": sum(p.numel() for p in judge.parameters()),
        "steps": steps,
        "batch": BATCH,
        "seed": SEED,
        "views": views,
        "test_seed": TEST_SEED,
        "test_views": test_views,
        "accuracy": accuracies(judge, test),
    }
    (output / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    log.info("accuracy %s", card["accuracy"])
    log.info("confusions %s", confusions(judge, test))
