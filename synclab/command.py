"""The shell's side of a command: arguments in, one clear line and an exit code out."""

import logging
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from synclab.errors import UserError, nearest
from synclab.places import CONF

INTERRUPTED = 128  # and the number of the signal

_failed: list[str] | None = None
"""A line for each job that failed, while `run` is there to say them."""


_signals: list[int] = []
"""Numbers of the signals that have come since `run` began."""


class JobError(Exception):
    """A job of a queue has failed; its one line."""


def run(main: Callable[[], None]) -> int:
    """Runs a Hydra main; what goes wrong ends in clear lines on stderr and an exit code above 0."""
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come up to us instead of Hydra's own printing
    arguments = [quote_prompt(argument) for argument in sys.argv[1:]]
    # argparse takes no option between keys; -m may stand anywhere.
    sys.argv[1:] = sorted(arguments, key=lambda argument: argument not in ("-m", "--multirun"))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        with listening():
            return attempt(main)
    except KeyboardInterrupt:
        complain("interrupted; the same command goes on with what is missing")
        return INTERRUPTED + (_signals or [signal.SIGINT])[0]


def attempt(main: Callable[[], None]) -> int:
    """The main and its exit code; its failures as lines."""
    try:
        with collecting() as failed, unmasked():
            main()
    except HydraException as error:
        return complain(explain(error))
    except OSError as error:
        return complain(f"{error.filename}: {error.strerror}; choose another with results=FOLDER")
    except (UserError, JobError) as error:
        return complain(str(error))
    except ValueError as error:
        if "Config group override must be" not in str(error):
            raise
        return complain(_no_choice())
    return max((complain(line) for line in failed), default=0)


@contextmanager
def collecting() -> Iterator[list[str]]:
    """A list that takes the failures of all jobs of this process."""
    global _failed
    _failed = []
    try:
        yield _failed
    finally:
        _failed = None


@contextmanager
def listening() -> Iterator[None]:
    """Ctrl-C and SIGTERM, as a queue sends it, end the process alike: claims are given back."""

    def end(number: int, _: object) -> None:
        _signals.append(number)
        raise KeyboardInterrupt

    _signals.clear()
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def unmasked() -> Iterator[None]:
    """An interrupt may surface as any error of the library that it struck."""
    try:
        yield
    except Exception as error:
        if _signals:
            raise KeyboardInterrupt from error
        raise


@contextmanager
def job(name: str, sweep: bool) -> Iterator[None]:
    """A job that fails does not end the others of its sweep; `run` names it at the end.

    In a queue, where no `run` waits, it raises.
    """
    try:
        with unmasked():
            yield
    except (UserError, OmegaConfBaseException) as error:
        fail(f"{name}: {error}" if sweep else str(error), error)
    except Exception as error:
        if not sweep:
            raise
        traceback.print_exception(error)
        fail(f"{name}: {type(error).__name__}: {error}", error)


def fail(line: str, error: Exception | None = None) -> None:
    """Keeps a line for the end, or raises where nobody waits for it."""
    if _failed is None:
        raise JobError(line) from error
    _failed.append(line)


def complain(text: str) -> int:
    line = " ".join(text.split())
    sys.stderr.write(f"synclab: {line}\n")
    return 1


def quote_prompt(argument: str) -> str:
    """prompt=... is one text, whatever commas, quotes, braces or backslashes it holds.

    One pair of quotes around all of it is taken as Hydra's own.
    """
    name, equals, text = argument.partition("=")
    if name != "prompt" or not equals or re.fullmatch(r"""(['"])((?!\1)[^\\])*\1""", text):
        return argument
    plain = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)  # nothing to interpolate
    escaped = re.sub(r'(\\*)"', r"\1\1\\" + '"', plain)
    closed = re.sub(r"(\\+)\Z", r"\1\1", escaped)
    return f'prompt="{closed}"'


def explain(error: HydraException) -> str:
    """Hydra's message as one line that names the key, the value and the nearest choice."""
    if isinstance(error, OverrideParseException):
        return f"{error.override}: expected key=value, with quotes around special letters ({error})"
    text = " ".join(str(part) for part in (error, error.__cause__) if part)
    for pattern, describe in (
        (r"Could not find '(?P<group>[\w/]+)/(?P<name>[^']*)'", _unknown_choice),
        (r"Could not override '(?P<key>[\w./@]+)'", _unknown_key),
    ):
        if match := re.search(pattern, text):
            return describe(**match.groupdict())
    return str(error)


def _unknown_choice(group: str, name: str) -> str:
    choices = [path.stem for path in (CONF / group).glob("*.yaml")]
    return f"{group}={name}: no such choice; {nearest(name, choices)}"


def _no_choice() -> str:
    """Hydra does not say which group got nothing, as in method=null."""
    for argument in sys.argv[1:]:
        group, _, name = argument.partition("=")
        if (CONF / group).is_dir() and name in ("null", "None"):
            return _unknown_choice(group, name)
    return "a group without a choice; expected group=NAME"


def _unknown_key(key: str) -> str:
    parent, _, name = key.rpartition(".")
    return f"{key}: no such key; {nearest(name, known_keys(parent))}"


def known_keys(group: str) -> list[str]:
    """Keys of a group as the command line chose it, or of the whole configuration."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from omegaconf import OmegaConf

    groups = r"(method|task|prior|preset|hydra/launcher)=\w+"
    chosen = [a for a in sys.argv[1:] if re.fullmatch(groups, a)]
    inside = group.startswith("hydra")
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", overrides=chosen, return_hydra_config=inside)
    node = OmegaConf.select(config, group) if group else config
    return [str(key) for key in (node if OmegaConf.is_dict(node) else config)]
