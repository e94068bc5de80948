"""Where the time of a run goes: shares of wall time inside the denoiser and the VAE.

    python scripts/bench.py method=stochsync task=panorama
    python scripts/bench.py overhead

Takes the overrides of `synclab.run`. One warm-up sample, then the measured ones. The last column
sets the run against a plain loop of the same network calls on ready-made inputs: 1.00 would mean
that all else costs nothing.

`overhead` measures just that rest, at the papers' sizes and beside the authors' code: see
bench_overhead.py.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import logging
import sys
import time
from typing import Any

import bench_overhead
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from synclab.command import CONF, prepare_threads
from synclab.config import build
from synclab.session import Job, choose_device
from synclab.types import Sample

log = logging.getLogger("bench")


def load(overrides: list[str]) -> tuple[dict[str, Any], Job]:
    """The configuration of a run and the job it describes."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides=overrides, return_hydra_config=True)
    choices = dict(config.hydra.runtime.choices)
    keys: Any = ["prior", "task", "method", "prompt", "device", "num_threads"]
    body: Any = OmegaConf.to_container(OmegaConf.masked_copy(config, keys), resolve=True)
    prepare_threads(body["num_threads"])
    prior = build(body["prior"], "prior", device=choose_device(body["device"]))
    task, method = build(body["task"], "task"), build(body["method"], "method")
    return body, Job(prior, task, method, choices["task"], choices["method"])


class Recorder:
    """Stands in for a prior's network and keeps the shapes and times it was called with."""

    def __init__(self, network: Any) -> None:
        self.network, self.calls = network, []

    def __call__(self, x: torch.Tensor, time: torch.Tensor, context: torch.Tensor) -> Any:
        self.calls.append((x.shape, time, context))
        return self.network(x, time, context)

    def replay(self, dtype: torch.dtype, device: str) -> float:
        """Seconds of the same calls in a bare loop."""
        inputs = {shape: torch.randn(shape, device=device, dtype=dtype) for shape, *_ in self.calls}
        wait(device)
        start = time.perf_counter()
        for shape, moment, context in self.calls:
            self.network(inputs[shape], moment, context)
        wait(device)
        return time.perf_counter() - start


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def measure(job: Job, sample: Sample) -> dict[str, float]:
    """Seconds of one sample, by part, and of its network calls in a plain loop."""
    recorder = Recorder(job.prior.unet)
    job.prior.unet = recorder
    _, row = job.make(sample)
    job.prior.unet = recorder.network
    plain = recorder.replay(job.prior.dtype, job.prior.device)
    return {**row["seconds"], "plain": plain, "nfe": row["nfe"], "memory": row["peak_memory_mb"]}


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if sys.argv[1:] == ["overhead"]:
        bench_overhead.main()
    else:
        shares(sys.argv[1:])


def shares(overrides: list[str]) -> None:
    """The table of one run."""
    body, job = load(overrides)
    samples = [Sample(f"bench-{seed}", body["prompt"], seed) for seed in range(2)]
    job.make(samples[0])
    figures = measure(job, samples[1])
    total = figures["total"]
    log.info("%s on %s, %d threads", job.prior.path, job.prior.device, torch.get_num_threads())
    log.info("| method | task | s / sample | NFE | denoiser | VAE | rest | plain loop / run | MB |")
    log.info("|---|---|---|---|---|---|---|---|---|")
    denoiser, vae = figures.get("denoiser", 0) / total, figures.get("vae", 0) / total
    log.info(
        "| %s | %s | %.1f | %d | %.0f %% | %.0f %% | %.1f %% | %.2f | %d |",
        job.method_name,
        job.task_name,
        total,
        figures["nfe"],
        100 * denoiser,
        100 * vae,
        100 * (1 - denoiser - vae),
        figures["plain"] / total,
        figures["memory"],
    )


if __name__ == "__main__":
    main()
