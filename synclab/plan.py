"""What a run or a sweep will take: samples, network evaluations, TFLOP, hours and disk.

    python -m synclab.plan experiment=table1 prior=sd21_base device=h200
    python -m synclab.plan method=ddim,stochsync task=panorama prompts=demo device=300

Takes the keys of `synclab.run`, and as `device` a name of synclab/costs.yaml or TFLOP/s. No model
is loaded. Where a folder holds finished samples, their seconds stand beside the estimate.
"""

import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from synclab.command import CONF, complain, explain, quote_prompt
from synclab.config import build
from synclab.counting import Work, count
from synclab.errors import UserError, nearest
from synclab.settings import part_of, read_settings
from synclab.status import recent_seconds, table
from synclab.store import list_samples, to_json

log = logging.getLogger(__name__)

COSTS = Path(__file__).with_name("costs.yaml")
BYTES = 2
"""Of a PNG for each pixel, about; a row adds 2 kB."""

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
        measured: seconds of a finished sample of the same folder, None where there is none.
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
            f"{self.tflop:.4g}",
            f"{self.left * self.tflop:.4g}",
            f"{self.hours:.3g}",
            "–" if self.measured is None else f"{self.measured:.1f}",
            f"{self.left * self.size / 1e9:.2g}",
            self.run,
        )


def jobs(arguments: Sequence[str]) -> list[list[str]]:
    """The overrides of each job: those of the command line over those of an experiment."""
    parser = OverridesParser.create()
    mine = parser.parse_overrides(list(arguments))
    plain = [o.input_line or "" for o in mine if not o.is_sweep_override()]
    config = compose("config", overrides=plain, return_hydra_config=True)
    params = OmegaConf.to_container(config.hydra.sweeper.get("params") or OmegaConf.create())
    assert isinstance(params, dict)
    swept = parser.parse_overrides([f"{key}={value}" for key, value in params.items()])
    (batch,) = BasicSweeper.split_arguments([*swept, *mine], None)
    return [list(job) for job in batch]


def read_job(overrides: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """The choice made for each group, and all values of one job as its run would see them."""
    config = compose("config", overrides=list(overrides), return_hydra_config=True)
    HydraConfig.instance().set_config(config)
    keys: Any = [key for key in config if key != "hydra"]
    body: Any = OmegaConf.to_container(OmegaConf.masked_copy(config, keys), resolve=True)
    return config.hydra.runtime.choices, body


def plan(overrides: Sequence[str], rate: float, costs: dict[str, Any]) -> Planned:
    """One job, with its method run on a prior that only counts."""
    choices, body = read_job(overrides)
    settings, cost = read_settings(body), cost_of(choices.prior, costs)
    wanted = part_of(settings.shard, settings.samples())
    folder = settings.folder(choices.task, choices.method)
    listing = list_samples(folder) if folder.is_dir() else None
    work = work_of(to_json(body["task"]), to_json(body["method"]), cost["shape"][0])
    pixels = work.views * (cost["shape"][1] * cost["factor"]) ** 2
    return Planned(
        name=f"{choices.task}/{choices.method}",
        run=settings.run,
        samples=len(wanted),
        done=len({sample.id for sample in wanted} & set(listing.done)) if listing else 0,
        work=work,
        tflop=sum(getattr(work, part) * cost[part] for part in ("denoiser", "encode", "decode")),
        rate=rate,
        measured=recent_seconds(folder, listing) if listing else None,
        size=BYTES * pixels + 2000,
    )


@cache
def work_of(task: bytes, method: bytes, channels: int) -> Work:
    """Counted once for all jobs that differ in prompts or seeds alone."""
    the_task, the_method = build(json.loads(task), "task"), build(json.loads(method), "method")
    the_task.check(the_method, type(the_method).__name__)
    return count(the_task, the_method, channels)


def cost_of(prior: str, costs: dict[str, Any]) -> dict[str, Any]:
    if prior not in costs["priors"]:
        raise UserError(
            f"prior={prior}: its cost is not in {COSTS.name}; {nearest(prior, costs['priors'])}"
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


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    costs = yaml.safe_load(COSTS.read_text())
    arguments = [quote_prompt(argument) for argument in sys.argv[1:]]
    named = [a.partition("=")[2] for a in arguments if a.startswith("device=")]
    rest = [a for a in arguments if not a.startswith("device=") and a not in ("-m", "--multirun")]
    try:
        rate = rate_of(named[-1] if named else "h200", costs)
        with initialize_config_dir(str(CONF), version_base="1.3"):
            planned = [plan(job, rate, costs) for job in jobs(rest)]
    except HydraException as error:
        return complain(explain(error))
    except (UserError, OmegaConfBaseException) as error:
        return complain(str(error))
    for line in table(HEADER, [each.cells() for each in planned]):
        log.info("%s", line)
    hours, tflop = sum(p.hours for p in planned), sum(p.left * p.tflop for p in planned)
    log.info("%.4g TFLOP are %.3g hours of one device at %g TFLOP/s", tflop, hours, rate)
    return 0


if __name__ == "__main__":
    sys.exit(main())
