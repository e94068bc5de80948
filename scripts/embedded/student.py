"""A student of a few steps: the guided denoiser as a consistency model of the same network.

Song et al., Consistency Models (2303.01469), Alg. 2, with guidance inside the teacher's step as Luo
et al., Latent Consistency Models (2310.04378), and with the student itself, without gradient, as
the target network (Song and Dhariwal 2023, 2310.14189). The student predicts a velocity, so its x0
equals x where there is no noise: the boundary condition of a consistency function.
"""

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .diffusion import Guided, clean, noised, schedule
from .training import Plan, Trainer
from .unet import Captioned

INTERVALS = 25  # of the teacher's path; more copy it more finely and take longer to learn


def consistent_x0(unet: Any, x: Tensor, t: Tensor, context: Tensor) -> Tensor:
    """The consistency function: x0 from x at the times t (n,), and x itself at t = -1."""
    return clean(x, unet(x, t.clamp_min(0), context).sample, t)


def draw_intervals(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Times t and the next lower ones s (count,) of the teacher's path; the last s is -1."""
    times = torch.tensor(schedule().steps(INTERVALS))
    pairs = times[torch.randint(INTERVALS, (count,), generator=generator)]
    return pairs[:, 0], pairs[:, 1]


def consistency_loss(
    student: Any, teacher: Guided, x: Tensor, t: Tensor, s: Tensor, context: Tensor
) -> Tensor:
    """Pseudo-Huber distance of the student's x0 at t and at s, on one path of the teacher."""
    with torch.no_grad():
        target = consistent_x0(student, teacher.step(x, t, s, context), s, context)
    error = (consistent_x0(student, x, t, context) - target).square().mean((1, 2, 3))
    return ((error + 1e-3).sqrt() - 1e-3**0.5).mean()


def train_student(
    folder: Path,
    data: Path,
    teacher: Path,
    guidance: float,
    plan: Plan,
) -> None:
    """Distils `teacher`, a folder as `train_unet` leaves it; the text encoder stays the same."""
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel

    torch.manual_seed(plan.seed)
    text_encoder: Any = CLIPTextModel.from_pretrained(teacher / "text_encoder").requires_grad_(
        False
    )
    text_encoder.to(plan.device)
    original: Any = UNet2DConditionModel.from_pretrained(teacher / "model")
    student = copy.deepcopy(original).to(plan.device)
    views = Captioned.load(data, plan.device)
    unprompted = text_encoder(views.empty[None].long().to(plan.device)).last_hidden_state
    guided = Guided(original.requires_grad_(False).to(plan.device), unprompted, guidance)
    trainer = Trainer(folder, nn.ModuleDict({"unet": student}), plan, 3e-4, averaging=0.99)

    def loss(generator: torch.Generator) -> Tensor:
        drawn = views.draw(plan.batch, 0.0, generator)
        t, s = (times.to(plan.device) for times in draw_intervals(plan.batch, generator))
        context = text_encoder(drawn.words).last_hidden_state
        return consistency_loss(student, guided, noised(drawn.x0, drawn.eps, t), t, s, context)

    trainer.fit(loss)
    student.save_pretrained(folder / "model")
    text_encoder.save_pretrained(folder / "text_encoder")
