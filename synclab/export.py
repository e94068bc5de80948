"""Converts finished surfaces: OBJ files for other programs, turning GIFs for people.

    synclab export results/tiny/mesh --obj
    synclab export results/tiny/gaussians/stochsync --gif --pixels 256

Writes NAME.obj.zip (OBJ, MTL and PNG) and NAME.gif beside every NAME.glb and NAME.ply. Existing
files are replaced.
"""

import argparse
import logging
import sys
from pathlib import Path

from synclab import command
from synclab.core.atomic import write_atomically
from synclab.errors import UserError

log = logging.getLogger(__name__)

ENDINGS = (".glb", ".ply")


def export(arguments: argparse.Namespace) -> None:
    """Converts every surface of the given files and folders."""
    if not (arguments.obj or arguments.gif):
        raise UserError("nothing to write; add --obj or --gif")
    for name, value, least in (("frames", arguments.frames, 1), ("pixels", arguments.pixels, 16)):
        if value < least:
            raise UserError(f"--{name} {value}: expected at least {least}")
    for path in [path for place in arguments.places for path in surfaces(place)]:
        if arguments.obj and path.suffix == ".glb":
            write(path.with_suffix(".obj.zip"), obj(path))
        if arguments.gif:
            from synclab.tasks.turntable import turntable

            write(path.with_suffix(".gif"), turntable(path, arguments.frames, arguments.pixels))


def surfaces(place: Path) -> list[Path]:
    """The GLB and PLY files of a folder, or the one that is named.

    Raises: UserError if there are none.
    """
    found = sorted(path for ending in ENDINGS for path in place.rglob(f"*{ending}"))
    if place.is_file() and place.suffix in ENDINGS:
        found = [place]
    if not found:
        raise UserError(
            f"{place}: no finished surface there; expected a folder or a file of task=mesh (GLB) or"
            " task=gaussians (PLY)"
        )
    return found


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
    arguments.add_argument("--frames", type=int, default=48, help="of the GIF (48)")
    arguments.add_argument("--pixels", type=int, default=256, help="of a frame's side (256)")
    return command.main(arguments, export)


if __name__ == "__main__":
    sys.exit(main())
