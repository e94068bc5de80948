"""The shell's side of a command: arguments in, one clear line and an exit code out."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from synclab.core.text import is_text
from synclab.errors import UserError

CLOSED = 141
"""Exit code where the reader of our output has gone, as in `| head`: 128 and SIGPIPE."""

Body = Callable[[argparse.Namespace], int | None]
"""What a command does with its arguments; returns an exit code, None for 0."""


def parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """A parser whose help is the module's docstring, with its examples as they are written."""
    return argparse.ArgumentParser(
        prog=module, description=description, formatter_class=argparse.RawTextHelpFormatter
    )


def main(arguments: argparse.ArgumentParser, body: Body, words: Sequence[str] | None = None) -> int:
    """Runs a command; what goes wrong ends in a clear line on stderr and an exit code above 0.

    Args:
        words: the arguments, by default those of this process.
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
            return complain(f"{error.filename}: {error.strerror}; make room or rights, try again")


def use_utf8() -> None:
    """Starts this process once more in Python's UTF-8 mode where the locale has another encoding.

    Names of files, arguments and the terminal then are UTF-8 as all our files are.
    """
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode:
        os.environ["PYTHONUTF8"] = "1"  # of our own children
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def check_words(words: Sequence[str]) -> None:
    """Refuses arguments that hold bytes which are no UTF-8 text."""
    for word in words:
        if not is_text(word):
            shown = os.fsencode(word).decode("utf-8", "backslashreplace")
            raise UserError(f"{shown}: not UTF-8 text; expected arguments in UTF-8, type it again")


def complain(text: str) -> int:
    """Writes one line to stderr; returns the exit code of a failure."""
    line = " ".join(text.split())
    sys.stderr.write(f"synclab: {line}\n")
    return 1


class Lines(logging.StreamHandler):
    """Writes a command's answer to stdout; unlike its base, it lets a closed pipe be noticed."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        raise


@contextmanager
def piped() -> Iterator[None]:
    """Logs to stdout; ends the process quietly where its reader has gone."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[Lines()])
    with quiet():
        yield


@contextmanager
def quiet() -> Iterator[None]:
    """Ends the process without a traceback where nobody reads its output any more."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the interpreter flushes once more
        sys.exit(CLOSED)
