"""Scores results: extracts features and computes metrics with standard errors over prompts.

    python -m synclab.evaluate results/tiny/panorama [more folders] [eval=embedded]

Each folder contains the methods of one task and gets a file `scores.<protocol>.json`, which the
tables read. The exit code is 0 if all scores of the protocol could be computed, else 1.
"""

import argparse
import logging
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synclab import command
from synclab.config import plugins
from synclab.config.overrides import listed
from synclab.core.atomic import write_atomically
from synclab.core.hashing import sha256, to_json
from synclab.errors import UserError
from synclab.metrics.protocol import Protocol, read_protocol
from synclab.text_table import table
from synclab.waiting import wait_briefly

if TYPE_CHECKING:
    from synclab.metrics.features import Measured
    from synclab.metrics.scoring import Metrics, References
    from synclab.store.pictures import Picture

log = logging.getLogger(__name__)


def evaluate(folder: Path, name: str, device: str = "auto") -> list[str]:
    """Scores a task's folder and writes its score file; returns a line for each failed score."""
    folder = folder.resolve()
    protocol = read_protocol(name, folder.name)
    protocol.check()  # before the slow import of torch
    from synclab.config.settings import choose_device

    scores = judge(folder, protocol, protocol.extractors(choose_device(device)))
    path = folder / f"scores.{protocol.name}.json"
    write_atomically(path, to_json(scores))
    show(scores)
    log.info("%s", path)
    return list(failures(path, scores))


def show(scores: Mapping[str, Any]) -> None:
    """Prints all scores, in tables as wide as the terminal."""
    from synclab.metrics.summary import tables

    for head, *rows in tables(scores, shutil.get_terminal_size((120, 24)).columns):
        log.info("%s\n", "\n".join(table(head, rows)))


