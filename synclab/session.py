"""One job: builds prior, task and method, and runs the samples that are missing."""

import io
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from annotated_types import Ge
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from synclab import environment
from synclab.command import prepare_threads
from synclab.config import build, validate
from synclab.errors import UserError
from synclab.meter import MeteredSpace
from synclab.priors.checkpoint import fingerprint
from synclab.prompts import read_prompts, samples
from synclab.repro import Streams, digest
from synclab.store import Store, to_json
from synclab.types import Method, Sample

log = logging.getLogger(__name__)

GROUPS = ("prior", "task", "method")
NEUTRAL = ("batch",)  # keys of a prior that change speed, never the picture


@dataclass(frozen=True)
class Settings:
    """What a run asks for besides prior, task and method."""

    prompt: str
    prompts: str | None
    seed: Annotated[int, Ge(0)]
    device: Literal["auto", "cpu", "cuda", "mps"]
    num_threads: Annotated[int, Ge(1)] | None
    results: str
    run: str


def run(config: DictConfig, task: str, method: str, prior: str) -> None:
    """Runs every sample that is not done; the names are the choices made for each group."""
    body: Any = OmegaConf.to_container(config, resolve=True)
    settings = read_settings(body)
    prepare_threads(settings.num_threads)
    device = choose_device(settings.device)
    wanted = read_samples(settings)
    the_task, the_method = build(body["task"], "task"), build(body["method"], "method")
    the_task.check(the_method, method)
    identity = identify(body)
    store = Store(Path(settings.results) / file_safe(settings.run) / task / method)
    store.check(identity)
    todo = [sample for sample in wanted if not store.done(sample.id)]
    if todo:
        job = Job(load_prior(to_json(body["prior"]), device), the_task, the_method, task, method)
        facts = {"config": identity, "hash": digest(to_json(identity)), "prior": prior}
        store.open(identity)
        log.info("%s/%s: %d of %d samples to do", task, method, len(todo), len(wanted))
        for sample in todo:
            image, row = job.make(sample)
            store.write(sample.id, image, {**facts, **row})
    for sample in wanted:
        log.info("%s", store.image(sample.id))


def identify(body: Mapping[str, Any]) -> dict[str, Any]:
    """What makes a picture: all values of prior, task and method, and the denoiser's weights."""
    groups = {group: dict(body[group]) for group in GROUPS}
    for key in NEUTRAL:
        groups["prior"].pop(key, None)
    if "path" in groups["prior"]:
        groups["prior"]["weights"] = fingerprint(groups["prior"]["path"])
    return groups


def read_settings(body: Mapping[str, Any]) -> Settings:
    rest = {key: value for key, value in body.items() if key not in GROUPS}
    return Settings(**validate(Settings, rest, ""))


def read_samples(settings: Settings) -> list[Sample]:
    """What is asked for: a set of prompts, or the one prompt."""
    prompts = read_prompts(settings.prompts) if settings.prompts else [settings.prompt]
    return samples(prompts, settings.seed)


def file_safe(name: str) -> str:
    if not re.fullmatch(r"[\w-][\w.-]*", name):
        raise UserError(
            f"run={name}: expected letters, digits, '-', '_' and '.', a name not a path"
        )
    return name


def choose_device(name: str) -> str:
    """cuda or mps where there is one, for `auto`; a device that is asked for must be there."""
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return next(device for device, available in there.items() if available)
    if not there[name]:
        found = ", ".join(device for device, available in there.items() if available)
        raise UserError(f"device={name}: this machine has none; found {found}; say device=auto")
    return name


@lru_cache(maxsize=1)
def load_prior(body: bytes, device: str) -> Any:
    """The prior of a configuration; the last one stays, so that a sweep loads it once."""
    return build(json.loads(body), "prior", device=device)


@dataclass
class Job:
    """A prior, a task and a method at work, with the names of the last two."""

    prior: Any
    task: Any
    method: Method
    task_name: str
    method_name: str

    def make(self, sample: Sample) -> tuple[bytes, dict[str, Any]]:
        """One sample: its PNG and its row."""
        self.prior.meter.reset()
        environment.reset_peak_memory(self.prior.device)
        start = time.perf_counter()
        image = self.task.image(self.prior, self.generate(sample))
        if not torch.isfinite(image).all():
            raise UserError(f"{sample.id}: the image is not finite; try prior.precision=fp32")
        png = to_png(image)
        return png, self.row(sample, self.seconds(time.perf_counter() - start))

    def seconds(self, total: float) -> dict[str, float]:
        """Seconds by part; what no part claims is the rest."""
        parts = self.prior.meter.seconds()
        return {"total": total, **parts, "rest": total - sum(parts.values())}

    def generate(self, sample: Sample) -> Tensor:
        """Runs the method to its end and returns the last canonical estimate."""
        rng = Streams(self.task_name, sample.prompt, sample.seed, device=self.prior.device)
        space: Any = MeteredSpace(self.task.space(self.prior, rng), self.prior.meter)
        condition = self.task.condition(self.prior, sample)
        steps = self.method(self.prior, space, condition, rng)
        bar = {"desc": f"{self.method_name} {sample.id}", "total": self.method.steps}
        z = None
        for estimate in tqdm(steps, **bar, leave=False, disable=None):
            z = estimate
        assert z is not None, "a method must end with an estimate"
        return z

    def row(self, sample: Sample, seconds: dict[str, float]) -> dict[str, Any]:
        return {
            "id": sample.id,
            "prompt": sample.prompt,
            "seed": sample.seed,
            "checkpoint": getattr(self.prior, "path", None),
            "nfe": self.prior.meter.nfe,
            "seconds": {part: round(value, 3) for part, value in seconds.items()},
            "peak_memory_mb": environment.peak_memory(self.prior.device),
            **environment.describe(self.prior.device),
        }


def to_png(image: Tensor) -> bytes:
    """(3, H, W) in [0, 1] as PNG bytes, rounded to the nearest of 256 levels."""
    pixels = (image.detach().cpu().float() * 255).round().byte().permute(1, 2, 0).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
