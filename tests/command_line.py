"""`python -m synclab.run ...` inside this process, or as a real one."""

import contextlib
import io
import json
import logging
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
QUICK = ("prior=exact", "method=ddim", "task=image", "method.steps=2", "num_threads=1")
"""A run of milliseconds."""

TIMELY = ("seconds", "peak_memory_mb", "revision")
"""What differs between equal runs; the checkout may change while tests run."""


@dataclass(frozen=True)
class Answer:
    """What a command leaves behind for the shell."""

    code: int
    out: str
    err: str


def run(*arguments: str) -> Answer:
    """The command as the shell would see it, without the seconds of a fresh interpreter."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), fresh(arguments):
        try:
            runpy.run_module("synclab.run", run_name="__main__")
        except SystemExit as stop:
            return Answer(int(stop.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("the command must end with sys.exit")


@contextlib.contextmanager
def fresh(arguments: tuple[str, ...]):
    """A new process's arguments, environment and loggers; this process's own come back after."""
    level = logging.root.level
    with (
        mock.patch.object(sys, "argv", ["synclab.run", *arguments]),
        mock.patch.object(logging.root, "handlers", []),
        mock.patch.dict(os.environ),
    ):
        sys.modules.pop("synclab.run", None)  # it is about to run as __main__
        yield
    logging.root.setLevel(level)


def start(*arguments: str, python: tuple[str, ...] = (), cwd: Path = ROOT) -> subprocess.Popen[str]:
    """The command as a real process that Ctrl-C reaches even where tests run in the background."""
    return subprocess.Popen(
        [sys.executable, *python, "-m", "synclab.run", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finish(process: subprocess.Popen[str]) -> Answer:
    out, err = process.communicate(timeout=120)
    return Answer(process.returncode, out, err)


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["synclab.jobs.session", "synclab.tasks.image", "synclab.priors.exact"]
)


def fork(*arguments: str, prepare: Callable[[], object] = bool) -> BaseProcess:
    """The command as a process of its own that has no imports to wait for."""
    process = FORKS.Process(target=live, args=(arguments, prepare))
    process.start()
    return process


def live(arguments: tuple[str, ...], prepare: Callable[[], object]) -> None:
    prepare()
    sys.exit(run(*arguments).code)


def images(results: Path) -> dict[str, bytes]:
    """All images below a folder by their path there."""
    return {str(p.relative_to(results)): p.read_bytes() for p in sorted(results.rglob("*.png"))}


def rows(results: Path) -> dict[str, dict[str, Any]]:
    """All rows below a folder by their path there, without what is timely."""
    others = ("config.json", "status.json")
    paths = [path for path in sorted(results.rglob("*.json")) if path.name not in others]
    return {str(path.relative_to(results)): timeless(path) for path in paths}


def timeless(path: Path) -> dict[str, Any]:
    row = json.loads(path.read_text())
    return {key: row[key] for key in row if key not in TIMELY}
