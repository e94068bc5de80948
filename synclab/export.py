"""Converts finished samples: OBJ files for other programs, GIF and MP4 videos for people.

    synclab export results/tiny/mesh --obj
    synclab export results/tiny/gaussians/stochsync --gif --pixels 256
    synclab export results/tiny/zoom --mp4

Writes NAME.obj.zip (OBJ, MTL and PNG) beside every NAME.glb, and one turn of the object as NAME.gif
or NAME.mp4 beside every NAME.glb and NAME.ply. Tasks that write GIFs themselves have these turned
into MP4. Existing files are replaced.
"""

import argparse
import logging
import sys
from pathlib import Path

from synclab import command
from synclab.core.atomic import write_atomically
from synclab.core.video import read_gif, to_gif, to_mp4
from synclab.errors import UserError

log = logging.getLogger(__name__)

SURFACES = (".glb", ".ply")

SECONDS = 4.0
"""Duration of one turn."""


def export(arguments: argparse.Namespace) -> None:
    """Converts every sample of the given files and folders."""
    if not (arguments.obj or arguments.gif or arguments.mp4):
        raise UserError("nothing to write; add --obj, --gif or --mp4")
    for name, value, least in (("frames", arguments.frames, 1), ("pixels", arguments.pixels, 16)):
        if value < least:
            raise UserError(f"--{name} {value}: expected at least {least}")
    for path in [path for place in arguments.places for path in sources(place, arguments.mp4)]:
        if arguments.obj and path.suffix == ".glb":
            write(path.with_suffix(".obj.zip"), obj(path))
        if arguments.gif or arguments.mp4:
            export_video(path, arguments)


def export_video(path: Path, arguments: argparse.Namespace) -> None:
    """One turn of a surface, or a GIF, as the videos that are asked for."""
    if path.suffix in SURFACES:
        from synclab.tasks.turntable import turntable

        pictures = list(turntable(path, arguments.frames, arguments.pixels))
        seconds = SECONDS / arguments.frames
    else:
        pictures, seconds = read_gif(path)
    if arguments.gif and path.suffix in SURFACES:
        write(path.with_suffix(".gif"), to_gif(pictures, seconds))
    if arguments.mp4:
        write(path.with_suffix(".mp4"), to_mp4(pictures, seconds))


def sources(place: Path, videos: bool) -> list[Path]:
    """The GLB and PLY files of a folder, with `videos` also GIFs of no such file, or the one file
    that is named.

    Raises: UserError if there are none.
    """
    endings = (*SURFACES, ".gif") if videos else SURFACES
    files = {path for ending in endings for path in place.rglob(f"*{ending}")}
    if place.is_file() and place.suffix in endings:
        files = {place}
    turns = {path.with_suffix(".gif") for path in files if path.suffix in SURFACES}
    if not files:
        raise UserError(
            f"{place}: nothing to convert there; expected a folder or a file of task=mesh (GLB) or"
            f" task=gaussians (PLY){', or a GIF' if videos else ''}"
        )
    return sorted(files - turns)


def obj(path: Path) -> bytes:
    """The ZIP file of a GLB file's mesh as OBJ."""
    from synclab.tasks.mesh_file import read_mesh, read_texture, to_obj

    return to_obj(read_mesh(path), read_texture(path), path.stem)


def write(path: Path, content: bytes) -> None:
    write_atomically(path, content)
    log.info("%s", path)


def main() -> int:
    arguments = command.parser("synclab export", __doc__)
    arguments.add_argument("places", nargs="+", type=Path, metavar="FOLDER|FILE")
    arguments.add_argument("--obj", action="store_true", help="OBJ, MTL and PNG of meshes in a ZIP")
    arguments.add_argument("--gif", action="store_true", help="one turn of meshes and Gaussians")
    arguments.add_argument("--mp4", action="store_true", help="the same, and GIFs, as MP4")
    arguments.add_argument("--frames", type=int, default=48, help="of one turn (48)")
    arguments.add_argument("--pixels", type=int, default=256, help="of a frame's side (256)")
    return command.main(arguments, export)


if __name__ == "__main__":
    sys.exit(main())
