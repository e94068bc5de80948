"""Replays a recorded run of the authors' code with its noise and compares every state.

    synclab replay GOLDEN.npz --prior FOLDER

Prints the largest and the 99.9 % difference of z and of the clean estimates x0 after every step;
the exit code is 0 exactly when all are within tolerance.
"""

import argparse
import logging
import sys
from pathlib import Path

from synclab import command
from synclab.waiting import wait_briefly

log = logging.getLogger(__name__)


def compare(arguments: argparse.Namespace) -> int:
    """Prints every difference; the exit code is 0 if all are within tolerance."""
    from synclab.replay.compare import replay
    from synclab.replay.recording import Recording

    within = True
    for difference in replay(Recording(arguments.recording), arguments.prior):
        log.info("%s", difference)
        within &= difference.within
    return 0 if within else 1


def main() -> int:
    wait_briefly()
    arguments = command.parser("synclab replay", __doc__)
    arguments.add_argument("recording", type=Path, metavar="GOLDEN.npz")
    arguments.add_argument("--prior", required=True, help="diffusers folder it was recorded with")
    return command.main(arguments, compare)


if __name__ == "__main__":
    sys.exit(main())
