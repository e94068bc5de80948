"""One job: builds prior, task and method, and runs the samples that are missing."""

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from synclab.claims import PAUSE, Claims
from synclab.command import CONF, prepare_threads
from synclab.config import build
from synclab.errors import UserError, nearest
from synclab.job import Job, Previews
from synclab.journal import JOB, Journal, summary
from synclab.matching import check_match
from synclab.priors.checkpoint import fingerprint
from synclab.repro import digest
from synclab.settings import GROUPS, choose_device, part_of, read_settings
from synclab.store import Store, to_json
from synclab.types import Sample

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
    settings = read_settings(body)
    prepare_threads(settings.num_threads)
    device = choose_device(settings.device)
    wanted = settings.samples()
    mine = part_of(settings.shard, wanted)
    store = Store(settings.folder(task, method))
    with recorded(store, wanted, sweep):
        the_task, the_method = build(body["task"], "task"), build(body["method"], "method")
        the_task.check(the_method, method)
        identity = identify(body)
    store.check(identity)
    todo = [sample for sample in mine if not store.done(sample.id)]
    if todo:
        with recorded(store, wanted, sweep):
            the_prior = load_prior(to_json(body["prior"]), device)
            names = {"prior": prior, "task": task, "method": method}
            check_match(the_prior, the_task, the_method, names)
            shown = Previews(store.folder / "previews", settings.previews)
            job = Job(the_prior, the_task, the_method, task, method, shown)
            facts = {
                "config": identity,
                "hash": digest(to_json(identity)),
                "prior": prior,
                "preset": preset,
                "prompts": settings.prompts,
            }
            with opened(store, identity, wanted, todo) as journal:
                log.info("%s/%s: %d of %d samples to do", task, method, len(todo), len(mine))
                failed = complete(job, store, journal, todo, facts, settings.samples_per_batch)
        tell_failures(failed, todo, store)
    for sample in mine:
        log.info("%s", store.image(sample.id))


def check_groups(body: Mapping[str, Any]) -> None:
    """A group that was switched off leaves nothing to run."""
    for group in GROUPS:
        if not isinstance(body.get(group), dict):
            choices = nearest("", (path.stem for path in (CONF / group).glob("*.yaml")))
            raise UserError(f"{group}={body.get(group, 'null')}: expected one; {choices}")


def identify(body: Mapping[str, Any]) -> dict[str, Any]:
    """What makes a picture: all values of prior, task and method, and the denoiser's weights."""
    groups = {group: dict(body[group]) for group in GROUPS}
    for key in NEUTRAL:
        groups["prior"].pop(key, None)
    if "path" in groups["prior"]:
        groups["prior"]["weights"] = fingerprint(groups["prior"]["path"])
    return groups


@lru_cache(maxsize=1)
def load_prior(body: bytes, device: str) -> Any:
    """The prior of a configuration; the last one stays, so that a sweep loads it once."""
    return build(json.loads(body), "prior", device=device)


@contextmanager
def recorded(store: Store, wanted: Sequence[Sample], sweep: bool) -> Iterator[None]:
    """Keeps what ends a job in its folder, where there is one or a sweep needs to know."""
    try:
        yield
    except Exception as error:
        if sweep or store.folder.is_dir():
            with suppress(OSError):
                store.folder.mkdir(parents=True, exist_ok=True)
                with Claims(store.folder) as claims:
                    journal = Journal(store.folder, claims)
                    journal.begin([sample.id for sample in wanted], [])
                    journal.fail(JOB, error)
        raise


@contextmanager
def opened(
    store: Store, identity: Mapping[str, Any], wanted: Sequence[Sample], todo: Sequence[Sample]
) -> Iterator[Journal]:
    """The folder ready for work: claims, status and log."""
    store.open(identity)
    with store.writing(), Claims(store.folder) as claims, logging_redirect_tqdm():
        journal = Journal(store.folder, claims)
        with journal.recording():
            journal.begin([sample.id for sample in wanted], [sample.id for sample in todo])
            yield journal


def complete(
    job: Job,
    store: Store,
    journal: Journal,
    todo: Sequence[Sample],
    facts: Mapping[str, Any],
    together: int,
) -> dict[str, Exception]:
    """Makes what is to do, `together` samples at a time; returns what failed."""
    failed: dict[str, Exception] = {}
    with tqdm(desc=f"{job.task_name}/{job.method_name}", total=len(todo), disable=None) as bar:
        for batch in batches(todo, store, journal.claims, together):
            for sample, picture in zip(batch, job.make_together(batch), strict=True):
                if isinstance(picture, Exception):
                    failed[sample.id] = picture
                    journal.fail(sample.id, picture)
                else:
                    image, row = picture
                    store.write(sample.id, image, {**facts, **row})
                    journal.note(f"{sample.id}: done in {row['seconds']['total']:.1f} s")
                journal.claims.release(sample.id)
                bar.update()
    return failed


def batches(
    todo: Sequence[Sample], store: Store, claims: Claims, size: int
) -> Iterator[list[Sample]]:
    """Samples in our hands and not done, `size` at a time; waits for those in other hands."""
    left = list(todo)
    while left:
        held, batch = [], []
        for sample in left:
            if not claims.take(sample.id):
                held.append(sample)
            elif store.done(sample.id):
                claims.release(sample.id)
            else:
                batch.append(sample)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch
        if held == left:
            time.sleep(PAUSE)
        left = held


def tell_failures(failed: Mapping[str, Exception], todo: Sequence[Sample], store: Store) -> None:
    """Ends a job in which samples have failed; a lone one speaks for itself."""
    if not failed:
        return
    name, error = next(iter(failed.items()))
    if len(todo) == 1:
        raise error
    raise UserError(
        f"{len(failed)} of {len(todo)} samples failed, first {name}: {summary(error)};"
        f" tracebacks in {store.folder / 'status.json'}"
    )
