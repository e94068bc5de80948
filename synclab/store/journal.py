"""Progress files of a folder: `status.json` and `run.log`."""

import json
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from synclab.core.atomic import owner, write_atomically
from synclab.core.hashing import to_json
from synclab.errors import UserError
from synclab.store.claims import Claims
from synclab.store.folder import LOG, STATUS

FORMAT = "%(asctime)s.%(msecs)03dZ %(owner)s %(levelname)s %(message)s"
JOB = "job"
"""Key of the failure of a whole job, beside those of samples."""


class LogFile(logging.FileHandler):
    """Log lines with time (UTC) and process; failing to write the log does not end the run."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        formatter = logging.Formatter(FORMAT, "%Y-%m-%dT%H:%M:%S", defaults={"owner": owner()})
        formatter.converter = time_in_utc
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, logging's name
        """Silent: the store hits the same full disk and reports it."""


def time_in_utc(seconds: float | None) -> Any:
    return datetime.fromtimestamp(seconds or 0, UTC).timetuple()


class Journal:
    """Requested samples and failures of a folder; several processes may write them in turn."""

    def __init__(self, folder: Path, claims: Claims) -> None:
        self.folder, self.claims = folder, claims
        self.log_file = LogFile(folder / LOG)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Copies log messages to `run.log`."""
        logging.root.addHandler(self.log_file)
        try:
            yield
        finally:
            logging.root.removeHandler(self.log_file)
            self.log_file.close()

    def begin(self, wanted: Sequence[str], todo: Sequence[str]) -> None:
        """Adds to the requested samples, and clears earlier failures of those to be generated."""

        def change(status: dict[str, Any]) -> None:
            status["wanted"] = list(dict.fromkeys([*status.get("wanted", ()), *wanted]))
            failures, again = status.get("failures", {}), {JOB, *todo}
            status["failures"] = {n: f for n, f in failures.items() if n not in again}

        self._update(change)

    def fail(self, name: str, error: Exception) -> None:
        """Records the error of a sample or of the whole job, with its traceback."""
        text = "".join(traceback.format_exception(error))
        entry = {"error": summary(error), "traceback": text, "time": datetime.now(UTC).isoformat()}
        self.note(f"{name}: {entry['error']}\n{text}", logging.ERROR)
        self._update(lambda status: status["failures"].update({name: entry}))

    def note(self, message: str, level: int = logging.INFO) -> None:
        """Writes a line to the log file only; the terminal shows progress bars instead."""
        self.log_file.handle(logging.LogRecord(__name__, level, __file__, 0, message, None, None))

    def _update(self, change: Callable[[dict[str, Any]], object]) -> None:
        with self.claims.holding(STATUS):
            status = read_status(self.folder)
            change(status)
            write_atomically(self.folder / STATUS, to_json(status))


def read_status(folder: Path) -> dict[str, Any]:
    """{"wanted": [ids], "failures": {id: {error, traceback, time}}}; empty before the first run.

    A damaged file is ignored: a run does not depend on it.
    """
    try:
        return json.loads((folder / STATUS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def summary(error: BaseException) -> str:
    """The first line of an error's message, after its type unless it is a UserError."""
    text = " ".join(str(error).split("\n")[0].split())
    return text if isinstance(error, UserError) else f"{type(error).__name__}: {text}"
