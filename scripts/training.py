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
from muon import Optimizers
from torch import Tensor, nn
from tqdm import tqdm

log = logging.getLogger("training")


@dataclass
class Trainer:
    """Fits `modules` to a loss with Muon, a cosine schedule and an exponential moving average.

    The state lies in `folder/state.pt`; running again goes on from there. Every step draws from its
    own generator, seeded from (seed, step), so that an interrupted run sees the same data.
    """

    folder: Path
    modules: nn.ModuleDict
    steps: int
    learning_rate: float
    warmup: int = 100
    weight_decay: float = 0.01
    averaging: float = 0.999
    seed: int = 0
    save_seconds: float = 120
    start: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.parameters = [p for p in self.modules.parameters() if p.requires_grad]
        self.average = [p.detach().clone() for p in self.parameters]
        self.optimizer = Optimizers(self.modules, self.rate(0), self.weight_decay)
        if self.state.exists():
            self.resume()

    @property
    def state(self) -> Path:
        return self.folder / "state.pt"

    def rate(self, step: int) -> float:
        """Linear warm-up, then half a cosine down to a hundredth."""
        cosine = 0.505 + 0.495 * math.cos(math.pi * min(1.0, step / self.steps))
        return self.learning_rate * min(1.0, (step + 1) / self.warmup) * cosine

    def fit(self, loss: Callable[[torch.Generator], Tensor]) -> None:
        """Minimises `loss(generator)` from where it stopped; ends with the averages in place."""
        saved = time.monotonic()
        with (self.folder / "loss.jsonl").open("a") as log_file:
            for step in tqdm(range(self.start, self.steps), disable=None, initial=self.start):
                value = self.step(step, loss)
                self.record(log_file, step, value)
                if time.monotonic() - saved > self.save_seconds:
                    self.save(step + 1)
                    saved = time.monotonic()
        self.save(self.steps)
        self.use_average()

    def step(self, step: int, loss: Callable[[torch.Generator], Tensor]) -> Tensor:
        self.optimizer.set_rate(self.rate(step))
        value = loss(torch.Generator().manual_seed(self.seed * 1_000_003 + step))
        self.modules.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        # The average starts short and lengthens, so that it never remembers the random start.
        keep = min(self.averaging, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.average, [p.detach() for p in self.parameters], 1 - keep)
        return value.detach()

    def record(self, log_file, step: int, value: Tensor) -> None:
        if step % 10:
            return
        if not math.isfinite(value.item()):
            raise FloatingPointError(f"loss is {value.item()} at step {step} in {self.folder}")
        row = {"step": step, "loss": round(value.item(), 5), "time": round(time.time(), 1)}
        log_file.write(json.dumps(row) + "\n")
        log_file.flush()

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
        log.info("resumed %s at step %d of %d", self.folder, self.start, self.steps)

    def use_average(self) -> None:
        """Puts the averaged weights into the modules."""
        with torch.no_grad():
            for parameter, average in zip(self.parameters, self.average, strict=True):
                parameter.copy_(average)
