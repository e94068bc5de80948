"""User studies: which of two methods do people prefer?

synclab study make results/tiny/panorama --methods stochsync,synctweedies --to study
synclab study read study answers/*.json

`make` writes a page that asks; open it as `page/index.html?rater=1`, with a number for each rater.
`read` prints preferences with exact 95 % intervals, of the raters who passed the vigilance items;
below them stand those of the papers' user studies.
"""

import argparse
import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synclab import command
from synclab.comparison.preference import Answer, Preference, agreement, attentive, preferences
from synclab.comparison.published_studies import read_studies, turned_as_published
from synclab.errors import UserError, nearest
from synclab.text_table import table
from synclab.viewers.study import KEY, Plan, make_study

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """The answers of one rater, and the number of vigilance items that were passed."""

    rater: str
    answers: Sequence[Answer]
    passed: int


def make(options: argparse.Namespace) -> None:
    methods = options.methods.split(",")
    plan = Plan(methods, options.each, options.vigilance, options.seed, options.endpoint)
    log.info("%s", make_study(options.task, options.to, plan))


def read(options: argparse.Namespace) -> None:
    """Prints the preferences of the attentive raters."""
    key = read_json(options.study / KEY, "expected a folder of synclab study make")
    replies = [read_reply(path, key) for path in options.answers]
    kept = attentive({own.rater: own.passed for own in replies}, options.passed)
    answers = [answer for own in replies if own.rater in kept for answer in own.answers]
    log.info(
        "%d of %d raters passed at least %d vigilance items",
        len(kept),
        len(replies),
        options.passed,
    )
    if not answers:
        raise UserError(f"--passed {options.passed}: no rater is left; expected a smaller number")
    log_preferences(answers)


def log_preferences(answers: Sequence[Answer]) -> None:
    """A table of ours and of the papers' preferences, and the agreement between raters."""
    studies = read_studies()
    rows = [
        (own.first, own.second, f"{own.n}", f"{own.share:.1%}", interval_of(own))
        for own in turned_as_published(preferences(answers), studies)
    ]
    printed = [(own.first, own.second, "", own.preferred, own.about) for own in studies]
    heads = ("method", "beside", "n", "preferred", "95 % interval or source")
    for line in table(heads, [*rows, *printed]):
        log.info("%s", line)
    kappa = agreement(answers)
    log.info(
        "agreement between raters (Fleiss' kappa): %s", "-" if kappa is None else f"{kappa:.2f}"
    )


def interval_of(own: Preference) -> str:
    return "{:.1%} to {:.1%}".format(*own.interval)


def read_reply(path: Path, key: Mapping[str, Any]) -> Reply:
    """The answers in a file.

    Raises: UserError for a file of another study, or that is none.
    """
    expected = "expected answers that this study's page has saved"
    body = read_json(path, expected)
    if not isinstance(body, dict) or body.get("study") != key["study"]:
        raise UserError(f"{path}: answers of another study; {expected}")
    try:
        answers = list(named(body["rater"], body["answers"], key["items"]))
        watched = [own["chosen"] for own in body["answers"] if own["item"] in key["vigilance"]]
    except (KeyError, TypeError, IndexError) as error:
        raise UserError(f"{path}: without {error}; {expected}") from error
    return Reply(body["rater"], answers, watched.count(0))


def named(
    rater: str, answers: Sequence[Mapping[str, Any]], items: Mapping[str, Sequence[str]]
) -> Iterator[Answer]:
    """The answers to real pairs, with the names of the methods."""
    for own in answers:
        if own["item"] in items:
            chosen, pair = int(own["chosen"]), items[own["item"]]
            yield Answer(rater, own["item"], pair[chosen], pair[1 - chosen])


def read_json(path: Path, expected: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {expected}") from error
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); {expected}") from error


def make_parser() -> argparse.ArgumentParser:
    arguments = command.parser("synclab study make", __doc__)
    arguments.add_argument("task", type=Path, metavar="results/RUN/TASK")
    arguments.add_argument("--methods", required=True, metavar="A,B", help="two or more")
    arguments.add_argument("--to", type=Path, default=Path("study"), metavar="FOLDER")
    arguments.add_argument("--each", type=int, default=20, help="pairs for each rater (20)")
    arguments.add_argument("--vigilance", type=int, default=5, help="vigilance items (5)")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--endpoint", metavar="URL", help="sends answers there")
    return arguments


def read_parser() -> argparse.ArgumentParser:
    arguments = command.parser("synclab study read", __doc__)
    arguments.add_argument("study", type=Path, help="the folder of the study")
    arguments.add_argument("answers", type=Path, nargs="+", metavar="ANSWERS.json")
    arguments.add_argument("--passed", type=int, default=3, help="vigilance items to pass (3)")
    return arguments


ACTIONS = {"make": (make_parser, make), "read": (read_parser, read)}


def main() -> int:
    action = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if action in ("-h", "--help"):
        command.parser("synclab study", __doc__).print_help()
        return 0
    if action not in ACTIONS:
        return command.complain(f"study {action}: no such action; {nearest(action, ACTIONS)}")
    parser, body = ACTIONS[action]
    return command.main(parser(), body, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