def judge(folder: Path, protocol: Protocol, extractors: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a folder's score file."""
    from synclab.jobs.threads import prepare_threads
    from synclab.metrics.scoring import differences, of_views, score, to_plain

    prepare_threads(None)
    columns, groups = protocol.columns(), protocol.groups
    methods = measure_methods(folder, protocol, extractors)
    reference, held_out = measure_reference(folder, protocol, extractors, methods)
    panoramas, truth = measure_truth(folder, protocol, extractors, methods)
    references = {"reference": reference, "truth": panoramas}
    made = {name: score(columns, own, references, groups) for name, own in methods.items()}
    return {
        "protocol": describe_protocol(protocol, extractors),
        "reference": describe_reference(protocol.reference(), reference),
        "noise_floor": bound(of_views(columns), held_out, references, groups),
        "truth": bound(columns, truth, references, groups),
        "methods": {
            name: describe(own) | {"scores": to_plain(made[name], columns)}
            for name, own in methods.items()
        },
        "paired": differences(methods, made),
    }


def bound(
    columns: "Metrics", own: "Measured", references: "References", groups: int | None
) -> dict[str, Any] | None:
    """Scores of a held-out set of true or plain pictures; None without pictures or columns."""
    from synclab.metrics.scoring import score, to_plain

    if not columns or not own.pictures:
        return None
    found = score(columns, own, references, groups)
    return {"n": own.view_count, "scores": to_plain(found, columns)}


def measure_methods(
    folder: Path, protocol: Protocol, extractors: Mapping[str, Any]
) -> dict[str, "Measured"]:
    """Features of every method's views, of as many seeds of each prompt as the protocol asks."""
    from synclab.metrics.features import measure
    from synclab.metrics.seeds import equal
    from synclab.store.folder import method_folders
    from synclab.store.pictures import read_pictures

    pictures = {place.name: read_pictures(place) for place in method_folders(folder)}
    if not any(pictures.values()):
        raise UserError(
            f"{folder}: no finished sample there; expected the folder of a task with its methods,"
            " such as results/tiny/panorama; run python -m synclab.run first"
        )
    chosen = {name: equal(own, protocol.seeds) for name, own in pictures.items()}
    if not any(chosen.values()):
        raise UserError(
            f"{folder}: no prompt has {protocol.seeds} seeds, which eval={protocol.name} scores of"
            f" each; run its methods with seed=range({protocol.seeds})"
        )
    views = protocol.views()
    return {name: measure(own, views, extractors, name) for name, own in chosen.items()}


def measure_reference(
    folder: Path,
    protocol: Protocol,
    extractors: Mapping[str, Any],
    methods: Mapping[str, "Measured"],
) -> tuple["Measured", "Measured"]:
    """Features of the reference and of its held-out half, for all prompts of the methods."""
    from synclab.metrics.features import measure
    from synclab.metrics.reference import choose_for
    from synclab.metrics.scoring import of_views

    chosen = choose_for(of_all(methods), protocol.reference(), folder.parents[1])
    used = protocol.sources(of_views(protocol.columns()))
    views = protocol.views().of_reference()
    parts = {"reference": chosen.pictures, "held out": chosen.held_out}
    reference, held_out = (
        measure(own, views, {n: extractors[n] for n in used}, what) for what, own in parts.items()
    )
    return reference, held_out


def measure_truth(
    folder: Path,
    protocol: Protocol,
    extractors: Mapping[str, Any],
    methods: Mapping[str, "Measured"],
) -> tuple["Measured", "Measured"]:
    """Features of true pictures of the task, and of as many others; empty if there are none."""
    from synclab.metrics.features import measure
    from synclab.metrics.reference import choose_for

    source = protocol.truth()
    try:
        chosen = source and choose_for(of_all(methods), source, folder.parents[1])
    except UserError as error:
        log.warning("no truth: %s", error)
        chosen = None
    parts = (chosen.pictures, chosen.held_out) if chosen else ([], [])
    first, second = (measure(own, protocol.views(), extractors, "truth") for own in parts)
    return first, second


def of_all(methods: Mapping[str, "Measured"]) -> list["Picture"]:
    """The scored pictures of all methods."""
    return [picture for own in methods.values() for picture in own.pictures]


def describe_protocol(protocol: Protocol, extractors: Mapping[str, Any]) -> dict[str, Any]:
    """The whole protocol, and the identities of the networks that it used."""
    identities = {name: extractor.identity for name, extractor in extractors.items()}
    facts = {"name": protocol.name, "task": protocol.task, "hash": protocol.hash}
    return {**protocol.body, **facts, "identities": identities}


def describe_reference(source: Any, reference: "Measured") -> dict[str, Any]:
    """Source and hash of the reference pictures."""
    from synclab.metrics.runtime import common

    hashes = sorted(picture.row["sha256"] for picture in reference.pictures)
    return {
        "kind": source.kind,
        "path": source.path,
        "n": len(hashes),
        "prior": common([picture.row.get("prior") for picture in reference.pictures]),
        "hash": sha256("".join(hashes).encode()),
    }


def describe(measured: "Measured") -> dict[str, Any]:
    """Provenance and cost of the scored pictures."""
    from synclab.metrics.runtime import cost, provenance

    return {"n": measured.view_count, **provenance(measured.pictures), **cost(measured.pictures)}


def failures(path: Path, scores: Mapping[str, Any]) -> Iterator[str]:
    """A line for each reason why scores could not be computed."""
    for method, found in scores["methods"].items():
        reasons: dict[str, list[str]] = {}
        for column, entry in found["scores"].items():
            if entry["value"] is None:
                reasons.setdefault(entry["reason"], []).append(column)
        for reason, columns in reasons.items():
            yield f"{path}: {method}: no {', '.join(columns)}: {reason}"


def evaluate_all(arguments: argparse.Namespace) -> int:
    """Scores every folder; an error in one does not stop the others."""
    plugins.allow(listed(arguments.plugins))
    return max(attempt(folder, arguments.eval, arguments.device) for folder in arguments.folders)


def attempt(folder: Path, name: str, device: str) -> int:
    """The exit code of one folder."""
    try:
        failed = evaluate(folder, name, device)
    except UserError as error:
        failed = [str(error)]
    except OSError as error:
        failed = [command.describe(error)]
    return max(map(command.complain, failed), default=0)


def main() -> int:
    wait_briefly()
    arguments = command.parser("synclab evaluate", __doc__)
    arguments.add_argument("folders", nargs="+", type=Path, metavar="results/RUN/TASK")
    arguments.add_argument("--eval", default="embedded", help="of conf/eval, also eval=NAME")
    arguments.add_argument("--plugins", default="", help="packages of yours, also plugins=[NAME]")
    arguments.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    words = [re.sub("^(eval|device|plugins)=", r"--\1=", word) for word in sys.argv[1:]]
    return command.main(arguments, evaluate_all, words)


if __name__ == "__main__":
    sys.exit(main())
