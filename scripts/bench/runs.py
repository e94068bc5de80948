"""Where the time of a run goes: shares of wall time inside the denoiser and the VAE.

    python scripts/bench.py method=stochsync,sds task=panorama

Takes the overrides of `synclab.run`. One warm-up sample, then the measured one. The last column but
one sets the run against a plain loop of the same network calls on ready-made inputs: 1.00 would
mean that all else costs nothing.
"""

import logging
import sys
import time
from typing import Any

import torch
from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from synclab.command import complain
from synclab.config.composition import jobs, read_job
from synclab.config.hydra_errors import explain
from synclab.config.overrides import literal
from synclab.config.request import Request
from synclab.config.settings import read_settings
from synclab.core.protocols import Sample
from synclab.errors import UserError
from synclab.jobs.job import Job
from synclab.jobs.session import Setup, assemble
from synclab.jobs.threads import prepare_threads
from synclab.places import CONF

log = logging.getLogger("bench")

HEADER = """\
| method | task | s / sample | NFE | denoiser | VAE | rest | plain loop / run | MB |
|---|---|---|---|---|---|---|---|---|"""


def load(overrides: list[str]) -> tuple[Job, str]:
    """The job of a run, with all its checks, and the prompt."""
    choices, body = read_job(overrides)
    request = Request(choices.task, choices.method, choices.prior, choices.preset)
    settings = read_settings(body)
    prepare_threads(settings.num_threads)
    job = assemble(Setup.build(body, request.method), request, settings)
    if not hasattr(job.prior, "unet"):
        raise UserError(f"prior={request.prior}: no UNet to time; use prior=tiny")
    return job, settings.prompt


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
    prior: Any = job.prior
    recorder = Recorder(prior.unet)
    prior.unet = recorder
    row = job.make(sample).row
    prior.unet = recorder.network
    plain = recorder.replay(prior.dtype, prior.device)
    return {**row["seconds"], "plain": plain, "nfe": row["nfe"], "memory": row["peak_memory_mb"]}


def line(job: Job, prompt: str) -> str:
    """What one job takes, as a line of the table."""
    samples = [Sample(f"bench-{seed}", prompt, seed) for seed in range(2)]
    job.make(samples[0])
    figures = measure(job, samples[1])
    total = figures["total"]
    denoiser, vae = figures.get("denoiser", 0) / total, figures.get("vae", 0) / total
    return (
        f"| {job.method_name} | {job.task_name} | {total:.1f} | {figures['nfe']:.0f}"
        f" | {100 * denoiser:.0f} % | {100 * vae:.0f} % | {100 * (1 - denoiser - vae):.1f} %"
        f" | {figures['plain'] / total:.2f} | {figures['memory']:.0f} |"
    )


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arguments = [literal(argument) for argument in sys.argv[1:]]
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            for number, overrides in enumerate(jobs(arguments)):
                job, prompt = load(overrides)
                if number == 0:
                    threads = torch.get_num_threads()
                    log.info(
                        "%s on %s, %d threads", job.prior.checkpoint, job.prior.device, threads
                    )
                    log.info(HEADER)
                log.info(line(job, prompt))
    except HydraException as error:
        return complain(explain(error))
    except (UserError, OmegaConfBaseException) as error:
        return complain(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
