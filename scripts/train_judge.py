"""Trains the judge of the embedded world on freshly rendered views and scores it on others.

    python scripts/train_judge.py --folder runs/judge

The views lie in `folder/views` and `folder/test`, the training state in `folder/train`; running
again goes on from there. The weights and a card with the accuracies go to `--output`.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: spinning threads starve others

import argparse
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
from train_tiny import CHUNK, draw_cameras, load_views, render_chunk
from training import Trainer

from synclab.judges.classifier import FOLDER, SIZE, Judge, verdicts
from synclab.world import KINDS, OUTDOOR, sample_scenes

log = logging.getLogger("train_judge")

STEEP = 30.0  # degrees; the ground or the sky alone does not tell one kind from another
BATCH = 64
TEST_SEED = 8
IS_OUTDOOR = torch.tensor([kind in OUTDOOR for kind in KINDS])


@dataclass(frozen=True)
class Labelled:
    """uint8 images (n, 3, 128, 128), their kind (n,) and time (n,)."""

    images: Tensor
    kind: Tensor
    time: Tensor


def elevations(index: int, seed: int) -> Tensor:
    """What render_chunk drew for the cameras: its first draws are repeated here."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + index)
    sample_scenes(CHUNK, generator)
    return draw_cameras(CHUNK, generator)[1]


def level_chunk(index: int, seed: int) -> Labelled:
    level = elevations(index, seed).abs() <= STEEP
    images, _, scenes = render_chunk(index, seed)
    return Labelled(images[level], scenes.kind[level], scenes.time[level])


def level_views(count: int, seed: int) -> Labelled:
    """The first `count` views of a seed that do not look steeply up or down."""
    chunks, found = [], 0
    with tqdm(total=count, desc="views", disable=None) as bar:
        while found < count:
            chunks.append(level_chunk(len(chunks), seed))
            found += len(chunks[-1].kind)
            bar.update(len(chunks[-1].kind))
    columns = [torch.cat([getattr(c, name) for c in chunks]) for name in ("images", "kind", "time")]
    return Labelled(*(column[:count] for column in columns))


def cached_views(folder: Path, count: int, seed: int) -> Labelled:
    """`level_views` rendered once; the labels are written last and so tell that all is there."""
    labels = folder / "labels.json"
    wanted = {"count": count, "seed": seed}
    if not labels.exists() or json.loads(labels.read_text())["made"] != wanted:
        labels.unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        views = level_views(count, seed)
        np.save(folder / "views.npy", views.images.numpy())
        row = {"made": wanted, "kind": views.kind.tolist(), "time": views.time.tolist()}
        labels.write_text(json.dumps(row))
    row = json.loads(labels.read_text())
    images = torch.from_numpy(np.array(load_views(folder)))
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
    """Slightly other saturation, contrast, white balance and brightness: what guidance shifts."""
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
    trainer = Trainer(folder, modules, steps, 2e-3, seed=seed, weight_decay=0.05, averaging=0.99)
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("runs/judge"))
    parser.add_argument("--output", type=Path, default=FOLDER)
    parser.add_argument("--views", type=int, default=6000)
    parser.add_argument("--test-views", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    views = cached_views(args.folder / "views", args.views, args.seed)
    test = cached_views(args.folder / "test", args.test_views, TEST_SEED)
    train(args.folder / "train", views, args.steps, args.seed).save(args.output)
    judge = Judge.load(args.output)  # what is scored is what was written, in half precision
    card = {
        "parameters": sum(p.numel() for p in judge.parameters()),
        "steps": args.steps,
        "batch": BATCH,
        "seed": args.seed,
        "views": args.views,
        "test_seed": TEST_SEED,
        "test_views": args.test_views,
        "accuracy": accuracies(judge, test),
    }
    (args.output / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    log.info("accuracy %s", card["accuracy"])
    log.info("confusions %s", confusions(judge, test))


if __name__ == "__main__":
    main()
