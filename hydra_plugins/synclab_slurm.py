"""Hydra's launcher for Slurm: the jobs of a sweep as one array.

On plain submitit, in place of hydra-submitit-launcher 1.2: there a failed job counts as completed,
and one cancelled job hides what became of all others. A job that runs out of time is signalled
(USR2), gives up its sample, goes back to the queue and goes on with what is missing.
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
"""Looks at the queue without a sign of a job, after which it has ended without an answer."""


@dataclass
class QueuedJob:
    """One job of the sweep as a node runs it."""

    hydra_context: HydraContext
    task_function: TaskFunction
    config: DictConfig

    def __call__(self, overrides: list[str], number: int, state: dict[type, Any]) -> None:
        """Runs the job; raises its failure, so that Slurm records it."""
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
            tell_failures(jobs, names)
        else:
            log.info("submitted; python -m synclab.status tells how far they are")
        return []

    def submit(self, *arguments: Sequence[Any]) -> Sequence[Any]:
        """One array, a task for each set of arguments.

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
            raise UserError("hydra/launcher=slurm: say pip install -e '.[slurm]' first") from error
        executor = submitit.SlurmExecutor(self.folder, max_num_timeout=self.max_num_timeout)
        try:
            executor.update_parameters(**parameters(self.sbatch))
            return executor.map_array(self.job, *arguments)
        except (ValueError, TypeError, FailedJobError) as error:
            raise UserError(f"hydra.launcher.sbatch: refused ({error})") from error

    def check_keys(self) -> None:
        """Refuses keys that were added with a + and that no option is called by."""
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
    """Options as submitit takes them: lists of commands, no flag that is false, and none of null.

    A null `wckey` stays: submitit sends one of its own without it.
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


def tell_failures(jobs: Sequence[Any], names: Sequence[str]) -> None:
    """Waits until every job has answered or left the queue."""
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
    """Ids of those that wait or run; None where the queue does not answer.

    `squeue` rather than submitit's `sacct`, which clusters without accounting lack.
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
    return f"ended without an answer: cancelled, killed or out of time; its log: {job.paths.stderr}"
