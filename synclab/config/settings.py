"""Settings of a run besides prior, task and method."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from annotated_types import Ge

from synclab.config.prompts import read_prompts, samples
from synclab.config.schema import validate
from synclab.core.protocols import Count, Sample
from synclab.errors import UserError

GROUPS = ("prior", "task", "method")


@dataclass(frozen=True)
class Settings:
    """The keys outside the groups; see conf/config.yaml."""

    prompt: str
    prompts: str | None
    seed: Annotated[int, Ge(0)]
    shard: str
    samples_per_batch: Count
    previews: Annotated[int, Ge(0)]
    device: Literal["auto", "cpu", "cuda", "mps"]
    num_threads: Count | None
    results: str
    run: str
    plugins: list[str]

    def samples(self) -> list[Sample]:
        """The requested samples: of a set of prompts, or of a single prompt."""
        prompts = read_prompts(self.prompts) if self.prompts else [self.prompt]
        return samples(prompts, self.seed)

    def folder(self, task: str, method: str) -> Path:
        """The folder of a task's and a method's samples."""
        return Path(self.results) / file_safe(self.run) / task / method


def read_settings(body: Mapping[str, Any]) -> Settings:
    rest = {key: value for key, value in body.items() if key not in GROUPS}
    return Settings(**validate(Settings, rest, ""))


def part_of(shard: str, wanted: Sequence[Sample]) -> list[Sample]:
    """Every n-th sample starting with the i-th, for shard `i/n` with i from 1."""
    match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", shard)
    if not match or int(match[1]) > int(match[2]):
        raise UserError(
            f"shard={shard}: expected i/n, part i of n, from 1/n to n/n, such as shard=1/4"
        )
    index, count = int(match[1]), int(match[2])
    return list(wanted[index - 1 :: count])


def file_safe(name: str) -> str:
    if not re.fullmatch(r"[\w-][\w.-]*", name):
        raise UserError(
            f"run={name}: expected a name of letters, digits, '-', '_' and '.', not a path"
        )
    return name


def choose_device(name: str) -> str:
    """Resolves `auto` to cuda, mps or cpu.

    Raises: UserError if the machine does not have the requested device.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return next(device for device, available in there.items() if available)
    if not there[name]:
        found = ", ".join(device for device, available in there.items() if available)
        raise UserError(f"device={name}: this machine has none; found {found}; use device=auto")
    return name
