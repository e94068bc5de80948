"""Submits the jobs of a sweep to Slurm and leaves; they go on without this terminal.

    python scripts/submit.py method=ddim,stochsync task=panorama prompts=demo shard=1/4,2/4,3/4,4/4
    python -m synclab.status

Takes the keys of `synclab.run -m` and of its launcher, as hydra.launcher.sbatch.time=60.
"""

import subprocess
import sys

QUEUE = ("-m", "hydra/launcher=slurm", "hydra.launcher.wait=false")


def main() -> int:
    return subprocess.call([sys.executable, "-m", "synclab.run", *QUEUE, *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
