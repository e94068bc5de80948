"""Estimates the cost of a run or a sweep: samples, network evaluations, TFLOP, hours and disk.

    synclab plan experiment=table1 prior=sd21_base device=h200
    synclab plan method=ddim,stochsync task=panorama prompts=demo device=300

Takes the keys of `synclab.run`; `device` is a name in synclab/costs.yaml, or TFLOP/s. No model is
loaded. The seconds of finished samples, if there are any, are shown beside the estimate.
"""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from synclab import command
from synclab.config import plugins
from synclab.config.composition import jobs, read_job
from synclab.config.hydra_errors import explain
from synclab.config.overrides import literal
from synclab.config.schema import build
from synclab.config.settings import part_of, read_settings
from synclab.config.yaml_files import read_yaml
from synclab.core.hashing import to_json
from synclab.errors import UserError, nearest
from synclab.jobs.counting import Work, count, stand_in
from synclab.places import CONF, COSTS
from synclab.store.folder import list_samples
from synclab.store.progress import recent_seconds
from synclab.text_table import table

log = logging.getLogger(__name__)

DEVICE = "h200"
"""The device if none is given."""

BYTES = 2
"""Approximate bytes per pixel of a PNG; a row adds 2 kB."""

HEADER = (
    "task/method", "samples", "done", "NFE", "TFLOP each", "TFLOP", "hours", "s measured", "GB",
    "run",
)  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """One job of a sweep.

    Args:
        work: network inputs of one sample.
        tflop: of one sample.
        rate: TFLOP/s of the device.
        measured: median seconds of finished samples in the folder; None if there are none.
        size: bytes of one sample on disk.
    """

    name: str
    run: str
    samples: int
    done: int
    work: Work
    tflop: float
    rate: float
    measured: float | None
    size: float

    @property
    def left(self) -> int:
        return self.samples - self.done

    @property
    def hours(self) -> float:
        return self.left * self.tflop / self.rate / 3600

    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            str(self.samples),
            str(self.done),
            f"{self.work.denoiser:.0f}",
            readable(self.tflop),
            readable(self.left * self.tflop),
            readable(self.hours),
            "–" if self.measured is None else f"{self.measured:.1f}",
            readable(self.left * self.size / 1e9),
            self.run,
        )


def plan(overrides: Sequence[str], rate: float, costs: dict[str, Any]) -> Planned:
    """Plans one job by running its method on a prior that only counts."""
    choices, body = read_job(overrides)
    settings, cost = read_settings(body), cost_of(choices.prior, costs)
    plugins.allow(settings.plugins)
    wanted = part_of(settings.shard, settings.samples())
    folder = settings.folder(choices.task, choices.method)
    listing = list_samples(folder) if folder.is_dir() else None
    work = work_of(
        to_json(body["task"]), to_json(body["method"]), tuple(cost["shape"]), choices.prior
    )
    pixels = work.views * (cost["shape"][2] * cost["factor"]) ** 2
    return Planned(
        name=f"{choices.task}/{choices.method}",
        run=settings.run,
        samples=len(wanted),
        done=len({sample.id for sample in wanted} & set(listing.done)) if listing else 0,
        work=work,
        tflop=work.cost(cost),
        rate=rate,
        measured=recent_seconds(folder, listing) if listing else None,
        size=BYTES * pixels + 2000,
    )


@cache
def work_of(task: bytes, method: bytes, shape: tuple[int, int, int], prior: str) -> Work:
    """Work of one sample; cached for jobs that differ only in prompts or seeds."""
    the_task, the_method = build(json.loads(task), "task"), build(json.loads(method), "method")
    the_task.check(the_method, type(the_method).__name__)
    the_task.check_prior(stand_in(shape), prior)
    return count(the_task, the_method, shape)


def cost_of(prior: str, costs: dict[str, Any]) -> dict[str, Any]:
    if prior not in costs["priors"]:
        raise UserError(
            f"prior={prior}: its cost is not in {COSTS}; add the line '{prior}: {{shape: [c, h, w],"
            " factor: 8, denoiser: TFLOP, encode: TFLOP, decode: TFLOP}' under priors there, or"
            f" plan with a prior of the same networks; {nearest(prior, costs['priors'])}"
        )
    return costs["priors"][prior]


def rate_of(device: str, costs: dict[str, Any]) -> float:
    """TFLOP/s of a named device, or the number itself."""
    try:
        rate = float(device)
    except ValueError:
        rate = costs["devices"].get(device, 0)
    if not rate > 0:
        known = nearest(device, costs["devices"])
        raise UserError(f"device={device}: expected TFLOP/s above 0 or a name; {known}")
    return rate


def show(arguments: argparse.Namespace) -> None:
    """Prints a line for each job, and the total."""
    costs = read_yaml(COSTS)
    words = [literal(word) for word in arguments.overrides]
    named = [word.partition("=")[2] for word in words if word.startswith("device=")]
    device = named[-1] if named else DEVICE
    rate = rate_of(device, costs)
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            wanted = jobs([word for word in words if not word.startswith("device=")])
            planned = [plan(job, rate, costs) for job in wanted]
    except HydraException as error:
        raise UserError(explain(error)) from error
    except OmegaConfBaseException as error:
        raise UserError(str(error)) from error
    for line in table(HEADER, [each.cells() for each in planned]):
        log.info("%s", line)
    hours, tflop = sum(p.hours for p in planned), sum(p.left * p.tflop for p in planned)
    name = f"one {device}" if device in costs["devices"] else "one device"
    choice = "" if named else "; choose another with device=NAME or device=TFLOP/s"
    work, time = readable(tflop), readable(hours)
    log.info("%s TFLOP take %s hours on %s at %g TFLOP/s%s", work, time, name, rate, choice)


def readable(number: float) -> str:
    """A number of at least three digits, without exponents; "<0.01" for small ones."""
    if 0 < number < 0.01:
        return "<0.01"
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def main() -> int:
    arguments = command.parser("synclab plan", __doc__)
    arguments.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="as for synclab run")
    arguments.add_argument("-m", "--multirun", action="store_true", help="always on")
    return command.main(arguments, show)


if __name__ == "__main__":
    sys.exit(main())
