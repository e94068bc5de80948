"""The embedded judge of motions: trained on captioned segments, scored on others."""

import logging
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from synclab.judges.motion_text import MotionText
from synclab.world.motion import REQUESTS, caption, plain

from ..training.muon import PlainAdamW
from ..training.trainer import Plan, Trainer
from .prior import Segments, draw_segments, read_segments, statistics

log = logging.getLogger("motion_judge")

BATCH = 96
HELD_OUT = 20_000_003
KINDS = sorted({request.kind for request in REQUESTS})
KIND = torch.tensor([KINDS.index(request.kind) for request in REQUESTS])


def contrast(model: MotionText, segments: Segments, generator: torch.Generator) -> Tensor:
    """CLIP's symmetric cross-entropy; captions of one request share the probability."""
    rows = torch.randint(len(segments.request), (BATCH,), generator=generator)
    request = segments.request[rows]
    chance = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    texts = [caption(REQUESTS[int(i)], chance) for i in request]
    logits = model.log_scale.exp() * model.similarity(segments.features[rows].float(), texts)
    same = (request[:, None] == request).float()
    target = same / same.sum(1, keepdim=True)
    return (
        functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)
    ) / 2


def train(folder: Path, segments: Segments, output: Path, steps: int) -> None:
    torch.manual_seed(0)
    model = MotionText()
    mean, std = statistics(segments.features)
    model.mean.copy_(mean)
    model.std.copy_(std)
    plan = Plan(steps, steps // 3, BATCH, "cpu", 0)
    trainer = Trainer(
        folder, nn.ModuleDict({"model": model}), plan, 1e-3, averaging=0.99, optimizers=PlainAdamW
    )
    trainer.fit(lambda generator: contrast(model, segments, generator))
    model.save(output)


@torch.no_grad()
def accuracy(model: MotionText, held_out: Segments) -> dict[str, float]:
    """Shares of held-out segments whose own plain prompt is among the nearest of all."""
    similar = model.similarity(held_out.features.float(), [plain(own) for own in REQUESTS])
    order = similar.argsort(1, descending=True)
    right = order == held_out.request[:, None]
    found = {f"request, top {k}": right[:, :k].any(1) for k in (1, 3)}
    found["kind, top 1"] = KIND[order[:, 0]] == KIND[held_out.request]
    return {name: round(float(own.float().mean()), 4) for name, own in found.items()}


CARD = """# judge_motion: the embedded judge of motions

What `fid`, `r_precision` and `similarity` mean under `eval=embedded_motion`: {parameters:,}
parameters that put motions and texts of the world of motion (`synclab.world.motion`) into one space
of 64 dimensions, half precision. The motion tower is three convolutions over HumanML3D's features,
averaged and maximised over time; the text tower is a bag of words. It saw no motion of any
generative model. (`scripts/embedded/motion/judge.py` wrote this card.)

CLIP's contrastive loss on {count} segments of 120 frames, many with another motion at either end;
{steps} steps of {batch} pairs:

```
python -m scripts.embedded motion_judge --segments {count} --steps {steps}
```

On {tested} segments that it has not seen, the nearest of the {requests} plain prompts ("a person
walks slowly"; chance is {chance:.1%}):

| question | right |
| --- | --- |
{rows}

No number made with it can stand beside one made with the evaluator of HumanML3D.
"""


def make_motion_judge(folder: Path, motions: Path, count: int, steps: int, output: Path) -> None:
    """Trains on the segments of the motion prior; writes weights and card to `output`."""
    train(folder, read_segments(motions, count, 0), output, steps)
    model, held_out = MotionText.load(output), draw_segments(1024, HELD_OUT)
    found = accuracy(model, held_out)
    card = CARD.format(
        parameters=sum(p.numel() for p in model.parameters()),
        count=count,
        steps=steps,
        batch=BATCH,
        tested=len(held_out.request),
        requests=len(REQUESTS),
        chance=1 / len(REQUESTS),
        rows="\n".join(f"| {name} | {value:.1%} |" for name, value in found.items()),
    )
    (output / "README.md").write_text(card, encoding="utf-8")
    log.info("%s", found)
