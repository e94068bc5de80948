"""One training loop for the embedded models: seeded, resumable, averaged, logged."""

import json
import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from tqdm import tqdm

from .muon import Optimizers, PlainAdamW

log = logging.getLogger("training")


@dataclass(frozen=True)
class Plan:
    """How long to train, on how many samples a step, where, and from which seed.

    bf16: whether networks compute in bfloat16 (torch.autocast); the weights stay in single
        precision. On CPUs with AVX-512 BF16 a step is 1.6 times faster, on others slower.
    """

    steps: int
    cooldown: int
    batch: int
    device: str
    seed: int
    bf16: bool = False


@dataclass
class Trainer:
    """Fits `modules` to a loss at a constant rate and keeps a moving average of the weights.

    The rate falls to zero over the last `cooldown` steps of the plan; nothing before depends on
    their number, so a run may be prolonged (the warmup-stable-decay schedule, Hu et al. 2024). The
    state lies in `folder/state.pt`; running again goes on from there. Every step draws from its own
    generator, seeded from (seed, step), so that an interrupted run sees the same data. The
    optimizer is Muon, or AdamW alone for a fine-tuning.
    """

    folder: Path
    modules: nn.ModuleDict
    plan: Plan
    learning_rate: float
    warmup: int = 100
    weight_decay: float = 0.01
    averaging: float = 0.999
    save_seconds: float = 120
    check_seconds: float = 600
    optimizers: type[Optimizers] | type[PlainAdamW] = Optimizers
    start: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.parameters = [p for p in self.modules.parameters() if p.requires_grad]
        self.average = [p.detach().clone() for p in self.parameters]
        self.optimizer = self.optimizers(self.modules, self.rate(0), self.weight_decay)
        if self.state.exists():
            self.resume()

    @property
    def state(self) -> Path:
        return self.folder / "state.pt"

    def rate(self, step: int) -> float:
        """Linear warm-up, constant, linear down to zero at `steps`."""
        left, cooldown = self.plan.steps - step, self.plan.cooldown
        down = min(1.0, left / cooldown) if cooldown else 1.0
        return self.learning_rate * min(1.0, (step + 1) / self.warmup) * down

    def fit(
        self,
        loss: Callable[[torch.Generator], Tensor],
        check: Callable[[int], dict[str, float]] | None = None,
    ) -> None:
        """Minimises `loss(generator)` from where it stopped; ends with the averages in place.

        With no step left to do, only the averages are put in place.

        check: called with the number of steps and with the averaged weights in place, every
            `check_seconds` and at the end; what it measures is logged.
        """
        saved = checked = time.monotonic()
        for step in tqdm(range(self.start, self.plan.steps), disable=None, initial=self.start):
            value = self.step(step, loss)
            if step % 10 == 0:
                self.record_loss(step, value)
            if time.monotonic() - saved > self.save_seconds:
                self.save(step + 1)
                saved = time.monotonic()
            if check is not None and time.monotonic() - checked > self.check_seconds:
                self.check(step + 1, check)
                checked = time.monotonic()
        if self.start < self.plan.steps:
            self.save(self.plan.steps)
            if check is not None:
                self.check(self.plan.steps, check)
        self.swap_average()

    def step(self, step: int, loss: Callable[[torch.Generator], Tensor]) -> Tensor:
        self.optimizer.set_rate(self.rate(step))
        generator = torch.Generator().manual_seed(self.plan.seed * 1_000_003 + step)
        kind = torch.device(self.plan.device).type
        # On CPUs the backward pass of the fused attention takes a quarter of a UNet's step.
        plain = sdpa_kernel(SDPBackend.MATH)
        with plain, torch.autocast(kind, torch.bfloat16, enabled=self.plan.bf16):
            value = loss(generator)
        self.modules.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        # The average starts short and lengthens, so that it never remembers the random start.
        keep = min(self.averaging, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.average, [p.detach() for p in self.parameters], 1 - keep)
        return value.detach()

    def record_loss(self, step: int, value: Tensor) -> None:
        if not math.isfinite(value.item()):
            raise FloatingPointError(f"loss is {value.item()} at step {step} in {self.folder}")
        self.record("loss.jsonl", {"step": step, "loss": round(value.item(), 5)})

    def record(self, name: str, row: dict[str, float]) -> None:
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row | {"time": round(time.time(), 1)}) + "\n")

    def check(self, step: int, check: Callable[[int], dict[str, float]]) -> None:
        self.swap_average()
        self.record("checks.jsonl", {"step": step} | check(step))
        self.swap_average()

    def save(self, step: int) -> None:
        temporary = self.state.with_suffix(".tmp")
        torch.save(
            {
                "step": step,
                "modules": self.modules.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": self.average,
            },
            temporary,
        )
        os.replace(temporary, self.state)

    def resume(self) -> None:
        state = torch.load(self.state, map_location=self.parameters[0].device, weights_only=True)
        self.modules.load_state_dict(state["modules"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        self.start = state["step"]
        log.info("resumed %s at step %d of %d", self.folder, self.start, self.plan.steps)

    @torch.no_grad()
    def swap_average(self) -> None:
        """Exchanges the weights and their averages."""
        for parameter, average in zip(self.parameters, self.average, strict=True):
            current = parameter.clone()
            parameter.copy_(average)
            average.copy_(current)


def quiet_residuals(network: nn.Module) -> None:
    """Every residual block starts as its shortcut, which makes the first steps count."""
    for module in network.modules():
        if isinstance(module, ResnetBlock2D):
            nn.init.zeros_(module.conv2.weight)
            nn.init.zeros_(module.conv2.bias)  # type: ignore
