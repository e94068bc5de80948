"""How well the motion prior's plain segments do what they are asked, by the judge of motions."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from synclab.core.hashing import digest
from synclab.judges.motion_text import MotionText
from synclab.metrics.formulas.fid import frechet_distance
from synclab.metrics.formulas.motion import foot_skate, jerk
from synclab.priors.tiny_motion import TinyMotion
from synclab.world.motion import REQUESTS, draw_segment, plain, to_features, to_joints

from .judge import KIND

log = logging.getLogger("motion_score")

STEPS, GUIDANCE = 50, 2.5
BATCH = 29
"""Segments made together; the requests are twice as many."""

CARD = """# tiny_motion: the embedded text-to-motion model

{parameters:,} parameters that make segments of 120 frames at 20 per second of HumanML3D's 263
features from a text: MDM's transformer (Tevet et al. 2023) with three frames to a token, width
{width}, {layers} layers, the text added to every token, and a bag of words for a text encoder. It
predicts clean features. Its noise is MDM's cosine with sigma / alpha {shift:g} times as large: with
263 numbers a frame the text decides only where noise is strong. Weights in half precision.
(`scripts/embedded/motion/score.py` wrote this card.)

## How it was made

On segments of the world of motion (`synclab.world.motion`) that share their ends with others, as
those of a long motion do; a sixth of all batches are overlaps of 30 frames, for DiffCollage.

```
{commands}
```

## What it scores

{count} plain segments, {each} of each of the {requests} requests, {steps} DDIM steps, guidance
{guidance}; beside as many true ones, by the judge of motions (`synclab/assets/judge_motion`).

| | the model | the world |
| --- | --- | --- |
| nearest of {requests} plain prompts is its own | {made.request:.1%} | {true.request:.1%} |
| ... is of its kind | {made.kind:.1%} | {true.kind:.1%} |
| Frechet distance to the world's | {distance:.1f} | {floor:.1f} |
| mean jerk, mm per frame cubed | {made.jerk:.0f} | {true.jerk:.0f} |
| frames in which a foot skates | {made.skate:.1%} | {true.skate:.1%} |
"""


@dataclass(frozen=True)
class Result:
    """Scores of a set of segments."""

    embeddings: Tensor
    request: float
    kind: float
    jerk: float
    skate: float

    @classmethod
    def of(cls, judge: MotionText, joints: list[Tensor], asked: Tensor) -> "Result":
        """Scores joints (121, 22, 3) of segments of the requests of these numbers."""
        features = torch.stack([to_features(own.double()).float() for own in joints])
        nearest = judge.similarity(features, [plain(own) for own in REQUESTS]).argmax(1)
        places = [own.numpy() for own in joints]
        return cls(
            judge.motion(features),
            float((nearest == asked).float().mean()),
            float((KIND[nearest] == KIND[asked]).float().mean()),
            1000 * float(np.mean([jerk(own).mean() for own in places])),
            float(np.mean([foot_skate(own) for own in places])),
        )


def make_segments(prior: TinyMotion, asked: Tensor) -> list[Tensor]:
    """Joints (121, 22, 3) of plain samples of requests, by their numbers."""
    found = []
    for first in tqdm(range(0, len(asked), BATCH), "segments", disable=None):
        texts = [plain(REQUESTS[int(i)]) for i in asked[first : first + BATCH]]
        one, *others = (prior.embed(text).at(((0.0,),)) for text in texts)
        cond, seed = one.join(others), int(digest("motion", first)[:15], 16)
        shape = (len(texts), *prior.shape)
        x = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        for t, s in prior.schedule.steps(STEPS):
            x0 = prior.schedule.x0(x, prior.predict(x, t, cond, GUIDANCE), t)
            x = prior.schedule.ddim(x, x0, t, s)
        found += list(to_joints(prior.decode(x)[:, :, 0].mT.double()))
    return found


@torch.no_grad()
def score_motion(folder: Path, each: int, commands: str) -> None:
    """Writes README.md into the prior's folder."""
    prior, judge = TinyMotion(str(folder)), MotionText.load()
    asked, chance = torch.arange(len(REQUESTS)).repeat(each), np.random.default_rng(1)
    true, other = (
        Result.of(judge, [draw_segment(REQUESTS[int(i)], chance) for i in asked], asked)
        for _ in range(2)
    )
    made = Result.of(judge, make_segments(prior, asked), asked)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    card = CARD.format(
        parameters=sum(p.numel() for m in (prior.network, prior.text) for p in m.parameters()),
        width=config["width"],
        layers=config["layers"],
        shift=config["shift"],
        commands=commands,
        count=len(asked),
        each=each,
        requests=len(REQUESTS),
        steps=STEPS,
        guidance=GUIDANCE,
        made=made,
        true=true,
        distance=frechet_distance(made.embeddings.numpy(), true.embeddings.numpy()),
        floor=frechet_distance(other.embeddings.numpy(), true.embeddings.numpy()),
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    log.info("%s", card)
