"""Hydra's launcher for Slurm: the jobs of a sweep as one array.

Uses submitit directly instead of hydra-submitit-launcher 1.2, which counts failed jobs as completed
and hides the outcome of all others once one job is cancelled. A job that runs out of time is
signalled (USR2), abandons its current sample, is requeued and continues with the missing samples.
"""

import logging
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, filter_overrides, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

log = logging.getLogger(__name__)

GIVEN_UP = 3
"""Polls in which a job is missing from the queue, after which it counts as lost."""


@dataclass
class QueuedJob:
    """One job of the sweep as a node runs it."""

    hydra_context: HydraContext
    task_function: TaskFunction
    config: DictConfig

    def __call__(self, overrides: list[str], number: int, state: dict[type, Any]) -> None:
        """Runs the job; raises its error, so that Slurm records the failure."""
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        Singleton.set_state(state)
        setup_globals()
        config = self.hydra_context.config_loader.load_sweep_config(self.config, overrides)
        with open_dict(config.hydra.job):
            config.hydra.job.id = config.hydra.job.num = number
        done = run_job(
            hydra_context=self.hydra_context,
            task_function=self.task_function,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )
        return done.return_value

    def checkpoint(self, *arguments: Any) -> Any:
        """Requeues the same job; finished samples are skipped."""
        import submitit

        return submitit.helpers.DelayedSubmission(self, *arguments)


class SlurmLauncher(Launcher):
    """See conf/hydra/launcher/slurm.yaml for the arguments."""

    def __init__(
        self,
        folder: str,
        wait: bool,
        max_num_timeout: int,
        sbatch: Mapping[str, Any],
        **others: object,
    ) -> None:
        self.folder, self.wait, self.max_num_timeout = folder, wait, max_num_timeout
        options: Any = OmegaConf.to_container(sbatch) if OmegaConf.is_config(sbatch) else sbatch
        self.sbatch: dict[str, Any] = {str(key): value for key, value in options.items()}
        self.others = others

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.job, self.config = QueuedJob(hydra_context, task_function, config), config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Submits all jobs and waits for them; failures go to `synclab.hydra_command`."""
        overrides = [list(each) for each in job_overrides]
        numbers = range(initial_job_idx, initial_job_idx + len(overrides))
        states = [Singleton.get_state()] * len(overrides)
        jobs = self.submit(overrides, numbers, states)
        names = [" ".join(filter_overrides(each)) for each in overrides]
        for job, name in zip(jobs, names, strict=True):
            log.info("%s: %s", job.job_id, name)
        if self.wait:
            report_failures(jobs, names)
        else:
            log.info("submitted; python -m synclab.status shows their progress")
        return []

    def submit(self, *arguments: Sequence[Any]) -> Sequence[Any]:
        """Submits one job array with a task for each set of arguments.

        Raises: UserError without Slurm or submitit, and for options that either refuses.
        """
        from synclab.errors import UserError

        self.check_keys()
        if shutil.which("sbatch") is None:
            raise UserError("hydra/launcher=slurm: no sbatch here; run on a login node")
        try:
            import submitit
            from submitit.core.utils import FailedJobError
        except ModuleNotFoundError as error:
            raise UserError("hydra/launcher=slurm: run pip install -e '.[slurm]' first") from error
        executor = submitit.SlurmExecutor(self.folder, max_num_timeout=self.max_num_timeout)
        try:
            executor.update_parameters(**parameters(self.sbatch))
            return executor.map_array(self.job, *arguments)
        except (ValueError, TypeError, FailedJobError) as error:
            raise UserError(f"hydra.launcher.sbatch: refused ({error})") from error

    def check_keys(self) -> None:
        """Refuses unknown keys, which Hydra lets through if they are added with a +."""
        from synclab.config.queue_keys import LAUNCHER, right_key
        from synclab.errors import UserError, nearest

        known = dict.fromkeys(default_parameters())
        here = [f"{LAUNCHER}.{name}" for name in self.others]
        below = [f"{LAUNCHER}.sbatch.{name}" for name in self.sbatch if name not in known]
        for key in here + below:
            choices = nearest(key.rpartition(".")[2], known)
            raise UserError(right_key(key, set(known)) or f"{key}: no such key; {choices}")


def default_parameters() -> list[str]:
    """The keys of `sbatch` in conf/hydra/launcher/slurm.yaml."""
    from synclab.places import CONF

    body: Any = OmegaConf.load(CONF / "hydra" / "launcher" / "slurm.yaml")
    return [str(key) for key in body.sbatch]


def parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """Converts options to submitit's: commands become lists; false flags and nulls are dropped.

    A null `wckey` is kept: without it submitit sends its own.
    """
    flags = ("stderr_to_stdout", "use_srun")
    given: dict[str, Any] = {
        key: value
        for key, value in options.items()
        if (value is not False or key in flags) and (value is not None or key == "wckey")
    }
    for name in ("setup", "teardown"):
        if isinstance(given.get(name), str):
            given[name] = [given[name]]
    if isinstance(given.get("srun_args"), str):
        given["srun_args"] = shlex.split(given["srun_args"])
    return given


def report_failures(jobs: Sequence[Any], names: Sequence[str]) -> None:
    """Waits until every job has finished or left the queue, and reports those that failed."""
    from synclab.hydra_command import fail

    waiting = dict.fromkeys(range(len(jobs)), 0)
    start = time.monotonic()
    while waiting:
        queue = queued([jobs[i] for i in waiting])
        for i in list(waiting):
            if jobs[i].paths.result_pickle.exists():
                del waiting[i]
                if line := failure(jobs[i]):
                    fail(line)
            elif queue is not None and jobs[i].job_id not in queue:
                waiting[i] += 1
                if waiting[i] == GIVEN_UP:
                    del waiting[i]
                    fail(f"{names[i]}: job {jobs[i].job_id} {lost(jobs[i])}")
        time.sleep(min(30.0, 1 + (time.monotonic() - start) / 20))


def queued(jobs: Sequence[Any]) -> set[str] | None:
    """Ids of pending and running jobs; None if the queue does not answer.

    Uses `squeue`, not submitit's `sacct`, which clusters without accounting lack.
    """
    numbers = ",".join(sorted({job.job_id.split("_")[0] for job in jobs}))
    command = ["squeue", "--noheader", "--array", "--format=%i", f"--jobs={numbers}"]
    answer = subprocess.run(command, capture_output=True, encoding="utf-8")
    if answer.returncode and "Invalid job id" not in answer.stderr:
        return None
    return set(answer.stdout.split())


def failure(job: Any) -> str:
    """The error message of a finished job, empty for success."""
    error = job.exception()
    lines = re.findall(r"^\S*JobError: (.*)$", str(error), re.MULTILINE)
    return "" if error is None else lines[-1] if lines else f"job {job.job_id}: {error}"


def lost(job: Any) -> str:
    return f"ended without a result: cancelled, killed or out of time; its log: {job.paths.stderr}"
