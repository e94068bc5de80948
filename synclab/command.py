"""Command-line plumbing: parsers, error lines and exit codes."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from synclab.core.text import is_text
from synclab.errors import UserError

CLOSED = 141
"""Exit code when the reader of our output has closed it, as in `| head`: 128 + SIGPIPE."""

Body = Callable[[argparse.Namespace], int | None]
"""A command as a function of its arguments; returns an exit code, or None for 0."""


def parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """A parser whose help is the module's docstring, with examples formatted as written."""
    return argparse.ArgumentParser(
        prog=module, description=description, formatter_class=argparse.RawTextHelpFormatter
    )


def add_folders(arguments: argparse.ArgumentParser) -> None:
    """Adds the argument `folders`: trees of results, `results` by default."""
    arguments.add_argument(
        "folders", nargs="*", type=Path, default=[Path("results")], metavar="FOLDER",
        help="all results below it; results by default",
    )  # fmt: skip


def main(arguments: argparse.ArgumentParser, body: Body, words: Sequence[str] | None = None) -> int:
    """Runs a command; an error ends in one line on stderr and a nonzero exit code.

    Args:
        words: the arguments; this process's by default.
    """
    use_utf8()
    options = arguments.parse_intermixed_args(words)
    with piped():
        try:
            check_words(sys.argv[1:])
            return body(options) or 0
        except UserError as error:
            return complain(str(error))
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            return complain(describe(error))


def use_utf8() -> None:
    """Restarts this process in Python's UTF-8 mode if the locale has another encoding.

    File names, arguments and the terminal are then UTF-8, as all our files are.
    """
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode:
        os.environ["PYTHONUTF8"] = "1"  # for child processes
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def check_words(words: Sequence[str]) -> None:
    """Refuses arguments that are not UTF-8 text."""
    for word in words:
        if not is_text(word):
            shown = os.fsencode(word).decode("utf-8", "backslashreplace")
            raise UserError(f"{shown}: not UTF-8 text; expected arguments in UTF-8")


def describe(error: OSError) -> str:
    """The line for an error of the file system."""
    return f"{error.filename}: {error.strerror}; free space or change permissions and try again"


def complain(text: str) -> int:
    """Writes one line to stderr and returns the exit code of a failure."""
    line = " ".join(text.split())
    sys.stderr.write(f"synclab: {line}\n")
    return 1


class Lines(logging.StreamHandler):
    """Writes a command's output to stdout and, unlike its base class, raises on a closed pipe."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        raise


@contextmanager
def piped() -> Iterator[None]:
    """Logs to stdout; ends the process quietly when its reader closes it."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[Lines()])
    with quiet():
        yield


@contextmanager
def quiet() -> Iterator[None]:
    """Ends the process without a traceback when nobody reads its output any more."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the interpreter flushes stdout again
        sys.exit(CLOSED)
