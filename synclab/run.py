"""Generates samples of one method and one task for a set of prompts.

    synclab run method=stochsync task=panorama prompt="a desert at night"
    synclab run -m method=ddim,synctweedies,stochsync task=panorama prompts=demo

Only Hydra is imported at the top, so that `--help` and errors respond at once.
"""

import sys

import hydra
from omegaconf import DictConfig

from synclab import hydra_command
from synclab.errors import UserError
from synclab.places import CONF
from synclab.waiting import wait_briefly


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def run_job(config: DictConfig) -> None:
    """Hydra's entry: one job of a sweep."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    here = HydraConfig.get()
    task, method, prior = (str(here.runtime.choices.get(g)) for g in ("task", "method", "prior"))
    sweep = here.mode == RunMode.MULTIRUN
    with hydra_command.job(f"{task}/{method}", sweep):
        if here.job.chdir:
            raise UserError("hydra.job.chdir=true: not supported; use results=FOLDER instead")
        from synclab.config import presets
        from synclab.config.request import Request
        from synclab.jobs.session import run

        preset = str(here.runtime.choices.get("preset"))
        presets.check(preset, method, task)
        run(config, Request(task, method, prior, preset, sweep))


def main() -> int:
    """The command; its arguments are those of this process."""
    wait_briefly()
    return hydra_command.run(run_job)


if __name__ == "__main__":
    sys.exit(main())
