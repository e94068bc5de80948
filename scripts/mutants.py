"""Changes one fact of the code at a time and runs the test that must turn red.

    python scripts/mutants.py                  # all facts of scripts/mutants.yaml
    python scripts/mutants.py syncsde seam     # those whose file or fact holds one of the words

Prints "killed" where the test failed and "SURVIVED" where it did not; the exit code is 1 if any
survived. Nothing is changed in the checkout: each change is made in a temporary copy.

A new method brings its facts along: for every number, sign and index of its paper, one entry in
scripts/mutants.yaml under the file that holds it,

    synclab/methods/NAME.py:
      - fact: what the paper states
        text: the code that holds it, found exactly once in the file
        becomes: the same code with another fact
        test: test_FILE.py::test_that_must_fail

and a test that fails. Where an entry survives, the test is missing, not the entry wrong. It is no
part of `make test`, which only makes sure that every entry still applies (tests/test_mutants.py).
"""

import argparse
import importlib
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_suffix(".yaml")

COPIED = ("synclab", "hydra_plugins", "conf", "tests", "scripts", "prompts", "pyproject.toml")
LINKED = ("synclab/assets", "results/published.yaml")
"""Large, or never changed by an entry."""

SHARED = ("torch", "numpy", "pandas", "yaml", "hydra", "omegaconf", "pydantic", "torchmetrics")
"""Imported once for all runs of tests, which begin as forks of this process."""

PATIENCE = 120  # seconds for one test, after which it counts as not failed


@dataclass(frozen=True)
class Mutant:
    """One changed fact; `test` lies below tests/."""

    file: str
    fact: str
    text: str
    becomes: str
    test: str

    def apply(self, root: Path) -> str:
        """The file's content with the change; its text must be there exactly once."""
        content = (root / self.file).read_text(encoding="utf-8")
        if content.count(self.text) != 1:
            raise ValueError(f"{self.file}: {content.count(self.text)} times {self.text!r}, not 1")
        return content.replace(self.text, self.becomes)


def read_mutants(words: Sequence[str] = ()) -> list[Mutant]:
    """All entries, or those whose file or fact holds one of the words."""
    body = yaml.load(LIST.read_text(encoding="utf-8"), yaml.CSafeLoader)
    mutants = [Mutant(file, **entry) for file, entries in body.items() for entry in entries]
    return [m for m in mutants if not words or any(w in f"{m.file} {m.fact}" for w in words)]


@contextmanager
def copied_checkout() -> Iterator[Path]:
    """A copy of what tests need, without bytecode that could outlive a change."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                left_out = shutil.ignore_patterns("__pycache__", "assets", ".hydra")
                shutil.copytree(ROOT / name, copy / name, ignore=left_out)
            else:
                shutil.copy(ROOT / name, copy / name)
        for name in LINKED:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).symlink_to(ROOT / name)
        yield copy


@contextmanager
def applied(mutant: Mutant, copy: Path) -> Iterator[None]:
    """The change in the copy, taken back at the end."""
    file = copy / mutant.file
    original = file.read_bytes()
    file.write_text(mutant.apply(copy), encoding="utf-8")
    try:
        yield
    finally:
        file.write_bytes(original)


def outcome(copy: Path, tests: Sequence[str]) -> int | None:
    """The exit code of pytest in a process of its own; None if it takes too long."""
    process = multiprocessing.get_context("fork").Process(target=run_tests, args=(copy, tests))
    process.start()
    process.join(PATIENCE * len(tests))
    if process.is_alive():
        process.kill()
        process.join()
        return None
    return process.exitcode


def run_tests(copy: Path, tests: Sequence[str]) -> None:
    """Runs in a fork of this process, which has imported nothing of synclab."""
    os.chdir(copy)
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(copy))
    places = [f"tests/{test}" for test in tests]
    sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *places]))


FAILED = pytest.ExitCode.TESTS_FAILED


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("words", nargs="*", metavar="WORD")
    words = parser.parse_args().words
    mutants = read_mutants(words)
    if not mutants:
        parser.error(f"no file or fact of {LIST.name} holds one of the words {', '.join(words)}")
    for name in SHARED:
        importlib.import_module(name)
    with copied_checkout() as copy:
        tests = sorted({mutant.test for mutant in mutants})
        if outcome(copy, tests) != pytest.ExitCode.OK:
            log.error("a test fails without any change: pytest %s", " ".join(tests))
            return 1
        survivors = [mutant for mutant in mutants if not killed(mutant, copy)]
    log.info("%d killed, %d survived", len(mutants) - len(survivors), len(survivors))
    return int(bool(survivors))


def killed(mutant: Mutant, copy: Path) -> bool:
    """Whether the mutant's test fails, and a line that says so."""
    with applied(mutant, copy):
        failed = outcome(copy, [mutant.test]) == FAILED
    log.info("%-8s %s: %s", "killed" if failed else "SURVIVED", mutant.file, mutant.fact)
    return failed


if __name__ == "__main__":
    sys.exit(main())
