"""Generates: one method, one task, a set of prompts.

    python -m synclab.run method=stochsync task=panorama prompt="a desert at night"
    python -m synclab.run -m method=ddim,synctweedies,stochsync task=panorama prompts=demo

Only Hydra is imported up here, so that `--help` and mistakes answer at once.
"""

import os
import sys

import hydra
from omegaconf import DictConfig

from synclab import command


@hydra.main(version_base="1.3", config_path="../conf", config_name="config")
def main(config: DictConfig) -> None:
    """Hydra's entry: one job of a sweep."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    here = HydraConfig.get()
    task, method, prior = (str(here.runtime.choices.get(g)) for g in ("task", "method", "prior"))
    sweep = here.mode == RunMode.MULTIRUN
    with command.job(f"{task}/{method}", sweep):
        from synclab.config import presets
        from synclab.jobs.session import run

        preset = str(here.runtime.choices.get("preset"))
        presets.check(preset, method, task)
        run(config, task=task, method=method, prior=prior, preset=preset, sweep=sweep)


if __name__ == "__main__":
    # Threads that spin at barriers make a small pipeline 100 times slower on a busy machine; the
    # policy is read when torch loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(command.run(main))
