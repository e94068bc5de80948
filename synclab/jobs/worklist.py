"""Generates the missing samples of a folder, which other processes may share."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from synclab.core.protocols import Sample
from synclab.errors import UserError
from synclab.jobs.batching import Failed
from synclab.jobs.job import Job
from synclab.store.claims import PAUSE, Claims
from synclab.store.folder import STATUS, Store
from synclab.store.journal import JOB, Journal, summary

log = logging.getLogger(__name__)


@contextmanager
def recorded(store: Store, wanted: Sequence[Sample], sweep: bool) -> Iterator[None]:
    """Records an error that ends a job in its folder, if the folder exists or in a sweep."""
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
    """Prepares the folder for work: claims, status and log."""
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
    """Generates the unfinished samples, `together` at a time; returns errors by sample."""
    failed: dict[str, Exception] = {}
    with tqdm(desc=f"{job.task_name}/{job.method_name}", total=len(todo), disable=None) as bar:
        for batch in batches(todo, store, journal.claims, together):
            for sample, outcome in zip(batch, job.make_together(batch), strict=True):
                if isinstance(outcome, Failed):
                    failed[sample.id] = outcome.error
                    journal.fail(sample.id, outcome.error)
                else:
                    row = {**facts, **outcome.row}
                    store.write(sample.id, outcome.png, row, outcome.artefacts)
                    journal.note(f"{sample.id}: done in {outcome.row['seconds']['total']:.1f} s")
                journal.claims.release(sample.id)
                bar.update()
    return failed


def batches(
    todo: Sequence[Sample], store: Store, claims: Claims, size: int
) -> Iterator[list[Sample]]:
    """Yields batches of unfinished samples that this process has claimed; waits for samples that
    other processes have claimed.
    """
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
        elif held:
            log.info("%d samples are claimed by other processes; waiting for them", len(held))
        left = held


def raise_failures(failed: Mapping[str, Exception], todo: Sequence[Sample], store: Store) -> None:
    """Raises if samples have failed: the error itself if there was only one sample to generate."""
    if not failed:
        return
    name, error = next(iter(failed.items()))
    if len(todo) == 1:
        raise error
    raise UserError(
        f"{len(failed)} of {len(todo)} samples failed, first {name}: {summary(error)};"
        f" tracebacks in {store.folder / STATUS}"
    )
