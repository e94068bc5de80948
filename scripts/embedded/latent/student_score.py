"""Plain samples of the student after few calls beside those of its teacher, from the same noise."""

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from synclab.judges.classifier import Judge
from synclab.places import ASSETS
from synclab.priors.latent import LatentPrior
from synclab.world import KINDS

from ..cards.sheets import sheet
from ..data.prompts import Prompt, draw_prompts
from .score import denoise, distance, join, score_samples, true_views
from .student import CALLS, sample, start_noise

STEPS = 25  # of the teacher
GUIDANCE = 5.0
COLUMNS = 12  # of the sheet


def samples(
    tiny: LatentPrior, student: LatentPrior, prompts: list[Prompt]
) -> Iterator[tuple[str, Tensor]]:
    """What made them, and images (n, 3, h, w)."""
    texts = [prompt.text for prompt in prompts]
    noise = start_noise(tiny, len(texts))
    yield "teacher", denoise(tiny, noise, join(tiny, texts), STEPS, GUIDANCE)
    for calls in CALLS:
        yield f"student, calls {calls}", sample(student, texts, calls)
        yield f"teacher without guidance, calls {calls}", sample(tiny, texts, calls)


@torch.no_grad()
def score_student(lora: Path, teacher: Path, count: int, output: Path, device: str) -> None:
    """Writes scores.json and samples.jpg: the first prompts as columns, the makers as rows.

    Args:
        teacher: the LoRA of the teacher, as `lora` is the student's.
        count: prompts for each kind and, outdoors, for each time.
    """
    tiny, student = (
        LatentPrior(str(ASSETS / "tiny"), lora=str(each), device=device) for each in (teacher, lora)
    )
    judge, prompts, scores, rows = Judge.load(), draw_prompts(KINDS, count), {}, []
    reference = true_views(prompts)
    every = max(1, len(prompts) // COLUMNS)
    for name, images in samples(tiny, student, prompts):
        seen = score_samples(judge, prompts, images)["all"]
        scores[name] = seen | {"fid": distance(judge, images, reference)}
        rows.append(images[::every][:COLUMNS])
    output.mkdir(parents=True, exist_ok=True)
    sheet(torch.cat(rows), len(rows)).save(output / "samples.jpg", quality=92)
    (output / "scores.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
