"""Replays a recorded run of the authors' code: their noises in, our states beside theirs.

    python -m synclab.replay GOLDEN.npz --prior FOLDER

Prints the largest and the 99.9 % difference of z and of the clean estimates x0 after every step;
the exit code is 0 exactly when all are within tolerance.
"""

import argparse
import logging
import os
import sys
from pathlib import Path

from synclab.command import complain
from synclab.errors import UserError

log = logging.getLogger(__name__)


def main() -> int:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(prog="synclab.replay", description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--prior", required=True, help="diffusers folder it was recorded with")
    args = parser.parse_args()
    try:
        from synclab.replay.compare import replay
        from synclab.replay.recording import Recording

        differences = []
        for difference in replay(Recording(args.recording), args.prior):
            log.info("%s", difference)
            differences.append(difference)
    except UserError as error:
        return complain(str(error))
    return 0 if all(difference.within for difference in differences) else 1


if __name__ == "__main__":
    sys.exit(main())
