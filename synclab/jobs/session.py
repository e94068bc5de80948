"""One job: builds prior, task and method, and runs the samples that are missing."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from omegaconf import DictConfig, OmegaConf

from synclab.config.compatibility import check_match
from synclab.config.schema import build, check
from synclab.config.settings import GROUPS, Settings, choose_device, part_of, read_settings
from synclab.core.hashing import config_hash, to_json, without_modules
from synclab.errors import UserError, nearest
from synclab.jobs.job import Job, Previews
from synclab.jobs.threads import prepare_threads
from synclab.jobs.worklist import complete, opened, recorded, tell_failures
from synclab.places import CONF
from synclab.priors.checkpoint import Names, fingerprint
from synclab.store.folder import Store

log = logging.getLogger(__name__)

NEUTRAL = ("batch", "compile")  # keys of a prior that change speed, never the picture


def run(
    config: DictConfig, task: str, method: str, prior: str, preset: str, sweep: bool = False
) -> None:
    """Runs every sample that is not done; the names are the choices made for each group.

    In a sweep, what ends a job before its first sample leaves its trace in the folder too.

    Raises: UserError for bad input, and after the last sample if any has failed.
    """
    body: Any = OmegaConf.to_container(config, resolve=True)
    check_groups(body)
    names = {"prior": prior, "task": task, "method": method}
    settings = read_settings(body)
    prepare_threads(settings.num_threads)
    choose_device(settings.device)
    wanted = settings.samples()
    mine = part_of(settings.shard, wanted)
    store = Store(settings.folder(task, method))
    with recorded(store, wanted, sweep):
        parts = Parts.build(body, method)
    store.check(parts.identity)
    store.tidy()
    todo = [sample for sample in mine if not store.done(sample.id)]
    if todo:
        with recorded(store, wanted, sweep):
            job = assemble(parts, body, names, settings, store)
            facts = {**parts.facts, "prior": prior, "preset": preset, "prompts": settings.prompts}
            with opened(store, parts.identity, wanted, todo) as journal:
                log.info("%s/%s: %d of %d samples to do", task, method, len(todo), len(mine))
                failed = complete(job, store, journal, todo, facts, settings.samples_per_batch)
        tell_failures(failed, todo, store)
    for sample in mine:
        log.info("%s", store.image(sample.id))


@dataclass(frozen=True)
class Parts:
    """What is built before any network: task and method, and what tells their pictures apart."""

    task: Any
    method: Any
    identity: dict[str, Any]

    @classmethod
    def build(cls, body: Mapping[str, Any], name: str) -> "Parts":
        """Raises: UserError for values that do not fit, alone or together."""
        task, method = build(body["task"], "task"), build(body["method"], "method")
        task.check(method, name)
        _, prior = check(body["prior"], "prior", given=["device"])
        return cls(task, method, identify(body, prior.get("path")))

    @property
    def facts(self) -> dict[str, Any]:
        """What every row says of the configuration."""
        return {"config": self.identity, "hash": config_hash(self.identity)}


def assemble(
    parts: Parts, body: Mapping[str, Any], names: dict[str, str], settings: Settings, store: Store
) -> Job:
    """The job with its prior, loaded or kept from the last job."""
    prior = load_prior(to_json(body["prior"]), choose_device(settings.device))
    check_match(prior, parts.task, parts.method, names)
    previews = Previews(store.folder / "previews", settings.previews)
    return Job(prior, parts.task, parts.method, names["task"], names["method"], previews)


def check_groups(body: Mapping[str, Any]) -> None:
    """A group that was switched off leaves nothing to run."""
    for group in GROUPS:
        if not isinstance(body.get(group), dict):
            choices = nearest("", (path.stem for path in (CONF / group).glob("*.yaml")))
            raise UserError(f"{group}={body.get(group, 'null')}: expected one; {choices}")


def identify(body: Mapping[str, Any], checkpoint: Names | None) -> dict[str, Any]:
    """What makes a picture: all values of prior, task and method, and the denoiser's weights."""
    groups = {group: dict(body[group]) for group in GROUPS}
    for key in NEUTRAL:
        groups["prior"].pop(key, None)
    if checkpoint is not None:
        groups["prior"]["weights"] = fingerprint(checkpoint)
    return without_modules(groups)


@lru_cache(maxsize=1)
def load_prior(body: bytes, device: str) -> Any:
    """The prior of a configuration; the last one stays, so that a sweep loads it once."""
    return build(json.loads(body), "prior", device=device)
