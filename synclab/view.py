"""Opens results in a browser: the newest run, a folder, or a single file.

synclab view
synclab view results/tiny/panorama
synclab view texture.glb
synclab view --serve 8000
"""

import argparse
import logging
import sys
import tempfile
import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from synclab import command
from synclab.errors import UserError
from synclab.store.folder import find_folders
from synclab.viewers.page import NAME, write_page, write_single

log = logging.getLogger(__name__)

RESULTS = Path("results")


def view(arguments: argparse.Namespace) -> None:
    """Writes the page, and opens or serves it."""
    page = write(arguments.path or newest(RESULTS))
    if arguments.serve is not None:
        serve(page, arguments.serve)
    elif webbrowser.open(page.resolve().as_uri()):
        log.info("%s", page)
    else:
        log.info("%s: no browser here; open it elsewhere, or use --serve PORT", page)


def write(path: Path) -> Path:
    """The page of a folder, inside of it, or of a file, in a temporary folder."""
    if path.is_dir():
        return write_page(path)
    return write_single(path, Path(tempfile.mkdtemp(prefix="synclab-")))


def newest(results: Path) -> Path:
    """The run with pictures whose folders changed last; of the embedded benchmark a fresh clone has
    rows only.

    Raises: UserError if there is none.
    """
    folders = [folder for folder in find_folders(results) if any(folder.glob("*.png"))]
    if not folders:
        raise UserError(
            f"{results}: no pictures there, only their rows; run python -m synclab.run first"
        )
    return max(folders, key=lambda folder: folder.stat().st_mtime).parent.parent


def serve(page: Path, port: int) -> None:
    """Serves a page, and the results that it links, until Ctrl-C."""
    root = page.parent.parent if page.parent.name == NAME else page.parent
    handler = partial(SimpleHTTPRequestHandler, directory=str(root))
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise UserError(f"--serve {port}: {error.strerror}; expected a free port") from error
    with server:
        place = page.relative_to(root).as_posix()
        log.info("http://127.0.0.1:%d/%s, until Ctrl-C", server.server_port, place)
        server.serve_forever()


def main() -> int:
    arguments = command.parser("synclab view", __doc__)
    arguments.add_argument("path", nargs="?", type=Path, help="the newest run by default")
    arguments.add_argument("--serve", type=int, metavar="PORT", help="for a machine far away")
    return command.main(arguments, view)


if __name__ == "__main__":
    sys.exit(main())
