"""One entry for all commands: `synclab COMMAND ...`, also `python -m synclab COMMAND ...`.

Only the chosen command is imported, so that each starts as fast as it can.
"""

import os
import sys
from importlib import import_module

COMMANDS = {
    "run": "generate: one method, one task, a set of prompts, or a sweep with -m",
    "evaluate": "score a task's results by a protocol",
    "tables": "the papers' tables with our numbers beside the published ones",
    "export": "OBJ files, GIF and MP4 videos of finished meshes, Gaussians and zooms",
    "figures": "plots of results, and grids of samples for a paper",
    "report": "a page of results with viewers, plots and tables, and contact sheets",
    "view": "open results, a panorama, a GLB or a PLY in a browser",
    "study": "user studies: a page that asks, and preferences with intervals",
    "status": "progress of all runs",
    "bundle": "scores, rows, hashes and thumbnails in one file for others",
    "verify": "hash all samples again and list damaged files",
    "caption": "prompts for edits of photos: captions by BLIP, with one word exchanged",
    "plan": "cost of a run or a sweep, without loading a model",
    "ingest": "import the outputs of another project",
    "replay": "compare our states with a recorded run of the authors' code",
    "doctor": "what this machine has, and how to install what is missing",
}

USAGE = """\
synclab: a benchmark and reproduction harness for diffusion synchronization

    synclab run method=stochsync task=panorama prompt="a desert at night"
    synclab evaluate results/tiny/panorama
    synclab tables

Commands (synclab COMMAND --help):

{commands}
"""

COMPLETION = ("-sc", "--shell-completion")


def main() -> int:
    """Runs the command that the first argument names with the other arguments."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in COMPLETION:
        return complete()
    if name in ("-h", "--help"):
        sys.stdout.write(usage())
        return 0
    if name not in COMMANDS:
        from synclab.command import complain
        from synclab.errors import nearest

        return complain(f"{name}: no such command; {nearest(name, COMMANDS)}")
    sys.argv[:2] = [f"synclab {name}"]
    module = "synclab.replay.__main__" if name == "replay" else f"synclab.{name}"
    return import_module(module).main()


def usage() -> str:
    lines = [f"    {name:<10}{about}" for name, about in COMMANDS.items()]
    return USAGE.format(commands="\n".join(lines))


def complete() -> int:
    """Completes the keys of `synclab run`; Hydra expects the line without the subcommand."""
    if line := os.environ.get("COMP_LINE"):
        os.environ["COMP_LINE"] = line.replace("synclab run", "synclab", 1)
    return import_module("synclab.run").main()


if __name__ == "__main__":
    sys.exit(main())
