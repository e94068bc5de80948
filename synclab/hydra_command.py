"""Runs a Hydra command: failures of single jobs in a sweep, interrupts, and exit codes."""

import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from synclab.command import check_words, complain, quiet, use_utf8
from synclab.config.hydra_errors import check_choices, explain, no_choice
from synclab.config.overrides import prepare
from synclab.errors import UserError

INTERRUPTED = 128
"""Exit code of an interrupted command, less the number of the signal."""


class JobError(Exception):
    """A queued job has failed; carries the line to report."""


@dataclass
class Launch:
    """One command: the lines of its failed jobs, and the signals it received."""

    failed: list[str] = field(default_factory=list)
    signals: list[int] = field(default_factory=list)


_launches: list[Launch] = []
"""The running command, if this process runs one: a queue's node does not."""


def run(main: Callable[[], None]) -> int:
    """Runs a Hydra main; errors end in one line each on stderr and a nonzero exit code."""
    use_utf8()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises errors instead of printing them
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.raiseExceptions = False  # no traceback when the log is a closed pipe, as in `| head`
    launch = Launch()
    _launches.append(launch)
    try:
        with listening(launch), quiet():
            return attempt(main, launch)
    except KeyboardInterrupt:
        complain("interrupted; the same command continues with the missing samples")
        return INTERRUPTED + (launch.signals or [signal.SIGINT])[0]
    finally:
        _launches.remove(launch)


def attempt(main: Callable[[], None], launch: Launch) -> int:
    """Runs a main, reports its failures as lines, and returns the exit code."""
    try:
        check_words(sys.argv[1:])
        check_choices(sys.argv[1:])
        sys.argv[1:] = prepare(sys.argv[1:])
        with unmasked(), short_help():
            main()
    except HydraException as error:
        return complain(explain(error))
    except OmegaConfBaseException as error:
        return complain(str(error).split("\n")[0])
    except BrokenPipeError:
        raise
    except OSError as error:
        return complain(
            f"{error.filename}: {error.strerror}; use another folder with results=FOLDER"
        )
    except (UserError, JobError) as error:
        return complain(str(error))
    except ValueError as error:
        return complain(explain_value(error))
    return max((complain(line) for line in launch.failed), default=0)


def explain_value(error: ValueError) -> str:
    """Hydra raises plain ValueErrors for two mistakes of the command line."""
    if "Config group override must be" in str(error):
        return no_choice()
    if "--resolve flag" in str(error):
        return "--resolve: works only together with --cfg job; add that"
    raise error


@contextmanager
def listening(launch: Launch) -> Iterator[None]:
    """Makes SIGINT (Ctrl-C) and SIGTERM (from a queue) end the process and release its claims."""

    def end(number: int, _: object) -> None:
        launch.signals.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def unmasked() -> Iterator[None]:
    """Raises KeyboardInterrupt after a signal, even if a library turned it into another error."""
    try:
        yield
    except Exception as error:
        if any(launch.signals for launch in _launches):
            raise KeyboardInterrupt from error
        raise


@contextmanager
def short_help() -> Iterator[None]:
    """Leaves the files of presets, which no one chooses by name, out of `--help`."""
    if not {"--help", "-h"} & set(sys.argv):
        yield
        return
    text = io.StringIO()
    try:
        with redirect_stdout(text):
            yield
    finally:
        lines = text.getvalue().splitlines(keepends=True)
        sys.stdout.writelines(line for line in lines if not line.startswith("preset/"))


@contextmanager
def job(name: str, sweep: bool) -> Iterator[None]:
    """Isolates a job's failure from the other jobs of its sweep; `run` reports it at the end.

    Raises the failure on a queue's node, where no `run` is waiting.
    """
    try:
        with unmasked():
            yield
    except (UserError, OmegaConfBaseException) as error:
        fail(f"{name}: {error}" if sweep else str(error), error)
    except Exception as error:
        if out_of_memory(error):
            return fail(f"{name}: {TOO_LARGE}", error)
        if not sweep or isinstance(error, BrokenPipeError):
            raise
        traceback.print_exception(error)
        fail(f"{name}: {type(error).__name__}: {error}", error)


NO_MEMORY = (
    "can't allocate memory",
    "out of memory",
    "Unable to allocate",
    "size calculation over",
)
"""What PyTorch on a CPU and on a GPU, numpy, and PyTorch beyond 64 bits say."""

TOO_LARGE = (
    "out of memory; expected a canvas that fits; use smaller sizes or fewer views (task.…, see"
    " synclab run --help), samples_per_batch=1, or a machine with more memory"
)


def out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(part in str(error) for part in NO_MEMORY)


def fail(line: str, error: Exception | None = None) -> None:
    """Stores a line for the end of the command, or raises it on a queue's node."""
    if not _launches:
        raise JobError(line) from error
    _launches[-1].failed.append(line)
