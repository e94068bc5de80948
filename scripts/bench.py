"""Measures what runs and commands cost, each bench in a process of its own.

    python scripts/bench.py method=stochsync,sds task=panorama
    python scripts/bench.py overhead
    python scripts/bench.py metrics
    python scripts/bench.py store 1000 10000
    python scripts/bench.py surfaces

Without the name of a bench: where the time of a run goes (`bench/runs.py`), for the overrides of
`synclab.run`. `overhead`: what a round of StochSync costs outside the networks, beside the authors'
code. `metrics`: FID beside other libraries. `store`: commands on folders of many samples.
`surfaces`: the maps of meshes, spheres and tori.
"""

import os
import sys
from pathlib import Path

from synclab.waiting import wait_briefly

BENCHES = Path(__file__).with_name("bench")


def main() -> None:
    """Replaces this process by the bench that the first argument names."""
    name, *arguments = sys.argv[1:] or [""]
    if name in ("-h", "--help"):
        sys.stdout.write(str(__doc__))
        return
    known = {path.stem for path in BENCHES.glob("*.py")} - {"__init__", "runs"}
    if name not in known:
        name, arguments = "runs", sys.argv[1:]
    wait_briefly()  # as `synclab.run` does; the bench inherits it
    os.execv(sys.executable, [sys.executable, str(BENCHES / f"{name}.py"), *arguments])


if __name__ == "__main__":
    main()
