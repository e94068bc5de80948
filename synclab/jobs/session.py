"""Runs one job: builds prior, task and method, and generates the missing samples."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from omegaconf import DictConfig, OmegaConf

from synclab.config import plugins, schema
from synclab.config.compatibility import check_match
from synclab.config.request import Request
from synclab.config.settings import GROUPS, Settings, choose_device, part_of, read_settings
from synclab.core.hashing import config_hash, to_json
from synclab.core.protocols import Method, Prior, Sample, Task
from synclab.errors import UserError, nearest
from synclab.jobs.identity import INPUTS, identify
from synclab.jobs.job import Job, Previews
from synclab.jobs.threads import prepare_threads
from synclab.jobs.worklist import complete, opened, raise_failures, recorded
from synclab.places import CONF
from synclab.store.folder import Store

log = logging.getLogger(__name__)


def run(config: DictConfig, request: Request) -> None:
    """Generates every sample that is not done.

    In a sweep, an error that ends the job before its first sample is recorded in the folder too.

    Raises: UserError for bad input, and after the last sample if any has failed.
    """
    assignment = check(config, request)
    todo = prepare(assignment)
    failed = make(assignment, todo)
    report(assignment, todo, failed)


@dataclass(frozen=True)
class Setup:
    """Task, method and identity of a run, built before any network is loaded.

    Args:
        prior: the values of the prior's group.
        defaults: default values of the classes by group; see `Store`.
    """

    task: Task
    method: Method
    prior: Mapping[str, Any]
    identity: dict[str, Any]
    defaults: dict[str, dict[str, Any]]

    @classmethod
    def build(cls, body: Mapping[str, Any], method_name: str) -> "Setup":
        """Raises: UserError for invalid values or combinations of values."""
        task: Task = schema.build(body["task"], "task")
        method: Method = schema.build(body["method"], "method")
        task.check(method, method_name)
        prior_class, prior = schema.check(body["prior"], "prior", given=["device"])
        classes = {"task": type(task), "method": type(method), "prior": prior_class}
        identity = identify(body, task, prior.get("path"))
        defaults: dict[str, Any] = {group: schema.defaults(c) for group, c in classes.items()}
        defaults[INPUTS] = identity.get(INPUTS, {})
        return cls(task, method, body["prior"], identity, defaults)


@dataclass(frozen=True)
class Assignment:
    """A request with checked values, and the folder of its results.

    Args:
        wanted: all samples of the request.
        mine: the samples of this process's shard.
    """

    request: Request
    settings: Settings
    setup: Setup
    wanted: Sequence[Sample]
    mine: Sequence[Sample]
    store: Store

    @property
    def facts(self) -> dict[str, Any]:
        """Request fields recorded in every row."""
        identity = self.store.config or self.setup.identity  # one for all rows of a folder
        return {
            "config": identity,
            "hash": config_hash(identity),
            "prior": self.request.prior,
            "preset": self.request.preset,
            "prompts": self.settings.prompts,
        }


def check(config: DictConfig, request: Request) -> Assignment:
    """Reads the configuration; loads no network and writes no result.

    Raises: UserError for an invalid value or combination of values.
    """
    body: Any = OmegaConf.to_container(config, resolve=True)
    check_groups(body)
    settings = read_settings(body)
    plugins.allow(settings.plugins)
    choose_device(settings.device)
    wanted = settings.samples()
    mine = part_of(settings.shard, wanted)
    store = Store(settings.folder(request.task, request.method))
    with recorded(store, wanted, request.sweep):
        setup = Setup.build(body, request.method)
        for sample in wanted:
            setup.task.check_prompt(sample.prompt)
    store = Store(store.folder, setup.defaults)
    store.check(setup.identity)
    warn_of_age(store, setup)
    return Assignment(request, settings, setup, wanted, mine, store)


def warn_of_age(store: Store, setup: Setup) -> None:
    """Warns that a folder from before input files were hashed cannot detect a replaced file."""
    if store.config and INPUTS in setup.identity and INPUTS not in store.config:
        log.warning("%s: made before input files were hashed; they are not compared", store.folder)


def prepare(assignment: Assignment) -> list[Sample]:
    """Sets the threads, removes leftovers of killed processes, and finds the missing samples."""
    prepare_threads(assignment.settings.num_threads)
    assignment.store.tidy()
    return [sample for sample in assignment.mine if not assignment.store.done(sample.id)]


def make(assignment: Assignment, todo: Sequence[Sample]) -> dict[str, Exception]:
    """Loads the prior and generates the samples, if any are missing; returns errors by sample."""
    if not todo:
        return {}
    request, settings, store = assignment.request, assignment.settings, assignment.store
    with recorded(store, assignment.wanted, request.sweep):
        job = assemble(assignment.setup, request, settings)
        with opened(store, assignment.setup.identity, assignment.wanted, todo) as journal:
            counts = len(todo), len(assignment.mine)
            log.info("%s/%s: %d of %d samples to do", request.task, request.method, *counts)
            facts, together = assignment.facts, settings.samples_per_batch
            return complete(job, store, journal, todo, facts, together)


def report(assignment: Assignment, todo: Sequence[Sample], failed: Mapping[str, Exception]) -> None:
    """Logs the paths of the pictures.

    Raises: the error of a single failed sample, or a UserError that sums up several samples.
    """
    raise_failures(failed, todo, assignment.store)
    for sample in assignment.mine:
        log.info("%s", assignment.store.image(sample.id))


def assemble(setup: Setup, request: Request, settings: Settings) -> Job:
    """Builds the job; the prior is loaded, or reused from the last job."""
    prior = load_prior(to_json(setup.prior), choose_device(settings.device))
    check_match(prior, setup.task, setup.method, request)
    folder = settings.folder(request.task, request.method) / "previews"
    previews = Previews(folder, settings.previews)
    return Job(prior, setup.task, setup.method, request.task, request.method, previews)


def check_groups(body: Mapping[str, Any]) -> None:
    """Refuses a configuration without one of the groups."""
    for group in GROUPS:
        if not isinstance(body.get(group), dict):
            choices = nearest("", (path.stem for path in (CONF / group).glob("*.yaml")))
            raise UserError(f"{group}={body.get(group, 'null')}: expected one; {choices}")


@lru_cache(maxsize=1)
def load_prior(body: bytes, device: str) -> Prior:
    """Builds the prior of a configuration; the last one is cached, so a sweep loads it once."""
    return schema.build(json.loads(body), "prior", device=device)
