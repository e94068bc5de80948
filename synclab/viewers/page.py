"""Writes a report: a folder with one page that shows all samples, from a disk or a web server."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from synclab.core.atomic import write_atomically
from synclab.errors import UserError
from synclab.places import ASSETS
from synclab.viewers.entries import VIEWERS, Entry, find_entries
from synclab.viewers.media import Media
from synclab.viewers.page_parts import describe_tables, write_plots
from synclab.viewers.samples import by_task

PARTS = ("index.html", "style.css", "page.js", "motion.js", "viewers.js", "viewers.LICENSE")

NAME = "report"
"""The folder of the page, inside the folder of its results."""


def write_page(root: Path) -> Path:
    """Writes the page of all finished samples at or below a folder.

    Raises: UserError if there are none.
    """
    return write_entries(root, find_entries(root))


def write_entries(root: Path, entries: list[Entry]) -> Path:
    """Writes `root`/report/index.html; makes only the thumbnails that are not there yet."""
    folder = root / NAME
    media = Media(folder)
    made = zip(entries, media.thumbnails(entries), media.scripts(entries), strict=True)
    samples = [describe(own, folder, thumbnail, script) for own, thumbnail, script in made]
    tasks = by_task(entries)
    plots, tables = write_plots(tasks, folder), describe_tables(tasks)
    return write_data(folder, title(root), samples, plots=plots, tables=tables)


def write_data(
    folder: Path, name: str, samples: list[dict[str, Any]], **others: list[dict[str, str]]
) -> Path:
    """Writes the page of some samples, each as `describe` gives it.

    Args:
        others: plots and tables, each with its task.
    """
    data = json.dumps({"title": name, "samples": samples, **others}, ensure_ascii=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "data.js", f"const REPORT = {data};\n".encode("ascii"))
    for part in PARTS:
        write_atomically(folder / part, (ASSETS / "page" / part).read_bytes())
    return folder / "index.html"


def title(root: Path) -> str:
    """The last two names of a folder: its run and task, or the results folder and its run."""
    return f"synclab: {' / '.join(root.resolve().parts[-2:])}"


def describe(entry: Entry, folder: Path, thumbnail: str, script: str | None) -> dict[str, Any]:
    """What the page knows of a sample; paths lead from the page."""
    return {
        "task": entry.task,
        "method": entry.method,
        "prompt": entry.picture.prompt,
        "seed": entry.row["seed"],
        "kind": entry.kind,
        "shape": shape_of(folder / thumbnail),
        "seconds": entry.seconds,
        "thumbnail": thumbnail,
        "media": script,
        "picture": link(entry.preview[0], folder),
        "file": link(entry.object[0], folder),
        "files": [link(path, folder) for path in entry.files],
        "command": entry.command,
        "facts": entry.facts,
    }


def shape_of(thumbnail: Path) -> list[int]:
    """Width and height in pixels, from the file's header."""
    with Image.open(thumbnail) as image:
        return list(image.size)


def link(path: Path, folder: Path) -> str:
    return quote(Path(os.path.relpath(path, folder)).as_posix())


def write_single(path: Path, folder: Path) -> Path:
    """Writes a page of one picture, mesh (.glb), cloud of Gaussians (.ply) or motion (.npy).

    Raises: UserError if it is none of these.
    """
    kind, size = kind_of(path)
    script = None if kind == "picture" else Media(folder).wrap(path)
    sample = {
        "task": kind, "method": path.name, "prompt": "", "seed": 0, "kind": kind, "shape": size,
        "seconds": None, "thumbnail": link(path, folder), "media": script,
        "picture": link(path, folder), "file": link(path, folder), "files": [link(path, folder)],
        "command": "", "facts": {},
    }  # fmt: skip
    return write_data(folder, path.name, [sample], plots=[], tables=[])


def kind_of(path: Path) -> tuple[str, tuple[int, int]]:
    """The viewer of a file and the size of its picture; one twice as wide as high is a panorama."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; expected a folder of results or a file to show")
    if viewer := VIEWERS.get(path.suffix.lower().removeprefix(".")):
        return viewer, (1, 1)
    from synclab.core.pictures import read  # takes torch, which a report of results does not need

    width, height = read(path, str(path)).size
    return "panorama" if width == 2 * height else "picture", (width, height)
